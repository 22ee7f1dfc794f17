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

/// The smallest regression that the live rules which stop a rollout, or without such the notice, would be expected to have
/// seen with the trials so far. `None` without trials, where the data cannot be trusted, and where nothing looks.
///
/// The trials of all windows are taken together, with the share of the new version that they have on the whole: an
/// estimate, on which nothing is decided.
pub(super) fn visible(
    watched: &Watched<'_>,
    policy: &Policy,
    observation: &Observation,
    rules: &[RuleStatus],
) -> Option<Visible> {
    let (new, old) = watched.book.totals();
    if new.trials == 0 || watched.unknown(observation).is_some() {
        return None;
    }
    let sight = Sight {
        new,
        old,
        divisor: watched.book.past().clustering.divisor(),
        successes: watched.metric().counts_successes(),
    };
    let compared = observation.baseline() == Baseline::Read && !watched.book.is_baseline_absent();
    let stops = policy.rules.iter().zip(rules).filter(|(rule, status)| {
        rule.metric == *watched.metric()
            && rule.action >= Action::Pause
            && rule.evidence == Evidence::Sequential
            && status.state != RuleState::Off
    });
    // By ratios; and by limits, which stop nothing that hits both versions alike: it has to be evident which one is worse.
    let (mut by_ratio, mut by_limit) = (None, None);
    for (rule, _) in stops {
        let threshold = ln_threshold(rule.action, policy, observation.resumes);
        match rule.limit {
            Limit::TimesBaseline { ratio } if compared => {
                by_ratio = least(by_ratio, sight.ratio(ratio, threshold));
            }
            Limit::TimesBaseline { .. } => {}
            Limit::Failures { at_most } => {
                by_limit = least(by_limit, sight.share(at_most, threshold));
            }
            Limit::WorseByPoints { points } => {
                let most = bound::share_upper_bound(old, BASELINE_BETA) + points;
                by_limit = least(by_limit, sight.share(most, threshold));
            }
        }
    }
    if compared && (by_limit.is_some() || by_ratio.is_none()) {
        let worse = sight.ratio(1.0, LN_NOTICE);
        match &mut by_limit {
            Some(limit) => *limit = limit.max(worse),
            None => by_ratio = Some(worse),
        }
    }
    let seen = by_ratio.into_iter().chain(by_limit).reduce(f64::min)?;
    let share = seen.max(LEAST_AFFECTED as f64 / new.trials as f64);
    if share > 1.0 {
        return Some(Visible::Nothing);
    }
    let usual = old.failure_rate().filter(|rate| *rate > 0.0 && compared);
    Some(Visible::From {
        share,
        ratio: usual.map(|usual| share / usual),
    })
}

fn least(before: Option<f64>, share: f64) -> Option<f64> {
    Some(before.map_or(share, |before| before.min(share)))
}

/// The data that have to show it.
struct Sight {
    new: Counts,
    old: Counts,
    divisor: f64,
    successes: bool,
}

impl Sight {
    /// The smallest share of failures that refutes "at most so many times the baseline's"; infinite where none does.
    fn ratio(&self, margin: f64, ln_threshold: f64) -> f64 {
        let trials = self.new.trials as f64;
        let per_new = self.old.trials as f64 / trials;
        let usual = self.old.failure_rate().unwrap_or_default();
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
        plan::smallest_visible(growth, trials, ln_threshold).unwrap_or(f64::INFINITY)
    }

    /// The smallest share of failures that refutes "at most this share"; infinite where none does.
    fn share(&self, at_most: f64, ln_threshold: f64) -> f64 {
        let test = if self.successes {
            LimitTest::fewer(1.0 - at_most)
        } else {
            LimitTest::new(at_most)
        }
        .with_dispersion(self.divisor);
        let growth = |share: f64| test.growth(if self.successes { 1.0 - share } else { share });
        plan::smallest_visible(growth, self.new.trials as f64, ln_threshold)
            .unwrap_or(f64::INFINITY)
    }
}

#[cfg(test)]
mod tests;
