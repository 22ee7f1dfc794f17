//! One metric's windows in order, and the evidence at each of their ends.
//!
//! Must not know actions or thresholds.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::{Counts, Timestamp};
use crate::evidence::{LimitTest, Restarts, SplitTest, bound};
use crate::policy::observation::{Baseline, MetricSeries, Paired};
use crate::policy::rule::Limit;

/// ln 20: evidence at which anything is worth a look.
pub(super) const LN_NOTICE: f64 = 2.995_732_273_553_991;

/// The baseline is absent once its share of the trials of the last hours is below this.
const ABSENT: f64 = 0.1;

/// How far those hours reach back: long enough to smooth a small app, short enough to notice that a rollout was completed.
const LATELY: TimeDelta = TimeDelta::hours(6);

/// How rarely the baseline's share may be above its upper bound, at one look.
const BASELINE_BETA: f64 = 0.001;

/// The windows of a metric, grouped by their end, in order.
pub(super) struct Timeline {
    ends: Vec<End>,
    /// Unique users: every range stands alone.
    ranges: bool,
}

/// Everything that ends at one moment.
struct End {
    at: Timestamp,
    /// In which hour of the evidence it started.
    hour: u64,
    /// One pair a stratum: the new version and its baseline.
    pairs: Vec<(Counts, Counts)>,
    new: Counts,
    old: Counts,
    /// Highest evidence so far that the new version is worse (margin 1).
    worse: f64,
    /// The baseline was read, and is too small to compare with.
    absent: bool,
}

/// What the windows say about one limit, as ln E.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weight {
    /// The highest evidence over all window ends at which the new version is to blame.
    pub(super) to_blame: f64,
    /// The evidence at the last end, whoever is to blame.
    pub(super) now: f64,
    /// Counts of both versions behind it: of all windows, or of the range with the most evidence.
    pub(super) counts: (Counts, Counts),
}

impl Timeline {
    /// The windows of `series` that start at or after `from`, from the new version's first trial on: what the baseline did
    /// before it ran beside it is no comparison. Their order in the series does not matter.
    pub(super) fn new(series: &MetricSeries, from: Option<Timestamp>) -> Self {
        let mut windows: Vec<_> = series
            .windows
            .iter()
            .filter(|window| from.is_none_or(|from| window.start >= from))
            .collect();
        windows.sort_by(|a, b| (a.start, &a.stratum).cmp(&(b.start, &b.stratum)));
        let mut by_end: BTreeMap<Timestamp, Vec<&Paired>> = BTreeMap::new();
        for window in windows {
            by_end.entry(window.end()).or_default().push(window);
        }
        let mut first = None;
        let ends = by_end
            .into_iter()
            .skip_while(|(_, windows)| windows.iter().all(|window| window.new.trials == 0))
            .map(|(at, windows)| {
                let start = windows
                    .iter()
                    .map(|window| window.start)
                    .min()
                    .unwrap_or(at);
                let first = *first.get_or_insert(start);
                End {
                    at,
                    hour: u64::try_from((start - first).num_hours()).unwrap_or(0),
                    new: windows.iter().map(|window| window.new).sum(),
                    old: windows.iter().map(|window| window.old).sum(),
                    pairs: windows
                        .iter()
                        .map(|window| (window.new, window.old))
                        .collect(),
                    worse: 0.0,
                    absent: false,
                }
            })
            .collect();
        let mut timeline = Self {
            ends,
            ranges: series.metric.counts_users(),
        };
        timeline.mark_worse();
        timeline.mark_absent();
        timeline
    }

    fn mark_worse(&mut self) {
        let test = SplitTest::new(1.0);
        let mut restarts = stakes(self.ranges);
        let mut highest = f64::NEG_INFINITY;
        for (k, end) in self.ends.iter_mut().enumerate() {
            if self.ranges {
                restarts = stakes(true);
            }
            for (new, old) in &end.pairs {
                restarts.add(end.hour, test.gains(*new, *old));
            }
            highest = highest.max(restarts.ln_evidence() - cost(self.ranges, k));
            end.worse = highest;
        }
    }

    fn mark_absent(&mut self) {
        let trials: Vec<(Timestamp, f64, f64)> = self
            .ends
            .iter()
            .map(|end| (end.at, end.new.trials as f64, end.old.trials as f64))
            .collect();
        let mut oldest = trials.iter().peekable();
        let (mut new, mut old) = (0.0, 0.0);
        for end in &mut self.ends {
            new += end.new.trials as f64;
            old += end.old.trials as f64;
            let reach = if self.ranges {
                TimeDelta::zero()
            } else {
                LATELY
            };
            while let Some((_, gone_new, gone_old)) =
                oldest.next_if(|(at, ..)| end.at - *at > reach)
            {
                new -= gone_new;
                old -= gone_old;
            }
            end.absent = new > 0.0 && old < ABSENT * (new + old);
        }
    }

    /// Runs of windows whose counts may be added up, each with what its evidence costs.
    fn runs(&self) -> impl Iterator<Item = (f64, &[End])> {
        let size = if self.ranges {
            1
        } else {
            self.ends.len().max(1)
        };
        let ranges = self.ranges;
        self.ends
            .chunks(size)
            .enumerate()
            .map(move |(k, run)| (cost(ranges, k), run))
    }

