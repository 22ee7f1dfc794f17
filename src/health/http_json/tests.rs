//! Against a server that answers as a test says, and against the fake one.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::*;
use crate::domain::{Counts, FailureKind};
use crate::http::Limits;
use crate::http::testing::{Reply, Seen, Server, reply};
use crate::ports::SimClock;

fn at(raw: &str) -> Timestamp {
    raw.parse().unwrap()
}

struct Scene {
    server: Server,
    clock: Arc<SimClock>,
    source: HttpJson,
}

fn counts_at(metric: Metric, failures: &str, trials: &str) -> BTreeMap<Metric, Figure> {
    let figure = Figure::Counts {
        failures: failures.into(),
        trials: trials.into(),
    };
    BTreeMap::from([(metric, figure)])
}

fn crashes() -> BTreeMap<Metric, Figure> {
    counts_at(Metric::CrashFreeSessions, "/crashed", "/all")
}

impl Scene {
    async fn of(
        target: &str,
        figures: BTreeMap<Metric, Figure>,
        answer: impl FnMut(&Seen) -> Reply + Send + 'static,
    ) -> Self {
        let server = Server::start(answer).await;
        let clock = Arc::new(SimClock::starting_at(at("2026-11-20T10:32:00Z")));
        let settings = Settings {
            id: SourceId("http-json".into()),
            url: format!("{}{target}", server.base),
            headers: vec![("x-key".into(), "s3cr3t-t0ken".into())],
            figures,
            window: TimeDelta::minutes(5),
            package: "com.example.shop".into(),
        };
        let limits = Limits {
            body: 1 << 20,
            ..Limits::default()
        };
        let client = Client::new(limits).unwrap();
        let source = HttpJson::new(settings, client, clock.clone()).unwrap();
        Self {
            server,
            clock,
            source,
        }
    }

    async fn poll(&self, since: Option<&str>) -> Result<SourceReport, Failure> {
        let query = HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84200)),
            since: since.map(at),
            past: false,
            now: self.clock.now(),
        };
        self.source.poll(&query).await
    }
}

const WINDOWS: &str = "/{package}/{build}?from={start}&to={end}";

#[tokio::test]
async fn an_address_with_times_is_asked_window_by_window() {
    let figures = |seen: &Seen| {
        assert_eq!(seen.method, "GET");
        if seen.target.contains("/84300?") {
            reply(200, json!({"all": "10", "crashed": 1}))
        } else {
            reply(200, json!({"all": 90, "crashed": 2}))
        }
    };
    let scene = Scene::of(WINDOWS, crashes(), figures).await;
    let report = scene.poll(None).await.unwrap();
    // 24 windows of both versions, the open one among them.
    assert_eq!(scene.server.seen().len(), 48);
    assert_eq!(report.readings.len(), 48);
    assert_eq!(report.readings[0].start, at("2026-11-20T08:35:00Z"));
    assert_eq!(report.read_through, Some(at("2026-11-20T10:32:00Z")));
    assert_eq!(report.first_session, Some(at("2026-11-20T08:35:00Z")));
    assert_eq!(
        scene.server.lines()[0],
        "GET /com.example.shop/84300?from=2026-11-20T08%3A35%3A00Z&to=2026-11-20T08%3A40%3A00Z"
    );
    // From then on the open window, and the one before it once more: four requests a poll.
    scene.clock.advance_to(at("2026-11-20T10:33:00Z"));
    let report = scene.poll(Some("2026-11-20T08:32:00Z")).await.unwrap();
    assert_eq!(scene.server.seen().len(), 52);
    assert_eq!(report.readings[0].start, at("2026-11-20T10:25:00Z"));
    assert_eq!(report.first_session, Some(at("2026-11-20T08:35:00Z")));
}

