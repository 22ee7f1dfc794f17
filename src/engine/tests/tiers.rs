//! Tiers in the engine: what people declare, with and without numbers, and answers that come and go.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::model::{Model, app_id, plan};
use crate::domain::event::Urgency;
use crate::domain::{
    Act, ActReply, ActRequest, Actor, Counts, Event, Fix, PlainText, Status, Verb,
};
use crate::engine::{AppState, Context, Input, replay, step};
use crate::policy::{Access, Paired, Policy, RawPolicy};

const TIERS: &str = r#"
[[tier]]
name = "forward"
when = "crash_free_sessions > 99.80%"
respond = "hold"
say = "next train"
[[tier]]
name = "hotfix"
when = "crash_free_sessions < 99.00%"
respond = "pause"
say = "ship a hotfix"
[[tier]]
name = "mend"
when = "critical_flow"
fix = "known"
respond = "hold"
say = "wait for the fix"
[[tier]]
name = "flee"
when = "critical_flow"
fix = "unknown"
respond = "halt"
say = "go back"
"#;

fn policy(toml: &str) -> Arc<Policy> {
    let raw: RawPolicy = toml::from_str(toml).unwrap();
    Arc::new(raw.resolve("tiers").unwrap().0)
}

fn world_of(toml: &str) -> Model {
    let mut plan = plan(1, TimeDelta::zero(), None);
    plan.apps.get_mut(&app_id(0)).unwrap().policy = policy(toml);
    let mut world = Model::new(plan, 7);
    world.drain();
    world
}

fn world() -> Model {
    world_of(TIERS)
}

fn app(world: &Model) -> AppState {
    world.state.app(&app_id(0)).unwrap().clone()
}

fn ask(world: &mut Model, act: Act, name: &str) -> ActReply {
    let request = ActRequest {
        id: format!("ask-{}", world.journal.len()),
        app: Some(app_id(0)),
        act,
        actor: Actor::Person {
            name: name.into(),
            host: PlainText::default(),
        },
        standing: crate::domain::Standing::default(),
        reason: "nobody can pay".into(),
        expect: None,
    };
    let input = Input::Asked { request };
    let context = Context::at(world.now);
    let reply = step(&world.plan, &world.state, &input, &context).reply;
    world.feed(&input);
    reply.unwrap()
}

fn declare(world: &mut Model, flow: &str, fix: Fix) -> ActReply {
    let flow = flow.into();
    ask(world, Act::Declare { flow, fix }, "alice")
}

fn withdraw(world: &mut Model, flow: &str) -> ActReply {
    let flow = flow.into();
    ask(world, Act::Withdraw { flow }, "bob")
}

fn answer(world: &Model) -> Option<(String, Option<Verb>)> {
    let tier = app(world).tier?;
    Some((tier.name.to_string(), tier.verb))
}

fn holder(world: &Model) -> Option<String> {
    app(world).hold.map(|actor| actor.to_string())
}

fn refused(reply: &ActReply) -> String {
    match reply {
        ActReply::Refused(refusal) => refusal.to_string(),
        reply => panic!("{reply:?}"),
    }
}

fn told(world: &Model, least: Urgency, words: &str) -> usize {
    world.count(|event| {
        matches!(event, Event::TellQueued { urgency, text, .. } if *urgency >= least && text.as_str().contains(words))
    })
}

#[test]
fn a_critical_flow_halts_without_any_number() {
    let mut world = world();
    assert!(matches!(
        declare(&mut world, "checkout", Fix::Unknown),
        ActReply::Taken { .. }
    ));
    world.settle();
    let state = app(&world);
    assert_eq!((world.store.status, state.latched), (Status::Stopped, true));
    assert_eq!(answer(&world), Some(("flee".into(), Some(Verb::Halt))));
    assert_eq!(
        state.stopped_by,
        Some(Actor::Rule { id: "flee".into() }),
        "no gate raises it again"
    );
    assert_eq!(told(&world, Urgency::Warning, "flee. go back"), 1);
    assert_eq!(
        told(
            &world,
            Urgency::Page,
            "critical flow checkout broken, fix unknown, declared by @alice"
        ),
        2,
        "the act, and that it is confirmed"
    );
    assert_eq!(world.state.acts.len(), 1, "it counts as an automatic act");
    // It works again: what was stopped stays stopped.
    assert_eq!(withdraw(&mut world, "checkout"), ActReply::Done);
    world.settle();
    assert_eq!(world.store.status, Status::Stopped);
    assert_eq!((answer(&world), app(&world).latched), (None, true));
    assert_eq!(replay(&world.journal), world.state);
}

