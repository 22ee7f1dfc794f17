//! A world, Google's sign-in and a fake BigQuery in front of it, and an adapter that reads them.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};

use crate::domain::{AppId, Counts, Failure, IssueDetail, SourceReport, Timestamp, Version};
use crate::health::crashlytics_bigquery::*;
use crate::http::{Client, Limits};
use crate::ports::{Clock, IssueQuery, SimClock};
use crate::simulator::big_query::{PROJECT, Server, router_of, table};
use crate::simulator::{Keys, Scenario, World, play};

/// Made once: key pairs take their time.
pub(super) static KEYS: LazyLock<Arc<Keys>> =
    LazyLock::new(|| Arc::new(Keys::generate(1).unwrap()));

const SCENARIO: &str = r#"
description = "Two builds, one of them calm"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 200_000
lag = "0s"
[[app.version]]
name = "8.41.0"
build = "84100"
role = "old"
share = "10%"
crash = "0.05%"
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
crash = "0.05%"
abnormal = "0.03%"
errored = "0.6%"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-3d 3h 7m"
exposure = "5%"
crash = "2%"
abnormal = "1%"
errored = "3%"
[[app.version]]
name = "8.44.0"
build = "84400"
role = "new"
started = "-1d"
exposure = "2%"
[[app.stratum]]
os = "14"
device = "low"
share = "70%"
[[app.stratum]]
os = "15"
device = "high"
share = "30%"
[[app.issue]]
title = "NullPointerException: no price"
place = "com.example.shop.Cart.total"
kind = "new"
weight = 3
[[app.issue]]
title = "IllegalStateException: not attached"
place = "com.example.shop.Checkout.onPaid"
kind = "regressed"
[[app.issue]]
title = "OutOfMemoryError"
place = "com.example.shop.Image.decode"
kind = "recurring"
[[app.issue]]
title = "ANR: Input dispatching timed out"
place = "com.example.shop.Home.onResume"
kind = "recurring"
of = "abnormal"
"#;

pub(super) struct Scene {
    pub(super) clock: Arc<SimClock>,
    world: Arc<World>,
    source: BigQuery,
    asked: Arc<AtomicUsize>,
}

impl Scene {
    pub(super) async fn of(server: Server) -> Self {
        Self::with(server, |settings| settings).await
    }

    pub(super) async fn with(server: Server, change: impl FnOnce(Settings) -> Settings) -> Self {
        let scenario = Scenario::parse("test", SCENARIO).unwrap();
        // Inside an hour.
        let start = scenario.start + chrono::TimeDelta::minutes(42);
        let clock = Arc::new(SimClock::starting_at(start));
        let world = World::new(scenario, 1, clock.clone());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let count = from_fn(move |request: Request, next: Next| {
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        });
        let big_query = router_of(server, world.clone(), KEYS.clone()).layer(count);
        // Google's token endpoint is at Play's address in the simulator.
        let google = play::router(world.clone(), KEYS.clone());
        let (tokens, base) = (serve(google).await, serve(big_query).await);
        let key = KEYS.service_account.key_file(&format!("{tokens}/token"));
        let settings = change(settings(&base, &key, &table(&world.apps()[0])));
        let source = source(settings, clock.clone());
        Self {
            clock,
            world,
            source,
            asked,
        }
    }

    pub(super) fn query(&self, since: Option<Timestamp>, past: bool) -> HealthQuery {
        HealthQuery {
            version: Version::from_code(84_300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84_200)),
            since,
            past,
            now: self.clock.now(),
        }
    }

    pub(super) async fn poll(
        &self,
        since: Option<Timestamp>,
        past: bool,
    ) -> Result<SourceReport, Failure> {
        self.ask(&self.query(since, past)).await
    }

    pub(super) async fn ask(&self, query: &HealthQuery) -> Result<SourceReport, Failure> {
        self.source.poll(query).await
    }

    pub(super) async fn detail(&self, id: &str) -> Result<IssueDetail, Failure> {
        let query = IssueQuery {
            id: id.into(),
            version: Version::from_code(84_300),
            also: Vec::new(),
            now: self.clock.now(),
        };
        self.source.issue(&query).await
    }

    pub(super) async fn access(&self) -> Vec<AccessCheck> {
        self.source.access().await
    }

    /// Requests to Crashlytics.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn began(&self, build: &str) -> Timestamp {
        let all = self.world.versions(&self.app()).into_iter();
        all.filter(|(version, _)| version.build == build)
            .map(|(_, began)| began)
            .next()
            .unwrap()
    }

    /// What the world has of a version: sessions, and those that crashed.
    pub(super) fn counts(&self, build: &str, from: Timestamp, to: Timestamp) -> Counts {
        let cells = self.world.cells(&self.app(), build, from, to).into_iter();
        cells
            .map(|cell| Counts::new(cell.sessions, cell.crashed.total()).unwrap())
            .sum()
    }

    fn app(&self) -> AppId {
        self.world.apps()[0].id.clone()
    }
}

pub(super) async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

pub(super) fn settings(base: &str, key: &str, table: &str) -> Settings {
    Settings {
        id: SourceId("crashlytics-bigquery".into()),
        project: PROJECT.into(),
        location: "US".into(),
        sessions_table: format!("firebase_sessions.{table}"),
        crashes_table: format!("firebase_crashlytics.{table}"),
        max_billed: 1_000_000_000,
        every: TimeDelta::minutes(15),
        by_os: false,
        key: SecretString::from(key.to_owned()),
        base: BaseUrl::parse(base).unwrap(),
    }
}

pub(super) fn source(settings: Settings, clock: Arc<SimClock>) -> BigQuery {
    let client = Client::new(Limits::default()).unwrap();
    let http = VendorClient::new(client, clock, RATE, 1);
    BigQuery::new(settings, Arc::new(http)).unwrap()
}
