//! The adapter against a server that says whatever a test wants it to say.

use serde_json::{Value, json};

use super::*;
use crate::domain::{Counts, FailureKind, Metric, Version};
use crate::http::Limits;
use crate::http::testing::{Reply, Seen, Server, key_file, reply};
use crate::ports::SimClock;

const NOW: &str = "2026-11-20T10:07:30Z";

fn at(raw: &str) -> Timestamp {
    raw.parse().unwrap()
}

struct Scene {
    clock: Arc<SimClock>,
    vitals: PlayVitals,
    server: Server,
}

impl Scene {
    async fn of(mut answer: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let server = Server::start(move |seen| match seen.target.as_str() {
            "/token" => reply(200, json!({"access_token": "t", "expires_in": 3599})),
            _ => answer(seen),
        })
        .await;
        let clock = Arc::new(SimClock::starting_at(at(NOW)));
        let key = key_file(&format!("{}/token", server.base)).to_string();
        let settings = Settings {
            id: SourceId("play-vitals".into()),
            base: BaseUrl::parse(&format!("{}/pre/fix", server.base)).unwrap(),
            package: "com.example.shop".into(),
            key: SecretString::from(key),
            strata: Vec::new(),
        };
        let client = Client::new(Limits::default()).unwrap();
        let vitals = PlayVitals::new(settings, client, clock.clone(), 1).unwrap();
        Self {
            clock,
            vitals,
            server,
        }
    }

    async fn poll(&self) -> Result<SourceReport, Failure> {
        let query = HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84200)),
            since: None,
            past: false,
            now: self.clock.now(),
        };
        self.vitals.poll(&query).await
    }
}

fn day(day: u32) -> Value {
    json!({"year": 2026, "month": 11, "day": day, "timeZone": {"id": "America/Los_Angeles"}})
}

fn fresh(end: u32) -> Value {
    json!({"name": "x", "freshnessInfo": {"freshnesses": [
        {"aggregationPeriod": "DAILY", "latestEndTime": day(end)},
        {"aggregationPeriod": "FULL_RANGE", "latestEndTime": day(end)},
    ]}})
}

fn row(start: u32, code: &str, metrics: &Value) -> Value {
    json!({"aggregationPeriod": "DAILY", "startTime": day(start), "metrics": metrics,
        "dimensions": [{"dimension": "versionCode", "int64Value": code}]})
}

fn rate(rate: &str, users: &str) -> Value {
    json!([{"metric": "userPerceivedCrashRate", "decimalValue": {"value": rate}},
        {"metric": "distinctUsers", "decimalValue": {"value": users}}])
}

/// Crash rates with these rows up to the 18th, and nothing of anything else.
fn crashes(rows: Vec<Value>) -> impl FnMut(&Seen) -> Reply + Send + 'static {
    move |seen| match seen.target.as_str() {
        "/pre/fix/v1beta1/apps/com.example.shop/crashRateMetricSet" => reply(200, fresh(18)),
        "/pre/fix/v1beta1/apps/com.example.shop/crashRateMetricSet:query" => {
            reply(200, json!({ "rows": rows }))
        }
        _ => reply(200, json!({})),
    }
}

#[tokio::test]
async fn a_range_is_asked_for_as_google_wrote_its_end() {
    let scene = Scene::of(crashes(vec![
        row(16, "84200", &rate("0.001", "40000")),
        row(17, "84300", &rate("0.0142", "12000")),
        row(17, "84200", &rate("0.001", "40000")),
        row(17, "999", &rate("0.5", "10")),
    ]))
    .await;
    let report = scene.poll().await.unwrap();
    let told: Vec<_> = report
        .readings
        .iter()
        .map(|it| (it.version.as_str(), it.start, it.seconds, it.counts))
        .collect();
    let (start, length) = (at("2026-11-17T08:00:00Z"), 86_400);
    let counts = |trials, failures| Counts { trials, failures };
    assert_eq!(
        told,
        [
            ("84200", start, length, counts(40_000, 40)),
            ("84300", start, length, counts(12_000, 170)),
        ],
        "the baseline alone says nothing"
    );
    assert_eq!(report.read_through, Some(at("2026-11-18T08:00:00Z")));
    assert_eq!(report.first_session, Some(start));
    let seen = scene.server.seen();
    let asked = seen
        .iter()
        .find(|it| it.target.ends_with(":query"))
        .unwrap();
    let asked = asked.json();
    assert_eq!(asked["timelineSpec"]["endTime"], day(18));
    assert_eq!(asked["timelineSpec"]["startTime"], day(6));
    assert_eq!(
        asked["filter"],
        "(versionCode = 84200 OR versionCode = 84300)"
    );
    assert_eq!(asked["dimensions"], json!(["versionCode"]));
}

