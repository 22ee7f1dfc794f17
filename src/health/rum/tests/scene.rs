//! A world, a fake vendor in front of it, and a source that reads it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::TimeDelta;
use secrecy::SecretString;

use crate::domain::{
    Counts, Failure, Metric, PlainText, Reading, SourceId, SourceReport, Timestamp, Version,
};
use crate::health::rum::{Rum, datadog, new_relic};
use crate::http::{BaseUrl, Client, Limits};
use crate::ports::{Clock, HealthQuery, HealthSource, SimClock};
use crate::simulator::fault::Vendor;
use crate::simulator::{
    Keys, Scenario, World, datadog as fake_datadog, new_relic as fake_new_relic, wire,
};

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(1).unwrap()));

pub(super) const WORLD: &str = include_str!("world.toml");

/// A vendor, as it is and as the source is told of it.
#[derive(Clone)]
pub(super) enum Setup {
    Datadog(fake_datadog::Server, datadog::Settings),
    NewRelic(fake_new_relic::Server, new_relic::Settings),
}

/// Makes the source, once its fake is there.
type Make = Box<dyn FnOnce(Client, BaseUrl, Arc<dyn Clock>) -> Rum>;

impl Setup {
    pub(super) fn datadog() -> Self {
        let settings = datadog::Settings {
            id: SourceId("datadog".into()),
            application: "shop".into(),
            environment: Some("production".into()),
            release: "{version}+{build}".into(),
            package: "com.example.shop".into(),
            strata: Vec::new(),
            slow_cold_start: TimeDelta::seconds(5),
            slow_request: TimeDelta::seconds(2),
            journeys: vec![(
                "checkout".into(),
                "@type:action @action.name:checkout_started".into(),
                "@type:action @action.name:checkout_completed".into(),
            )],
        };
        Self::Datadog(fake_datadog::Server::default(), settings)
    }

    pub(super) fn new_relic() -> Self {
        let settings = new_relic::Settings {
            id: SourceId("new-relic".into()),
            account: fake_new_relic::ACCOUNT,
            application: "Shop".into(),
            strata: Vec::new(),
            slow_request: TimeDelta::seconds(2),
            journeys: vec![(
                "checkout".into(),
                "MobileUserAction WHERE name = 'checkout_started'".into(),
                "MobileUserAction where name = 'checkout_completed'".into(),
            )],
        };
        Self::NewRelic(fake_new_relic::Server::default(), settings)
    }

    pub(super) fn both() -> [Self; 2] {
        [Self::datadog(), Self::new_relic()]
    }

    pub(super) fn vendor(&self) -> Vendor {
        match self {
            Self::Datadog(..) => Vendor::Datadog,
            Self::NewRelic(..) => Vendor::NewRelic,
        }
    }

    pub(super) fn strata(mut self, kinds: &[&str]) -> Self {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        match &mut self {
            Self::Datadog(_, settings) => settings.strata = kinds,
            Self::NewRelic(_, settings) => settings.strata = kinds,
        }
        self
    }

    pub(super) fn late_crashes(mut self, late: TimeDelta) -> Self {
        match &mut self {
            Self::Datadog(server, _) => server.late_crashes = late,
            Self::NewRelic(server, _) => server.late_crashes = late,
        }
        self
    }
}

pub(super) struct Scene {
    pub(super) world: Arc<World>,
    pub(super) clock: Arc<SimClock>,
    pub(super) source: Rum,
    asked: Arc<AtomicUsize>,
    _server: wire::Server,
}

impl Scene {
    pub(super) async fn of(setup: Setup) -> Self {
        Self::in_world(setup, WORLD, None).await
    }

    /// `key` is the token that is sent, where it is not the right one.
    pub(super) async fn in_world(setup: Setup, world: &str, key: Option<&str>) -> Self {
        let scenario = Scenario::parse("test", world).unwrap();
        // Inside a window.
        let start = scenario.start + TimeDelta::minutes(42);
        let clock = Arc::new(SimClock::starting_at(start));
        let world = World::new(scenario, 1, clock.clone());
        let (keys, vendor) = (KEYS.clone(), setup.vendor());
        let token = key.map_or_else(|| keys.token(vendor), str::to_owned);
        let token = SecretString::from(token);
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let count = from_fn(move |request: Request, next: Next| {
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        });
        let (router, make): (Router, Make) = match setup {
            Setup::Datadog(server, settings) => {
                let router = fake_datadog::router_of(server, world.clone(), keys.clone());
                let application = SecretString::from(keys.datadog_app_key());
                let keys = datadog::Keys {
                    api: token,
                    application,
                };
                let make = |client, base, clock| {
                    datadog::source(settings, client, base, keys, clock).unwrap()
                };
                (router, Box::new(make))
            }
            Setup::NewRelic(server, settings) => {
                let router = fake_new_relic::router_of(server, world.clone(), keys);
                let make = |client, base, clock| {
                    new_relic::source(settings, client, base, token, clock).unwrap()
                };
                (router, Box::new(make))
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = wire::serve(listener, Some(vendor), &world, router.layer(count)).unwrap();
        let client = Client::new(Limits::default()).unwrap();
        let source = make(client, BaseUrl::parse(&base).unwrap(), clock.clone());
        Self {
            world,
            clock,
            source,
            asked,
            _server: server,
        }
    }

    /// Requests since the last time that this was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    pub(super) fn query(&self, since: Option<Timestamp>) -> HealthQuery {
        HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84200)),
            since,
            past: false,
            now: self.clock.now(),
        }
    }

    pub(super) async fn poll(&self, since: Option<Timestamp>) -> SourceReport {
        self.source.poll(&self.query(since)).await.unwrap()
    }

    pub(super) async fn failure(&self) -> Failure {
        self.source.poll(&self.query(None)).await.unwrap_err()
    }

    /// A fault from now on.
    pub(super) fn fault(&self, rule: &str) {
        let rule = serde_json::from_str(rule).unwrap();
        self.world.faults().set(rule);
    }

    /// What happened in the world: sessions, and those that crashed.
    pub(super) fn truth(&self, build: &str, from: Timestamp, to: Timestamp) -> Counts {
        let app = &self.world.apps()[0].id;
        let cells = self.world.cells(app, build, from, to);
        let of = |cell: &crate::simulator::traffic::Cell| {
            Counts::new(cell.sessions, cell.crashed.total()).unwrap()
        };
        cells.iter().map(of).sum()
    }
}

/// Sums over all windows of a version, by metric; users apart.
pub(super) fn sums(readings: &[Reading], version: &str) -> BTreeMap<Metric, Counts> {
    let mut sums = BTreeMap::<_, Counts>::new();
    for reading in readings {
        if reading.version == version && !reading.metric.counts_users() {
            let sum = sums.entry(reading.metric.clone()).or_default();
            *sum = *sum + reading.counts;
        }
    }
    sums
}

pub(super) fn notes(report: &SourceReport) -> String {
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    notes.join("\n")
}
