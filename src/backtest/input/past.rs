//! What the windows of one rollout say of the next: a version that was rolled out is the baseline of the one after it, and
//! its own windows are its past there.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::backtest::Rollout;
use crate::domain::{Counts, Metric, PlainText, Timestamp};
use crate::policy::{MetricSeries, Paired};

/// How far back a baseline's own rollout is of use: days of age that are compared.
const REACH: TimeDelta = TimeDelta::days(60);

/// Gives each rollout the windows of its baseline's own rollout, as far as they end before its own begin.
pub(super) fn join(rollouts: &mut [Rollout]) {
    let known: BTreeMap<(PlainText, PlainText), usize> = rollouts
        .iter()
        .enumerate()
        .map(|(place, rollout)| ((rollout.app.clone(), rollout.version.clone()), place))
        .collect();
    let pasts: Vec<Option<OwnRollout>> = rollouts
        .iter()
        .map(|rollout| {
            let baseline = rollout.baseline.clone()?;
            let place = known.get(&(rollout.app.clone(), baseline))?;
            OwnRollout::of(rollouts.get(*place)?, rollout)
        })
        .collect();
    for (rollout, past) in rollouts.iter_mut().zip(pasts) {
        let Some(past) = past else { continue };
        rollout.terms.old_began = Some(past.began);
        for (metric, mut windows) in past.windows {
            let found = rollout.metrics.iter_mut().find(|own| own.metric == metric);
            if let Some(own) = found {
                windows.append(&mut own.windows);
                own.windows = windows;
            }
        }
    }
}

/// The baseline's own rollout.
struct OwnRollout {
    began: Timestamp,
    windows: Vec<(Metric, Vec<Paired>)>,
}

impl OwnRollout {
    /// What the rollout of `baseline` says of the time before `next`; `None` where nobody ever ran it.
    fn of(baseline: &Rollout, next: &Rollout) -> Option<Self> {
        let began = baseline.began()?;
        let before = |own: &MetricSeries| {
            let until = own.windows.first()?.start;
            let series = baseline
                .metrics
                .iter()
                .find(|series| series.metric == own.metric)?;
            let ends = |window: &&Paired| {
                window.end() <= until && window.start >= until - REACH && window.new.trials > 0
            };
            let as_old = |window: &Paired| Paired {
                old: window.new,
                new: Counts::default(),
                ..window.clone()
            };
            let windows = series.windows.iter().filter(ends).map(as_old).collect();
            Some((own.metric.clone(), windows))
        };
        let windows = next.metrics.iter().filter_map(before).collect();
        Some(Self { began, windows })
    }
}
