//! People who are quicker than a gate: at the console, before its write or between the write and its read-back.

use super::super::model::Fate;
use super::*;
use crate::domain::{Failure, FailureKind};

/// A stop in the console between the gate's write and its read-back is a person's, and so is the resume after it.
#[test]
fn who_stops_what_the_gate_has_just_raised_has_the_later_word() {
    let mut world = world();
    polls(&mut world, 2);
    let written = |world: &Model| app(world).writing.is_some();
    for _ in 0..3 {
        if !written(&world) {
            world.poll(false, true);
        }
    }
    let effects = std::mem::take(&mut world.pending);
    for effect in effects {
        if let Effect::Write { .. } = effect {
            let answer = world.carry_out(effect, Fate::Works);
            world.console(Status::Stopped);
            world.feed(&answer);
        }
    }
    world.drain();
    assert_eq!((at(&world), climbs(&world)), ((Status::Stopped, 25), 1));
    assert_eq!(app(&world).stopped_by, Some(Actor::Outside));
    assert_eq!(app(&world).desire, None);

    world.console(Status::InProgress);
    world.pending.push(Effect::Read { app: app_id(0) });
    polls(&mut world, 4);
    assert_eq!(app(&world).resumes, 1, "evidence starts again");
    assert_eq!(at(&world), (Status::InProgress, 50), "and it climbs again");
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

/// Invariant 2, guard `YieldToStops`: what somebody stopped since the store was last read is stopped when the gate's write comes.
#[test]
fn a_stop_that_nobody_has_seen_yet_is_not_undone_by_the_gate() {
    let story = |without| {
        let mut world = quiet(without);
        world.drain();
        polls(&mut world, 2);
        let writes = |effect: &Effect| matches!(effect, Effect::Write { .. });
        while !world.pending.iter().any(writes) {
            world.poll(false, true);
        }
        world.console(Status::Stopped);
        polls(&mut world, 1);
        world
    };
    let mut held = story(None);
    assert_eq!((at(&held), climbs(&held)), ((Status::Stopped, 5), 1));
    assert_eq!(app(&held).stopped_by, Some(Actor::Outside));
    assert_eq!(app(&held).desire, None);
    assert!(held.violations.is_empty(), "{:?}", held.violations);
    held.ask(Verb::Resume);
    polls(&mut held, 4);
    assert_eq!(at(&held), (Status::InProgress, 25), "a person lifts it");
    assert!(held.violations.is_empty(), "{:?}", held.violations);

    let undone = story(Some(Guard::YieldToStops));
    assert_eq!(at(&undone), (Status::InProgress, 25));
    assert!(!undone.violations.is_empty());
}

/// A raise that somebody was quicker with is over, not a failure that stays.
#[test]
fn who_gives_it_to_everybody_meanwhile_ends_the_raise() {
    let mut world = world();
    polls(&mut world, 1);
    world.ask(Verb::Advance);
    let write = world
        .pending
        .iter()
        .position(|it| matches!(it, Effect::Write { .. }));
    let Effect::Write {
        app: id,
        revision,
        attempt,
        ..
    } = world.pending.remove(write.unwrap())
    else {
        unreachable!()
    };
    world.console(Status::Completed);
    let failure = Failure::new(FailureKind::Refused, "fully released");
    world.feed(&Input::WriteDone {
        app: id.clone(),
        revision,
        attempt,
        result: Err(failure),
    });
    assert!(app(&world).incident.is_some(), "somebody is paged");
    world.pending.push(Effect::Read { app: id });
    polls(&mut world, 2);
    assert_eq!((app(&world).desire, app(&world).needs_person), (None, None));
    assert!(app(&world).incident.is_none(), "nothing is wrong any more");
}
