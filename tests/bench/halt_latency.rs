//! From the health poll's answer to the store's confirmed halt: what haltline adds to the store's own response time.
//!
//! The whole watcher against the simulated vendors over HTTP on loopback, with the journal on disk. Simulated time is
//! discrete, so that nothing waits; what is measured is the machine's own time.

#![expect(
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

mod figures;
mod stopwatch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::TimeDelta;
use figures::Figures;
use futures_util::future::BoxFuture;
use haltline::domain::rollout::InReview;
use haltline::domain::{AppId, Event, Failure, Reach, SourceId, SourceReport, StoreKind};
use haltline::engine::{AppPlan, Plan};
use haltline::health::sentry::{self, Sentry};
use haltline::http::{BaseUrl, Client, Limits, VendorClient};
use haltline::journal::{Access, SqliteJournal};
use haltline::policy::quality::Ages;
use haltline::policy::{Budgets, RawPolicy};
use haltline::ports::{AccessCheck, Clock, HealthQuery, HealthSource, SimClock};
use haltline::simulator::fault::Vendor;
use haltline::simulator::scenario::Scenario;
use haltline::simulator::wire::{self, Server};
use haltline::simulator::{Keys, World, play};
use haltline::store::GooglePlay;
use haltline::store::google_play::{Accounts, RATE, Settings};
use haltline::watcher::{BaselineChoice, Ended, Outside, WatchedApp, WatchedSource, Watcher};
use secrecy::SecretString;
use stopwatch::{ms, now};
use tokio::net::TcpListener;

const RUNS: usize = 15;
const PACKAGE: &str = "com.example.shop";

const RULES: &str = r#"
    description = "bench"
    rule = [
        { id = "crash-free-pause", metric = "crash_free_sessions", floor = "99.85%", action = "pause", grace = "0s" },
        { id = "crash-free-halt", metric = "crash_free_sessions", floor = "99.50%", action = "halt", grace = "0s" },
        { id = "crash-ratio", metric = "crash_free_sessions", worse_than_baseline = 2.0, action = "halt", grace = "0s" },
    ]
"#;

/// When what happened, on the machine's clock.
#[derive(Default)]
struct Log {
    /// The latest answer of the health source.
    polled: Option<Instant>,
    /// How long the store took over each request since.
    store: Vec<f64>,
    /// From that answer to the confirmed halt.
    confirmed: Option<f64>,
}

type Shared = Arc<Mutex<Log>>;

fn locked(log: &Shared) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source that notes when it has answered.
struct Noted {
    source: Sentry,
    log: Shared,
}

impl HealthSource for Noted {
    fn id(&self) -> &SourceId {
        self.source.id()
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move {
            let report = self.source.poll(query).await;
            let mut log = locked(&self.log);
            log.polled = Some(now());
            log.store.clear();
            report
        })
    }

    fn reach(&self) -> Reach {
        self.source.reach()
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        self.source.access()
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let keys = Arc::new(Keys::generate(1).unwrap());
    let mut figures = Figures::new("from the poll's answer to the confirmed halt");
    for (age, started) in [("an hour", "-1h"), ("a day", "-1d"), ("13 days", "-13d")] {
        let (mut whole, mut store, mut added, mut requests) = (vec![], vec![], vec![], vec![]);
        for _ in 0..RUNS {
            let log = runtime.block_on(halt(started, &keys));
            let log = locked(&log);
            let handled: f64 = log.store.iter().sum();
            let took = log.confirmed.unwrap();
            whole.push(took);
            store.push(handled);
            added.push(took - handled);
            requests.push(log.store.len() as f64);
        }
        let name = |what: &str| format!("{age} of history: {what}");
        figures.add(name("whole"), "ms", whole, None);
        figures.add(name("requests to the store"), "", requests, None);
        figures.add(name("the store's own handling"), "ms", store, None);
        figures.add(name("added by haltline and HTTP"), "ms", added, Some(20.0));
    }
    figures.print();
}

