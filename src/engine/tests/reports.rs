//! What a person did at the store by themselves: theirs, latched where it was a halt, never announced as a stranger's, never fought.

use chrono::TimeDelta;

use super::executions::{World, person};
use crate::domain::execution::Phase;
use crate::domain::{
    Act, ActReply, Actor, Event, Exposure, Failure, FailureKind, Status, StoreKind, Verb,
};

impl World {
    fn stop_at_store(&mut self) {
        self.store.release.as_mut().unwrap().status = Status::Stopped;
    }

    fn report(&mut self, verb: Verb, outcome: Result<Exposure, Failure>) -> ActReply {
        let at = self.now - TimeDelta::minutes(3);
        self.ask(person("alice"), Act::Report { verb, at, outcome })
    }

    fn drifts(&self) -> usize {
        let drift = |event: &Event| matches!(event, Event::Drift { .. });
        self.journal
            .iter()
            .filter(|record| drift(&record.event))
            .count()
    }

    fn told(&self, part: &str) -> bool {
        self.journal.iter().any(|record| {
            matches!(&record.event, Event::TellQueued { text, .. } if text.as_str().contains(part))
        })
    }

    fn writes(&self) -> usize {
        let write = |event: &Event| matches!(event, Event::WriteStarted { .. });
        self.journal
            .iter()
            .filter(|record| write(&record.event))
            .count()
    }
}

const AT: Exposure = Exposure::FULL;

#[test]
fn a_halt_that_is_told_of_first_is_no_strangers() {
    for store in [StoreKind::GooglePlay, StoreKind::AppStore] {
        let mut world = World::rolling(store);
        world.stop_at_store();
        assert_eq!(world.report(Verb::Halt, Ok(AT)), ActReply::Done);
        let app = world.app();
        assert!(app.latched && app.direct.is_none(), "{app:?}");
        assert_eq!(app.stopped_by, Some(person("alice")));
        assert_eq!(app.stopped_as, Some(Verb::Halt));
        assert_eq!((world.phase(), world.drifts()), (Some(Phase::Halted), 0));
        assert!(world.told("halted at 100%, directly at the store, by @alice"));
        world.tick(TimeDelta::hours(2));
        world.read();
        assert_eq!((world.writes(), world.drifts()), (0, 0));
        // A person lifts it as every other halt.
        world.verb(Verb::Resume);
        let app = world.app();
        assert!(!app.latched && app.hold.is_none() && app.stopped_by.is_none());
        assert_eq!(world.phase(), Some(Phase::Rolling));
    }
}

#[test]
fn a_halt_that_was_seen_before_it_was_told_of_is_explained() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.stop_at_store();
    world.read();
    assert_eq!((world.phase(), world.drifts()), (Some(Phase::Paused), 1));
    assert_eq!(world.app().stopped_by, Some(Actor::Outside));
    world.report(Verb::Halt, Ok(AT));
    let app = world.app();
    assert_eq!(app.stopped_by, Some(person("alice")));
    assert!(app.latched && app.hold.is_none());
    assert_eq!((world.phase(), world.writes()), (Some(Phase::Halted), 0));
}

#[test]
fn a_pause_does_not_latch_and_what_surely_failed_changes_nothing() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    let failed = Failure::new(FailureKind::Rights, "it may not");
    world.report(Verb::Halt, Err(failed));
    let app = world.app();
    assert!(!app.latched && app.hold.is_none() && app.direct.is_none());
    assert!(world.told("halt was tried directly at the store: it may not"));

    world.stop_at_store();
    world.report(
        Verb::Pause,
        Err(Failure::new(FailureKind::Ambiguous, "no answer")),
    );
    let app = world.app();
    assert_eq!((world.phase(), app.latched), (Some(Phase::Paused), false));
    assert_eq!(app.stopped_by, Some(person("alice")));
    let raised = world.report(Verb::Complete, Ok(AT));
    assert!(matches!(raised, ActReply::Refused(..)), "{raised:?}");
}

/// Somebody resumed it at the store before it was told of: that stands, and haltline raises nothing by itself.
#[test]
fn a_report_that_comes_late_fights_nobody() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.verb(Verb::Start);
    world.report(Verb::Halt, Ok(AT));
    world.read();
    let app = world.app();
    assert_eq!((world.phase(), app.latched), (Some(Phase::Holding), false));
    assert_eq!((app.hold, world.writes()), (Some(person("alice")), 0));
    // What stops it long after was not alice.
    world.tick(TimeDelta::hours(1));
    world.stop_at_store();
    world.read();
    let app = world.app();
    assert_eq!((app.stopped_by, world.drifts()), (Some(Actor::Outside), 1));
    assert!(!app.latched);
}

#[test]
fn what_was_being_raised_is_raised_no_further() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.is_down = true;
    world.ask(
        person("bob"),
        Act::Do {
            verb: Verb::Complete,
            to: None,
        },
    );
    assert!(world.app().desire.is_some());
    world.stop_at_store();
    world.report(Verb::Halt, Ok(AT));
    world.is_down = false;
    world.tick(TimeDelta::hours(1));
    world.read();
    let app = world.app();
    assert!(app.desire.is_none() && app.latched, "{app:?}");
    assert_eq!(world.phase(), Some(Phase::Halted));
    let release = world.store.release.as_ref().unwrap();
    assert_eq!(release.status, Status::Stopped);
    world.restart();
}
