//! The ratchet: who may change the policy of a rollout that runs, what that does, and what it does not.

mod approvals;

use std::sync::Arc;

use chrono::TimeDelta;

use super::executions::{World, id, percent, person};
use crate::domain::event::Finding;
use crate::domain::{
    Act, ActReply, Actor, Counts, Event, PlainText, PolicyChange, RuleOverride, Status, StoreKind,
    Timestamp, Verb,
};
use crate::engine::{in_force, next_wake};
use crate::policy::stage::Approval;
use crate::policy::{Action, Limit, Policy, RawPolicy, Role, written};

/// alice is the admin, carol another, bob an operator; dave is nobody.
fn world() -> World {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.plan.access.admins = ["alice".into(), "carol".into()].into();
    world.plan.access.operators = ["bob".into()].into();
    world
}

fn force(world: &World) -> Arc<Policy> {
    in_force(&world.plan.apps[&id()], &world.app())
}

fn floor(world: &World) -> Option<f64> {
    let policy = force(world);
    let rule = policy.rules.iter().find(|rule| rule.id.as_str() == "floor");
    rule.map(|rule| match rule.limit {
        Limit::Failures { at_most } => at_most,
        _ => panic!("{rule:?}"),
    })
}

fn over(with: RuleOverride, seconds: u32) -> Act {
    let rule = "floor".into();
    let change = PolicyChange::Override {
        rule,
        with,
        seconds,
    };
    Act::Change { change }
}

fn limit(limit: &str) -> RuleOverride {
    let limit = limit.into();
    RuleOverride::Limit { limit }
}

fn end() -> Act {
    let rule = "floor".into();
    let change = PolicyChange::EndOverride { rule };
    Act::Change { change }
}

