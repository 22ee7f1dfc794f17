//! A rule that could only pause at first, and may halt by now.

use chrono::TimeDelta;

use super::model::{Model, app_id, plan};
use crate::domain::{Actor, Event, Reach, Status, Verb};
use crate::engine::guard::Guard;
use crate::engine::state::Fired;
use crate::engine::{AppState, Input, replay};

fn world(without: Option<Guard>) -> Model {
    let mut world = Model::new(plan(1, TimeDelta::zero(), without), 7);
    world.drain();
    world
}

fn app(world: &Model) -> AppState {
    world.state.app(&app_id(0)).unwrap().clone()
}

/// Five minutes later a poll of a source that carries so much.
fn hear(world: &mut Model, bad: bool, reach: Reach) {
    hear_late(world, bad, reach, TimeDelta::zero());
}

/// A poll of a source whose data end so long ago.
fn hear_late(world: &mut Model, bad: bool, reach: Reach, late: TimeDelta) {
    let before = (world.journal.clone(), world.state.clone());
    world.poll(bad, true);
    (world.journal, world.state) = before;
    world.pending.clear();
    let known = world.windows.clone();
    let end = world.now - late;
    world
        .windows
        .retain(|window| window.start + TimeDelta::seconds(window.seconds.into()) <= end);
    let mut observation = world.observation(&app_id(0), true);
    world.windows = known;
    for source in &mut observation.sources {
        source.reach = reach;
        source.read_through = Some(end);
    }
    world.feed(&Input::Observed {
        app: app_id(0),
        observation: Box::new(observation),
    });
    world.drain();
}

/// What the rule did, in turn.
fn fired(world: &Model) -> Vec<Option<Verb>> {
    let verb = |event: &Event| match event {
        Event::RuleFired { verb, .. } => Some(*verb),
        _ => None,
    };
    let records = world.journal.iter();
    records.filter_map(|record| verb(&record.event)).collect()
}

fn changes(world: &Model) -> usize {
    world.writes.iter().filter(|write| write.changed).count()
}

const PAUSED: Option<Verb> = Some(Verb::Pause);
const HALTED: Option<Verb> = Some(Verb::Halt);

/// A rollout that was paused by a rule that would have halted it.
fn paused(without: Option<Guard>) -> Model {
    let mut world = world(without);
    for _ in 0..6 {
        hear(&mut world, true, Reach::HaltAfterHours(48));
    }
    assert_eq!(world.store.status, Status::Stopped);
    world
}

#[test]
fn a_pause_becomes_a_halt_once_the_rule_may_halt() {
    let mut world = paused(None);
    assert_eq!((fired(&world), app(&world).latched), (vec![PAUSED], false));
    for _ in 0..6 {
        hear(&mut world, true, Reach::Halt);
        let state = replay(&world.journal);
        assert_eq!(state, world.state);
    }
    // What may flap does not: the rule has said its last word.
    for reach in [Reach::Pause, Reach::Halt, Reach::Context, Reach::Halt] {
        hear(&mut world, true, reach);
    }
    assert_eq!(fired(&world), [PAUSED, HALTED]);
    assert!(app(&world).latched && app(&world).breaches.is_empty());
    assert_eq!(changes(&world), 1, "the store was stopped already");
    let tells = |event: &Event| matches!(event, Event::TellQueued { text, .. } if text.as_str().contains(": halt at "));
    assert_eq!(world.count(tells), 1);
}

#[test]
fn what_only_told_stops_once_a_source_carries_it() {
    let mut world = world(None);
    for _ in 0..6 {
        hear(&mut world, true, Reach::Context);
    }
    assert_eq!((fired(&world), changes(&world)), (vec![None], 0));
    for _ in 0..6 {
        hear(&mut world, true, Reach::Pause);
    }
    assert_eq!((fired(&world), changes(&world)), (vec![None, PAUSED], 1));
}

#[test]
fn data_from_before_the_pause_make_no_halt_of_it() {
    let hours = |hours: i64| TimeDelta::hours(hours);
    let mut world = world(None);
    for _ in 0..30 {
        hear_late(&mut world, true, Reach::Pause, hours(1));
    }
    assert_eq!(fired(&world), [PAUSED]);
    let at = app(&world).fired[&"floor".into()].at;
    while world.now < at + hours(1) {
        hear_late(&mut world, true, Reach::Halt, hours(1));
        assert_eq!(fired(&world), [PAUSED]);
    }
    for _ in 0..4 {
        hear_late(&mut world, true, Reach::Halt, hours(1));
    }
    assert_eq!(fired(&world), [PAUSED, HALTED]);
}

#[test]
fn what_a_person_resumed_is_not_halted_on_what_was_known_before() {
    let mut world = paused(None);
    world.ask(Verb::Resume);
    let under_way = std::mem::take(&mut world.pending);
    for _ in 0..3 {
        hear(&mut world, true, Reach::Halt);
    }
    assert_eq!(fired(&world), [PAUSED]);
    world.pending = under_way;
    world.settle();
    assert_eq!(world.store.status, Status::InProgress);
    assert!(app(&world).fired.is_empty() && !app(&world).latched);
    for _ in 0..10 {
        hear(&mut world, false, Reach::Halt);
    }
    assert_eq!(fired(&world), [PAUSED]);
}

#[test]
fn a_journal_from_before_goes_on() {
    let mut world = paused(None);
    // As it was written: the verb has always been in it.
    let text = serde_json::to_string(&world.journal).unwrap();
    world.state = replay(&serde_json::from_str::<Vec<_>>(&text).unwrap());
    let floor = app(&world).fired[&"floor".into()];
    assert!(matches!(floor, Fired { verb: PAUSED, .. }));
    world.crash();
    world.drain();
    for _ in 0..4 {
        hear(&mut world, true, Reach::Halt);
    }
    assert_eq!(fired(&world), [PAUSED, HALTED]);
}

#[test]
fn a_rule_that_is_not_breached_any_more_is_not_forgotten() {
    let mut world = paused(None);
    let cleared = Event::RuleCleared {
        rule: "floor".into(),
    };
    let at = world.now;
    let breached = Event::RuleBreached {
        rule: "floor".into(),
        polls: 1,
        through: at,
        sentence: "it crashes".into(),
    };
    let mut state = world.state.clone();
    for event in [&breached, &cleared] {
        state.apply(at, Some(&app_id(0)), event);
    }
    assert_eq!(state.app(&app_id(0)).unwrap().fired, app(&world).fired);
    state.apply(at, Some(&app_id(0)), &cleared);
    assert!(state.app(&app_id(0)).unwrap().fired.is_empty());
    let by_rule = |actor: &Actor| matches!(actor, Actor::Rule { .. });
    assert!(app(&world).stopped_by.as_ref().is_some_and(by_rule));
    // Without the guard it fires with every poll.
    world = paused(Some(Guard::FireOnce));
    assert!(fired(&world).len() > 1);
}
