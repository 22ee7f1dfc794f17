//! A clock that is put back by hours: nothing waits for hours because of it, and nothing is said or done twice.

use chrono::TimeDelta;

use super::model::{Fate, Model, app_id, plan, telling};
use crate::domain::{Event, Status};
use crate::engine::{Effect, Input, next_wake, replay};

/// A halt that the store did not hear, and a page that the pager did not take.
fn in_trouble() -> Model {
    let mut plan = plan(1, TimeDelta::zero(), None);
    plan.telling = telling();
    let mut world = Model::new(plan, 7);
    world.drain();
    for _ in 0..3 {
        world.poll(true, true);
    }
    for _ in 0..10 {
        world.now += TimeDelta::minutes(6);
        world.feed(&Input::Tick);
        for effect in std::mem::take(&mut world.pending) {
            let answer = world.carry_out(effect, Fate::LostRequest);
            world.feed(&answer);
        }
    }
    assert_eq!(world.store.status, Status::InProgress);
    world
}

fn told(world: &Model) -> usize {
    world.count(|event| matches!(event, Event::Told { channel, .. } if channel.as_str() == "pager"))
}

#[test]
fn what_is_due_is_not_due_hours_later() {
    let mut world = in_trouble();
    world.now -= TimeDelta::hours(3);
    let started = Input::Started {
        term: 2,
        haltline: "0.1.0".into(),
    };
    world.feed(&started);
    let wakes = next_wake(&world.plan, &world.state, world.now).unwrap();
    assert!(wakes <= world.now + TimeDelta::minutes(5), "{wakes}");
    let before = told(&world);
    for _ in 0..3 {
        world.drain();
        world.now += TimeDelta::minutes(6);
        world.feed(&Input::Tick);
    }
    world.drain();
    assert_eq!(world.store.status, Status::Stopped);
    assert!(told(&world) > before, "the pager is tried again");
    let state = world.state.app(&app_id(0)).unwrap();
    assert!(state.desire.is_none() && state.latched);
    assert_eq!(replay(&world.journal), world.state);

    // It is done, and told: no storm of either follows.
    let events = world.journal.len();
    for _ in 0..10 {
        world.now += TimeDelta::seconds(1);
        world.feed(&Input::Tick);
        let writes = |effect: &Effect| matches!(effect, Effect::Write { .. });
        assert!(!world.pending.iter().any(writes));
        world.drain();
    }
    assert!(
        world.journal.len() <= events + 2,
        "{}",
        world.journal.len() - events
    );
}

#[test]
fn a_few_seconds_are_nothing_that_anybody_minds() {
    let mut world = in_trouble();
    let before = world.state.clone();
    world.now -= TimeDelta::seconds(20);
    let started = Input::Started {
        term: 2,
        haltline: "0.1.0".into(),
    };
    world.feed(&started);
    assert_eq!(before.tells, world.state.tells);
}
