use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::*;
use crate::domain::{Exposure, Metric};
use crate::policy::rule::{Evidence, Limit};

#[derive(Debug, Deserialize)]
struct File {
    policy: BTreeMap<String, RawPolicy>,
}

const WHOLE: &str = r#"
[policy.p]
description = "all keys"
[[policy.p.stage]]
exposure = "5%"
soak = "30m"
min_users = 100
healthy_if = { crash_free_sessions = "99.00%" }
[[policy.p.stage]]
exposure = "100%"
approval = "operator"
[[policy.p.rule]]
id = "floor"
metric = "crash_free_sessions"
floor = "99.85%"
action = "pause"
grace = "20s"
[[policy.p.rule]]
id = "ratio"
metric = "crash_free_sessions"
worse_than_baseline = 2
action = "halt"
during = { exposure = "1%..50%" }
[[policy.p.rule]]
id = "slow"
metric = "slow_cold_starts"
ceiling = "5%"
action = "notify"
evidence = "observed"
window = "2h"
for = 3
[[policy.p.rule]]
id = "drop"
metric = "journey_success:checkout"
drop_from_baseline = "2pt"
action = "hold"
[[policy.p.tier]]
name = "fix forward"
when = "crash_free_sessions > 99.80%"
respond = "notify"
say = "ship the fix on the next weekly train"
"#;

fn read(toml: &str) -> Result<(Policy, Vec<PlainText>), String> {
    let file: File = toml::from_str(toml).map_err(|error| error.to_string())?;
    file.policy["p"]
        .resolve("p")
        .map_err(|error| error.to_string())
}

fn rule(keys: &str) -> Result<(Policy, Vec<PlainText>), String> {
    read(&format!("[[policy.p.rule]]\nid = \"r\"\n{keys}\n"))
}

#[test]
fn the_whole_of_it_resolves() {
    let (policy, warnings) = read(WHOLE).unwrap();
    assert_eq!(policy.stages.len(), 2);
    assert_eq!(policy.stages[0].soak, TimeDelta::minutes(30));
    assert_eq!(
        policy.stages[0].healthy_if,
        BTreeMap::from([(Metric::CrashFreeSessions, 0.99)])
    );
    assert!(policy.stages[1].approval.is_some());
    let limits: Vec<Limit> = policy.rules.iter().map(|rule| rule.limit).collect();
    assert_eq!(
        limits,
        [
            Limit::Failures { at_most: 0.0015 },
            Limit::TimesBaseline { ratio: 2.0 },
            Limit::Failures { at_most: 0.05 },
            Limit::WorseByPoints { points: 0.02 },
        ]
    );
    assert_eq!(policy.rules[0].grace, TimeDelta::seconds(20));
    assert_eq!(
        policy.rules[1].during,
        Some((Exposure::from_percent(1), Exposure::from_percent(50)))
    );
    assert_eq!(
        policy.rules[2].evidence,
        Evidence::Observed {
            window: TimeDelta::hours(2),
            min_sessions: 1000,
            polls: 3
        }
    );
    assert_eq!(warnings, Vec::<PlainText>::new());
    assert_eq!(policy.tiers[0].name.as_str(), "fix forward");
}

#[test]
fn the_hash_is_of_what_a_policy_does() {
    let hash = |toml: &str| read(toml).unwrap().0.hash;
    assert_eq!(hash(WHOLE).len(), 64);
    assert_eq!(hash(WHOLE), hash(&WHOLE.replace("all keys", "other words")));
    assert_eq!(hash(WHOLE), hash(&WHOLE.replace("\"30m\"", "\"1800s\"")));
    assert_ne!(hash(WHOLE), hash(&WHOLE.replace("99.85%", "99.84%")));
    assert_ne!(hash(WHOLE), hash(&WHOLE.replace("\"hold\"", "\"pause\"")));
    assert_ne!(hash(WHOLE), hash(&WHOLE.replace("> 99.80%", "> 99.81%")));
}

