//! Two watchers on one state folder: one acts, the other follows and takes over.

use rustix::process::Signal;

use crate::bench::{BREACHING, Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_follows_and_takes_over_when_the_first_is_killed() {
    let bench = Bench::new(HEALTHY).await;
    let first = bench.watching().await;
    let mut second = bench.start(&["watch", "--json"]);
    second.until_log("following").await;
    bench
        .run(&["watch", "--once"])
        .await
        .ends_with(0)
        .tells(&["a watcher runs already"]);
    first.signal(Signal::KILL);
    second.until_log("taking over").await;
    second
        .until("a term of its own", |out| out.contains("\"term\":2"))
        .await;
    second.stop().await.ends_with(0);
    bench.run(&["audit", "--verify"]).await.ends_with(0);
}

/// Both see the breach; one writes.
#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_halt_once() {
    let bench = Bench::new(BREACHING).await;
    let mut one = bench.start(&["watch", "--json"]);
    let mut two = bench.start(&["watch", "--json"]);
    let halted = |out: &str| out.contains("desire-confirmed");
    one.until("the halt", halted).await;
    two.until("the halt", halted).await;
    let (one, two) = (one.stop().await, two.stop().await);
    assert_eq!(bench.writes(), ["halted"], "{one}{two}");
    one.ends_with(0);
    two.ends_with(0);
}
