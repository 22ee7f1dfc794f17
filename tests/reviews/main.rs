//! The reviews of both stores against the fake ones, over HTTP on loopback: what is counted is what users said in the world.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail the test")]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono::{DurationRound, TimeDelta};
use haltline::domain::{
    AppId, Counts, FailureKind, Level, Metric, PlainText, Reach, SourceId, SourceReport, Timestamp,
    Version,
};
use haltline::health::app_store_reviews::{self, AppStoreReviews};
use haltline::health::play_reviews::{self, PlayReviews};
use haltline::http::apple_auth::ApiKey;
use haltline::http::{BaseUrl, Client, Limits};
use haltline::ports::{Clock, HealthQuery, HealthSource};
use haltline::simulator::fault::{Fault, FaultRule, Vendor};
use haltline::simulator::world::Said;
use haltline::simulator::{Keys, Options, Running, Scenario, SimTime};
use secrecy::SecretString;

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(5).unwrap()));

const SCENARIO: &str = r#"
description = "Two shops, many reviews"
start = "2026-11-20T12:00:00Z"
[[app]]
id = "android"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 20_000
reviews_per_day = 150
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-5d"
exposure = "20%"
unhappy = "60%"
[[app.version]]
name = "8.43.0"
build = "84301"
role = "new"
started = "-3d"
exposure = "10%"
[[app]]
id = "ios"
name = "Shop"
store = "app-store"
package = "com.example.shop"
sessions_per_day = 20_000
reviews_per_day = 100
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-5d"
unhappy = "60%"
abnormal = "1%"
"#;

struct Scene {
    sim: Running,
    clock: Arc<dyn Clock>,
}

impl Scene {
    async fn start() -> Self {
        let scenario = Scenario::parse("test", SCENARIO).unwrap();
        let options = Options {
            seed: 5,
            time: SimTime::discrete(scenario.start),
            listen: None,
            dir: None,
        };
        let sim = Running::start_with(KEYS.clone(), scenario, options)
            .await
            .unwrap();
        let clock = sim.time.clock();
        Self { sim, clock }
    }

    fn base(&self, vendor: Vendor) -> BaseUrl {
        BaseUrl::parse(self.sim.urls.of(vendor)).unwrap()
    }

    fn android(&self) -> PlayReviews {
        let base = self.base(Vendor::GooglePlay);
        let key = self
            .sim
            .keys
            .service_account
            .key_file(&format!("{base}/token"));
        let settings = play_reviews::Settings {
            id: SourceId("play-reviews".into()),
            package: "com.example.shop".into(),
            key: SecretString::from(key),
            base,
        };
        let client = Client::new(Limits::default()).unwrap();
        PlayReviews::new(settings, client, Arc::clone(&self.clock), 1).unwrap()
    }

    fn ios(&self) -> AppStoreReviews {
        let key = &self.sim.keys.app_store;
        let settings = app_store_reviews::Settings {
            id: SourceId("app-store-reviews".into()),
            bundle_id: "com.example.shop".into(),
            key: ApiKey {
                key_id: key.key_id.clone(),
                issuer_id: Some(key.issuer_id.clone()),
                key: SecretString::from(key.p8.clone()),
            },
            base: self.base(Vendor::AppStore),
            lookup: self.base(Vendor::AppleLookup),
            country: "us".into(),
        };
        let client = Client::new(Limits::default()).unwrap();
        AppStoreReviews::new(settings, client, Arc::clone(&self.clock), 1).unwrap()
    }

    fn now(&self) -> Timestamp {
        self.sim.world.now()
    }

    fn pass(&self, time: TimeDelta) {
        self.sim.time.advance(time);
    }

    fn query(&self, ios: bool) -> HealthQuery {
        let version = |name: &str, build: &str| {
            if ios {
                Version::named(name, build)
            } else {
                Version::from_code(build)
            }
        };
        HealthQuery {
            version: version("8.43.0", "84300"),
            also: if ios {
                Vec::new()
            } else {
                vec![version("8.43.0", "84301")]
            },
            baseline: Some(version("8.42.0", "84200")),
            since: None,
            past: false,
            now: self.now(),
        }
    }

    async fn poll(&self, source: &dyn HealthSource, ios: bool) -> SourceReport {
        source.poll(&self.query(ios)).await.unwrap()
    }

    fn said(&self, app: &str, days: i64) -> Vec<Said> {
        let app = AppId::try_from(app.to_owned()).unwrap();
        self.sim
            .world
            .reviews(&app, self.now() - TimeDelta::days(days), self.now())
    }

