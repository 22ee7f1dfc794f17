//! What haltline says of itself to a Prometheus: `/metrics` in OpenMetrics, names in base units under `haltline_`.
//!
//! Gauges are drawn of the picture at each scrape, so that a release that is gone leaves no series behind; counters are a fold
//! over the records as they become durable. No version, person or text of an error is a label: the number of series is that
//! of the config. Must not judge: the thresholds are in `assets/alerts.yml`.

mod counts;
mod family;
mod picture;
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use super::Snapshot;
pub use counts::Counts;
use family::{Drawn, Family};

/// The content type of what [`Metrics::text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All that is told at a scrape. Clones share their counts.
#[derive(Clone, Debug)]
pub struct Metrics {
    counts: Counts,
    screens: Screens,
    /// What others count, such as requests.
    others: Arc<Registry>,
}

/// How many screens and commands follow the picture over the socket.
#[derive(Clone, Debug, Default)]
pub struct Screens(Arc<AtomicI64>);

/// One that does, until this is dropped.
#[derive(Debug)]
pub struct Attached(Arc<AtomicI64>);

impl Screens {
    #[must_use]
    pub fn attach(&self) -> Attached {
        self.0.fetch_add(1, Ordering::Relaxed);
        Attached(Arc::clone(&self.0))
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// `others` holds what is counted elsewhere, under whole names.
    pub fn new(counts: Counts, others: Registry) -> Self {
        Self {
            counts,
            screens: Screens::default(),
            others: Arc::new(others),
        }
    }

    pub fn screens(&self) -> &Screens {
        &self.screens
    }

    /// Everything, in the text format of OpenMetrics.
    pub fn text(&self, picture: &Snapshot) -> String {
        let screens = self.screens.0.load(Ordering::Relaxed);
        let help = "Screens and commands that follow the picture over the socket";
        let screens = Family::gauge("haltline_attached_screens", help).row(vec![], screens as f64);
        let mut families = picture::families(picture);
        families.extend(self.counts.families(picture));
        families.push(screens);
        families.extend(process::families());
        let mut drawn = Registry::default();
        drawn.register_collector(Box::new(Drawn(families)));
        let mut text = String::new();
        // Writing to a string does not fail.
        let written = text::encode_registry(&mut text, &drawn)
            .and_then(|()| text::encode_registry(&mut text, &self.others))
            .and_then(|()| text::encode_eof(&mut text));
        debug_assert!(written.is_ok());
        text
    }
}

#[cfg(test)]
mod tests;
