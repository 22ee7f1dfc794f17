//! Rollouts on the App Store: Apple goes up once a day by itself, and haltline pauses before a step whose gate is shut.

use chrono::TimeDelta;

use super::climbing::{app, ask, person, polls};
use super::model::{Model, app_id, climbing, start};
use crate::domain::event::Withheld;
use crate::domain::rollout::Phased;
use crate::domain::{ActReply, Actor, Event, Exposure, Status, StoreKind, Verb};
use crate::engine::guard::Guard;
use crate::engine::{Effect, Input, next_wake};
use crate::policy::Action;

/// On its fifth day (20 %), so many hours before the step to 50 %, which passes the stages of 25 % and 50 %.
fn world(hours: i64, soak: TimeDelta) -> Model {
    without(None, hours, soak)
}

fn without(guard: Option<Guard>, hours: i64, soak: TimeDelta) -> Model {
    let plan = climbing(StoreKind::AppStore, TimeDelta::zero(), guard);
    let mut world = Model::new(plan, 7);
    let app = world.plan.apps.get_mut(&app_id(0)).unwrap();
    let mut policy = (*app.policy).clone();
    for stage in &mut policy.stages {
        (stage.soak, stage.complete_early) = (soak, false);
    }
    app.policy = std::sync::Arc::new(policy);
    let step = start() + TimeDelta::hours(hours);
    world.store.phased.as_mut().unwrap().start = Some(step - TimeDelta::days(5));
    world.drain();
    world
}

/// Apple's hour comes.
fn apple(world: &mut Model) {
    if world.store.status == Status::InProgress {
        let phased = world.store.phased.as_mut().unwrap();
        phased.day += 1;
        world.store.exposure = Phased::share_on(phased.day);
    }
    read(world);
}

fn read(world: &mut Model) {
    world.pending.push(Effect::Read { app: app_id(0) });
    world.drain();
}

/// Polls every half an hour; whether it was stopped at each.
fn half_hours(world: &mut Model, count: usize) -> Vec<bool> {
    (0..count)
        .map(|_| {
            world.now += TimeDelta::minutes(25);
            polls(world, 1);
            world.store.status == Status::Stopped
        })
        .collect()
}

fn stops_and_resumes(world: &Model) -> (usize, usize) {
    let by_gate = |wanted: Verb| {
        world.count(|event| matches!(event, Event::DesireSet { verb, actor: Actor::Gate { .. }, .. } if *verb == wanted))
    };
    (by_gate(Verb::Hold), by_gate(Verb::Resume))
}

