//! One metric's windows in order, and the evidence at each of their ends.

use chrono::TimeDelta;

use super::Terms;
use super::past::Past;
use super::scales::{End, Running, Scales, Test, Tests, Weight};
use crate::domain::{Counts, Metric, SourceId, Timestamp};
use crate::evidence::bound;
use crate::policy::observation::Paired;
use crate::policy::rule::Policy;

/// How far back the baseline's presence is judged: long enough to smooth a small app, short enough to notice that a rollout was
/// completed.
const LATELY: TimeDelta = TimeDelta::hours(6);

/// Evidence that began later must be so much stronger (in nats) to be told as such.
const CLEARLY: f64 = 2.0;

/// Everything of one metric.
#[derive(Clone, Debug)]
pub struct Book {
    metric: Metric,
    source: SourceId,
    terms: Terms,
    policy: Policy,
    /// By end, start and stratum.
    windows: Vec<Paired>,
    /// Start of the new version's first window with a trial, and of the first one that counts as evidence.
    first: Option<Timestamp>,
    past: Past,
    tests: Tests,
    /// The ends that are evidence.
    ends: Vec<End>,
    scales: Scales,
    /// The scales before the first end of each hour, and before the last end: the place of the end, and of its first window.
    marks: Vec<Mark>,
    last: Option<Mark>,
}

/// A checkpoint.
#[derive(Clone, Debug)]
struct Mark {
    end: usize,
    window: usize,
    scales: Scales,
}

impl Book {
    pub(super) fn new(policy: &Policy, terms: Terms, metric: Metric, source: SourceId) -> Self {
        let past = Past::new(&[], Timestamp::UNIX_EPOCH, metric.counts_users(), &terms);
        let tests = Tests::new(policy, &metric, terms.baseline, &past);
        let scales = Scales::new(&tests);
        Self {
            metric,
            source,
            terms,
            policy: policy.clone(),
            windows: Vec::new(),
            first: None,
            past,
            tests,
            ends: Vec::new(),
            scales,
            marks: Vec::new(),
            last: None,
        }
    }

    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// By end, start and stratum.
    pub fn windows(&self) -> &[Paired] {
        &self.windows
    }

    /// What the baseline was before the new version came.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// From `since` on the windows are these; earlier ones stay.
    pub(super) fn set(&mut self, since: Option<Timestamp>, windows: Vec<Paired>) {
        // What ends by then starts before it, and stays.
        let kept = since.map_or(0, |since| {
            self.windows.partition_point(|window| window.end() <= since)
        });
        let before = self.windows.split_off(kept);
        let stays = |window: &&Paired| since.is_some_and(|since| window.start < since);
        let mut after: Vec<Paired> = before.iter().filter(stays).cloned().collect();
        after.extend(
            windows
                .into_iter()
                .filter(|window| since.is_none_or(|since| window.start >= since)),
        );
        after.sort_by(in_order);
        let same = before
            .iter()
            .zip(&after)
            .take_while(|(before, after)| before == after)
            .count();
        let changed = [before.get(same), after.get(same)]
            .into_iter()
            .flatten()
            .map(Paired::end)
            .min();
        self.windows.append(&mut after);
        if let Some(end) = changed {
            self.weigh_from(kept + same, end);
        }
    }

    /// Adds one window.
    pub(super) fn push(&mut self, window: Paired) {
        let (start, end) = (window.start, window.end());
        if self
            .windows
            .last()
            .is_none_or(|last| in_order(last, &window).is_lt())
        {
            let at = self.windows.len();
            self.windows.push(window);
            self.weigh_from(at, end);
        } else {
            let same = |other: &&Paired| {
                (other.start, &other.stratum) != (start, &window.stratum) && other.start >= start
            };
            let mut tail: Vec<Paired> = self.windows.iter().filter(same).cloned().collect();
            tail.push(window);
            self.set(Some(start), tail);
        }
    }

