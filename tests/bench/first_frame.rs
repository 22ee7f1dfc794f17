//! From the command to the first frame, and on to the live picture, with a journal of 100,000 events: the release binary in a
//! terminal of 160x45, against simulated vendors. And where the time goes that opening the journal takes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking, its helpers too"
)]

mod events;
mod figures;
mod process;
mod stopwatch;
mod terminal;

use std::fs;

use figures::Figures;
use haltline::engine;
use haltline::journal::{Access, SqliteJournal};
use haltline::ports::Journal as _;
use process::{Sim, android};
use stopwatch::{ms, now};
use terminal::Terminal;

const EVENTS: u64 = 100_000;
const RUNS: usize = 15;

fn main() {
    let mut figures = Figures::new("from the command to the screen, at 160x45");
    for events in [0, EVENTS] {
        let scenario = format!("description = \"bench\"\n{}", android("-1d"));
        let sim = Sim::start(&scenario, 1.0);
        let state = sim.config.with_file_name("state");
        fs::create_dir_all(&state).unwrap();
        if events > 0 {
            events::fill(&state, "shop-android", events);
        }
        let once = sim.haltline(&["watch", "--once"]).status().unwrap();
        assert!(once.code().is_some());
        for kept in [true, false] {
            let what = if kept { "picture kept" } else { "none kept" };
            let (mut first, mut live, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..RUNS {
                if !kept {
                    fs::remove_file(state.join("snapshot.json")).unwrap();
                }
                let (shown, verified, size) = start(&sim);
                first.push(shown);
                live.push(verified);
                bytes.push(size);
            }
            let name = |what_of| format!("{events} events, {what}: {what_of}");
            figures.add(name("first frame"), "ms", first, Some(100.0));
            figures.add(name("live, journal verified"), "ms", live, None);
            figures.add(name("first frame"), "B", bytes, Some(8_000.0));
        }
        opening(&mut figures, &state, events);
    }
    figures.print();
}

/// Milliseconds to the first frame and to the live picture, bytes of the first frame.
fn start(sim: &Sim) -> (f64, f64, f64) {
    let start = now();
    let mut screen = Terminal::start(&["--config", sim.config.to_str().unwrap()], 160, 45);
    // The footer is the last line of a frame.
    let shown = screen.until(|text| text.contains("? help"));
    let size = screen.bytes as f64;
    let verified = screen.until(|text| !text.contains("OPENING") && text.contains("shop"));
    screen.leave();
    let since = |at: std::time::Instant| at.duration_since(start).as_secs_f64() * 1e3;
    (since(shown), since(verified), size)
}

/// What opening consists of, in this process.
fn opening(figures: &mut Figures, state: &std::path::Path, events: u64) {
    let (mut open, mut read, mut fold) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let began = now();
        let journal = SqliteJournal::open(state, Access::ReadOnly).unwrap();
        open.push(ms(began));
        let began = now();
        let records = journal.records_after(0).unwrap();
        read.push(ms(began));
        let began = now();
        let state = engine::replay(&records);
        fold.push(ms(began));
        assert!(state.seq >= events);
    }
    let name = |what| format!("{events} events, opening: {what}");
    figures.add(name("open (integrity, schema, chain)"), "ms", open, None);
    figures.add(name("read every record, chain again"), "ms", read, None);
    figures.add(name("replay"), "ms", fold, None);
}
