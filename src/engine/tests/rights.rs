//! Who may ask for what: by the table that the screen goes by as well, in every situation that a rollout can be in.

use chrono::TimeDelta;

use super::executions::{World, id, percent, person};
use crate::domain::{
    Act, ActReply, ActRequest, Event, Fix, PlainText, PolicyChange, Refusal, RefusalKind,
    RuleOverride, Standing, Status, StoreKind, Verb,
};
use crate::engine::{Context, Input, replay, stakes, step};
use crate::policy::stage::Approval;
use crate::policy::{Role, takes};

/// alice is an admin, carol another, bob an operator; dave is nobody.
fn world(store: StoreKind) -> World {
    let mut world = World::rolling(store);
    world.plan.access.admins = ["alice".into(), "carol".into(), "root".into()].into();
    world.plan.access.operators = ["bob".into()].into();
    world
}

fn admins_open(world: &mut World, stage: usize, persons: u32) {
    let app = world.plan.apps.get_mut(&id()).unwrap();
    let role = Role::Admin;
    std::sync::Arc::make_mut(&mut app.policy).stages[stage].approval =
        Some(Approval { role, persons });
}

fn request(who: &str, own: bool, act: Act) -> ActRequest {
    ActRequest {
        id: "1".into(),
        app: Some(id()),
        act,
        actor: person(who),
        standing: Standing {
            own,
            ..Standing::default()
        },
        reason: "asked".into(),
        expect: None,
    }
}

fn reply(world: &World, request: ActRequest) -> ActReply {
    let (input, context) = (Input::Asked { request }, Context::at(world.now));
    step(&world.plan, &world.state, &input, &context)
        .reply
        .unwrap()
}

fn verb(verb: Verb) -> Act {
    Act::Do { verb, to: None }
}

fn change(with: RuleOverride) -> Act {
    Act::Change {
        change: PolicyChange::Override {
            rule: "floor".into(),
            with,
            seconds: 3600,
        },
    }
}

fn is_of_rights(reply: &ActReply) -> bool {
    matches!(reply, ActReply::Refused(refusal) if refusal.kind == RefusalKind::Rights)
}

/// One of each, the loosening of a policy left out: how much that takes shows when it is weighed.
fn acts(world: &World) -> Vec<Act> {
    let flow = || "checkout".into();
    let mut acts = vec![
        Act::Approve,
        Act::Postpone,
        Act::Acknowledge,
        Act::Note { text: "id".into() },
        Act::Disarm {
            until: world.now + TimeDelta::hours(1),
        },
        Act::Arm,
        Act::Declare {
            flow: flow(),
            fix: Fix::Known,
        },
        Act::Withdraw { flow: flow() },
        change(RuleOverride::Limit {
            limit: "99.95%".into(),
        }),
        Act::Report {
            verb: Verb::Halt,
            at: world.now,
            outcome: Ok(percent(5)),
        },
    ];
    let verbs = [
        Verb::Start,
        Verb::Hold,
        Verb::Pause,
        Verb::Halt,
        Verb::Resume,
        Verb::Advance,
        Verb::Complete,
    ];
    acts.extend(verbs.map(verb));
    acts
}

fn situations() -> Vec<(&'static str, World)> {
    let of = |name, change: &dyn Fn(&mut World)| {
        let mut world = world(StoreKind::GooglePlay);
        change(&mut world);
        (name, world)
    };
    vec![
        of("it rolls out", &|_world| {}),
        of("halted", &|world| drop(world.verb(Verb::Halt))),
        of("an admin opens the next gate", &|world| {
            admins_open(world, 1, 1);
        }),
        of("an admin opens the last gate", &|world| {
            let last = world.plan.apps[&id()].policy.stages.len() - 1;
            admins_open(world, last, 1);
        }),
        of("an admin begins it", &|world| {
            admins_open(world, 0, 1);
            world.store.release.as_mut().unwrap().status = Status::Completed;
            world.read();
            world.wait(0);
            world.ask(person("bob"), verb(Verb::Start));
            assert!(world.app().starting.is_some());
        }),
        of("a change waits for a second person", &|world| {
            world.plan.access.two_person = true;
            world.ask(person("alice"), change(RuleOverride::Off));
            assert!(world.app().proposal.is_some());
        }),
    ]
}

#[test]
fn the_engine_refuses_by_the_table_and_the_table_says_what_the_engine_refuses() {
    for (name, world) in situations() {
        let stakes = stakes(&world.plan, &world.state, &id(), None).unwrap();
        for act in acts(&world) {
            for (who, role) in [
                ("dave", Role::Viewer),
                ("bob", Role::Operator),
                ("carol", Role::Admin),
            ] {
                for own in [false, true] {
                    let takes = takes(&act, world.app().latched, &stakes);
                    let refused = is_of_rights(&reply(&world, request(who, own, act.clone())));
                    let said = format!("{name}: {act:?} by {who}, own {own}: {takes:?}");
                    assert_eq!(refused, !takes.allows(role, own), "{said}");
                    assert!(refused || role > Role::Viewer || takes.own, "{said}");
                }
            }
        }
    }
}

