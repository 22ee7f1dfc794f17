//! Rollouts on Play that haltline carries out: up through open gates, and never otherwise.

use chrono::{TimeDelta, Weekday};

use super::model::{Model, app_id, climbing};
use crate::domain::event::{Urgency, Withheld};
use crate::domain::{
    Act, ActReply, ActRequest, Actor, Check, CheckHow, Event, Exposure, PlainText, Record, Status,
    StoreKind, Verb, Version,
};
use crate::engine::guard::Guard;
use crate::engine::{AppState, Context, Effect, Input, next_wake, step, to_begin};
use crate::policy::calendar::{Freeze, Window};
use crate::policy::{Approval, Role, Stage, Start, WantKind};

fn world() -> Model {
    with(|_| {})
}

/// Whose stages are changed before it begins.
fn with(change: impl Fn(&mut Vec<Stage>)) -> Model {
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
fn wait(world: &mut Model, minutes: i64) {
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

fn approve(world: &mut Model, name: &str, percent: u32) {
    let stage = Exposure::from_percent(percent);
    let (actor, reason) = (person(name), "looked".into());
    happens(
        world,
        Event::Approved {
            stage,
            actor,
            reason,
        },
    );
}

fn at(world: &Model) -> (Status, f64) {
    (world.store.status, world.store.exposure.percent())
}

/// What the gate still wants.
fn missing(world: &Model) -> Vec<String> {
    let gate = app(world).gate.unwrap();
    let why = gate.why.iter().filter(|_| !gate.open);
    why.map(ToString::to_string).collect()
}

fn overruled(world: &Model) -> Vec<(f64, f64, usize)> {
    let of = |record: &Record| match &record.event {
        Event::GateOverruled {
            stage, next, unmet, ..
        } => Some((stage.percent(), next.percent(), unmet.len())),
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
            (running, 5.0),
            (running, 25.0),
            (running, 50.0),
            (Status::Completed, 100.0)
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
        ((Status::InProgress, 5.0), None)
    );
    assert_eq!(ask(&mut world, Verb::Start, None), ActReply::Done);
    assert_eq!(app(&world).ladder, Some(person("alice")));
    polls(&mut world, 1);
    assert_eq!(at(&world).1, 25.0);
    // Twice is once; further is a raise of the person who asks.
    assert!(matches!(
        ask(&mut world, Verb::Start, None),
        ActReply::Refused { .. }
    ));
    let half = Some(Exposure::from_percent(50));
    assert!(matches!(
        ask(&mut world, Verb::Start, half),
        ActReply::Taken { .. }
    ));
    assert_eq!((at(&world).1, overruled(&world).len()), (50.0, 1));
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
    assert_eq!((at(&world).1, app(&world).gate.unwrap().open), (5.0, true));
    ask(&mut world, Verb::Resume, None);
    polls(&mut world, 1);
    assert_eq!(at(&world).1, 25.0, "the hold is lifted");
    for _ in 0..8 {
        world.poll(true, true);
        world.drain();
    }
    assert_eq!(
        (at(&world), app(&world).latched),
        ((Status::Stopped, 25.0), true)
    );
    polls(&mut world, 20);
    assert_eq!(at(&world), (Status::Stopped, 25.0));
    ask(&mut world, Verb::Resume, None);
    assert_eq!(at(&world), (Status::InProgress, 25.0));
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
    assert_eq!(at(&world), (Status::Stopped, 5.0));
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
    assert_eq!((at(&world).1, app(&world).desire), (5.0, None));
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_person_goes_past_shut_gates_and_that_is_written_down() {
    let mut world = world();
    polls(&mut world, 1);
    ask(&mut world, Verb::Advance, Some(Exposure::from_percent(50)));
    assert_eq!(at(&world).1, 50.0);
    let seen = overruled(&world);
    assert_eq!(
        seen.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(),
        [(5.0, 25.0), (25.0, 50.0)]
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
    assert_eq!((at(&world).1, overruled(&world).len()), (25.0, 0));
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
    assert_eq!((at(&world).1, world.count(withheld)), (5.0, 1));
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
    assert_eq!((at(&world).1, world.state.acts.len()), (25.0, 0));
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
    assert_eq!((at(&world).1, app(&world).needs_person), (50.0, None));
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
        5.0,
        "one person twice is one, and mallory is nobody"
    );
    ask(&mut world, Verb::Pause, None);
    ask(&mut world, Verb::Resume, None);
    approve(&mut world, "bob", 25);
    polls(&mut world, 3);
    assert_eq!(at(&world).1, 5.0, "alice approved what was stopped since");
    approve(&mut world, "alice", 25);
    polls(&mut world, 1);
    assert_eq!((at(&world).1, app(&world).approvals.len()), (25.0, 0));
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
    assert_eq!(at(&world).1, 5.0, "{:?}", missing(&world));
    polls(&mut world, 2);
    assert_eq!(at(&world).1, 25.0, "10:28 UTC, after the freeze");
}

fn qa(every: i64) -> Check {
    Check {
        how: CheckHow::Exec(vec!["qa-gate".into()]),
        timeout: TimeDelta::minutes(1),
        every: TimeDelta::minutes(every),
    }
}

/// Polls, and answers every check.
fn answered(world: &mut Model, count: usize, passes: bool) -> usize {
    let mut asked = 0;
    for _ in 0..count {
        world.poll(false, true);
        for _ in 0..20 {
            let Some(effect) = world.pending.pop() else {
                break;
            };
            let mut answer = world.carry_out(effect, super::model::Fate::Works);
            if let Input::Checked { result, .. } = &mut answer {
                asked += 1;
                *result = if passes {
                    Ok("fine".into())
                } else {
                    Err("two bugs open".into())
                };
            }
            world.feed(&answer);
        }
    }
    asked
}

#[test]
fn a_check_is_asked_once_nothing_else_is_missing_and_again_after_a_while() {
    let mut world = with(|stages| {
        stages[1].check = Some(qa(30));
    });
    assert_eq!(answered(&mut world, 2, false), 0, "it has not soaked");
    assert_eq!(answered(&mut world, 2, false), 1);
    assert_eq!(answered(&mut world, 4, false), 0, "not again so soon");
    assert_eq!(
        missing(&world),
        ["check exec qa-gate: says no: two bugs open"]
    );
    assert_eq!(answered(&mut world, 5, false), 1);
    let told = |event: &Event| matches!(event, Event::TellQueued { urgency: Urgency::Info, text, .. } if text.as_str().contains("says no"));
    assert_eq!(world.count(told), 1);
    assert_eq!(answered(&mut world, 2, true), 1);
    polls(&mut world, 1);
    assert_eq!(at(&world).1, 25.0);
}

#[test]
fn one_check_at_a_time_and_none_is_lost_with_the_process() {
    let mut world = with(|stages| {
        stages[1].check = Some(qa(5));
    });
    let asked = |world: &Model| world.count(|event| matches!(event, Event::CheckStarted { .. }));
    for _ in 0..6 {
        world.poll(false, true);
        world
            .pending
            .retain(|effect| !matches!(effect, Effect::Check { .. }));
        world.drain();
    }
    assert_eq!(asked(&world), 1, "it has not answered yet");
    world.crash();
    polls(&mut world, 3);
    assert_eq!((asked(&world), at(&world).1), (2, 25.0));
}

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
        ((Status::InProgress, 5.0), None, None)
    );
    assert_eq!(app.ladder, Some(person("alice")));
    polls(&mut world, 3);
    assert_eq!(at(&world).1, 25.0);
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
        (Status::InProgress, 8.0),
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
    assert_eq!(at(&world), (Status::InProgress, 5.0));
}

#[test]
fn a_person_begins_past_a_shut_gate() {
    let mut world = with(|stages| {
        stages[0].approval = Some(Approval {
            role: Role::Admin,
            persons: 1,
        })
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
    assert_eq!(
        (at(&world).1, overruled(&world)),
        (5.0, vec![(0.0, 5.0, 1)])
    );
}

#[test]
fn a_rollout_that_was_begun_below_the_first_stage_goes_on_once_it_is_healthy() {
    let mut world = quiet(None);
    world.store.exposure = Exposure::from_percent(1);
    world.drain();
    assert_eq!(app(&world).gate, None);
    polls(&mut world, 3);
    assert!(at(&world).1 >= 5.0);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}
