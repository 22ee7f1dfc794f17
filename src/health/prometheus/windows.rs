//! Windows: which points in time to ask for, and what the values there say.
//!
//! A query with `[5m]` in it that is evaluated at 10:05 speaks of the five minutes before. So windows of one length, aligned to
//! the UTC day, are the points at their ends, and no second is counted twice. The open window is asked for by itself, now and
//! with the time since it began as its range: at its end, or with its whole length, `increase()` would add what has not come
//! yet, or what came before. Must not know where the values come from.
//!
//! **What is not there is not zero.** A window without a sample of trials, or one with `NaN` or an infinity, is no window. One
//! that has trials and no failures is none either: a counter may not have a series yet, and may be named otherwise. Whoever
//! knows that it means zero writes so into the query: `(failures) or 0 * (trials)`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};

use crate::domain::{Counts, Metric, Reading, SourceReport, Timestamp};

use super::api::{Steps, Told};
use super::error::PrometheusError;
use super::wire::Series;

pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);
pub(super) const DAY: TimeDelta = TimeDelta::days(1);

/// Steps of one answer. Servers refuse more than 11 000 a series.
const MOST_STEPS: i32 = 10_000;
/// Where strata part the answer into many series: two hundred of them fit into the largest body that is read.
const MOST_STEPS_OF_STRATA: i32 = 2_000;

/// A window that is younger holds no two scrapes, as a rule.
const YOUNGEST: TimeDelta = TimeDelta::minutes(1);

/// What takes the place of strata beyond the fiftieth, and of a label that a series does not have.
const OTHER: &str = "other";
const UNLABELLED: &str = "unknown";

/// Values by stratum and end of the window; what is no number stays in, so that nothing is added up around it.
pub(super) type Samples = BTreeMap<(String, Timestamp), f64>;

/// By stratum and end of the window.
pub(super) type Windows = BTreeMap<(String, Timestamp), Window>;

/// What is known of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) trials: u64,
    /// Never more than the trials; `None` where some are not known.
    pub(super) failures: Option<u64>,
}

/// The start of the window of `width` that holds `t`.
pub(super) fn floor(t: Timestamp, width: TimeDelta) -> Timestamp {
    let width = width.num_seconds().max(1);
    let start = t.timestamp().div_euclid(width) * width;
    DateTime::from_timestamp(start, 0).unwrap_or(t)
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) width: TimeDelta,
    /// The ends of windows that are over, in pieces that one answer may hold.
    pub(super) closed: Vec<Steps>,
    /// When the window began that is not over, and now.
    pub(super) open: Option<(Timestamp, Timestamp)>,
}

/// All windows of `width` from the one that holds `from` to the one that holds `to`.
pub(super) fn plan((from, to): (Timestamp, Timestamp), width: TimeDelta, strata: bool) -> Plan {
    let most = if strata {
        MOST_STEPS_OF_STRATA
    } else {
        MOST_STEPS
    };
    let last = floor(to, width);
    let mut closed = Vec::new();
    let mut first = floor(from, width) + width;
    while first <= last {
        let end = (first + width * (most - 1)).min(last);
        closed.push(Steps {
            first,
            last: end,
            step: width,
        });
        first = end + width;
    }
    let now = floor(to, TimeDelta::seconds(1));
    let open = Some((last, now)).filter(|_| now - last >= YOUNGEST);
    Plan {
        width,
        closed,
        open,
    }
}

/// Adds the values of an answer, series of the same stratum added up.
pub(super) fn collect(
    told: &Told<Vec<Series>>,
    steps: Steps,
    strata: &[String],
    into: &mut Samples,
) -> Result<(), PrometheusError> {
    let step = steps.step.num_milliseconds().max(1);
    for series in &told.data {
        let stratum = stratum(&series.metric, strata);
        for (seconds, value) in &series.values {
            let end = DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64);
            let asked = |end: &Timestamp| {
                let since = (*end - steps.first).num_milliseconds();
                (steps.first..=steps.last).contains(end) && since % step == 0
            };
            let end = end.filter(asked).ok_or_else(|| PrometheusError::Nonsense {
                place: told.place.clone(),
                why: "it has values at other times than were asked for".into(),
            })?;
            *into.entry((stratum.clone(), end)).or_default() += value.0;
        }
    }
    Ok(())
}

/// `os=14`, or `country=DE,device=low`; empty where the series tells nothing apart.
fn stratum(labels: &BTreeMap<String, String>, kinds: &[String]) -> String {
    if !kinds.iter().any(|kind| labels.contains_key(kind)) {
        return String::new();
    }
    let kinds: BTreeSet<&String> = kinds.iter().collect();
    let named = kinds.into_iter().map(|kind| {
        let value = labels.get(kind).filter(|value| !value.is_empty());
        let value = value.map_or(UNLABELLED, String::as_str);
        format!("{kind}={}", value.replace(['=', ','], "_"))
    });
    named.collect::<Vec<_>>().join(",")
}

