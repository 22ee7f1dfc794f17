//! Windows: how wide, how far, in which pieces they are asked for, and readings out of counts.
//!
//! The last two days are read in windows of five minutes, what is older in hours: a look back over two weeks is then three
//! answers a figure instead of twelve. The two never overlap. Must not know a vendor.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};

use crate::domain::{Counts, Metric, Reading, Timestamp};

use super::collector::{Range, What};

pub(super) const FINE: TimeDelta = TimeDelta::minutes(5);
pub(super) const COARSE: TimeDelta = TimeDelta::hours(1);
pub(super) const DAY: TimeDelta = TimeDelta::days(1);
/// How far back windows are fine.
const RECENT: TimeDelta = TimeDelta::days(2);
/// Windows of one answer: New Relic gives no more; Datadog names no number, and no bigger answer is asked of it.
pub(super) const MOST_WINDOWS: i32 = 366;

/// Sessions are counted when they begin (Datadog) or end (New Relic), crashes when they happen, and both come minutes later. A
/// window is read only once it has been over for so long, so that the first look at it is nearly the last.
pub(super) const HELD_BACK: TimeDelta = TimeDelta::minutes(5);

/// The start of the window of `width` that holds `t`; windows are aligned to the UTC day.
pub(super) fn floor(t: Timestamp, width: TimeDelta) -> Timestamp {
    let width = width.num_seconds().max(1);
    let start = t.timestamp().div_euclid(width) * width;
    DateTime::from_timestamp(start, 0).unwrap_or(t)
}

/// How far windows are read at `now`.
pub(super) fn end(now: Timestamp) -> Timestamp {
    floor(now - HELD_BACK, FINE)
}

/// Pieces that cover the range once, each with the width of its windows.
pub(super) fn pieces((from, to): Range) -> Vec<(Range, TimeDelta)> {
    let seam = floor(to - RECENT, COARSE);
    let mut pieces = Vec::new();
    if from < seam {
        pieces.extend(cut((floor(from, COARSE), seam), COARSE));
    }
    pieces.extend(cut((floor(from, FINE).max(seam), to), FINE));
    pieces
}

/// The same width throughout.
pub(super) fn cut((from, to): Range, width: TimeDelta) -> Vec<(Range, TimeDelta)> {
    let step = width * MOST_WINDOWS;
    let starts = std::iter::successors(Some(from), |start| Some(*start + step));
    starts
        .take_while(|start| *start < to)
        .map(|start| ((start, (start + step).min(to)), width))
        .collect()
}

/// A metric, its trials and its failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) metric: Metric,
    pub(super) trials: What,
    pub(super) failures: What,
}

impl Share {
    /// Failures out of trials of one window.
    ///
    /// What failed in a window may have begun before it, so that there may be more failures than trials: a failure is a trial
    /// at least. Of a journey the successes are counted; those of journeys begun before are not taken for others' failures.
    pub(super) fn counts(&self, trials: u64, counted: u64) -> Option<Counts> {
        if let Metric::JourneySuccess(_) = self.metric {
            return Counts::new(trials, trials.saturating_sub(counted));
        }
        Counts::new(trials.max(counted), counted)
    }
}

/// Counts by version key, stratum, start and width of the window.
pub(super) type Tally = BTreeMap<(String, String, Timestamp, TimeDelta), u64>;

/// Readings of one metric; a window without trials is none.
pub(super) fn readings(share: &Share, trials: &Tally, failures: &Tally) -> Vec<Reading> {
    let windows = trials.keys().chain(failures.keys());
    let windows: std::collections::BTreeSet<_> = windows.collect();
    let readings = windows.into_iter().filter_map(|key| {
        let n = |tally: &Tally| tally.get(key).copied().unwrap_or(0);
        let counts = share.counts(n(trials), n(failures))?;
        let (version, stratum, start, width) = key;
        (counts.trials > 0).then(|| Reading {
            metric: share.metric.clone(),
            version: version.clone(),
            stratum: stratum.clone(),
            start: *start,
            seconds: u32::try_from(width.num_seconds()).unwrap_or(u32::MAX),
            counts,
        })
    });
    readings.collect()
}

/// Sessions that must be missing, by the mean of the last day, before a silence counts as the source's and not the users': at
/// night an app may have a tenth of its mean, and 10 expected and none seen is one chance in 20 000.
const MISSING: f64 = 100.0;
const PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// Since when there has been no session though these versions have `a_day` of them: then the collector takes none in, or does
/// not show them.
pub(super) fn silent_since(sessions: &Tally, (from, to): Range, a_day: u64) -> Option<Timestamp> {
    let ends = sessions.keys().map(|(_, _, start, width)| *start + *width);
    let since = ends.max().unwrap_or(from);
    let silence = to - since;
    let missing = a_day as f64 * silence.as_seconds_f64() / 86_400.0;
    (silence >= PATIENCE && missing >= MISSING).then_some(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(raw: &str) -> Timestamp {
        raw.parse().unwrap()
    }

    #[test]
    fn pieces_cover_the_range_once_hours_first() {
        let to = at("2026-11-20T10:25:00Z");
        for days in [0, 1, 3, 14] {
            let from = to - TimeDelta::days(days) - TimeDelta::minutes(37);
            let pieces = pieces((from, to));
            assert!(pieces.first().unwrap().0.0 <= from);
            assert_eq!(pieces.last().unwrap().0.1, to);
            for pair in pieces.windows(2) {
                assert_eq!(pair[0].0.1, pair[1].0.0);
                assert!(pair[0].1 >= pair[1].1);
            }
            for ((start, end), width) in &pieces {
                assert_eq!(floor(*start, *width), *start);
                assert!(*end - *start <= *width * MOST_WINDOWS);
            }
            assert!(pieces.len() <= 3, "{pieces:?}");
        }
        assert!(pieces((to, to)).is_empty());
    }

    #[test]
    fn windows_are_read_once_they_have_been_over_for_a_while() {
        for (now, through) in [("10:07:30", "10:00:00"), ("10:10:00", "10:05:00")] {
            let through = at(&format!("2026-11-20T{through}Z"));
            assert_eq!(end(at(&format!("2026-11-20T{now}Z"))), through);
        }
    }

    #[test]
    fn a_failure_is_a_trial_and_a_journey_cannot_fail_less_than_never() {
        let share = |metric| Share {
            metric,
            trials: What::Sessions,
            failures: What::Crashed,
        };
        let crash = share(Metric::CrashFreeSessions);
        assert_eq!(crash.counts(10, 2), Counts::new(10, 2));
        assert_eq!(crash.counts(1, 3), Counts::new(3, 3));
        let journey = share(Metric::JourneySuccess("checkout".into()));
        assert_eq!(journey.counts(10, 8), Counts::new(10, 2));
        assert_eq!(journey.counts(10, 12), Counts::new(10, 0));
    }
}
