//! The release binary as a person runs it, against a simulator in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_haltline");

/// A process that is asked to stop, and waited for, when this is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        pid.map(|pid| kill_process(pid, Signal::TERM));
        self.0.wait().ok();
    }
}

/// A simulated world.
pub(crate) struct Sim {
    /// The ready config.
    pub(crate) config: PathBuf,
    _process: Process,
    _dir: tempfile::TempDir,
}

impl Sim {
    pub(crate) fn start(scenario: &str, speed: f64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bench.toml");
        std::fs::write(&path, scenario).unwrap();
        let mut child = Command::new(BINARY)
            .args(["sim", "--seed", "1", "--scenario"])
            .arg(&path)
            .args(["--speed", &speed.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let config = told.get("config").and_then(|path| path.as_str()).unwrap();
        Self {
            config: PathBuf::from(config),
            _process: Process(child),
            _dir: dir,
        }
    }

    /// `haltline ARGS --config …`.
    pub(crate) fn haltline(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(args)
            .arg("--config")
            .arg(&self.config)
            .env("HALTLINE_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// An Android app whose new version is so old at the start of the world, and well.
pub(crate) fn android(started: &str) -> String {
    format!(
        r#"
        [[app]]
        id = "shop-android"
        name = "Shop"
        store = "google-play"
        package = "com.example.shop"
        sessions_per_day = 1_000_000
        lag = "0s"
        version = [
            {{ name = "8.42.0", build = "84200", role = "baseline", crash = "0.05%", abnormal = "0.03%", errored = "0.6%" }},
            {{ name = "8.43.0", build = "84300", role = "new", started = "{started}", exposure = "5%", crash = "0.05%", abnormal = "0.03%", errored = "0.6%" }},
        ]
        [[app.issue]]
        title = "SocketTimeoutException: timeout"
        place = "com.example.shop.net.ApiClient.execute"
        kind = "recurring"
        "#
    )
}