/// What failures and trials of one build come to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) windows: Windows,
    /// The last end at which there was a sample of trials, of none too.
    pub(super) through: Option<Timestamp>,
    /// Windows that have trials, and no sample of failures.
    pub(super) lacking: usize,
    /// A window with more failures than trials, beyond what extrapolation makes of a few.
    pub(super) impossible: Option<(Timestamp, f64, f64)>,
}

impl Tally {
    pub(super) fn of(failures: &Samples, trials: &Samples) -> Self {
        let mut tally = Self::default();
        for (place, n) in trials {
            let counted = count(*n);
            if counted.is_some() {
                tally.through = tally.through.max(Some(place.1));
            }
            let trials = counted.unwrap_or(0);
            let failed = failures.get(place).copied();
            let failures = match failed.and_then(count) {
                _ if counted.is_none() => None,
                // `increase()` extrapolates each series by itself.
                Some(_) if failed.is_some_and(|f| f > n * 1.1 + 2.0) => {
                    tally.impossible = Some((place.1, failed.unwrap_or_default(), *n));
                    None
                }
                Some(failed) => Some(failed.min(trials)),
                None if trials == 0 => Some(0),
                None => {
                    tally.lacking += 1;
                    None
                }
            };
            let window = Window { trials, failures };
            tally.windows.insert(place.clone(), window);
        }
        tally
    }
}

/// `increase()` extrapolates, so that it counts in parts. `None` for what is no number, or less than nothing.
fn count(value: f64) -> Option<u64> {
    (value.is_finite() && value > -0.5).then(|| value.round().max(0.0) as u64)
}

/// Adds the windows of another build: what is not known of one is not known of both.
pub(super) fn add(more: Windows, to: &mut Windows) {
    const NOTHING: Window = Window {
        trials: 0,
        failures: Some(0),
    };
    for (place, window) in more {
        let sum = to.entry(place).or_insert(NOTHING);
        sum.trials = sum.trials.saturating_add(window.trials);
        let failures = sum.failures.zip(window.failures);
        sum.failures = failures.map(|(a, b)| a.saturating_add(b));
    }
}

/// Leaves the biggest strata of all versions apart and makes the rest one. `kept` remembers which, so that no window moves
/// between them from poll to poll. A metric that is not parted stays whole.
pub(super) fn bound(all: &mut BTreeMap<String, Windows>, kept: &mut BTreeSet<String>) {
    let whole = |((stratum, _), _): (&(String, Timestamp), &Window)| stratum.is_empty();
    if kept.is_empty() && all.values().flatten().all(whole) {
        return;
    }
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for ((stratum, _), window) in all.values().flatten() {
        *totals.entry(stratum).or_default() += window.trials;
    }
    totals.remove("");
    let mut biggest: Vec<(&str, u64)> = totals.into_iter().collect();
    biggest.sort_by_key(|(_, trials)| std::cmp::Reverse(*trials));
    for (stratum, _) in biggest {
        if kept.len() < SourceReport::MOST_STRATA - 1 {
            kept.insert(stratum.to_owned());
        }
    }
    for windows in all.values_mut() {
        let parted = std::mem::take(windows);
        let renamed = parted.into_iter().map(|((stratum, end), window)| {
            let apart = kept.contains(&stratum);
            let stratum = if apart { stratum } else { OTHER.to_owned() };
            ((stratum, end), window)
        });
        for one in renamed {
            add(Windows::from([one]), windows);
        }
    }
}

/// Windows without trials are no readings: no data is never a rate.
pub(super) fn readings(
    metric: &Metric,
    version: &str,
    windows: &Windows,
    width: TimeDelta,
) -> Vec<Reading> {
    let seconds = u32::try_from(width.num_seconds()).unwrap_or(u32::MAX);
    let known = windows.iter().filter_map(|((stratum, end), window)| {
        let counts = Counts::new(window.trials, window.failures?)?;
        (counts.trials > 0).then(|| Reading {
            metric: metric.clone(),
            version: version.to_owned(),
            stratum: stratum.clone(),
            start: *end - width,
            seconds,
            counts,
        })
    });
    known.collect()
}

