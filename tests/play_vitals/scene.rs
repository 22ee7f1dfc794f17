//! A world, the fake Reporting API in front of it, and an adapter that reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::TimeDelta;
use haltline::domain::{Counts, Failure, Metric, SourceId, SourceReport, Timestamp, Version};
use haltline::health::play_vitals::{PlayVitals, Settings, Stratum};
use haltline::http::{BaseUrl, Client, Limits};
use haltline::ports::{Clock, HealthQuery, HealthSource, SimClock};
use haltline::simulator::fault::{FaultRule, Vendor};
use haltline::simulator::play_reporting::{Server, router_of};
use haltline::simulator::{Keys, Scenario, World, play, wire};
use secrecy::SecretString;
use tokio::net::TcpListener;

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(1).unwrap()));

/// Big enough for hours.
pub(crate) const BUSY: u64 = 3_000_000;
/// Read by the day.
pub(crate) const QUIET: u64 = 60_000;

const SCENARIO: &str = r#"
description = "Two codes of one release, a week out"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 1
day_and_night = 0.3
lag = "0s"
[[app.stratum]]
share = "70%"
os = "14"
device = "high"
[[app.stratum]]
share = "30%"
os = "11"
device = "low"
regression = 5.0
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
crash = "0.05%"
abnormal = "0.03%"
errored = "0.6%"
slow_cold = "4%"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-6d 3h"
exposure = "10%"
crash = "2%"
abnormal = "1%"
errored = "3%"
slow_cold = "9%"
[[app.version]]
name = "8.43.0"
build = "84301"
role = "new"
started = "-5d"
exposure = "2%"
crash = "1%"
[[app.issue]]
title = "NullPointer\u001b[31mException\u202e: \u001b]0;owned\u0007gone"
place = "Cart\u200bViewModel.total"
kind = "new"
weight = 3
[[app.issue]]
title = "OutOfMemoryError: Failed to allocate"
place = "ImageDecoder.decode"
kind = "recurring"
[[app.issue]]
title = "ANR: Input dispatching timed out"
place = "HomeActivity.onResume"
kind = "recurring"
of = "abnormal"
"#;

pub(crate) struct Scene {
    pub(crate) world: Arc<World>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) vitals: PlayVitals,
    asked: Arc<Mutex<Vec<String>>>,
    _servers: [wire::Server; 2],
}

impl Scene {
    pub(crate) async fn of(sessions: u64) -> Self {
        Self::with(sessions, Server::default(), Vec::new()).await
    }

    pub(crate) async fn with(sessions: u64, server: Server, strata: Vec<Stratum>) -> Self {
        let mut scenario = Scenario::parse("test", SCENARIO).unwrap();
        scenario.apps[0].sessions_per_day = sessions;
        let start = scenario.start + TimeDelta::minutes(42);
        Self::at(scenario, start, server, strata).await
    }

    pub(crate) async fn starting(start: &str) -> Self {
        let mut scenario = Scenario::parse("test", SCENARIO).unwrap();
        scenario.apps[0].sessions_per_day = QUIET;
        Self::at(
            scenario,
            start.parse().unwrap(),
            Server::default(),
            Vec::new(),
        )
        .await
    }

    async fn at(
        scenario: Scenario,
        start: Timestamp,
        server: Server,
        strata: Vec<Stratum>,
    ) -> Self {
        let clock = Arc::new(SimClock::starting_at(start));
        let world = World::new(scenario, 1, clock.clone());
        let keys = KEYS.clone();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let count = from_fn(move |request: Request, next: Next| {
            let line = format!("{} {}", request.method(), request.uri().path());
            log.lock().unwrap().push(line);
            next.run(request)
        });
        let listen = || TcpListener::bind("127.0.0.1:0");
        let router = play::router(world.clone(), keys.clone());
        let play = wire::serve(
            listen().await.unwrap(),
            Some(Vendor::GooglePlay),
            &world,
            router,
        );
        let router = router_of(server, world.clone(), keys.clone());
        let vendor = Some(Vendor::PlayReporting);
        let reporting = wire::serve(listen().await.unwrap(), vendor, &world, router.layer(count));
        let (play, reporting) = (play.unwrap(), reporting.unwrap());
        let key = keys
            .service_account
            .key_file(&format!("http://{}/token", play.address));
        let settings = Settings {
            id: SourceId("play-vitals".into()),
            base: BaseUrl::parse(&format!("http://{}", reporting.address)).unwrap(),
            package: "com.example.shop".into(),
            key: SecretString::from(key),
            strata,
        };
        let client = Client::new(Limits::default()).unwrap();
        let vitals = PlayVitals::new(settings, client, clock.clone(), 1).unwrap();
        Self {
            world,
            clock,
            vitals,
            asked,
            _servers: [play, reporting],
        }
    }

    pub(crate) fn query(&self) -> HealthQuery {
        HealthQuery {
            version: Version::from_code(84300),
            also: vec![Version::from_code(84301)],
            baseline: Some(Version::from_code(84200)),
            since: None,
            past: false,
            now: self.clock.now(),
        }
    }

    pub(crate) async fn poll(&self) -> Result<SourceReport, Failure> {
        self.vitals.poll(&self.query()).await
    }

    pub(crate) async fn past(&self) -> SourceReport {
        let query = HealthQuery {
            past: true,
            ..self.query()
        };
        self.vitals.poll(&query).await.unwrap()
    }

    pub(crate) fn later(&self, by: TimeDelta) {
        self.clock.advance_to(self.clock.now() + by);
    }

    /// `METHOD /path` of the requests that no fault hit since the last look, the package left out.
    pub(crate) fn asked(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.asked.lock().unwrap());
        let short = |line: String| line.replace("/v1beta1/apps/com.example.shop/", "");
        all.into_iter().map(short).collect()
    }

    pub(crate) fn fault(&self, rule: &str) {
        let rule: FaultRule = serde_json::from_str(rule).unwrap();
        self.world.faults().set(rule);
    }

    /// What a version did over a range: sessions, crashes, abnormal ends.
    pub(crate) fn did(&self, builds: &[&str], from: Timestamp, to: Timestamp) -> [u64; 3] {
        let app = &self.world.apps()[0].id;
        let mut sum = [0; 3];
        for build in builds {
            for cell in self.world.cells(app, build, from, to) {
                sum[0] += cell.sessions;
                sum[1] += cell.crashed.total();
                sum[2] += cell.abnormal.total();
            }
        }
        sum
    }
}

/// The windows of a metric of a version, by start: seconds and counts, the strata added up.
pub(crate) fn windows(
    report: &SourceReport,
    metric: &Metric,
    version: &str,
) -> BTreeMap<Timestamp, (u32, Counts)> {
    let mut found = BTreeMap::<Timestamp, (u32, Counts)>::new();
    for reading in &report.readings {
        if reading.metric == *metric && reading.version == version {
            let window = found.entry(reading.start).or_default();
            *window = (reading.seconds, window.1 + reading.counts);
        }
    }
    found
}
