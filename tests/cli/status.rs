//! `haltline status`: words, JSON, and since when nobody watches.

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY, IOS, World};

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

/// One line a change beside a watcher that comes, acts and goes; whoever stops reading ends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_lines_tells_what_changes_and_nothing_twice() {
    let bench = Bench::new(BREACHING).await;
    let mut stream = bench.start(&["status", ANDROID, "--watch"]);
    stream
        .until("the state as it is", |out| out.contains("nobody ever has"))
        .await;
    let watch = bench.start(&["watch"]);
    stream
        .until("the whole story", |out| out.contains("HALTED, was "))
        .await;
    watch.stop().await.ends_with(0);
    stream
        .until("the end of the watch", |out| {
            out.contains("NOBODY IS WATCHING since")
        })
        .await;
    let run = stream.stop().await.ends_with(10);
    assert_eq!(run.err, "");
    let run = run
        .tells(&[
            "haltline: a watcher is running again",
            "rule crash-free-limit fired (halt)",
            "HALT CONFIRMED by the store",
        ])
        .tells_not(&[IOS, "→", "\u{1b}"]);
    let changes: Vec<&str> = run
        .out
        .lines()
        .filter(|line| line.get(8..9) == Some("Z"))
        .collect();
    for (n, line) in changes.iter().enumerate() {
        assert!(!changes[..n].contains(line), "{line} twice in {run}");
        assert!(line.chars().count() <= 200, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_nobody_reads_ends_quietly() {
    use std::io::BufRead as _;
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    for args in [&["status", "--watch"][..], &["status", "--watch", "--json"]] {
        let mut child = bench.command(args).spawn().unwrap();
        let mut first = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut first).unwrap();
        assert!(!first.is_empty());
        drop(out);
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let ended = tokio::time::timeout(std::time::Duration::from_secs(30), ended).await;
        let ended = ended.expect("it ends though nothing changes").unwrap();
        assert_eq!(
            (ended.status.code(), ended.stderr.as_slice()),
            (Some(0), &b""[..])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_is_said_as_often_as_asked() {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    let mut stream = bench.start(&["status", "--watch", "--every", "1s"]);
    stream
        .until("a heartbeat", |out| {
            out.contains("shop-ios: still UNKNOWN, day 3 of 7, 5%")
        })
        .await;
    let run = stream.stop().await.ends_with(0);
    run.tells(&["; NOBODY IS WATCHING"]);
    bench.run(&["status", "--every", "1m"]).await.ends_with(2);
}