#[tokio::test]
async fn what_is_missing_is_no_window() {
    let scene = Scene::of(crashes(vec![
        row(15, "84300", &rate("0.02", "0")),
        row(
            16,
            "84300",
            &json!([{"metric": "distinctUsers", "decimalValue": {"value": "50"}}]),
        ),
        row(16, "84200", &json!([{"metric": "userPerceivedCrashRate"}])),
        json!({"startTime": day(17)}),
        row(17, "84300", &rate("", "30")),
    ]))
    .await;
    let report = scene.poll().await.unwrap();
    let told: Vec<_> = report
        .readings
        .iter()
        .map(|it| (it.start, it.counts))
        .collect();
    let clean = Counts {
        trials: 30,
        failures: 0,
    };
    assert_eq!(told, [(at("2026-11-17T08:00:00Z"), clean)]);
    assert_eq!(report.readings[0].metric, Metric::CrashFreeUsers);
}

#[tokio::test]
async fn an_app_of_which_nothing_was_computed_is_unknown() {
    let scene = Scene::of(|_| reply(200, json!({}))).await;
    let report = scene.poll().await.unwrap();
    assert_eq!((report.read_through, report.readings.len()), (None, 0));
    assert!(report.notes[0].as_str().contains("no vitals of this app"));
}

#[tokio::test]
async fn figures_that_cannot_be_are_refused() {
    for bad in [
        vec![row(17, "84300", &rate("1.42", "12000"))],
        vec![row(17, "84300", &rate("-0.1", "12000"))],
        vec![row(17, "84300", &rate("0.1", "-5"))],
        vec![row(17, "84300", &rate("many", "5"))],
        vec![json!({"startTime": {"year": 2026, "month": 14, "day": 1},
            "dimensions": [{"dimension": "versionCode", "int64Value": "84300"}], "metrics": rate("0.1", "10")})],
    ] {
        let scene = Scene::of(crashes(bad.clone())).await;
        let failure = scene.poll().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{bad:?}: {failure}");
        let place = "POST /pre/fix/v1beta1/apps/com.example.shop/crashRateMetricSet:query";
        assert_eq!(failure.place.as_str(), place);
    }
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_left() {
    let scene = Scene::of(|seen| match seen.target.rsplit('/').next().unwrap() {
        "crashRateMetricSet" => reply(200, fresh(18)),
        "crashRateMetricSet:query" => {
            let rows = [row(17, "84300", &rate("0.01", "100"))];
            reply(200, json!({"rows": rows, "nextPageToken": "again"}))
        }
        _ => reply(200, json!({})),
    })
    .await;
    let report = scene.poll().await.unwrap();
    let lines = scene.server.lines();
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.ends_with("crashRateMetricSet:query"))
            .count(),
        2
    );
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.as_str().contains("more rows"))
    );
}

#[tokio::test]
async fn the_wait_may_stand_in_the_body() {
    let body = json!({"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.2s"}]}});
    let scene = Scene::of(move |_| reply(429, body.clone())).await;
    let failure = scene.poll().await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.retry_after),
        (FailureKind::Quota, Some(8))
    );
    let asked = scene.server.seen().len();
    scene.poll().await.unwrap_err();
    assert_eq!(scene.server.seen().len(), asked, "nothing is sent");
}

#[tokio::test]
async fn hours_and_days_of_one_series_never_overlap() {
    // Hours at first, then days alone.
    let hours = Arc::new(Mutex::new(true));
    let offered = Arc::clone(&hours);
    let scene = Scene::of(move |seen| {
        let hour = |hour: u32| json!({"year": 2026, "month": 11, "day": 19, "hours": hour, "timeZone": {"id": "UTC"}});
        let hourly = json!({"freshnessInfo": {"freshnesses": [
            {"aggregationPeriod": "HOURLY", "latestEndTime": hour(12)}, {"aggregationPeriod": "DAILY", "latestEndTime": day(18)}]}});
        match seen.target.rsplit('/').next().unwrap() {
            "crashRateMetricSet" if *offered.lock().unwrap() => reply(200, hourly),
            "crashRateMetricSet" => reply(200, fresh(21)),
            "crashRateMetricSet:query" if seen.body.contains("HOURLY") => {
                let mut row = row(1, "84300", &rate("0.01", "50000"));
                row["startTime"] = hour(11);
                reply(200, json!({ "rows": [row] }))
            }
            "crashRateMetricSet:query" => {
                let rows: Vec<Value> = (17..21).map(|it| row(it, "84300", &rate("0.01", "900000"))).collect();
                reply(200, json!({ "rows": rows }))
            }
            _ => reply(200, json!({})),
        }
    })
    .await;
    let first = scene.poll().await.unwrap();
    assert_eq!(first.readings[0].seconds, 3_600);
    *hours.lock().unwrap() = false;
    scene.clock.advance_to(at("2026-11-22T11:00:00Z"));
    let report = scene.poll().await.unwrap();
    let told: Vec<_> = report
        .readings
        .iter()
        .map(|it| (it.start, it.seconds))
        .collect();
    assert_eq!(
        told,
        [
            (at("2026-11-19T11:00:00Z"), 3_600),
            (at("2026-11-20T08:00:00Z"), 86_400),
        ],
        "the day that held the hour is left out"
    );
}
