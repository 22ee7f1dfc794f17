//! `haltline audit`, `--verify`, and a journal that somebody touched.

use std::fs;

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY, IOS};

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_told_in_words_and_as_json() {
    let bench = Bench::new(BREACHING).await;
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    let words = bench.run(&["audit"]).await.ends_with(0);
    assert_eq!(words.err, "");
    let words = words.tells(&[
        "crash-free-limit",
        "halt",
        "HALT requested",
        "CONFIRMED by the store",
    ]);
    assert!(!words.out.contains('{'), "words are no JSON: {words}");
    let json = bench.run(&["audit", "--json"]).await.ends_with(0);
    let records = json.json("haltline/audit/v1");
    assert_eq!(records.len(), words.out.lines().count());
    assert!(
        records
            .iter()
            .all(|r| r["hash"].is_string() && r["term"].is_u64())
    );
    let one = bench.run(&["audit", IOS, "--json"]).await;
    for record in one.json("haltline/audit/v1") {
        assert!(record["app"].is_null() || record["app"] == IOS, "{record}");
    }
    let verify = bench
        .run(&["audit", "--verify", "--json"])
        .await
        .ends_with(0);
    let told = verify.document("haltline/audit-verify/v1");
    assert_eq!(told["intact"], true);
    assert_eq!(told["records"], records.len());
    bench
        .run(&["audit", "--verify"])
        .await
        .ends_with(0)
        .tells(&["intact"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_is_found() {
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&["hold", ANDROID, "--reason", "the honest reason"])
        .await
        .ends_with(0);
    let path = bench.database();
    let mut bytes = fs::read(&path).unwrap();
    let needle = b"the honest reason";
    let places: Vec<usize> = (0..bytes.len() - needle.len())
        .filter(|at| bytes[*at..].starts_with(needle))
        .collect();
    assert!(
        !places.is_empty(),
        "it stands in the database itself after a clean end"
    );
    for at in places {
        bytes[at + 4] = b'H';
    }
    fs::write(&path, bytes).unwrap();
    let run = bench.run(&["audit", "--verify"]).await.ends_with(1);
    run.tells(&["haltline: "]);
    let run = bench
        .run(&["audit", "--verify", "--json"])
        .await
        .ends_with(1);
    let told = run.document("haltline/audit-verify/v1");
    assert_eq!(told["intact"], false);
    assert!(told["error"].as_str().unwrap().len() > 20, "{told}");
    // It watches and tells, but does not trust itself to act.
    bench
        .run(&["watch", "--once"])
        .await
        .tells(&["shop-android: "]);
    bench
        .run(&["journal", "accept", "--reason", "x"])
        .await
        .ends_with(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_journal_has_nothing_to_accept() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    bench
        .run(&["journal", "accept", "--reason", "x"])
        .await
        .ends_with(0)
        .tells(&["nothing to accept"]);
}
