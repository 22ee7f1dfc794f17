//! What a book answers.

use chrono::TimeDelta;

use super::asked::{Entry, Test};
use super::book::Book;
use super::hours::Hour;
use super::past::{Basis, Clustering};
use super::running::{LN_NOTICE, Running};
use crate::domain::{Counts, Timestamp};
use crate::evidence::{bound, restarts};
use crate::policy::observation::Paired;

/// What the windows say about one limit, as ln E.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// The highest evidence over all window ends at which the new version is to blame; 0 where there is none.
    pub to_blame: f64,
    /// The evidence at the last end, whoever is to blame.
    pub now: f64,
    /// Counts of both versions behind it: since the most likely beginning of it, or of the range with the most evidence.
    pub counts: (Counts, Counts),
    /// When that was, where it was later than the first window.
    pub since: Option<Timestamp>,
    /// Failures that may be behind it. Once there is evidence, it only grows with more windows.
    pub failures: u64,
    /// Since when they are counted.
    pub failing_since: Option<Timestamp>,
    /// The past that the new version is compared with, where it is not the baseline beside it.
    pub basis: Option<Basis>,
}

impl Book {
    /// The new version's first trial, by the start of its window.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// The last window's end.
    pub fn through(&self) -> Option<Timestamp> {
        self.hours.ends.last().map(|end| end.at)
    }

    fn running(&self, entry: usize) -> Option<&Running> {
        self.hours.all.last()?.tests.get(entry)
    }

    /// The highest evidence so far that the new version is worse (margin 1), 0 or more; `None` without windows.
    pub fn worse(&self) -> Option<f64> {
        Some(self.running(0)?.record().highest)
    }

    /// Since when the new version has most likely been worse, where that was evident and not from its first window on.
    pub fn worse_since(&self) -> Option<Timestamp> {
        let record = self.running(0)?.record();
        record.noticed?;
        self.start_of(record.since)
    }

    /// The start of the hour with this place, where it is not the first.
    fn start_of(&self, place: usize) -> Option<Timestamp> {
        let later = place > 0 && !self.asked.ranges;
        let hour = self.hours.all.get(place).filter(|_| later);
        hour.map(|hour| hour.start)
    }

    /// The first end of that hour.
    pub(super) fn hour_from(&self, since: Option<Timestamp>) -> usize {
        self.hour(since)
            .map_or(self.hours.ends.len(), |(_, hour)| hour.end)
    }

    /// The hour that begins then (`None`: the first); of ranges the last one.
    fn hour(&self, since: Option<Timestamp>) -> Option<(usize, &Hour)> {
        let hours = &self.hours.all;
        let place = match since {
            _ if self.asked.ranges => hours.len().checked_sub(1)?,
            Some(since) => hours.partition_point(|hour| hour.start < since),
            None => 0,
        };
        Some((place, hours.get(place)?))
    }

    /// The baseline was read, and is too small to compare with.
    pub fn is_baseline_absent(&self) -> bool {
        self.hours.is_baseline_absent()
    }

    /// Counts of both versions since the evidence starts; of the last range for unique users, which do not add up.
    pub fn totals(&self) -> (Counts, Counts) {
        match self.hours.ends.last() {
            Some(end) if self.asked.ranges => end.counts(self.windows()),
            _ => self.counts_from(0),
        }
    }

    /// Counts of the new version over everything that ended by then, and what evidence from them costs (in nats); of the last
    /// such range for unique users.
    pub fn until(&self, by: Timestamp) -> Option<(Counts, f64)> {
        let ends = &self.hours.ends;
        let after = ends.partition_point(|end| end.at <= by);
        let place = after.checked_sub(1)?;
        let counts = if self.asked.ranges {
            ends.get(place)?.counts(self.windows()).0
        } else {
            let ((all, _), (later, _)) = (self.counts_from(0), self.counts_from(after));
            Counts {
                trials: all.trials.saturating_sub(later.trials),
                failures: all.failures.saturating_sub(later.failures),
            }
        };
        Some((counts, self.asked.cost(place)))
    }

    /// The windows that are evidence and ended by then, in order.
    pub fn weighed_until(&self, by: Timestamp) -> impl Iterator<Item = &Paired> {
        let ends = self.hours.ends.iter().take_while(move |end| end.at <= by);
        ends.flat_map(|end| end.windows(self.windows()))
    }

    /// Both versions from `since` on (`None`: from the beginning).
    pub fn counts_since(&self, since: Option<Timestamp>) -> (Counts, Counts) {
        match (since, self.hour(since)) {
            (Some(_), Some((_, hour))) => self.counts_from(hour.end),
            _ => self.totals(),
        }
    }

    /// Counts of both versions over the last `reach`, back from the last end.
    pub fn lately(&self, reach: TimeDelta) -> (Counts, Counts) {
        let ends = &self.hours.ends;
        match ends.last() {
            Some(last) if !self.asked.ranges => {
                let long_ago = |at| last.at - at >= reach && at != last.at;
                let k = ends.partition_point(|end| long_ago(end.at));
                self.counts_from(k)
            }
            _ => self.totals(),
        }
    }

    /// How many times the baseline's failures since `since` (`None`: from the beginning), window by window.
    pub fn ratio(&self, since: Option<Timestamp>) -> Option<f64> {
        let (place, _) = self.hour(since)?;
        let (mut above, mut below) = (0.0, 0.0);
        if place == 0 {
            (above, below) = self.hours.mantel();
        } else {
            for hour in self.hours.all.iter().skip(place) {
                (above, below) = (above + hour.mantel.0, below + hour.mantel.1);
            }
        }
        (below > 0.0).then(|| above / below)
    }

