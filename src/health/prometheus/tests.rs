//! The adapter against a server that says whatever a test wants it to say.

use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::domain::{FailureKind, PlainText, Version};
use crate::http::Limits;
use crate::http::testing::{Reply, Seen, Server, raw_server, reply, write_and_close};
use crate::ports::SimClock;

const NOW: &str = "2026-11-20T10:00:00Z";

fn settings(figures: &[(&str, Figures)]) -> Settings {
    let figures = figures.iter().cloned();
    Settings {
        id: SourceId("prometheus".into()),
        user: None,
        token: Some(SecretString::from("secret-token")),
        tenant: None,
        figures: figures
            .map(|(name, it)| (name.parse().unwrap(), it))
            .collect(),
        window: TimeDelta::minutes(5),
        strata: Vec::new(),
        release: "{version}+{build}".into(),
        package: "com.example.shop".into(),
        reach: Reach::Halt,
    }
}

fn counts(label: &str) -> Figures {
    let query = |series: &str| format!("sum(increase({series}{{{label}}}[{{window}}]))");
    Figures::Counts {
        failures: query("crashed"),
        trials: query("sessions"),
    }
}

fn crashes() -> Settings {
    settings(&[("crash_free_sessions", counts("build=\"{build}\""))])
}

fn make(base: &str, settings: Settings) -> (Prometheus, Arc<SimClock>) {
    let clock = Arc::new(SimClock::starting_at(NOW.parse().unwrap()));
    let client = Client::new(Limits::default()).unwrap();
    let base = BaseUrl::parse(base).unwrap();
    let source = Prometheus::new(settings, client, base, clock.clone());
    (source.unwrap(), clock)
}

async fn poll(source: &Prometheus, clock: &SimClock) -> Result<SourceReport, Failure> {
    let query = HealthQuery {
        version: Version::from_code(84300),
        also: Vec::new(),
        baseline: None,
        since: None,
        past: false,
        now: clock.now(),
    };
    source.poll(&query).await
}

fn matrix(series: &Value) -> Reply {
    reply(
        200,
        json!({"status": "success", "data": {"resultType": "matrix", "result": series}}),
    )
}

/// Ten sessions in the last window, one of them crashed.
fn good(seen: &Seen) -> Reply {
    let n = if seen.target.contains("crashed") {
        "1"
    } else {
        "10"
    };
    let end = NOW.parse::<Timestamp>().unwrap().timestamp();
    matrix(&json!([{"metric": {}, "values": [[end, n]]}]))
}

async fn failure(answer: Reply) -> Failure {
    let server = Server::start(move |_| answer.clone()).await;
    let (source, clock) = make(&format!("{}/pre/fix", server.base), crashes());
    poll(&source, &clock).await.unwrap_err()
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let told = |kind: &str, words: &str| {
        json!({"status": "error", "errorType": kind, "error": words}).to_string()
    };
    for (status, body, kind, words, hint) in [
        (
            400,
            told("bad_data", "1:5: parse error: no"),
            FailureKind::Refused,
            "trials of crash_free_sessions: the server answered 400: 1:5",
            "holes filled in",
        ),
        (
            422,
            told("execution", "too many samples"),
            FailureKind::Refused,
            "too many samples",
            "try the query",
        ),
        (
            200,
            told("bad_data", "odd"),
            FailureKind::Refused,
            "odd",
            "try the query",
        ),
        (
            503,
            told("timeout", "query timed out"),
            FailureKind::Retry,
            "query timed out",
            "goes on",
        ),
        (
            401,
            "no org id\n".into(),
            FailureKind::Credentials,
            "401: no org id",
            "token",
        ),
        (
            403,
            String::new(),
            FailureKind::Rights,
            "no reason given",
            "tenant",
        ),
        (
            404,
            "404 page not found\n".into(),
            FailureKind::NotFound,
            "404 page not found",
            "/prometheus",
        ),
        (
            502,
            "<html>bad gateway".into(),
            FailureKind::Retry,
            "no reason given",
            "",
        ),
        (
            200,
            "<html>sign in".into(),
            FailureKind::Malformed,
            "HTML",
            "",
        ),
        (
            200,
            "{\"status\":\"success\"}".into(),
            FailureKind::Malformed,
            "no data",
            "",
        ),
        (
            200,
            "{\"status\":\"succ".into(),
            FailureKind::Malformed,
            "EOF",
            "",
        ),
    ] {
        let failure = failure(reply(status, &body)).await;
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.what.as_str().contains(words), "{failure}");
        assert!(failure.hint.as_str().contains(hint), "{failure}");
        assert_eq!(failure.place.as_str(), "GET /pre/fix/api/v1/query_range");
        let all = format!("{failure:?}");
        assert!(
            !all.contains("secret") && !all.contains("127.0.0.1"),
            "{all}"
        );
    }
    let off = matrix(&json!([{"metric": {}, "values": [[1_795_000_001, "1"]]}]));
    assert_eq!(failure(off).await.kind, FailureKind::Malformed);
}