    /// Every request is answered so from now on.
    fn refuse(&self, vendor: Vendor, code: u16, retry_after: Option<&str>) {
        self.sim.world.faults().set(FaultRule {
            vendor,
            matching: String::new(),
            times: None,
            every: None,
            fault: Fault::Status {
                code,
                body: None,
                retry_after: retry_after.map(str::to_owned),
                applied: false,
            },
        });
    }
}

/// What the world holds, by version key and day, from the first whole day on.
fn days<'a>(
    said: &[Said],
    key: impl Fn(&Said) -> Option<&'a str>,
    first: Timestamp,
) -> BTreeMap<(String, Timestamp), Counts> {
    let mut days = BTreeMap::<_, Counts>::new();
    for review in said.iter().filter(|review| review.at >= first) {
        let Some(key) = key(review) else { continue };
        let day = review.at.duration_trunc(TimeDelta::days(1)).unwrap();
        let counts = days.entry((key.to_owned(), day)).or_default();
        counts.trials += 1;
        counts.failures += u64::from(review.stars <= 2);
    }
    days
}

fn counted(report: &SourceReport) -> BTreeMap<(String, Timestamp), Counts> {
    let low = Metric::Custom("low_ratings".into());
    assert!(
        report
            .readings
            .iter()
            .all(|r| r.metric == low && r.seconds == 86_400)
    );
    let of = |r: &haltline::domain::Reading| ((r.version.clone(), r.start), r.counts);
    report.readings.iter().map(of).collect()
}

fn level<'r>(report: &'r SourceReport, name: &str, version: &str) -> Option<&'r Level> {
    let metric = Metric::Level(name.into());
    report
        .levels
        .iter()
        .find(|l| l.metric == metric && l.version == version)
}

fn mean(said: &[&Said]) -> f64 {
    let sum: u64 = said.iter().map(|review| u64::from(review.stars)).sum();
    sum as f64 / said.len() as f64
}

#[tokio::test]
async fn plays_reviews_of_the_week_are_counted_by_version_and_day() {
    let scene = Scene::start().await;
    let source = scene.android();
    assert_eq!(source.reach(), Reach::Context);
    let report = scene.poll(&source, false).await;
    let week = scene.said("android", 7);
    assert!(week.len() > 500, "more than a page: {}", week.len());
    // The fake store leaves out the version of one review in eleven.
    let key = |review: &Said| match review.build.as_str() {
        _ if review.id.is_multiple_of(11) => None,
        "84301" | "84300" => Some("84300"),
        _ => Some("84200"),
    };
    let first = "2026-11-14T00:00:00Z".parse().unwrap();
    assert_eq!(counted(&report), days(&week, key, first));
    let of_new: Vec<&Said> = week.iter().filter(|r| key(r) == Some("84300")).collect();
    let rating = level(&report, "rating", "84300").unwrap();
    assert!((rating.value - mean(&of_new)).abs() < 1e-9);
    assert_eq!(rating.trials, Some(of_new.len() as u64));
    assert!(rating.value < level(&report, "rating", "84200").unwrap().value - 0.5);
    assert_eq!(report.read_through, Some(scene.now()));
    assert_eq!(report.reviews.len(), 20);
    let newest: Vec<&Said> = week.iter().rev().take(20).collect();
    for (shown, said) in report.reviews.iter().zip(newest) {
        assert_eq!((shown.at, shown.stars), (said.at, said.stars));
        assert_eq!(shown.version.as_deref(), key(said));
        assert!(said.text.starts_with(shown.text.as_str().get(..4).unwrap()));
        assert!(!shown.text.as_str().contains('\t'));
    }
}

#[tokio::test]
async fn apples_reviews_are_counted_by_the_version_that_they_are_listed_under() {
    let scene = Scene::start().await;
    let source = scene.ios();
    assert_eq!(source.reach(), Reach::Context);
    let report = scene.poll(&source, true).await;
    let said = scene.said("ios", 14);
    let key = |review: &Said| match review.build.as_str() {
        "84300" => Some("8.43.0+84300"),
        _ => Some("8.42.0+84200"),
    };
    let first = "2026-11-07T00:00:00Z".parse().unwrap();
    assert_eq!(counted(&report), days(&said, key, first));
    let of_new: Vec<&Said> = said.iter().filter(|r| r.build == "84300").collect();
    let rating = level(&report, "rating", "8.43.0+84300").unwrap();
    assert!((rating.value - mean(&of_new)).abs() < 1e-9);
    assert_eq!(report.reviews.len(), 20);
    assert!(report.notes.is_empty(), "{:?}", report.notes);

    let (shown, count) = scene
        .sim
        .world
        .rating(&AppId::try_from("ios".to_owned()).unwrap())
        .unwrap();
    let store = level(&report, "store_rating", "8.43.0+84300").unwrap();
    assert!((store.value - shown).abs() < 1e-5);
    assert_eq!(store.trials, Some(count));
    assert!(level(&report, "store_rating", "8.42.0+84200").is_none());

    let at = |name| level(&report, name, "8.43.0+84300").unwrap().value;
    let (p50, p90) = (at("cold_start_p50"), at("cold_start_p90"));
    assert!(0.1 < p50 && p50 < p90 && p90 < 60.0, "{p50} {p90}");
    let usual = level(&report, "hang_rate", "8.42.0+84200").unwrap().value;
    assert!(at("hang_rate") > usual);
}

