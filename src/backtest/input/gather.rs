//! Windows and labels on their way to rollouts, held against each other as they come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::field::Field;
use serde::Serialize;

use super::past;
use super::problem::{BadLine, Place, Problem, Wrong};
use super::row::{Label, Row, Window};
use crate::backtest::Rollout;
use crate::domain::{Exposure, Metric, PlainText, SourceId, StoreKind, Timestamp};
use crate::policy::observation::Baseline;
use crate::policy::{MetricSeries, Paired, Terms};

/// What was read, and what was not.
#[derive(Debug)]
pub struct Imported {
    /// By app, beginning and version.
    pub rollouts: Vec<Rollout>,
    pub labels: Labels,
    /// Lines that were read, headers and blank ones aside.
    pub lines: u64,
    /// Lines that were wrong, and are not part of the rollouts.
    pub left_out: u64,
    /// The first of them.
    pub first_left_out: Vec<BadLine>,
}

/// What is known of the rollouts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Labels {
    /// Rollouts labelled as bad since some time.
    pub bad: usize,
    /// Rollouts labelled as healthy.
    pub healthy: usize,
    /// Rollouts without a label. They count as healthy.
    pub none: usize,
    /// Labels of versions that are in no window: app and version.
    pub unused: Vec<(PlainText, PlainText)>,
}

impl Labels {
    /// One more rollout with this label: since when it was bad, or that it was not.
    pub fn count(&mut self, label: Option<Option<Timestamp>>) {
        match label {
            None => self.none += 1,
            Some(None) => self.healthy += 1,
            Some(Some(_)) => self.bad += 1,
        }
    }
}

/// App and version.
type Key = (PlainText, PlainText);

/// A line of a file, as it is kept.
#[derive(Clone, Debug)]
struct At {
    file: Arc<str>,
    line: u64,
}

impl At {
    /// As a line of `file` speaks of it.
    fn from(&self, file: &Arc<str>) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: self.line,
            same_file: *file == self.file,
        }
    }
}

/// Everything so far.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    drafts: BTreeMap<Key, Draft>,
    labels: BTreeMap<Key, (Option<Timestamp>, At)>,
}

/// One rollout so far.
#[derive(Debug)]
struct Draft {
    baseline: Option<PlainText>,
    first: At,
    exposures: BTreeMap<Timestamp, (Exposure, At)>,
    metrics: BTreeMap<Metric, Vec<Paired>>,
    /// Where each series ended: metric and stratum.
    ends: BTreeMap<(Metric, String), Last>,
}

/// The last window of a series.
#[derive(Debug)]
struct Last {
    start: Timestamp,
    end: Timestamp,
    at: At,
}

impl Gathering {
    /// Takes a line in, or says how it contradicts an earlier one; then nothing is changed.
    pub(super) fn take(&mut self, row: Row, file: &Arc<str>, line: u64) -> Result<(), Wrong> {
        let at = At {
            file: Arc::clone(file),
            line,
        };
        match row {
            Row::Window(window) => self.window(*window, at),
            Row::Label(label) => self.label(label, at),
        }
    }

    fn label(&mut self, label: Label, at: At) -> Result<(), Wrong> {
        let key = (label.app, label.version);
        match self.labels.get(&key) {
            Some((onset, first)) if *onset != label.onset => {
                let first = first.from(&at.file);
                Err((Some(Field::Onset), Problem::OtherLabel { first }))
            }
            Some(_) => Ok(()),
            None => {
                self.labels.insert(key, (label.onset, at));
                Ok(())
            }
        }
    }

