//! One test an invariant of the engine, each with the guard that holds it: with the guard taken out the same story must
//! end otherwise.

use chrono::TimeDelta;

use super::model::{Fate, Model, app_id, plan};
use crate::domain::event::{Urgency, Withheld};
use crate::domain::{Actor, Event, PlainText, Status, Target, Verb};
use crate::engine::guard::Guard;
use crate::engine::{Context, Effect, Input, replay, step};

/// A world whose store has been read once.
fn world(without: Option<Guard>) -> Model {
    world_with(TimeDelta::zero(), without)
}

fn world_with(grace: TimeDelta, without: Option<Guard>) -> Model {
    let mut world = Model::new(plan(1, grace, without), 7);
    world.drain();
    world
}

/// Polls until the rule has fired and everything that follows is done.
fn halt(world: &mut Model) {
    for _ in 0..6 {
        world.poll(true, true);
        world.drain();
    }
}

fn halts_wanted(world: &Model) -> usize {
    world.count(|event| {
        matches!(
            event,
            Event::DesireSet {
                verb: Verb::Halt,
                ..
            }
        )
    })
}

fn confirmed(world: &Model) -> usize {
    world.count(|event| matches!(event, Event::DesireConfirmed { .. }))
}

/// Invariant 1, guard `ReadBack`: a store that says yes and does nothing is found out.
#[test]
fn a_halt_is_proven_by_reading_the_store() {
    let story = |without| {
        let mut world = world(without);
        for _ in 0..3 {
            world.poll(true, true);
            while let Some(effect) = world.pending.pop() {
                let answer = world.carry_out(effect, Fate::EmptyPromise);
                world.feed(&answer);
            }
        }
        world
    };
    let held = story(None);
    assert_eq!(
        (held.store.status, confirmed(&held)),
        (Status::InProgress, 0)
    );
    assert!(
        held.state.app(&app_id(0)).unwrap().desire.is_some(),
        "it is still wanted"
    );
    assert_eq!(confirmed(&story(Some(Guard::ReadBack))), 1);
}

/// Invariant 1, guard `KeepWanting`: an unreachable store does not end a halt.
#[test]
fn a_halt_outlives_every_failure() {
    let story = |without| {
        let mut world = world(without);
        for _ in 0..3 {
            world.poll(true, true);
        }
        for _ in 0..20 {
            world.now += TimeDelta::minutes(6);
            world.feed(&Input::Tick);
            for effect in std::mem::take(&mut world.pending) {
                let answer = world.carry_out(effect, Fate::LostRequest);
                world.feed(&answer);
            }
        }
        let pages = world.count(|event| matches!(event, Event::TellQueued { urgency: Urgency::Page, text, .. } if text.as_str().contains("failed")));
        world.settle();
        (world.store.status, pages)
    };
    assert_eq!(
        story(None),
        (Status::Stopped, 1),
        "somebody was told, and it came true in the end"
    );
    assert_eq!(story(Some(Guard::KeepWanting)).0, Status::InProgress);
}

/// Invariant 1, guard `Recover`: a crash between the write and its answer.
#[test]
fn a_crash_in_mid_write_is_looked_after() {
    let story = |without| {
        let mut world = world(without);
        for _ in 0..3 {
            world.poll(true, true);
        }
        let write = world
            .pending
            .iter()
            .position(|effect| matches!(effect, Effect::Write { .. }))
            .unwrap();
        let effect = world.pending.remove(write);
        world.carry_out(effect, Fate::LostReply);
        world.crash();
        world.settle();
        (
            world.store.status,
            confirmed(&world),
            world.writes.iter().filter(|write| write.changed).count(),
        )
    };
    assert_eq!(story(None), (Status::Stopped, 1, 1));
    assert_eq!(story(Some(Guard::Recover)).1, 0);
}

/// Invariant 2, guard `PersonRaises`: whoever is no person raises nothing.
#[test]
fn only_a_person_raises_exposure() {
    let story = |without| {
        let mut world = world(without);
        halt(&mut world);
        let rule = Actor::Rule { id: "floor".into() };
        super::super::step::tests_want(
            &world.plan,
            &world.state,
            &app_id(0),
            Verb::Resume,
            rule,
            world.now,
        )
    };
    assert!(
        !story(None)
            .iter()
            .any(|event| matches!(event, Event::DesireSet { .. }))
    );
    let raised = |event: &Event| {
        matches!(
            event,
            Event::DesireSet {
                target: Target::InProgress { .. },
                ..
            }
        )
    };
    assert!(story(Some(Guard::PersonRaises)).iter().any(raised));
}

