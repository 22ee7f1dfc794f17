mod levels;
mod overrides;

use std::collections::BTreeSet;

use chrono::{NaiveTime, TimeDelta, Weekday};
use proptest::prelude::*;

use super::*;
use crate::domain::{Check, CheckHow, Fix, Metric, RuleOverride};
use crate::policy::calendar::Window;
use crate::policy::rule::{Action, Evidence, Limit};
use crate::policy::stage::{Approval, Stage};
use crate::policy::tier::{Condition, Tier, When};
use crate::policy::{Role, presets};

fn rule(id: &str) -> Rule {
    Rule {
        id: id.into(),
        metric: Metric::CrashFreeSessions,
        limit: Limit::Failures { at_most: 0.0015 },
        action: Action::Pause,
        during: Some((Exposure::from_percent(1), Exposure::from_percent(50))),
        evidence: Evidence::Observed {
            window: TimeDelta::hours(1),
            min_sessions: 1_000,
            polls: 2,
        },
        grace: TimeDelta::minutes(10),
        insist: false,
        of_tier: false,
        unless_train: None,
    }
}

fn stage(percent: u32) -> Stage {
    Stage {
        soak: TimeDelta::minutes(30),
        min_users: Some(100),
        min_sessions: Some(500),
        healthy_if: [(Metric::CrashFreeSessions, 0.99)].into(),
        required: [Metric::AnrFreeUsers].into(),
        coverage: [("country".into(), 5)].into(),
        variance: [(Metric::Custom("checkout".into()), 0.05)].into(),
        approval: Some(Approval {
            role: Role::Operator,
            persons: 2,
        }),
        window: Some(Window {
            days: vec![Weekday::Mon, Weekday::Tue],
            from: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            until: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
            zone: chrono_tz::Europe::Berlin,
        }),
        check: Some(Check {
            how: CheckHow::Exec(vec!["qa-gate".into(), "shop".into()]),
            timeout: TimeDelta::seconds(30),
            every: TimeDelta::minutes(5),
        }),
        complete_early: true,
        ..Stage::at(Exposure::from_percent(percent))
    }
}

fn tier(name: &str) -> Tier {
    Tier {
        name: name.into(),
        when: When::Metric(Condition {
            metric: Metric::CrashFreeSessions,
            above: false,
            share: 0.99,
            until: None,
        }),
        respond: Action::Pause,
        say: "ship a hotfix".into(),
        next_train: Some(TimeDelta::days(2)),
    }
}

fn policy() -> Policy {
    Policy {
        name: "p".into(),
        description: "d".into(),
        stages: vec![stage(5), stage(25), stage(100)],
        rules: vec![rule("floor"), rule("other")],
        tiers: vec![tier("serious"), tier("mild")],
        hash: "0".into(),
    }
}

type Change = fn(&mut Policy);

fn window(policy: &mut Policy) -> &mut Window {
    policy.stages[1].window.as_mut().unwrap()
}

fn check(policy: &mut Policy) -> &mut Check {
    policy.stages[1].check.as_mut().unwrap()
}

fn at(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap()
}

