//! A simulated rollout that crashes, and the real binary that watches it, with channels of the test's own.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use haltline::domain::AppId;
use haltline::simulator::scenario::ConsoleAct;
use haltline::simulator::{Options, Running, Scenario, SimTime};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const APP: &str = "shop-android";
/// The version that crashes.
pub(crate) const BUILD: &str = "84300";

const WORLD: &str = r#"
description = "every twentieth session of the new version crashes, from its first hour on"

[watch]
poll = "1s"
grace = "0s"

[[app]]
id = "shop-android"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 2_000_000
lag = "0s"
version = [
    { name = "8.42.0", build = "84200", role = "baseline", crash = "0.05%" },
    { name = "8.43.0", build = "84300", role = "new", started = "-2h", exposure = "20%", crash = "5%" },
    { name = "8.44.0", build = "84400", role = "next", crash = "0.05%" },
]
"#;

/// The watcher is killed with this, and everything of it is gone.
pub(crate) struct Rollout {
    sim: Running,
    dir: TempDir,
    watcher: Option<Child>,
}

impl Drop for Rollout {
    fn drop(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            drop(watcher.kill());
            drop(watcher.wait());
        }
    }
}

impl Rollout {
    /// Not watched yet. `channels` is added to the config.
    pub(crate) async fn new(time: SimTime, channels: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            seed: 1,
            time,
            listen: None,
            dir: Some(dir.path().join("config")),
        };
        let scenario = Scenario::parse("told", WORLD).unwrap();
        let sim = Running::start(scenario, options).await.unwrap();
        let text = fs::read_to_string(&sim.config).unwrap();
        fs::write(&sim.config, format!("{text}\n{channels}")).unwrap();
        Self {
            sim,
            dir,
            watcher: None,
        }
    }

    /// A file beside the config, for its owner alone.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.sim.config.with_file_name(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haltline"));
        command
            .args(args)
            .arg("--config")
            .arg(&self.sim.config)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("USER", "ada")
            .env("CI", "true")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end, whatever else this thread has to serve.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        let ended = tokio::task::spawn_blocking(move || command.output());
        ended.await.unwrap().unwrap()
    }

    pub(crate) fn watch(&mut self) {
        let into = |path: PathBuf| {
            File::options()
                .append(true)
                .create(true)
                .open(path)
                .unwrap()
        };
        let child = self
            .command(&["watch", "--json"])
            .stdout(into(self.said()))
            .stderr(into(self.dir.path().join("log")))
            .spawn();
        self.watcher = Some(child.unwrap());
    }

    fn said(&self) -> PathBuf {
        self.dir.path().join("events")
    }

    /// The first event of this name that is so, once there is one.
    pub(crate) async fn event(&self, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let log = self.dir.path().join("log");
        until(name, Some(&log), async || {
            let said = fs::read_to_string(self.said()).unwrap_or_default();
            // The last line may be half written.
            let mut events = said
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            events.find(|event: &Value| event["event"] == name && is_so(event))
        })
        .await
    }

    /// Until the store has been read stopped; the sentence that people were told.
    pub(crate) async fn halted(&self) -> String {
        self.event("desire-confirmed", |event| event["verb"] == "halt")
            .await;
        let confirmed = |event: &Value| {
            let text = event["text"].as_str();
            text.is_some_and(|text| text.contains("halt confirmed"))
        };
        let told = self.event("tell-queued", confirmed).await;
        told["text"].as_str().unwrap().to_owned()
    }

    /// A person rolls the next version out.
    pub(crate) fn next_release(&self) {
        let app = AppId::try_from(APP.to_owned()).unwrap();
        let act = ConsoleAct::NewRelease {
            to: Some("5%".parse().unwrap()),
        };
        self.sim.world.act(&app, &act).unwrap();
    }
}

/// Asks until there is an answer, for a minute and a half; then fails with what the log says.
pub(crate) async fn until<T>(
    what: &str,
    log: Option<&Path>,
    ask: impl AsyncFn() -> Option<T>,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(90), asking).await;
    let log = || log.map(|log| fs::read_to_string(log).unwrap_or_default());
    assert!(answer.is_ok(), "never came: {what}\n{:?}", log());
    answer.unwrap()
}