#[tokio::test]
async fn a_limit_is_waited_for_without_asking() {
    for (retry_after, wait) in [(Some("40"), 40), (None, 60)] {
        let limited = reply(429, "slow down");
        let limited = match retry_after {
            Some(seconds) => limited.header("retry-after", seconds),
            None => limited,
        };
        let server = Server::start(move |_| limited.clone()).await;
        let (source, clock) = make(&server.base, crashes());
        let asked = async |after: i64| {
            clock.advance_to(NOW.parse::<Timestamp>().unwrap() + TimeDelta::seconds(after));
            let failure = poll(&source, &clock).await.unwrap_err();
            (failure.kind, failure.retry_after, server.seen().len())
        };
        let quota = FailureKind::Quota;
        assert_eq!(asked(0).await, (quota, Some(wait), 1));
        assert_eq!(asked(i64::from(wait) - 1).await, (quota, Some(1), 1));
        assert_eq!(asked(i64::from(wait) + 1).await, (quota, Some(wait), 2));
    }
}

#[tokio::test]
async fn who_asks_is_told_in_headers_and_long_queries_go_as_a_form() {
    let server = Server::start(good).await;
    let (source, clock) = make(&server.base, crashes());
    let report = poll(&source, &clock).await.unwrap();
    assert_eq!(
        (report.readings.len(), report.read_through),
        (1, Some(clock.now()))
    );
    assert_eq!(
        report.readings[0].counts,
        crate::domain::Counts::new(10, 1).unwrap()
    );
    assert_eq!(server.seen().len(), 2, "failures and trials");
    let first = &server.seen()[0];
    assert_eq!(first.authorization.as_deref(), Some("Bearer secret-token"));
    assert!(
        first.target.contains("build%3D%2284300%22"),
        "{}",
        first.target
    );

    let long = format!("build=\"{{build}}\",x!=\"{}\"", "y".repeat(3_000));
    let mut basic = settings(&[("crash_free_sessions", counts(&long))]);
    basic.user = Some("12345".into());
    let (source, clock) = make(&server.base, basic);
    poll(&source, &clock).await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!(last.line(), "POST /api/v1/query_range");
    assert!(last.body.contains("84300"));
    // 12345:secret-token
    assert_eq!(
        last.authorization.as_deref(),
        Some("Basic MTIzNDU6c2VjcmV0LXRva2Vu")
    );
}

#[tokio::test]
async fn names_that_the_store_does_not_tell_are_read_from_labels() {
    let server = Server::start(|seen| {
        if seen.target.starts_with("/api/v1/label/v/values?") {
            assert!(seen.target.contains("sessions") || seen.target.contains("crashed"));
            let values = ["8.42.0+84200", "8.43.0+84300", "8.43.0+184300"];
            return reply(200, json!({"status": "success", "data": values}));
        }
        good(seen)
    })
    .await;
    let named = settings(&[("crash_free_sessions", counts("v=\"{release}\""))]);
    let (source, clock) = make(&server.base, named);
    let report = poll(&source, &clock).await.unwrap();
    assert_eq!(report.version_name.unwrap().as_str(), "8.43.0");
    assert_eq!(report.readings.len(), 1);
    assert!(
        server.lines()[1].contains("v%3D%228.43.0%2B84300%22"),
        "{:?}",
        server.lines()
    );

    // Nobody knows the name: said, and nothing asked.
    let named = settings(&[("crash_free_sessions", counts("v=\"{version}\""))]);
    let (source, clock) = make(&server.base, named);
    let failure = poll(&source, &clock).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.to_string().contains("needs {version}"), "{failure}");
}

#[tokio::test]
async fn one_bad_query_costs_its_own_metric_and_remarks_are_passed_on() {
    let server = Server::start(|seen| {
        if seen.target.contains("broken") {
            return reply(
                400,
                json!({"status": "error", "errorType": "bad_data", "error": "broken"}),
            );
        }
        let mut answer = good(seen);
        answer.body = answer
            .body
            .replacen('{', "{\"warnings\":[\"partial data\"],", 1);
        answer
    })
    .await;
    let broken = Figures::Value {
        value: "broken{v=\"{build}\"}".into(),
        unit: Unit::Plain,
        scale: 1,
    };
    let both = [
        ("crash_free_sessions", counts("v=\"{build}\"")),
        ("level:x", broken),
    ];
    let (source, clock) = make(&server.base, settings(&both));
    let report = poll(&source, &clock).await.unwrap();
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    assert_eq!(report.readings.len(), 1);
    assert!(
        notes[0].starts_with("value of level:x: the server answered 400: broken"),
        "{notes:?}"
    );
    assert_eq!(notes[1..], ["the server remarks: partial data"]);
    let checks = source.access().await;
    let fine: Vec<bool> = checks.iter().map(|check| check.result.is_ok()).collect();
    assert_eq!(fine, [true, false]);
}

#[tokio::test]
async fn an_empty_answer_is_nothing_known_and_a_broken_one_is_asked_again() {
    let server = Server::start(|_| matrix(&json!([]))).await;
    let (source, clock) = make(&server.base, crashes());
    let report = poll(&source, &clock).await.unwrap();
    assert_eq!((report.read_through, report.readings.len()), (None, 0));
    assert!(report.notes[0].as_str().contains("find nothing"));

    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"status\":".to_vec();
    let base = raw_server(move |stream| write_and_close(stream, head.clone())).await;
    let (source, clock) = make(&base, crashes());
    let failure = poll(&source, &clock).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retry, "{failure}");
}
