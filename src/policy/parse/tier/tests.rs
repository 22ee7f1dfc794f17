use chrono::TimeDelta;
use proptest::prelude::*;

use crate::policy::rule::{Action, Limit, Policy};
use crate::policy::{RawPolicy, When, explain};

fn read(toml: &str) -> Result<Policy, String> {
    let raw: RawPolicy = toml::from_str(toml).map_err(|error| error.to_string())?;
    let (policy, _warnings) = raw.resolve("p").map_err(|error| error.to_string())?;
    Ok(policy)
}

fn tier(name: &str, when: &str, rest: &str) -> String {
    format!("[[tier]]\nname = \"{name}\"\nwhen = \"{when}\"\n{rest}\n")
}

/// One that does so at this band.
fn band(name: &str, when: &str, respond: &str) -> String {
    tier(name, when, &format!("respond = \"{respond}\""))
}

#[test]
fn numbers_become_rules_and_the_rest_stays_a_tier() {
    let policy = read(
        &[
            tier(
                "forward",
                "crash_free_sessions > 99.80%",
                "respond = \"notify\"\nsay = \"next train\"\nnext_train = \"2d\"",
            ),
            tier(
                "hotfix",
                "99.00% <= crash_free_sessions < 99.80%",
                "respond = \"pause\"\nnext_train = \"36h\"",
            ),
            band("stop", "crash_free_sessions<99.00%", "halt"),
            band("slow", "5% < slow_requests <= 10%", "hold"),
            band("slower", "slow_requests >= 10%", "pause"),
            band("fine", "slow_requests <= 5%", "notify"),
            band("flow", "critical_flow", "hold"),
        ]
        .concat(),
    )
    .unwrap();
    let rules: Vec<_> = policy
        .rules
        .iter()
        .map(|rule| {
            assert!(rule.of_tier && rule.during.is_none());
            let Limit::Failures { at_most } = rule.limit else {
                panic!("{rule:?}");
            };
            (rule.id.as_str(), at_most, rule.action, rule.unless_train)
        })
        .collect();
    let hours = |hours| Some(TimeDelta::hours(hours));
    assert_eq!(
        rules,
        [
            ("hotfix", 0.002, Action::Pause, None),
            ("hotfix, no train", 0.002, Action::Halt, hours(36)),
            ("stop", 0.01, Action::Halt, None),
            ("slow", 0.05, Action::Hold, None),
            ("slower", 0.1, Action::Pause, None),
        ]
    );
    assert_eq!(policy.tiers.len(), 7);
    let made = |rule: &str| Some(policy.tier_of(&rule.into())?.name.as_str());
    assert_eq!(made("hotfix, no train"), Some("hotfix"));
    assert_eq!(made("forward"), None);
}

proptest! {
    /// To the last digit: a tier and a floor at one number are one limit.
    #[test]
    fn a_bound_is_the_limit_of_a_floor(percent in 1..99_999_u32) {
        let share = f64::from(percent) / 1000.0;
        let floor = format!("[[rule]]\nid = \"f\"\nmetric = \"crash_free_sessions\"\nfloor = \"{share}%\"\naction = \"pause\"\n");
        let toml = floor + &band("t", &format!("crash_free_sessions < {share}%"), "pause");
        let policy = read(&toml).unwrap();
        prop_assert_eq!(policy.rules[0].limit, policy.rules[1].limit);
        let When::Metric(condition) = &policy.tiers[0].when else { panic!() };
        let written = condition.to_string();
        prop_assert_eq!(&read(&band("t", &written, "pause")).unwrap().tiers[0].when, &policy.tiers[0].when);
        prop_assert!(!explain::percent(condition.share).is_empty());
    }
}

