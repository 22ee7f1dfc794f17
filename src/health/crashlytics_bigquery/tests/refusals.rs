//! Refusals, faults and nonsense, and what becomes of them.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::scene::{Scene, settings, source};
use crate::domain::{Failure, FailureKind, Version};
use crate::health::crashlytics_bigquery::{BigQuery, Settings};
use crate::http::testing::{Reply, Seen, Server as Scripted, key_file, reply, start_of_time};
use crate::ports::{Clock, HealthQuery, HealthSource, SimClock};
use crate::simulator::big_query::Server;

/// A BigQuery that answers as `answer` says, in the same place as Google's tokens.
async fn scripted(
    answer: impl Fn(&Seen) -> Reply + Send + 'static,
) -> (Scripted, BigQuery, Arc<SimClock>) {
    let server = Scripted::start(move |seen| match seen.target.as_str() {
        "/token" => reply(200, json!({"access_token": "t", "expires_in": 3599})),
        _ => answer(seen),
    })
    .await;
    let clock = Arc::new(SimClock::starting_at(start_of_time()));
    let key = key_file(&format!("{}/token", server.base)).to_string();
    let source = source(settings(&server.base, &key, "t"), clock.clone());
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

fn refusal(status: u16, reason: &str, message: &str) -> Reply {
    let errors = json!([{"reason": reason, "message": message, "domain": "global"}]);
    let error = json!({"code": status, "message": message, "errors": errors});
    reply(status, json!({ "error": error }))
}

fn rows(fields: &[&str], rows: &Value) -> Value {
    let fields: Vec<Value> = fields.iter().map(|name| json!({ "name": name })).collect();
    json!({"jobComplete": true, "jobReference": {"projectId": "p", "jobId": "j", "location": "US"},
        "schema": {"fields": fields}, "rows": rows, "totalRows": rows.as_array().map_or(0, Vec::len).to_string()})
}

#[tokio::test]
async fn every_reason_says_what_to_do() {
    use FailureKind::{Credentials, Malformed, NotFound, Refused, Retry, Rights};
    let job = "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.";
    for (answer, kind, what, hint) in [
        (
            refusal(
                400,
                "bytesBilledLimitExceeded",
                "Query exceeded limit for bytes billed: 1.",
            ),
            Refused,
            "bytesBilledLimitExceeded",
            "raise max_billed",
        ),
        (
            refusal(403, "accessDenied", job),
            Rights,
            "jobs.create",
            "roles/bigquery.jobUser",
        ),
        (
            refusal(403, "accessDenied", "Access Denied: Table p:d.t"),
            Rights,
            "p:d.t",
            "roles/bigquery.dataViewer",
        ),
        (
            refusal(
                404,
                "notFound",
                "Not found: Table p:d.t was not found in location US",
            ),
            NotFound,
            "was not found",
            "location",
        ),
        (
            refusal(
                400,
                "invalidQuery",
                "Unrecognized name: session_id at [1:8]",
            ),
            Refused,
            "session_id",
            "really the exports",
        ),
        (
            refusal(403, "billingNotEnabled", "No billing"),
            Refused,
            "No billing",
            "billing",
        ),
        (
            refusal(500, "backendError", "Oops"),
            Retry,
            "Oops",
            "goes on",
        ),
        (refusal(401, "authError", "No"), Credentials, "No", "key"),
        (
            reply(200, "<html>Sign in</html>"),
            Malformed,
            "HTML",
            "base_url",
        ),
        (
            reply(200, r#"{"jobComplete":true,"rows":[{"f":"#),
            Malformed,
            "EOF",
            "base_url",
        ),
        (
            reply(
                200,
                json!({"jobComplete": true, "errors": [{"reason": "stopped", "message": "Job was cancelled"}]}),
            ),
            Refused,
            "cancelled",
            "",
        ),
    ] {
        let shown = answer.body.clone();
        let failure = failure(move |_| answer.clone()).await;
        assert_eq!(failure.kind, kind, "{shown}: {failure}");
        assert!(failure.what.as_str().contains(what), "{shown}: {failure}");
        assert!(failure.hint.as_str().contains(hint), "{shown}: {failure}");
        assert_eq!(
            failure.place.as_str(),
            "POST /bigquery/v2/projects/sim-project/queries"
        );
    }
}

#[tokio::test]
async fn a_used_up_quota_is_left_alone_until_it_is_renewed() {
    for (answer, wait) in [
        (
            refusal(403, "rateLimitExceeded", "Exceeded rate limits"),
            60,
        ),
        (refusal(403, "quotaExceeded", "Quota exceeded"), 60),
        (reply(429, "").header("retry-after", "90"), 90),
        (
            reply(
                200,
                json!({"jobComplete": true, "errors": [{"reason": "quotaExceeded", "message": "No"}]}),
            ),
            60,
        ),
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
async fn what_is_sent_is_what_the_reference_has() {
    let (server, source, clock) = scripted(|_| {
        reply(
            200,
            rows(&["v", "b", "sessions", "users", "newest"], &json!([])),
        )
    })
    .await;
    source.poll(&query(&clock)).await.unwrap();
    let sent = server.seen().pop().unwrap();
    let body = sent.json();
    assert_eq!(body["useLegacySql"], false);
    assert_eq!(body["maximumBytesBilled"], "1000000000");
    assert_eq!(body["parameterMode"], "NAMED");
    assert_eq!(body["location"], "US");
    assert_eq!(
        body["queryParameters"][0]["parameterType"]["type"],
        "TIMESTAMP"
    );
}

#[tokio::test]
async fn a_query_is_sent_once_and_given_up_in_time() {
    let (server, source, clock) = scripted(|_| {
        reply(200, json!({"jobComplete": false, "jobReference": {"projectId": "p", "jobId": "j 1", "location": "EU"}}))
    })
    .await;
    let failure = source.poll(&query(&clock)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry);
    let lines = server.lines();
    assert_eq!(
        lines
            .iter()
            .filter(|l| l.starts_with("POST /bigquery"))
            .count(),
        1
    );
    let looks: Vec<_> = lines.iter().filter(|l| l.starts_with("GET")).collect();
    assert_eq!(looks.len(), 5);
    assert!(
        looks[0].contains("/queries/j%201?location=EU&timeoutMs=10000"),
        "{}",
        looks[0]
    );
}

#[tokio::test]
async fn a_part_of_the_rows_is_no_answer() {
    for body in [
        json!({"jobComplete": true, "schema": {"fields": [{"name": "v"}]}, "rows": [{"f": [{"v": "1"}]}], "totalRows": "2"}),
        json!({"jobComplete": true, "schema": {"fields": [{"name": "v"}, {"name": "b"}]}, "rows": [{"f": [{"v": "1"}]}], "totalRows": "1"}),
        rows(
            &["v", "b", "sessions", "users", "newest"],
            &json!([{"f": [{"v": "8"}, {"v": "1"}, {"v": "many"}, {"v": "1"}, {"v": null}]}]),
        ),
    ] {
        let failure = failure(move |_| reply(200, body.clone())).await;
        assert_eq!(failure.kind, FailureKind::Malformed, "{failure}");
    }
}

#[tokio::test]
async fn a_query_that_is_too_dear_is_not_run() {
    let scene = Scene::with(
        Server {
            bytes: 2_000_000_000,
            ..Server::default()
        },
        |settings| settings,
    )
    .await;
    let failure = scene.poll(None, false).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(
        failure
            .what
            .as_str()
            .contains("2000000000 or higher required")
    );
    assert!(failure.hint.as_str().contains("max_billed"));
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed() {
    let scene = Scene::of(Server::default()).await;
    scene.poll(None, false).await.unwrap();
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::hours(2));
    let report = scene.poll(None, false).await.unwrap();
    assert!(!report.readings.is_empty());
}

#[tokio::test]
async fn access_names_what_is_missing() {
    let fine = Scene::of(Server::default()).await.access().await;
    assert!(fine.iter().all(|check| check.result.is_ok()), "{fine:?}");
    assert_eq!(fine.len(), 2);
    for (server, role) in [
        (
            Server {
                may_run: false,
                ..Server::default()
            },
            "roles/bigquery.jobUser",
        ),
        (
            Server {
                may_read: false,
                ..Server::default()
            },
            "roles/bigquery.dataViewer",
        ),
    ] {
        for check in Scene::of(server).await.access().await {
            let failure = check.result.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Rights);
            assert!(failure.hint.as_str().contains(role), "{failure}");
        }
    }
    let elsewhere = |settings| Settings {
        location: "EU".into(),
        ..settings
    };
    let scene = Scene::with(Server::default(), elsewhere).await;
    let failure = scene.access().await.remove(0).result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.hint.as_str().contains("location"));
}
