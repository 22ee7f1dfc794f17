//! What one test of one rule can see, and when.

use super::Assumed;
use crate::domain::{Counts, Metric, PlainText};
use crate::evidence::grid::POINTS;
use crate::evidence::{LimitTest, SplitTest, bound, history, plan};
use crate::policy::ledger::{ABSENT, BASELINE_BETA, Clustering, HISTORY_MARGIN, LN_NOTICE};
use crate::policy::rule::{Action, Limit, Rule};
use crate::policy::threshold::LEAST_AFFECTED;

/// Days of the baseline that the historical test rests on.
const PAST_DAYS: f64 = 14.0;

/// What every test of a stage stands on.
#[derive(Debug)]
pub(in crate::policy) struct Ground {
    /// The baseline's share of failures.
    old: f64,
    /// What it may be at most: where a drop in points begins.
    old_most: f64,
    /// Trials of the baseline for one of the new version.
    old_per_new: f64,
    divisor: f64,
    /// Successes are counted, not failures.
    successes: bool,
    /// Failures and trials of the baseline before the rollout.
    past: Counts,
}

impl Ground {
    pub(super) fn new(assumed: &Assumed, fraction: f64) -> Self {
        let trials = assumed.a_day * PAST_DAYS;
        Self {
            old: assumed.failing,
            old_most: assumed.failing,
            old_per_new: (1.0 - fraction) / fraction,
            divisor: assumed.clustering.divisor(),
            successes: assumed.metric.counts_successes(),
            past: Counts {
                trials: trials as u64,
                failures: (trials * assumed.failing).round() as u64,
            },
        }
    }

    /// What was counted of both versions. Without a past nothing is compared with it.
    pub(in crate::policy) fn counted(
        new: Counts,
        old: Counts,
        clustering: Clustering,
        metric: &Metric,
    ) -> Self {
        Self {
            old: old.failure_rate().unwrap_or_default(),
            old_most: bound::share_upper_bound(old, BASELINE_BETA),
            old_per_new: old.trials as f64 / new.trials as f64,
            divisor: clustering.divisor(),
            successes: metric.counts_successes(),
            past: Counts::default(),
        }
    }

    /// So little of the baseline is left that nothing can be compared with it.
    fn is_alone(&self) -> bool {
        self.old_per_new < ABSENT * (1.0 + self.old_per_new)
    }

    fn split(&self, ratio: f64) -> Test {
        let test = if self.successes {
            SplitTest::fewer(1.0 / ratio)
        } else {
            SplitTest::new(ratio)
        };
        Test::Split(test.with_dispersion(self.divisor))
    }

    fn limit(&self, at_most: f64) -> Test {
        let test = if self.successes {
            LimitTest::fewer(1.0 - at_most)
        } else {
            LimitTest::new(at_most)
        };
        Test::Limit(test.with_dispersion(self.divisor))
    }

    /// What one trial of a new version with this share of failures adds.
    fn growth(&self, test: &Test, failing: f64) -> [f64; POINTS] {
        let counted = |failing: f64| {
            if self.successes {
                1.0 - failing
            } else {
                failing
            }
        };
        match test {
            Test::Split(test) => test.growth(counted(failing), counted(self.old), self.old_per_new),
            Test::Limit(test) => test.growth(counted(failing)),
        }
    }
}

#[derive(Debug)]
enum Test {
    Split(SplitTest),
    Limit(LimitTest),
}

/// One test, and what has to come together for it to fire.
#[derive(Debug)]
pub(in crate::policy) struct Sight {
    /// None for the warning.
    pub(super) rule: Option<PlainText>,
    /// `None`: the split test at margin 1.
    test: Option<Test>,
    ln_threshold: f64,
    /// Only with evidence that the new version is to blame, where a baseline is left.
    blamed: bool,
    least_failures: f64,
}

impl Sight {
    /// The warning: evidence of 20 that the new version is worse at all.
    pub(in crate::policy) fn warning() -> Self {
        Self {
            rule: None,
            test: None,
            ln_threshold: LN_NOTICE,
            blamed: false,
            least_failures: 0.0,
        }
    }

    /// The tests of a rule with sequential evidence.
    pub(in crate::policy) fn of_rule(rule: &Rule, ln_threshold: f64, ground: &Ground) -> Vec<Self> {
        let sight = |test, blamed| Self {
            rule: Some(rule.id.clone()),
            test: Some(test),
            ln_threshold,
            blamed: blamed && rule.action != Action::Notify,
            least_failures: match rule.action {
                Action::Notify | Action::Hold => 0.0,
                Action::Pause | Action::Halt => LEAST_AFFECTED as f64,
            },
        };
        match rule.limit {
            Limit::Failures { at_most } => vec![sight(ground.limit(at_most), true)],
            // Its limit moves with the baseline's upper bound, which is taken to have come down to the baseline where nothing has
            // been counted yet.
            Limit::WorseByPoints { points } if ground.old_per_new > 0.0 => {
                vec![sight(ground.limit(ground.old_most + points), true)]
            }
            Limit::WorseByPoints { .. }
            | Limit::LevelAtMost { .. }
            | Limit::LevelAtLeast { .. } => Vec::new(),
            Limit::TimesBaseline { ratio } => {
                let mut sights = vec![sight(ground.split(ratio), false)];
                let past = rule
                    .history_margin()
                    .filter(|_| ground.is_alone())
                    .and_then(|margin| history::against(ground.past, margin.max(HISTORY_MARGIN)));
                sights.extend(
                    past.map(|test| {
                        sight(Test::Limit(test.with_dispersion(ground.divisor)), false)
                    }),
                );
                sights
            }
        }
    }

    /// Trials of the new version until it fires on this share of failures; `None`: never.
    pub(super) fn trials(&self, failing: f64, ground: &Ground) -> Option<f64> {
        if failing >= 1.0 {
            return None;
        }
        let margin_one = ground.split(1.0);
        let test = self.test.as_ref().unwrap_or(&margin_one);
        let evidence = plan::sequential(ground.growth(test, failing), self.ln_threshold)?;
        let blame = if self.needs_blame(ground) {
            plan::sequential(ground.growth(&margin_one, failing), LN_NOTICE)?
        } else {
            0.0
        };
        Some(evidence.max(blame).max(self.least_failures / failing))
    }

    /// The smallest share of failures on which it fires within so many trials; `None`: not even where all fail.
    pub(in crate::policy) fn smallest(&self, trials: f64, ground: &Ground) -> Option<f64> {
        let margin_one = ground.split(1.0);
        let test = self.test.as_ref().unwrap_or(&margin_one);
        let visible = |test: &Test, ln_threshold| {
            plan::smallest_visible(|p| ground.growth(test, p), trials, ln_threshold)
        };
        let evidence = visible(test, self.ln_threshold)?;
        let blame = if self.needs_blame(ground) {
            visible(&margin_one, LN_NOTICE)?
        } else {
            0.0
        };
        let share = evidence.max(blame).max(self.least_failures / trials);
        (share <= 1.0).then_some(share)
    }

    fn needs_blame(&self, ground: &Ground) -> bool {
        self.blamed && !ground.is_alone()
    }
}