/// One rollout, from well to halted.
async fn halt(started: &str, keys: &Arc<Keys>) -> Shared {
    let scenario = Scenario::parse("bench", &scenario(started)).unwrap();
    let sim_clock = Arc::new(SimClock::starting_at(scenario.start));
    let clock: Arc<dyn Clock> = Arc::clone(&sim_clock) as _;
    let end = scenario.start + TimeDelta::hours(3);
    let world = World::new(scenario, 1, Arc::clone(&clock));
    let log = Shared::default();

    let stamped = Arc::clone(&log);
    let stamp = from_fn(move |request: Request, next: Next| {
        let log = Arc::clone(&stamped);
        async move {
            let begun = now();
            let answer = next.run(request).await;
            locked(&log).store.push(ms(begun));
            answer
        }
    });
    let play_router = play::router(Arc::clone(&world), Arc::clone(keys)).layer(stamp);
    let (play_server, play_url) = serve(Vendor::GooglePlay, &world, play_router).await;
    let sentry_router = haltline::simulator::sentry::router(Arc::clone(&world), Arc::clone(keys));
    let (sentry_server, sentry_url) = serve(Vendor::Sentry, &world, sentry_router).await;

    let dir = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    let term = journal.take_lease(clock.now(), "bench").unwrap();
    let confirmed = Arc::clone(&log);
    let checks = haltline::check::Checks::new(
        Client::new(Limits::default()).unwrap(),
        dir.path().to_owned(),
    );
    let outside = Outside {
        journal: Arc::new(journal),
        clock: Arc::clone(&clock),
        notifiers: Vec::new(),
        checker: Arc::new(checks),
        disarm: Box::new(|_now| Vec::new()),
        set_disarm: Box::new(|_request| Ok(())),
        on_call: tokio::sync::watch::channel(None).1,
        heart: None,
        on_record: Box::new(move |record| {
            if matches!(record.event, Event::DesireConfirmed { .. }) {
                let mut log = locked(&confirmed);
                log.confirmed = log.polled.map(ms);
            }
        }),
    };
    let id = AppId::try_from("shop-android".to_owned()).unwrap();
    let raw: RawPolicy = toml::from_str(RULES).unwrap();
    let (policy, _notes) = raw.resolve("bench").unwrap();
    let plan = AppPlan {
        name: "Shop".into(),
        store: StoreKind::GooglePlay,
        policy: Arc::new(policy),
        advise: false,
        in_review: InReview::default(),
        start: haltline::policy::Start::Manual,
        train: None,
        owner: None,
        stalled_after: chrono::TimeDelta::days(3),
    };
    let plan = Plan::new(BTreeMap::from([(id.clone(), plan)]), Budgets::default());
    let app = app(id, (&play_url, &sentry_url), keys, &clock, &log);
    let poll = TimeDelta::minutes(1);
    let (mut watcher, _client) = Watcher::new(plan, vec![app], outside, poll, None).unwrap();
    watcher.start(term);
    let watched = Arc::clone(&log);
    let ended = watcher
        .run(std::future::pending(), move |_watcher| {
            locked(&watched).confirmed.is_some() || clock.now() > end
        })
        .await;
    assert_eq!(ended, Ended::Done);
    drop((play_server, sentry_server));
    log
}

fn app(
    id: AppId,
    (play_url, sentry_url): (&str, &str),
    keys: &Keys,
    clock: &Arc<dyn Clock>,
    log: &Shared,
) -> WatchedApp {
    let http = Client::new(Limits::default()).unwrap();
    let vendor = VendorClient::new(http.clone(), Arc::clone(clock), RATE, 1);
    let settings = Settings {
        base: BaseUrl::parse(play_url).unwrap(),
        package: PACKAGE.into(),
        track: "production".into(),
        key: SecretString::from(keys.service_account.key_file(&format!("{play_url}/token"))),
        version_code: None,
    };
    let store = GooglePlay::new(&Accounts::new(Arc::new(vendor)), settings).unwrap();
    let settings = sentry::Settings {
        id: SourceId("sentry".into()),
        organization: "acme".into(),
        project: "shop-android".into(),
        environment: None,
        release: "{package}@{version}+{build}".into(),
        package: PACKAGE.into(),
        figures: sentry::Figures::default(),
    };
    let token = SecretString::from(keys.sentry_token.clone());
    let base = BaseUrl::parse(sentry_url).unwrap();
    let source = Sentry::new(settings, http, base, token, Arc::clone(clock)).unwrap();
    let source = WatchedSource {
        source: Arc::new(Noted {
            source,
            log: Arc::clone(log),
        }),
        required: true,
        ages: Ages::new(
            TimeDelta::minutes(1),
            TimeDelta::minutes(5),
            TimeDelta::minutes(30),
        ),
    };
    let baseline = BaselineChoice::Previous;
    WatchedApp::new(id, "Shop".into(), Arc::new(store), vec![source], baseline)
}

async fn serve(vendor: Vendor, world: &Arc<World>, router: axum::Router) -> (Server, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = wire::serve(listener, Some(vendor), world, router).unwrap();
    let url = format!("http://{}", server.address);
    (server, url)
}

fn scenario(started: &str) -> String {
    format!(
        r#"
        description = "bench"
        [[app]]
        id = "shop-android"
        name = "Shop"
        store = "google-play"
        package = "{PACKAGE}"
        sessions_per_day = 1_000_000
        lag = "0s"
        version = [
            {{ name = "8.42.0", build = "84200", role = "baseline", crash = "0.05%" }},
            {{ name = "8.43.0", build = "84300", role = "new", started = "{started}", exposure = "5%", crash = [{{ after = "0s", is = "0.05%" }}, {{ after = "10m", is = "90%" }}] }},
        ]
        "#
    )
}