/// Invariant 2, guard `RestartEvidence`: after a person's resume the old evidence halts nothing, and new evidence does.
#[test]
fn a_resume_starts_the_evidence_anew() {
    let story = |without| {
        let mut world = world(without);
        halt(&mut world);
        world.now += TimeDelta::minutes(1);
        world.console(Status::InProgress);
        world.pending.push(Effect::Read { app: app_id(0) });
        world.drain();
        for _ in 0..5 {
            world.poll(false, true);
            world.drain();
        }
        let calm = (halts_wanted(&world), world.store.status);
        for _ in 0..8 {
            world.poll(true, true);
            world.drain();
        }
        assert!(world.violations.is_empty(), "{:?}", world.violations);
        (calm, halts_wanted(&world), world.store.status)
    };
    assert_eq!(story(None), ((1, Status::InProgress), 2, Status::Stopped));
    assert_eq!(
        story(Some(Guard::RestartEvidence)).1,
        1,
        "without it the rule never fires again"
    );
}

/// Invariant 3: stale data halt nothing, however bad they are.
#[test]
fn unknown_health_halts_nothing() {
    let mut world = world(None);
    for _ in 0..10 {
        world.poll(true, false);
        world.drain();
    }
    assert_eq!(halts_wanted(&world), 0);
    assert_eq!(
        world.state.app(&app_id(0)).unwrap().health,
        crate::domain::Health::Unknown
    );
    assert!(
        world.count(|event| matches!(event, Event::SourceLost { .. })) == 1,
        "and somebody is told, once"
    );
}

/// Invariant 4, guards `OneWrite` and `FireOnce`: one breach, one act, one line in the audit log.
#[test]
fn one_breach_is_one_act() {
    let story = |without| {
        let mut world = world(without);
        for _ in 0..3 {
            world.poll(true, true);
        }
        for _ in 0..5 {
            world.now += TimeDelta::seconds(1);
            world.feed(&Input::Tick);
            world.poll(true, true);
        }
        let writes = world
            .pending
            .iter()
            .filter(|effect| matches!(effect, Effect::Write { .. }))
            .count();
        let fired = world.count(|event| matches!(event, Event::RuleFired { .. }));
        world.settle();
        (writes, fired, confirmed(&world))
    };
    assert_eq!(story(None), (1, 1, 1));
    assert!(story(Some(Guard::FireOnce)).1 > 1);
    // Without the guard a second desire writes while the first one's write is still in flight.
    let story = |without| {
        let mut world = world(without);
        for _ in 0..3 {
            world.poll(true, true);
        }
        world.ask(Verb::Pause);
        world
            .pending
            .iter()
            .filter(|effect| matches!(effect, Effect::Write { .. }))
            .count()
    };
    assert_eq!((story(None), story(Some(Guard::OneWrite))), (1, 2));
}

/// Invariant 6: the state is the fold of the journal, at every length of it.
#[test]
fn the_past_is_the_fold_of_a_prefix() {
    let mut world = world(None);
    let mut states = vec![(world.journal.len(), world.state.clone())];
    for moment in 0..12 {
        world.poll(moment > 3, true);
        world.drain();
        states.push((world.journal.len(), world.state.clone()));
    }
    for (length, state) in states {
        let prefix: Vec<_> = world.journal.iter().take(length).cloned().collect();
        assert_eq!(replay(&prefix), state);
        // What the journal keeps is JSON: it must come back as it was.
        let text = serde_json::to_string(&prefix).unwrap();
        let back: Vec<crate::domain::Record> = serde_json::from_str(&text).unwrap();
        assert_eq!(replay(&back), state);
    }
}

/// Invariant 10, guard `Budget`: the fifth automatic act on one app in a day is a person's.
#[test]
fn automatic_acts_have_a_budget() {
    let story = |without| {
        let mut world = world(without);
        for _ in 0..7 {
            halt(&mut world);
            world.now += TimeDelta::minutes(1);
            world.console(Status::InProgress);
            world.pending.push(Effect::Read { app: app_id(0) });
            world.drain();
        }
        let asked = world.count(|event| {
            matches!(
                event,
                Event::ActWithheld {
                    why: Withheld::Budget { .. },
                    ..
                }
            )
        });
        (halts_wanted(&world), asked > 0)
    };
    assert_eq!(story(None), (4, true));
    assert_eq!(story(Some(Guard::Budget)), (7, false));
}

/// Invariant 10, guard `Budget`: when three apps of four breach within minutes, the source is probably broken.
#[test]
fn a_storm_of_breaches_asks_a_person() {
    let story = |without| {
        let mut world = Model::new(plan(4, TimeDelta::zero(), without), 7);
        for n in 0..4 {
            let view = world.read();
            world.feed(&Input::StoreRead {
                app: app_id(n),
                result: Ok(view),
            });
        }
        for _ in 0..4 {
            world.poll(true, true);
            for n in 1..4 {
                let observation = world.observation(&app_id(n), true);
                world.feed(&Input::Observed {
                    app: app_id(n),
                    observation: Box::new(observation),
                });
            }
        }
        world.count(|event| {
            matches!(
                event,
                Event::ActWithheld {
                    why: Withheld::Storm { .. },
                    ..
                }
            )
        })
    };
    assert_eq!(story(None), 2, "the third and the fourth");
    assert_eq!(story(Some(Guard::Budget)), 0);
}