    /// Weighs what has changed: windows from this place on, which end at `end` or later.
    fn weigh_from(&mut self, changed: usize, end: Timestamp) {
        let place = self.ends.partition_point(|known| known.at < end);
        let began = self.ends.first().map(|first| first.from);
        let mark = self
            .last
            .take()
            .filter(|mark| mark.end <= place)
            .or_else(|| {
                self.marks
                    .truncate(self.marks.partition_point(|mark| mark.end <= place));
                self.marks.last().cloned()
            });
        match (began, mark) {
            // The first end itself may have moved, so that everything starts anew.
            (Some(began), Some(mark)) if changed > began && place > 0 => {
                self.marks.retain(|known| known.end <= mark.end);
                self.ends.truncate(mark.end);
                self.scales = mark.scales;
                self.weigh(mark.window);
            }
            _ => self.begin(),
        }
    }

    fn begin(&mut self) {
        self.ends.clear();
        self.marks.clear();
        self.last = None;
        let has_new = |window: &&Paired| window.new.trials > 0;
        let Some(first) = self.windows.iter().find(has_new).map(Paired::end) else {
            self.first = None;
            let far = Timestamp::MAX_UTC;
            self.past = Past::new(&self.windows, far, self.metric.counts_users(), &self.terms);
            self.ready();
            return;
        };
        let ends_then = self.windows.iter().filter(|window| window.end() == first);
        let first = ends_then.map(|window| window.start).min().unwrap_or(first);
        self.first = Some(first);
        self.past = Past::new(
            &self.windows,
            first,
            self.metric.counts_users(),
            &self.terms,
        );
        self.ready();
        let counts = |window: &Paired| self.terms.from.is_none_or(|from| window.start >= from);
        let evidence = self
            .windows
            .iter()
            .find(|window| window.new.trials > 0 && counts(window))
            .map(Paired::end);
        if let Some(end) = evidence {
            self.weigh(self.windows.partition_point(|window| window.end() < end));
        }
    }

    fn ready(&mut self) {
        self.tests = Tests::new(&self.policy, &self.metric, self.terms.baseline, &self.past);
        self.scales = Scales::new(&self.tests);
    }

    /// Weighs all windows from this place on, which is the first of an end.
    fn weigh(&mut self, from: usize) {
        let Self {
            windows,
            terms,
            first,
            tests,
            ends,
            scales,
            marks,
            last,
            ..
        } = self;
        let mut from = from;
        while let Some(at) = windows.get(from).map(Paired::end) {
            let rest = windows.get(from..).unwrap_or_default();
            let many = rest.iter().take_while(|window| window.end() == at).count();
            let group = rest.get(..many).unwrap_or_default();
            // An end that straddles a resume counts with what began after it.
            let counts = |window: &&Paired| terms.from.is_none_or(|from| window.start >= from);
            let own = group
                .iter()
                .position(|window| counts(&window))
                .unwrap_or(many);
            let own = group.get(own..).unwrap_or_default();
            if let Some(start) = own.iter().map(|window| window.start).min() {
                let began = ends.first().map_or(start, |end| end.start);
                let hour = u64::try_from((start - began).num_hours()).unwrap_or(0);
                let k = ends.len();
                let end = End::after(ends.last(), at, start, hour, from, own);
                let is_last = from + many == windows.len();
                if is_last
                    || marks
                        .last()
                        .is_none_or(|mark| ends.get(mark.end).is_none_or(|end| end.hour < hour))
                {
                    let mark = Mark {
                        end: k,
                        window: from,
                        scales: scales.clone(),
                    };
                    if is_last {
                        *last = Some(mark.clone());
                    }
                    if marks
                        .last()
                        .is_none_or(|mark| ends.get(mark.end).is_none_or(|end| end.hour < hour))
                    {
                        marks.push(mark);
                    }
                }
                while scales.lately < k
                    && ends
                        .get(scales.lately)
                        .is_some_and(|old| at - old.at > LATELY)
                {
                    scales.lately += 1;
                }
                let gone = scales.lately.checked_sub(1).and_then(|gone| ends.get(gone));
                let recent = if tests.ranges {
                    (end.new, end.old)
                } else {
                    end.minus(gone)
                };
                let age = first.map_or(TimeDelta::zero(), |first| start - first);
                scales.weigh(tests, k, &end, own, recent, age);
                ends.push(end);
            }
            from += many;
        }
    }
}