#[tokio::test]
async fn what_was_missed_is_read_in_parts_oldest_first() {
    let scene = Scene::of(WINDOWS, crashes(), |_| {
        reply(200, json!({"all": 5, "crashed": 0}))
    })
    .await;
    let report = scene.poll(Some("2026-11-20T06:01:00Z")).await.unwrap();
    assert_eq!(report.readings[0].start, at("2026-11-20T06:00:00Z"));
    assert_eq!(report.read_through, Some(at("2026-11-20T08:00:00Z")));
    let report = scene.poll(Some("2026-11-20T06:00:00Z")).await.unwrap();
    assert_eq!(report.readings[0].start, at("2026-11-20T07:55:00Z"));
    assert_eq!(report.read_through, Some(at("2026-11-20T09:55:00Z")));
    let report = scene.poll(Some("2026-11-20T07:55:00Z")).await.unwrap();
    assert_eq!(report.read_through, Some(at("2026-11-20T10:32:00Z")));
}

#[tokio::test]
async fn figures_that_are_not_there_are_no_windows() {
    let answers = |seen: &Seen| {
        if seen.target.contains("/84300?") {
            reply(200, json!({"all": null, "crashed": 0}))
        } else {
            reply(200, json!({"all": 0, "crashed": 0}))
        }
    };
    let scene = Scene::of(WINDOWS, crashes(), answers).await;
    let report = scene.poll(None).await.unwrap();
    assert!(report.readings.is_empty());
    assert_eq!((report.first_session, report.past_from), (None, None));
}

#[tokio::test]
async fn a_server_that_falls_silent_is_not_fresh() {
    let answers = |seen: &Seen| {
        if seen.target.contains("from=2026-11-20T09") {
            reply(200, json!({"all": 500, "crashed": 0}))
        } else {
            reply(200, json!({}))
        }
    };
    let scene = Scene::of(WINDOWS, crashes(), answers).await;
    let report = scene.poll(None).await.unwrap();
    assert_eq!(report.read_through, Some(at("2026-11-20T10:00:00Z")));
    assert!(
        report.notes[0]
            .as_str()
            .starts_with("nothing since 2026-11-20 10:00 UTC")
    );
}

#[tokio::test]
async fn an_address_without_times_tells_sums() {
    let sum = Arc::new(AtomicU64::new(0));
    let now = sum.clone();
    let scene = Scene::of("/totals/{build}", crashes(), move |seen| {
        let more = now.load(Ordering::SeqCst);
        match seen.target.as_str() {
            "/totals/84300" => reply(200, json!({"all": 400 + more, "crashed": 9 + more / 10})),
            _ => reply(200, json!({"all": 90_000 + 9 * more, "crashed": 40})),
        }
    })
    .await;
    assert!(scene.poll(None).await.unwrap().readings.is_empty());
    sum.store(50, Ordering::SeqCst);
    scene.clock.advance_to(at("2026-11-20T10:34:00Z"));
    let report = scene.poll(Some("2026-11-20T08:32:00Z")).await.unwrap();
    let told: Vec<(&str, u32, Counts)> = report
        .readings
        .iter()
        .map(|it| (it.version.as_str(), it.seconds, it.counts))
        .collect();
    let counts = |trials, failures| Counts { trials, failures };
    assert_eq!(
        told,
        [
            ("84200", 120, counts(450, 0)),
            ("84300", 120, counts(50, 5))
        ]
    );
    assert_eq!(scene.server.seen().len(), 4);

    // Another process goes on where this one was.
    let again = Scene::of("/totals/{build}", crashes(), |_| {
        reply(200, json!({"all": 90_900, "crashed": 40}))
    })
    .await;
    again.source.resume(&report);
    again.clock.advance_to(at("2026-11-20T10:40:00Z"));
    let report = again.poll(None).await.unwrap();
    let start = report.readings[0].start;
    assert_eq!(start, at("2026-11-20T10:32:00Z"), "the open window goes on");
    assert_eq!(report.readings[0].counts, counts(900, 0));
}

