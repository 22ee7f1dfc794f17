//! Releases that wait: begun on a person's word, once nothing is in the way.

use chrono::TimeDelta;

use super::climbing::{app, approve, ask, at, overruled, person, polls, qa, wait, with, world};
use super::model::app_id;
use crate::domain::{ActReply, Event, Exposure, PlainText, Status, Verb, Version};
use crate::engine::{Effect, next_wake, to_begin};
use crate::policy::calendar::Freeze;
use crate::policy::{Approval, Role, WantKind};

#[test]
fn a_release_that_waits_begins_on_a_persons_word() {
    let mut world = world();
    world.store.status = Status::Completed;
    world.store.exposure = Exposure::FULL;
    world.upload();
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
    assert_eq!(app(&world).release.unwrap().version, Version::from_code(42));
    polls(&mut world, 5);
    assert_eq!(at(&world).0, Status::Completed, "nobody said so");
    assert!(matches!(
        ask(&mut world, Verb::Start, None),
        ActReply::Taken { .. }
    ));
    let app = app(&world);
    assert_eq!(app.release.unwrap().version, Version::from_code(43));
    assert_eq!(
        (at(&world), app.waiting, app.starting),
        ((Status::InProgress, 5), None, None)
    );
    assert_eq!(app.ladder, Some(person("alice")));
    polls(&mut world, 3);
    assert_eq!(at(&world).1, 25);
    assert!(world.lost_desires().is_empty());
}

#[test]
fn a_start_waits_for_its_gate_and_begins_by_itself() {
    let mut world = with(|stages| {
        stages[0].check = Some(qa(5));
        stages[0].approval = Some(Approval {
            role: Role::Admin,
            persons: 1,
        });
    });
    ask(&mut world, Verb::Hold, None);
    ask(&mut world, Verb::Resume, None);
    world.upload();
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
    let eight = Some(Exposure::from_percent(8));
    let ActReply::Waits { what } = ask(&mut world, Verb::Start, eight) else {
        panic!("it has to wait");
    };
    assert!(
        what.as_str()
            .starts_with("approval of 5% by an admin: not given"),
        "{what}"
    );
    let freeze = Freeze {
        name: "launch".into(),
        from: world.now,
        until: world.now + TimeDelta::minutes(30),
    };
    world.plan.freezes.push(freeze);
    approve(&mut world, "alice", 5);
    wait(&mut world, 1);
    let gate = to_begin(&world.plan, &world.state, &app_id(0), world.now).unwrap();
    let unmet: Vec<_> = gate
        .wants
        .iter()
        .filter(|want| want.met != Some(true))
        .map(|want| want.kind)
        .collect();
    assert_eq!(unmet, [WantKind::Check, WantKind::Window]);
    let wake = next_wake(&world.plan, &world.state, world.now);
    assert_eq!(wake, Some(world.plan.freezes[0].until));
    wait(&mut world, 30);
    assert_eq!(
        at(&world),
        (Status::InProgress, 8),
        "{:?}",
        app(&world).starting
    );
    assert_eq!(app(&world).release.unwrap().version, Version::from_code(43));
}

#[test]
fn a_start_that_was_asked_for_is_void_after_a_stop() {
    let mut world = with(|stages| stages[0].check = Some(qa(5)));
    world.upload();
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
    world.plan.freezes.push(Freeze {
        name: "launch".into(),
        from: world.now,
        until: world.now + TimeDelta::minutes(30),
    });
    assert!(matches!(
        ask(&mut world, Verb::Start, None),
        ActReply::Waits { .. }
    ));
    ask(&mut world, Verb::Halt, None);
    assert_eq!(app(&world).starting, None);
    wait(&mut world, 60);
    assert_eq!(app(&world).release.unwrap().version, Version::from_code(42));
    // Who knows of the halt may ask: the next release is the way out of it.
    let reply = ask(&mut world, Verb::Start, None);
    wait(&mut world, 6);
    let version = app(&world).release.unwrap().version;
    assert_eq!(
        version,
        Version::from_code(43),
        "{reply:?} {:#?}",
        app(&world)
    );
    assert_eq!(at(&world), (Status::InProgress, 5));
}

#[test]
fn a_person_begins_past_a_shut_gate() {
    let mut world = with(|stages| {
        stages[0].approval = Some(Approval {
            role: Role::Admin,
            persons: 1,
        });
    });
    world.store.status = Status::Completed;
    world.store.exposure = Exposure::FULL;
    world.upload();
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
    assert!(matches!(
        ask(&mut world, Verb::Start, None),
        ActReply::Waits { .. }
    ));
    assert!(matches!(
        ask(&mut world, Verb::Advance, None),
        ActReply::Taken { .. }
    ));
    assert_eq!((at(&world).1, overruled(&world)), (5, vec![(0, 5, 1)]));
}

/// The ask was made of a world in which that one was not.
#[test]
fn what_somebody_rolls_out_by_hand_voids_a_start_that_still_waits() {
    let mut world = world();
    world.upload();
    let shut = Freeze {
        name: "launch".into(),
        from: world.now - TimeDelta::hours(1),
        until: world.now + TimeDelta::hours(1),
    };
    world.plan.freezes = vec![shut];
    polls(&mut world, 1);
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
    world.ask(Verb::Start);
    assert!(app(&world).starting.is_some(), "it waits for the freeze");
    let waiting = world.waiting.clone();
    world.replace();
    world.waiting = waiting;
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
    assert!(app(&world).starting.is_none());
    let words = |text: &PlainText| text.as_str().contains("was rolled out: ask again");
    assert_eq!(
        world.count(|event| matches!(event, Event::TellQueued { text, .. } if words(text))),
        1
    );
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}
