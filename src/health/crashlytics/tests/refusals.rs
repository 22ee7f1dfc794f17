//! Refusals, faults and nonsense, and what becomes of them.

use serde_json::json;

use super::scene::{Scene, source};
use crate::domain::{Failure, FailureKind, SourceReport, Version};
use crate::http::testing::{Reply, Seen, Server as Scripted, key_file, reply, start_of_time};
use crate::ports::{Clock, HealthQuery, HealthSource, SimClock};
use crate::simulator::crashlytics::Server;
use chrono::TimeDelta;
use std::sync::Arc;

/// A Crashlytics that answers as `answer` says, in the same place as Google's tokens.
async fn scripted(
    answer: impl Fn(&Seen) -> Reply + Send + 'static,
) -> (Scripted, super::super::Crashlytics, Arc<SimClock>) {
    let server = Scripted::start(move |seen| match seen.target.as_str() {
        "/token" => reply(200, json!({"access_token": "t", "expires_in": 3599})),
        _ => answer(seen),
    })
    .await;
    let clock = Arc::new(SimClock::starting_at(start_of_time()));
    let key = key_file(&format!("{}/token", server.base)).to_string();
    let source = source(&server.base, "1:42:android:abc", &key, clock.clone());
    (server, source, clock)
}

fn query(clock: &SimClock) -> HealthQuery {
    HealthQuery {
        version: Version::from_code(84_300),
        also: Vec::new(),
        baseline: None,
        since: None,
        past: false,
        now: clock.now(),
    }
}

async fn failure(answer: impl Fn(&Seen) -> Reply + Send + 'static) -> Failure {
    let (_server, source, clock) = scripted(answer).await;
    source.poll(&query(&clock)).await.unwrap_err()
}

fn refusal(status: u16, word: &str, reason: &str) -> Reply {
    let details = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]);
    let error = json!({"code": status, "message": "No.", "status": word, "details": details});
    reply(status, json!({ "error": error }))
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    for (answer, kind, what, hint) in [
        (
            refusal(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
            FailureKind::Rights,
            "403: No.",
            "enable",
        ),
        (
            refusal(403, "PERMISSION_DENIED", ""),
            FailureKind::Rights,
            "403",
            "Crashlytics Viewer",
        ),
        (
            refusal(404, "NOT_FOUND", ""),
            FailureKind::NotFound,
            "404",
            "application",
        ),
        (
            refusal(401, "UNAUTHENTICATED", ""),
            FailureKind::Credentials,
            "401",
            "key",
        ),
        (
            refusal(400, "INVALID_ARGUMENT", ""),
            FailureKind::Refused,
            "400",
            "",
        ),
        (
            refusal(500, "INTERNAL", ""),
            FailureKind::Retry,
            "500",
            "goes on",
        ),
        (
            reply(200, "<html>Sign in</html>"),
            FailureKind::Malformed,
            "HTML",
            "base_url",
        ),
        (
            reply(200, r#"{"groups":[{"version":"#),
            FailureKind::Malformed,
            "EOF",
            "base_url",
        ),
        (
            reply(200, r#"{"groups":"many"}"#),
            FailureKind::Malformed,
            "invalid type",
            "base_url",
        ),
    ] {
        let shown = answer.body.clone();
        let failure = failure(move |_| answer.clone()).await;
        assert_eq!(failure.kind, kind, "{shown}: {failure}");
        assert!(failure.what.as_str().contains(what), "{shown}: {failure}");
        assert!(failure.hint.as_str().contains(hint), "{shown}: {failure}");
        assert_eq!(
            failure.place.as_str(),
            "GET /v1alpha/projects/42/apps/1:42:android:abc/reports/topVersions"
        );
    }
}

#[tokio::test]
async fn a_used_up_quota_is_left_alone_until_it_is_renewed() {
    let plain = refusal(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED");
    for (answer, wait) in [
        (plain.clone(), 60),
        (plain.header("retry-after", "90"), 90),
        (refusal(403, "PERMISSION_DENIED", "rateLimitExceeded"), 60),
    ] {
        let (server, source, clock) = scripted(move |_| answer.clone()).await;
        let first = source.poll(&query(&clock)).await.unwrap_err();
        assert_eq!(
            (first.kind, first.retry_after),
            (FailureKind::Quota, Some(wait))
        );
        let asked = server.seen().len();
        clock.advance_to(clock.now() + TimeDelta::seconds(i64::from(wait) - 1));
        let quiet = source.poll(&query(&clock)).await.unwrap_err();
        assert_eq!(
            (quiet.kind, quiet.retry_after),
            (FailureKind::Quota, Some(1))
        );
        assert_eq!(server.seen().len(), asked, "no request while it is quiet");
        clock.advance_to(clock.now() + TimeDelta::seconds(1));
        source.poll(&query(&clock)).await.unwrap_err();
        assert_eq!(server.seen().len(), asked + 1);
    }
}

#[tokio::test]
async fn the_fake_ones_quota_too() {
    let scene = Scene::of(Server {
        limit: (2, TimeDelta::minutes(2)),
        ..Server::default()
    })
    .await;
    let failure = scene.poll(None, false).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.retry_after),
        (FailureKind::Quota, Some(120))
    );
    let asked = scene.asked();
    scene.poll(None, false).await.unwrap_err();
    assert_eq!(scene.asked(), asked);
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed() {
    let scene = Scene::of(Server::default()).await;
    scene.poll(None, false).await.unwrap();
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::hours(2));
    scene.poll(None, false).await.unwrap();
}

#[tokio::test]
async fn access_names_what_is_missing() {
    let fine = Scene::of(Server::default()).await.access().await;
    assert!(fine.iter().all(|check| check.result.is_ok()));
    let scene = Scene::of(Server {
        reader: false,
        ..Server::default()
    });
    let checks = scene.await.access().await;
    let failure = checks[0].result.clone().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rights);
    assert!(failure.hint.as_str().contains("Crashlytics Viewer"));
}

