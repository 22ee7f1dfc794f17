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
use stopwatch::{ms, now};
use terminal::Terminal;

const MINUTE: Duration = Duration::from_mins(1);
/// Opening the journal and the first polls are over by then.
const SETTLED: Duration = Duration::from_secs(15);
/// Of Linux, a second.
const TICKS: f64 = 100.0;

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
    let pid = screen.child.process_id().unwrap();
    watch(&mut screen, SETTLED);
    let (before, bytes) = (spent(pid), screen.bytes);
    watch(&mut screen, MINUTE);
    let took = spent(pid) - before;
    let share = took / MINUTE.as_secs_f64() * 100.0;
    let written = (screen.bytes - bytes) as f64 / MINUTE.as_secs_f64();
    figures.add(format!("{what}: of a core"), "%", vec![share], Some(0.1));
    figures.add(format!("{what}: a second"), "B", vec![written], Some(50.0));
    screen.leave();
}

/// Reads for so long, whatever comes.
fn watch(screen: &mut Terminal, duration: Duration) {
    let start = now();
    while let Some(left) = duration.checked_sub(Duration::from_secs_f64(ms(start) / 1e3)) {
        if let Ok((_, bytes)) = screen.output.recv_timeout(left) {
            screen.take(&bytes);
        }
    }
}

/// Seconds of processor time of a process, threads that have ended included.
fn spent(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may hold anything: state, then ten fields, then the ticks as user and in the kernel.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(|field| field.parse::<f64>().unwrap());
    ticks.sum::<f64>() / TICKS
}
