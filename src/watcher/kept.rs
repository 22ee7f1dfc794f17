//! The ledger of an app, kept between polls.
//!
//! The journal is the truth. What is kept is what a ledger made anew from the journal would be, so that a poll costs the
//! reading of what its report touched. Whenever that cannot be told, or what the ledger is made of has changed (another
//! release, a resume, another policy, a restart), it is made anew. Must not judge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::{AppId, Counts, Metric, SourceId, SourceReport, Timestamp};
use crate::policy::observation::Baseline;
use crate::policy::{Ledger, MetricSeries, Paired, Policy, Terms};
use crate::ports::{Journal, JournalError, Series};

/// How far back evidence may reach, and how far before the new version's first session the baseline's past.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// What a ledger is made of, beside policy and stored windows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recipe {
    pub app: AppId,
    /// In the order of the config: of two that carry a metric, the first counts.
    pub sources: Vec<SourceId>,
    /// Keys of the version watched and of its baseline.
    pub new: String,
    pub old: Option<String>,
    pub baseline: Baseline,
    /// Since a person's resume.
    pub evidence_from: Option<Timestamp>,
    /// When haltline first saw the baseline's own rollout, where it did.
    pub old_seen: Option<Timestamp>,
    /// Of the past: what had been read by then. `None` is now.
    pub as_of: Option<Timestamp>,
}

/// From where on a report touched a source's metrics.
#[derive(Debug)]
pub(super) struct Touched {
    source: SourceId,
    from: BTreeMap<Metric, Timestamp>,
}

impl Touched {
    pub(super) fn by(source: &SourceId, report: &SourceReport) -> Self {
        let mut from = BTreeMap::<Metric, Timestamp>::new();
        for reading in &report.readings {
            from.entry(reading.metric.clone())
                .and_modify(|from| *from = reading.start.min(*from))
                .or_insert(reading.start);
        }
        let source = source.clone();
        Self { source, from }
    }

    /// The metrics that were touched from the same moment on.
    pub(super) fn groups(&self) -> BTreeMap<Timestamp, Vec<Metric>> {
        let mut groups = BTreeMap::<Timestamp, Vec<Metric>>::new();
        for (metric, from) in &self.from {
            groups.entry(*from).or_default().push(metric.clone());
        }
        groups
    }
}

/// A ledger, and what it was made of.
#[derive(Debug)]
pub(super) struct Kept {
    recipe: Recipe,
    /// Start of the new version's first window with a trial, in any source.
    first: Option<Timestamp>,
    ledger: Arc<Ledger>,
    /// What other sources say of metrics that an earlier one carries, strata together.
    seconds: Arc<Vec<MetricSeries>>,
}

impl Kept {
    /// The ledger after a report that the journal has taken in (`None`: nothing was reported): `kept` brought up to date where
    /// that can be done, else one made anew.
    pub(super) fn after(
        kept: Option<Self>,
        recipe: Recipe,
        policy: &Policy,
        journal: &dyn Journal,
        touched: Option<&Touched>,
        now: Timestamp,
    ) -> Result<Self, JournalError> {
        if let Some(mut kept) = kept.filter(|kept| kept.serves(&recipe, policy, now))
            && kept.take_in(policy, journal, touched)?
        {
            return Ok(kept);
        }
        Self::anew(recipe, policy, journal, now)
    }

    pub(super) fn anew(
        recipe: Recipe,
        policy: &Policy,
        journal: &dyn Journal,
        now: Timestamp,
    ) -> Result<Self, JournalError> {
        let read = |version: &String, since| {
            let versions = std::slice::from_ref(version);
            let mut stored = journal.readings(&recipe.app, versions, None, since, recipe.as_of)?;
            stored.retain(|series| recipe.sources.contains(&series.source));
            Ok::<_, JournalError>(stored)
        };
        let mut stored = read(&recipe.new, Timestamp::UNIX_EPOCH)?;
        let first = first_trial(&stored, Timestamp::UNIX_EPOCH);
        let mut old_began = None;
        if let Some(old) = &recipe.old {
            let before = midnight(first.unwrap_or(now)) - LOOK_BACK;
            let seen = recipe.old_seen.map(|seen| seen - LOOK_BACK);
            let mut past = read(old, seen.map_or(before, |seen| seen.min(before)))?;
            old_began = own_rollout(&past, recipe.old_seen);
            for series in &mut past {
                series.windows.retain(|window| {
                    let own = |began: Timestamp| {
                        window.start >= began && window.start < began + LOOK_BACK
                    };
                    window.start >= before || old_began.is_some_and(own)
                });
            }
            stored.extend(past);
        }
        let terms = Terms {
            baseline: recipe.baseline,
            from: recipe.evidence_from(first, now),
            old_began,
            independent: false,
        };
        let ledger = Ledger::of(policy, terms, recipe.series(&stored));
        let seconds = recipe.seconds(&stored, first);
        Ok(Self {
            recipe,
            first,
            ledger: Arc::new(ledger),
            seconds: Arc::new(seconds),
        })
    }