#[test]
fn wrong_rules_say_what_to_write() {
    for (keys, needle) in [
        (
            "metric = \"crash_free_sessions\"\naction = \"halt\"",
            "exactly one of",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"99%\"\nworse_than_baseline = 2.0\naction = \"halt\"",
            "it has 2",
        ),
        (
            "metric = \"slow_requests\"\nfloor = \"99%\"\naction = \"halt\"",
            "write ceiling",
        ),
        (
            "metric = \"crash_free_sessions\"\nceiling = \"1%\"\naction = \"halt\"",
            "write floor",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"100%\"\naction = \"halt\"",
            "both excluded",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = 99.85\naction = \"halt\"",
            "write \"99.85%\"",
        ),
        (
            "metric = \"crash_fre\"\nfloor = \"99%\"\naction = \"halt\"",
            "expected a metric",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"explode\"",
            "unknown variant",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\nflor = 1",
            "unknown field",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\nwindow = \"1h\"",
            "observed",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\nevidence = \"observed\"\nfor = 0",
            "more than zero",
        ),
        (
            "metric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\nduring = { exposure = \"50%..1%\" }",
            "lower one first",
        ),
    ] {
        let text = rule(keys).unwrap_err();
        assert!(
            text.contains(needle) && text.contains("line "),
            "{keys}\n{text}"
        );
    }
}

#[test]
fn wrong_policies_are_refused_where_they_are() {
    let twice = "[[policy.p.rule]]\nid = \"a\"\nmetric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\n";
    let text = read(&twice.repeat(2)).unwrap_err();
    assert!(text.contains("two rules are called \"a\""), "{text}");
    let falling = "[[policy.p.stage]]\nexposure = \"50%\"\n[[policy.p.stage]]\nexposure = \"5%\"\n";
    assert!(read(falling).unwrap_err().contains("5% comes after 50%"));
    assert!(
        read("[[policy.p.stage]]\nexposure = \"0%\"\n")
            .unwrap_err()
            .contains("nobody")
    );
    let bad = "[[policy.p.stage]]\nexposure = \"5%\"\nhealthy_if = { slow_requests = \"1%\" }\n";
    assert!(read(bad).unwrap_err().contains("share of the bad"));
    assert!(
        read("[policy.p]\nrules = []\n")
            .unwrap_err()
            .contains("unknown field")
    );
}

#[test]
fn the_schema_knows_the_keys() {
    let schema = serde_json::to_string(&schemars::schema_for!(RawPolicy)).unwrap();
    for key in [
        "worse_than_baseline",
        "healthy_if",
        "min_sessions",
        "\"for\"",
        "\"rule\"",
        "99.85%",
        "next_train",
        "critical_flow",
    ] {
        assert!(schema.contains(key), "{key} in {schema}");
    }
}

#[test]
fn errors_point_at_the_place() {
    let text = read(&WHOLE.replace("floor = \"99.85%\"", "floor = \"99,85%\"")).unwrap_err();
    assert!(text.contains("line 15, column 9"), "{text}");
    // One table of several: at its own header, which is the fourth of its kind.
    let text = read(&WHOLE.replace("drop_from_baseline = \"2pt\"", "")).unwrap_err();
    assert!(text.contains("line 33, column 1"), "{text}");
    let text = read(
        &WHOLE
            .replace("approval =", "complete_early = false\napproval =")
            .replace("exposure = \"100%\"", "exposure = \"0%\""),
    )
    .unwrap_err();
    assert!(text.contains("line 9, column 1"), "{text}");
    let text = read(&WHOLE.replace("id = \"ratio\"", "id = \"floor\"")).unwrap_err();
    assert!(text.contains("line 2"), "{text}");
    let text = read(&WHOLE.replace("soak = \"30m\"", "soak = \"30m\"\nsoke = 1")).unwrap_err();
    assert!(text.contains("line 7, column 1"), "{text}");
}
