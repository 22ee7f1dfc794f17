//! Recorded rollouts, and a desk where they are replayed.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, haltline};

/// Monday, 2 November 2026.
pub(crate) const START: i64 = 1_793_577_600;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const SCHEMA: &str = "haltline/backtest/v1";

/// A folder with recordings, where the binary is run.
pub(crate) struct Desk(pub(crate) TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("haltline-backtest-").unwrap())
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = haltline(std::iter::once(&"backtest").chain(args))
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let out = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn document(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let [document] = ran.lines().try_into().unwrap();
        let document: Value = document;
        assert_eq!(document["schema"], SCHEMA);
        document
    }
}

/// Counts that keep to their rate as closely as whole numbers can.
pub(crate) struct Steady {
    rate: f64,
    carried: f64,
}

impl Steady {
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate, carried: 0.0 }
    }

    pub(crate) fn of(&mut self, trials: u64) -> u64 {
        self.carried += trials as f64 * self.rate;
        let failures = self.carried.floor();
        self.carried -= failures;
        failures as u64
    }
}

/// Two rollouts of hourly windows, 480,000 sessions a day: a week of the baseline alone, then 1, 5, 20 and 100 %, a day each.
/// 8.43.0 is as good as 8.42.0; 8.44.0 crashes ten times as often.
pub(crate) fn recording() -> String {
    let mut csv = String::from(
        "app,version,baseline,start,seconds,n,failures,n_baseline,failures_baseline,exposure\n",
    );
    for (version, baseline, day, times) in
        [("8.43.0", "8.42.0", 7, 1.0), ("8.44.0", "8.43.0", 18, 10.0)]
    {
        let (mut new, mut old) = (Steady::new(0.0005 * times), Steady::new(0.0005));
        for hour in -7 * 24..4 * 24 {
            let percent = match hour / 24 {
                _ if hour < 0 => 0,
                0 => 1,
                1 => 5,
                2 => 20,
                _ => 100,
            };
            let n = 200 * percent;
            let (start, rest) = (START + (24 * day + hour) * HOUR, 20_000 - n);
            writeln!(
                csv,
                "Shop,{version},{baseline},{start},3600,{n},{},{rest},{},{percent}%",
                new.of(n),
                old.of(rest)
            )
            .unwrap();
        }
    }
    csv
}

pub(crate) fn labels() -> String {
    let onset = START + 18 * 24 * HOUR;
    format!("app,version,onset\nShop,8.43.0,healthy\nShop,8.44.0,{onset}\n")
}

/// Everything that a terminal gets to see.
pub(crate) fn on_a_terminal(desk: &Desk, args: &[&str], no_color: bool) -> String {
    let size = PtySize {
        rows: 40,
        cols: 100,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_haltline"));
    command.arg("backtest");
    command.args(args);
    command.env_clear();
    command.env("HOME", "/nonexistent");
    command.cwd(desk.0.path());
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut bytes = Vec::new();
    // A terminal whose last writer has gone away answers with an error.
    drop(reader.read_to_end(&mut bytes));
    assert!(child.wait().unwrap().success());
    String::from_utf8(bytes).unwrap()
}
