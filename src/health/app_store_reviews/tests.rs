//! The adapter against a server that says whatever a test wants it to say.

use std::sync::LazyLock;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::domain::{FailureKind, Unit};
use crate::http::Limits;
use crate::http::testing::{Reply, Seen, Server, reply, start_of_time};
use crate::ports::SimClock;
use crate::simulator::Keys;

static P8: LazyLock<String> = LazyLock::new(|| Keys::generate(1).unwrap().app_store.p8);

struct Scene {
    server: Server,
    source: AppStoreReviews,
    clock: Arc<SimClock>,
}

/// What a well-behaved Apple says to everything but what a test is about.
fn usual(seen: &Seen) -> Reply {
    let target = seen.target.as_str();
    let body = if target.starts_with("/v1/apps?") {
        json!({ "data": [
            { "type": "apps", "id": "7", "attributes": { "bundleId": "com.example.shop.beta" } },
            { "type": "apps", "id": "9", "attributes": { "bundleId": "com.example.shop" } },
        ], "links": {} })
    } else if target.starts_with("/v1/apps/9/appStoreVersions?") {
        json!({ "data": [
            { "type": "appStoreVersions", "id": "v0", "attributes": { "versionString": "8.43.0", "platform": "MAC_OS" } },
            { "type": "appStoreVersions", "id": "v1", "attributes": { "versionString": "8.43.0", "platform": "IOS" } },
            { "type": "appStoreVersions", "id": "v2", "attributes": { "versionString": "8.42.0", "platform": "IOS" } },
        ] })
    } else if target.starts_with("/lookup") {
        json!({ "resultCount": 0, "results": [] })
    } else if target.contains("perfPowerMetrics") {
        json!({ "productData": [] })
    } else {
        json!({ "data": [], "links": { "self": "x", "next": null } })
    };
    reply(200, body)
}

impl Scene {
    async fn of(answer: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let server = Server::start(answer).await;
        let clock = Arc::new(SimClock::starting_at(start_of_time()));
        let settings = Settings {
            id: SourceId("app-store-reviews".into()),
            bundle_id: "com.example.shop".into(),
            key: ApiKey {
                key_id: "K".into(),
                issuer_id: Some("I".into()),
                key: SecretString::from(P8.clone()),
            },
            base: BaseUrl::parse(&server.base).unwrap(),
            lookup: BaseUrl::parse(&server.base).unwrap(),
            country: "de".into(),
        };
        let client = Client::new(Limits::default()).unwrap();
        let source = AppStoreReviews::new(settings, client, clock.clone(), 1).unwrap();
        Self {
            server,
            source,
            clock,
        }
    }

    /// Where `part` is in the request's target, this body; else the usual.
    async fn with(part: &'static str, body: Value) -> Self {
        Self::of(move |seen| {
            if seen.target.contains(part) {
                reply(200, body.clone())
            } else {
                usual(seen)
            }
        })
        .await
    }

    async fn poll(&self) -> Result<SourceReport, Failure> {
        let query = HealthQuery {
            version: Version::named("8.43.0", "84300"),
            also: Vec::new(),
            baseline: Some(Version::named("8.42.0", "84200")),
            since: None,
            past: false,
            now: self.clock.now(),
        };
        self.source.poll(&query).await
    }
}

fn notes(report: &SourceReport) -> String {
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    notes.join("\n")
}

