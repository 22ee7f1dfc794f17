//! Rollouts on Play that haltline carries out: up through open gates, and never otherwise.

mod checks;
mod overtaken;

use chrono::{TimeDelta, Weekday};

use super::model::{Model, app_id, climbing};
use crate::domain::event::{Urgency, Withheld};
use crate::domain::{
    Act, ActReply, ActRequest, Actor, Check, CheckHow, Event, Exposure, PlainText, Record, Status,
    StoreKind, Verb,
};
use crate::engine::guard::Guard;
use crate::engine::{AppState, Context, Effect, Input, step};
use crate::policy::calendar::{Freeze, Window};
use crate::policy::{Approval, Role, Stage, Start};

pub(super) fn world() -> Model {
    with(|_| {})
}

/// Whose stages are changed before it begins.
pub(super) fn with(change: impl Fn(&mut Vec<Stage>)) -> Model {
    let mut world = quiet_with(None, change);
    world.drain();
    world
}

/// Whose store has not been read yet.
fn quiet(without: Option<Guard>) -> Model {
    quiet_with(without, |_| {})
}

fn quiet_with(without: Option<Guard>, change: impl Fn(&mut Vec<Stage>)) -> Model {
    let plan = climbing(StoreKind::GooglePlay, TimeDelta::zero(), without);
    let mut world = Model::new(plan, 7);
    let app = world.plan.apps.get_mut(&app_id(0)).unwrap();
    let mut policy = (*app.policy).clone();
    // Three polls a stage.
    for stage in &mut policy.stages {
        stage.soak = TimeDelta::minutes(12);
    }
    change(&mut policy.stages);
    app.policy = std::sync::Arc::new(policy);
    world
}

pub(super) fn app(world: &Model) -> AppState {
    world.state.app(&app_id(0)).unwrap().clone()
}

/// So many polls of a healthy version, everything carried out.
pub(super) fn polls(world: &mut Model, count: usize) {
    for _ in 0..count {
        world.poll(false, true);
        world.drain();
    }
}

/// Five minutes later, without a word.
pub(super) fn wait(world: &mut Model, minutes: i64) {
    for _ in 0..minutes {
        world.now += TimeDelta::minutes(1);
        world.feed(&Input::Tick);
        world.drain();
    }
}

pub(super) fn person(name: &str) -> Actor {
    Actor::Person {
        name: name.into(),
        host: PlainText::default(),
    }
}

pub(super) fn ask(world: &mut Model, verb: Verb, to: Option<Exposure>) -> ActReply {
    let request = ActRequest {
        id: format!("ask-{}", world.journal.len()),
        app: Some(app_id(0)),
        act: Act::Do { verb, to },
        actor: person("alice"),
        standing: crate::domain::Standing::default(),
        reason: "asked".into(),
        expect: None,
    };
    let input = Input::Asked { request };
    let reply = step(&world.plan, &world.state, &input, &Context::at(world.now)).reply;
    world.feed(&input);
    world.drain();
    reply.unwrap()
}

/// Puts an event into the journal that another part of the engine makes.
pub(super) fn happens(world: &mut Model, event: Event) {
    let (seq, app) = (world.journal.len() as u64 + 1, Some(app_id(0)));
    world.state.apply(world.now, app.as_ref(), &event);
    world.journal.push(Record {
        seq,
        at: world.now,
        app,
        event,
    });
}

pub(super) fn approve(world: &mut Model, name: &str, percent: u32) {
    let stage = Exposure::from_percent(percent);
    let (actor, reason) = (person(name), "looked".into());
    happens(
        world,
        Event::Approved {
            stage,
            actor,
            standing: crate::domain::Standing::default(),
            reason,
        },
    );
}

pub(super) fn at(world: &Model) -> (Status, u32) {
    (world.store.status, whole(world.store.exposure))
}

/// In percent.
fn whole(exposure: Exposure) -> u32 {
    exposure.percent().round() as u32
}

/// What the gate still wants.
fn missing(world: &Model) -> Vec<String> {
    let gate = app(world).gate.unwrap();
    let why = gate.why.iter().filter(|_| !gate.open);
    why.map(ToString::to_string).collect()
}

pub(super) fn overruled(world: &Model) -> Vec<(u32, u32, usize)> {
    let of = |record: &Record| match &record.event {
        Event::GateOverruled {
            stage, next, unmet, ..
        } => Some((whole(*stage), whole(*next), unmet.len())),
        _ => None,
    };
    world.journal.iter().filter_map(of).collect()
}

fn climbs(world: &Model) -> usize {
    world.count(|event| {
        matches!(event, Event::DesireSet { actor: Actor::Gate { .. }, verb, .. } if !verb.lowers())
    })
}

