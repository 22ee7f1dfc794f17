//! `haltline plan`: the tables and the JSON of it.

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
