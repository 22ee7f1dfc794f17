//! The adapter against a server that says whatever a test wants it to say.

mod refusals;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use super::windows::FINE;
use super::*;
use crate::domain::{Counts, FailureKind, Metric, PlainText, Version};
use crate::http::Limits;
use crate::ports::SimClock;

type Pairs = Vec<(String, String)>;
type Answer = dyn Fn(&str, &Pairs) -> Response + Send + Sync;

struct Scene {
    clock: Arc<SimClock>,
    sentry: Sentry,
    /// Path and query of each request, with its token.
    asked: Arc<Mutex<Vec<(String, Pairs)>>>,
}

#[derive(Clone)]
struct Script(Arc<Answer>, Arc<Mutex<Vec<(String, Pairs)>>>);

async fn speak(
    State(script): State<Script>,
    Query(pairs): Query<Pairs>,
    request: Request,
) -> Response {
    assert_eq!(request.headers()["authorization"], "Bearer secret");
    let path = request.uri().path().to_owned();
    let answer = script.0(&path, &pairs);
    script.1.lock().unwrap().push((path, pairs));
    answer
}

fn at(raw: &str) -> Timestamp {
    raw.parse().unwrap()
}

const NOW: &str = "2026-11-20T10:07:30Z";
const RELEASE: &str = "com.example.shop@8.43.0+84300";

