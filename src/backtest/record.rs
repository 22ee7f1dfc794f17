//! One rollout as it was recorded, or made up.

use crate::domain::{Exposure, Metric, PlainText, StoreKind, Timestamp};
use crate::policy::{MetricSeries, Terms};

/// Everything that was seen of one rollout.
#[derive(Clone, Debug)]
pub struct Rollout {
    pub app: PlainText,
    pub version: PlainText,
    pub baseline: Option<PlainText>,
    pub store: StoreKind,
    /// When the exposure became what, ascending; empty where nobody recorded it.
    pub exposures: Vec<(Timestamp, Exposure)>,
    /// One a metric, ordered by metric; windows of the baseline before the rollout are its past.
    pub metrics: Vec<MetricSeries>,
    /// Since when the version is known to be bad, by whoever labelled it.
    pub onset: Option<Timestamp>,
    pub terms: Terms,
}

impl Rollout {
    /// Of the version, by its first window with a trial; `None`: nobody ever ran it.
    pub fn began(&self) -> Option<Timestamp> {
        let windows = self.metrics.iter().flat_map(|series| &series.windows);
        windows
            .filter(|window| window.new.trials > 0)
            .map(|window| window.start)
            .min()
    }

    /// End of the last window.
    pub fn ended(&self) -> Option<Timestamp> {
        let windows = self.metrics.iter().flat_map(|series| &series.windows);
        windows.map(crate::policy::Paired::end).max()
    }

    /// The metric whose trials measure how far the rollout has come: crash-free sessions where they are known, else the first
    /// that adds up over windows, else the first.
    pub fn principal(&self) -> Option<&MetricSeries> {
        let sessions = self
            .metrics
            .iter()
            .find(|series| series.metric == Metric::CrashFreeSessions);
        let adds_up = || {
            self.metrics
                .iter()
                .find(|series| !series.metric.counts_users())
        };
        sessions.or_else(adds_up).or(self.metrics.first())
    }

    /// What the store offered at that time, where it was recorded.
    pub fn exposure_at(&self, at: Timestamp) -> Option<(Timestamp, Exposure)> {
        let known = self.exposures.partition_point(|(since, _)| *since <= at);
        self.exposures.get(known.checked_sub(1)?).copied()
    }
}