    /// A lower bound of that ratio, valid at any time with confidence 1 − `alpha`, for a version that has been worse since
    /// `since`: it is bought with the stake of that start alone, so that it is valid whichever start the data have chosen.
    pub fn ratio_lower(&self, since: Option<Timestamp>, alpha: f64) -> Option<f64> {
        let (_, hour) = self.hour(since)?;
        let stake = if self.asked.ranges {
            let last = self.hours.ends.len().checked_sub(1)?;
            (-self.asked.cost(last)).exp()
        } else {
            restarts::stake(hour.number)
        };
        let ends = self.hours.ends.iter().skip(hour.end);
        let own = ends.flat_map(|end| end.windows(self.windows()));
        let pairs: Vec<_> = own.map(|window| (window.new, window.old)).collect();
        let divisor = self.past.clustering.divisor();
        bound::ratio_lower_bound(&pairs, alpha * stake, divisor)
    }

    /// Failure shares of the new version at the last `most` ends, oldest first.
    pub fn trend(&self, most: usize) -> Vec<Option<f64>> {
        let ends = &self.hours.ends;
        let last = ends.iter().skip(ends.len().saturating_sub(most));
        last.map(|end| end.counts(self.windows()).0.failure_rate())
            .collect()
    }

    /// Most trials of the new version in one end: of unique users, that many have run it at least.
    pub fn most_trials(&self) -> Option<u64> {
        let ends = self.hours.ends.iter();
        ends.map(|end| end.counts(self.windows()).0.trials).max()
    }

    /// Most failures of the new version in one end after `since` (`None`: in any). More ends never make it less.
    pub fn most_failures(&self, since: Option<Timestamp>) -> u64 {
        let ends = self.hours.ends.iter().rev();
        let after = ends.take_while(|end| since.is_none_or(|since| end.at > since));
        let failures = after.map(|end| end.counts(self.windows()).0.failures);
        failures.max().unwrap_or(0)
    }

    /// Whether a halt may rest on counts that cluster so.
    pub fn may_halt(&self) -> bool {
        self.past.clustering != Clustering::Unknown
    }

    fn tests_of(&self, rule: usize) -> impl Iterator<Item = (&Entry, &Running)> {
        let running = self.hours.all.last();
        let running = running.into_iter().flat_map(|hour| &hour.tests);
        let tests = self.asked.entries.iter().zip(running);
        tests.filter(move |(entry, _)| entry.rule == Some(rule))
    }

    /// Whether the limit of the policy's rule at this place is held against the past too.
    pub fn has_history(&self, rule: usize) -> bool {
        self.tests_of(rule)
            .any(|(entry, _)| matches!(entry.test, Test::History(_)))
    }

    /// ln E at the last end.
    fn now(&self, entry: &Entry, running: &Running) -> f64 {
        let last = self.hours.ends.len().saturating_sub(1);
        let evidence = match entry.test {
            Test::Drop { points, divisor } => {
                let evidence = self.asked.drop(points, divisor, self.totals());
                evidence.unwrap_or(0.0)
            }
            _ => running.now(),
        };
        evidence - self.asked.cost(last)
    }

    /// Whether nothing about the limit of the policy's rule at this place is worth a look: the same as of its weight, sooner.
    pub fn is_quiet(&self, rule: usize) -> bool {
        let last = self.hours.ends.len().saturating_sub(1);
        let notice = LN_NOTICE + self.asked.cost(last);
        self.tests_of(rule).all(|(entry, running)| {
            // What counts at every end is in the record already.
            running.record().highest < LN_NOTICE
                && (!entry.blamed
                    || match entry.test {
                        Test::Drop { .. } => self.now(entry, running) < LN_NOTICE,
                        _ => !running.reaches(notice),
                    })
        })
    }

    /// What the windows say about the limit of the policy's rule at this place: the strongest of its tests; `None` where
    /// nothing is tested.
    pub fn weight(&self, rule: usize) -> Option<Weight> {
        let (entry, running) = self
            .tests_of(rule)
            .max_by(|(_, a), (_, b)| a.record().highest.total_cmp(&b.record().highest))?;
        let (record, now) = (*running.record(), self.now(entry, running));
        let end = self.hours.ends.get(record.at);
        let basis = match entry.test {
            Test::History(_) => end
                .and_then(|end| self.past.at(end.age()))
                .map(|(basis, _)| basis),
            _ => None,
        };
        let mut weight = Weight {
            to_blame: record.highest,
            now,
            counts: self.totals(),
            since: None,
            failures: 0,
            failing_since: None,
            basis,
        };
        if self.asked.ranges {
            if let Some(end) = end.filter(|_| record.highest >= now.max(LN_NOTICE)) {
                weight.counts = end.counts(self.windows());
            }
            weight.failures = match record.noticed {
                Some(_) => record.failures,
                None => weight.counts.0.failures,
            };
            return Some(weight);
        }
        let place = if record.highest >= now.max(LN_NOTICE) {
            record.since
        } else if now >= LN_NOTICE {
            running.began()
        } else {
            0
        };
        weight.counts = self.counts_of(place);
        weight.since = self.start_of(place);
        let failing = record.noticed.map_or(place, |_| record.earliest);
        weight.failures = self.counts_of(failing).0.failures;
        weight.failing_since = self.start_of(failing);
        Some(weight)
    }

    fn counts_of(&self, place: usize) -> (Counts, Counts) {
        let hour = self.hours.all.get(place);
        self.counts_from(hour.map_or(0, |hour| hour.end))
    }

    /// Of both versions, from this end on.
    fn counts_from(&self, k: usize) -> (Counts, Counts) {
        self.hours.counts(k, self.windows())
    }
}
