use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveTime, TimeDelta, Weekday};

use super::*;
use crate::domain::{Check, CheckHow, Metric};
use crate::policy::access::Role;
use crate::policy::parse::RawPolicy;
use crate::policy::stage::Approval;

/// A stage of 50 % with these keys, the first of which is on line 3.
fn read(keys: &str) -> Result<Stage, String> {
    let text = format!("[[stage]]\nexposure = \"50%\"\n{keys}\n");
    let raw: RawPolicy = toml::from_str(&text).map_err(|error| error.to_string())?;
    let (policy, _) = raw.resolve("p").unwrap();
    Ok(policy.stages.into_iter().next().unwrap())
}

fn warnings(text: &str) -> Vec<String> {
    let raw: RawPolicy = toml::from_str(text).unwrap();
    let (_, warnings) = raw.resolve("p").unwrap();
    warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_of_a_stage_is_read() {
    let stage = read(
        r#"
        soak = "12h"
        min_users = 100
        min_sessions = 5000
        healthy_if = { crash_free_sessions = "99.50%" }
        required = ["crash_free_sessions", "custom:pay", "crash_free_sessions"]
        coverage = { country = 5 }
        variance = { "custom:checkout" = "5%" }
        approval = { role = "admin", persons = 2 }
        window = { days = "Fri-mon, wed", hours = "9:00-24:00", zone = "Europe/Berlin" }
        check = { exec = ["qa-gate", "--strict"], timeout = "30s" }
        "#,
    )
    .unwrap();
    let pay = Metric::Custom("pay".into());
    let expected = Stage {
        soak: TimeDelta::hours(12),
        min_users: Some(100),
        min_sessions: Some(5_000),
        healthy_if: BTreeMap::from([(Metric::CrashFreeSessions, 0.995)]),
        required: BTreeSet::from([Metric::CrashFreeSessions, pay]),
        coverage: BTreeMap::from([("country".into(), 5)]),
        variance: BTreeMap::from([(Metric::Custom("checkout".into()), 0.05)]),
        approval: Some(Approval {
            role: Role::Admin,
            persons: 2,
        }),
        window: Some(Window {
            days: vec![
                Weekday::Mon,
                Weekday::Wed,
                Weekday::Fri,
                Weekday::Sat,
                Weekday::Sun,
            ],
            from: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            until: NaiveTime::MIN,
            zone: chrono_tz::Europe::Berlin,
        }),
        check: Some(Check {
            how: CheckHow::Exec(vec!["qa-gate".into(), "--strict".into()]),
            timeout: TimeDelta::seconds(30),
            every: TimeDelta::minutes(5),
        }),
        ..Stage::at(Exposure::from_percent(50))
    };
    assert_eq!(stage, expected);
}

#[test]
fn short_forms_have_defaults() {
    let approval = |keys: &str| read(keys).unwrap().approval.unwrap();
    for (keys, role, persons) in [
        ("approval = \"operator\"", Role::Operator, 1),
        ("approval = \"admin\"", Role::Admin, 1),
        ("approval = { role = \"operator\" }", Role::Operator, 1),
        (
            "approval = { role = \"operator\", persons = 9 }",
            Role::Operator,
            9,
        ),
    ] {
        assert_eq!(approval(keys), Approval { role, persons }, "{keys}");
    }
    let check = |keys: &str| read(keys).unwrap().check.unwrap();
    let asked = check("check = { http = \"http://127.0.0.1:8080/gate?app=shop\", every = \"1h\" }");
    assert_eq!(
        asked.how,
        CheckHow::Http("http://127.0.0.1:8080/gate?app=shop".into())
    );
    assert_eq!(
        (asked.timeout, asked.every),
        (TimeDelta::minutes(1), TimeDelta::hours(1))
    );
    assert!(!read("").unwrap().complete_early);
}

/// What is wrong, what to write instead, and where: line and column from 1.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_wrong_is_told_where_it_is_with_what_to_write() {
    let mut wrong = Vec::new();
    for (keys, needle, place) in [
        (
            "min_users = 0",
            "0 asks for nothing: write 1 or more",
            "line 3, column 13",
        ),
        ("min_sessions = 0", "leave the key out", "line 3, column 16"),
        (
            "min_users = \"100\"",
            "invalid type: string \"100\"",
            "line 3, column 13",
        ),
        ("min_users = -1", "expected u64", "line 3, column 13"),
        (
            "soak = 30",
            "write \"30s\" or \"30m\" or \"30h\"",
            "line 3, column 8",
        ),
        (
            "healthy_if = {}",
            "write { crash_free_sessions = \"99.50%\" }",
            "line 3, column 14",
        ),
        (
            "healthy_if = { crash_free_sessions = \"100%\" }",
            "no evidence could show 100%",
            "line 3, column 14",
        ),
        (
            "healthy_if = { crash_free_sessions = \"0%\" }",
            "both excluded",
            "line 3, column 14",
        ),
        (
            "healthy_if = { crash_free_sessions = 99.5 }",
            "write \"99.5%\"",
            "line 3, column 38",
        ),
        (
            "healthy_if = { slow_requests = \"1%\" }",
            "a share of the bad: let a rule with a ceiling",
            "line 3, column 14",
        ),
        (
            "healthy_if = { crash_free_session = \"99%\" }",
            "unknown metric",
            "line 3, column 16",
        ),
        (
            "required = []",
            "write [\"crash_free_sessions\"]",
            "line 3, column 12",
        ),
        (
            "required = \"crash_free_sessions\"",
            "expected a sequence",
            "line 3, column 12",
        ),
        (
            "required = [\"crash_free_sessions\", \"crashes\"]",
            "found \"crashes\"",
            "line 3, column 36",
        ),
        (
            "coverage = {}",
            "write { country = 5 }",
            "line 3, column 12",
        ),
        (
            "coverage = { country = 0 }",
            "0 asks for nothing",
            "line 3, column 24",
        ),
        (
            "coverage = { \"country=DE\" = 1 }",
            "such as country; found \"country=DE\"",
            "line 3, column 12",
        ),
        (
            "coverage = { device = 5000 }",
            "ask for fewer",
            "line 3, column 12",
        ),
        (
            "variance = {}",
            "write { \"custom:checkout\" = \"5%\" }",
            "line 3, column 12",
        ),
        (
            "variance = { \"custom:pay\" = \"0%\" }",
            "how much of custom:pay may be lost, such as \"5%\"",
            "line 3, column 12",
        ),
        (
            "variance = { \"custom:pay\" = \"100%\" }",
            "both excluded",
            "line 3, column 12",
        ),
        (
            "variance = { crash_free_users = \"1%\" }",
            "take a metric of sessions",
            "line 3, column 12",
        ),
        (
            "approval = \"viewer\"",
            "expected `operator` or `admin`",
            "line 3, column 12",
        ),
        (
            "approval = true",
            "expected \"operator\", \"admin\" or { role",
            "line 3, column 12",
        ),
        (
            "approval = { role = \"admin\", persons = 0 }",
            "0 asks for nothing",
            "line 3, column 40",
        ),
        (
            "approval = { role = \"admin\", persons = 10 }",
            "write 1 to 9",
            "line 3, column 12",
        ),
        (
            "approval = { persons = 2 }",
            "missing field `role`",
            "line 3, column 12",
        ),
        (
            "approval = { role = \"viewer\" }",
            "unknown variant",
            "line 3, column 21",
        ),
        (
            "approval = { role = \"admin\", person = 2 }",
            "unknown field `person`",
            "line 3, column 30",
        ),
        (
            "window = { days = \"mon-fri\", hours = \"09:00-17:00\" }",
            "missing field `zone`",
            "line 3, column 10",
        ),
        (
            "window = { days = \"work\", hours = \"09:00-17:00\", zone = \"UTC\" }",
            "such as \"mon-fri\" or \"mon,wed\"; found \"work\"",
            "line 3, column 19",
        ),
        (
            "window = { days = \"\", hours = \"09:00-17:00\", zone = \"UTC\" }",
            "days of the week",
            "line 3, column 19",
        ),
        (
            "window = { days = \"mon\", hours = \"9-17\", zone = \"UTC\" }",
            "did you mean \"09:00-17:00\"?",
            "line 3, column 34",
        ),
        (
            "window = { days = \"mon\", hours = \"22:00-06:00\", zone = \"UTC\" }",
            "within one day; found \"22:00-06:00\": did you mean \"22:00-24:00\"?",
            "line 3, column 34",
        ),
        (
            "window = { days = \"mon\", hours = \"09:00-09:00\", zone = \"UTC\" }",
            "hours that rise",
            "line 3, column 34",
        ),
        (
            "window = { days = \"mon\", hours = \"00:00-00:00\", zone = \"UTC\" }",
            "hours that rise",
            "line 3, column 34",
        ),
        (
            "window = { days = \"mon\", hours = \"09:00-17:00\", zone = \"Berlin\" }",
            "did you mean \"Europe/Berlin\"?",
            "line 3, column 56",
        ),
        (
            "window = { days = \"mon\", hours = \"09:00-17:00\", zone = \"Europe/Berln\" }",
            "did you mean \"Europe/Berlin\"?",
            "line 3, column 56",
        ),
        (
            "window = { days = \"mon\", hours = \"09:00-17:00\", zone = \"New York\" }",
            "did you mean \"America/New_York\"?",
            "line 3, column 56",
        ),
        (
            "window = { days = \"mon\", hours = \"09:00-17:00\", zone = \"+01:00\" }",
            "a time zone by its name, such as \"Europe/Berlin\"",
            "line 3, column 56",
        ),
        ("check = {}", "exactly one of exec", "line 3, column 9"),
        (
            "check = { exec = [\"a\"], http = \"https://qa.example.com\" }",
            "it has both",
            "line 3, column 9",
        ),
        (
            "check = { exec = [] }",
            "write [\"qa-gate\", \"--strict\"]",
            "line 3, column 18",
        ),
        (
            "check = { exec = [\" \"] }",
            "exec names a program first",
            "line 3, column 18",
        ),
        (
            "check = { exec = \"qa-gate\" }",
            "expected a sequence",
            "line 3, column 18",
        ),
        (
            "check = { http = \"http://qa.example.com\" }",
            "plain http is for loopback only: write https://",
            "line 3, column 18",
        ),
        (
            "check = { http = \"qa.example.com\" }",
            "write \"https://host\"",
            "line 3, column 18",
        ),
        (
            "check = { http = \"https://u:p@qa.example.com\" }",
            "no user or password",
            "line 3, column 18",
        ),
        (
            "check = { exec = [\"a\"], timeout = \"0s\" }",
            "more than zero",
            "line 3, column 9",
        ),
        (
            "check = { exec = [\"a\"], timeout = \"2h\" }",
            "at most an hour",
            "line 3, column 9",
        ),
        (
            "check = { exec = [\"a\"], every = \"1s\" }",
            "write \"10s\" or more",
            "line 3, column 9",
        ),
        (
            "complete_early = true",
            "belongs to the stage of 100%; this one is of 50%",
            "line 1, column 1",
        ),
        (
            "complete_early = \"yes\"",
            "expected a boolean",
            "line 3, column 18",
        ),
        (
            "min_session = 5",
            "unknown field `min_session`",
            "line 3, column 1",
        ),
    ] {
        let text = read(keys).map_or_else(|error| error, |stage| format!("{stage:?}"));
        if !text.contains(needle) || !text.contains(&format!("{place}\n")) {
            wrong.push(format!("{keys}: not {needle:?} at {place}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stage_of_nobody_is_refused_and_says_where_its_check_belongs() {
    let error = toml::from_str::<RawPolicy>("[[stage]]\nexposure = \"0%\"\n").unwrap_err();
    assert!(
        error.to_string().contains("check of the first stage"),
        "{error}"
    );
}

#[test]
fn what_the_last_stage_asks_for_before_it_is_left_is_told_to_lead_nowhere() {
    let rule = "[[rule]]\nid = \"r\"\nmetric = \"crash_free_sessions\"\nfloor = \"99%\"\naction = \"halt\"\n";
    let stages = |last: &str| {
        format!(
            "[[stage]]\nexposure = \"5%\"\nsoak = \"1d\"\n[[stage]]\nexposure = \"100%\"\n{last}\n{rule}"
        )
    };
    assert_eq!(
        warnings(&stages("approval = \"admin\"\ncomplete_early = true")),
        [""; 0]
    );
    for key in [
        "soak = \"1h\"",
        "min_users = 1",
        "min_sessions = 1",
        "healthy_if = { crash_free_sessions = \"99%\" }",
        "required = [\"slow_requests\"]",
        "coverage = { country = 1 }",
        "variance = { \"custom:pay\" = \"1%\" }",
    ] {
        let told = warnings(&stages(key));
        let name = key.split(' ').next().unwrap();
        assert_eq!(
            told,
            [format!(
                "policy p: {name} of its last stage asks for nothing, since no stage follows it"
            )]
        );
    }
}

#[test]
fn the_hash_knows_every_key() {
    let hash = |keys: &str| {
        let text = format!("[[stage]]\nexposure = \"100%\"\n{keys}\n");
        toml::from_str::<RawPolicy>(&text)
            .unwrap()
            .resolve("p")
            .unwrap()
            .0
            .hash
    };
    let keys = [
        "",
        "min_sessions = 1",
        "min_users = 1",
        "required = [\"slow_requests\"]",
        "coverage = { country = 1 }",
        "variance = { \"custom:pay\" = \"1%\" }",
        "approval = \"admin\"",
        "approval = { role = \"admin\", persons = 2 }",
        "window = { days = \"mon\", hours = \"09:00-17:00\", zone = \"UTC\" }",
        "window = { days = \"mon\", hours = \"09:00-17:00\", zone = \"Europe/Berlin\" }",
        "window = { days = \"mon\", hours = \"09:00-24:00\", zone = \"UTC\" }",
        "check = { exec = [\"a\"] }",
        "check = { exec = [\"a\", \"b\"] }",
        "check = { exec = [\"a\"], every = \"1h\" }",
        "check = { http = \"https://a.example.com\" }",
        "complete_early = true",
    ];
    let hashes: BTreeSet<String> = keys.into_iter().map(hash).collect();
    assert_eq!(hashes.len(), keys.len());
}

#[test]
fn the_schema_knows_every_key() {
    let schema = serde_json::to_string(&schemars::schema_for!(RawPolicy)).unwrap();
    for key in [
        "min_sessions",
        "required",
        "coverage",
        "variance",
        "approval",
        "persons",
        "window",
        "zone",
        "check",
        "exec",
        "every",
        "complete_early",
        "\"minimum\":1",
        "09:00-17:00",
    ] {
        assert!(schema.contains(key), "{key} in {schema}");
    }
}
