//! What was known about an app at one moment: the input of an assessment.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use crate::domain::reading::{Unit, VersionShare};
use crate::domain::{
    Counts, Exposure, Issue, Metric, PlainText, Reach, SourceId, StoreKind, Timestamp,
};

/// Everything that an assessment may look at. Built by the watcher from the stored readings; the same stored readings make
/// the same observation, however often and in whatever order they were polled.
#[derive(Clone, Debug)]
pub struct Observation {
    pub at: Timestamp,
    pub store: StoreKind,
    /// Of the version watched, now; `None` while the store is unread.
    pub exposure: Option<Exposure>,
    /// Since when it is offered to so many; `None` while it is offered to nobody new, or nobody knows.
    pub exposed_since: Option<Timestamp>,
    /// Since when it is out at all, as far as haltline saw.
    pub out_since: Option<Timestamp>,
    /// It was found to be a dark launch, and has not been seen since.
    pub dark: Option<PlainText>,
    /// The version watched and its baseline, as people call them.
    pub new_name: PlainText,
    pub old_name: Option<PlainText>,
    /// How many resumes so far: the n-th spends `1/2^n` of the error share.
    pub resumes: u32,
    /// All windows, weighed. Shared, since it is large.
    pub ledger: Arc<Ledger>,
    pub sources: Vec<SourceState>,
    pub issues: Vec<Issue>,
    pub shares: Vec<VersionShare>,
    pub beside: Beside,
    pub next_train: NextTrain,
}

/// What sources say beside the windows that are weighed.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Figures without counts: one pair a metric, from the first source that has it.
    pub levels: Vec<LevelPair>,
    /// Metrics that a source before this one carries too: second opinions, which decide nothing.
    pub seconds: Arc<Vec<MetricSeries>>,
    /// Second opinions that were found to differ, and not to agree since.
    pub disagreed: BTreeSet<(Metric, SourceId)>,
}

/// One [`Level`](crate::domain::reading::Level) of both versions, from one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelPair {
    pub metric: Metric,
    pub source: SourceId,
    pub unit: Unit,
    /// `None` where the source has none of this version yet.
    pub new: Option<f64>,
    pub old: Option<f64>,
    /// How many each was measured on, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_trials: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_trials: Option<u64>,
    /// The end of the time that the new version's figure was measured over.
    pub through: Option<Timestamp>,
}

/// When the next train of the app leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextTrain {
    /// Nobody can say, as of a recording: what asks for a train holds as written.
    #[default]
    Unsaid,
    /// No train leaves that anybody knows of.
    Never,
    At(Timestamp),
}

impl NextTrain {
    /// Whether one leaves from `now` on and within so long, as far as anybody can say.
    pub fn leaves_within(self, span: TimeDelta, now: Timestamp) -> bool {
        match self {
            Self::Unsaid => true,
            Self::Never => false,
            Self::At(at) => at >= now && at - now <= span,
        }
    }
}

impl Observation {
    pub fn baseline(&self) -> Baseline {
        self.ledger.terms().baseline
    }
}

/// Whether there is a version to compare with. An unread baseline is not an absent one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// There is one, and its counts are in the windows.
    Read,
    /// There should be one, but it could not be read: unknown.
    Unread,
    /// `baseline = "none"`, or an app's first version: floors act unblamed.
    None,
}

/// One metric over time, from the one source that carries it.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSeries {
    pub metric: Metric,
    pub source: SourceId,
    /// Ordered by start, then stratum.
    pub windows: Vec<Paired>,
}

/// Both versions in one window of one stratum.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    pub start: Timestamp,
    pub seconds: u32,
    /// As in [`Reading`](crate::domain::reading::Reading).
    pub stratum: String,
    pub new: Counts,
    /// Zero trials where the baseline was read and had none.
    pub old: Counts,
}

impl Paired {
    pub fn end(&self) -> Timestamp {
        let length = TimeDelta::seconds(i64::from(self.seconds));
        self.start.checked_add_signed(length).unwrap_or(self.start)
    }
}

/// How far a source can be trusted now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceState {
    pub id: SourceId,
    /// Required sources must be fresh for anything to be healthy.
    pub required: bool,
    /// How far it has been read; `None` where it never was.
    pub read_through: Option<Timestamp>,
    pub state: DataState,
    /// Why it is not fresh, where it is not.
    pub why: Option<PlainText>,
    /// Seconds of age from which on its data are stale; people are paged after three times as long.
    #[serde(default)]
    pub stale_after: u32,
    /// How far its data may go by themselves.
    #[serde(default)]
    pub reach: Reach,
}

impl SourceState {
    pub fn is_fresh(&self) -> bool {
        self.state == DataState::Fresh
    }
}

/// What the data of a source are worth. Only fresh ones are ever green, open a gate, or stop a rollout.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DataState {
    Fresh,
    /// Older than two polls and the source's own lag, and not stale yet.
    Late,
    /// Older than the source's `stale_after`.
    Stale,
    /// Never read, or asked about the version watched and without a window of it where many were to be expected.
    Missing,
    /// Read, but it contradicts itself or the store.
    Anomalous,
}

impl DataState {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Anomalous => "anomalous",
        }
    }

    /// Late data come by themselves; of all other trouble people are told.
    pub fn is_told(self) -> bool {
        !matches!(self, Self::Fresh | Self::Late)
    }
}
