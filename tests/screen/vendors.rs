//! The simulated vendors as a process of their own, at the machine's time.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::terminal::BINARY;

/// Ended with the test.
pub(crate) struct Vendors {
    process: Child,
    /// The path of a config that watches them.
    pub(crate) config: String,
    _home: TempDir,
}

impl Vendors {
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut process = Command::new(BINARY)
            .args(["sim", "--scenario", "healthy"])
            .env_clear()
            .env("HOME", home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Self {
            process,
            config: told["config"].as_str().unwrap().to_owned(),
            _home: home,
        }
    }
}

impl Drop for Vendors {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
