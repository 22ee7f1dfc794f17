//! The verbs through a watcher that runs: taken within its second, proven by read-back.

use crate::bench::{ANDROID, Bench, HEALTHY, IOS};

#[tokio::test(flavor = "multi_thread")]
async fn the_running_watcher_takes_every_verb() {
    let bench = Bench::new(HEALTHY).await;
    let watch = bench.watching().await;
    let halt = bench
        .run(&["halt", ANDROID, "--reason", "it crashes", "--json"])
        .await
        .ends_with(0);
    let told = halt.document("haltline/act/v1");
    assert_eq!(told["result"], "confirmed");
    bench
        .run(&["status", ANDROID])
        .await
        .ends_with(10)
        .tells(&["a watcher is running", "halted at 5%"]);
    bench
        .run(&["halt", ANDROID, "--reason", "again"])
        .await
        .ends_with(0);
    bench
        .run(&["resume", ANDROID, "--reason", "it does not", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&["advance", ANDROID, "--reason", "x", "--to", "25%", "--yes"])
        .await
        .ends_with(0);
    bench
        .run(&["hold", IOS, "--reason", "x"])
        .await
        .ends_with(0);
    bench
        .run(&["advance", ANDROID, "--reason", "x", "--to", "10%", "--yes"])
        .await
        .ends_with(13)
        .tells(&["cannot be lowered"]);
    bench
        .run(&["halt", ANDROID, "--reason", "x", "--expect", "1"])
        .await
        .ends_with(13)
        .tells(&["revision"]);
    let run = watch.stop().await.ends_with(0);
    run.json("haltline/event/v1");
    assert_eq!(
        bench.writes(),
        ["halted", "inProgress 5%", "inProgress 25%"]
    );
    bench.run(&["audit", "--verify"]).await.ends_with(0);
    bench
        .run(&["status"])
        .await
        .tells(&["NOBODY IS WATCHING since"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_stands_still_is_told_from_one_that_acts() {
    let bench = Bench::new(HEALTHY).await;
    let watch = bench.watching().await;
    watch.signal(rustix::process::Signal::STOP);
    let mut verb = bench.start(&["pause", ANDROID, "--reason", "x"]);
    // It waits for an answer; the watcher wakes up and gives it.
    verb.until_log("").await;
    watch.signal(rustix::process::Signal::CONT);
    verb.end().await.ends_with(0);
    watch.stop().await.ends_with(0);
}