#[test]
fn no_other_way_leads_past_a_gate_that_an_admin_opens() {
    let mut world = world(StoreKind::GooglePlay);
    let last = world.plan.apps[&id()].policy.stages.len() - 1;
    admins_open(&mut world, last, 1);
    let far = |verb| Act::Do {
        verb,
        to: Some(percent(100)),
    };
    for act in [far(Verb::Start), far(Verb::Advance), verb(Verb::Complete)] {
        let by = |who| is_of_rights(&reply(&world, request(who, false, act.clone())));
        assert!(by("bob"), "{act:?}");
        assert!(!by("alice"), "{act:?}");
    }
    // Up to there an operator goes.
    let near = Act::Do {
        verb: Verb::Start,
        to: Some(percent(25)),
    };
    assert!(!is_of_rights(&reply(&world, request("bob", false, near))));
    // Nor with a release that waits, at once to everybody.
    world.store.release.as_mut().unwrap().status = Status::Completed;
    world.read();
    world.wait(0);
    let at_once = || request("bob", false, far(Verb::Start));
    assert!(is_of_rights(&reply(&world, at_once())));
    // Nor by an advance past the gate that it waits at.
    admins_open(&mut world, 0, 1);
    world.ask(person("bob"), verb(Verb::Start));
    let advance = || request("bob", false, verb(Verb::Advance));
    assert!(is_of_rights(&reply(&world, advance())));
}

#[test]
fn what_is_refused_says_of_what_kind_it_is() {
    let world = world(StoreKind::GooglePlay);
    let kind = |request| match reply(&world, request) {
        ActReply::Refused(Refusal { kind, .. }) => kind,
        other => panic!("{other:?}"),
    };
    let stale = |who| ActRequest {
        expect: Some(9_999),
        ..request(who, false, verb(Verb::Halt))
    };
    assert_eq!(kind(stale("bob")), RefusalKind::Stale);
    assert_eq!(
        kind(stale("dave")),
        RefusalKind::Rights,
        "whoever may not learns nothing else"
    );
    let elsewhere = ActRequest {
        app: crate::domain::AppId::try_from("other".to_owned()).ok(),
        ..request("bob", false, verb(Verb::Halt))
    };
    assert_eq!(kind(elsewhere), RefusalKind::NotFound);
    let resume = request("bob", false, verb(Verb::Resume));
    assert_eq!(kind(resume), RefusalKind::State);
}

#[test]
fn where_two_are_wanted_root_is_nobody() {
    let mut world = world(StoreKind::GooglePlay);
    world.plan.access.two_person = true;
    // An approval can mean the change alone.
    let app = world.plan.apps.get_mut(&id()).unwrap();
    std::sync::Arc::make_mut(&mut app.policy).stages[1].approval = None;
    let off = || change(RuleOverride::Off);
    assert!(is_of_rights(&world.ask(person("root"), off())));
    assert!(matches!(
        world.ask(person("alice"), off()),
        ActReply::Waits { .. }
    ));
    assert!(is_of_rights(&world.ask(person("root"), Act::Approve)));
    assert!(world.app().proposal.is_some());
    assert_eq!(world.ask(person("carol"), Act::Approve), ActReply::Done);
    admins_open(&mut world, 1, 2);
    assert!(is_of_rights(&world.ask(person("root"), Act::Approve)));
    // Where one is enough, root is one.
    admins_open(&mut world, 1, 1);
    assert!(!is_of_rights(&world.ask(person("root"), Act::Approve)));
}

#[test]
fn whoever_may_do_nothing_fills_no_journal() {
    let mut world = world(StoreKind::GooglePlay);
    let refusals = |world: &World| {
        let refused = world
            .journal
            .iter()
            .filter_map(|record| match &record.event {
                Event::Refused { actor, why, .. } => Some((actor.clone(), why.to_string())),
                _ => None,
            });
        refused.collect::<Vec<_>>()
    };
    for _ in 0..200 {
        assert!(is_of_rights(&world.ask(person("dave"), verb(Verb::Halt))));
    }
    let written = refusals(&world);
    assert_eq!(written.len(), 5);
    assert!(!written[3].1.contains("not written down"), "{written:?}");
    assert!(written[4].1.contains("not written down"), "{written:?}");
    // Others are still heard, and what is a matter of the rollout always is.
    world.ask(person("erin"), verb(Verb::Halt));
    for _ in 0..9 {
        world.ask(person("bob"), verb(Verb::Resume));
    }
    let by = |world: &World, who: &str| {
        let all = refusals(world);
        all.iter()
            .filter(|(actor, _)| *actor == person(who))
            .count()
    };
    assert_eq!((by(&world, "erin"), by(&world, "bob")), (1, 9));
    // The count is in the journal as well: a restart does not begin anew.
    assert_eq!(replay(&world.journal), world.state);
    world.restart();
    world.ask(person("dave"), verb(Verb::Halt));
    assert_eq!(by(&world, "dave"), 5);
    world.tick(TimeDelta::hours(1));
    world.ask(person("dave"), verb(Verb::Halt));
    assert_eq!(by(&world, "dave"), 6);
    let kept = world.state.turned_away.keys();
    let kept: Vec<&str> = kept.map(PlainText::as_str).collect();
    assert_eq!(kept, ["dave"], "nobody is remembered for ever");
}
