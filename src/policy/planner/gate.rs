//! What a gate asks for: how much data it takes to have evidence of health.

use serde::Serialize;

use super::{Assumed, whole};
use crate::evidence::LimitTest;
use crate::evidence::plan::{clean_sequential, expected, hours};
use crate::policy::ledger::LN_NOTICE;
use crate::policy::stage::Stage;

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
