//! `haltline note`: where no watcher runs it is written down by itself, and nothing is asked of the store.

use crate::bench::{ANDROID, Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_written_down_and_changes_nothing() {
    let bench = Bench::new(HEALTHY).await;
    let text = "Cart looks slow in Spain";
    let run = bench.run(&["note", ANDROID, text]).await.ends_with(0);
    assert_eq!(run.out, "");
    run.tells(&["shop-android: noted"]);
    let run = bench.run(&["note", ANDROID, "and again", "--json"]).await;
    let told = run.ends_with(0).document("haltline/act/v1");
    assert_eq!(
        (&told["verb"], &told["result"]),
        (&"note".into(), &"done".into())
    );
    bench
        .run(&["audit", ANDROID])
        .await
        .tells(&[text, "and again"]);
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_has_words_a_length_and_an_app() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["note", ANDROID, " "]).await.ends_with(2);
    bench.run(&["note", ANDROID]).await.ends_with(2);
    let unknown = bench.run(&["note", "nobody", "a look"]).await.ends_with(2);
    unknown.tells(&["there is no app nobody"]);
    assert!(!bench.state().join("journal.db").exists());

    let (long, right) = ("x".repeat(501), "x".repeat(500));
    let refused = bench.run(&["note", ANDROID, &long]).await.ends_with(13);
    refused.tells(&["500"]);
    bench.run(&["note", ANDROID, &right]).await.ends_with(0);
    assert!(bench.writes().is_empty());
}