/// Each tightens, one field at a time, with its words; taken back it loosens.
const TIGHTER: [(Change, &str); 36] = [
    (
        |p| p.stages[1].soak = TimeDelta::hours(2),
        "stage 25%: soak 30m → 2h",
    ),
    (
        |p| p.stages[1].min_users = Some(200),
        "stage 25%: min_users 100 → 200",
    ),
    (
        |p| p.stages[1].min_sessions = Some(501),
        "stage 25%: min_sessions 500 → 501",
    ),
    (
        |p| {
            p.stages[1]
                .healthy_if
                .insert(Metric::CrashFreeSessions, 0.995);
        },
        "stage 25%: healthy_if crash_free_sessions 99.00% → 99.50%",
    ),
    (
        |p| {
            p.stages[1]
                .healthy_if
                .insert(Metric::AnrFreeUsers, 0.991_234);
        },
        "stage 25%: healthy_if anr_free_users 99.1234% added",
    ),
    (
        |p| {
            p.stages[1].required.insert(Metric::CrashFreeUsers);
        },
        "stage 25%: required crash_free_users added",
    ),
    (
        |p| {
            p.stages[1].coverage.insert("country".into(), 6);
        },
        "stage 25%: coverage country 5 → 6",
    ),
    (
        |p| {
            p.stages[1].coverage.insert("device".into(), 1);
        },
        "stage 25%: coverage device 1 added",
    ),
    (
        |p| {
            p.stages[1]
                .variance
                .insert(Metric::Custom("checkout".into()), 0.04);
        },
        "stage 25%: variance custom:checkout 5.00% → 4.00%",
    ),
    (
        |p| p.stages[1].approval.as_mut().unwrap().role = Role::Admin,
        "stage 25%: approval by 2 of at least operator → by 2 of at least admin",
    ),
    (
        |p| p.stages[1].approval.as_mut().unwrap().persons = 3,
        "stage 25%: approval by 2 of at least operator → by 3 of at least operator",
    ),
    (
        |p| window(p).days.truncate(1),
        "stage 25%: window mon-tue 09:00-17:00 Europe/Berlin → mon 09:00-17:00 Europe/Berlin",
    ),
    (
        |p| window(p).from = at(10),
        "stage 25%: window mon-tue 09:00-17:00 Europe/Berlin → mon-tue 10:00-17:00 Europe/Berlin",
    ),
    (
        |p| window(p).until = at(16),
        "stage 25%: window mon-tue 09:00-17:00 Europe/Berlin → mon-tue 09:00-16:00 Europe/Berlin",
    ),
    (
        |p| p.stages[1].complete_early = false,
        "stage 25%: complete_early true → false",
    ),
    (
        |p| p.rules.push(rule("new")),
        "rule new: floor 99.85% of crash_free_sessions added",
    ),
    (
        |p| p.rules[0].limit = Limit::Failures { at_most: 0.0005 },
        "rule floor: floor 99.85% → 99.95%",
    ),
    (
        |p| p.rules[0].action = Action::Halt,
        "rule floor: action pause → halt",
    ),
    (
        |p| p.rules[0].during = None,
        "rule floor: live 1%..50% → always",
    ),
    (
        |p| p.rules[0].during = Some((Exposure::NONE, Exposure::from_percent(60))),
        "rule floor: live 1%..50% → 0%..60%",
    ),
    (
        |p| p.rules[0].evidence = observed(1, 999, 2),
        "rule floor: evidence observed over 1h with 1000 sessions for 2 polls → observed over 1h with 999 sessions for 2 polls",
    ),
    (
        |p| p.rules[0].evidence = observed(1, 1_000, 1),
        "rule floor: evidence observed over 1h with 1000 sessions for 2 polls → observed over 1h with 1000 sessions for 1 polls",
    ),
    (
        |p| p.rules[0].grace = TimeDelta::zero(),
        "rule floor: grace 10m → 0s",
    ),
    (|p| p.tiers.push(tier("new")), "tier new added"),
    (
        |p| p.tiers[0].when = below(0.992),
        "tier serious: when crash_free_sessions < 99% → crash_free_sessions < 99.2%",
    ),
    (
        |p| p.tiers[0].respond = Action::Halt,
        "tier serious: respond pause → halt",
    ),
    (
        |p| p.tiers[0].next_train = Some(TimeDelta::days(1)),
        "tier serious: next_train 2days → 1day",
    ),
    // What is wanted where nothing was.
    (
        |p| p.stages[0].soak = TimeDelta::minutes(31),
        "stage 5%: soak 30m → 31m",
    ),
    (
        |p| p.stages[0].min_users = Some(u64::MAX),
        "stage 5%: min_users 100 → 18446744073709551615",
    ),
    (
        |p| p.stages[2].complete_early = false,
        "stage 100%: complete_early true → false",
    ),
    (
        |p| p.rules[1].action = Action::Halt,
        "rule other: action pause → halt",
    ),
    (
        |p| p.rules[1].grace = TimeDelta::seconds(1),
        "rule other: grace 10m → 1s",
    ),
    (
        |p| p.tiers[1].respond = Action::Halt,
        "tier mild: respond pause → halt",
    ),
    (
        |p| p.rules[1].during = None,
        "rule other: live 1%..50% → always",
    ),
    // These move the others: they come last.
    (
        |p| p.stages.insert(1, Stage::at(Exposure::from_percent(10))),
        "stage 10% added",
    ),
    (
        |p| p.stages.insert(0, Stage::at(Exposure::from_percent(1))),
        "stage 1% added",
    ),
];

