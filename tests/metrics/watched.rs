//! A rollout that a real watcher has stopped, and what that watcher serves to whoever scrapes it: two processes, which end with this.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use haltline::http::{Call, Client, Limits};
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_haltline");

pub(crate) struct Watched {
    /// Host and port.
    pub(crate) address: String,
    _watcher: Process,
    _sim: Process,
    _dir: TempDir,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Watched {
    /// Once the store has been read stopped.
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scenario = dir.path().join("bad.toml");
        fs::write(&scenario, SCENARIO).unwrap();
        let told = dir.path().join("sim.json");
        let mut sim = Command::new(BINARY);
        sim.args(["sim", "--seed", "1", "--scenario"])
            .arg(&scenario)
            .stdout(File::create(&told).unwrap())
            .stderr(Stdio::null());
        let sim = Process(sim.spawn().unwrap());
        let told: Value = until("the simulator", async || {
            serde_json::from_str(&fs::read_to_string(&told).unwrap()).ok()
        })
        .await;

        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let ready = PathBuf::from(told["config"].as_str().unwrap());
        let text = fs::read_to_string(&ready).unwrap();
        let listens = format!("[watcher]\nlisten = \"{address}\"");
        let config = ready.with_file_name("scraped.toml");
        fs::write(&config, text.replacen("[watcher]", &listens, 1)).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let mut watcher = Command::new(BINARY);
        watcher
            .args(["watch", "--config"])
            .arg(&config)
            .env_clear()
            .env("HOME", dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let watched = Self {
            address,
            _watcher: Process(watcher.spawn().unwrap()),
            _sim: sim,
            _dir: dir,
        };
        until("a stopped rollout", async || {
            let text = watched.scraped().await?;
            let mut lines = text.lines();
            lines
                .any(|line| line.starts_with("haltline_rollout_halted{") && line.ends_with(" 1.0"))
                .then_some(())
        })
        .await;
        watched
    }

    /// What it answers, where it answers.
    async fn scraped(&self) -> Option<String> {
        let client = Client::new(Limits::default()).unwrap();
        let url = format!("http://{}/metrics", self.address).parse().unwrap();
        let answer = client.send(Call::get(url)).await.ok()?;
        assert!(answer.is_success(), "{}", answer.status);
        Some(String::from_utf8(answer.body.clone()).unwrap())
    }

    pub(crate) async fn text(&self) -> String {
        self.scraped().await.unwrap()
    }
}

/// Asks until there is an answer, for a minute and a half.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(90), asking).await;
    assert!(answer.is_ok(), "never came: {what}");
    answer.unwrap()
}

const SCENARIO: &str = r#"
description = "a version that crashes in every tenth session"

[watch]
poll = "1s"
grace = "0s"

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
