//! The real binary, run by a test: hermetic, and what came out of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The lines of NDJSON on stdout.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).expect("stdout holds nothing but JSON");
        self.stdout.lines().map(line).collect()
    }
}

/// The binary with these arguments, and nothing of this machine's environment.
pub(crate) fn haltline(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haltline"));
    command
        .args(args)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("CI", "true")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    let out = haltline(args).output().unwrap();
    Ran {
        code: out.status.code(),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}
