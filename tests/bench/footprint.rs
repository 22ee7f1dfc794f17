//! What haltline takes up: the stripped release binary, and `haltline watch` on two apps after an hour of simulated time.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod process;
mod stopwatch;

use std::time::Duration;

use figures::Figures;
use process::{BINARY, Process, Sim, android};
use stopwatch::{ms, now};

/// Simulated seconds a wall second: a poll every half second.
const SPEED: f64 = 120.0;

fn main() {
    let mut figures = Figures::new("footprint");
    let size = std::fs::metadata(BINARY).unwrap().len() as f64 / 1e6;
    figures.add("release binary, stripped", "MB", vec![size], Some(15.0));
    for (age, started) in [("an hour", "-1h"), ("14 days", "-14d")] {
        let ios = android(started)
            .replace("shop-android", "shop-ios")
            .replace("google-play", "app-store")
            .replace("exposure = \"5%\", ", "");
        let scenario = format!(
            "description = \"bench\"\n[watch]\npoll = \"1m\"\n{}{ios}",
            android(started)
        );
        let sim = Sim::start(&scenario, SPEED);
        let child = sim.haltline(&["watch"]).spawn().unwrap();
        let mut watcher = Process(child);
        let start = now();
        let mut after = Vec::new();
        while ms(start) * SPEED < 3.6e6 {
            after.push(kilobytes(&watcher, "VmRSS") / 1e3);
            pause();
        }
        assert!(watcher.0.try_wait().unwrap().is_none(), "it ended");
        let name = |what: &str| format!("watch, 2 apps, {age} of history: {what}");
        let resident = kilobytes(&watcher, "VmRSS") / 1e3;
        figures.add(name("RSS after an hour"), "MB", vec![resident], Some(30.0));
        let peak = kilobytes(&watcher, "VmHWM") / 1e3;
        figures.add(name("RSS at most"), "MB", vec![peak], None);
        figures.add(name("RSS over the hour"), "MB", after, None);
    }
    figures.print();
}

/// A field of `/proc/PID/status`; kB there are 1024 bytes.
fn kilobytes(process: &Process, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    number.parse::<f64>().unwrap() * 1.024
}

#[expect(clippy::disallowed_methods, reason = "what is measured runs elsewhere")]
fn pause() {
    std::thread::sleep(Duration::from_millis(500));
}
