//! What a gate asks for: how much data it takes, and whether that ever comes.

use serde::Serialize;

use super::{Assumed, Plan, StagePlan, whole};
use crate::domain::PlainText;
use crate::evidence::LimitTest;
use crate::evidence::plan::{clean_sequential, expected, hours};
use crate::policy::explain::{self, count, percent};
use crate::policy::ledger::LN_NOTICE;
use crate::policy::stage::Stage;

/// A gate that takes longer is as good as shut: no release is watched for so long, and the App Store allows no longer pause.
const TOO_LONG: f64 = 30.0 * 24.0;

/// The evidence of health that a stage's `healthy_if` wants, 1 in 20, of the metric that is planned for. From this stage alone:
/// windows count an hour after they end, and those of the stages before count too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// The most that may fail, 0..1.
    pub failing_at_most: f64,
    /// Trials of the new version, none of which fails: fewer open no gate.
    pub clean_trials: Option<u64>,
    pub clean_hours: Option<f64>,
    /// Trials of a new version that fails as often as the baseline; `None`: never, since the baseline is no better than the
    /// gate asks for.
    pub healthy_trials: Option<u64>,
    pub healthy_hours: Option<f64>,
}

/// A number of sessions or users that a stage waits for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Least {
    pub least: u64,
    /// Until there have been so many, at this stage's exposure. Of users it is the least that it can take, as if each session were
    /// another user's.
    pub hours: Option<f64>,
}

pub(super) fn plan(stage: &Stage, assumed: &Assumed) -> Option<Gate> {
    // 1 − 0.995 is not 0.005 in binary.
    let limit = (1e11 * (1.0 - stage.healthy_if.get(&assumed.metric)?)).round() / 1e11;
    let test = LimitTest::health(limit).with_dispersion(assumed.clustering.divisor());
    let clean = clean_sequential(&test, LN_NOTICE);
    let healthy = expected(test.growth(assumed.failing), LN_NOTICE);
    let hours = |trials: f64| hours(trials, assumed.a_day, stage.exposure.fraction());
    Some(Gate {
        failing_at_most: limit,
        clean_trials: clean,
        clean_hours: clean.and_then(|clean| hours(clean as f64)),
        healthy_trials: healthy.and_then(whole),
        healthy_hours: healthy.and_then(hours),
    })
}

/// `None` where the volume that is planned for is not one of sessions.
pub(super) fn least(least: Option<u64>, stage: &Stage, assumed: &Assumed) -> Option<Least> {
    let least = least.filter(|_| assumed.metric.counts_sessions())?;
    let hours = hours(least as f64, assumed.a_day, stage.exposure.fraction());
    Some(Least { least, hours })
}

/// Gates that no healthy version passes, or none within a month, and why: a sentence each.
pub(super) fn stuck(plan: &Plan) -> Vec<PlainText> {
    let stages = plan.stages.iter();
    let told = stages.flat_map(|stage| {
        let many =
            |key, least: Option<Least>, at_least| too_many(plan, stage, (key, least?), at_least);
        let sessions = many("min_sessions", stage.min_sessions, "");
        let users = many("min_users", stage.min_users, " at least");
        [unhealthy(plan, stage), sessions, users]
    });
    told.flatten().map(PlainText::from).collect()
}

fn unhealthy(plan: &Plan, stage: &StagePlan) -> Option<String> {
    let gate = stage.gate.as_ref()?;
    let (exposure, metric) = (stage.exposure, plan.metric.label());
    let asked = percent(1.0 - gate.failing_at_most);
    let Some(takes) = gate.healthy_hours else {
        return Some(format!(
            "stage {exposure}: a version as good as the one before never passes its gate: healthy_if asks for evidence of \
             {asked} {metric}, and that one has {}: ask for less",
            percent(1.0 - plan.baseline_failing)
        ));
    };
    (takes > TOO_LONG).then(|| {
        format!(
            "stage {exposure}: its gate takes {} to open for a healthy version: healthy_if asks for evidence of {asked} \
             {metric}, which takes {} {}, and the stage has {} a day: ask for less, or show the version to more",
            explain::hours(takes),
            count(gate.healthy_trials.unwrap_or(u64::MAX)),
            plan.metric.trial_word(),
            count((stage.per_hour * 24.0).round() as u64)
        )
    })
}

fn too_many(
    plan: &Plan,
    stage: &StagePlan,
    (key, least): (&str, Least),
    at_least: &str,
) -> Option<String> {
    let takes = least.hours.filter(|hours| *hours > TOO_LONG)?;
    Some(format!(
        "stage {}: {key} = {} takes {}{at_least}: the stage has {} {} a day: ask for fewer, or show the version to more",
        stage.exposure,
        least.least,
        explain::hours(takes),
        count((stage.per_hour * 24.0).round() as u64),
        plan.metric.trial_word()
    ))
}
