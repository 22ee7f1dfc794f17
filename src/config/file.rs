//! The raw shape of `haltline.toml`: what may stand where. Its doc comments are the descriptions in the JSON schema.
//!
//! Every key is optional here, so that one that is missing is told by `resolve`, with its place, along with everything else.
//! Tables whose keys depend on `kind` are flat for the same reason: serde's tagged forms lose the places.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::tree::At;
use crate::domain::StoreKind;
use crate::domain::rollout::InReview;
use crate::policy::units::Duration;
use crate::policy::{RawPolicy, Start};

mod calendar;
mod health;
mod notify;
mod together;

pub use calendar::{RawFreeze, RawTrain};
pub use health::{RawFigures, RawHealth, RawJourney};
pub use notify::{RawEscalation, RawHeartbeat, RawNotify, RawOnCall};
pub use together::{RawAccess, RawAfter, RawPlan, RawStep};

/// haltline.toml
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a config")]
pub struct RawFile {
    pub watcher: Option<At<RawWatcher>>,
    /// The apps that are watched: one entry is one package on one store.
    pub app: Vec<At<RawApp>>,
    /// Policies by name, beside the presets.
    pub policy: BTreeMap<String, At<RawPolicy>>,
    /// Plans that tie the rollouts of several apps together, by name.
    pub plan: BTreeMap<String, At<RawPlan>>,
    /// Release trains by name.
    pub train: BTreeMap<String, At<RawTrain>>,
    /// Times in which nothing is raised.
    pub freeze: Vec<At<RawFreeze>>,
    /// Who may do what.
    pub access: Option<At<RawAccess>>,
    /// Channels to people, beside the log.
    pub notify: Vec<At<RawNotify>>,
    /// What happens to a page that nobody acknowledges. Without it: nothing more.
    pub escalation: Option<At<RawEscalation>>,
    /// Somebody else notices when haltline is not there any more.
    pub heartbeat: Option<At<RawHeartbeat>>,
    /// Who is on call, for what people are told.
    pub oncall: Option<At<RawOnCall>>,
}

/// The watcher itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table, written [watcher]")]
pub struct RawWatcher {
    /// Time between two polls. At least 30s, or 1s where every base URL is loopback. Default "60s".
    pub poll: Option<At<Duration>>,
    /// Folder of the journal. Default: $STATE_DIRECTORY, for /etc/haltline/haltline.toml /var/lib/haltline, else the XDG state
    /// folder.
    pub state: Option<At<String>>,
    /// The unix socket that screens and commands attach to. Default: haltline.sock in $RUNTIME_DIRECTORY (systemd), for
    /// /etc/haltline/haltline.toml in /run/haltline, else in the XDG runtime folder, else beside the journal.
    pub socket: Option<At<String>>,
    /// Address for /metrics, /livez and /readyz over TCP, loopback only: "127.0.0.1:9469". Default: none.
    pub listen: Option<At<String>>,
    /// Control URL of a simulator whose time the watcher shares. Loopback only.
    pub clock: Option<At<String>>,
    /// Time limit of one request to a vendor. Default "20s".
    pub request_timeout: Option<At<Duration>>,
    /// How often haltline may lower exposure by itself before it asks a person.
    pub budgets: Option<At<RawBudgets>>,
}

/// Limits on what haltline does by itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [watcher.budgets]"
)]
pub struct RawBudgets {
    /// Acts an app within a day. Default 4.
    pub per_app_day: Option<At<u32>>,
    /// Acts over all apps within an hour. Default 10.
    pub per_hour: Option<At<u32>>,
    /// Raises through gates an app within a day, with the pauses and resumes of its gates on the App Store. Default 12.
    pub gates_per_app_day: Option<At<u32>>,
}

/// One app on one store.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table, written [[app]]")]
pub struct RawApp {
    /// What the app is called in commands: a-z, 0-9, '-', '_', '.'.
    pub id: Option<At<String>>,
    /// What it is called on the screen. Default: the id.
    pub name: Option<At<String>>,
    /// A policy of this file or a preset. Default "default": floors and ratios.
    pub policy: Option<At<String>>,
    /// What the new version is compared with: "previous" (default), a version code or build number, or "none".
    pub baseline: Option<At<String>>,
    /// "act" (default), or "advise": decide, show and tell, but do not act.
    pub mode: Option<At<String>>,
    /// Who begins to carry the stages out: "manual" (default; `haltline start`) or "automatic", for each release found.
    #[schemars(with = "Option<Start>")]
    pub start: Option<At<String>>,
    /// The train that its releases ride: the NAME of a [train.NAME].
    pub train: Option<At<String>>,
    /// The team that owns it: a [[notify]] may want to hear of its apps alone.
    pub owner: Option<At<String>>,
    /// Where there is more to see, in every message about the app: a dashboard, a runbook; `{version}` is the version's name, else its
    /// build. Default: the store's console.
    pub link: Option<At<String>>,
    /// A rollout that has not moved for so long is announced. Default "3d".
    pub stalled_after: Option<At<Duration>>,
    /// What takes a feature back without a release: "flag:NAME", "remote-config:NAME", or "none". `haltline ready` asks for it.
    pub fallback: Option<At<String>>,
    pub store: Option<At<RawStore>>,
    pub health: Vec<At<RawHealth>>,
    /// Which source a metric is taken from, the first one that carries it: `["sentry", "play-vitals"]`. Default: the order of
    /// the [[app.health]].
    #[serde(rename = "use")]
    pub precedence: Option<Vec<At<String>>>,
}

/// The store that serves the app.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table, written [app.store]"
)]
pub struct RawStore {
    /// "google-play" or "app-store".
    #[schemars(with = "Option<StoreKind>")]
    pub kind: Option<At<String>>,
    /// Google Play: the package name.
    pub package: Option<At<String>>,
    /// Google Play: the track. Default "production".
    pub track: Option<At<String>>,
    /// Google Play: watch this version code instead of the newest staged release.
    pub version_code: Option<At<u64>>,
    /// Google Play: what to do where changes are in review: "ask" (default) or "cancel" (the review).
    #[schemars(with = "Option<InReview>")]
    pub in_review: Option<At<String>>,
    /// App Store: the bundle id.
    pub bundle_id: Option<At<String>>,
    /// App Store: id of the API key. Not needed with a fastlane api_key.json.
    pub key_id: Option<At<String>>,
    /// App Store: issuer of a team key; none for an individual key.
    pub issuer_id: Option<At<String>>,
    /// Where the key is: "file:PATH", "env:NAME", "credential:NAME" (systemd) or "command:PROGRAM ARG…".
    pub credentials: Option<At<String>>,
    /// Where the vendor is. https anywhere, http to loopback only. Default: the vendor's own.
    pub base_url: Option<At<String>>,
}
