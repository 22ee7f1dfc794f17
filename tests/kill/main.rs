//! SIGKILL at random moments around a halt, with the store failing in half of the runs: the rollout is halted, once, and the
//! journal knows all of it.
//!
//! A run: the real binary watches a simulated Play on which a rollout crashes, gets killed, is started again, sometimes
//! gets killed again, and in the end is left to finish. The moments are shares of the time that the same halt took in a
//! rehearsal, so that they spread over the whole act however fast the machine is. `HALTLINE_KILLS` sets the number of runs.

#![expect(
    clippy::print_stdout,
    reason = "where the kills fell is worth a line to whoever runs it with --nocapture"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod bench;
mod house;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bench::{AILMENTS, Ailment, Bench, Pace};

const KILLS: u64 = 200;
/// Runs side by side, each with a simulated Play of its own.
const WORKERS: u64 = 3;

#[test]
fn a_halt_survives_sigkill_at_any_moment() {
    let kills = std::env::var("HALTLINE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let benches: Vec<Bench> = (0..WORKERS).map(|n| Bench::new(&runtime, n)).collect();

    let paces = rehearse(&benches);

    let fell = Mutex::new(BTreeMap::<&str, u32>::new());
    share_out(&benches, kills, |bench, n| {
        for moment in bench.kill_and_recover(n, &paces) {
            *fell.lock().unwrap().entry(moment).or_default() += 1;
        }
    });
    println!(
        "{kills} runs; the kills fell {:?}",
        fell.into_inner().unwrap()
    );
}

/// Nobody starts anything again: the watcher that followed goes on, and the halt stands once in the journal.
#[test]
fn a_follower_finishes_the_halt_of_a_watcher_that_is_killed() {
    let kills = std::env::var("HALTLINE_KILLS").map_or(KILLS / 4, |kills| kills.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let benches: Vec<Bench> = (0..WORKERS).map(|n| Bench::new(&runtime, n)).collect();
    let paces = rehearse(&benches);

    let runs = Mutex::new((BTreeMap::<&str, u32>::new(), Vec::new()));
    share_out(&benches, kills, |bench, n| {
        let (moment, took) = bench.kill_and_follow(n, &paces);
        let mut runs = runs.lock().unwrap();
        *runs.0.entry(moment).or_default() += 1;
        runs.1.push(took);
    });
    let (fell, mut took) = runs.into_inner().unwrap();
    took.sort();
    let of = |share: usize| took[(took.len() - 1) * share / 100];
    println!(
        "{kills} runs; the kills fell {fell:?}; somebody watched again after {:?} (half of them), {:?} (95 %), {:?} (all)",
        of(50),
        of(95),
        of(100)
    );
}

/// How long each kind of halt takes where nobody is killed.
fn rehearse(benches: &[Bench]) -> BTreeMap<Ailment, Pace> {
    let mut rehearsals = vec![Ailment::None];
    rehearsals.extend(AILMENTS);
    let paces = Mutex::new(BTreeMap::new());
    share_out(benches, rehearsals.len() as u64, |bench, n| {
        let ailment = rehearsals[n as usize];
        let pace = bench.rehearse(ailment);
        paces.lock().unwrap().insert(ailment, pace);
    });
    paces.into_inner().unwrap()
}

/// Does jobs `0..jobs`, each on the next bench that is free.
fn share_out(benches: &[Bench], jobs: u64, job: impl Fn(&Bench, u64) + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for bench in benches {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= jobs {
                        return;
                    }
                    job(bench, n);
                }
            });
        }
    });
}