fn in_order(a: &Paired, b: &Paired) -> std::cmp::Ordering {
    (a.end(), a.start, &a.stratum).cmp(&(b.end(), b.start, &b.stratum))
}

impl End {
    fn after(
        before: Option<&Self>,
        at: Timestamp,
        start: Timestamp,
        hour: u64,
        from: usize,
        windows: &[Paired],
    ) -> Self {
        let new: Counts = windows.iter().map(|window| window.new).sum();
        let old: Counts = windows.iter().map(|window| window.old).sum();
        let (mut above, mut below) = before.map_or((0.0, 0.0), |before| before.mantel);
        for window in windows {
            let (over, under) = bound::mantel_haenszel(window.new, window.old);
            (above, below) = (above + over, below + under);
        }
        Self {
            at,
            start,
            hour,
            from,
            new,
            old,
            new_sum: before.map_or(Counts::default(), |before| before.new_sum) + new,
            old_sum: before.map_or(Counts::default(), |before| before.old_sum) + old,
            mantel: (above, below),
        }
    }

    /// Counts of both versions after `gone`, up to this end.
    fn minus(&self, gone: Option<&Self>) -> (Counts, Counts) {
        let less = |all: Counts, gone: Counts| Counts {
            trials: all.trials.saturating_sub(gone.trials),
            failures: all.failures.saturating_sub(gone.failures),
        };
        gone.map_or((self.new_sum, self.old_sum), |gone| {
            (
                less(self.new_sum, gone.new_sum),
                less(self.old_sum, gone.old_sum),
            )
        })
    }
}

/// What may be asked.
impl Book {
    /// The new version's first trial, by the start of its window.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// The last window's end.
    pub fn through(&self) -> Option<Timestamp> {
        self.ends.last().map(|end| end.at)
    }

    /// The highest evidence so far that the new version is worse (margin 1), and how far it reached back; `None` without
    /// windows.
    pub fn worse(&self) -> Option<f64> {
        (!self.ends.is_empty()).then_some(self.scales.worse.highest)
    }

    /// Since when the new version has most likely been worse, where that was not from its first window on.
    pub fn worse_since(&self) -> Option<Timestamp> {
        let (_, start) = self.began(|scales| Some(&scales.worse))?;
        Some(start)
    }

    /// The baseline was read, and is too small to compare with.
    pub fn is_baseline_absent(&self) -> bool {
        self.scales.absent
    }

    /// Counts of both versions since the evidence starts; of the last range for unique users, which do not add up.
    pub fn totals(&self) -> (Counts, Counts) {
        let last = self.ends.last();
        last.map_or(Default::default(), |end| {
            if self.tests.ranges {
                (end.new, end.old)
            } else {
                (end.new_sum, end.old_sum)
            }
        })
    }

    /// Counts of the new version over everything that ended by then, and what evidence from them costs (in nats); of the last
    /// such range for unique users.
    pub fn until(&self, by: Timestamp) -> Option<(Counts, f64)> {
        let place = self
            .ends
            .partition_point(|end| end.at <= by)
            .checked_sub(1)?;
        let end = self.ends.get(place)?;
        let ranges = self.tests.ranges;
        let counts = if ranges { end.new } else { end.new_sum };
        Some((counts, super::scales::cost(ranges, place)))
    }

    /// Counts of both versions over the last `reach`, back from the last end.
    pub fn lately(&self, reach: TimeDelta) -> (Counts, Counts) {
        let Some(last) = self.ends.last() else {
            return Default::default();
        };
        if self.tests.ranges {
            return (last.new, last.old);
        }
        let skip = self
            .ends
            .partition_point(|end| last.at - end.at >= reach && end.at != last.at);
        last.minus(skip.checked_sub(1).and_then(|gone| self.ends.get(gone)))
    }

    /// How many times the baseline's failures since `since` (`None`: from the beginning), window by window.
    pub fn ratio(&self, since: Option<Timestamp>) -> Option<f64> {
        let last = self.ends.last()?;
        let place = since.map_or(0, |since| {
            self.ends.partition_point(|end| end.start < since)
        });
        let place = if self.tests.ranges {
            self.ends.len() - 1
        } else {
            place
        };
        let (mut above, mut below) = last.mantel;
        if let Some(gone) = place.checked_sub(1).and_then(|gone| self.ends.get(gone)) {
            (above, below) = (above - gone.mantel.0, below - gone.mantel.1);
        }
        (below > 0.0).then(|| above / below)
    }

