//! A rollout that stands still is told once, with what it waits for, and once more when it moves.

use std::sync::Arc;

use chrono::TimeDelta;

use super::model::{Model, app_id, plan};
use crate::domain::event::Urgency;
use crate::domain::rollout::Phased;
use crate::domain::{Actor, Event, Exposure, Status, StoreKind, Verb};
use crate::engine::{Input, Plan, next_wake, replay};
use crate::policy::calendar::Freeze;
use crate::policy::{Policy, Stage};

const PATIENCE: TimeDelta = TimeDelta::days(3);

fn world_of(change: impl FnOnce(&mut Plan)) -> Model {
    let mut plan = plan(1, TimeDelta::zero(), None);
    change(&mut plan);
    let mut world = Model::new(plan, 7);
    world.drain();
    world
}

fn world() -> Model {
    world_of(|_plan| {})
}

/// Reads the store, and lets everything come to rest.
fn look(world: &mut Model) {
    let result = Ok(world.read());
    let app = app_id(0);
    world.feed(&Input::StoreRead { app, result });
    world.feed(&Input::Tick);
    world.drain();
}

/// Sleeps until the engine wants to be woken, at most for so long.
fn sleep(world: &mut Model, most: TimeDelta) {
    let end = world.now + most;
    while let Some(wake) = next_wake(&world.plan, &world.state, world.now).filter(|at| *at <= end) {
        world.now = wake;
        world.feed(&Input::Tick);
        world.drain();
        world.state = replay(&world.journal);
    }
    world.now = end;
    world.feed(&Input::Tick);
    world.drain();
}

fn stalls(world: &Model) -> (Vec<String>, usize) {
    let told = world
        .journal
        .iter()
        .filter_map(|record| match &record.event {
            Event::Stalled { why } => Some(why.to_string()),
            _ => None,
        });
    let over = world.count(|event| matches!(event, Event::StallOver));
    (told.collect(), over)
}

fn told(world: &Model, urgency: Urgency, words: &str) -> usize {
    world.count(|event| match event {
        Event::TellQueued {
            urgency: as_, text, ..
        } => *as_ == urgency && text.as_str().contains(words),
        _ => false,
    })
}

fn two_stages(soak: TimeDelta) -> Arc<Policy> {
    let stages = [5, 100].map(|percent| Stage {
        soak,
        ..Stage::at(Exposure::from_percent(percent))
    });
    Arc::new(Policy {
        stages: stages.into(),
        ..Policy::clone(&super::model::policy(TimeDelta::zero()))
    })
}

#[test]
fn no_step_for_three_days_is_told_once_and_a_step_ends_it() {
    let mut world = world();
    sleep(&mut world, PATIENCE - TimeDelta::seconds(1));
    assert_eq!(stalls(&world), (vec![], 0));
    sleep(&mut world, TimeDelta::seconds(1));
    let (why, over) = stalls(&world);
    assert_eq!(over, 0);
    assert_eq!(why, ["at 5% since 2025-10-09 08:53 UTC: nobody moves it"]);
    sleep(&mut world, TimeDelta::days(30));
    assert_eq!(told(&world, Urgency::Warning, "stalled"), 1);
    world.store.exposure = Exposure::from_percent(20);
    look(&mut world);
    assert_eq!(stalls(&world).1, 1);
    assert_eq!(told(&world, Urgency::Info, "not stalled any more"), 1);
    assert!(world.state.app(&app_id(0)).unwrap().stalled.is_none());
    sleep(&mut world, PATIENCE);
    assert_eq!(stalls(&world).0.len(), 2, "from the last step on");
}

#[test]
fn a_gate_that_waits_for_a_person_for_days_is_a_stall_and_says_so() {
    let mut world = world_of(|plan| {
        plan.apps.get_mut(&app_id(0)).unwrap().policy = two_stages(TimeDelta::days(1));
    });
    let stage = Exposure::from_percent(5);
    let moved = Event::GateMoved {
        stage,
        next: Exposure::FULL,
        open: false,
        why: vec!["an operator's approval".into()],
    };
    world.state.apply(world.now, Some(&app_id(0)), &moved);
    world.now += PATIENCE;
    world.feed(&Input::Tick);
    let why = stalls(&world).0;
    assert!(
        why[0].ends_with("the gate to 100% waits for an operator's approval"),
        "{why:?}"
    );
}

