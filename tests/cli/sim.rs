//! `haltline sim` and `haltline demo --headless`.

use haltline::simulator::Scenario;
use serde_json::Value;

use crate::bench::{Bench, HEALTHY};

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_one_line_serves_its_config_and_ends_when_asked() {
    let bench = Bench::new(HEALTHY).await;
    let mut sim = bench.start(&["sim", "--scenario", "healthy", "--seed", "7"]);
    sim.until("its line", |out| out.ends_with('\n')).await;
    let told: Value = serde_json::from_str(&sim.stdout()).unwrap();
    assert_eq!(told["schema"], "haltline/sim/v1");
    for vendor in ["google_play", "app_store", "sentry", "control"] {
        let url = told[vendor].as_str().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{told}");
    }
    let config = told["config"].as_str().unwrap();
    bench
        .run(&["--config", config, "watch", "--once"])
        .await
        .ends_with(0);
    sim.stop().await.ends_with(0).document("haltline/sim/v1");
    assert!(!std::path::Path::new(config).exists(), "it cleans up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulator_ahead_of_the_wall_tells_its_time() {
    let bench = Bench::new(HEALTHY).await;
    let mut sim = bench.start(&["sim", "--scenario", "healthy", "--speed", "600"]);
    sim.until("its line", |out| out.ends_with('\n')).await;
    let told: Value = serde_json::from_str(&sim.stdout()).unwrap();
    let config = told["config"].as_str().unwrap();
    bench
        .run(&["--config", config, "watch", "--once"])
        .await
        .ends_with(0);
    sim.stop().await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_is_two() {
    let bench = Bench::new(HEALTHY).await;
    bench
        .run(&["sim", "--scenario", "nope"])
        .await
        .ends_with(2)
        .tells(&Scenario::names());
    bench
        .run(&["sim", "--scenario", "healthy", "--listen", "0.0.0.0:0"])
        .await
        .ends_with(2)
        .tells(&["loopback"]);
    bench
        .run(&["demo", "--headless", "--scenario", "nope"])
        .await
        .ends_with(2)
        .tells(&["demo"]);
}
