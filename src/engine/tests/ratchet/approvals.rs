//! Who approves, and who may do what.

use super::*;

fn approval(world: &mut World, role: Role, persons: u32) {
    let app = world.plan.apps.get_mut(&id()).unwrap();
    Arc::make_mut(&mut app.policy).stages[1].approval = Some(Approval { role, persons });
}

fn approvals(world: &World) -> usize {
    world.app().approvals.len()
}

#[test]
fn the_gate_in_front_is_approved_by_so_many_different_persons_of_that_role() {
    let mut world = world();
    approval(&mut world, Role::Operator, 2);
    let reply = world.ask(person("bob"), Act::Approve);
    let what = "1 of 2 persons have approved 25%".into();
    assert_eq!(reply, ActReply::Waits { what });
    let elsewhere = Actor::Person {
        name: "bob".into(),
        host: "phone".into(),
    };
    let why = refused(world.ask(elsewhere, Act::Approve));
    assert_eq!(why, "you approved 25% already: 1 of 2 persons");
    let why = refused(world.ask(person("dave"), Act::Approve));
    assert!(why.starts_with("approving 25% takes an operator"), "{why}");
    assert_eq!(world.ask(person("alice"), Act::Approve), ActReply::Done);
    assert_eq!(approvals(&world), 2);
    // A stop voids them, and none is taken while it lasts.
    world.verb(Verb::Pause);
    assert_eq!(approvals(&world), 0);
    let why = refused(world.ask(person("bob"), Act::Approve));
    assert_eq!(why, "it is stopped: resume it first, then approve");
    world.verb(Verb::Resume);
    approval(&mut world, Role::Admin, 1);
    assert!(refused(world.ask(person("bob"), Act::Approve)).contains("takes an admin"));
    assert_eq!(world.ask(person("carol"), Act::Approve), ActReply::Done);
    world.store.release.as_mut().unwrap().exposure = percent(25);
    world.read();
    assert_eq!(
        refused(world.ask(person("bob"), Act::Approve)),
        "100% takes no approval"
    );
    world.verb(Verb::Complete);
    assert_eq!(
        refused(world.ask(person("bob"), Act::Approve)),
        "there is no stage in front of it"
    );
    // A release that waits begins by the file, with its first stage.
    let app = world.plan.apps.get_mut(&id()).unwrap();
    Arc::make_mut(&mut app.policy).stages[0].approval = Some(Approval {
        role: Role::Operator,
        persons: 1,
    });
    world.wait(0);
    assert_eq!(world.ask(person("bob"), Act::Approve), ActReply::Done);
    assert_eq!(world.app().approvals.pop().unwrap().0, percent(5));
}

#[test]
fn going_past_a_gate_takes_the_role_of_whoever_opens_it() {
    let mut world = world();
    approval(&mut world, Role::Admin, 1);
    let act = |verb| Act::Do { verb, to: None };
    for verb in [Verb::Advance, Verb::Complete] {
        let why = refused(world.ask(person("bob"), act(verb)));
        assert!(why.contains("takes an admin"), "{why}");
    }
    let reply = world.ask(person("alice"), act(Verb::Advance));
    assert!(matches!(reply, ActReply::Taken { .. }), "{reply:?}");
}

#[test]
fn who_may_do_what_to_a_rollout() {
    let act = |verb| Act::Do { verb, to: None };
    let mut world = world();
    let verbs = [
        Verb::Hold,
        Verb::Pause,
        Verb::Halt,
        Verb::Resume,
        Verb::Advance,
        Verb::Complete,
        Verb::Start,
    ];
    for verb in verbs {
        let why = refused(world.ask(person("dave"), act(verb)));
        let expected = format!(
            "to {verb} a rollout takes an operator, and @dave on laptop is a viewer: ask alice or bob or carol"
        );
        assert_eq!(why, expected);
    }
    for other in [
        Act::Postpone,
        Act::Approve,
        Act::Declare {
            flow: "pay".into(),
            fix: crate::domain::Fix::Known,
        },
    ] {
        assert!(refused(world.ask(person("dave"), other)).contains("takes an operator"));
    }
    // The red button is everybody's.
    let until = world.now + TimeDelta::hours(1);
    assert_eq!(
        world.ask(person("dave"), Act::Disarm { until }),
        ActReply::Done
    );
    assert_eq!(world.ask(person("dave"), Act::Arm), ActReply::Done);
    let taken = |reply| matches!(reply, ActReply::Taken { .. });
    assert!(taken(world.ask(person("bob"), act(Verb::Pause))));
    assert!(taken(world.ask(person("bob"), act(Verb::Resume))));
    assert!(taken(world.ask(person("bob"), act(Verb::Halt))));
    world.tick(TimeDelta::minutes(5));
    let why = refused(world.ask(person("bob"), act(Verb::Resume)));
    assert_eq!(
        why,
        "lifting a halt takes an admin, and @bob on laptop is an operator: ask alice or carol"
    );
    assert!(taken(world.ask(person("alice"), act(Verb::Resume))));
}
