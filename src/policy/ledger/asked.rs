//! What is asked of one metric: the tests of a policy's rules, made once the past is known.

use super::past::Past;
use crate::domain::{Counts, Metric};
use crate::evidence::grid::POINTS;
use crate::evidence::{LimitTest, Restarts, SplitTest, bound};
use crate::policy::observation::{Baseline, Paired};
use crate::policy::rule::{Action, Evidence, Limit, Rule};

/// How rarely the baseline's share may be on the wrong side of its bound, at one look.
pub(in crate::policy) const BASELINE_BETA: f64 = 0.001;

/// The baseline is absent once its share of the trials is below this.
pub(in crate::policy) const ABSENT: f64 = 0.1;

/// The historical test forgives at least so much: two weeks differ more than two versions side by side.
pub(in crate::policy) const HISTORY_MARGIN: f64 = 1.25;

/// One test.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its rule's place in the policy; `None` for the first, which asks for itself whether the new version is worse (margin 1).
    pub rule: Option<usize>,
    pub test: Test,
    /// Counts only where the new version is to blame: an absolute limit and a drop in points, unless they merely notify.
    pub blamed: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Share(LimitTest),
    Ratio(SplitTest),
    /// A drop of d points is tested as the limit p₀ᵁ + d, p₀ᵁ being an upper bound (99.9 % at one look) of the
    /// baseline's share over the same windows. The limits that a [`LimitTest`] refutes are an interval from 0 up, the
    /// complement of a confidence sequence for the share, so that the limit may move with the baseline. It pools
    /// windows, which a share that changes while the rollout ramps up can mislead; the blame rule, which compares window
    /// by window, bounds that. Nor does it start anew: its limit would have to start with it.
    Drop {
        points: f64,
        divisor: f64,
    },
    /// Against what the baseline was, by day of age (the last is for all later ones), where nobody runs it any more.
    History(Vec<Option<LimitTest>>),
}

#[derive(Clone, Debug)]
pub(super) struct Tests {
    pub entries: Vec<Entry>,
    /// Unique users: every range stands alone.
    pub ranges: bool,
    /// Successes are counted: see [`Tests::counted`].
    successes: bool,
}

impl Tests {
    /// `rules` are those of the metric, each with its place in the policy.
    pub(super) fn new(
        rules: &[(usize, Rule)],
        metric: &Metric,
        baseline: Baseline,
        past: &Past,
    ) -> Self {
        let divisor = past.clustering.divisor();
        let successes = metric.counts_successes();
        let ratio_test = |ratio: f64| {
            let test = if successes {
                SplitTest::fewer(1.0 / ratio)
            } else {
                SplitTest::new(ratio)
            };
            Test::Ratio(test.with_dispersion(divisor))
        };
        let share_test = |at_most: f64| {
            let test = if successes {
                LimitTest::fewer(1.0 - at_most)
            } else {
                LimitTest::new(at_most)
            };
            Test::Share(test.with_dispersion(divisor))
        };
        let mut entries = vec![Entry {
            rule: None,
            test: ratio_test(1.0),
            blamed: false,
        }];
        for (place, rule) in rules {
            if rule.evidence != Evidence::Sequential {
                continue;
            }
            let (test, absolute) = match rule.limit {
                Limit::Failures { at_most } => (share_test(at_most), true),
                Limit::TimesBaseline { ratio } => (ratio_test(ratio), false),
                Limit::WorseByPoints { points } => (Test::Drop { points, divisor }, true),
                // Figures without counts are in no window.
                Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => continue,
            };
            let mut ask = |test, blamed| {
                entries.push(Entry {
                    rule: Some(*place),
                    test,
                    blamed,
                });
            };
            let acts = rule.action != Action::Notify && baseline != Baseline::None;
            ask(test, absolute && acts);
            if let Some(margin) = rule.history_margin() {
                let by_age = past.tests(margin.max(HISTORY_MARGIN), divisor);
                if by_age.iter().any(Option::is_some) {
                    ask(Test::History(by_age), false);
                }
            }
        }
        Self {
            entries,
            ranges: metric.counts_users(),
            successes,
        }
    }

    /// What is counted: failures, or successes.
    fn counted(&self, counts: Counts) -> Counts {
        if self.successes {
            let failures = counts.trials.saturating_sub(counts.failures);
            Counts { failures, ..counts }
        } else {
            counts
        }
    }

    /// What the windows of one end add, for each alternative, so many days (`age`) after the new version came; `None` where they
    /// say nothing. A drop in points adds nothing: it is asked of everything so far (see [`Tests::drop`]).
    pub(super) fn gains(
        &self,
        test: &Test,
        age: usize,
        windows: &[Paired],
    ) -> Option<[f64; POINTS]> {
        let new = || windows.iter().map(|window| window.new).sum::<Counts>();
        match test {
            Test::Ratio(test) => {
                let mut sum = None;
                for window in windows {
                    let (new, old) = (self.counted(window.new), self.counted(window.old));
                    let silent = new.trials == 0 || old.trials == 0;
                    if silent || (new.failures == 0 && old.failures == 0) {
                        continue;
                    }
                    let gains = test.gains(new, old);
                    sum = Some(sum.map_or(gains, |sum| plus(sum, gains)));
                }
                sum
            }
            Test::Share(test) => {
                let new = new();
                (new.trials > 0).then(|| test.gains(self.counted(new)))
            }
            Test::History(by_age) => {
                let test = by_age.get(age).or(by_age.last())?.as_ref()?;
                let (new, old) = (new(), windows.iter().map(|window| window.old).sum());
                is_absent(new, old).then(|| test.gains(self.counted(new)))
            }
            Test::Drop { .. } => None,
        }
    }

    /// ln E of a drop in points, by the counts of both versions since the evidence starts (of the last range); `None` where it
    /// is surely not above 0, as for a share that is no larger than the limit.
    pub(super) fn drop(
        &self,
        points: f64,
        divisor: f64,
        (new, old): (Counts, Counts),
    ) -> Option<f64> {
        let test = if self.successes {
            let least = bound::share_lower_bound(self.counted(old), BASELINE_BETA) - points;
            let share = self.counted(new).failure_rate()?;
            (share < least).then(|| LimitTest::fewer(least))?
        } else {
            let most = bound::share_upper_bound(old, BASELINE_BETA) + points;
            (new.failure_rate()? > most).then(|| LimitTest::new(most))?
        };
        Some(test.with_dispersion(divisor).ln_evidence(self.counted(new)))
    }

    pub(super) fn stakes(&self) -> Restarts {
        if self.ranges {
            Restarts::at_once()
        } else {
            Restarts::default()
        }
    }

    /// What the evidence of the `k`-th range (from 0) costs where every range stands alone: its stake is 1/((k+1)(k+2)). The
    /// stakes sum to 1, so that the promise holds over all ranges together, however the users of two days overlap.
    pub(super) fn cost(&self, k: usize) -> f64 {
        if self.ranges {
            let k = k as f64;
            ((k + 1.0) * (k + 2.0)).ln()
        } else {
            0.0
        }
    }
}

/// Whether nobody runs the baseline any more, to speak of.
pub(super) fn is_absent(new: Counts, old: Counts) -> bool {
    new.trials > 0 && (old.trials as f64) < ABSENT * (new.trials as f64 + old.trials as f64)
}

pub(super) fn plus(mut sum: [f64; POINTS], gains: [f64; POINTS]) -> [f64; POINTS] {
    for (sum, gain) in sum.iter_mut().zip(gains) {
        *sum += gain;
    }
    sum
}
