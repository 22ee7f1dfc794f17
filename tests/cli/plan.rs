//! `haltline plan`: the tables and the JSON of it.

use chrono::{DateTime, TimeDelta};
use haltline::domain::{AppId, Counts, Metric, Reading, SourceId, SourceReport};
use haltline::journal::{Access, SqliteJournal};
use haltline::ports::Journal as _;
use serde_json::Value;

use crate::policy::{Desk, fits};

#[test]
fn the_default_is_planned_stage_by_stage() {
    let desk = Desk::new();
    let out = desk.fine(&["plan", "--sessions-per-day", "1M"]);
    fits(&out);
    insta::assert_snapshot!(out);
}

#[test]
fn a_policy_with_stages_gates_and_clusters() {
    let args = [
        "plan",
        "high-risk",
        "--sessions-per-day",
        "100k",
        "--baseline",
        "99.9%",
        "--clustering",
        "2.5",
    ];
    let out = Desk::new().fine(&args);
    fits(&out);
    insta::assert_snapshot!(out);
}

#[test]
fn the_json_has_sizes_hours_and_multiples() {
    let args = [
        "plan",
        "safe-production",
        "--sessions-per-day",
        "1_000_000",
        "--clustering",
        "distinct",
        "--json",
    ];
    let plan = Desk::new().json(&args, "haltline/plan/v1");
    assert_eq!(
        (
            &plan["policy"],
            &plan["metric"],
            &plan["per_day"],
            &plan["baseline_failing"]
        ),
        (
            &"safe-production".into(),
            &"crash_free_sessions".into(),
            &1e6.into(),
            &0.0005.into()
        )
    );
    assert_eq!(plan["evidence_divided_by"], 1.0);
    assert_eq!(plan["unplanned"][0]["rule"], "frustration-ratio-pause");
    let stages = plan["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 4);
    let stage = &stages[0];
    assert_eq!(
        (&stage["exposure"], &stage["soak_hours"]),
        (&"5%".into(), &24.0.into())
    );
    // 20 times as many sessions of both versions, in the textbook's two equal arms.
    assert_eq!(stage["fixed_per_arm"][1], 47_055);
    let levels = stage["levels"].as_array().unwrap();
    let actions: Vec<&Value> = levels.iter().map(|level| &level["action"]).collect();
    assert_eq!(actions, [&Value::Null, &"pause".into(), &"halt".into()]);
    let pause = &levels[1];
    assert_eq!(pause["one_in"], 500);
    let three = &pause["seen"][2];
    assert_eq!(
        (&three["times"], &three["rule"]),
        (&3.0.into(), &"crash-ratio-pause".into())
    );
    let (trials, hours) = (
        three["trials"].as_f64().unwrap(),
        three["hours"].as_f64().unwrap(),
    );
    assert!(
        (trials / hours / (50_000.0 / 24.0) - 1.0).abs() < 1e-3,
        "{three}"
    );
    assert!(
        pause["seen"][0]["trials"].is_null(),
        "1.5 times is forgiven"
    );
    assert_eq!(stage["gate"]["clean_trials"], 910);
    assert_eq!(stages[3]["gate"], Value::Null);
}

#[test]
fn wrong_use_says_what_to_write() {
    let desk = Desk::new();
    let plan = |rest: &[&str]| {
        let (code, out, err) = desk.run(&[&["plan"][..], rest].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{rest:?} {err}");
        err
    };
    let day = ["--sessions-per-day", "1M"];
    let with = |rest: &[&str]| plan(&[&day[..], rest].concat());
    assert!(plan(&[]).contains("--sessions-per-day"));
    for bad in [
        "0",
        "-5",
        "many",
        "nan",
        "inf",
        "1e6",
        "2Q",
        "",
        "9999999999999",
    ] {
        assert!(
            plan(&[&format!("--sessions-per-day={bad}")]).contains("250k"),
            "{bad}"
        );
    }
    assert!(with(&["--baseline", "99.95"]).contains("write \"99.95%\""));
    assert!(with(&["--baseline", "101%"]).contains("from 0% to 100%"));
    assert!(with(&["--baseline", "100%"]).contains("both excluded"));
    assert!(with(&["--clustering", "0.5"]).contains("distinct"));
    assert!(with(&["--metric", "crashes"]).contains("unknown metric"));
    assert!(with(&["--metric", "crash_free_users"]).contains("by the day"));
    assert!(with(&["--metric", "slow_requests"]).contains("--baseline 1%"));
    assert!(with(&["--from-history"]).contains("cannot be used with"));
    assert!(
        with(&["--app", "shop"]).contains("--from-history"),
        "a volume has no app"
    );
    assert!(with(&["unheard-of"]).contains("there is no policy"));
}

const CONFIG: &str = r#"
[watcher]
state = "state"
[[app]]
id = "shop-android"
[app.store]
kind = "google-play"
package = "com.example.shop"
credentials = "file:nowhere.json"
"#;

/// Hours of a version, the n-th from a week of its own on: around 10 of 20,000 sessions crash, in a rhythm.
fn version(n: i64, days: i64) -> Vec<Reading> {
    let start = DateTime::from_timestamp(1_790_035_200, 0).unwrap() + TimeDelta::days(7 * n);
    let hour = |hour: i64| Reading {
        metric: Metric::CrashFreeSessions,
        version: format!("84{n}00"),
        stratum: String::new(),
        start: start + TimeDelta::hours(hour),
        seconds: 3_600,
        counts: Counts {
            trials: 20_000,
            failures: 8 + (hour * 7 % 5 + hour % 24 / 12 + n % 2) as u64,
        },
    };
    (0..24 * days).map(hour).collect()
}

/// A desk whose journal knows so many versions.
fn with_past(versions: i64) -> Desk {
    let desk = Desk::new();
    desk.put("haltline.toml", CONFIG);
    let journal = SqliteJournal::open(&desk.path("state"), Access::Write).unwrap();
    let app = AppId::try_from("shop-android".to_owned()).unwrap();
    for n in 0..versions {
        let report = SourceReport {
            readings: version(n, 6),
            ..SourceReport::default()
        };
        let at = report.readings.last().unwrap().start;
        let source = SourceId("sentry".into());
        journal.save_report(&app, &source, at, &report).unwrap();
    }
    desk
}

#[test]
fn limits_come_from_the_past_with_their_reasons() {
    let desk = with_past(4);
    let (code, policy, err) = desk.run(&["plan", "--from-history"]);
    assert_eq!(code, 0, "{err}");
    insta::assert_snapshot!(policy);
    desk.put("ours.toml", &policy);
    let checked = desk.fine(&["policy", "check", "ours.toml"]);
    assert!(
        checked.contains("ours.toml: fine (0 errors, 0 warnings)"),
        "{checked}"
    );
    // The command that the policy itself names.
    let command = policy
        .lines()
        .find_map(|line| line.strip_prefix("#   haltline "));
    let command = command.unwrap().replace("FILE", "ours.toml");
    desk.fine(&command.split(' ').collect::<Vec<_>>());

    let (code, out, _) = desk.run(&["plan", "--from-history", "--app", "shop-android", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &told["schema"]),
        (0, &"haltline/plan-history/v1".into())
    );
    assert_eq!(
        (&told["app"], &told["toml"]),
        (&"shop-android".into(), &policy.into())
    );
    assert_eq!(told["versions"].as_array().unwrap().len(), 4);
    assert_eq!(told["versions"][0]["version"], "84000");
    assert_eq!(told["per_day"], 480_000.0);
}

#[test]
fn too_little_past_proposes_nothing() {
    let refuses = |desk: &Desk, args: &[&str], code: i32, words: &str| {
        let (ended, out, err) = desk.run(&[&["plan", "--from-history"][..], args].concat());
        assert_eq!((ended, out.as_str()), (code, ""), "{err}");
        assert!(err.contains(words), "{err}");
    };
    refuses(
        &with_past(2),
        &[],
        13,
        "the journal knows 2 versions with 12 days that count",
    );
    let desk = with_past(4);
    refuses(&desk, &["--app", "shop-ios"], 2, "there is no app shop-ios");
    refuses(
        &desk,
        &["--metric", "slow_requests"],
        2,
        "not for slow_requests",
    );
    refuses(
        &desk,
        &["--metric", "error_free_sessions"],
        13,
        "0 versions",
    );
    let desk = Desk::new();
    refuses(&desk, &[], 2, "no config");
    desk.put("haltline.toml", CONFIG);
    refuses(&desk, &[], 2, "there is no journal");
}
