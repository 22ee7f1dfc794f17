//! Readings: counts per window, as sources report them. They are not events: sources restate them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Issue, Metric, PlainText, Timestamp};

/// A health source of an app, as the config numbers and names it: `sentry`, `sentry-2`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SourceId(pub PlainText);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Failures out of trials. `failures <= trials` always holds: see [`Counts::new`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub trials: u64,
    pub failures: u64,
}

impl Counts {
    /// `None` where the source contradicts itself (more failures than trials).
    pub fn new(trials: u64, failures: u64) -> Option<Self> {
        (failures <= trials).then_some(Self { trials, failures })
    }

    /// Share of failures, 0..=1; `None` without trials: no data is never a rate.
    pub fn failure_rate(self) -> Option<f64> {
        (self.trials > 0).then(|| self.failures as f64 / self.trials as f64)
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            trials: self.trials.saturating_add(other.trials),
            failures: self.failures.saturating_add(other.failures),
        }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), std::ops::Add::add)
    }
}

/// Counts of one metric of one version in one window. The journal keeps it as an upsert keyed
/// (app, source, metric, version, stratum, start).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    pub metric: Metric,
    /// [`super::Version::key`] of the version counted.
    pub version: String,
    /// Part of the users that is compared with itself only; empty where the source gives none. One that names its kind, as in
    /// `country=DE` (several with commas: `country=DE,device=low`), counts for the coverage that a stage may want. The strata of a
    /// series part all its trials: each is in exactly one, at most [`SourceReport::MOST_STRATA`] with `other` among them.
    #[serde(default)]
    pub stratum: String,
    pub start: Timestamp,
    pub seconds: u32,
    pub counts: Counts,
}

/// Sessions of one version within the report's last day, for adoption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionShare {
    /// As the source names the release, made short: `8.43.0 (84300)`.
    pub label: PlainText,
    /// The version's key where it is the one watched or its baseline.
    pub version: Option<String>,
    pub sessions: u64,
    pub users: Option<u64>,
}

/// A figure that comes without counts: a percentile, a rate of which nobody says how many it was measured on, a mean of stars.
/// It can be compared with a limit, but not tested: a rule on it never halts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// A [`Metric::Level`].
    pub metric: Metric,
    /// [`super::Version::key`] of the version measured.
    pub version: String,
    /// In `unit`.
    pub value: f64,
    pub unit: Unit,
    /// How many it was measured on, where the source says so; it may be rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
    pub start: Timestamp,
    pub seconds: u32,
}

/// What a level is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Seconds,
    /// 0..=1, shown as percent.
    Share,
    #[default]
    Plain,
}

/// What users said of the version at the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    pub at: Timestamp,
    /// 1 to 5.
    pub stars: u8,
    /// May be empty.
    pub title: PlainText,
    pub text: PlainText,
    /// [`super::Version::key`] of the version it is about; `None` where the store does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The strongest thing that the data of a source may do by themselves, whatever a rule asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Shown, and told where a rule says so.
    Context,
    /// Shuts gates, holds and pauses.
    Pause,
    /// As [`Reach::Pause`] until the version has been out for so many hours, then a halt too: the source is late, and a halt
    /// shall not rest on it alone before others could have spoken. A rule may insist.
    HaltAfterHours(u32),
    #[default]
    Halt,
}

/// Something that a source said and that cannot be, and when that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contradiction {
    pub at: Timestamp,
    pub what: PlainText,
}

/// Sums that only grow, as a source without windows gave them at one time: its next windows are what has come to them since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunningTotals {
    pub at: Timestamp,
    pub counts: Vec<RunningTotal>,
}

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunningTotal {
    pub metric: Metric,
    /// What is counted, as the source identifies it: a build.
    pub of: PlainText,
    pub counts: Counts,
}

/// One complete answer of a health source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceReport {
    /// How far the source has been read: freshness, not the age of the last closed bucket.
    pub read_through: Option<Timestamp>,
    /// Windows of the version watched and of the baseline since the time asked for; restatements included.
    pub readings: Vec<Reading>,
    /// First session of the version watched, where the source can tell.
    pub first_session: Option<Timestamp>,
    /// Since when the baseline's past is among the readings, once it was asked for: what is missing from there on is not there.
    /// A source that has no past says its first session; `None` asks to be asked again.
    pub past_from: Option<Timestamp>,
    /// Name that the source knows the watched version by: `8.43.0`.
    pub version_name: Option<PlainText>,
    pub shares: Vec<VersionShare>,
    /// Top issues of the version watched, most users first.
    pub issues: Vec<Issue>,
    /// Figures without counts, the latest of each metric and version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
    /// Reviews of the last week, newest first, at most [`SourceReport::MOST_REVIEWS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Review>,
    /// Where the source contradicted itself lately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contradiction: Option<Contradiction>,
    /// Where the last window of a source without windows of its own began: handed back to it after a restart
    /// ([`crate::ports::HealthSource::resume`]), so that nothing is left out or counted twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<RunningTotals>,
    /// What the source could not give, in words for people: "this server has no ANR rates".
    pub notes: Vec<PlainText>,
}

impl SourceReport {
    pub const MOST_REVIEWS: usize = 20;
    /// Strata that one source may tell apart at a time; what is beyond is counted as `other`.
    pub const MOST_STRATA: usize = 50;
}
