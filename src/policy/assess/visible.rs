//! What would have been seen by now: silence says as much as the volume behind it.

use super::Watched;
use crate::policy::assessment::{RuleState, RuleStatus};
use crate::policy::explain::Visible;
use crate::policy::observation::{Baseline, Observation};
use crate::policy::planner::sight::{Ground, Sight};
use crate::policy::rule::{Action, Evidence, Limit, Policy, Rule};
use crate::policy::threshold::ln_threshold;

/// The smallest regression that the live rules which stop a rollout, or without such the warning, would be expected to have
/// seen with the trials so far. `None` without trials, where the data cannot be trusted, and where nothing looks.
///
/// The trials of all windows are taken together, with the share of the new version that they have on the whole: an
/// estimate, on which nothing is decided. What the historical test sees is not told.
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
    let metric = watched.metric();
    let ground = Ground::counted(new, old, watched.book.past().clustering, metric);
    let compared = observation.baseline() == Baseline::Read && !watched.book.is_baseline_absent();
    let looks = |(rule, status): &(&Rule, &RuleStatus)| {
        rule.metric == *metric
            && rule.action >= Action::Pause
            && rule.evidence == Evidence::Sequential
            && status.state != RuleState::Off
            && (compared || matches!(rule.limit, Limit::Failures { .. }))
    };
    let stops = policy.rules.iter().zip(rules).filter(looks);
    let mut sights: Vec<Sight> = stops
        .flat_map(|(rule, _)| {
            let threshold = ln_threshold(rule.action, policy, observation.resumes);
            Sight::of_rule(rule, threshold, &ground)
        })
        .collect();
    if sights.is_empty() && compared {
        sights.push(Sight::warning());
    }
    if sights.is_empty() {
        return None;
    }
    let trials = new.trials as f64;
    let seen = sights
        .iter()
        .filter_map(|sight| sight.smallest(trials, &ground));
    let Some(share) = seen.reduce(f64::min) else {
        return Some(Visible::Nothing);
    };
    let usual = old.failure_rate().filter(|rate| *rate > 0.0 && compared);
    Some(Visible::From {
        share,
        ratio: usual.map(|usual| share / usual),
    })
}

#[cfg(test)]
mod tests;