    /// Weighs one limit.
    ///
    /// An absolute limit and a drop in points count only where the new version is to blame: where there was evidence of 20
    /// that it is worse than its baseline, or the baseline was read and is absent, or there is none. The ratio needs no
    /// such proof, being a comparison already.
    pub(super) fn weigh(&self, limit: Limit, baseline: Baseline) -> Weight {
        let mut weight = Weight {
            to_blame: f64::NEG_INFINITY,
            now: 0.0,
            counts: Default::default(),
        };
        let fresh = Test::of(limit, stakes(self.ranges));
        for (cost, run) in self.runs() {
            let mut test = fresh.clone();
            let (mut new, mut old) = (Counts::default(), Counts::default());
            let before = weight.to_blame;
            for end in run {
                (new, old) = (new + end.new, old + end.old);
                let evidence = test.evidence(end, new, old);
                weight.now = evidence - cost;
                let to_blame = matches!(limit, Limit::TimesBaseline { .. })
                    || baseline == Baseline::None
                    || end.absent
                    || end.worse >= LN_NOTICE;
                if to_blame {
                    weight.to_blame = weight.to_blame.max(weight.now);
                }
            }
            if weight.to_blame > before || before == f64::NEG_INFINITY {
                weight.counts = (new, old);
            }
        }
        weight
    }

    /// Highest evidence so far that the new version is worse (margin 1); `None` without windows.
    pub(super) fn worse(&self) -> Option<f64> {
        self.ends.last().map(|end| end.worse)
    }

    /// Counts of both versions since the evidence starts; of the last range for unique users, which do not add up.
    pub(super) fn totals(&self) -> (Counts, Counts) {
        let run = self.runs().last().map_or(&[] as &[End], |(_, run)| run);
        (
            run.iter().map(|end| end.new).sum(),
            run.iter().map(|end| end.old).sum(),
        )
    }

    /// The pairs behind [`Timeline::totals`].
    pub(super) fn pairs(&self) -> Vec<(Counts, Counts)> {
        let run = self.runs().last().map_or(&[] as &[End], |(_, run)| run);
        run.iter()
            .flat_map(|end| end.pairs.iter().copied())
            .collect()
    }

    /// Counts of both versions over the last `reach`, back from the last end.
    pub(super) fn lately(&self, reach: TimeDelta) -> (Counts, Counts) {
        let Some(last) = self.last() else {
            return Default::default();
        };
        let reach = if self.ranges {
            TimeDelta::zero()
        } else {
            reach
        };
        let recent = || {
            self.ends
                .iter()
                .rev()
                .take_while(|end| end.at == last || last - end.at < reach)
        };
        (
            recent().map(|end| end.new).sum(),
            recent().map(|end| end.old).sum(),
        )
    }

    /// The last window's end.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.ends.last().map(|end| end.at)
    }

    /// Failure shares of the new version at the last `most` ends, oldest first.
    pub(super) fn trend(&self, most: usize) -> Vec<Option<f64>> {
        let skip = self.ends.len().saturating_sub(most);
        self.ends
            .iter()
            .skip(skip)
            .map(|end| end.new.failure_rate())
            .collect()
    }
}

/// The test of one limit, going through the windows of one run.
#[derive(Clone)]
enum Test {
    Share(LimitTest, Restarts),
    Ratio(SplitTest, Restarts),
    /// A drop of d points is tested as the limit p₀ᵁ + d, p₀ᵁ being an upper bound (99.9 % at one look) of the
    /// baseline's share over the same windows. The limits that a [`LimitTest`] refutes are an interval from 0 up, the
    /// complement of a confidence sequence for the share, so that the limit may move with the baseline. It pools
    /// windows, which a share that changes while the rollout ramps up can mislead; the blame rule, which compares window
    /// by window, bounds that. Nor does it start anew: its limit would have to start with it.
    Drop(f64),
}

impl Test {
    fn of(limit: Limit, stakes: Restarts) -> Self {
        match limit {
            Limit::Failures { at_most } => Self::Share(LimitTest::new(at_most), stakes),
            Limit::TimesBaseline { ratio } => Self::Ratio(SplitTest::new(ratio), stakes),
            Limit::WorseByPoints { points } => Self::Drop(points),
        }
    }

    /// ln E after `end`; `new` and `old` are the run's counts up to it.
    fn evidence(&mut self, end: &End, new: Counts, old: Counts) -> f64 {
        match self {
            Self::Share(test, restarts) => {
                restarts.add(end.hour, test.gains(end.new));
                restarts.ln_evidence()
            }
            Self::Ratio(test, restarts) => {
                for (new, old) in &end.pairs {
                    restarts.add(end.hour, test.gains(*new, *old));
                }
                restarts.ln_evidence()
            }
            Self::Drop(points) => {
                let most = bound::share_upper_bound(old, BASELINE_BETA) + *points;
                LimitTest::new(most).ln_evidence(new)
            }
        }
    }
}

/// Evidence starts anew every hour, so that a change late in a rollout is found as soon as one at its beginning; a range that
/// stands alone has no later.
fn stakes(ranges: bool) -> Restarts {
    if ranges {
        Restarts::at_once()
    } else {
        Restarts::default()
    }
}

/// What the evidence of the `k`-th range (from 0) costs where every range stands alone: its stake is 1/((k+1)(k+2)). The
/// stakes sum to 1, so that the promise holds over all ranges together, however the users of two days overlap.
fn cost(ranges: bool, k: usize) -> f64 {
    if ranges {
        let k = k as f64;
        ((k + 1.0) * (k + 2.0)).ln()
    } else {
        0.0
    }
}
