//! Which tier the numbers ask for.

use super::{Watched, of, old_name};
use crate::domain::PlainText;
use crate::evidence::LimitTest;
use crate::policy::assessment::{RuleState, RuleStatus, TierStatus};
use crate::policy::explain::percent;
use crate::policy::observation::{Baseline, Observation};
use crate::policy::rule::{Action, Policy};
use crate::policy::threshold::ln_threshold;
use crate::policy::tier::{Condition, Tier, When};

/// The strongest tier whose limit is breached, and of several that do the same the one for the worst numbers; else the strongest
/// one that answers a warning.
pub(super) fn status(
    policy: &Policy,
    observation: &Observation,
    watched: &[Watched<'_>],
    rules: &[RuleStatus],
) -> Option<TierStatus> {
    breached(policy, rules).or_else(|| {
        let tiers = policy.tiers.iter();
        let warned = tiers.filter_map(|tier| {
            let why = warning(tier, policy, observation, watched)?;
            let respond = tier.answer(observation.next_train, observation.at);
            Some(told(tier, respond, why))
        });
        warned.max_by_key(|tier| tier.respond)
    })
}

fn breached(policy: &Policy, rules: &[RuleStatus]) -> Option<TierStatus> {
    let both = policy.rules.iter().zip(rules);
    let (rule, status) = both
        .filter(|(rule, status)| rule.of_tier && status.state == RuleState::Breached)
        .max_by(|(a, one), (b, other)| one.action.cmp(&other.action).then(a.depth(b)))?;
    let why = status.finding.as_ref()?.sentence.clone();
    Some(told(policy.tier_of(&rule.id)?, status.action, why))
}

fn told(tier: &Tier, respond: Action, why: PlainText) -> TierStatus {
    TierStatus {
        name: tier.name.clone(),
        respond,
        say: tier.say.clone(),
        why,
    }
}

/// Why a tier for numbers within its bound answers, where it does: the version is worse than the baseline, and not beyond the
/// bound.
fn warning(
    tier: &Tier,
    policy: &Policy,
    observation: &Observation,
    watched: &[Watched<'_>],
) -> Option<PlainText> {
    let When::Metric(condition) = &tier.when else {
        return None;
    };
    if condition.is_limit() || observation.baseline() != Baseline::Read {
        return None;
    }
    let watched = of(watched, &condition.metric)?;
    if watched.unknown(observation).is_some() || !watched.is_noticed() {
        return None;
    }
    if is_beyond(condition, policy, observation, watched) {
        return None;
    }
    let side = if condition.above { "below" } else { "above" };
    Some(
        format!(
            "{} is worse than {} in {}, and not {side} {} by evidence",
            observation.new_name,
            old_name(observation),
            condition.metric.label(),
            percent(condition.share)
        )
        .into(),
    )
}

/// Where a tier on the other side of the bound answers, that one says so. Without one it takes evidence enough for a pause, of all
/// that was counted.
fn is_beyond(
    condition: &Condition,
    policy: &Policy,
    observation: &Observation,
    watched: &Watched<'_>,
) -> bool {
    let answered = policy.tiers.iter().any(|tier| {
        matches!(&tier.when, When::Metric(other) if tier.is_rule() && other.metric == condition.metric)
    });
    let (mut new, _) = watched.book.totals();
    let test = if condition.metric.counts_successes() {
        new.failures = new.trials.saturating_sub(new.failures);
        LimitTest::fewer(1.0 - condition.failing())
    } else {
        LimitTest::new(condition.failing())
    };
    let test = test.with_dispersion(watched.book.past().clustering.divisor());
    !answered && test.ln_evidence(new) >= ln_threshold(Action::Pause, policy, observation.resumes)
}
