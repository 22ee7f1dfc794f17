//! The planner: what a policy can see at a given volume, stage by stage, and when.
//!
//! Sizes are those of [`evidence::plan`](crate::evidence::plan), for the very tests and thresholds that the policy's rules use. They
//! assume that a stage's share of the trials is on the new version, spread evenly over the day; adoption lags behind the
//! store, so that the first hours of a stage see less. Nor do they count the second poll that an act waits for.
//!
//! The table that is often quoted, of what one stage of an app at 99.95 % can see (a million sessions a day, 1 %: 18.2× after an
//! hour, 7.7× after four, 3.1× after a day; 5 %: 1.9× after a day; a hundred thousand: 108×, 35×, 10.5×, 4.5×), is that of the
//! split test at margin 1 and evidence of 100, failures being independent: one rule that forgives nothing, alone with its 1 %. A
//! policy's tiers forgive more, share their error among several tests, and divide evidence for clusters, so that a plan of it
//! shows larger numbers. A test holds both.
//!
//! Must not know where volumes come from, nor draw tables.

mod gate;
pub mod history;
mod notes;
pub(super) mod sight;

#[cfg(test)]
mod tests;

use serde::Serialize;

pub use gate::{Gate, Least};
use sight::{Ground, Sight};

use super::ledger::Clustering;
use super::rule::{Action, Evidence, Policy, Rule};
use super::stage::Stage;
use super::threshold::ln_threshold;
use crate::domain::{Exposure, Metric, PlainText};
use crate::evidence::plan::{Errors, Pair, hours};

/// Regressions that a plan is made for, as multiples of the baseline's failures.
pub const TIMES: [f64; 5] = [1.5, 2.0, 3.0, 6.0, 10.0];

/// Hours after which a plan says what is visible.
pub const HOURS: [f64; 3] = [1.0, 4.0, 24.0];

/// Exposures that a policy without stages is planned for, in percent.
const USUAL: [u32; 5] = [1, 5, 20, 50, 100];

/// Of the fixed-size test beside: a false alarm in 20 on either side, four in five regressions seen.
const FIXED_ALARM: f64 = 0.05 / 2.0;
const FIXED_POWER: f64 = 0.8;

/// What the world is taken to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumed {
    /// The metric that is planned for; rules on others are left out.
    pub metric: Metric,
    /// Its trials a day, of both versions together.
    pub a_day: f64,
    /// Share of failures of the baseline, 0..1.
    pub failing: f64,
    pub clustering: Clustering,
}

/// What a policy can see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub metric: Metric,
    pub per_day: f64,
    /// The baseline's share of failures, 0..1.
    pub baseline_failing: f64,
    /// What all evidence is divided by, for failures that come in clusters.
    pub evidence_divided_by: f64,
    pub stages: Vec<StagePlan>,
    /// Rules that no plan can be made for, and why.
    pub unplanned: Vec<Unplanned>,
    /// Gates that stay shut for healthy versions, or for longer than a rollout is watched; a sentence each.
    pub warnings: Vec<PlainText>,
    /// What deserves a second thought, a sentence each.
    pub notes: Vec<PlainText>,
}

/// A rule that is left out of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unplanned {
    pub rule: PlainText,
    pub why: PlainText,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StagePlan {
    pub exposure: Exposure,
    /// Trials of the new version.
    pub per_hour: f64,
    /// How long the stage lasts at least; `None` where the policy does not say.
    pub soak_hours: Option<f64>,
    /// Trials of each of two equal arms for a test that looks once, one for each of [`TIMES`].
    pub fixed_per_arm: Vec<Option<u64>>,
    /// What fires, the mildest first.
    pub levels: Vec<Level>,
    pub gate: Option<Gate>,
    pub min_sessions: Option<Least>,
    pub min_users: Option<Least>,
}

/// All rules with one action, or the warning that needs none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Level {
    /// `None`: the warning, evidence of 20 that the new version is worse at all.
    pub action: Option<Action>,
    /// It fires at evidence that turns up in one of so many healthy rollouts at most.
    pub one_in: u64,
    /// When it sees which regression, for each of [`TIMES`].
    pub seen: Vec<Seen>,
    /// What it sees by when: after each of [`HOURS`], and after the stage's soak where it has one that is none of these.
    pub visible: Vec<Visible>,
}

/// When a regression is seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    pub times: f64,
    /// Trials of the new version; `None`: never.
    pub trials: Option<u64>,
    pub hours: Option<f64>,
    /// The rule that sees it first; none for the warning.
    pub rule: Option<PlainText>,
}

/// The smallest regression that is seen by a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Visible {
    pub hours: f64,
    /// How many times the baseline's failures; `None`: not even a version that always fails.
    pub times: Option<f64>,
}