#[test]
fn what_is_wrong_with_one_tier_is_told_where_it_is() {
    let notify = "respond = \"notify\"";
    for (when, rest, needle) in [
        ("is fine", notify, "expected what the tier is for, such as"),
        ("99% > crash_free_sessions > 98%", notify, "expected what"),
        (
            "crash_free_session < 99%",
            notify,
            "did you mean \"crash_free_sessions\"?",
        ),
        ("crash_free_sessions < 99", notify, "expected a percentage"),
        ("crash_free_sessions < 100%", notify, "both excluded"),
        (
            "99.80% <= crash_free_sessions < 99%",
            notify,
            "write \"99% <= crash_free_sessions < 99.80%\"",
        ),
        (
            "crash_free_sessions > 99.80%",
            "respond = \"pause\"",
            "it may notify or hold",
        ),
        (
            "slow_requests < 5%",
            "respond = \"halt\"",
            "it may notify or hold",
        ),
        (
            "crash_free_sessions < 99%",
            "respond = \"halt\"\nfix = \"known\"",
            "fix belongs to when = \"critical_flow\"",
        ),
        (
            "critical_flow",
            "respond = \"halt\"\nfix = \"maybe\"",
            "unknown variant `maybe`",
        ),
        (
            "critical_flow",
            "respond = \"pause\"\nnext_train = \"0s\"",
            "more than zero",
        ),
        (
            "critical_flow",
            "respond = \"halt\"\nnext_train = \"2d\"",
            "no stronger than halt",
        ),
        (
            "crash_free_sessions > 99%",
            "respond = \"hold\"\nnext_train = \"2d\"",
            "no stronger than hold",
        ),
        (
            "critical_flow",
            "respond = \"explode\"",
            "unknown variant `explode`",
        ),
        (
            "critical_flow",
            "respond = \"halt\"\nsey = \"x\"",
            "unknown field `sey`",
        ),
    ] {
        let toml = format!("description = \"d\"\n\n{}", tier("t", when, rest));
        let text = read(&toml).unwrap_err();
        let line = text
            .split("line ")
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .and_then(|line| line.parse::<usize>().ok());
        assert!(
            text.contains(needle) && line.is_some_and(|line| line >= 3),
            "{when}\n{text}"
        );
    }
    let nameless = read(&band("", "critical_flow", "halt")).unwrap_err();
    assert!(nameless.contains("a tier needs a name"), "{nameless}");
}

#[test]
fn tiers_that_contradict_each_other_are_refused() {
    let at = |name: &str, when: &str, respond: &str| {
        band(name, &when.replace("cfs", "crash_free_sessions"), respond)
    };
    let rule = "[[rule]]\nid = \"a\"\nmetric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\n";
    let known = tier("k", "critical_flow", "fix = \"known\"\nrespond = \"halt\"");
    let unknown = tier(
        "u",
        "critical_flow",
        "fix = \"unknown\"\nrespond = \"hold\"",
    );
    for (toml, needle) in [
        (
            at("a", "cfs < 99%", "halt") + &at("a", "critical_flow", "halt"),
            "two tiers are called \"a\"",
        ),
        (
            rule.to_owned() + &at("a", "critical_flow", "halt"),
            "tier \"a\" is called like a rule",
        ),
        (
            at("a", "cfs < 99%", "pause") + &at("b", "cfs < 99.0%", "halt"),
            "tiers \"a\" and \"b\" overlap",
        ),
        (
            at("a", "cfs > 99%", "notify") + &at("b", "cfs < 99.8%", "pause"),
            "\"crash_free_sessions > 99%\"",
        ),
        (
            at("a", "cfs < 99.8%", "halt") + &at("b", "cfs < 99%", "pause"),
            "tier \"b\" is for worse numbers than \"a\", and answers less: pause after halt",
        ),
        (
            at("a", "cfs > 99.8%", "hold") + &at("b", "cfs < 99.8%", "notify"),
            "notify after hold",
        ),
        (
            at("a", "cfs > 99.8%", "notify") + &at("b", "cfs > 99.9%", "notify"),
            "both for numbers of crash_free_sessions within a bound",
        ),
        (
            at("a", "99% <= cfs < 99.8%", "pause"),
            "no tier takes over there",
        ),
        (
            at("a", "99% <= cfs < 99.8%", "pause") + &at("b", "cfs < 98%", "halt"),
            "\"b\" is for \"crash_free_sessions < 98%\"",
        ),
        (
            at("a", "critical_flow", "halt") + &at("b", "critical_flow", "pause"),
            "answer the same declaration",
        ),
        (
            known + &unknown,
            "tier \"k\" answers a known fix with more than tier \"u\"",
        ),
    ] {
        let text = read(&toml).unwrap_err();
        assert!(text.contains(needle), "{toml}\n{text}");
    }
}