    fn window(&mut self, window: Window, at: At) -> Result<(), Wrong> {
        let key = (window.app, window.version);
        let draft = self.drafts.entry(key).or_insert_with(|| Draft {
            baseline: window.baseline.clone(),
            first: at.clone(),
            exposures: BTreeMap::new(),
            metrics: BTreeMap::new(),
            ends: BTreeMap::new(),
        });
        if draft.baseline != window.baseline {
            let name = |name: &Option<PlainText>| name.clone().unwrap_or_else(|| "none".into());
            let (found, known) = (name(&window.baseline), name(&draft.baseline));
            let first = draft.first.from(&at.file);
            let problem = Problem::OtherBaseline {
                found,
                known,
                first,
            };
            return Err((Some(Field::Baseline), problem));
        }
        let counts = window.counts;
        let series = (window.metric, counts.stratum.clone());
        if let Some(last) = draft.ends.get(&series) {
            last.is_before(&counts, &at)
                .map_err(|problem| (Some(Field::Start), problem))?;
        }
        if let Some(exposure) = window.exposure {
            draft
                .exposed(counts.start, exposure, &at)
                .map_err(|problem| (Some(Field::Exposure), problem))?;
        }
        let (start, end) = (counts.start, counts.end());
        draft
            .metrics
            .entry(series.0.clone())
            .or_default()
            .push(counts);
        draft.ends.insert(series, Last { start, end, at });
        Ok(())
    }

    pub(super) fn into_labels(self) -> BTreeMap<Key, Option<Timestamp>> {
        let onset = |(key, (onset, _))| (key, onset);
        self.labels.into_iter().map(onset).collect()
    }

    /// The rollouts, and what the labels say of them.
    pub(super) fn finish(self) -> (Vec<Rollout>, Labels) {
        let Self {
            drafts,
            labels: mut known,
        } = self;
        let mut labels = Labels::default();
        let mut rollouts: Vec<Rollout> = drafts
            .into_iter()
            .map(|(key, draft)| {
                let label = known.remove(&key).map(|(onset, _)| onset);
                labels.count(label);
                draft.finish(key, label.flatten())
            })
            .collect();
        labels.unused = known.into_keys().collect();
        past::join(&mut rollouts);
        rollouts.sort_by_cached_key(|rollout| {
            let began = rollout.began();
            (rollout.app.clone(), began, rollout.version.clone())
        });
        (rollouts, labels)
    }
}

impl Last {
    /// Whether a window comes after this one, as those of one series do.
    fn is_before(&self, next: &Paired, at: &At) -> Result<(), Problem> {
        if next.start >= self.end {
            return Ok(());
        }
        let place = self.at.from(&at.file);
        Err(if (next.start, next.end()) == (self.start, self.end) {
            Problem::Duplicate { first: place }
        } else if next.start < self.start {
            Problem::Backwards {
                before: place,
                start: self.start,
            }
        } else {
            Problem::Overlap {
                before: place,
                end: self.end,
            }
        })
    }
}

impl Draft {
    fn exposed(&mut self, start: Timestamp, exposure: Exposure, at: &At) -> Result<(), Problem> {
        match self.exposures.get(&start) {
            Some((known, first)) if *known != exposure => Err(Problem::OtherExposure {
                found: exposure.to_string().into(),
                known: known.to_string().into(),
                first: first.from(&at.file),
            }),
            Some(_) => Ok(()),
            None => {
                self.exposures.insert(start, (exposure, at.clone()));
                Ok(())
            }
        }
    }

    fn finish(self, (app, version): Key, onset: Option<Timestamp>) -> Rollout {
        let mut exposures: Vec<(Timestamp, Exposure)> = self
            .exposures
            .into_iter()
            .map(|(at, (exposure, _))| (at, exposure))
            .collect();
        exposures.dedup_by_key(|(_, exposure)| *exposure);
        let series = |(metric, mut windows): (Metric, Vec<Paired>)| {
            windows.sort_by(|a, b| (a.start, &a.stratum).cmp(&(b.start, &b.stratum)));
            MetricSeries {
                metric,
                source: SourceId("recording".into()),
                windows,
            }
        };
        let baseline = match self.baseline {
            Some(_) => Baseline::Read,
            None => Baseline::None,
        };
        Rollout {
            app,
            version,
            baseline: self.baseline,
            store: StoreKind::GooglePlay,
            exposures,
            metrics: self.metrics.into_iter().map(series).collect(),
            onset,
            terms: Terms::of(baseline),
        }
    }
}