fn refused(reply: ActReply) -> String {
    match reply {
        ActReply::Refused(refusal) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

fn told(world: &World) -> Vec<&str> {
    let told = world
        .journal
        .iter()
        .filter_map(|record| match &record.event {
            Event::TellQueued { text, .. } => Some(text.as_str()),
            _ => None,
        });
    told.collect()
}

/// The file's policy with a change, as another start of the watcher reads it.
fn edit(world: &mut World, change: impl Fn(&mut Policy)) -> String {
    let mut policy = (*world.plan.apps[&id()].policy).clone();
    change(&mut policy);
    let toml = written::toml(&policy);
    let raw: RawPolicy = toml::from_str(&toml).unwrap();
    let policy = raw.resolve("model").unwrap().0;
    world.plan.apps.get_mut(&id()).unwrap().policy = Arc::new(policy);
    toml
}

fn fire(world: &mut World) {
    let finding = Finding {
        sentence: "it crashes".into(),
        new: Counts::default(),
        old: None,
        ln_evidence: None,
        ln_threshold: None,
        through: world.now,
    };
    world.emit(Event::RuleFired {
        rule: "floor".into(),
        verb: Some(Verb::Halt),
        finding,
    });
}

#[test]
fn an_edited_file_changes_nothing_of_a_rollout_that_runs_until_somebody_applies_it() {
    let mut world = world();
    assert_eq!(floor(&world), Some(0.005));
    let toml = edit(&mut world, |policy| {
        policy.rules[0].limit = Limit::Failures { at_most: 0.01 };
    });
    world.restart();
    world.restart();
    assert_eq!(floor(&world), Some(0.005));
    let told: Vec<_> = told(&world)
        .into_iter()
        .filter(|text| text.contains("file's"))
        .collect();
    assert_eq!(
        told,
        [
            "app-0: the file's policy model is not the one that the rollout began with, which it goes on with: \
             rule floor: floor 99.50% → 99.00% (looser); to go by the file's: haltline policy apply app-0 --reason …"
        ]
    );
    assert!(world.app().differs.is_some());
    let change = PolicyChange::Apply {
        name: "model".into(),
        toml,
    };
    let act = Act::Change { change };
    assert_eq!(
        refused(world.ask(person("bob"), act.clone())),
        "loosening a policy takes an admin, and @bob on laptop is an operator: ask alice or carol"
    );
    assert_eq!(world.ask(person("alice"), act.clone()), ActReply::Done);
    assert_eq!((floor(&world), world.app().differs), (Some(0.01), None));
    let events = world.journal.len();
    assert_eq!(
        world.ask(person("bob"), act),
        ActReply::Done,
        "it goes by it already"
    );
    assert_eq!(world.journal.len(), events);
    // The next release goes by the file whatever it says.
    edit(&mut world, |policy| policy.rules[0].action = Action::Notify);
    world.restart();
    assert_eq!(force(&world).rules[0].action, Action::Halt);
    world.console(4);
    world.read();
    assert_eq!(force(&world).rules[0].action, Action::Notify);
}

#[test]
fn a_file_that_is_put_back_differs_no_more() {
    let mut world = world();
    let before = Arc::clone(&world.plan.apps[&id()].policy);
    edit(&mut world, |policy| policy.rules.clear());
    world.restart();
    assert!(world.app().differs.is_some());
    world.plan.apps.get_mut(&id()).unwrap().policy = before;
    world.restart();
    assert_eq!(world.app().differs, None);
}

#[test]
fn a_pin_that_cannot_be_read_gives_way_to_the_file_and_is_told() {
    let mut world = world();
    world.emit(Event::PolicyPinned {
        name: "old".into(),
        hash: "gone".into(),
        toml: "[[rule]]\nfrom = \"the future\"".into(),
        actor: Actor::Haltline,
        reason: "test".into(),
        changes: Vec::new(),
    });
    world.restart();
    assert_eq!(world.app().pinned.unwrap().hash, "file");
    assert!(
        told(&world)
            .iter()
            .any(|text| text.contains("cannot be read any more"))
    );
}

#[test]
fn tightening_is_an_operators_and_loosening_an_admins() {
    let mut world = world();
    let why = refused(world.ask(person("dave"), over(limit("99.9%"), 600)));
    assert!(
        why.contains("takes an operator, and @dave on laptop is a viewer"),
        "{why}"
    );
    assert_eq!(
        world.ask(person("bob"), over(limit("99.9%"), 600)),
        ActReply::Done
    );
    assert_eq!(floor(&world), Some(0.001));
    // What tightens may not be got round: not by a laxer one, not by an end, not by a sooner end.
    for act in [over(limit("99.6%"), 600), end(), over(limit("99.9%"), 60)] {
        let why = refused(world.ask(person("bob"), act));
        assert!(
            why.starts_with("loosening a policy takes an admin"),
            "{why}"
        );
    }
    assert_eq!(
        world.ask(person("bob"), over(limit("99.9%"), 900)),
        ActReply::Done
    );
    assert_eq!(
        world.ask(person("alice"), over(RuleOverride::Off, 600)),
        ActReply::Done
    );
    assert_eq!(floor(&world), None);
    // Laxer than the file is looser, though it is tighter than what lies there.
    assert!(refused(world.ask(person("bob"), over(limit("99.4%"), 600))).contains("admin"));
    assert_eq!(world.ask(person("bob"), end()), ActReply::Done);
    assert_eq!(floor(&world), Some(0.005));
}

#[test]
fn what_cannot_be_laid_over_a_rule_is_refused_in_words() {
    let mut world = world();
    let mut why = |act| refused(world.ask(person("alice"), act));
    assert_eq!(why(end()), "nothing lies over any rule");
    assert_eq!(why(over(limit("99.5%"), 60)), "rule floor is so already");
    assert!(why(over(limit("99.9"), 60)).contains("write \"99.9%\""));
    assert!(why(over(RuleOverride::Off, 0)).starts_with("an override lasts from a second"));
    assert!(why(over(RuleOverride::Off, 8 * 86_400)).contains("to 7 days"));
    let (rule, with) = ("flor".into(), RuleOverride::Off);
    let change = PolicyChange::Override {
        rule,
        with,
        seconds: 60,
    };
    assert!(why(Act::Change { change }).contains("did you mean \"floor\"?"));
    let change = PolicyChange::Apply {
        name: "p".into(),
        toml: "stage = 1".into(),
    };
    assert!(why(Act::Change { change }).starts_with("policy p cannot be read: "));
    world.store.release = None;
    world.read();
    let why = refused(world.ask(person("alice"), over(RuleOverride::Off, 60)));
    assert!(why.starts_with("no rollout runs"), "{why}");
}

#[test]
fn an_override_ends_by_itself_and_is_told() {
    let mut world = world();
    let began = world.now;
    let wake = |world: &World| next_wake(&world.plan, &world.state, world.now);
    world.ask(person("alice"), over(RuleOverride::Off, 7_200));
    assert_eq!(wake(&world), Some(began + TimeDelta::hours(2)));
    world.tick(TimeDelta::minutes(119));
    assert_eq!(floor(&world), None);
    world.tick(TimeDelta::minutes(1));
    assert_eq!(floor(&world), Some(0.005));
    assert!(
        wake(&world) > Some(world.now + TimeDelta::hours(12)),
        "nothing of it is left"
    );
    let last = told(&world).pop().unwrap();
    assert_eq!(
        last,
        "app-0: the override of rule floor is over: rule floor: floor 99.50% of crash_free_sessions added (tighter)"
    );
    // Another release ends it too, and the journal says so.
    world.ask(person("alice"), over(RuleOverride::Off, 7_200));
    world.console(4);
    world.read();
    let over = "the rollout is over";
    let ended = |record: &crate::domain::Record| matches!(&record.event, Event::OverrideEnded { reason, .. } if reason.as_str() == over);
    assert!(world.journal.iter().any(ended));
    assert_eq!(floor(&world), Some(0.005));
}

#[test]
fn a_loosening_takes_a_second_person_where_two_are_asked_for() {
    let mut world = world();
    world.plan.access.two_person = true;
    let reply = world.ask(person("alice"), over(RuleOverride::Off, 600));
    assert!(matches!(reply, ActReply::Waits { .. }), "{reply:?}");
    assert_eq!(floor(&world), Some(0.005));
    assert_eq!(
        world.ask(person("bob"), over(limit("99.9%"), 60)),
        ActReply::Done,
        "tighter: one is enough"
    );
    world.ask(person("alice"), over(RuleOverride::Off, 600));
    let mut why = |name| refused(world.ask(person(name), Act::Approve));
    // The gate in front wants an approval too: who may not agree can only mean that. Without such a gate:
    assert!(why("dave").contains("takes an operator"));
    let app = world.plan.apps.get_mut(&id()).unwrap();
    Arc::make_mut(&mut app.policy).stages.clear();
    world.emit(repin(&world));
    world.ask(person("alice"), over(RuleOverride::Off, 600));
    let mut why = |name| refused(world.ask(person(name), Act::Approve));
    assert!(why("alice").contains("another person has to agree"));
    assert!(why("bob").contains("takes an admin"));
    assert!(why("dave").contains("takes an admin"));
    world.tick(TimeDelta::minutes(50));
    assert_eq!(world.ask(person("carol"), Act::Approve), ActReply::Done);
    let laid = world
        .app()
        .overrides
        .remove(&PlainText::from("floor"))
        .unwrap();
    assert_eq!(laid.actor, person("alice"));
    assert_eq!(
        laid.reason.as_str(),
        "asked (agreed to by @carol on laptop: asked)"
    );
    assert_eq!(
        laid.until,
        world.now + TimeDelta::minutes(10),
        "it lasts from when it was agreed to"
    );
    assert_eq!((floor(&world), world.app().proposal), (None, None));
}

/// Pins the rollout to the file as it is now.
fn repin(world: &World) -> Event {
    let policy = &world.plan.apps[&id()].policy;
    Event::PolicyPinned {
        name: policy.name.clone(),
        hash: policy.hash.clone(),
        toml: written::toml(policy),
        actor: person("alice"),
        reason: "test".into(),
        changes: Vec::new(),
    }
}

#[test]
fn a_proposal_that_nobody_agrees_to_ends_after_a_day() {
    let mut world = world();
    world.plan.access.two_person = true;
    world.ask(person("alice"), over(RuleOverride::Off, 600));
    let until: Timestamp = world.now + TimeDelta::hours(24);
    assert_eq!(next_wake(&world.plan, &world.state, world.now), Some(until));
    world.tick(TimeDelta::hours(24));
    assert_eq!((world.app().proposal, floor(&world)), (None, Some(0.005)));
    assert!(
        told(&world)
            .pop()
            .unwrap()
            .contains("nobody agreed within 24 h")
    );
    // An end that was agreed to waits no more.
    world.ask(person("bob"), over(limit("99.9%"), 600));
    world.ask(person("alice"), end());
    assert_eq!(world.ask(person("carol"), Act::Approve), ActReply::Done);
    assert_eq!((world.app().proposal, floor(&world)), (None, Some(0.005)));
}

#[test]
fn loosening_away_a_rule_that_has_fired_resumes_nothing() {
    let mut world = world();
    fire(&mut world);
    world.verb(Verb::Halt);
    assert!(world.app().fired.contains_key(&PlainText::from("floor")));
    let from = world.app().evidence_from;
    world.ask(person("alice"), over(limit("99%"), 600));
    let app = world.app();
    assert_eq!(app.release.unwrap().status, Status::Stopped);
    assert!(app.latched && app.fired.is_empty() && app.evidence_from == from);
    let last = told(&world).pop().unwrap().to_owned();
    assert!(
        last.ends_with(
            "; floor had fired: what was stopped stays stopped until a person resumes it"
        ),
        "{last}"
    );
    // And at the end of the override the rule is what it was, and may fire anew.
    fire(&mut world);
    world.tick(TimeDelta::minutes(10));
    assert!(world.app().fired.is_empty());
}

#[test]
fn an_announced_act_that_no_rule_asks_for_any_more_is_not_done() {
    let mut world = world();
    let announced = |world: &mut World, verb| {
        let due = world.now + TimeDelta::minutes(30);
        let (rule, reason) = ("floor".into(), "it crashes".into());
        world.emit(Event::ActAnnounced {
            rule,
            verb,
            due,
            reason,
        });
    };
    announced(&mut world, Verb::Halt);
    world.ask(person("bob"), over(limit("99.9%"), 600));
    assert!(world.app().announced.is_some(), "it is asked for still");
    world.ask(person("alice"), over(RuleOverride::Off, 600));
    assert!(world.app().announced.is_none());
    world.tick(TimeDelta::hours(1));
    assert_eq!(world.app().release.unwrap().status, Status::InProgress);
}
