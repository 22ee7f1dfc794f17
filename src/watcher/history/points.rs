//! Windows laid on a grid of ages: few enough points for a chart, with nothing lost of what is counted.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::TimeDelta;

use crate::api::wire::AgePoint;
use crate::domain::{Metric, Timestamp};
use crate::ports::Window;

/// Lengths of a stretch, in seconds, that people think in.
const STEPS: [i64; 12] = [
    60, 300, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
];

/// Stretches of one length since age 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) step: i64,
}

impl Grid {
    /// The finest one on which so long an age has at most `points` stretches, about.
    pub(super) fn of(age: TimeDelta, points: usize) -> Self {
        let most = i64::try_from(points).unwrap_or(i64::MAX).max(1);
        let least = age.num_seconds() / most;
        let step = STEPS.into_iter().find(|step| *step >= least);
        Self {
            step: step.unwrap_or(604_800),
        }
    }

    /// The windows with trials that start within these ages, by stretch. A window that is longer than a stretch is one point,
    /// which says how long it is. Of users, whom nobody can add up over time, the window with most of them speaks for its stretch.
    pub(super) fn points(
        self,
        metric: &Metric,
        windows: &[Window],
        zero: Timestamp,
        ages: Range<i64>,
    ) -> Vec<AgePoint> {
        let mut all: BTreeMap<i64, BTreeMap<Timestamp, AgePoint>> = BTreeMap::new();
        for window in windows {
            let age = (window.start - zero).num_seconds();
            if window.counts.trials == 0 || !ages.contains(&age) {
                continue;
            }
            let start = age.div_euclid(self.step) * self.step;
            let end = (age + i64::from(window.seconds)).max(start + self.step);
            let seconds = u32::try_from(end - start).unwrap_or(u32::MAX);
            // Strata part the trials of one window; windows of users stay apart until the end.
            let part = if metric.counts_users() {
                window.start
            } else {
                zero
            };
            let point = all
                .entry(start)
                .or_default()
                .entry(part)
                .or_insert(AgePoint {
                    age: start,
                    seconds,
                    trials: 0,
                    failures: 0,
                });
            point.seconds = point.seconds.max(seconds);
            point.trials += window.counts.trials;
            point.failures += window.counts.failures;
        }
        let speaks = |parts: BTreeMap<Timestamp, AgePoint>| {
            parts.into_values().max_by_key(|point| point.trials)
        };
        all.into_values().filter_map(speaks).collect()
    }
}
