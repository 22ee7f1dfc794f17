//! The watcher alone: processor time and memory while it watches two hundred apps, polled each minute, with screens attached to
//! it, against a simulator in a process of its own.
//!
//! `HALTLINE_BENCH_MINUTES` (1), `HALTLINE_BENCH_APPS` (200) and `HALTLINE_BENCH_SCREENS` (50) say how long and how many.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod process;
mod stopwatch;

use std::fmt::Write as _;
use std::time::Duration;

use figures::Figures;
use process::{Process, Sim, android};
use stopwatch::{ms, now};

/// The journal is opened and every app has been read for the first time by then.
const SETTLED: Duration = Duration::from_secs(100);
/// Memory is looked at so often.
const LOOK: Duration = Duration::from_secs(10);
/// Of Linux, a second.
const TICKS: f64 = 100.0;

fn main() {
    let minutes = named("HALTLINE_BENCH_MINUTES", 1);
    let apps = named("HALTLINE_BENCH_APPS", 200);
    let sim = Sim::start(&fleet(apps), 1.0);
    let watcher = Process(sim.haltline(&["watch"]).spawn().unwrap());
    let pid = watcher.0.id();
    let begun = now();
    std::thread::park_timeout(SETTLED);
    let (first, mut resident) = (spent(pid), Vec::new());
    let opened = ms(begun) / 1e3;
    let measured = now();
    let long = Duration::from_secs(minutes * 60);
    while let Some(left) = long.checked_sub(Duration::from_secs_f64(ms(measured) / 1e3)) {
        std::thread::park_timeout(left.min(LOOK));
        resident.push(resident_mb(pid));
    }
    let share = (spent(pid) - first) / (ms(measured) / 1e3) * 100.0;

    let mut figures = Figures::new("a watcher of many apps, polled each minute");
    figures.add("apps", "", vec![apps as f64], None);
    figures.add("measured for", "min", vec![minutes as f64], None);
    figures.add(
        format!("processor time of the first {opened:.0} s"),
        "s",
        vec![first],
        None,
    );
    figures.add("of a core", "%", vec![share], Some(5.0));
    figures.add("memory", "MB", resident, Some(100.0));
    figures.print();
}

fn named(variable: &str, default: u64) -> u64 {
    let told = std::env::var(variable).ok();
    told.map_or(default, |told| told.parse().unwrap())
}

/// Half of them on each store, all well.
fn fleet(apps: u64) -> String {
    let mut text = String::from("description = \"bench\"\n");
    let android = android("-2d");
    let ios = android
        .replace("google-play", "app-store")
        .replace("exposure = \"5%\", ", "");
    for n in 0..apps {
        let app = if n % 2 == 0 { &android } else { &ios };
        let app = app
            .replace("\"shop-android\"", &format!("\"shop-{n}\""))
            .replace("\"Shop\"", &format!("\"Shop {n}\""))
            .replace("\"com.example.shop\"", &format!("\"com.example.shop{n}\""));
        writeln!(text, "{app}").unwrap();
    }
    text
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

fn resident_mb(pid: u32) -> f64 {
    let told = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    let pages: Vec<&str> = told.split_whitespace().collect();
    pages[1].parse::<f64>().unwrap() * 4_096.0 / 1e6
}
