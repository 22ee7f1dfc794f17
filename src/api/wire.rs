//! The one immutable picture that every surface draws, and what people can ask for.
//!
//! Each number carries its sample size, window and age. `schema` is `haltline/snapshot/v1`.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::execution::Phase;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Actor, AppId, Exposure, Failure, Fix, Health, Issue, PlainText, Record, Review, Shared,
    SourceId, StoreKind, Target, Timestamp, Verb, Version,
};
use crate::policy::{
    Disagreement, GateStatus, LevelSummary, MetricSummary, RuleStatus, SourceState, Stakes,
};

pub use super::history::{
    AdoptionPoint, AgePoint, ChartLimit, History, MetricHistory, StageMark, When,
};

/// The schema name of a snapshot document.
pub const SNAPSHOT_SCHEMA: &str = "haltline/snapshot/v1";

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    pub schema: String,
    /// The watcher's time.
    pub at: Timestamp,
    /// Number of the last event in the picture.
    pub seq: u64,
    pub watcher: WatcherState,
    /// Off for all apps until then, where it is.
    pub disarmed: Option<Disarmed>,
    /// The channels that it tells people by, as the config calls them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<PlainText>,
    /// Channels that take nothing now; what waits for them is tried on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mute: Vec<MuteView>,
    /// Who is on call, as their tools call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<PlainText>,
    /// In the order of the config; the screen sorts worst first.
    pub apps: Vec<AppSnapshot>,
    /// Who is on watch on each train, and what is due next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trains: Vec<TrainView>,
    /// The latest events, oldest first, at most 200.
    #[serde(deserialize_with = "records_that_are_known")]
    pub events: Vec<Record>,
}

/// Leaves out what only a newer watcher knows: a screen that was there before it shall go on.
pub(super) fn records_that_are_known<'de, D: Deserializer<'de>>(
    events: D,
) -> Result<Vec<Record>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Known(Box<Record>),
        Later(IgnoredAny),
    }
    let told = Vec::<Told>::deserialize(events)?.into_iter();
    let known = told.filter_map(|told| match told {
        Told::Known(record) => Some(*record),
        Told::Later(IgnoredAny) => None,
    });
    Ok(known.collect())
}

/// Who watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum WatcherState {
    /// A watcher runs and may act.
    Acting { term: u64 },
    /// A watcher runs but must not act, and why: another one acts, or the journal cannot be trusted.
    WatchingOnly { why: PlainText },
    /// The picture comes from the journal: nobody watches since then.
    NobodySince { since: Option<Timestamp> },
}

/// Automation is off; without an end, until somebody arms it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disarmed {
    pub until: Option<Timestamp>,
    pub actor: Actor,
    pub reason: PlainText,
}

/// One app, cheap to clone: from one picture to the next most apps are the same.
pub type AppSnapshot = Shared<AppView>;

/// One app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct AppView {
    pub id: AppId,
    pub name: PlainText,
    pub store: StoreKind,
    pub policy: PlainText,
    /// False in `mode = "advise"`: haltline tells, and does not act.
    pub acts: bool,
    pub disarmed: Option<Disarmed>,
    /// Grows with every event of this app that matters to an act: what `--expect` and a confirmation dialog pin.
    pub revision: u64,

    pub release: Option<ReleaseView>,
    /// As the health source names it, `8.43.0 (84300)`, else as the store does.
    pub version_name: PlainText,
    pub previous: Option<Version>,
    pub previous_name: Option<PlainText>,
    /// First seen in progress, else its first session.
    pub started: Option<Timestamp>,
    pub store_read_at: Option<Timestamp>,
    /// The store cannot be read now, and why.
    pub store_failure: Option<Failure>,
    /// Exposures of the policy's stages, for the ladder.
    pub stages: Vec<Exposure>,

    pub health: Health,
    pub sentence: PlainText,
    pub metrics: Vec<MetricSummary>,
    /// Figures without counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelSummary>,
    /// Sources that contradict each other about a metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// It is offered and hardly seen, in words: it may crash before it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<PlainText>,
    pub rules: Vec<RuleStatus>,
    /// What it takes to leave the present stage, while the rollout is in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateStatus>,
    /// Rules that have fired in this rollout.
    pub fired: Vec<PlainText>,
    pub sources: Vec<SourceState>,
    /// When each source last answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answered: BTreeMap<SourceId, Timestamp>,
    pub issues: Vec<Issue>,
    /// What users said at the store in the last week, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Review>,
    /// Versions by sessions of the last day, most first.
    pub shares: Vec<ShareView>,
    pub notes: Vec<PlainText>,
    /// Users per hour that took the version in the last hours, where a source counts users: by how much those who ran it
    /// within a day have become more, so that it is rather too little than too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaining: Option<u64>,
    /// What people wrote down about this rollout, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// Feature flags that could be turned off; `None` where no flag service is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<PlainText>>,

    /// haltline stops advancing.
    pub hold: Option<Actor>,
    /// Stopped by a halt: only an admin lifts it.
    pub latched: bool,
    /// What acts on it take, where that is more than usual.
    #[serde(default, skip_serializing_if = "Stakes::is_usual")]
    pub stakes: Stakes,
    pub announced: Option<Announced>,
    pub desire: Option<DesireView>,
    /// A person has to decide something, and what.
    pub needs_person: Option<PlainText>,
    pub acknowledged_by: Option<Actor>,
    /// What people were paged for, until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentView>,
    /// The run of the policy for this release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionView>,
    /// A newer release that waits to be begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingView>,
    /// haltline carries the stages out by itself.
    #[serde(default)]
    pub climbs: bool,
    /// What lies over rules for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<OverrideView>,
    /// A loosening that waits for a second person, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<PlainText>,
    /// The file's policy is not the one that the rollout is pinned to.
    #[serde(default)]
    pub policy_differs: bool,
    /// The answer that holds now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierView>,
    /// Critical flows that people declared broken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<DeclaredView>,
    /// The plan that ties it to other apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlainText>,
    /// The train that its releases ride.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<PlainText>,
    /// It stands still for too long, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled: Option<PlainText>,
    /// The steps out of a stop, where it is one.
    pub way_out: Vec<String>,
    /// Automatic acts of the last day, of how many allowed.
    pub acts_used: u32,
    pub acts_allowed: u32,
}

