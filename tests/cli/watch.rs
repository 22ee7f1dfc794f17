//! `haltline watch`: one cycle and the daemon.

use crate::bench::{ANDROID, BREACHING, Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_world_is_zero() {
    let bench = Bench::new(HEALTHY).await;
    let run = bench.run(&["watch", "--once"]).await;
    eprintln!("{run}");
    let run = bench.run(&["status"]).await;
    eprintln!("{run}");
    let run = bench.run(&["audit"]).await;
    eprintln!("{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaching_world_is_halted_once_two_fresh_polls_say_so() {
    let bench = Bench::new(BREACHING).await;
    for _ in 0..3 {
        let run = bench.run(&["watch", "--once"]).await;
        eprintln!("{run}");
    }
    let run = bench.run(&["status", ANDROID]).await;
    eprintln!("{run}");
    let run = bench.run(&["status", "--json"]).await;
    eprintln!("{run}");
}