    /// A lower bound of that ratio, valid at any time with confidence 1 − `alpha`, for a version that has been worse since
    /// `since`. It is never above the one of all restarts together.
    pub fn ratio_lower(&self, since: Option<Timestamp>, alpha: f64) -> Option<f64> {
        let place = since.map_or(0, |since| {
            self.ends.partition_point(|end| end.start < since)
        });
        let place = if self.tests.ranges {
            self.ends.len().checked_sub(1)?
        } else {
            place
        };
        let first = self.ends.get(place)?;
        let stake = if self.tests.ranges {
            1.0
        } else {
            crate::evidence::restarts::stake(first.hour)
        };
        let pairs: Vec<_> = self
            .windows
            .get(first.from..)?
            .iter()
            .filter(|window| window.start >= first.start)
            .map(|window| (window.new, window.old))
            .collect();
        let divisor = self.past.clustering.divisor();
        bound::ratio_lower_bound(&pairs, alpha * stake, divisor)
    }

    /// Failure shares of the new version at the last `most` ends, oldest first.
    pub fn trend(&self, most: usize) -> Vec<Option<f64>> {
        let skip = self.ends.len().saturating_sub(most);
        self.ends
            .iter()
            .skip(skip)
            .map(|end| end.new.failure_rate())
            .collect()
    }

    /// Most trials of the new version in one end: of unique users, that many have run it at least.
    pub fn most_trials(&self) -> Option<u64> {
        self.ends.iter().map(|end| end.new.trials).max()
    }

    /// Most failures of the new version in one end, and the last end.
    pub fn most_failures(&self) -> Option<(u64, Timestamp)> {
        let most = self.ends.iter().map(|end| end.new.failures).max()?;
        Some((most, self.through()?))
    }

    /// What the windows say about the limit of the policy's rule at this place: the strongest of its tests; `None` where
    /// nothing is tested.
    pub fn weight(&self, rule: usize) -> Option<Weight> {
        let entries = self
            .tests
            .entries
            .iter()
            .zip(&self.scales.entries)
            .enumerate();
        let (place, (entry, running)) = entries
            .filter(|(_, (entry, _))| entry.rule == rule)
            .max_by(|(_, (_, a)), (_, (_, b))| a.highest.total_cmp(&b.highest))?;
        let basis = match entry.test {
            Test::History(_) => self
                .first
                .and_then(|first| self.past.at(self.through()? - first))
                .map(|(basis, _)| basis),
            _ => None,
        };
        let mut weight = Weight {
            to_blame: running.highest,
            now: running.now,
            counts: self.totals(),
            since: None,
            basis,
        };
        if self.tests.ranges {
            let range = self.ends.get(running.at);
            weight.counts = range.map_or(weight.counts, |end| (end.new, end.old));
        }
        if running.highest >= super::scales::LN_NOTICE
            && let Some((gone, start)) = self.began(|scales| scales.entries.get(place))
            && let Some(last) = self.ends.last()
        {
            weight.counts = last.minus(gone);
            weight.since = Some(start);
        }
        Some(weight)
    }

    /// The most likely beginning of a test's evidence among the hours, where it is clearly later than the first: the last end
    /// before it, and its start.
    fn began<'a>(
        &'a self,
        of: impl Fn(&'a Scales) -> Option<&'a Running>,
    ) -> Option<(Option<&'a End>, Timestamp)> {
        if self.tests.ranges {
            return None;
        }
        let now = of(&self.scales)?;
        let from_start = self
            .marks
            .first()
            .and_then(|mark| of(&mark.scales))
            .map(|before| now.since(before))?;
        let starts = self
            .marks
            .iter()
            .skip(1)
            .filter_map(|mark| Some((now.since(of(&mark.scales)?), mark)));
        let (evidence, mark) = starts.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
        if evidence < from_start + CLEARLY {
            return None;
        }
        let gone = mark.end.checked_sub(1).and_then(|gone| self.ends.get(gone));
        Some((gone, self.ends.get(mark.end)?.start))
    }
}
