//! Apps that a plan ties together.

use chrono::TimeDelta;

use super::climbing::person;
use super::model::{Model, app_id, plan, start};
use crate::domain::rollout::{Applied, ReleaseView};
use crate::domain::{
    Act, ActRequest, Actor, Event, Exposure, Health, PlainText, Status, StoreKind, StoreView,
    Target, Verb, Version,
};
use crate::engine::{Effect, Input, to_begin};
use crate::policy::{After, CrossPlan, CrossStep, OnHalt, Stage, Start, StepTo, WantKind};

const ANDROID: usize = 0;
const IOS: usize = 1;

fn percent(percent: u32) -> Exposure {
    Exposure::from_percent(percent)
}

/// Android from 8 % to 30 %; iOS begins once Android has been healthy at 30 % for twelve hours, and is not at 20 % before day three.
fn world(on_halt: OnHalt) -> Model {
    let mut plan = plan(2, TimeDelta::zero(), None);
    let stages = [[8, 30, 100], [1, 20, 100]];
    for (n, stages) in stages.into_iter().enumerate() {
        let app = plan.apps.get_mut(&app_id(n)).unwrap();
        let mut policy = (*app.policy).clone();
        policy.stages = stages.map(|it| Stage::at(percent(it))).to_vec();
        app.policy = std::sync::Arc::new(policy);
        app.start = Start::Automatic;
    }
    plan.apps.get_mut(&app_id(IOS)).unwrap().store = StoreKind::AppStore;
    let step = |to, after, day| CrossStep {
        app: app_id(IOS),
        to,
        after,
        day,
    };
    let after = After {
        app: app_id(ANDROID),
        at: percent(30),
        healthy_for: TimeDelta::hours(12),
    };
    plan.plans.push(CrossPlan {
        name: "both".into(),
        apps: vec![app_id(ANDROID), app_id(IOS)],
        on_halt,
        steps: vec![
            step(StepTo::Start, Some(after), None),
            step(StepTo::Stage(percent(20)), None, Some(3)),
        ],
    });
    Model::new(plan, 7)
}

fn release(code: u32, status: Status, exposure: u32) -> ReleaseView {
    ReleaseView {
        version: Version::from_code(code),
        also: Vec::new(),
        label: PlainText::default(),
        status,
        exposure: percent(exposure),
        in_review: false,
        phased: None,
    }
}

fn shows(world: &mut Model, n: usize, release: Option<ReleaseView>, waiting: Option<ReleaseView>) {
    world.feed(&Input::StoreRead {
        app: app_id(n),
        result: Ok(StoreView {
            release,
            waiting,
            previous: None,
            others: 0,
        }),
    });
}

fn android(world: &mut Model, status: Status, exposure: u32) {
    shows(world, ANDROID, Some(release(42, status, exposure)), None);
}

fn health(world: &mut Model, n: usize, to: Health) {
    let (from, sentence) = (Health::Unknown, "so".into());
    let event = Event::VerdictChanged { from, to, sentence };
    world.state.apply(world.now, Some(&app_id(n)), &event);
}

fn later(world: &mut Model, hours: i64) {
    world.now += TimeDelta::hours(hours);
    world.feed(&Input::Tick);
}

/// What the plan still wants of the start of iOS.
fn wanted(world: &Model) -> Option<(Option<bool>, String)> {
    let gate = to_begin(&world.plan, &world.state, &app_id(IOS), world.now)?;
    let mut wants = gate.wants.iter().filter(|want| want.kind == WantKind::Plan);
    wants.next().map(|want| (want.met, want.now.to_string()))
}

fn begun(world: &Model) -> bool {
    world.pending.iter().any(|effect| {
        matches!(effect, Effect::Write { app, order, .. }
            if *app == app_id(IOS) && matches!(order.target, Target::Started { exposure: None }))
    })
}

/// The first write is done.
fn written(world: &mut Model, n: usize) {
    world.feed(&Input::WriteDone {
        app: app_id(n),
        revision: 1,
        attempt: 1,
        result: Ok(Applied::Written),
    });
}

fn hold(world: &Model, n: usize) -> Option<Actor> {
    world.state.app(&app_id(n)).unwrap().hold.clone()
}

fn asks(world: &mut Model, n: usize, verb: Verb) {
    let request = ActRequest {
        id: format!("ask-{}", world.journal.len()),
        app: Some(app_id(n)),
        act: Act::Do { verb, to: None },
        actor: person("alice"),
        standing: crate::domain::Standing::default(),
        reason: "asked".into(),
        expect: None,
    };
    world.feed(&Input::Asked { request });
}

