//! A running world with every fake vendor, and the source of one kind as `haltline watch` would have it.

use std::fs;
use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;
use haltline::cli::adapters;
use haltline::config::{Surroundings, load};
use haltline::domain::{AppId, Failure, SourceReport, Timestamp, Version};
use haltline::ports::{HealthQuery, HealthSource};
use haltline::simulator::fault::{Fault, FaultRule, Vendor};
use haltline::simulator::{Keys, Options, Running, Scenario, SimTime};

use crate::kinds::{Kind, Store};

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(7).unwrap()));

/// A rollout that is nine days old, of an app on each store.
pub(crate) const WORLD: &str = r#"
description = "A rollout that is nine days old"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 200_000
day_and_night = 0.3
lag = "0s"
reviews_per_day = 40
[[app.stratum]]
os = "14"
device = "low"
country = "DE"
network = "wifi"
share = "60%"
[[app.stratum]]
os = "15"
device = "high"
country = "DE"
network = "cellular"
share = "25%"
regression = 2.0
[[app.stratum]]
os = "15"
device = "high"
country = "FR"
network = "wifi"
share = "15%"
[[app.version]]
name = "8.41.0"
build = "84100"
role = "old"
share = "10%"
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
crash = "0.05%"
abnormal = "0.03%"
errored = "0.6%"
slow_cold = "3%"
slow_request = "2%"
journeys = { checkout = "20%" }
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-9d 3h 7m"
exposure = "5%"
crash = "2%"
abnormal = "1%"
errored = "3%"
slow_cold = "6%"
slow_request = "5%"
journeys = { checkout = "25%" }
[[app.issue]]
title = "NullPointerException: Price is null"
place = "com.example.shop.CartViewModel.total"
kind = "new"
weight = 3
[[app.issue]]
title = "IllegalStateException: not attached"
place = "com.example.shop.CheckoutFragment.onPaid"
kind = "regressed"
[[app.issue]]
title = "OutOfMemoryError: Failed to allocate"
place = "com.example.shop.ImageDecoder.decode"
kind = "recurring"
[[app.issue]]
title = "ANR: Input dispatching timed out"
place = "com.example.shop.HomeActivity.onResume"
kind = "recurring"
of = "abnormal"
"#;

pub(crate) struct House {
    pub(crate) kind: &'static Kind,
    pub(crate) running: Running,
    pub(crate) source: Arc<dyn HealthSource>,
}

impl House {
    pub(crate) async fn of(kind: &'static Kind) -> Self {
        Self::with(kind, WORLD).await
    }

    /// In a world with less of a past, for what does not depend on it.
    pub(crate) async fn young(kind: &'static Kind) -> Self {
        Self::with(kind, &WORLD.replace("-9d 3h 7m", "-1d 3h 7m")).await
    }

    /// In a world of one's own; that of the contract is on Google Play, and this takes it to the store of the kind.
    pub(crate) async fn with(kind: &'static Kind, world: &str) -> Self {
        let world = match kind.store {
            Store::Play => world.to_owned(),
            Store::Apple => world
                .replace("\"google-play\"", "\"app-store\"")
                .replace("exposure = \"5%\"\n", ""),
        };
        let mut scenario = Scenario::parse("contract", &world).unwrap_or_else(|e| panic!("{e}"));
        scenario.watch.health = vec![kind.name.to_owned()];
        // Inside a window of five minutes, and of an hour.
        let start = scenario.start + TimeDelta::minutes(42);
        let options = Options {
            seed: 7,
            time: SimTime::discrete(start),
            listen: None,
            dir: None,
        };
        let running = Running::start_with(KEYS.clone(), scenario, options)
            .await
            .unwrap();
        let source = source(&running);
        Self {
            kind,
            running,
            source,
        }
    }

    /// The same source after the files beside the config have changed.
    pub(crate) fn reload(&mut self) {
        self.source = source(&self.running);
    }

    pub(crate) fn spoil(&self, file: &str) {
        let path = self.running.config.with_file_name(file);
        assert!(path.exists(), "{} has no {file}", self.kind.name);
        fs::write(path, "0123456789abcdef0123456789abcdef\n").unwrap();
    }

    pub(crate) fn app(&self) -> &AppId {
        &self.running.world.apps()[0].id
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.running.world.now()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.running.time.advance(by);
    }

    /// Time never goes back.
    pub(crate) fn advance_to(&self, at: Timestamp) {
        self.advance((at - self.now()).max(TimeDelta::zero()));
    }

    /// A version as the store of this kind names it.
    pub(crate) fn version(&self, build: &str) -> Version {
        let versions = &self.running.world.apps()[0].versions;
        let name = versions
            .iter()
            .find(|version| version.build == build)
            .map_or("9.9.9", |version| version.name.as_str());
        match self.kind.store {
            Store::Play => Version::from_code(build),
            Store::Apple => Version::named(name, build),
        }
    }

    pub(crate) fn query(&self, since: Option<Timestamp>) -> HealthQuery {
        HealthQuery {
            version: self.version("84300"),
            also: Vec::new(),
            baseline: Some(self.version("84200")),
            since,
            past: false,
            now: self.now(),
        }
    }

    pub(crate) async fn poll(&self, since: Option<Timestamp>) -> Result<SourceReport, Failure> {
        let outcome = self.source.poll(&self.query(since)).await;
        if let Err(failure) = &outcome {
            self.is_discreet(failure);
        }
        outcome
    }

    /// No failure tells where the vendor is, nor what was sent to it.
    fn is_discreet(&self, failure: &Failure) {
        let told = format!("{failure} {failure:?}");
        let tokens = self.kind.vendors().iter().map(|v| KEYS.token(*v));
        for secret in tokens.chain(["127.0.0.1".to_owned(), "0123456789abcdef".to_owned()]) {
            assert!(!told.contains(&secret), "{}: {told}", self.kind.name);
        }
    }

    /// Requests that came to the vendors of this kind so far.
    pub(crate) fn asked(&self) -> u64 {
        let faults = self.running.world.faults();
        let vendors = self.kind.vendors().iter();
        vendors.map(|vendor| faults.asked(*vendor)).sum()
    }

    /// From now on this happens to every request.
    pub(crate) fn set(&self, fault: &Fault) {
        for vendor in self.kind.vendors() {
            self.fault(*vendor, fault);
        }
    }

    /// From now on this happens to every request to the vendor that has the counts, not to where one signs in.
    pub(crate) fn limit(&self, fault: &Fault) {
        for vendor in self.kind.vendors().iter().take(1) {
            self.fault(*vendor, fault);
        }
    }

    fn fault(&self, vendor: Vendor, fault: &Fault) {
        self.running.world.faults().set(FaultRule {
            vendor,
            matching: String::new(),
            times: None,
            every: None,
            fault: fault.clone(),
        });
    }

    pub(crate) fn heal(&self) {
        self.running.world.faults().clear();
    }
}

impl Kind {
    fn vendors(&self) -> &'static [Vendor] {
        self.asks.unwrap_or_default()
    }
}

fn source(running: &Running) -> Arc<dyn HealthSource> {
    let mut around = Surroundings::of_process();
    around.vars.clear();
    let loaded = load(&running.config, &around);
    let told: Vec<_> = loaded
        .report
        .errors()
        .chain(loaded.report.warnings())
        .collect();
    assert!(told.is_empty(), "{told:?}");
    let apps = adapters(&loaded.config.unwrap(), &running.time.clock()).unwrap();
    Arc::clone(&apps[0].sources[0].source)
}
