//! What is read, and in which words the rest is refused.

use serde_json::json;

use super::*;

fn at(raw: &str) -> Timestamp {
    raw.parse().unwrap()
}

fn query() -> HealthQuery {
    HealthQuery {
        version: Version::from_code(84300),
        also: vec![Version::from_code(84301)],
        baseline: Some(Version::from_code(84200)),
        since: None,
        past: false,
        now: at("2026-11-20T10:30:00Z"),
    }
}

fn window(version: &str, start: &str, trials: u64, failures: u64) -> Value {
    json!({"metric": "crash_free_sessions", "version": version, "start": start, "seconds": 300,
        "trials": trials, "failures": failures})
}

fn document(windows: &[Value]) -> Value {
    json!({"schema": SCHEMA, "read_through": "2026-11-20T10:29:00Z", "windows": windows})
}

fn told(document: &Value) -> Result<SourceReport, String> {
    read(
        document.to_string().as_bytes(),
        &query(),
        &mut Strata::default(),
    )
    .map_err(|error| error.to_string())
}

#[test]
fn windows_become_readings_and_further_builds_the_version() {
    let mut document = document(&[
        window("84300", "2026-11-20T10:00:00Z", 100, 3),
        window("84301", "2026-11-20T10:00:00Z", 20, 1),
        window("84200", "2026-11-20T10:00:00Z", 900, 2),
        window("84300", "2026-11-20T10:05:00Z", 0, 0),
        window("84100", "2026-11-20T10:00:00Z", 7, 0),
    ]);
    document["levels"] = json!([{"metric": "level:cold_start_p99", "version": "84300", "value": 4.4,
        "unit": "seconds", "start": "2026-11-20T10:00:00Z", "seconds": 1800}]);
    document["issues"] = json!([
        {"id": "7", "title": "A\u{202e}B", "recurrence": "new", "events": 9, "users": 2, "link": "javascript:x"},
        {"id": "8", "title": "C", "recurrence": "recurring", "events": 9, "users": 5, "link": "https://example.com/8"}]);
    document["shares"] = json!([{"label": "8.43.0", "version": "84301", "sessions": 120}]);
    let report = told(&document).unwrap();
    let counts: Vec<(&str, u64, u64)> = report
        .readings
        .iter()
        .map(|r| (r.version.as_str(), r.counts.trials, r.counts.failures))
        .collect();
    assert_eq!(counts, [("84200", 900, 2), ("84300", 120, 4)]);
    assert_eq!(report.read_through, Some(at("2026-11-20T10:29:00Z")));
    assert_eq!(report.first_session, Some(at("2026-11-20T10:00:00Z")));
    assert_eq!(report.past_from, report.first_session);
    assert_eq!(report.levels[0].unit, Unit::Seconds);
    let issues: Vec<(&str, bool)> = report
        .issues
        .iter()
        .map(|it| (it.title.as_str(), it.link.is_some()))
        .collect();
    assert_eq!(issues, [("C", true), ("AB", false)]);
    assert_eq!(report.shares[0].version.as_deref(), Some("84300"));
    assert!(report.notes[0].as_str().contains("\"84100\""));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let fine = || window("84300", "2026-11-20T10:00:00Z", 10, 1);
    let with = |key: &str, value: Value| {
        let mut window = fine();
        window[key] = value;
        document(&[fine(), window])
    };
    for (document, words) in [
        (json!([]), "its schema is none, not"),
        (
            json!({"schema": "haltline/windows/v2"}),
            "its schema is \"haltline/windows/v2\"",
        ),
        (
            json!({"schema": SCHEMA, "windows": []}),
            "missing field `read_through`",
        ),
        (
            json!({"schema": SCHEMA, "read_through": "2026-11-20T11:00:00Z", "windows": []}),
            "read_through is in the future",
        ),
        (
            json!({"schema": SCHEMA, "read_through": "1970-01-01T00:00:00Z", "windows": []}),
            "read_through is over ten years ago",
        ),
        (
            with("metric", json!("crash_free_session")),
            "windows[1]: unknown metric \"crash_free_session\"; did you mean \"crash_free_sessions\"?",
        ),
        (
            with("metric", json!("level:x")),
            "windows[1]: level:x has no counts",
        ),
        (
            with("failures", json!(11)),
            "windows[1]: 11 failures in 10 trials",
        ),
        (
            with("trials", json!(-1)),
            "windows[1]: invalid value: integer `-1`",
        ),
        (
            with("trials", json!(1.5)),
            "windows[1]: invalid type: floating point `1.5`",
        ),
        (
            with("seconds", json!(0)),
            "windows[1]: 0 seconds is no length of a window",
        ),
        (with("start", json!("yesterday")), "windows[1]: "),
        (
            with("start", json!("2026-11-20T11:30:00Z")),
            "windows[1]: its start is in the future",
        ),
        (with("begin", json!(1)), "windows[1]: unknown field `begin`"),
        (
            with("start", json!("2026-11-20T10:00:00Z")),
            "windows[1] is the same window as windows[0]",
        ),
        (
            with("start", json!("2026-11-20T10:04:00Z")),
            "overlap at 2026-11-20T10:04:00Z",
        ),
        (
            with("stratum", json!("os=14")),
            "without a stratum beside those with one",
        ),
    ] {
        let told = told(&document).unwrap_err();
        assert!(told.contains(words), "{told:?} is not {words:?}");
    }
    for (text, words) in [
        ("", "nothing was said"),
        ("<html>", "HTML instead of JSON"),
        ("{\"schema\"", "no JSON: EOF"),
        ("{} {}", "no JSON: trailing"),
    ] {
        let told = read(text.as_bytes(), &query(), &mut Strata::default()).unwrap_err();
        assert!(told.to_string().contains(words), "{told}");
    }
}

#[test]
fn too_many_strata_are_counted_as_one_and_stay_so() {
    let stratum = |n: u64, trials: u64| {
        let mut window = window("84300", "2026-11-20T10:00:00Z", trials, 1);
        window["stratum"] = json!(format!("os={n}"));
        window
    };
    let mut strata = Strata::default();
    let mut told = |windows: Vec<Value>| {
        let text = document(&windows).to_string();
        let report = read(text.as_bytes(), &query(), &mut strata).unwrap();
        let names: BTreeMap<String, u64> = report
            .readings
            .into_iter()
            .map(|r| (r.stratum, r.counts.trials))
            .collect();
        names
    };
    let names = told((0..60).map(|n| stratum(n, 1000 - n)).collect());
    assert_eq!(names.len(), 50);
    assert_eq!(names["other"], (49..60).map(|n| 1000 - n).sum::<u64>());
    // What was small is big now: it stays where it was counted.
    let names = told((0..60).map(|n| stratum(n, 1 + n)).collect());
    assert!(names.contains_key("os=0") && !names.contains_key("os=59"));
}