#[test]
fn a_person_who_resumes_is_not_fought() {
    let mut world = world();
    let _reply = declare(&mut world, "checkout", Fix::Unknown);
    world.settle();
    world.ask(Verb::Resume);
    world.settle();
    for _ in 0..3 {
        world.poll(false, true);
        world.settle();
    }
    assert_eq!(world.store.status, Status::InProgress);
    let still = Some(("flee".to_owned(), Some(Verb::Halt)));
    assert_eq!(answer(&world), still, "shown as long as it is declared");
    // Declared once more, it is halted once more.
    let _reply = declare(&mut world, "checkout", Fix::Unknown);
    world.settle();
    assert_eq!(world.store.status, Status::Stopped);
    assert_eq!(world.violations, Vec::<String>::new());
}

#[test]
fn a_hold_ends_with_the_last_declaration_that_asks_for_it() {
    let mut world = world();
    assert_eq!(declare(&mut world, "checkout", Fix::Known), ActReply::Done);
    assert_eq!(declare(&mut world, "login", Fix::Known), ActReply::Done);
    assert_eq!(holder(&world), Some("rule mend".into()));
    let _reply = withdraw(&mut world, "login");
    assert_eq!(holder(&world), Some("rule mend".into()));
    let _reply = withdraw(&mut world, "checkout");
    assert_eq!((holder(&world), answer(&world)), (None, None));
    assert!(refused(&withdraw(&mut world, "checkout")).contains("declared are: none"));
    world.settle();
    assert_eq!(
        (world.store.status, world.writes.len()),
        (Status::InProgress, 0)
    );
    // A fix that turns out to be unknown is a halt; one that is found takes nothing back.
    let _reply = declare(&mut world, "checkout", Fix::Known);
    let _reply = declare(&mut world, "checkout", Fix::Unknown);
    world.settle();
    assert!(app(&world).latched);
    let _reply = declare(&mut world, "checkout", Fix::Known);
    world.settle();
    assert_eq!(answer(&world), Some(("mend".into(), Some(Verb::Hold))));
    assert!(app(&world).latched);
    // Lifted by a person, it stays lifted.
    world.ask(Verb::Resume);
    world.settle();
    assert_eq!(holder(&world), None);
}

#[test]
fn what_keeps_a_declared_halt_back_is_told_and_waited_for() {
    let mut world = world();
    world.press_red_button(true);
    let reply = declare(&mut world, "checkout", Fix::Unknown);
    let ActReply::Waits { what } = &reply else {
        panic!("{reply:?}");
    };
    assert!(what.as_str().contains("disarmed"), "{what}");
    world.settle();
    assert_eq!(world.store.status, Status::InProgress);
    assert_eq!(told(&world, Urgency::Page, "disarmed"), 1);
    world.press_red_button(false);
    world.settle();
    assert_eq!(
        (world.store.status, app(&world).latched),
        (Status::Stopped, true)
    );

    let mut world = world_of(TIERS);
    world.press_red_button(true);
    let _reply = declare(&mut world, "checkout", Fix::Unknown);
    assert!(app(&world).needs_person.is_some());
    let _reply = withdraw(&mut world, "checkout");
    assert_eq!(
        (app(&world).withheld, app(&world).needs_person),
        (None, None)
    );
    world.press_red_button(false);
    world.settle();
    assert_eq!(world.store.status, Status::InProgress, "it works again");

    let mut world = world_of(TIERS);
    world.plan.apps.get_mut(&app_id(0)).unwrap().advise = true;
    let reply = declare(&mut world, "checkout", Fix::Unknown);
    assert!(matches!(reply, ActReply::Waits { .. }));
    world.settle();
    assert!(world.writes.is_empty());
}

#[test]
fn a_declaration_that_no_tier_answers_is_kept_and_told() {
    let mut world = world_of(
        "[[rule]]\nid = \"floor\"\nmetric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\n",
    );
    assert_eq!(
        declare(&mut world, "checkout", Fix::Unknown),
        ActReply::Done
    );
    world.settle();
    assert!(
        app(&world)
            .declared
            .contains_key(&PlainText::from("checkout"))
    );
    assert_eq!((answer(&world), world.writes.len()), (None, 0));
    assert_eq!(
        told(&world, Urgency::Warning, "no tier of policy tiers answers"),
        1
    );
    // Another release starts anew.
    world.store.version = crate::domain::Version::from_code(43);
    let read = world.read();
    world.feed(&Input::StoreRead {
        app: app_id(0),
        result: Ok(read),
    });
    assert!(app(&world).declared.is_empty());
}

#[test]
fn only_operators_declare() {
    let mut world = world();
    world.plan.access = Access {
        operators: ["alice".into()].into(),
        ..Access::default()
    };
    assert_eq!(declare(&mut world, "checkout", Fix::Known), ActReply::Done);
    let why = refused(&withdraw(&mut world, "checkout"));
    assert!(why.contains("takes an operator"), "{why}");
    let why = refused(&declare(&mut world, "", Fix::Known));
    assert!(why.contains("--critical-flow"), "{why}");
}