/// Trials that must be missing, by the mean of the last day, before a silence counts as the source's and not the users'.
const MISSING: f64 = 100.0;
/// Late data are no silence.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// Since when nothing has been counted, where versions that have `a_day` trials a day must have had some: the counters are
/// still there and stand still.
pub(super) fn silent_since(last: Timestamp, now: Timestamp, a_day: u64) -> Option<Timestamp> {
    let silence = now - last;
    let missing = a_day as f64 * silence.as_seconds_f64() / DAY.as_seconds_f64();
    (silence >= PATIENCE && missing >= MISSING).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(raw: &str) -> Timestamp {
        raw.parse().unwrap()
    }

    #[test]
    fn every_window_is_asked_for_once() {
        let range = (at("2026-10-20T10:02:30Z"), at("2026-11-20T10:07:30.7Z"));
        for (minutes, strata, count) in [(1, false, 5), (5, false, 1), (5, true, 5), (60, true, 1)]
        {
            let width = TimeDelta::minutes(minutes);
            let plan = plan(range, width, strata);
            let last = floor(range.1, width);
            assert_eq!(plan.closed.len(), count, "{minutes}");
            assert_eq!(plan.closed[0].first, floor(range.0, width) + width);
            assert_eq!(plan.closed.last().unwrap().last, last);
            for piece in &plan.closed {
                let steps = (piece.last - piece.first).num_seconds() / width.num_seconds();
                assert!(steps < 11_000);
            }
            for pair in plan.closed.windows(2) {
                assert_eq!(pair[0].last + width, pair[1].first);
            }
            let now = at("2026-11-20T10:07:30Z");
            assert_eq!(plan.open, Some((last, now)).filter(|_| minutes > 1));
        }
        let whole = at("2026-11-20T10:00:00Z");
        let nothing = plan((whole, whole), HOUR, false);
        assert_eq!((nothing.closed, nothing.open), (Vec::new(), None));
    }

    #[test]
    fn what_is_missing_is_not_zero() {
        let place = |minute| {
            (
                String::new(),
                at("2026-11-20T10:00:00Z") + TimeDelta::minutes(minute),
            )
        };
        let trials: Samples = [
            (place(0), 10.4),
            (place(5), 20.0),
            (place(10), f64::NAN),
            (place(15), f64::INFINITY),
            (place(20), 0.0),
            (place(25), 7.0),
            (place(30), 3.0),
            (place(35), -4.0),
        ]
        .into();
        let failures: Samples = [
            (place(0), 0.6),
            (place(5), f64::NAN),
            (place(10), 1.0),
            (place(25), 7.6),
            (place(30), 9.0),
        ]
        .into();
        let tally = Tally::of(&failures, &trials);
        let known: Vec<_> = tally
            .windows
            .values()
            .map(|w| (w.trials, w.failures))
            .collect();
        let wanted = [
            (10, Some(1)),
            (20, None),
            (0, None),
            (0, None),
            (0, Some(0)),
            (7, Some(7)),
            (3, None),
            (0, None),
        ];
        assert_eq!(known, wanted);
        assert_eq!(
            (tally.lacking, tally.impossible.unwrap().0),
            (1, place(30).1)
        );
        assert_eq!(tally.through, Some(place(30).1));
    }

    #[test]
    fn strata_are_named_bounded_and_stay_where_they_are() {
        let labels = BTreeMap::from([("os".to_owned(), "a=b,c".to_owned())]);
        let kinds = ["os".to_owned(), "country".to_owned()];
        assert_eq!(stratum(&labels, &kinds), "country=unknown,os=a_b_c");
        assert_eq!(stratum(&labels, &kinds[1..]), "");
        assert_eq!(stratum(&labels, &[]), "");

        let end = at("2026-11-20T10:00:00Z");
        let parted = |trials: fn(u64) -> u64| -> BTreeMap<String, Windows> {
            let of = |n: u64| {
                let window = Window {
                    trials: trials(n),
                    failures: Some(0),
                };
                ((format!("os={n:02}"), end), window)
            };
            [("1".to_owned(), (0..60).map(of).collect())].into()
        };
        let mut kept = BTreeSet::new();
        let mut first = parted(|n| 100 - n);
        bound(&mut first, &mut kept);
        assert_eq!(first["1"].len(), SourceReport::MOST_STRATA);
        let other = first["1"][&(OTHER.to_owned(), end)].trials;
        assert_eq!(other, (49..60).map(|n| 100 - n).sum::<u64>());
        let mut later = parted(|n| 100 + n);
        bound(&mut later, &mut kept);
        assert_eq!(
            first["1"].keys().collect::<Vec<_>>(),
            later["1"].keys().collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_silence_is_told_from_a_quiet_night() {
        let (last, now) = (at("2026-11-20T10:00:00Z"), at("2026-11-20T10:30:00Z"));
        assert_eq!(silent_since(last, now, 10_000), Some(last));
        assert_eq!(silent_since(last, now, 1_000), None);
        assert_eq!(
            silent_since(last, now - TimeDelta::minutes(16), 1_000_000),
            None
        );
    }
}