#[tokio::test]
async fn an_answer_may_be_a_document() {
    let scene = Scene::of(
        "/windows?v={build}&b={baseline}&since={start}",
        BTreeMap::new(),
        |_| {
            reply(
                200,
                json!({"schema": "haltline/windows/v1", "read_through": "2026-11-20T10:31:00Z",
                "windows": [{"metric": "journey_success:checkout", "version": "84300",
                    "start": "2026-11-20T10:00:00Z", "seconds": 60, "trials": 7, "failures": 2}]}),
            )
        },
    )
    .await;
    let report = scene.poll(None).await.unwrap();
    assert_eq!(
        report.readings[0].metric,
        Metric::JourneySuccess("checkout".into())
    );
    assert_eq!(
        scene.server.lines(),
        ["GET /windows?v=84300&b=84200&since=2026-11-06T10%3A32%3A00Z"]
    );
    let scene = Scene::of("/windows?v={build}", BTreeMap::new(), |_| {
        reply(200, json!({}))
    })
    .await;
    let failure = scene.poll(None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert!(
        failure.what.as_str().contains("its schema is none"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn after_a_429_nothing_is_asked_until_its_time() {
    for (named, wait) in [(Some("90"), 90), (None, 60), (Some("soon"), 60)] {
        let scene = Scene::of(WINDOWS, crashes(), move |_| {
            let refusal = reply(429, "slow down");
            named.map_or(refusal.clone(), |wait| refusal.header("retry-after", wait))
        })
        .await;
        let failure = scene.poll(None).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.retry_after),
            (FailureKind::Quota, Some(wait))
        );
        assert_eq!(scene.server.seen().len(), 1);
        let later = scene.clock.now() + TimeDelta::seconds(i64::from(wait) - 1);
        scene.clock.advance_to(later);
        let failure = scene.poll(None).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.retry_after),
            (FailureKind::Quota, Some(1))
        );
        assert_eq!(scene.server.seen().len(), 1, "nothing was sent");
        scene.clock.advance_to(later + TimeDelta::seconds(1));
        scene.poll(None).await.unwrap_err();
        assert_eq!(scene.server.seen().len(), 2);
    }
}

#[tokio::test]
async fn refusals_say_what_to_do_and_nothing_secret() {
    for (status, body, kind) in [
        (
            401,
            "{\"error\":\"s3cr3t-t0ken is wrong\"}",
            FailureKind::Credentials,
        ),
        (403, "", FailureKind::Rights),
        (404, "", FailureKind::NotFound),
        (500, "", FailureKind::Retry),
        (400, "", FailureKind::Refused),
        (302, "", FailureKind::Refused),
        (200, "<html>sign in</html>", FailureKind::Malformed),
        (
            200,
            "{\"all\": 9, \"crashed\": 0.5}",
            FailureKind::Malformed,
        ),
        (200, "{\"all\": 9, \"crash", FailureKind::Malformed),
    ] {
        let scene = Scene::of(WINDOWS, crashes(), move |_| reply(status, body)).await;
        let failure = scene.poll(None).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert_eq!(failure.place.as_str(), "GET /com.example.shop/84300");
        let told = format!("{failure:?}");
        assert!(
            !told.contains("s3cr3t") && !told.contains("127.0.0.1"),
            "{told}"
        );
    }
    let huge = format!("{{\"all\": 1, \"x\": \"{}\"}}", "x".repeat(2 << 20));
    let scene = Scene::of(WINDOWS, crashes(), move |_| reply(200, &huge)).await;
    let failure = scene.poll(None).await.unwrap_err();
    assert!(failure.what.as_str().contains("larger than 1048576 bytes"));
}

#[tokio::test]
async fn doctor_asks_once() {
    for (status, fine) in [(200, true), (404, true), (401, false), (500, false)] {
        let scene = Scene::of(WINDOWS, crashes(), move |_| reply(status, "{}")).await;
        let checks = scene.source.access().await;
        assert_eq!(checks[0].result.is_ok(), fine, "{status}");
        assert_eq!(scene.server.seen().len(), 1);
    }
}
