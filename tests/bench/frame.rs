//! Drawing: what a frame at 160x45 costs, from the picture to the bytes, with one rollout and with fifty.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod process;
mod stopwatch;

use std::sync::Arc;

use chrono::TimeDelta;
use figures::Figures;
use haltline::api::Snapshot;
use haltline::domain::AppId;
use haltline::tui::{Offscreen, Theme};
use process::{Sim, android};
use stopwatch::{ms, now};

const RUNS: usize = 500;

fn main() {
    let mut figures = Figures::new("a frame at 160x45");
    let one = picture();
    for rollouts in [1, 50] {
        let many = Arc::new(of(&one, rollouts));
        let screen = || Offscreen::new(Arc::clone(&many), Theme::new(false, false), 160, 45);
        let name = |what| format!("{rollouts} rollouts: {what}");
        let took = |samples: &mut Vec<f64>, screen: &mut Offscreen| {
            let began = now();
            let bytes = screen.frame().unwrap().len();
            samples.push(ms(began));
            bytes as f64
        };

        let mut first = Vec::new();
        let bytes = (0..RUNS).map(|_| took(&mut first, &mut screen()));
        let bytes = bytes.collect();
        figures.add(name("the first frame"), "ms", first, Some(1.0));
        figures.add(name("the first frame"), "B", bytes, Some(8_000.0));

        let (mut same, mut shown) = (Vec::new(), screen());
        took(&mut Vec::new(), &mut shown);
        let bytes = (0..RUNS).map(|_| took(&mut same, &mut shown)).collect();
        figures.add(name("nothing has changed"), "ms", same, Some(1.0));
        figures.add(name("nothing has changed"), "B", bytes, Some(0.0));

        let (mut older, mut bytes) = (Vec::new(), Vec::new());
        for second in 1..=RUNS {
            shown.tick(many.at + TimeDelta::seconds(i64::try_from(second).unwrap()));
            bytes.push(took(&mut older, &mut shown));
        }
        figures.add(name("a second later"), "ms", older, Some(1.0));
        figures.add(name("a second later"), "B", bytes, Some(50.0));

        let (mut newer, mut bytes, mut taking) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..RUNS {
            let mut other = (*many).clone();
            for app in &mut other.apps {
                for metric in &mut app.metrics {
                    metric.new.failures += 1 + (n as u64 % 7) * 1_000;
                }
            }
            let other = Arc::new(other);
            let began = now();
            shown.take(other);
            taking.push(ms(began));
            bytes.push(took(&mut newer, &mut shown));
        }
        figures.add(name("taking a picture in"), "ms", taking, Some(1.0));
        figures.add(name("another picture"), "ms", newer, Some(1.0));
        figures.add(name("another picture"), "B", bytes, None);
    }
    figures.print();
}

/// What a watcher shows after one poll.
fn picture() -> Snapshot {
    let sim = Sim::start(&format!("description = \"bench\"\n{}", android("-1d")), 1.0);
    let once = sim.haltline(&["watch", "--once"]).status().unwrap();
    assert!(once.code().is_some());
    let kept = std::fs::read(sim.config.with_file_name("state/snapshot.json")).unwrap();
    serde_json::from_slice(&kept).unwrap()
}

/// The same app so many times, under names of its own.
fn of(one: &Snapshot, rollouts: usize) -> Snapshot {
    let mut many = one.clone();
    many.apps = (0..rollouts)
        .filter_map(|n| {
            let mut app = one.apps.first()?.clone();
            app.id = AppId::try_from(format!("shop-{n:02}")).unwrap();
            Some(app)
        })
        .collect();
    let events = one.events.iter().cycle().take(200).cloned();
    many.events = events.collect();
    for (seq, record) in many.events.iter_mut().enumerate() {
        record.seq = seq as u64 + 1;
        record.app = many.apps.first().map(|app| app.id.clone());
    }
    many
}