    /// The ledger and second opinions for one observation; as long as it lives, they cannot be brought up to date without a copy.
    pub(super) fn told(&self) -> (Arc<Ledger>, Arc<Vec<MetricSeries>>) {
        (Arc::clone(&self.ledger), Arc::clone(&self.seconds))
    }

    fn serves(&self, recipe: &Recipe, policy: &Policy, now: Timestamp) -> bool {
        self.recipe == *recipe
            && self.ledger.is_for(policy)
            && self.ledger.terms().from == recipe.evidence_from(self.first, now)
    }

    /// Reads from the journal what the report touched. False where a ledger made anew might be another one.
    fn take_in(
        &mut self,
        policy: &Policy,
        journal: &dyn Journal,
        touched: Option<&Touched>,
    ) -> Result<bool, JournalError> {
        let Some(first) = self.first else {
            return Ok(false);
        };
        let Some(Touched { source, from }) = touched else {
            return Ok(true);
        };
        let mut groups = BTreeMap::<Timestamp, Vec<Metric>>::new();
        let mut seconds = BTreeMap::<Timestamp, Vec<Metric>>::new();
        for (metric, from) in from {
            let Some(book) = self.ledger.book(metric) else {
                return Ok(false);
            };
            // The journal cuts an older window that the report reached into.
            let own = |series: &&MetricSeries| series.metric == *metric && series.source == *source;
            let windows = match self.seconds.iter().find(own) {
                Some(series) => &series.windows,
                None if book.source() == source => book.windows(),
                None => &[],
            };
            // By end, as a book has them.
            let skip = if book.source() == source {
                windows.partition_point(|window| window.end() <= *from)
            } else {
                0
            };
            let reach = windows
                .iter()
                .skip(skip)
                .filter(|window| window.end() > *from);
            let reach = reach.map(|window| window.start).min();
            let from = reach.map_or(*from, |start| start.min(*from));
            if from < first {
                return Ok(false);
            }
            if book.source() == source {
                groups.entry(from).or_default().push(metric.clone());
            } else if from == first || self.recipe.rank(source) < self.recipe.rank(book.source()) {
                return Ok(false);
            } else {
                seconds.entry(from).or_default().push(metric.clone());
            }
        }
        let versions: Vec<String> = self.recipe.versions().cloned().collect();
        let ledger = Arc::make_mut(&mut self.ledger);
        for (from, metrics) in groups {
            let mut stored =
                journal.readings(&self.recipe.app, &versions, Some(&metrics), from, None)?;
            stored.retain(|series| series.source == *source);
            let of_new = stored
                .iter()
                .filter(|series| series.version == self.recipe.new);
            if from == first && first_trial(of_new, first) != Some(first) {
                return Ok(false);
            }
            for metric in metrics {
                let series = stored.iter().filter(|series| series.metric == metric);
                let windows = side_by_side(series, &self.recipe.new);
                ledger.set(policy, &metric, source, Some(from), windows);
                if ledger
                    .book(&metric)
                    .is_none_or(|book| book.windows().is_empty())
                {
                    return Ok(false);
                }
            }
        }
        self.hear(seconds, source, &versions, journal)?;
        Ok(true)
    }

    /// Reads what a second source says anew, of these metrics from then on.
    fn hear(
        &mut self,
        groups: BTreeMap<Timestamp, Vec<Metric>>,
        source: &SourceId,
        versions: &[String],
        journal: &dyn Journal,
    ) -> Result<(), JournalError> {
        for (from, metrics) in groups {
            let mut stored =
                journal.readings(&self.recipe.app, versions, Some(&metrics), from, None)?;
            stored.retain(|series| series.source == *source);
            let seconds = Arc::make_mut(&mut self.seconds);
            for metric in metrics {
                let series = stored.iter().filter(|series| series.metric == metric);
                let mut windows = together(side_by_side(series, &self.recipe.new));
                windows.retain(|window| window.start >= from);
                let rank = |of: &MetricSeries| (of.metric.clone(), self.recipe.rank(&of.source));
                let place = (metric.clone(), self.recipe.rank(source));
                match seconds.binary_search_by(|known| rank(known).cmp(&place)) {
                    Ok(at) => {
                        if let Some(known) = seconds.get_mut(at) {
                            known.windows.retain(|window| window.start < from);
                            known.windows.extend(windows);
                        }
                    }
                    Err(at) => {
                        let source = source.clone();
                        seconds.insert(
                            at,
                            MetricSeries {
                                metric,
                                source,
                                windows,
                            },
                        );
                    }
                }
            }
            seconds.retain(|series| !series.windows.is_empty());
        }
        Ok(())
    }
}

