//! What charts are drawn of: the counts of both versions by the age of the rollout, and what happened when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{AppId, Metric, PlainText, Timestamp};

/// One app's present rollout and the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    pub app: AppId,
    /// When it was drawn, the watcher's time.
    pub at: Timestamp,
    /// Age 0 of the version watched, and of the one before it where that is known.
    pub started: Timestamp,
    pub previous_started: Option<Timestamp>,
    pub metrics: Vec<MetricHistory>,
    /// Sessions by version, oldest first.
    pub adoption: Vec<AdoptionPoint>,
    /// What changed the rollout, oldest first.
    pub marks: Vec<StageMark>,
}

/// One metric of both versions at the same ages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricHistory {
    pub metric: Metric,
    /// Oldest first; a stretch without trials has no point.
    pub new: Vec<AgePoint>,
    pub old: Vec<AgePoint>,
    /// Limits of the policy, as shares of failures (0..1), each with its rule.
    pub limits: Vec<ChartLimit>,
}

/// Counts of one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgePoint {
    /// Seconds after the version's beginning at which the stretch starts; testers make it negative.
    pub age: i64,
    pub seconds: u32,
    pub trials: u64,
    pub failures: u64,
}

/// A share of failures (0..1) that a rule bears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChartLimit {
    pub rule: PlainText,
    pub share: f64,
}

/// Who ran what, in the day before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdoptionPoint {
    pub at: Timestamp,
    /// Sessions by the label of the version, as [`crate::domain::reading::VersionShare`] has it.
    pub sessions: Vec<(PlainText, u64)>,
}

/// Something that changed the rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageMark {
    pub at: Timestamp,
    /// `5% → 10%`, `halted`, `paused`.
    pub what: PlainText,
}

/// A moment of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "when", content = "is", rename_all = "kebab-case")]
pub enum When {
    /// Right after the record with this number.
    Seq(u64),
    At(Timestamp),
}
