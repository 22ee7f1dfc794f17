//! One rollout as it was recorded, or made up.

use crate::domain::{Exposure, PlainText, StoreKind, Timestamp};
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
}
