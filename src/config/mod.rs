//! Files to layers to a validated [`Config`]: every error with file, line and column; secrets by reference only.
//!
//! Must not talk to a vendor. Knows `domain` and `policy`.
//!
//! The way of a file: [`locate`] finds it, `tree` parses it and removes what has no place in it, `file` is its raw shape,
//! `resolve` makes a [`Config`] of that, `secret` reads the credentials, [`Report`] keeps everything that was wrong on the
//! way. [`load`] does it all.

mod base_url;
mod changes;
mod channel;
pub mod discover;
pub mod file;
mod import;
mod load;
pub mod locate;
pub mod paths;
mod policies;
mod problem;
mod redact;
mod resolve;
pub mod schema;
mod screen;
mod secret;
mod source;
mod surroundings;
mod tree;

pub use changes::{Changes, changes};
pub use channel::{ChannelConfig, ChannelKind, EmailConfig, HeartbeatConfig, OnCallConfig, Tls};
pub use import::{Placed, import};
pub use load::{Loaded, Outcome, load, whereabouts};
pub use locate::{NoConfig, locate};
pub use policies::{Policies, policies, policy_file, preset};
pub use problem::{Kind, Place, Problem, Report, Severity};
pub use resolve::Credential;
pub use screen::{LoadedScreen, SCREEN_EXAMPLE, SCREEN_FILE, ScreenConfig, Symbols, ThemeName};
pub use source::{Figures, HealthConfig, Journey, SourceConfig};
pub use surroundings::Surroundings;

/// The documented example: every key of the file, with its default.
pub const EXAMPLE: &str = include_str!("../../config/example.toml");

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::domain::rollout::InReview;
use crate::domain::{AppId, Failure, PlainText, StoreKind};
use crate::policy::calendar::Freeze;
use crate::policy::train::Train;
use crate::policy::{Access, Budgets, CrossPlan, Policy, Start, Telling};

/// A config that has been checked from end to end.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it was read from.
    pub path: PathBuf,
    pub watcher: WatcherConfig,
    /// In the order of the file.
    pub apps: Vec<AppConfig>,
    pub plans: Vec<CrossPlan>,
    pub freezes: Vec<Freeze>,
    pub access: Access,
    pub trains: Vec<Train>,
    /// Who is told what, and how each channel is reached: the same names in both.
    pub telling: Telling,
    pub channels: Vec<ChannelConfig>,
    pub heartbeat: Option<HeartbeatConfig>,
    pub on_call: Option<OnCallConfig>,
}

/// `[watcher]`
#[derive(Clone, Debug)]
pub struct WatcherConfig {
    pub poll: TimeDelta,
    /// Folder of the journal, its anchor, its lock and the disarm file.
    pub state: PathBuf,
    /// The unix socket that screens and commands attach to.
    pub socket: PathBuf,
    /// Where metrics and health are served over TCP; loopback only.
    pub listen: Option<SocketAddr>,
    /// Control URL of a simulator whose time is the watcher's time; loopback only.
    pub clock: Option<String>,
    /// Total time limit of one request to a vendor; default 20 s.
    pub request_timeout: TimeDelta,
    pub budgets: Budgets,
}

/// `[[app]]`
#[derive(Clone, Debug)]
pub struct AppConfig {
    pub id: AppId,
    pub name: PlainText,
    pub store: StoreConfig,
    /// In the order in which a metric is taken from them: the first one that carries it counts.
    pub health: Vec<HealthConfig>,
    pub policy: Arc<Policy>,
    pub baseline: BaselineConfig,
    /// `mode = "advise"`: decide, show and tell, do not act.
    pub advise: bool,
    pub start: Start,
    /// The train that its releases ride.
    pub train: Option<PlainText>,
    /// The team that owns it.
    pub owner: Option<PlainText>,
    /// Where there is more to see; `{version}` stands for a version. `None`: at the store's console.
    pub link: Option<PlainText>,
    /// A rollout that has not moved for so long is announced; default 3 days.
    pub stalled_after: TimeDelta,
    /// `None` where the file does not say.
    pub fallback: Option<Fallback>,
}

/// `fallback = …`: what takes a feature back without a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// A feature flag of this name.
    Flag(PlainText),
    /// A key of a remote configuration.
    RemoteConfig(PlainText),
    /// Nothing does, said aloud.
    None,
}

/// `baseline = …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineConfig {
    /// The version that the store serves to the other users.
    Previous,
    /// This build.
    Build(PlainText),
    None,
}

/// `[app.store]`
#[derive(Clone, Debug)]
pub enum StoreConfig {
    GooglePlay {
        package: String,
        track: String,
        /// The service account's JSON key.
        key: SecretString,
        /// Watch this version code instead of the newest staged release.
        version_code: Option<u64>,
        in_review: InReview,
        base_url: String,
    },
    AppStore {
        bundle_id: String,
        /// PEM of the `.p8` key.
        key: SecretString,
        key_id: String,
        /// `None` for an individual key.
        issuer_id: Option<String>,
        base_url: String,
    },
    /// Configured well, but its key cannot be had: every request fails with `why`, the other apps go on.
    Unusable { kind: StoreKind, why: Failure },
}

impl StoreConfig {
    pub fn kind(&self) -> StoreKind {
        match self {
            Self::GooglePlay { .. } => StoreKind::GooglePlay,
            Self::AppStore { .. } => StoreKind::AppStore,
            Self::Unusable { kind, .. } => *kind,
        }
    }
}