impl Scene {
    async fn of(answer: impl Fn(&str, &Pairs) -> Response + Send + Sync + 'static) -> Self {
        let clock = Arc::new(SimClock::starting_at(at(NOW)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/pre/fix", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(speak)
            .with_state(Script(Arc::new(answer), asked.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = Settings {
            id: SourceId("sentry".into()),
            organization: "acme".into(),
            project: "42".into(),
            environment: Some("production".into()),
            release: "{package}@{version}+{build}".into(),
            package: "com.example.shop".into(),
            figures: Figures::default(),
        };
        let sentry = Sentry::new(
            settings,
            Client::new(Limits::default()).unwrap(),
            BaseUrl::parse(&base).unwrap(),
            SecretString::from("secret"),
            clock.clone(),
        );
        Self {
            clock,
            sentry: sentry.unwrap(),
            asked,
        }
    }

    async fn poll(&self, since: Option<&str>) -> Result<SourceReport, Failure> {
        let query = HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: None,
            since: since.map(at),
            past: false,
            now: self.clock.now(),
        };
        self.sentry.poll(&query).await
    }

    async fn failure(answer: impl Fn() -> Response + Send + Sync + 'static) -> Failure {
        let scene = Self::of(move |_, _| answer()).await;
        scene.poll(None).await.unwrap_err()
    }
}

fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

fn dated(body: &Value, date: &str) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert("date", date.parse().unwrap());
    response
}

const DATE: &str = "Fri, 20 Nov 2026 10:07:30 GMT";

/// A well-behaved server with one release: `n` sessions in the window that holds ten o'clock, a tenth of them crashed.
fn good(path: &str, pairs: &Pairs) -> Response {
    if path.ends_with("/issues/") {
        return dated(&json!([]), DATE);
    }
    let by_status = pairs.iter().any(|(_, value)| value == "session.status");
    let body = match value(pairs, "interval") {
        _ if !by_status => {
            json!({"end": "2026-11-20T11:00:00Z", "intervals": ["2026-11-20T00:00:00Z"], "groups": [
            {"by": {"release": RELEASE}, "totals": {"sum(session)": 100}, "series": {"sum(session)": [100]}}]})
        }
        interval => {
            let width = if interval == "5m" { FINE } else { COARSE };
            let (start, end) = (
                windows::floor(at(value(pairs, "start")), width),
                at(value(pairs, "end")),
            );
            let starts: Vec<Timestamp> =
                std::iter::successors(Some(start), |t| Some(*t + width).filter(|t| *t < end))
                    .collect();
            let series = |n: u64| -> Vec<u64> {
                starts
                    .iter()
                    .map(|t| {
                        if *t == windows::floor(at("2026-11-20T10:00:00Z"), width) {
                            n
                        } else {
                            0
                        }
                    })
                    .collect()
            };
            json!({"start": start, "end": windows::ceil(end, width), "intervals": starts, "surplus": [null], "groups": [
                {"by": {"release": RELEASE, "session.status": "healthy"}, "series": {"sum(session)": series(90)}},
                {"by": {"release": RELEASE, "session.status": "crashed"}, "series": {"sum(session)": series(10)}},
                {"by": {"release": "com.example.shop@1+1", "session.status": "crashed"}, "series": {"sum(session)": series(7)}}]})
        }
    };
    dated(&body, DATE)
}

fn sessions(report: &SourceReport) -> Vec<(Timestamp, u32, Counts)> {
    let all = report.readings.iter();
    let crashes = all.filter(|r| r.metric == Metric::CrashFreeSessions);
    crashes.map(|r| (r.start, r.seconds, r.counts)).collect()
}

#[tokio::test]
async fn windows_without_sessions_are_no_readings_and_the_future_is_not_read() {
    let scene = Scene::of(good).await;
    let report = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    let ten = (
        at("2026-11-20T10:00:00Z"),
        300,
        Counts::new(100, 10).unwrap(),
    );
    assert_eq!(sessions(&report), [ten]);
    assert_eq!(
        report.read_through,
        Some(at(NOW)),
        "its end is 10:10, its time 10:07:30"
    );
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    for (path, pairs) in scene.asked.lock().unwrap().iter() {
        assert!(path.starts_with("/pre/fix/api/0/organizations/acme/") && path.ends_with('/'));
        assert_eq!(
            (value(pairs, "project"), value(pairs, "environment")),
            ("42", "production")
        );
        assert!(!value(pairs, "query").replace("\\*", "").contains('*'));
    }
}

#[tokio::test]
async fn later_polls_are_few_requests() {
    let scene = Scene::of(good).await;
    scene.poll(None).await.unwrap();
    scene.asked.lock().unwrap().clear();
    scene.poll(Some("2026-11-20T09:00:00Z")).await.unwrap();
    assert_eq!(
        scene.asked.lock().unwrap().len(),
        4,
        "adoption, windows, users, issues"
    );
}

#[tokio::test]
async fn a_change_to_hours_counts_nothing_twice() {
    let refuse = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let now_refuses = refuse.clone();
    let scene = Scene::of(move |path, pairs| {
        let refuses = now_refuses.load(std::sync::atomic::Ordering::SeqCst);
        if refuses && value(pairs, "interval") == "5m" {
            let detail = "The interval has to be a multiple of the minimum interval of one hour.";
            return (StatusCode::BAD_REQUEST, Json(json!({ "detail": detail }))).into_response();
        }
        good(path, pairs)
    })
    .await;
    let before = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    assert_eq!(sessions(&before)[0].1, 300);
    refuse.store(true, std::sync::atomic::Ordering::SeqCst);
    scene.clock.advance_to(at("2026-11-20T10:40:00Z"));
    let after = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    assert!(
        sessions(&after).is_empty(),
        "ten o'clock was read in five minutes"
    );
    assert!(
        after
            .notes
            .iter()
            .any(|n| n.as_str().contains("reading hours"))
    );
    scene.asked.lock().unwrap().clear();
    scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    let asked = scene.asked.lock().unwrap().clone();
    assert!(
        asked.iter().all(|(_, p)| value(p, "interval") != "5m"),
        "remembered"
    );
}

#[tokio::test]
async fn a_request_refused_for_another_reason_does_not_cost_the_fine_windows() {
    let scene = Scene::of(|path, pairs| {
        if value(pairs, "groupBy") == "release"
            && value(pairs, "includeTotals") == "0"
            && value(pairs, "interval") != "1d"
        {
            return (StatusCode::BAD_REQUEST, Json(json!({"detail": "no"}))).into_response();
        }
        good(path, pairs)
    })
    .await;
    let failure = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.what.as_str()),
        (FailureKind::Refused, "Sentry answered 400: no")
    );
    assert!(!scene.sentry.memory().coarse);
}