/// Invariant 11, guard `Distrust`: without a journal that can be trusted haltline watches and tells.
#[test]
fn without_a_journal_nothing_is_done() {
    let story = |without| {
        let mut world = world(without);
        for _ in 0..3 {
            world.poll(true, true);
        }
        world.pending.clear();
        // The same once more, on a fresh state, with a journal that cannot be written.
        let fresh = Model::new(plan(1, TimeDelta::zero(), without), 7).state;
        let observation = world.observation(&app_id(0), true);
        let context = Context {
            distrust: Some("the disk is full".into()),
            ..Context::at(world.now)
        };
        let mut state = fresh;
        let (mut writes, mut told) = (0, false);
        let view = world.read();
        let read = Input::StoreRead {
            app: app_id(0),
            result: Ok(view),
        };
        let observed = Input::Observed {
            app: app_id(0),
            observation: Box::new(observation),
        };
        for input in [&read, &observed, &observed, &Input::Tick] {
            let step = step(&world.plan, &state, input, &context);
            writes += step
                .effects
                .iter()
                .filter(|effect| matches!(effect, Effect::Write { .. }))
                .count();
            told |= step.events.iter().any(|(_, event)| {
                matches!(
                    event,
                    Event::TellQueued {
                        urgency: Urgency::Page,
                        ..
                    }
                )
            });
            state = step.state;
        }
        (writes, told)
    };
    assert_eq!(story(None), (0, true));
    assert_eq!(story(Some(Guard::Distrust)).0, 1);
}

/// Invariant 12, guard `Disarm`: the red button stops what was announced and what is being tried; arming goes on with it.
#[test]
fn the_red_button_stops_automation_until_it_is_armed() {
    let story = |without| {
        let mut world = world_with(TimeDelta::minutes(4), without);
        for _ in 0..3 {
            world.poll(true, true);
        }
        assert!(world.state.app(&app_id(0)).unwrap().announced.is_some());
        world.press_red_button(true);
        world.crash();
        world.settle();
        let quiet = world.store.status;
        world.press_red_button(false);
        world.poll(true, true);
        world.settle();
        (quiet, world.store.status)
    };
    assert_eq!(story(None), (Status::InProgress, Status::Stopped));
    assert_eq!(story(Some(Guard::Disarm)).0, Status::Stopped);
}

/// A held act is held once, for at most 15 minutes, and then done.
#[test]
fn an_announced_act_is_held_once() {
    let mut world = world_with(TimeDelta::minutes(4), None);
    for _ in 0..3 {
        world.poll(true, true);
    }
    let due = world
        .state
        .app(&app_id(0))
        .unwrap()
        .announced
        .as_ref()
        .unwrap()
        .due;
    let postpone = |world: &mut Model| {
        let request = crate::domain::ActRequest {
            id: "x".into(),
            app: Some(app_id(0)),
            act: crate::domain::Act::Postpone,
            actor: Actor::Person {
                name: "alice".into(),
                host: PlainText::default(),
            },
            standing: crate::domain::Standing::default(),
            reason: "looking".into(),
            expect: None,
        };
        let step = step(
            &world.plan,
            &world.state,
            &Input::Asked {
                request: request.clone(),
            },
            &Context::at(world.now),
        );
        world.feed(&Input::Asked { request });
        step.reply.unwrap()
    };
    assert_eq!(postpone(&mut world), crate::domain::ActReply::Done);
    assert!(matches!(
        postpone(&mut world),
        crate::domain::ActReply::Refused(..)
    ));
    let later = world
        .state
        .app(&app_id(0))
        .unwrap()
        .announced
        .as_ref()
        .unwrap()
        .due;
    assert_eq!(later - due.max(world.now), TimeDelta::minutes(15));
    world.settle();
    assert_eq!(world.store.status, Status::Stopped);
}

/// A pause without grace beside a halt with one: stopped at once, latched when the grace is over.
#[test]
fn a_pause_does_not_swallow_an_announced_halt() {
    let mut world = world_with(TimeDelta::minutes(30), None);
    let app = world.plan.apps.get_mut(&app_id(0)).unwrap();
    let mut policy = (*app.policy).clone();
    let pause = crate::policy::Rule {
        id: "pause".into(),
        action: crate::policy::Action::Pause,
        grace: TimeDelta::zero(),
        ..policy.rules[0].clone()
    };
    policy.rules.push(pause);
    app.policy = std::sync::Arc::new(policy);
    halt(&mut world);
    let app = world.state.app(&app_id(0)).unwrap();
    assert_eq!((world.store.status, app.latched), (Status::Stopped, false));
    world.settle();
    assert!(world.state.app(&app_id(0)).unwrap().latched);
    assert_eq!(world.writes.iter().filter(|write| write.changed).count(), 1);
}
