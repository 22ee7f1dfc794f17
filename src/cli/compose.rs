//! The composition root: from a config to adapters, and from adapters to a watcher.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::check::{Checks, LONGEST_ANSWER};
use crate::config::{AppConfig, BaselineConfig, Config, StoreConfig};
use crate::domain::rollout::InReview;
use crate::domain::{Failure, FailureKind, StoreKind, Version};
use crate::engine::{AppPlan, Plan};
use crate::http::{BaseUrl, Client, Limits, Tally, VendorClient};
use crate::ports::{Clock, ScaledClock, Store, WallClock};
use crate::store::{self, app_store, google_play};
use crate::watcher::{BaselineChoice, WatchedApp};

mod notify;
mod sources;

pub(super) use notify::{asked, channels, heart, nobody_on_call, on_call};

/// Seed of the jitter between retries; it has to differ between runs in nothing.
const JITTER_SEED: u64 = 0x6861_6c74;
/// No check may take longer.
const LONGEST_CHECK: Duration = Duration::from_hours(1);

/// What the engine is told of the apps.
pub(super) fn plan(config: &Config) -> Plan {
    let apps = config.apps.iter().map(|app| {
        let in_review = match &app.store {
            StoreConfig::GooglePlay { in_review, .. } => *in_review,
            _ => InReview::default(),
        };
        let plan = AppPlan {
            name: app.name.clone(),
            store: app.store.kind(),
            policy: Arc::clone(&app.policy),
            advise: app.advise,
            in_review,
            start: app.start,
            train: app.train.clone(),
            owner: app.owner.clone(),
            stalled_after: app.stalled_after,
        };
        (app.id.clone(), plan)
    });
    let mut plan = Plan::new(apps.collect(), config.watcher.budgets);
    plan.plans.clone_from(&config.plans);
    plan.freezes.clone_from(&config.freezes);
    plan.access.clone_from(&config.access);
    plan.trains.clone_from(&config.trains);
    plan.telling.clone_from(&config.telling);
    plan
}

/// The adapters of every app. An adapter that cannot be made stands in as one that says why.
pub fn apps(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<WatchedApp>> {
    counted_apps(config, clock, &Tally::default())
}

/// The same, with their requests counted.
pub(super) fn counted_apps(
    config: &Config,
    clock: &Arc<dyn Clock>,
    tally: &Tally,
) -> anyhow::Result<Vec<WatchedApp>> {
    let total = config
        .watcher
        .request_timeout
        .to_std()
        .unwrap_or(Duration::from_secs(20));
    let limits = Limits {
        total,
        connect: total.min(Duration::from_secs(5)),
        ..Limits::default()
    };
    let http = Client::new(limits).context("cannot set up HTTP")?;
    let vendor = VendorClient::new(
        http.counted(tally.store(StoreKind::GooglePlay.word())),
        Arc::clone(clock),
        google_play::RATE,
        JITTER_SEED,
    );
    let accounts = google_play::Accounts::new(Arc::new(vendor));
    let apple = Arc::new(VendorClient::new(
        http.counted(tally.store(StoreKind::AppStore.word())),
        Arc::clone(clock),
        app_store::RATE,
        JITTER_SEED,
    ));
    let folder = folder(config)?;
    let apps = config.apps.iter().map(|app| {
        let store = store(&app.store, &accounts, &apple).unwrap_or_else(|why| {
            Arc::new(store::unavailable::Unavailable::new(app.store.kind(), why))
        });
        let means = sources::Means {
            http: &http,
            tally,
            clock,
            folder: &folder,
        };
        let sources = app
            .health
            .iter()
            .map(|health| sources::source(health, config.watcher.poll, &means))
            .collect();
        WatchedApp::new(
            app.id.clone(),
            app.name.clone(),
            store,
            sources,
            baseline(app),
        )
        .with_link(app.link.clone())
    });
    Ok(apps.collect())
}

/// What makes outside checks. Each has a time limit of its own; programs are run in the config's folder.
pub(super) fn checks(config: &Config) -> anyhow::Result<Checks> {
    let limits = Limits {
        total: LONGEST_CHECK,
        body: LONGEST_ANSWER,
        ..Limits::default()
    };
    let http = Client::new(limits).context("cannot set up HTTP")?;
    Ok(Checks::new(http, folder(config)?))
}

/// The config's, where its programs are run.
fn folder(config: &Config) -> anyhow::Result<PathBuf> {
    let folder = config.path.parent().unwrap_or(Path::new(""));
    std::path::absolute(folder).context("cannot tell the config's folder")
}

fn baseline(app: &AppConfig) -> BaselineChoice {
    match &app.baseline {
        BaselineConfig::Previous => BaselineChoice::Previous,
        BaselineConfig::Build(build) => BaselineChoice::Fixed(Version::from_code(build)),
        BaselineConfig::None => BaselineChoice::None,
    }
}

fn store(
    config: &StoreConfig,
    accounts: &google_play::Accounts,
    apple: &Arc<VendorClient>,
) -> Result<Arc<dyn Store>, Failure> {
    match config {
        StoreConfig::GooglePlay {
            package,
            track,
            key,
            version_code,
            base_url,
            ..
        } => {
            let settings = google_play::Settings {
                base: base(base_url)?,
                package: package.clone(),
                track: track.clone(),
                key: key.clone(),
                version_code: *version_code,
            };
            let store = store::GooglePlay::new(accounts, settings)?;
            Ok(Arc::new(store))
        }
        StoreConfig::AppStore {
            bundle_id,
            key,
            key_id,
            issuer_id,
            base_url,
        } => {
            let key = app_store::ApiKey {
                key_id: key_id.clone(),
                issuer_id: issuer_id.clone(),
                key: key.clone(),
            };
            let store = store::AppStore::new(key, bundle_id, Arc::clone(apple), base(base_url)?)?;
            Ok(Arc::new(store))
        }
        StoreConfig::Unusable { why, .. } => Err(why.clone()),
    }
}

fn base(raw: &str) -> Result<BaseUrl, Failure> {
    BaseUrl::parse(raw).map_err(|error| Failure::new(FailureKind::Refused, error.to_string()))
}

/// The wall, or the clock of the simulator that the config names.
pub(super) async fn clock(config: &Config) -> anyhow::Result<Arc<dyn Clock>> {
    let Some(control) = &config.watcher.clock else {
        return Ok(Arc::new(WallClock));
    };
    let base = BaseUrl::parse(control).context("[watcher] clock")?;
    anyhow::ensure!(
        base.is_loopback(),
        "[watcher] clock: only a simulator on loopback may tell the time"
    );
    let http = Client::new(Limits::default())?;
    let call = crate::http::Call::get(base.join(&["_sim", "clock"]));
    let answer = http
        .send(call)
        .await
        .with_context(|| format!("cannot ask {control} for the time"))?;
    let told: BTreeMap<String, serde_json::Value> = answer.json()?;
    let now = told
        .get("now")
        .and_then(serde_json::Value::as_str)
        .context("the simulator told no time")?;
    let speed = told
        .get("speed")
        .and_then(serde_json::Value::as_f64)
        .unwrap_or(1.0);
    Ok(Arc::new(ScaledClock::starting_at(now.parse()?, speed)))
}
