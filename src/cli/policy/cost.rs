//! What a plain comparison costs: how often it stops a healthy version, in rollouts made up for the purpose.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::backtest::score::Rate;
use crate::backtest::{self, Contender, Options, Simulated, World};
use crate::domain::{Exposure, Metric, PlainText};
use crate::policy::planner::Assumed;
use crate::policy::{Action, Evidence, Policy, Rule};

/// Healthy rollouts, of which one in a hundred is seen to within a half.
const ROLLOUTS: usize = 500;

/// A stage that names no soak, and the last one, last so long.
const STAGE: TimeDelta = TimeDelta::days(1);
const LAST: TimeDelta = TimeDelta::days(2);

/// The longest rollout that is made up.
const LONGEST: TimeDelta = TimeDelta::days(14);

/// Healthy rollouts that each plain comparison of the policy would have stopped by itself, by rule. Rules that stop nothing are
/// left out, as are those on a metric whose share is not assumed.
pub(super) fn false_stops<'a>(
    policy: &'a Policy,
    assumed: &Assumed,
) -> BTreeMap<&'a PlainText, Rate> {
    let observed = |rule: &&Rule| {
        matches!(rule.evidence, Evidence::Observed { .. })
            && rule.action >= Action::Pause
            && rule.metric == assumed.metric
    };
    let rules: Vec<&Rule> = policy.rules.iter().filter(observed).collect();
    if rules.is_empty() {
        return BTreeMap::new();
    }
    let world = World {
        baseline_rate: assumed.failing,
        sessions_per_day: assumed.a_day,
        past: TimeDelta::zero(),
        ..world(policy)
    };
    let contenders: Vec<Contender> = rules.iter().map(|rule| alone(rule, policy)).collect();
    let source = Simulated::new(world, ROLLOUTS);
    let report = backtest::run(&source, &contenders, &Options::default(), &());
    let rates = report.contenders.into_iter();
    let rates = rates.map(|contender| contender.summary.pause.false_acts);
    rules.iter().map(|rule| &rule.id).zip(rates).collect()
}

/// The policy with this rule and no other. A plain comparison knows shares of failures alone: which metric they are of makes no
/// difference to it, and what is made up are crashes.
fn alone(rule: &Rule, policy: &Policy) -> Contender {
    let rule = Rule {
        metric: Metric::CrashFreeSessions,
        ..rule.clone()
    };
    Contender::Policy(Arc::new(Policy {
        hash: format!("{} alone", rule.id),
        rules: vec![rule],
        ..policy.clone()
    }))
}

/// The policy's stages as a ramp; the usual one where it has none.
fn world(policy: &Policy) -> World {
    let usual = World::default();
    if policy.stages.is_empty() {
        return usual;
    }
    let mut at = TimeDelta::zero();
    let mut ramp: Vec<(TimeDelta, Exposure)> = Vec::new();
    for stage in &policy.stages {
        ramp.push((at, stage.exposure));
        let soak = if stage.soak > TimeDelta::zero() {
            stage.soak
        } else {
            STAGE
        };
        at = (at + soak).min(LONGEST);
    }
    let last = ramp.last().map_or(at, |(last, _)| *last);
    World {
        ramp,
        length: (last + LAST).min(LONGEST),
        ..usual
    }
}