fn review(minutes_ago: i64, stars: i64) -> Value {
    let at = start_of_time() - TimeDelta::minutes(minutes_ago);
    json!({ "type": "customerReviews", "id": "r", "attributes": {
        "rating": stars, "title": null, "body": "x", "createdDate": at.format("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
    } })
}

#[tokio::test]
async fn the_right_app_and_versions_are_found_once_and_the_lookup_gets_no_token() {
    let scene = Scene::of(usual).await;
    scene.poll().await.unwrap();
    let first = scene.server.lines();
    assert_eq!(
        first,
        [
            "GET /v1/apps?filter%5BbundleId%5D=com.example.shop&limit=200",
            "GET /v1/apps/9/appStoreVersions?filter%5Bplatform%5D=IOS&filter%5BversionString%5D=8.43.0",
            "GET /v1/appStoreVersions/v1/customerReviews?sort=-createdDate&limit=200",
            "GET /v1/apps/9/appStoreVersions?filter%5Bplatform%5D=IOS&filter%5BversionString%5D=8.42.0",
            "GET /v1/appStoreVersions/v2/customerReviews?sort=-createdDate&limit=200",
            "GET /lookup?bundleId=com.example.shop&country=de",
            "GET /v1/apps/9/perfPowerMetrics?filter%5Bplatform%5D=IOS&filter%5BmetricType%5D=LAUNCH%2CHANG&filter%5BdeviceType%5D=all_iphones",
        ]
    );
    for seen in scene.server.seen() {
        assert_eq!(
            seen.authorization.is_none(),
            seen.target.starts_with("/lookup"),
            "{}",
            seen.target
        );
    }
    scene
        .clock
        .advance_to(start_of_time() + TimeDelta::minutes(15));
    scene.poll().await.unwrap();
    assert_eq!(scene.server.lines().len() - first.len(), 4, "ids are known");
}

#[tokio::test]
async fn more_reviews_than_are_read_are_counted_since_the_oldest() {
    let scene = Scene::of(|seen| {
        if !seen.target.contains("customerReviews") || seen.target.contains("v2") {
            return usual(seen);
        }
        let place = seen.target.split("cursor=").nth(1);
        let page: i64 = place.map_or(0, |raw| raw.parse().unwrap());
        let data = [review(page * 600, 1), review(page * 600 + 300, 5)];
        // Links lead to Apple's own host: they are followed on ours.
        let next = format!("https://api.appstoreconnect.apple.com/v1/appStoreVersions/v1/customerReviews?cursor={}", page + 1);
        reply(200, json!({ "data": data, "links": { "next": next } }))
    })
    .await;
    let report = scene.poll().await.unwrap();
    let pages = scene
        .server
        .lines()
        .iter()
        .filter(|line| line.contains("v1/customerReviews"))
        .count();
    assert_eq!(pages, 10);
    assert!(
        notes(&report).contains("counted since"),
        "{}",
        notes(&report)
    );
    let first = start_of_time() - TimeDelta::minutes(9 * 600 + 300);
    assert!(report.readings.iter().all(|r| r.start > first));
    // The oldest itself may have company that was not read.
    assert_eq!(report.levels[0].trials, Some(19));
}

#[tokio::test]
async fn a_version_that_the_store_does_not_have_has_no_reviews() {
    let scene = Scene::with("appStoreVersions?", json!({ "data": [] })).await;
    let report = scene.poll().await.unwrap();
    assert!(report.readings.is_empty() && report.levels.is_empty());
    assert!(
        notes(&report).contains("no version 8.43.0 (84300)"),
        "{}",
        notes(&report)
    );
}

#[tokio::test]
async fn the_public_rating_is_told_of_the_version_on_sale_and_never_of_nobody() {
    for (version, count, found) in [
        ("8.42.0", 1200, Some("8.42.0+84200")),
        ("8.41.0", 1200, None),
        ("8.43.0", 0, None),
    ] {
        let mean = if count == 0 { 0.0 } else { 4.6 };
        let body = json!({ "resultCount": 1, "results": [{ "version": version,
            "averageUserRatingForCurrentVersion": mean, "userRatingCountForCurrentVersion": count }] });
        let report = Scene::with("/lookup", body).await.poll().await.unwrap();
        let told = report.levels.first().map(|level| level.version.as_str());
        assert_eq!(told, found);
    }
}

fn measures(category: &str, name: &str, unit: &str, points: &Value) -> Value {
    let dataset = |percentile: &str, device: &str, points: &Value| json!({ "filterCriteria": { "percentile": percentile, "device": device }, "points": points });
    let other = json!([{ "version": "8.43.0", "value": 9999.0 }]);
    json!({ "version": "1.0", "productData": [{ "platform": "IOS", "metricCategories": [{
        "identifier": category,
        "metrics": [{ "identifier": name, "unit": { "identifier": unit, "displayName": unit }, "datasets": [
            dataset("percentile.fifty", "iPhone15,2", &other),
            dataset("percentile.fifty", "all_iphones", points),
            dataset("percentile.ninetyNine", "all_iphones", &other),
        ] }],
    }] }] })
}

#[tokio::test]
async fn only_points_of_all_iphones_of_the_two_versions_are_levels() {
    let points = json!([
        { "version": "8.41.0", "value": 100.0 },
        { "version": "8.42.0", "value": 800.0, "goal": "" },
        { "version": "8.43.0 (84300)", "value": 1200.0, "errorMargin": 5.5 },
        { "version": "8.43.01", "value": 1.0 },
    ]);
    let body = measures("LAUNCH", "launchTime", "ms", &points);
    let report = Scene::with("perfPower", body).await.poll().await.unwrap();
    let levels: Vec<(String, &str, f64, Unit)> = report
        .levels
        .iter()
        .map(|l| (l.metric.to_string(), l.version.as_str(), l.value, l.unit))
        .collect();
    assert_eq!(
        levels,
        [
            (
                "level:cold_start_p50".into(),
                "8.43.0+84300",
                1.2,
                Unit::Seconds
            ),
            (
                "level:cold_start_p50".into(),
                "8.42.0+84200",
                0.8,
                Unit::Seconds
            ),
        ]
    );
    let body = measures("HANG", "hangRate", "s/hr", &points);
    let report = Scene::with("perfPower", body).await.poll().await.unwrap();
    assert_eq!(report.levels[0].metric.to_string(), "level:hang_rate");
    assert_eq!(
        (report.levels[0].value, report.levels[0].unit),
        (1200.0, Unit::Plain)
    );
    let body = measures("LAUNCH", "launchTime", "fortnights", &points);
    let report = Scene::with("perfPower", body).await.poll().await.unwrap();
    assert!(report.levels.is_empty());
    assert!(notes(&report).contains("fortnights"));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (status, code, kind) in [
        (401, "NOT_AUTHORIZED", FailureKind::Credentials),
        (403, "FORBIDDEN_ERROR", FailureKind::Rights),
        (
            403,
            "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
            FailureKind::Rights,
        ),
        (404, "NOT_FOUND", FailureKind::NotFound),
        (429, "RATE_LIMIT_EXCEEDED", FailureKind::Quota),
        (400, "PARAMETER_ERROR.INVALID", FailureKind::Refused),
    ] {
        let body = json!({ "errors": [{ "status": status.to_string(), "code": code, "title": "No", "detail": "Because" }] });
        let scene = Scene::of(move |_| reply(status, body.clone())).await;
        let failure = scene.poll().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.what.as_str().contains("Because"), "{failure}");
        assert!(!failure.to_string().contains("eyJ"), "{failure}");
    }
    let scene = Scene::with("/v1/apps?", json!({ "data": [] })).await;
    let failure = scene.poll().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    let astray = json!({ "data": [review(1, 5)], "links": { "next": "http://[" } });
    let failure = Scene::with("customerReviews", astray)
        .await
        .poll()
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Malformed);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let mut refused = 0;
    let scene = Scene::of(move |seen| {
        refused += 1;
        if refused == 1 {
            reply(401, "{}")
        } else {
            usual(seen)
        }
    })
    .await;
    assert!(scene.poll().await.is_ok());
}