/// Each loosens, or cannot be ordered.
const LOOSER: [(Change, &str); 27] = [
    (|p| drop(p.stages.remove(1)), "stage 25% removed"),
    (|p| drop(p.stages.pop()), "stage 100% removed"),
    (
        |p| p.stages[1].min_users = None,
        "stage 25%: min_users 100 → 0",
    ),
    (
        |p| p.stages[1].healthy_if.clear(),
        "stage 25%: healthy_if crash_free_sessions 99.00% dropped",
    ),
    (
        |p| p.stages[1].required.clear(),
        "stage 25%: required anr_free_users dropped",
    ),
    (
        |p| p.stages[1].coverage.clear(),
        "stage 25%: coverage country 5 dropped",
    ),
    (
        |p| p.stages[1].variance.clear(),
        "stage 25%: variance custom:checkout 5.00% dropped",
    ),
    (
        |p| p.stages[2].approval = None,
        "stage 100%: approval by 2 of at least operator dropped",
    ),
    (
        |p| {
            p.stages[1].approval = Some(Approval {
                role: Role::Admin,
                persons: 1,
            });
        },
        "stage 25%: approval by 2 of at least operator → by one admin",
    ),
    (
        |p| p.stages[1].window = None,
        "stage 25%: window mon-tue 09:00-17:00 Europe/Berlin dropped",
    ),
    (
        |p| window(p).zone = chrono_tz::UTC,
        "stage 25%: window mon-tue 09:00-17:00 Europe/Berlin → mon-tue 09:00-17:00 UTC",
    ),
    (
        |p| window(p).until = NaiveTime::MIN,
        "stage 25%: window mon-tue 09:00-17:00 Europe/Berlin → mon-tue 09:00-24:00 Europe/Berlin",
    ),
    (
        |p| p.stages[1].check = None,
        "stage 25%: check exec qa-gate within 30s every 5m dropped",
    ),
    (
        |p| check(p).every = TimeDelta::minutes(1),
        "stage 25%: check exec qa-gate within 30s every 5m → exec qa-gate within 30s every 1m",
    ),
    (
        |p| check(p).how = CheckHow::Exec(vec!["true".into()]),
        "stage 25%: check exec qa-gate within 30s every 5m → exec true within 30s every 5m",
    ),
    (|p| drop(p.rules.remove(0)), "rule floor removed"),
    (
        |p| p.rules[0].metric = Metric::CrashFreeUsers,
        "rule floor: metric crash_free_sessions → crash_free_users",
    ),
    (
        |p| p.rules[0].limit = Limit::TimesBaseline { ratio: 1.0 },
        "rule floor: floor 99.85% → worse_than_baseline 1.0",
    ),
    (
        |p| p.rules[0].during = Some((Exposure::from_percent(5), Exposure::FULL)),
        "rule floor: live 1%..50% → 5%..100%",
    ),
    (
        |p| p.rules[0].evidence = Evidence::Sequential,
        "rule floor: evidence observed over 1h with 1000 sessions for 2 polls → sequential",
    ),
    (
        |p| p.rules[0].evidence = observed(2, 1, 1),
        "rule floor: evidence observed over 1h with 1000 sessions for 2 polls → observed over 2h with 1 sessions for 1 polls",
    ),
    (|p| drop(p.tiers.remove(0)), "tier serious removed"),
    (
        |p| {
            p.tiers[0].when = When::CriticalFlow {
                fix: Some(Fix::Known),
            }
        },
        "tier serious: when crash_free_sessions < 99% → critical_flow, fix known",
    ),
    (
        |p| p.tiers[0].next_train = None,
        "tier serious: next_train 2days dropped",
    ),
    (
        |p| p.stages[1].soak = TimeDelta::zero(),
        "stage 25%: soak 30m → 0s",
    ),
    (
        |p| p.rules[0].action = Action::Notify,
        "rule floor: action pause → notify",
    ),
    (
        |p| p.rules[0].grace = TimeDelta::hours(1),
        "rule floor: grace 10m → 1h",
    ),
];

