//! The fake Crashlytics as any client sees it: what the discovery document says, and nothing haltline needs in particular.

use serde_json::Value;

use super::*;
use crate::ports::{Clock, SimClock};
use crate::simulator::Scenario;

fn crashlytics(server: Server) -> (Crashlytics, Arc<SimClock>) {
    let scenario = Scenario::load("demo").unwrap();
    let clock = Arc::new(SimClock::starting_at(scenario.start));
    let world = World::new(scenario, 1, clock.clone());
    clock.advance_to(clock.now() + TimeDelta::minutes(95));
    let crashlytics = Crashlytics {
        server,
        world,
        window: Mutex::default(),
    };
    (crashlytics, clock)
}

fn ask(it: &Crashlytics, report: &str, query: &[(&str, &str)]) -> Result<Value, String> {
    let pairs = query
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let params = Params(pairs.collect());
    let app = &it.world.apps()[0];
    reports::get(it, app, report, &params).map_err(|refusal| format!("{refusal:?}"))
}

#[test]
fn what_the_document_does_not_have_is_refused() {
    let (it, _clock) = crashlytics(Server::default());
    for (query, words) in [
        (
            ("filter.version", "1"),
            r#"Unknown name \"filter.version\""#,
        ),
        (
            ("filter.interval.startTime", "2026-03-02T00:00:00Z"),
            "or neither",
        ),
        (
            ("filter.issue.errorTypes", "CRASH"),
            "filter.issue.errorTypes",
        ),
        (("granularity", "HOUR"), "granularity"),
        (("pageToken", "3"), "page token"),
        (("pageSize", "many"), "pageSize"),
    ] {
        let refusal = ask(&it, "topVersions", &[query]).unwrap_err();
        assert!(refusal.contains(words), "{query:?}: {refusal}");
    }
    assert!(ask(&it, "topCrashes", &[]).is_err());
    let old = [
        ("filter.interval.startTime", "2025-01-01T00:00:00Z"),
        ("filter.interval.endTime", "2025-01-02T00:00:00Z"),
    ];
    assert!(
        ask(&it, "topVersions", &old)
            .unwrap_err()
            .contains("90 days")
    );
}

#[test]
fn a_page_token_is_good_for_the_same_question_and_ten_minutes() {
    let (it, clock) = crashlytics(Server::default());
    let first = ask(&it, "topIssues", &[("pageSize", "1")]).unwrap();
    assert!(first["totalSize"].as_u64().unwrap() > 2);
    let token = first["nextPageToken"].as_str().unwrap();
    let second = ask(&it, "topIssues", &[("pageSize", "1"), ("pageToken", token)]).unwrap();
    assert_ne!(
        first["groups"][0]["issue"]["id"],
        second["groups"][0]["issue"]["id"]
    );
    let other = [("pageToken", token), ("filter.issue.errorTypes", "ANR")];
    assert!(ask(&it, "topIssues", &other).is_err());
    clock.advance_to(clock.now() + TimeDelta::minutes(11));
    assert!(ask(&it, "topIssues", &[("pageToken", token)]).is_err());
}

#[test]
fn numbers_are_text_zeros_are_left_out_and_versions_without_events_are_not_listed() {
    let (it, _clock) = crashlytics(Server::default());
    let query = [
        ("filter.issue.errorTypes", "FATAL"),
        ("filter.version.displayNames", "8.43.0 (84300)"),
        ("granularity", "TIME_GRANULARITY_HOUR"),
    ];
    let body = ask(&it, "topVersions", &query).unwrap();
    let groups = body["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0]["version"]["buildVersion"], "84300");
    let metrics = groups[0]["metrics"].as_array().unwrap();
    let with = metrics
        .iter()
        .find(|m| m.get("eventsCount").is_some())
        .unwrap();
    assert!(
        with["totalSessionsCount"].is_string() && with["crashFreeSessionsPercentage"].is_number()
    );
    let before = metrics.first().unwrap();
    assert!(before.get("totalSessionsCount").is_none(), "{before}");
    let none = [("filter.version.displayNames", "9.9.9 (99900)")];
    let body = ask(&it, "topVersions", &none).unwrap();
    assert_eq!(body["groups"].as_array().unwrap().len(), 0);
    let (older, _clock) = crashlytics(Server {
        totals: false,
        ..Server::default()
    });
    let body = ask(&older, "topVersions", &query).unwrap();
    assert!(
        !body.to_string().contains("totalSessions"),
        "before September 2026: {body}"
    );
}
