//! `haltline summary`: the incident for a tracker and for a chat, from the journal alone.

use crate::bench::{ANDROID, BREACHING, Bench};

/// Who runs the tests as root is root, whatever USER says.
fn me() -> &'static str {
    if rustix::process::getuid().is_root() {
        "root"
    } else {
        "ada"
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_told_from_the_journal() {
    let bench = Bench::new(BREACHING).await;
    bench.run(&["watch", "--once"]).await;
    bench.run(&["watch", "--once"]).await.ends_with(10);
    let run = bench.run(&["summary", ANDROID]).await.ends_with(0);
    assert_eq!(run.err, "");
    assert!(
        run.out.starts_with("# HALTED: Shop Android 8.43.0"),
        "{run}"
    );
    let run = run.tells(&[
        "NOBODY IS WATCHING since",
        "Rule crash-free-limit fired at",
        "halt confirmed by the store at",
        "## Numbers",
        "## What happened",
        "## What cannot be undone",
        "## The way out",
        &format!("for {} on", me()),
        "haltline audit shop-android --json",
    ]);
    assert!(!run.out.contains('@'), "{run}");
    let short = bench
        .run(&["summary", ANDROID, "--short"])
        .await
        .ends_with(0);
    assert!(
        short.out.starts_with("HALTED: Shop Android 8.43.0"),
        "{short}"
    );
    assert!(short.out.lines().count() < 12, "{short}");
    bench
        .run(&["summary", "nobody"])
        .await
        .ends_with(2)
        .tells(&["there is no app nobody"]);
}
