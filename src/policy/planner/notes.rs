//! What of a plan deserves a second thought: gates that do not open, stages that see too little.

use super::{Plan, StagePlan};
use crate::domain::PlainText;
use crate::policy::explain::{self, hours, percent, times};
use crate::policy::rule::{Action, Evidence, Limit, Policy, Rule};

/// A stage should see at least regressions of so many times by the end of its soak.
const WORTH_A_STAGE: f64 = 10.0;

pub(super) fn notes(plan: &Plan, policy: &Policy) -> Vec<PlainText> {
    // Nobody can say what a plain comparison sees.
    let plain = policy.rules.iter().any(|rule| {
        rule.metric == plan.metric && matches!(rule.evidence, Evidence::Observed { .. })
    });
    let stages = plan.stages.iter();
    let stages = stages.flat_map(|stage| [gate(stage), sight(stage).filter(|_| !plain)]);
    let rules = policy.rules.iter().map(|rule| limit(plan, rule));
    let notes = rules.chain(stages).flatten();
    notes.map(PlainText::from).collect()
}

/// Without a baseline beside it nobody is asked whether the new version is to blame.
fn limit(plan: &Plan, rule: &Rule) -> Option<String> {
    match rule.limit {
        Limit::Failures { at_most }
            if rule.metric == plan.metric
                && rule.action != Action::Notify
                && at_most < plan.baseline_failing =>
        {
            Some(format!(
                "{}: the baseline itself breaks {}; once nobody is left on it, a version that is no worse is taken for bad",
                rule.called(),
                explain::limit(&rule.metric, rule.limit)
            ))
        }
        _ => None,
    }
}

/// What takes longer than the soak; what never comes is a warning.
fn gate(stage: &StagePlan) -> Option<String> {
    let gate = stage.gate.as_ref()?;
    let (opens, soak) = (gate.healthy_hours?, stage.soak_hours?);
    (opens > soak).then(|| {
        format!(
            "stage {}: the gate of {} takes {} to open for a healthy version, more than the soak of {}: ask for less, or show \
             the version to more",
            stage.exposure,
            percent(1.0 - gate.failing_at_most),
            hours(opens),
            hours(soak)
        )
    })
}

fn sight(stage: &StagePlan) -> Option<String> {
    let soak = stage.soak_hours?;
    let acting = stage.levels.iter().filter(|level| level.acts());
    let smallest = acting
        .flat_map(|level| &level.visible)
        .filter(|visible| visible.hours <= soak)
        .filter_map(|visible| visible.times)
        .reduce(f64::min);
    match smallest {
        Some(smallest) if smallest <= WORTH_A_STAGE => None,
        Some(smallest) => Some(format!(
            "stage {}: by the end of its soak no rule stops less than {}: a longer soak or a larger exposure sees more",
            stage.exposure,
            times(smallest)
        )),
        None => Some(format!(
            "stage {}: by the end of its soak no rule could stop anything",
            stage.exposure
        )),
    }
}