fn observed(hours: i64, min_sessions: u64, polls: u32) -> Evidence {
    let window = TimeDelta::hours(hours);
    Evidence::Observed {
        window,
        min_sessions,
        polls,
    }
}

fn below(share: f64) -> When {
    When::Metric(Condition {
        metric: Metric::CrashFreeSessions,
        above: false,
        share,
        until: None,
    })
}

fn changed(changes: &[Change]) -> Policy {
    let mut changed = policy();
    for change in changes {
        change(&mut changed);
    }
    changed
}

fn words(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|it| it.words.as_str()).collect()
}

#[test]
fn every_field_counts_and_is_said_in_words() {
    for (change, expected) in TIGHTER {
        let (old, new) = (policy(), changed(&[change]));
        let found = compare(&old, &new);
        assert_eq!(words(&found), [format!("{expected} (tighter)")]);
        let back = compare(&new, &old);
        assert!(back.len() == 1 && is_looser(&back), "{expected}: {back:?}");
    }
    for (change, expected) in LOOSER {
        let found = compare(&policy(), &changed(&[change]));
        assert_eq!(words(&found), [format!("{expected} (looser)")]);
    }
}

#[test]
fn what_cannot_be_ordered_is_looser_both_ways() {
    let unordered: [Change; 4] = [
        |p| window(p).zone = chrono_tz::UTC,
        |p| check(p).how = CheckHow::Exec(vec!["qa-gate".into(), "--lenient".into()]),
        |p| p.rules[0].metric = Metric::CrashFreeUsers,
        |p| p.rules[0].evidence = Evidence::Sequential,
    ];
    for change in unordered {
        let (old, new) = (policy(), changed(&[change]));
        assert!(is_looser(&compare(&old, &new)) && is_looser(&compare(&new, &old)));
    }
}

#[test]
fn more_exposure_at_the_end_of_the_way_is_looser() {
    let mut short = policy();
    short.stages.pop();
    assert_eq!(
        words(&compare(&short, &policy())),
        ["stage 100% added (looser)"]
    );
    let mut none = policy();
    none.stages.clear();
    assert!(is_looser(&compare(&none, &policy())));
    assert!(is_looser(&compare(&policy(), &none)));
}

#[test]
fn names_descriptions_order_and_words_to_people_loosen_nothing() {
    let mut other = policy();
    (other.name, other.description, other.hash) = ("q".into(), "e".into(), "1".into());
    other.rules.reverse();
    other.tiers.reverse();
    assert_eq!(compare(&policy(), &other), []);
    other.tiers[0].say = "wait".into();
    let found = compare(&policy(), &other);
    let said = ["tier mild: says \"wait\" instead of \"ship a hotfix\""];
    assert_eq!((words(&found), is_looser(&found)), (said.to_vec(), false));
}

#[test]
fn presets_differ_from_each_other_and_not_from_themselves() {
    let read = |name| {
        let raw: crate::policy::RawPolicy = toml::from_str(presets::source(name).unwrap()).unwrap();
        raw.resolve(name).unwrap().0
    };
    for one in presets::names() {
        for other in presets::names() {
            let same = compare(&read(one), &read(other)).is_empty();
            assert_eq!(same, one == other, "{one} {other}");
        }
    }
}

proptest! {
    /// Nobody gets round the ratchet by small steps: what is reached by tightenings alone is tighter than where they began.
    #[test]
    fn tightenings_add_up_to_a_tightening(
        first in prop::collection::btree_set(0..TIGHTER.len(), 0..5),
        then in prop::collection::btree_set(0..TIGHTER.len(), 0..5),
    ) {
        let pick = |which: &BTreeSet<usize>| -> Vec<Change> {
            which.iter().map(|n| TIGHTER[*n].0).collect()
        };
        let (old, middle) = (policy(), changed(&pick(&first)));
        let new = changed(&pick(&first.union(&then).copied().collect()));
        if !is_looser(&compare(&old, &middle)) && !is_looser(&compare(&middle, &new)) {
            prop_assert!(!is_looser(&compare(&old, &new)));
            let back = compare(&new, &old);
            prop_assert!(is_looser(&back) || back.is_empty());
        }
        prop_assert_eq!(compare(&new, &new), vec![]);
    }
}