/// One version of those in use, as [`crate::domain::reading::VersionShare`] has it, and how its share has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShareView {
    /// As the source names the release, made short: `8.43.0 (84300)`.
    pub label: PlainText,
    /// The version's key where it is the one watched or its baseline.
    pub version: Option<String>,
    pub sessions: u64,
    pub users: Option<u64>,
    /// Its share of all sessions (0..1) in each of the last 24 hours, oldest first; `None` where nobody told, empty where there
    /// is no past yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<Option<f64>>,
}

/// A channel that takes nothing now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MuteView {
    pub channel: PlainText,
    pub since: Timestamp,
    pub why: PlainText,
    /// Messages that wait for it.
    pub waiting: u32,
}

/// What people were paged for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentView {
    /// As in [`crate::domain::IncidentNews::key`].
    pub key: PlainText,
    pub opened: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<Actor>,
    /// How often it was escalated.
    pub level: u32,
    /// The channels that took a message of it.
    pub told: Vec<PlainText>,
    /// When it is told to more people, unless somebody acknowledges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates: Option<Timestamp>,
}

/// A note of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    pub at: Timestamp,
    pub actor: Actor,
    pub text: PlainText,
}

/// One run of a policy for one release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutionView {
    pub number: u64,
    pub phase: Phase,
    pub since: Timestamp,
    pub actor: Actor,
    pub reason: PlainText,
    /// Of the policy that it is pinned to.
    pub policy_hash: String,
}

/// A release that waits to be begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingView {
    pub release: ReleaseView,
    /// Who said that it shall begin, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Actor>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateStatus>,
}

/// What lies over a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OverrideView {
    pub rule: PlainText,
    pub until: Timestamp,
    pub actor: Actor,
    pub reason: PlainText,
    /// The difference in words: `floor 99.85% → 99.50%`.
    pub changes: Vec<PlainText>,
}

/// An answer of the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TierView {
    pub name: PlainText,
    pub say: PlainText,
}

/// A critical flow that a person declared broken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredView {
    pub flow: PlainText,
    pub fix: Fix,
    pub actor: Actor,
}

/// One release train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrainView {
    pub train: PlainText,
    /// The zone of its dates and hours, such as `Europe/Berlin`.
    #[schemars(with = "String")]
    pub zone: Tz,
    /// Who is on watch until when, and who comes after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_watch: Option<PlainText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<PlainText>,
    /// What is due next, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<(PlainText, Timestamp)>,
}

/// An act that will be done by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Announced {
    pub rule: PlainText,
    pub verb: Verb,
    pub due: Timestamp,
    /// Held once already: no second time.
    pub held: bool,
}

/// A store state that is wanted and not confirmed yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DesireView {
    pub revision: u64,
    pub verb: Verb,
    pub target: Target,
    pub actor: Actor,
    pub reason: PlainText,
    pub since: Timestamp,
    pub attempts: u32,
    /// The last attempt's failure.
    pub failure: Option<Failure>,
    /// It will not go on by itself.
    pub failed: bool,
}
