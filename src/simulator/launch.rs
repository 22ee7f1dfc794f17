//! Starts a simulated world: a loopback port a vendor, one to control it, and a folder with all that a client needs.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::fault::Vendor;
use super::keys::KeyError;
use super::scenario::Scenario;
use super::wire::{self, Server};
use super::{
    Keys, SimTime, World, app_store, apple_lookup, big_query, bugsnag, control, crashlytics,
    datadog, http_json, new_relic, play, play_reporting, prometheus, ready, sentry,
};

/// How to start it.
pub struct Options {
    pub seed: u64,
    pub time: SimTime,
    /// Google Play's address; the App Store, Sentry, the control port and then the further vendors ([`Vendor::ALL`]) take the
    /// ports after it. Loopback only; port 0
    /// (the default) lets the machine choose all of them.
    pub listen: Option<SocketAddr>,
    /// Where the config and the keys go; default: a folder that is removed in the end.
    pub dir: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error(
        "the simulator listens on loopback addresses only, not on {0}: it gives out everything it knows"
    )]
    NotLoopback(IpAddr),
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("cannot write the ready config: {0}")]
    Files(#[source] io::Error),
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Base URLs, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    pub google_play: String,
    pub app_store: String,
    pub sentry: String,
    pub control: String,
    others: BTreeMap<Vendor, String>,
}

impl Urls {
    /// Of one vendor.
    pub fn of(&self, vendor: Vendor) -> &str {
        match vendor {
            Vendor::GooglePlay => &self.google_play,
            Vendor::AppStore => &self.app_store,
            Vendor::Sentry => &self.sentry,
            other => self.others.get(&other).map_or("", String::as_str),
        }
    }
}

/// A simulated world that can be talked to until this is dropped.
pub struct Running {
    pub world: Arc<World>,
    pub time: SimTime,
    pub keys: Arc<Keys>,
    pub urls: Urls,
    /// The ready `haltline.toml`.
    pub config: PathBuf,
    _servers: Vec<Server>,
    _dir: Option<TempDir>,
}

impl Running {
    /// Must be called inside a tokio runtime.
    pub async fn start(scenario: Scenario, options: Options) -> Result<Self, LaunchError> {
        let keys = Arc::new(Keys::generate(options.seed)?);
        Self::start_with(keys, scenario, options).await
    }

    /// With keys that there are already: making an RSA key takes longer than all the rest.
    pub async fn start_with(
        keys: Arc<Keys>,
        scenario: Scenario,
        options: Options,
    ) -> Result<Self, LaunchError> {
        let Options {
            seed,
            time,
            listen,
            dir,
        } = options;
        let world = World::new(scenario, seed, time.clock());
        let vendors = Vendor::ALL.map(|vendor| (Some(vendor), router(vendor, &world, &keys)));
        let control = (None, control::router(world.clone(), time.clone()));
        let mut addresses = addresses(listen)?;
        let mut servers = Vec::new();
        let mut vendor_urls = BTreeMap::new();
        let mut control_url = String::new();
        for (vendor, router) in with_control_fourth(vendors, control) {
            let address = addresses.next().unwrap_or(ANY);
            let failed = |source| LaunchError::Listen { address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let server = wire::serve(listener, vendor, &world, router).map_err(failed)?;
            let url = format!("http://{}", server.address);
            match vendor {
                Some(vendor) => drop(vendor_urls.insert(vendor, url)),
                None => control_url = url,
            }
            servers.push(server);
        }
        let mut url = |vendor| vendor_urls.remove(&vendor).unwrap_or_default();
        let urls = Urls {
            google_play: url(Vendor::GooglePlay),
            app_store: url(Vendor::AppStore),
            sentry: url(Vendor::Sentry),
            control: control_url,
            others: vendor_urls,
        };
        let temporary = match dir {
            Some(_) => None,
            None => Some(TempDir::with_prefix("haltline-sim-").map_err(LaunchError::Files)?),
        };
        let dir = dir.or_else(|| temporary.as_ref().map(|t| t.path().to_owned()));
        let dir = dir.unwrap_or_default();
        // Whoever shares a process shares the clock; another one can follow a clock on a scale alone.
        let shared_clock = matches!(time, SimTime::Scaled(_)) && (time.speed() - 1.0).abs() > 1e-9;
        let config = ready::write(&dir, world.scenario(), &urls, &keys, shared_clock)
            .map_err(LaunchError::Files)?;
        Ok(Self {
            world,
            time,
            keys,
            urls,
            config,
            _servers: servers,
            _dir: temporary,
        })
    }

    /// Where everything is: the one line that `haltline sim` prints.
    pub fn describe(&self) -> Value {
        let mut told = json!({
            "schema": "haltline/sim/v1",
            "scenario": self.world.scenario().name,
            "seed": self.world.seed(),
            "control": self.urls.control,
            "config": self.config,
        });
        for vendor in Vendor::ALL {
            if let Some(told) = told.as_object_mut() {
                told.insert(vendor.key().to_owned(), self.urls.of(vendor).into());
            }
        }
        told
    }
}

fn router(vendor: Vendor, world: &Arc<World>, keys: &Arc<Keys>) -> Router {
    let make = match vendor {
        Vendor::GooglePlay => play::router,
        Vendor::AppStore => app_store::router,
        Vendor::Sentry => sentry::router,
        Vendor::PlayReporting => play_reporting::router,
        Vendor::Crashlytics => crashlytics::router,
        Vendor::BigQuery => big_query::router,
        Vendor::Prometheus => prometheus::router,
        Vendor::Bugsnag => bugsnag::router,
        Vendor::Datadog => datadog::router,
        Vendor::NewRelic => new_relic::router,
        Vendor::AppleLookup => apple_lookup::router,
        Vendor::HttpJson => http_json::router,
    };
    make(Arc::clone(world), Arc::clone(keys))
}

/// The control port follows the first three vendors; further ones came later.
fn with_control_fourth<T>(vendors: impl IntoIterator<Item = T>, control: T) -> Vec<T> {
    let mut all: Vec<T> = vendors.into_iter().collect();
    all.insert(all.len().min(3), control);
    all
}

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn addresses(listen: Option<SocketAddr>) -> Result<impl Iterator<Item = SocketAddr>, LaunchError> {
    let first = listen.unwrap_or(ANY);
    if !first.ip().is_loopback() {
        return Err(LaunchError::NotLoopback(first.ip()));
    }
    Ok((0_u16..).map(move |n| match first.port() {
        0 => first,
        port => SocketAddr::new(first.ip(), port.saturating_add(n)),
    }))
}