#[test]
fn a_long_soak_is_planned_and_so_is_a_freeze() {
    let policy = two_stages(TimeDelta::days(5));
    let mut world = world_of(|plan| plan.apps.get_mut(&app_id(0)).unwrap().policy = policy);
    sleep(&mut world, TimeDelta::days(6) - TimeDelta::seconds(1));
    assert_eq!(stalls(&world).0.len(), 0);
    // Nobody is there: the next look comes with a poll.
    sleep(&mut world, TimeDelta::seconds(1));
    let why = stalls(&world).0;
    assert!(
        why[0].ends_with("lets haltline carry out the stages"),
        "{why:?}"
    );

    let begun = super::model::start();
    let mut world = world_of(|plan| {
        plan.freezes.push(Freeze {
            name: "holidays".into(),
            from: begun + TimeDelta::days(2),
            until: begun + TimeDelta::days(9),
        });
    });
    sleep(&mut world, TimeDelta::days(10) - TimeDelta::seconds(1));
    assert_eq!(stalls(&world).0.len(), 0);
    sleep(&mut world, TimeDelta::seconds(1));
    assert_eq!(stalls(&world).0.len(), 1, "a day after it");
}

#[test]
fn almost_everybody_is_not_everybody() {
    let mut world = world();
    world.store.exposure = Exposure::from_fraction(0.999).unwrap();
    look(&mut world);
    sleep(&mut world, PATIENCE);
    let why = stalls(&world).0;
    assert!(why[0].contains("at 99.9% since"), "{why:?}");
    assert!(why[0].contains("haltline complete app-0"), "{why:?}");
    world.store.status = Status::Completed;
    world.store.exposure = Exposure::FULL;
    look(&mut world);
    assert_eq!(stalls(&world).1, 1);
    sleep(&mut world, TimeDelta::days(30));
    assert_eq!(stalls(&world).0.len(), 1, "what is complete stands well");
}

#[test]
fn who_waits_for_ever_is_told_nothing() {
    let mut world = world_of(|plan| {
        plan.apps.get_mut(&app_id(0)).unwrap().stalled_after = TimeDelta::MAX;
    });
    sleep(&mut world, TimeDelta::days(1_000));
    assert_eq!(stalls(&world), (vec![], 0));
}

#[test]
fn a_stop_that_nobody_lifts_says_who_stopped_it() {
    let mut world = world();
    world.ask(Verb::Pause);
    world.drain();
    sleep(&mut world, PATIENCE);
    let why = stalls(&world).0;
    assert!(why[0].contains("halted at 5% by @alice since"), "{why:?}");
    assert!(why[0].contains("haltline resume app-0"), "{why:?}");
    world.ask(Verb::Resume);
    world.drain();
    world.feed(&Input::Tick);
    assert_eq!(stalls(&world).1, 1);
}

/// The store's reads tell it from the twentieth day on, so that it is shown and not told again.
#[test]
fn the_pause_budget_is_shown_and_told_by_one_voice() {
    let mut world = world_of(|plan| {
        let app = plan.apps.get_mut(&app_id(0)).unwrap();
        app.store = StoreKind::AppStore;
        app.stalled_after = TimeDelta::days(40);
    });
    let paused = |world: &mut Model, days| {
        world.store.status = Status::Stopped;
        world.store.phased = Some(Phased {
            day: 3,
            start: Some(super::model::start()),
            paused_days: days,
        });
        look(world);
    };
    paused(&mut world, 19);
    assert_eq!(stalls(&world).0.len(), 0);
    paused(&mut world, 20);
    let why = stalls(&world).0;
    assert!(why[0].contains("20 of the 30 days of pause"), "{why:?}");
    assert_eq!(told(&world, Urgency::Warning, "20 of the 30 days"), 1);
    assert_eq!(told(&world, Urgency::Warning, "stalled"), 0);
    paused(&mut world, 28);
    assert_eq!(told(&world, Urgency::Page, "28 of the 30 days"), 1);
    assert_eq!(stalls(&world).0.len(), 1);
    let stopper = &world.state.app(&app_id(0)).unwrap().stopped_by;
    assert_eq!(*stopper, Some(Actor::Outside));
}
