//! Many seeds of a world in which everything goes wrong, checked against the invariants; and the same with a guard taken
//! out, which has to be noticed.

use chrono::TimeDelta;
use rand::RngExt;

use super::model::{Fate, Model, climbing, plan, telling};
use crate::domain::{Failure, FailureKind, Status, StoreKind, Verb};
use crate::engine::guard::Guard;
use crate::engine::{Effect, Input};

/// Seeds of the main run; `HALTLINE_SEEDS` sets another number.
const SEEDS: u64 = 100_000;

/// One life: sixty moments of polls, people, faults and crashes, then peace. What was violated, if anything.
fn live(seed: u64, without: Option<Guard>) -> Vec<String> {
    let grace = if seed.is_multiple_of(3) {
        TimeDelta::minutes(4)
    } else {
        TimeDelta::zero()
    };
    // Half of the lives have rules alone, the others climb: on Play, on the App Store.
    let climbs = seed % 4 >= 2;
    let mut plan = match seed % 4 {
        0 | 1 => plan(1, grace, without),
        2 => climbing(StoreKind::GooglePlay, grace, without),
        _ => climbing(StoreKind::AppStore, grace, without),
    };
    // Half of them have more channels than the log.
    if seed.is_multiple_of(2) {
        plan.telling = telling();
    }
    let mut world = Model::new(plan, seed);
    let bad_from = world.rng.random_range(0..if climbs { 80 } else { 40 });
    for moment in 0..60 {
        let bad = moment >= bad_from;
        match world.rng.random_range(0..100) {
            0..=24 => {
                let fresh = world.rng.random_range(0..10) > 0;
                world.poll(bad, fresh);
            }
            25..=34 => {
                let seconds = world.rng.random_range(1..90);
                world.now += TimeDelta::seconds(seconds);
                world.feed(&Input::Tick);
            }
            35..=39 => world.pending.push(Effect::Read {
                app: super::model::app_id(0),
            }),
            40..=43 => world.crash(),
            44..=45 => {
                let on = world.disarm.is_none();
                world.press_red_button(on);
            }
            46..=48 => {
                let to = [Status::InProgress, Status::Stopped, Status::Completed];
                let status = to[world.rng.random_range(0..to.len())];
                world.console(status);
            }
            49..=51 => {
                let verbs = [
                    Verb::Pause,
                    Verb::Resume,
                    Verb::Halt,
                    Verb::Advance,
                    Verb::Resume,
                    Verb::Hold,
                    Verb::Start,
                ];
                let verbs = if climbs { &verbs[..] } else { &verbs[..4] };
                let verb = verbs[world.rng.random_range(0..verbs.len())];
                world.ask(verb);
            }
            52 if climbs && world.waiting.is_none() => {
                world.upload();
                world.pending.push(Effect::Read {
                    app: super::model::app_id(0),
                });
            }
            53 if seed.is_multiple_of(2) => world.storm(),
            54 => world.acknowledge(""),
            55 => {
                let read = Effect::Read {
                    app: super::model::app_id(0),
                };
                world.replace();
                world.pending.push(read);
            }
            56 => world.reload(),
            57 => {
                let verb = if seed.is_multiple_of(5) {
                    Verb::Halt
                } else {
                    Verb::Pause
                };
                let outcome = match world.rng.random_range(0..4) {
                    0 => Err(Failure::new(FailureKind::Retry, "connection refused")),
                    1 => Err(Failure::new(FailureKind::Ambiguous, "no answer")),
                    _ => Ok(world.store.exposure),
                };
                world.stop_directly(verb, outcome);
            }
            _ => next_effect(&mut world),
        }
    }
    peace(&mut world);
    world.violations
}

/// Carries out one pending effect; its answer may be lost or late, or the process dies before hearing it.
fn next_effect(world: &mut Model) {
    if let Some(answer) = world.transit.take() {
        return world.feed(&answer);
    }
    if world.pending.is_empty() {
        return;
    }
    let effect = world.pending.remove(0);
    let fate = match world.rng.random_range(0..10) {
        0 => Fate::LostRequest,
        1 => Fate::LostReply,
        2 => Fate::EmptyPromise,
        3 => Fate::Conflict,
        _ => Fate::Works,
    };
    let answer = world.carry_out(effect, fate);
    match world.rng.random_range(0..8) {
        0 => world.crash(),
        // Anything may happen until it is heard.
        1 | 2 => world.transit = Some(answer),
        _ => world.feed(&answer),
    }
}

/// Faults end. What was decided has to come true, or somebody has been told.
fn peace(world: &mut Model) {
    world.press_red_button(false);
    world.settle();
    let lost = world.lost_desires();
    if !lost.is_empty() {
        world
            .violations
            .push(format!("I1: desires {lost:?} were lost"));
    }
    let untold = world.listener.lost();
    if !untold.is_empty() {
        world
            .violations
            .push(format!("messages that nobody got: {untold:?}"));
    }
    world.crash();
    for (n, write) in world.writes.iter().enumerate() {
        let twice = world
            .writes
            .iter()
            .skip(n + 1)
            .filter(|later| later.hands == write.hands)
            .any(|later| later.changed && later.revision == write.revision);
        if write.changed && twice {
            world
                .violations
                .push(format!("I4: desire {} took effect twice", write.revision));
        }
    }
}

fn seeds() -> u64 {
    std::env::var("HALTLINE_SEEDS")
        .ok()
        .and_then(|raw| raw.parse().ok())
        .unwrap_or(SEEDS)
}

#[test]
fn no_invariant_breaks_whatever_goes_wrong() {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) as u64;
    let seeds = seeds();
    let failures: Vec<(u64, Vec<String>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    let mine = (worker..seeds).step_by(threads as usize);
                    mine.map(|seed| (seed, live(seed, None)))
                        .find(|(_, violations)| !violations.is_empty())
                })
            })
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(failures.is_empty(), "violations by seed: {failures:#?}");
}

#[test]
fn every_guard_is_missed_when_it_is_taken_out() {
    let guards = [
        Guard::Disarm,
        Guard::OneWrite,
        Guard::ReadBack,
        Guard::Recover,
        Guard::KeepWanting,
        Guard::FireOnce,
        Guard::OpenGate,
        Guard::PersonLifts,
        Guard::YieldToStops,
    ];
    for guard in guards {
        let caught = (0..5_000).find(|seed| !live(*seed, Some(guard)).is_empty());
        assert!(
            caught.is_some(),
            "the simulation does not notice that {guard:?} is gone"
        );
    }
}
