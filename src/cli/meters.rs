//! What a watcher counts while it runs, for `/metrics`.

use crate::api::metrics::{Counts, Metrics};
use crate::http::tally::Tally;

/// The counters. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Meters {
    /// What stores and sources have been asked.
    pub tally: Tally,
    /// What became durable.
    pub counts: Counts,
}

impl Meters {
    pub(super) fn metrics(&self) -> Metrics {
        Metrics::new(self.counts.clone(), self.tally.registry())
    }
}