#[test]
fn it_is_paused_two_hours_before_a_step_whose_gate_is_shut_and_resumed_when_it_opens() {
    let mut world = world(6, TimeDelta::minutes(270));
    let since = app(&world).exposed_since;
    let wake = next_wake(&world.plan, &world.state, world.now);
    assert_eq!(
        wake,
        Some(start() + TimeDelta::hours(5)),
        "nobody has judged it yet"
    );
    let seen = half_hours(&mut world, 8);
    assert_eq!(
        seen.iter().position(|stopped| *stopped),
        Some(7),
        "at four hours: {seen:?}"
    );
    assert_eq!(
        app(&world).stopped_by,
        Some(Actor::Gate {
            stage: Exposure::from_percent(25)
        })
    );
    assert_eq!(half_hours(&mut world, 1), [false], "it has soaked");
    let now = app(&world);
    assert_eq!(
        (now.exposed_since, now.resumes, now.evidence_from),
        (since, 0, None)
    );
    assert_eq!(
        (stops_and_resumes(&world), world.state.acts.len()),
        ((1, 1), 0)
    );
    half_hours(&mut world, 3);
    apple(&mut world);
    assert_eq!(
        app(&world).release.unwrap().exposure,
        Exposure::from_percent(50)
    );
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_step_that_enters_no_stage_is_apples_alone() {
    let mut world = world(3, TimeDelta::days(9));
    let phased = world.store.phased.as_mut().unwrap();
    phased.day = 4;
    world.store.exposure = Exposure::from_percent(10);
    read(&mut world);
    half_hours(&mut world, 5);
    assert_eq!(stops_and_resumes(&world), (0, 0));
    let wake = next_wake(&world.plan, &world.state, world.now);
    assert!(wake.is_none_or(|wake| wake > world.now + TimeDelta::days(1)));
}

#[test]
fn where_nobody_judges_the_gate_it_is_paused_an_hour_before() {
    let mut world = world(3, TimeDelta::zero());
    let mut paused_at = None;
    for minute in 1..=150 {
        world.now += TimeDelta::minutes(1);
        world.feed(&Input::Tick);
        world.drain();
        if world.store.status == Status::Stopped {
            paused_at.get_or_insert(minute);
        }
    }
    assert_eq!(paused_at, Some(120));
    polls(&mut world, 1);
    assert_eq!(world.store.status, Status::InProgress, "judged, and open");
}

#[test]
fn what_a_rule_stops_while_it_waits_a_person_lifts() {
    for action in [Action::Pause, Action::Halt] {
        let mut world = world(2, TimeDelta::hours(1));
        let app_plan = world.plan.apps.get_mut(&app_id(0)).unwrap();
        let mut policy = (*app_plan.policy).clone();
        policy.rules[0].action = action;
        app_plan.policy = std::sync::Arc::new(policy);
        polls(&mut world, 1);
        assert!(app(&world).waits_at_gate());
        for _ in 0..6 {
            world.poll(true, true);
            world.drain();
        }
        let rule = Actor::Rule { id: "floor".into() };
        assert_eq!(app(&world).stopped_by, Some(rule), "{action:?}");
        assert_eq!(app(&world).latched, action == Action::Halt);
        polls(&mut world, 60);
        assert_eq!(world.store.status, Status::Stopped, "{action:?}");
        ask(&mut world, Verb::Resume, None);
        assert_eq!(world.store.status, Status::InProgress);
        assert!(world.violations.is_empty(), "{:?}", world.violations);
    }
}

#[test]
fn a_hold_keeps_it_paused_when_the_gate_opens() {
    let mut world = world(2, TimeDelta::minutes(20));
    polls(&mut world, 1);
    assert!(app(&world).waits_at_gate());
    ask(&mut world, Verb::Hold, None);
    polls(&mut world, 10);
    assert_eq!(world.store.status, Status::Stopped);
    assert!(app(&world).gate.unwrap().open);
    ask(&mut world, Verb::Resume, None);
    assert_eq!(
        (world.store.status, app(&world).hold),
        (Status::InProgress, None)
    );
}

#[test]
fn a_person_who_resumes_goes_past_the_gate_and_is_not_fought() {
    let story = |lift: &dyn Fn(&mut Model)| {
        let mut world = world(2, TimeDelta::days(9));
        polls(&mut world, 1);
        assert!(app(&world).waits_at_gate());
        lift(&mut world);
        polls(&mut world, 20);
        assert_eq!(world.store.status, Status::InProgress);
        let who: Vec<Actor> = world
            .journal
            .iter()
            .filter_map(|record| match &record.event {
                Event::GateOverruled { actor, unmet, .. } if !unmet.is_empty() => {
                    Some(actor.clone())
                }
                _ => None,
            })
            .collect();
        apple(&mut world);
        assert_eq!(app(&world).overruled, None, "for this step alone");
        half_hours(&mut world, 48);
        assert_eq!(world.store.status, Status::Stopped, "before the next one");
        who
    };
    let resume = |world: &mut Model| drop(ask(world, Verb::Resume, None));
    assert_eq!(
        story(&resume),
        [person("alice"), person("alice")],
        "25% and 50%"
    );
    let console = |world: &mut Model| {
        world.console(Status::InProgress);
        read(world);
    };
    assert_eq!(story(&console), [Actor::Outside, Actor::Outside]);
}

#[test]
fn a_person_lets_a_step_through_before_it_is_paused() {
    let mut world = world(6, TimeDelta::days(9));
    polls(&mut world, 1);
    assert_eq!(ask(&mut world, Verb::Advance, None), ActReply::Done);
    half_hours(&mut world, 11);
    assert_eq!((stops_and_resumes(&world), world.writes.len()), ((0, 0), 0));
}

#[test]
fn while_automation_is_off_nothing_is_paused_and_that_is_told_once() {
    let mut world = world(2, TimeDelta::days(9));
    world.press_red_button(true);
    polls(&mut world, 5);
    let told = |event: &Event| {
        matches!(
            event,
            Event::ActWithheld {
                verb: Verb::Hold,
                why: Withheld::Disarmed,
                ..
            }
        )
    };
    assert_eq!((stops_and_resumes(&world), world.count(told)), ((0, 0), 1));
    world.press_red_button(false);
    polls(&mut world, 1);
    assert_eq!(stops_and_resumes(&world), (1, 0));
}

#[test]
fn the_last_stage_is_completed_early_where_the_policy_says_so() {
    let mut world = world(10, TimeDelta::minutes(30));
    let app_plan = world.plan.apps.get_mut(&app_id(0)).unwrap();
    let mut policy = (*app_plan.policy).clone();
    policy.stages[3].complete_early = true;
    app_plan.policy = std::sync::Arc::new(policy);
    half_hours(&mut world, 4);
    assert_eq!(
        world.store.status,
        Status::InProgress,
        "there are stages before it"
    );
    apple(&mut world);
    half_hours(&mut world, 2);
    assert_eq!(
        (world.store.status, world.store.exposure),
        (Status::Completed, Exposure::FULL)
    );
}

#[test]
fn a_guard_that_is_gone_is_missed() {
    let story = |guard| {
        let mut world = without(guard, 2, TimeDelta::minutes(10));
        polls(&mut world, 1);
        ask(&mut world, Verb::Hold, None);
        polls(&mut world, 5);
        world.violations.len()
    };
    assert_eq!(story(None), 0);
    assert!(story(Some(Guard::PersonLifts)) > 0);
    let story = |guard| {
        let mut world = without(guard, 2, TimeDelta::days(9));
        polls(&mut world, 5);
        world.violations.len()
    };
    assert_eq!(story(None), 0);
    assert!(story(Some(Guard::OpenGate)) > 0);
}
