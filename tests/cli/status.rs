//! `haltline status`: words, JSON, and since when nobody watches.

use crate::bench::{ANDROID, Bench, HEALTHY, IOS, World};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ever_watched() {
    let bench = Bench::new(HEALTHY).await;
    let run = bench.run(&["status"]).await.ends_with(15);
    run.tells(&["nobody is watching, and nobody ever has", ANDROID, IOS]);
    assert!(!bench.state().exists(), "looking makes no journal");
    bench
        .run(&["audit"])
        .await
        .ends_with(0)
        .tells(&["no journal"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_since_when_nobody_watches() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    let run = bench.run(&["status"]).await.ends_with(0);
    assert!(run.out.starts_with("NOBODY IS WATCHING since 20"), "{run}");
    assert_eq!(run.err, "");
    let run = bench.run(&["status", "--json"]).await.ends_with(0);
    let shown = run.document("haltline/snapshot/v1");
    assert_eq!(shown["watcher"]["state"], "nobody-since");
    assert!(shown["watcher"]["since"].is_string());
    assert_eq!(shown["apps"].as_array().unwrap().len(), 2);
    let one = bench.run(&["status", IOS, "--json"]).await.ends_with(0);
    let one = one.document("haltline/snapshot/v1");
    assert_eq!(one["apps"][0]["id"], IOS);
    assert_eq!(one["apps"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_watcher_it_says_that_one_runs() {
    let bench = Bench::new(HEALTHY).await;
    let watch = bench.watching().await;
    let run = bench.run(&["status", "--json"]).await.ends_with(0);
    let shown = run.document("haltline/snapshot/v1");
    assert_eq!(shown["watcher"]["state"], "acting");
    let mut stream = bench.start(&["status", "--watch", "--json"]);
    stream
        .until("a first picture", |out| out.contains("\"acting\""))
        .await;
    watch.stop().await.ends_with(0);
    stream
        .until("the end of the watch", |out| out.contains("nobody-since"))
        .await;
    let run = stream.stop().await.ends_with(0);
    assert!(run.json("haltline/snapshot/v1").len() >= 2);
}

/// A crash title may hold what takes a terminal over.
#[tokio::test(flavor = "multi_thread")]
async fn titles_with_escape_sequences_come_out_harmless() {
    let bench = Bench::new(World {
        android: "3%",
        ios: "3%",
        title: "boom \u{1b}]0;owned\u{7}\u{1b}[31m \u{202e}reversed\u{9b}2J\u{0} end",
    })
    .await;
    let logs = bench.run(&["watch", "--once", "--json"]).await;
    for run in [
        logs,
        bench.run(&["watch", "--once"]).await,
        bench.run(&["status"]).await,
        bench.run(&["status", "--json"]).await.tells(&["boom "]),
        bench.run(&["audit"]).await,
        bench.run(&["audit", "--json"]).await,
    ] {
        let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(
            !run.out.contains(harmful) && !run.err.contains(harmful),
            "{run:?}"
        );
        run.tells_not(&["\\u001b", "\\u009b", "\\u202e"]);
    }
}
