//! What would have been seen by now: silence says as much as the volume behind it.

use super::Watched;
use crate::domain::Counts;
use crate::evidence::{LimitTest, SplitTest, bound, plan};
use crate::policy::assessment::{RuleState, RuleStatus};
use crate::policy::explain::Visible;
use crate::policy::ledger::{BASELINE_BETA, LN_NOTICE};
use crate::policy::observation::{Baseline, Observation};
use crate::policy::rule::{Action, Evidence, Limit, Policy};
use crate::policy::threshold::{LEAST_AFFECTED, ln_threshold};

impl Watched<'_> {
    /// The smallest regression that the live rules which stop a rollout, or without such the notice, would be expected to have
    /// seen with the trials so far. `None` without trials, and where nothing looks.
    ///
    /// The trials of all windows are taken together, with the share of the new version that they have on the whole: an
    /// estimate, on which nothing is decided.
    pub(super) fn visible(
        &self,
        policy: &Policy,
        observation: &Observation,
        rules: &[RuleStatus],
    ) -> Option<Visible> {
        let (new, old) = self.book.totals();
        if new.trials == 0 {
            return None;
        }
        let sight = Sight {
            new,
            old,
            divisor: self.book.past().clustering.divisor(),
            successes: self.metric().counts_successes(),
        };
        let compared = observation.baseline() == Baseline::Read && !self.book.is_baseline_absent();
        let stops = policy.rules.iter().zip(rules).filter(|(rule, status)| {
            rule.metric == *self.metric()
                && rule.action >= Action::Pause
                && rule.evidence == Evidence::Sequential
                && status.state != RuleState::Off
        });
        let (mut looked, mut least) = (false, None::<f64>);
        for (rule, _) in stops {
            let threshold = ln_threshold(rule.action, policy, observation.resumes);
            let limit = match rule.limit {
                Limit::TimesBaseline { ratio } if compared => sight.ratio(ratio, threshold),
                Limit::TimesBaseline { .. } => continue,
                Limit::Failures { at_most } => sight.share(at_most, threshold),
                Limit::WorseByPoints { points } => {
                    let most = bound::share_upper_bound(old, BASELINE_BETA) + points;
                    sight.share(most, threshold)
                }
            };
            looked = true;
            // What hits both versions alike stops nothing: it has to be evident that the new one is worse.
            let blame = match rule.limit {
                Limit::TimesBaseline { .. } => None,
                _ if !compared => None,
                _ => Some(sight.ratio(1.0, LN_NOTICE)),
            };
            let seen = match blame {
                None => limit,
                Some(blame) => limit.zip(blame).map(|(limit, blame)| limit.max(blame)),
            };
            least = least.into_iter().chain(seen).reduce(f64::min);
        }
        if !looked && compared {
            (looked, least) = (true, sight.ratio(1.0, LN_NOTICE));
        }
        if !looked {
            return None;
        }
        let affected = LEAST_AFFECTED as f64 / new.trials as f64;
        let Some(share) = least
            .map(|share| share.max(affected))
            .filter(|it| *it <= 1.0)
        else {
            return Some(Visible::Nothing);
        };
        let usual = old.failure_rate().filter(|rate| *rate > 0.0 && compared);
        Some(Visible::From {
            share,
            ratio: usual.map(|usual| share / usual),
        })
    }
}

/// The data that have to show it.
struct Sight {
    new: Counts,
    old: Counts,
    divisor: f64,
    successes: bool,
}

impl Sight {
    /// The smallest share of failures that refutes "at most so many times the baseline's".
    fn ratio(&self, margin: f64, ln_threshold: f64) -> Option<f64> {
        let trials = self.new.trials as f64;
        let per_new = self.old.trials as f64 / trials;
        let usual = self.old.failure_rate()?;
        let growth = |share: f64| {
            if self.successes {
                SplitTest::fewer(1.0 / margin)
                    .with_dispersion(self.divisor)
                    .growth(1.0 - share, 1.0 - usual, per_new)
            } else {
                SplitTest::new(margin)
                    .with_dispersion(self.divisor)
                    .growth(share, usual, per_new)
            }
        };
        plan::smallest_visible(growth, trials, ln_threshold)
    }

    /// The smallest share of failures that refutes "at most this share".
    fn share(&self, at_most: f64, ln_threshold: f64) -> Option<f64> {
        let test = if self.successes {
            LimitTest::fewer(1.0 - at_most)
        } else {
            LimitTest::new(at_most)
        }
        .with_dispersion(self.divisor);
        let growth = |share: f64| test.growth(if self.successes { 1.0 - share } else { share });
        plan::smallest_visible(growth, self.new.trials as f64, ln_threshold)
    }
}