/// What `policy` can see in the world that is `assumed`.
pub fn plan(policy: &Policy, assumed: &Assumed) -> Plan {
    let usual: Vec<Stage> = USUAL
        .into_iter()
        .map(|percent| Stage::at(Exposure::from_percent(percent)))
        .collect();
    let stages = if policy.stages.is_empty() {
        &usual
    } else {
        &policy.stages
    };
    let plan = Plan {
        metric: assumed.metric.clone(),
        per_day: assumed.a_day,
        baseline_failing: assumed.failing,
        evidence_divided_by: assumed.clustering.divisor(),
        stages: stages
            .iter()
            .map(|stage| stage_plan(policy, stage, assumed))
            .collect(),
        unplanned: policy
            .rules
            .iter()
            .filter_map(|rule| unplanned(rule, assumed))
            .collect(),
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    Plan {
        warnings: gate::stuck(&plan),
        notes: notes::notes(&plan, policy),
        ..plan
    }
}

impl Level {
    /// Whether it stops a rollout.
    pub fn acts(&self) -> bool {
        self.action.is_some_and(|action| action >= Action::Pause)
    }
}

/// The smallest regression that a rule ever sees, as a multiple of the baseline's failures: margins and the lowest alternative
/// leave smaller ones undetected on purpose. With as much of the new version as of the baseline; `None` where the rule is not
/// planned for.
pub fn blind_below(rule: &Rule, assumed: &Assumed) -> Option<f64> {
    if unplanned(rule, assumed).is_some() {
        return None;
    }
    let ground = Ground::new(assumed, 0.5);
    let sights = Sight::of_rule(rule, 0.0, &ground);
    let smallest = sights
        .iter()
        .filter_map(|sight| sight.smallest(f64::INFINITY, &ground));
    let share = smallest.reduce(f64::min)?;
    Some(share / assumed.failing)
}

/// At evidence of which a rule fires: one in so many healthy rollouts has it by chance, at most.
pub fn one_in(rule: &Rule, policy: &Policy) -> u64 {
    whole(ln_threshold(rule.action, policy, 0).exp()).unwrap_or(u64::MAX)
}

fn unplanned(rule: &Rule, assumed: &Assumed) -> Option<Unplanned> {
    let why = if rule.metric != assumed.metric {
        format!("it is on {}", rule.metric.label())
    } else if let Evidence::Observed { .. } = rule.evidence {
        "the plain comparison has no size at which it is right".to_owned()
    } else {
        return None;
    };
    Some(Unplanned {
        rule: rule.id.clone(),
        why: why.into(),
    })
}

fn stage_plan(policy: &Policy, stage: &Stage, assumed: &Assumed) -> StagePlan {
    let fraction = stage.exposure.fraction();
    let ground = Ground::new(assumed, fraction);
    let soak = stage.soak.num_seconds() as f64 / 3600.0;
    let soak = (soak > 0.0).then_some(soak);
    StagePlan {
        exposure: stage.exposure,
        per_hour: assumed.a_day * fraction / 24.0,
        soak_hours: soak,
        fixed_per_arm: TIMES
            .map(|times| fixed(times * assumed.failing, assumed.failing))
            .into(),
        levels: levels(policy, stage.exposure, soak, assumed, &ground),
        gate: gate::plan(stage, assumed),
        min_sessions: gate::least(stage.min_sessions, stage, assumed),
        min_users: gate::least(stage.min_users, stage, assumed),
    }
}

fn levels(
    policy: &Policy,
    exposure: Exposure,
    soak: Option<f64>,
    assumed: &Assumed,
    ground: &Ground,
) -> Vec<Level> {
    let warning = [(None, vec![Sight::warning()], super::ledger::LN_NOTICE)];
    let acting = [Action::Notify, Action::Hold, Action::Pause, Action::Halt].map(|action| {
        let threshold = ln_threshold(action, policy, 0);
        let rules = policy.rules.iter().filter(|rule| {
            let live = rule
                .during
                .is_none_or(|(low, high)| low <= exposure && exposure <= high);
            rule.action == action && live && unplanned(rule, assumed).is_none()
        });
        let sights = rules
            .flat_map(|rule| Sight::of_rule(rule, threshold, ground))
            .collect();
        (Some(action), sights, threshold)
    });
    warning
        .into_iter()
        .chain(acting)
        .filter(|(_, sights, _)| !sights.is_empty())
        .map(|(action, sights, threshold)| Level {
            action,
            one_in: whole(threshold.exp()).unwrap_or(u64::MAX),
            seen: TIMES
                .map(|times| seen(times, &sights, exposure, assumed, ground))
                .into(),
            visible: HOURS
                .into_iter()
                .chain(soak.filter(|soak| !HOURS.contains(soak)))
                .map(|hours| visible(hours, &sights, exposure, assumed, ground))
                .collect(),
        })
        .collect()
}

fn seen(
    times: f64,
    sights: &[Sight],
    exposure: Exposure,
    assumed: &Assumed,
    ground: &Ground,
) -> Seen {
    let share = times * assumed.failing;
    let first = sights
        .iter()
        .filter_map(|sight| Some((sight.trials(share, ground)?, sight)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b));
    let trials = first.map(|(trials, _)| trials);
    Seen {
        times,
        trials: trials.and_then(whole),
        hours: trials.and_then(|trials| hours(trials, assumed.a_day, exposure.fraction())),
        rule: first.and_then(|(_, sight)| sight.rule.clone()),
    }
}

fn visible(
    after: f64,
    sights: &[Sight],
    exposure: Exposure,
    assumed: &Assumed,
    ground: &Ground,
) -> Visible {
    let trials = assumed.a_day * exposure.fraction() * after / 24.0;
    let smallest = sights
        .iter()
        .filter_map(|sight| sight.smallest(trials, ground))
        .reduce(f64::min);
    Visible {
        hours: after,
        times: smallest.map(|share| share / assumed.failing),
    }
}

fn fixed(new: f64, old: f64) -> Option<u64> {
    if new >= 1.0 {
        return None;
    }
    let errors = Errors::new(FIXED_ALARM, FIXED_POWER)?;
    let pair = Pair {
        new,
        old,
        old_per_new: 1.0,
    };
    pair.fixed_unpooled(errors).and_then(whole)
}

/// Rounded up; what is hardly more than a whole number is that number, since e^ln 300 is not 300.
fn whole(number: f64) -> Option<u64> {
    let up = (number - 1e-9 * number).ceil();
    (up.is_finite() && (0.0..1e18).contains(&up)).then_some(up as u64)
}