#[tokio::test]
async fn nobody_is_asked_twice_within_a_quarter_of_an_hour() {
    let scene = Scene::start().await;
    let (android, ios) = (scene.android(), scene.ios());
    let sources: [(&dyn HealthSource, bool); 2] = [(&android, false), (&ios, true)];
    let mut before = Vec::new();
    for (source, is_ios) in sources {
        before.push(scene.poll(source, is_ios).await);
    }
    for vendor in [Vendor::GooglePlay, Vendor::AppStore, Vendor::AppleLookup] {
        scene.refuse(vendor, 500, None);
    }
    scene.pass(TimeDelta::minutes(14));
    for ((source, is_ios), before) in sources.into_iter().zip(before) {
        assert_eq!(scene.poll(source, is_ios).await, before);
    }
    scene.sim.world.faults().clear();
    scene.pass(TimeDelta::minutes(1));
    for (source, is_ios) in sources {
        let report = scene.poll(source, is_ios).await;
        assert_eq!(report.read_through, Some(scene.now()));
    }
}

#[tokio::test]
async fn after_a_429_nobody_is_asked_until_its_time() {
    for (told, seconds) in [(Some("90"), 90), (None, 60)] {
        let scene = Scene::start().await;
        let (android, ios) = (scene.android(), scene.ios());
        let sources: [(&dyn HealthSource, Vendor, bool); 2] = [
            (&android, Vendor::GooglePlay, false),
            (&ios, Vendor::AppStore, true),
        ];
        for (source, vendor, _) in sources {
            // Its token is had already.
            drop(source.access().await);
            scene.refuse(vendor, 429, told);
        }
        for (source, _, is_ios) in sources {
            let failure = source.poll(&scene.query(is_ios)).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.retry_after),
                (FailureKind::Quota, Some(seconds))
            );
        }
        scene.sim.world.faults().clear();
        scene.pass(TimeDelta::seconds(i64::from(seconds) - 1));
        for (source, _, is_ios) in sources {
            let failure = source.poll(&scene.query(is_ios)).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.retry_after),
                (FailureKind::Quota, Some(1))
            );
        }
        scene.pass(TimeDelta::seconds(1));
        for (source, _, is_ios) in sources {
            assert!(source.poll(&scene.query(is_ios)).await.is_ok());
        }
    }
}

#[tokio::test]
async fn reviews_are_told_without_rating_and_measurements_where_those_cannot_be_had() {
    let scene = Scene::start().await;
    let ios = scene.ios();
    scene.refuse(Vendor::AppleLookup, 403, None);
    scene.sim.world.faults().set(FaultRule {
        vendor: Vendor::AppStore,
        matching: "perfPowerMetrics".into(),
        times: None,
        every: None,
        fault: Fault::Html,
    });
    let report = scene.poll(&ios, true).await;
    assert!(!report.readings.is_empty());
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes[0].starts_with("without the public rating"),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("without launch times and hangs"),
        "{notes:?}"
    );
}

#[tokio::test]
async fn rights_are_tried_and_the_missing_one_is_named() {
    let scene = Scene::start().await;
    let (android, ios) = (scene.android(), scene.ios());
    for check in [android.access().await, ios.access().await].concat() {
        assert_eq!(check.result, Ok(()), "{}", check.right.as_str());
    }
    for vendor in [Vendor::GooglePlay, Vendor::AppStore] {
        scene.refuse(vendor, 403, None);
    }
    let failed = android.access().await.pop().unwrap().result.unwrap_err();
    assert_eq!(failed.kind, FailureKind::Rights);
    assert!(
        failed.hint.as_str().contains("Reply to reviews"),
        "{failed}"
    );
    let failed = ios.access().await.remove(1).result.unwrap_err();
    assert_eq!(failed.kind, FailureKind::Rights);
    assert!(
        failed.hint.as_str().contains("Customer Support"),
        "{failed}"
    );
}