#[test]
fn a_healthy_rollout_goes_to_everybody_stage_by_stage() {
    let mut world = world();
    assert_eq!(app(&world).ladder, Some(Actor::Haltline));
    let mut seen = vec![at(&world)];
    for _ in 0..12 {
        polls(&mut world, 1);
        if seen.last() != Some(&at(&world)) {
            seen.push(at(&world));
        }
    }
    let running = Status::InProgress;
    assert_eq!(
        seen,
        [
            (running, 5),
            (running, 25),
            (running, 50),
            (Status::Completed, 100)
        ]
    );
    assert_eq!(climbs(&world), 3);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn without_the_ladder_the_gate_is_judged_and_people_move_the_rollout() {
    let mut world = quiet(None);
    world.plan.apps.get_mut(&app_id(0)).unwrap().start = Start::Manual;
    world.state = crate::engine::State::default();
    world.journal.clear();
    world.crash();
    world.drain();
    polls(&mut world, 4);
    assert!(app(&world).gate.unwrap().open);
    assert_eq!(
        (at(&world), app(&world).ladder),
        ((Status::InProgress, 5), None)
    );
    assert_eq!(ask(&mut world, Verb::Start, None), ActReply::Done);
    assert_eq!(app(&world).ladder, Some(person("alice")));
    polls(&mut world, 1);
    assert_eq!(at(&world).1, 25);
    // Twice is once; further is a raise of the person who asks.
    assert!(matches!(
        ask(&mut world, Verb::Start, None),
        ActReply::Refused(..)
    ));
    let half = Some(Exposure::from_percent(50));
    assert!(matches!(
        ask(&mut world, Verb::Start, half),
        ActReply::Taken { .. }
    ));
    assert_eq!((at(&world).1, overruled(&world).len()), (50, 1));
}

#[test]
fn a_ladder_of_an_older_journal_is_taken_when_the_watcher_starts() {
    let mut world = world();
    world
        .journal
        .retain(|record| !matches!(record.event, Event::LadderTaken { .. }));
    world.state = crate::engine::replay(&world.journal);
    assert_eq!(app(&world).ladder, None);
    world.crash();
    assert_eq!(app(&world).ladder, Some(Actor::Haltline));
}

#[test]
fn what_somebody_stopped_or_holds_no_gate_moves() {
    let mut world = world();
    polls(&mut world, 1);
    ask(&mut world, Verb::Hold, None);
    polls(&mut world, 5);
    assert_eq!((at(&world).1, app(&world).gate.unwrap().open), (5, true));
    ask(&mut world, Verb::Resume, None);
    polls(&mut world, 1);
    assert_eq!(at(&world).1, 25, "the hold is lifted");
    for _ in 0..8 {
        world.poll(true, true);
        world.drain();
    }
    assert_eq!(
        (at(&world), app(&world).latched),
        ((Status::Stopped, 25), true)
    );
    polls(&mut world, 20);
    assert_eq!(at(&world), (Status::Stopped, 25));
    ask(&mut world, Verb::Resume, None);
    assert_eq!(at(&world), (Status::InProgress, 25));
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_stop_at_the_console_is_not_undone_by_a_raise_under_way() {
    let mut world = world();
    polls(&mut world, 2);
    world.poll(false, true);
    let write = world
        .pending
        .iter()
        .position(|it| matches!(it, Effect::Write { .. }));
    let effect = world.pending.remove(write.unwrap());
    let answer = world.carry_out(effect, super::model::Fate::EmptyPromise);
    world.console(Status::Stopped);
    world.feed(&answer);
    world.settle();
    assert_eq!(at(&world), (Status::Stopped, 5));
    assert_eq!(app(&world).stopped_by, Some(Actor::Outside));
    assert_eq!(app(&world).desire, None);
}

#[test]
fn a_raise_that_has_not_come_true_ends_when_the_gate_shuts() {
    let mut world = world();
    polls(&mut world, 2);
    world.poll(false, true);
    assert_eq!(app(&world).desire.unwrap().verb, Verb::Advance);
    for _ in 0..3 {
        world.now += TimeDelta::minutes(1);
        world.feed(&Input::Tick);
        for effect in std::mem::take(&mut world.pending) {
            let answer = world.carry_out(effect, super::model::Fate::LostRequest);
            world.feed(&answer);
        }
    }
    world.poll(false, false);
    world.settle();
    assert_eq!((at(&world).1, app(&world).desire), (5, None));
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_person_goes_past_shut_gates_and_that_is_written_down() {
    let mut world = world();
    polls(&mut world, 1);
    ask(&mut world, Verb::Advance, Some(Exposure::from_percent(50)));
    assert_eq!(at(&world).1, 50);
    let seen = overruled(&world);
    assert_eq!(
        seen.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(),
        [(5, 25), (25, 50)]
    );
    assert!(
        seen.iter().all(|it| it.2 > 0),
        "and what they wanted: {seen:?}"
    );
    // Through an open gate nothing is overruled.
    let mut world = quiet(None);
    world.plan.apps.get_mut(&app_id(0)).unwrap().advise = true;
    world.drain();
    polls(&mut world, 3);
    ask(&mut world, Verb::Advance, None);
    assert_eq!((at(&world).1, overruled(&world).len()), (25, 0));
}

#[test]
fn in_advise_mode_an_open_gate_is_told_once() {
    let mut world = quiet(None);
    world.plan.apps.get_mut(&app_id(0)).unwrap().advise = true;
    world.drain();
    polls(&mut world, 10);
    let withheld = |event: &Event| {
        matches!(
            event,
            Event::ActWithheld {
                why: Withheld::Advise,
                verb: Verb::Advance,
                ..
            }
        )
    };
    assert_eq!((at(&world).1, world.count(withheld)), (5, 1));
    assert!(app(&world).needs_person.is_some());
    ask(&mut world, Verb::Advance, None);
    assert_eq!(app(&world).needs_person, None);
    polls(&mut world, 4);
    assert_eq!(world.count(withheld), 2, "the next gate is another one");
    // What a gate could not do is forgotten when it shuts.
    world.poll(false, false);
    assert_eq!(
        (app(&world).needs_person, app(&world).withheld),
        (None, None)
    );
}

#[test]
fn gates_have_a_budget_of_their_own() {
    let story = |without| {
        let mut world = quiet(without);
        world.plan.budgets.gates_per_app_day = 1;
        world.drain();
        polls(&mut world, 10);
        world
    };
    let mut world = story(None);
    assert_eq!((at(&world).1, world.state.acts.len()), (25, 0));
    let told = |event: &Event| {
        matches!(
            event,
            Event::ActWithheld {
                why: Withheld::Budget { .. },
                ..
            }
        )
    };
    assert_eq!(world.count(told), 1);
    // The machine may still stop it.
    for _ in 0..4 {
        world.poll(true, true);
        world.drain();
    }
    assert_eq!(at(&world).0, Status::Stopped);
    assert_eq!(story(Some(Guard::Budget)).store.status, Status::Completed);
    // A day later there is a new one.
    let mut world = story(None);
    for act in &mut world.state.gate_acts {
        act.0 -= TimeDelta::hours(24);
    }
    polls(&mut world, 1);
    assert_eq!((at(&world).1, app(&world).needs_person), (50, None));
}

#[test]
fn two_persons_approve_and_a_stop_makes_it_void() {
    let mut world = with(|stages| {
        stages[1].approval = Some(Approval {
            role: Role::Operator,
            persons: 2,
        });
    });
    world.plan.access.operators = ["alice", "bob"].map(PlainText::from).into();
    polls(&mut world, 4);
    assert_eq!(
        missing(&world),
        ["approval of 25% by 2 operators: not given"]
    );
    for name in ["alice", "alice", "mallory"] {
        approve(&mut world, name, 25);
    }
    polls(&mut world, 2);
    assert_eq!(
        at(&world).1,
        5,
        "one person twice is one, and mallory is nobody"
    );
    ask(&mut world, Verb::Pause, None);
    ask(&mut world, Verb::Resume, None);
    approve(&mut world, "bob", 25);
    polls(&mut world, 3);
    assert_eq!(at(&world).1, 5, "alice approved what was stopped since");
    approve(&mut world, "alice", 25);
    polls(&mut world, 1);
    assert_eq!((at(&world).1, app(&world).approvals.len()), (25, 0));
}

#[test]
fn a_stage_is_entered_in_its_window_and_in_no_freeze() {
    let hours = |from: u32, until: u32| Window {
        days: vec![Weekday::Thu],
        from: chrono::NaiveTime::from_hms_opt(from, 0, 0).unwrap(),
        until: chrono::NaiveTime::from_hms_opt(until, 0, 0).unwrap(),
        zone: chrono_tz::UTC,
    };
    // The worlds begin on a Thursday at 08:53 UTC.
    let mut world = with(|stages| stages[1].window = Some(hours(10, 11)));
    let end = super::model::start() + TimeDelta::minutes(90);
    world.plan.freezes.push(Freeze {
        name: "launch".into(),
        from: super::model::start(),
        until: end,
    });
    polls(&mut world, 17);
    assert_eq!(at(&world).1, 5, "{:?}", missing(&world));
    polls(&mut world, 2);
    assert_eq!(at(&world).1, 25, "10:28 UTC, after the freeze");
}

pub(super) fn qa(every: i64) -> Check {
    Check {
        how: CheckHow::Exec(vec!["qa-gate".into()]),
        timeout: TimeDelta::minutes(1),
        every: TimeDelta::minutes(every),
    }
}

#[test]
fn a_rollout_that_was_begun_below_the_first_stage_goes_on_once_it_is_healthy() {
    let mut world = quiet(None);
    world.store.exposure = Exposure::from_percent(1);
    world.drain();
    assert_eq!(app(&world).gate, None);
    polls(&mut world, 3);
    assert!(at(&world).1 >= 5);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}