/// Five minutes later a poll brings a window of a thousand sessions with so many failures.
fn poll(world: &mut Model, failures: u64) {
    world.now += TimeDelta::minutes(5);
    let counts = |trials, failures| Counts { trials, failures };
    world.windows.push(Paired {
        start: world.now - TimeDelta::minutes(5),
        seconds: 300,
        stratum: String::new(),
        new: counts(1_000, failures),
        old: counts(20_000, 10),
    });
    let observation = Box::new(world.observation(&app_id(0), true));
    world.feed(&Input::Observed {
        app: app_id(0),
        observation,
    });
    world.drain();
}

#[test]
fn answers_follow_the_numbers() {
    let mut world = world();
    for _ in 0..3 {
        poll(&mut world, 0);
    }
    assert_eq!(answer(&world), None);
    let mut polls = 0;
    while answer(&world).is_none() {
        poll(&mut world, 3);
        polls += 1;
        assert!(polls < 50);
    }
    assert_eq!(answer(&world), Some(("forward".into(), Some(Verb::Hold))));
    assert_eq!(holder(&world), Some("rule forward".into()));
    assert_eq!(
        told(&world, Urgency::Warning, "forward: 2.0 (42) is worse"),
        1
    );
    // A person lifts the hold: while nothing gets worse it stays lifted.
    world.ask(Verb::Resume);
    poll(&mut world, 3);
    assert_eq!(holder(&world), None);
    for _ in 0..12 {
        poll(&mut world, 60);
    }
    assert_eq!(world.store.status, Status::Stopped);
    assert_eq!(answer(&world), Some(("hotfix".into(), Some(Verb::Pause))));
    assert_eq!(told(&world, Urgency::Warning, "hotfix: ship a hotfix"), 1);
    let changes = world.count(|event| matches!(event, Event::TierChanged { .. }));
    assert_eq!(changes, 2, "from one answer to the next, and none between");
    // Resumed, the evidence starts anew, and so do the answers.
    world.ask(Verb::Resume);
    world.settle();
    poll(&mut world, 0);
    assert_eq!(answer(&world), None);
    assert_eq!(replay(&world.journal), world.state);
}

#[test]
fn a_warning_that_is_over_lifts_its_hold_and_blindness_does_not() {
    let mut world = world();
    while holder(&world).is_none() {
        poll(&mut world, 3);
    }
    let known = world.windows.clone();
    world.poll(false, false);
    assert_eq!(holder(&world), Some("rule forward".into()), "blind");
    // The source restates: there was nothing.
    world.windows = known;
    for window in &mut world.windows {
        window.new.failures = 0;
    }
    poll(&mut world, 0);
    assert_eq!((holder(&world), answer(&world)), (None, None));
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Declare(bool, Fix),
    Withdraw(bool),
    Poll(u64),
    Ask(Verb),
    Button(bool),
    Time,
    Crash,
}

fn any_move() -> impl Strategy<Value = Move> {
    let fix = prop_oneof![Just(Fix::Known), Just(Fix::Unknown)];
    prop_oneof![
        (any::<bool>(), fix).prop_map(|(which, fix)| Move::Declare(which, fix)),
        any::<bool>().prop_map(Move::Withdraw),
        prop_oneof![Just(0_u64), Just(3), Just(60)].prop_map(Move::Poll),
        prop_oneof![Just(Verb::Resume), Just(Verb::Pause), Just(Verb::Halt)].prop_map(Move::Ask),
        any::<bool>().prop_map(Move::Button),
        Just(Move::Time),
        Just(Move::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is declared, withdrawn and seen: only a person sets a stopped rollout going, nothing is done twice, and what was
    /// declared unknown is halted, or somebody knows why not.
    #[test]
    fn declarations_hold_the_invariants(moves in proptest::collection::vec(any_move(), 1..40)) {
        let mut world = world();
        let mut asked = false;
        for step in moves {
            let stopped = world.store.status == Status::Stopped;
            match step {
                Move::Declare(which, fix) => {
                    let reply = declare(&mut world, if which { "pay" } else { "login" }, fix);
                    let refused = matches!(reply, ActReply::Refused(..));
                    prop_assert!(!refused);
                    let app = app(&world);
                    let answered = app.latched || app.withheld.is_some() || app.needs_person.is_some();
                    prop_assert!(fix == Fix::Known || answered);
                }
                Move::Withdraw(which) => {
                    let _reply = withdraw(&mut world, if which { "pay" } else { "login" });
                }
                Move::Poll(failures) => poll(&mut world, failures),
                Move::Ask(verb) => world.ask(verb),
                Move::Button(on) => world.press_red_button(on),
                Move::Time => world.settle(),
                Move::Crash => world.crash(),
            }
            if !matches!(step, Move::Crash) {
                world.drain();
            }
            asked |= matches!(step, Move::Ask(Verb::Resume));
            let raised = stopped && world.store.status != Status::Stopped;
            prop_assert!(!raised || asked, "{step:?}");
            asked &= !raised;
        }
        prop_assert_eq!(replay(&world.journal), world.state.clone());
        prop_assert_eq!(&world.violations, &Vec::<String>::new());
    }
}
