//! `haltline watch --once` on one simulated app, from start to exit, and what of it is there without any watching.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod process;
mod stopwatch;

use std::process::Command;

use figures::Figures;
use process::{Sim, android};
use stopwatch::{ms, now};

const RUNS: usize = 15;

fn main() {
    let mut figures = Figures::new("watch --once, one app, start to exit");
    for (age, started) in [("an hour", "-1h"), ("a day", "-1d"), ("14 days", "-14d")] {
        let scenario = format!("description = \"bench\"\n{}", android(started));
        let sim = Sim::start(&scenario, 1.0);
        let once = || run(&mut sim.haltline(&["watch", "--once"]));
        figures.add(
            format!("{age} of history: first run, first answer of the simulator"),
            "ms",
            vec![once()],
            None,
        );
        let first = (0..RUNS).map(|_| {
            std::fs::remove_dir_all(sim.config.with_file_name("state")).unwrap();
            once()
        });
        let first = first.collect();
        figures.add(
            format!("{age} of history: empty state folder"),
            "ms",
            first,
            Some(150.0),
        );
        let again = (0..RUNS).map(|_| once()).collect();
        figures.add(
            format!("{age} of history: journal there"),
            "ms",
            again,
            Some(150.0),
        );
        for args in [&["--version"] as &[&str], &["config", "check"], &["status"]] {
            let name = format!("{age} of history: only {}", args.join(" "));
            let samples = (0..RUNS).map(|_| run(&mut sim.haltline(args))).collect();
            figures.add(name, "ms", samples, None);
        }
    }
    figures.print();
}

fn run(command: &mut Command) -> f64 {
    let start = now();
    let status = command.status().unwrap();
    let took = ms(start);
    assert!(status.code().is_some(), "killed by a signal");
    took
}
