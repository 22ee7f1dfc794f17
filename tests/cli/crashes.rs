//! `haltline crashes`: the list from the journal, and more of one crash from the vendor that tells of it.

use crate::bench::{ANDROID, BREACHING, Bench};

#[tokio::test(flavor = "multi_thread")]
async fn crashes_are_listed_and_one_is_looked_at() {
    let bench = Bench::new(BREACHING).await;
    let none = bench.run(&["crashes", ANDROID]).await.ends_with(0);
    none.tells(&["no crash of"]);
    bench.run(&["watch", "--once"]).await;

    let run = bench.run(&["crashes", ANDROID]).await.ends_with(0);
    run.tells(&["  1  ", "users", "[sentry]"]);
    let told = bench
        .run(&["crashes", ANDROID, "--json"])
        .await
        .ends_with(0);
    let told = told.document("haltline/crashes/v1");
    let first = &told["crashes"][0];
    assert_eq!(told["app"], ANDROID);
    assert_eq!(first["told_by"][0]["source"], "sentry");

    let title = first["title"].as_str().unwrap();
    let run = bench.run(&["crashes", ANDROID, "1"]).await.ends_with(0);
    run.tells(&[title, "sentry: ", "    at "]);
    let one = bench
        .run(&["crashes", ANDROID, "1", "--json"])
        .await
        .ends_with(0);
    let one = one.document("haltline/crash/v1");
    assert_eq!(one["source"], "sentry");
    assert!(!one["detail"]["stack"].as_array().unwrap().is_empty());

    let many = bench.run(&["crashes", ANDROID, "99"]).await.ends_with(2);
    many.tells(&["has no crash 99"]);
    bench.run(&["crashes", "nope"]).await.ends_with(2);
}
