//! How long a halt waits, whatever the store asks for.

use chrono::TimeDelta;

use super::model::{Fate, Model, plan};
use crate::domain::{Event, Failure, FailureKind, PlainText, Status};
use crate::engine::Input;

/// A world whose store has been read once.
fn world() -> Model {
    let mut world = Model::new(plan(1, TimeDelta::zero(), None), 7);
    world.drain();
    world
}

/// A store that wants to be left alone for a day does not keep a halt waiting, nor people in the dark.
#[test]
fn a_store_that_asks_for_silence_is_asked_again_and_people_hear_of_it() {
    let mut world = world();
    for _ in 0..2 {
        world.poll(true, true);
    }
    let began = world.now;
    let quota = Failure {
        retry_after: Some(86_400),
        ..Failure::new(FailureKind::Quota, "slow down")
    };
    while world.now < began + TimeDelta::minutes(30) {
        let effects = std::mem::take(&mut world.pending);
        for effect in effects {
            let answer = match world.carry_out(effect, Fate::LostRequest) {
                Input::WriteDone {
                    app,
                    revision,
                    attempt,
                    ..
                } => Input::WriteDone {
                    app,
                    revision,
                    attempt,
                    result: Err(quota.clone()),
                },
                other => other,
            };
            world.feed(&answer);
        }
        world.now += TimeDelta::seconds(30);
        world.feed(&Input::Tick);
    }
    let told = |text: &PlainText| {
        text.as_str()
            .contains("halt has failed 4 times and goes on")
    };
    let pages = world.count(|event| matches!(event, Event::TellQueued { text, .. } if told(text)));
    assert_eq!(pages, 1);
    world.settle();
    assert_eq!(world.store.status, Status::Stopped);
}