impl Recipe {
    fn versions(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.new).chain(&self.old)
    }

    fn rank(&self, source: &SourceId) -> Option<usize> {
        self.sources.iter().position(|known| known == source)
    }

    /// Where evidence begins: at a resume, and at most two weeks back. By whole days, so that a long rollout's evidence moves on
    /// once a day.
    fn evidence_from(&self, first: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let oldest = midnight(now - LOOK_BACK);
        let oldest = first.filter(|first| *first < oldest).map(|_| oldest);
        self.evidence_from.max(oldest)
    }

    /// One series a metric, from the first source that carries it, both versions side by side.
    fn series(&self, stored: &[Series]) -> Vec<MetricSeries> {
        let metrics: BTreeSet<&Metric> = stored.iter().map(|series| &series.metric).collect();
        let paired = |metric: &Metric| {
            let of_metric = || stored.iter().filter(|series| series.metric == *metric);
            let carries = |id: &&SourceId| of_metric().any(|series| series.source == **id);
            let source = self.sources.iter().find(carries)?;
            let carried = of_metric().filter(|series| series.source == *source);
            Some(MetricSeries {
                metric: metric.clone(),
                source: source.clone(),
                windows: side_by_side(carried, &self.new),
            })
        };
        metrics.into_iter().filter_map(paired).collect()
    }

    /// What sources say of a metric that an earlier one carries, since the version's first window: by metric and precedence.
    fn seconds(&self, stored: &[Series], first: Option<Timestamp>) -> Vec<MetricSeries> {
        let Some(first) = first else {
            return Vec::new();
        };
        let metrics: BTreeSet<&Metric> = stored.iter().map(|series| &series.metric).collect();
        let mut seconds = Vec::new();
        for metric in metrics {
            let of = |id: &SourceId| {
                let carries = |series: &&Series| series.metric == *metric && series.source == *id;
                stored.iter().filter(carries).collect::<Vec<_>>()
            };
            let carried = self.sources.iter().map(|id| (id, of(id)));
            let carried = carried.filter(|(_, series)| !series.is_empty());
            for (source, series) in carried.skip(1) {
                let mut windows = together(side_by_side(series.into_iter(), &self.new));
                windows.retain(|window| window.start >= first);
                if !windows.is_empty() {
                    seconds.push(MetricSeries {
                        metric: metric.clone(),
                        source: source.clone(),
                        windows,
                    });
                }
            }
        }
        seconds
    }
}

/// Strata of one window added up.
fn together(windows: Vec<Paired>) -> Vec<Paired> {
    let mut all: Vec<Paired> = Vec::with_capacity(windows.len());
    for window in windows {
        match all.last_mut() {
            Some(last) if (last.start, last.seconds) == (window.start, window.seconds) => {
                (last.new, last.old) = (last.new + window.new, last.old + window.old);
            }
            _ => all.push(Paired {
                stratum: String::new(),
                ..window
            }),
        }
    }
    all
}

/// The first window with a trial that starts at `since` or later.
fn first_trial<'a>(
    stored: impl IntoIterator<Item = &'a Series>,
    since: Timestamp,
) -> Option<Timestamp> {
    let windows = stored.into_iter().flat_map(|series| &series.windows);
    let told = windows.filter(|window| window.counts.trials > 0 && window.start >= since);
    told.map(|window| window.start).min()
}

/// When the baseline's own rollout began by its first session, where the journal has it from then on: the new version's age
/// is counted from its first session too, which may be some days before the store says that it is in progress.
pub(super) fn own_rollout(stored: &[Series], seen: Option<Timestamp>) -> Option<Timestamp> {
    let seen = seen?;
    first_trial(stored, seen - LOOK_BACK).filter(|first| *first < seen + TimeDelta::days(1))
}

fn midnight(at: Timestamp) -> Timestamp {
    at - TimeDelta::seconds(at.timestamp().rem_euclid(86_400))
        - TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos()))
}

/// The windows of both versions by start, length and stratum, one that both have as one.
pub(crate) fn side_by_side<'a>(stored: impl Iterator<Item = &'a Series>, new: &str) -> Vec<Paired> {
    let mut windows: Vec<Paired> = stored
        .flat_map(|series| {
            let is_new = series.version == new;
            series.windows.iter().map(move |window| {
                let none = Counts::default();
                let (new, old) = if is_new {
                    (window.counts, none)
                } else {
                    (none, window.counts)
                };
                Paired {
                    start: window.start,
                    seconds: window.seconds,
                    stratum: series.stratum.clone(),
                    new,
                    old,
                }
            })
        })
        .collect();
    let key = |window: &Paired| (window.start, window.seconds);
    windows.sort_by(|a, b| (key(a), &a.stratum).cmp(&(key(b), &b.stratum)));
    windows.dedup_by(|again, first| {
        let same = (key(again), &again.stratum) == (key(first), &first.stratum);
        if same {
            // A version has one window a start and stratum, so that one of the two is nought.
            (first.new, first.old) = (first.new + again.new, first.old + again.old);
        }
        same
    });
    windows
}

#[cfg(test)]
mod tests;
