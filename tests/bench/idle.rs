//! Processor time of a screen that nobody touches, over a minute, with two apps: beside a watcher that acts elsewhere, in front
//! of its own watcher, and the demo with its simulated world.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod process;
mod stopwatch;
mod terminal;

use std::time::Duration;

use figures::Figures;
use process::{Process, Sim, android};
use terminal::Terminal;

const MINUTE: Duration = Duration::from_secs(60);

fn main() {
    let mut figures = Figures::new("a screen that nobody touches, at 160x45");
    let ios = android("-14d")
        .replace("shop-android", "shop-ios")
        .replace("google-play", "app-store")
        .replace("exposure = \"5%\", ", "");
    let scenario = format!("description = \"bench\"\n{}{ios}", android("-14d"));
    let sim = Sim::start(&scenario, 1.0);
    let config = sim.config.to_str().unwrap().to_owned();
    let here = ["--config", &config];

    let watcher = Process(sim.haltline(&["watch"]).spawn().unwrap());
    measure(
        &mut figures,
        "follows a watcher that polls each minute",
        &here,
    );
    drop(watcher);
    measure(&mut figures, "watches by itself", &here);
    let demo = ["demo", "--speed", "1"];
    measure(
        &mut figures,
        "demo at speed 1, with its simulated vendors",
        &demo,
    );
    figures.print();
}

fn measure(figures: &mut Figures, what: &str, args: &[&str]) {
    let mut screen = Terminal::start(args, 160, 45);
    screen.until(|text| text.contains("? help") && !text.contains("OPENING"));
    screen.watch(Duration::from_secs(10));
    let (before, bytes) = (ticks(screen.pid()), screen.bytes);
    screen.watch(MINUTE);
    let spent = ticks(screen.pid()) - before;
    let share = spent / MINUTE.as_secs_f64() * 100.0;
    let written = (screen.bytes - bytes) as f64 / MINUTE.as_secs_f64();
    figures.add(format!("{what}: of a core"), "%", vec![share], Some(0.1));
    figures.add(format!("{what}: a second"), "B", vec![written], Some(50.0));
    screen.leave();
}

/// Seconds of processor time of a process, its threads' nanoseconds added up: ticks are too coarse.
fn ticks(pid: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let tasks = tasks.map(|task| {
        let path = task.unwrap().path().join("schedstat");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let nanos = text.split_whitespace().next().map(str::parse::<f64>);
        nanos.and_then(Result::ok).unwrap_or_default()
    });
    tasks.sum::<f64>() / 1e9
}
