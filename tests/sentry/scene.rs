//! A world, a fake Sentry in front of it, and an adapter that reads it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::TimeDelta;
use haltline::domain::{Counts, Metric, SourceId, SourceReport, Timestamp, Version};
use haltline::health::sentry::{Figures, Sentry, Settings};
use haltline::http::{BaseUrl, Client, Limits};
use haltline::ports::{Clock, HealthQuery, HealthSource, SimClock};
use haltline::simulator::sentry::{ORGANIZATION, Server, router_of};
use haltline::simulator::{Keys, Scenario, World};
use secrecy::SecretString;

/// Made once: key pairs take their time.
static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::generate(1).unwrap()));

const SCENARIO: &str = r#"
description = "Three codes, a late look"
[[app]]
id = "shop"
name = "Shop"
store = "google-play"
package = "com.example.shop"
sessions_per_day = 200_000
day_and_night = 0.3
lag = "0s"
[[app.version]]
name = "8.41.0"
build = "84100"
role = "old"
share = "10%"
[[app.version]]
name = "8.42.0"
build = "84200"
role = "baseline"
journeys = { checkout = "20%" }
crash = "0.05%"
abnormal = "0.03%"
errored = "0.6%"
[[app.version]]
name = "8.43.0"
build = "84300"
role = "new"
started = "-9d 3h 7m"
exposure = "5%"
slow_cold = "6%"
journeys = { checkout = "30%" }
crash = "2%"
abnormal = "1%"
errored = "3%"
[[app.version]]
name = "8.43.0"
build = "84301"
role = "new"
started = "-6d"
exposure = "2%"
crash = "1%"
[[app.issue]]
title = "NullPointer\u001b[31mException\u202e: \u001b]0;owned\u0007gone"
place = "Cart\u200bViewModel.total"
kind = "new"
weight = 3
[[app.issue]]
title = "IllegalStateException: not attached"
place = "CheckoutFragment.onPaid"
kind = "regressed"
[[app.issue]]
title = "OutOfMemoryError"
place = "ImageDecoder.decode"
kind = "recurring"
[[app.issue]]
title = "ANR: Input dispatching timed out"
place = "HomeActivity.onResume"
kind = "recurring"
of = "abnormal"
"#;

/// A world, a server in front of it and an adapter that talks to it.
pub(crate) struct Scene {
    pub(crate) world: Arc<World>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) sentry: Sentry,
    asked: Arc<AtomicUsize>,
}

impl Scene {
    pub(crate) async fn of(server: Server) -> Self {
        Self::with(server, |settings| settings).await
    }

    pub(crate) async fn with(server: Server, change: impl FnOnce(Settings) -> Settings) -> Self {
        let scenario = Scenario::parse("test", SCENARIO).unwrap();
        // Inside a window of five minutes, and of an hour.
        let start = scenario.start + TimeDelta::minutes(42);
        let clock = Arc::new(SimClock::starting_at(start));
        let world = World::new(scenario, 1, clock.clone());
        let keys = KEYS.clone();
        let token = SecretString::from(keys.sentry_token.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let count = from_fn(move |request: Request, next: Next| {
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        });
        let router = router_of(server, world.clone(), keys).layer(count);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = change(Settings {
            id: SourceId("sentry".into()),
            organization: ORGANIZATION.into(),
            project: "shop".into(),
            environment: None,
            release: "{package}@{version}+{build}".into(),
            package: "com.example.shop".into(),
            figures: Figures::default(),
        });
        let client = Client::new(Limits::default()).unwrap();
        let base = BaseUrl::parse(&base).unwrap();
        let sentry = Sentry::new(settings, client, base, token, clock.clone()).unwrap();
        Self {
            world,
            clock,
            sentry,
            asked,
        }
    }

    /// Requests since the last time that this was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn query(&self, since: Option<Timestamp>) -> HealthQuery {
        HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84200)),
            since,
            past: false,
            now: self.clock.now(),
        }
    }

    pub(crate) async fn poll(&self, since: Option<Timestamp>) -> SourceReport {
        self.sentry.poll(&self.query(since)).await.unwrap()
    }

    /// What happened in the world: sessions, and those that crashed, hung or met an error.
    pub(crate) fn truth(
        &self,
        build: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> BTreeMap<Metric, Counts> {
        let app = &self.world.apps()[0].id;
        let mut truth = BTreeMap::<_, Counts>::new();
        for cell in self.world.cells(app, build, from, to) {
            let (crashed, abnormal) = (cell.crashed.total(), cell.abnormal.total());
            for (metric, failures) in [
                (Metric::CrashFreeSessions, crashed),
                (Metric::FrustrationFreeSessions, crashed + abnormal),
                (Metric::ErrorFreeSessions, cell.sessions - cell.healthy()),
            ] {
                let sum = truth.entry(metric).or_default();
                *sum = *sum + Counts::new(cell.sessions, failures).unwrap();
            }
        }
        truth
    }
}
