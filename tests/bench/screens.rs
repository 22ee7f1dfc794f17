//! The watcher alone: processor time and memory while it watches two hundred apps, polled each minute, with fifty screens
//! attached to it, against a simulator in a process of its own; and whether all screens show the same in the end.
//!
//! `HALTLINE_BENCH_MINUTES` (1), `HALTLINE_BENCH_APPS` (200), `HALTLINE_BENCH_SCREENS` (50) and `HALTLINE_BENCH_DAYS` (2: how old
//! the rollouts are) say how long and how many.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking, its helpers too"
)]

mod audience;
mod figures;
mod process;
mod stopwatch;

use std::fmt::Write as _;
use std::time::Duration;

use audience::Audience;
use figures::Figures;
use process::{Process, Sim, android};
use stopwatch::{ms, now};

/// The journal is opened and every app has been read for the first time by then.
const SETTLED: Duration = Duration::from_secs(100);
/// Memory is looked at so often.
const LOOK: Duration = Duration::from_secs(10);
const LOOKS_A_MINUTE: u64 = 6;
/// Of Linux, a second.
const TICKS: f64 = 100.0;

fn main() {
    let minutes = named("HALTLINE_BENCH_MINUTES", 1);
    let apps = named("HALTLINE_BENCH_APPS", 200);
    let screens = named("HALTLINE_BENCH_SCREENS", 50) as usize;
    let days = named("HALTLINE_BENCH_DAYS", 2);
    let sim = Sim::start(&fleet(apps, days), 1.0);
    let watcher = Process(sim.haltline(&["watch"]).spawn().unwrap());
    let pid = watcher.0.id();
    let begun = now();
    std::thread::park_timeout(SETTLED);
    let (first, opened) = (spent(pid), ms(begun) / 1e3);
    let alone = resident_mb(pid);
    let socket = sim.config.with_file_name("state").join("haltline.sock");
    let audience = Audience::attach(&socket, screens, LOOK * (minutes * 3) as u32);
    // What it costs to attach them is told apart.
    std::thread::park_timeout(LOOK);
    let attached = spent(pid) - first;

    let (mut shares, mut resident, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..minutes {
        let (before, sent, measured) = (spent(pid), audience.sent(), now());
        for _ in 0..LOOKS_A_MINUTE {
            std::thread::park_timeout(LOOK);
            resident.push(resident_mb(pid));
        }
        let seconds = ms(measured) / 1e3;
        shares.push((spent(pid) - before) / seconds * 100.0);
        bytes.push((audience.sent() - sent) as f64 / 1e3 * 60.0 / seconds);
    }
    let seen = audience.compare();

    let mut figures = Figures::new("a watcher of many apps, polled each minute");
    figures.add("apps", "", vec![apps as f64], None);
    figures.add(
        "days that their rollouts are old",
        "",
        vec![days as f64],
        None,
    );
    figures.add("measured for", "min", vec![minutes as f64], None);
    figures.add(
        format!("processor time of the first {opened:.0} s"),
        "s",
        vec![first],
        None,
    );
    figures.add("memory then, no screen attached", "MB", vec![alone], None);
    figures.add(
        "processor time of attaching all screens",
        "s",
        vec![attached],
        None,
    );
    figures.add("of a core, by the minute", "%", shares, Some(5.0));
    figures.add("memory", "MB", resident, Some(100.0));
    figures.add("sent to each screen, by the minute", "kB", bytes, None);
    figures.add("screens", "", vec![screens as f64], None);
    figures.add(
        "screens with the last event",
        "",
        vec![seen.alike as f64],
        None,
    );
    let took = seen.took.num_milliseconds() as f64;
    figures.add(
        "from an act until all screens show it",
        "ms",
        vec![took],
        None,
    );
    figures.print();
    assert_eq!(seen.alike, seen.screens, "screens with the last event");
}

fn named(variable: &str, default: u64) -> u64 {
    let told = std::env::var(variable).ok();
    told.map_or(default, |told| told.parse().unwrap())
}

/// Half of them on each store, all well.
fn fleet(apps: u64, days: u64) -> String {
    let mut text = String::from("description = \"bench\"\n");
    let android = android(&format!("-{days}d"));
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