#[tokio::test]
async fn clocks_that_differ_are_told() {
    for (date, note) in [
        (
            "Fri, 20 Nov 2026 10:00:30 GMT",
            "Sentry's clock is 7 min behind this machine's: one of them is wrong",
        ),
        (
            "Fri, 20 Nov 2026 11:07:30 GMT",
            "Sentry's clock is 60 min ahead of this machine's: one of them is wrong",
        ),
    ] {
        let scene = Scene::of(move |path, pairs| {
            let mut answer = good(path, pairs);
            answer.headers_mut().insert("date", date.parse().unwrap());
            answer
        })
        .await;
        let report = scene.poll(None).await.unwrap();
        assert_eq!(
            report
                .notes
                .iter()
                .map(PlainText::as_str)
                .collect::<Vec<_>>(),
            [note]
        );
        assert!(report.read_through.unwrap() <= DateTime::parse_from_rfc2822(date).unwrap());
    }
}

#[tokio::test]
async fn paging_stays_on_the_base_and_ends() {
    let scene = Scene::of(|path, pairs| {
        let mut answer = good(path, pairs);
        let link = r#"<https://evil.example.com/pre/fix/api/0/?cursor=0:1:0>; rel="next"; results="true"; cursor="0:1:0""#;
        answer.headers_mut().insert("link", link.parse().unwrap());
        answer
    })
    .await;
    let report = scene.poll(None).await.unwrap();
    assert_eq!(
        sessions(&report)[0].2,
        Counts::new(100, 10).unwrap(),
        "a page that comes twice counts once"
    );
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.as_str().contains("more releases"))
    );
    let asked = scene.asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .any(|(_, pairs)| value(pairs, "cursor") == "0:1:0")
    );
    assert!(asked.len() < 20, "the same cursor again is the end");
}

#[tokio::test]
async fn null_rates_and_zero_sessions_are_no_data() {
    let body = json!({"end": NOW, "intervals": ["2026-11-20T00:00:00Z"], "groups": [
        {"by": {"release": RELEASE, "session.status": null}, "totals": {"sum(session)": 3, "count_unique(user)": null},
         "series": {"sum(session)": [0], "count_unique(user)": [5], "crash_free_rate(user)": [null], "anr_rate()": [1]}},
        {"by": {"release": "com.example.shop@8.42.0+84200"}, "totals": {"sum(session)": null}, "series": null}]});
    let scene = Scene::of(move |path, _| {
        if path.ends_with("/issues/") {
            return dated(&json!([{"id": "1", "title": null, "filtered": null}, {"id": "2", "culprit": null,
                "permalink": "javascript:alert(1)", "filtered": {"count": "9", "userCount": null}}]), DATE);
        }
        dated(&body, DATE)
    })
    .await;
    let report = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    assert!(sessions(&report).is_empty());
    let users: Vec<_> = report
        .readings
        .iter()
        .map(|r| (r.metric.clone(), r.counts))
        .collect();
    assert_eq!(users, [(Metric::AnrFreeUsers, Counts::new(5, 5).unwrap())]);
    assert_eq!(report.shares.len(), 1);
    assert_eq!(
        report.issues.len(),
        1,
        "counts of all releases are not shown as this one's"
    );
    assert_eq!(
        (report.issues[0].events, report.issues[0].link.clone()),
        (9, None)
    );
    assert!(report.notes[0].as_str().contains("left out"));
}

#[tokio::test]
async fn a_silent_source_is_not_fresh() {
    let scene = Scene::of(|path, pairs| {
        let by_status = pairs.iter().any(|(_, value)| value == "session.status");
        if by_status || path.ends_with("/issues/") {
            return good(path, pairs);
        }
        dated(
            &json!({"end": NOW, "intervals": ["2026-11-20T00:00:00Z"], "groups": [
                {"by": {"release": RELEASE}, "totals": {"sum(session)": 500_000}, "series": {"sum(session)": [500_000]}}]}),
            DATE,
        )
    })
    .await;
    let fresh = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    assert_eq!(fresh.read_through, Some(at(NOW)));
    scene.clock.advance_to(at("2026-11-20T10:30:00Z"));
    let silent = scene.poll(Some("2026-11-20T08:00:00Z")).await.unwrap();
    assert_eq!(silent.read_through, Some(at("2026-11-20T10:05:00Z")));
    assert!(silent.notes.iter().any(|n| {
        n.as_str()
            .starts_with("no session since 2026-11-20 10:05 UTC")
    }));
}