#[test]
fn ios_begins_when_android_has_been_well_for_long_enough() {
    let mut world = world(OnHalt::Hold);
    let waits = Some(release(7, Status::Pending, 0));
    shows(&mut world, IOS, None, waits);
    assert_eq!(wanted(&world).unwrap().0, None, "Android has not begun");
    android(&mut world, Status::InProgress, 8);
    assert_eq!(wanted(&world), Some((Some(false), "it is at 8%".into())));
    health(&mut world, ANDROID, Health::Healthy);
    later(&mut world, 20);
    android(&mut world, Status::InProgress, 30);
    later(&mut world, 6);
    assert_eq!(wanted(&world), Some((Some(false), "for 6h".into())));
    health(&mut world, ANDROID, Health::Unknown);
    assert_eq!(wanted(&world), Some((Some(false), "it is unknown".into())));
    health(&mut world, ANDROID, Health::Healthy);
    later(&mut world, 11);
    assert!(!begun(&world), "it starts anew");
    android(&mut world, Status::Stopped, 30);
    assert_eq!(wanted(&world), Some((Some(false), "it is stopped".into())));
    android(&mut world, Status::InProgress, 30);
    later(&mut world, 1);
    assert!(begun(&world));
    let waited = release(7, Status::InProgress, 1);
    written(&mut world, IOS);
    shows(&mut world, IOS, Some(waited), None);
    let ios = world.state.app(&app_id(IOS)).unwrap();
    assert_eq!((ios.desire.clone(), ios.waiting.clone()), (None, None));
    assert_eq!(ios.ladder, Some(Actor::Haltline));
}

#[test]
fn a_rollout_of_the_round_before_says_nothing() {
    let mut world = world(OnHalt::Hold);
    android(&mut world, Status::InProgress, 30);
    health(&mut world, ANDROID, Health::Healthy);
    later(&mut world, 13);
    // iOS follows, and is complete; its next version waits before Android's has begun.
    shows(
        &mut world,
        IOS,
        Some(release(7, Status::InProgress, 1)),
        None,
    );
    later(&mut world, 24 * 7);
    let old = Some(release(7, Status::Completed, 100));
    let waits = Some(release(8, Status::Pending, 0));
    shows(&mut world, IOS, old, waits);
    assert_eq!(wanted(&world).unwrap().0, None);
    later(&mut world, 24);
    assert!(!begun(&world));
    shows(
        &mut world,
        ANDROID,
        Some(release(43, Status::InProgress, 30)),
        None,
    );
    health(&mut world, ANDROID, Health::Healthy);
    later(&mut world, 13);
    assert!(begun(&world));
}

#[test]
fn a_day_of_the_plan_is_counted_from_its_first_app() {
    let mut world = world(OnHalt::Hold);
    android(&mut world, Status::InProgress, 8);
    later(&mut world, 24);
    shows(
        &mut world,
        IOS,
        Some(release(7, Status::InProgress, 10)),
        None,
    );
    let stands = |world: &mut Model| {
        let observation = world.observation(&app_id(IOS), true);
        let context = crate::engine::Context::at(world.now);
        let input = Input::Observed {
            app: app_id(IOS),
            observation: Box::new(crate::policy::Observation {
                exposure: Some(percent(10)),
                ..observation
            }),
        };
        let step = crate::engine::step(&world.plan, &world.state, &input, &context);
        let gate = step.assessment.unwrap().gate.unwrap();
        let want = gate
            .wants
            .into_iter()
            .find(|want| want.kind == WantKind::Plan)
            .unwrap();
        (want.met, want.now.to_string())
    };
    assert_eq!(stands(&mut world), (Some(false), "day 2".into()));
    world.now = start() + TimeDelta::hours(48);
    assert_eq!(stands(&mut world), (Some(true), "day 3".into()));
}

#[test]
fn who_is_halted_holds_the_others_until_it_goes_on() {
    let halted = |on_halt| {
        let mut world = world(on_halt);
        android(&mut world, Status::InProgress, 8);
        shows(
            &mut world,
            IOS,
            Some(release(7, Status::InProgress, 1)),
            None,
        );
        asks(&mut world, ANDROID, Verb::Halt);
        world
    };
    let held = Some(Actor::Plan {
        name: "both".into(),
    });
    assert_eq!(hold(&halted(OnHalt::Ignore), IOS), None);
    let mut world = halted(OnHalt::Hold);
    assert_eq!(
        (hold(&world, ANDROID), hold(&world, IOS)),
        (None, held.clone())
    );
    written(&mut world, ANDROID);
    android(&mut world, Status::Stopped, 8);
    later(&mut world, 1);
    assert_eq!(hold(&world, IOS), held);
    // Somebody at the console lets Android go on.
    world.pending.clear();
    android(&mut world, Status::InProgress, 8);
    assert_eq!(hold(&world, IOS), None);

    // A person lifts it for iOS alone, and is not fought; another release is held anew.
    let mut world = halted(OnHalt::Hold);
    asks(&mut world, IOS, Verb::Resume);
    later(&mut world, 1);
    assert_eq!(hold(&world, IOS), None);
    shows(
        &mut world,
        IOS,
        Some(release(8, Status::InProgress, 1)),
        None,
    );
    assert_eq!(hold(&world, IOS), held);
    // Replaced, Android holds nobody any more.
    shows(
        &mut world,
        ANDROID,
        Some(release(43, Status::InProgress, 8)),
        None,
    );
    assert_eq!(hold(&world, IOS), None);
}