/// A version with one interval of this text, from ten o'clock on.
async fn interval(text: &'static str) -> SourceReport {
    let (_server, source, clock) = scripted(move |seen| {
        let version = json!({"displayVersion": "8.43.0", "buildVersion": "84300", "displayName": "8.43.0 (84300)"});
        let hour = seen.target.contains("TIME_GRANULARITY_HOUR");
        let start = if hour { "2026-11-18T10:00:00Z" } else { "2026-11-18T00:00:00Z" };
        let end = if hour { "2026-11-18T11:00:00Z" } else { "2026-11-18T11:06:40Z" };
        let mut metrics: serde_json::Value = serde_json::from_str(text).unwrap();
        metrics["startTime"] = start.into();
        metrics["endTime"] = end.into();
        reply(200, json!({"groups": [{"version": version, "metrics": [metrics], "surplus": 1}], "totalSize": 1}))
    })
    .await;
    assert_eq!(clock.now().to_rfc3339(), "2026-11-18T11:06:40+00:00");
    source.poll(&query(&clock)).await.unwrap()
}

#[tokio::test]
async fn an_hour_without_a_crash_counts_and_one_without_sessions_does_not() {
    let report = interval(r#"{"totalSessionsCount":"500","totalUsersCount":"90"}"#).await;
    let mut counts: Vec<_> = report
        .readings
        .iter()
        .map(|r| (r.counts.trials, r.counts.failures))
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [(90, 0), (90, 0), (500, 0)]);
    let report = interval(r#"{"totalSessionsCount":"0","totalUsersCount":"0"}"#).await;
    assert!(report.readings.is_empty());
    assert_eq!(report.read_through, None);
}

#[tokio::test]
async fn what_cannot_be_is_left_out_and_told() {
    let report =
        interval(r#"{"totalSessionsCount":"5","impactedSessionsCount":"6","eventsCount":"6"}"#)
            .await;
    assert!(report.readings.is_empty());
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.as_str().contains("more crashed than")),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn endless_pages_end() {
    let (server, source, clock) = scripted(|seen| {
        let page = seen
            .target
            .split("pageToken=")
            .nth(1)
            .map_or(0, |n| n.parse::<u32>().unwrap());
        reply(
            200,
            json!({"groups": [], "nextPageToken": (page + 1).to_string()}),
        )
    })
    .await;
    let report = source.poll(&query(&clock)).await.unwrap();
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.as_str().contains("more versions"))
    );
    assert!(server.seen().len() <= 22, "{}", server.seen().len());
}
