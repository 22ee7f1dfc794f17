//! A rollout that haltline has just stopped, and its metrics over HTTP.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use haltline::api::Snapshot;
use haltline::api::metrics::{self, Counts, Metrics};
use haltline::http::{Call, Client, Limits, Tally};

const BINARY: &str = env!("CARGO_BIN_EXE_haltline");

pub(crate) struct Watched {
    /// Host and port.
    pub(crate) address: String,
    metrics: Metrics,
    picture: Arc<Snapshot>,
}

struct Sim(Child);

impl Drop for Sim {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Watched {
    /// Watches for one cycle, as cron would have it, and serves the picture that was kept.
    pub(crate) async fn start() -> Self {
        let picture = Arc::new(picture());
        let (counts, tally) = (Counts::default(), Tally::default());
        for record in &picture.events {
            counts.count(record);
        }
        let metrics = Metrics::new(counts, tally.registry());
        let (told, shown) = (metrics.clone(), Arc::clone(&picture));
        let answer =
            move || async move { ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], told.text(&shown)) };
        let router = Router::new().route("/metrics", get(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        // One request that is counted, as if to a store.
        let client = Client::new(Limits::default()).unwrap();
        let url = format!("http://{address}/metrics").parse().unwrap();
        let counted = client.counted(tally.store("google-play"));
        assert!(counted.send(Call::get(url)).await.unwrap().is_success());
        Self {
            address,
            metrics,
            picture,
        }
    }

    pub(crate) fn text(&self) -> String {
        self.metrics.text(&self.picture)
    }
}

/// What a watcher kept of a version that crashes far too often.
fn picture() -> Snapshot {
    let dir = tempfile::tempdir().unwrap();
    let scenario = dir.path().join("bad.toml");
    std::fs::write(&scenario, SCENARIO).unwrap();
    let child = Command::new(BINARY)
        .args(["sim", "--seed", "1", "--scenario"])
        .arg(&scenario)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut sim = Sim(child);
    let mut line = String::new();
    let stdout = sim.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let config = PathBuf::from(told["config"].as_str().unwrap());
    let ended = Command::new(BINARY)
        .args(["watch", "--once", "--config"])
        .arg(&config)
        .env("HALTLINE_LOG", "off")
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(10), "halted: {ended:?}");
    let kept = config.with_file_name("state").join("snapshot.json");
    let mut picture: Snapshot = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    assert!(!picture.events.is_empty());
    // It is told as if the watch went on: nobody scrapes one that has ended.
    picture.watcher = haltline::api::wire::WatcherState::Acting { term: 1 };
    picture
}

const SCENARIO: &str = r#"
description = "a version that crashes in every tenth session"

[[app]]
id = "shop-android"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 1_000_000
lag = "0s"
version = [
    { name = "8.42.0", build = "84200", role = "baseline", crash = "0.05%", abnormal = "0.03%", errored = "0.6%" },
    { name = "8.43.0", build = "84300", role = "new", started = "-1d", exposure = "20%", crash = "10%", abnormal = "0.03%", errored = "0.6%" },
]
[[app.issue]]
title = "NullPointerException"
place = "com.example.shop.cart.CartActivity.onCreate"
kind = "new"
"#;
