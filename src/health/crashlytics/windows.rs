//! What is counted in which window: grains of time, and how far an answer can be trusted to have them all.
//!
//! Owns the cleaning of intervals into windows. Must not ask anything.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};

use crate::domain::{Counts, Metric, Reading, Timestamp};

use super::wire::{Group, Told};

pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);
pub(super) const DAY: TimeDelta = TimeDelta::days(1);

/// Counts by version key and start of the window.
pub(super) type Counted = BTreeMap<(String, Timestamp), Counts>;

/// What a report over a range says of sessions and of users.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) sessions: Counted,
    pub(super) users: Counted,
    /// There was something to count, and nothing of it had a total.
    pub(super) without_totals: bool,
    /// Windows whose failures were more than their trials.
    pub(super) impossible: usize,
    /// An interval that is none of the windows asked for.
    pub(super) uneven: bool,
}

/// The start of the window of `width` that holds `t`; windows are aligned to the UTC day.
pub(super) fn floor(t: Timestamp, width: TimeDelta) -> Timestamp {
    let width = width.num_seconds().max(1);
    let start = t.timestamp().div_euclid(width) * width;
    DateTime::from_timestamp(start, 0).unwrap_or(t)
}

pub(super) fn ceil(t: Timestamp, width: TimeDelta) -> Timestamp {
    let down = floor(t, width);
    if down == t { t } else { down + width }
}

/// Windows of `width` within `from..to`; `owner` says which version a display name belongs to.
pub(super) fn read(
    groups: &[Group],
    owner: impl Fn(&str) -> Option<String>,
    width: TimeDelta,
    (from, to): (Timestamp, Timestamp),
) -> Read {
    let mut read = Read::default();
    let (mut seen, mut with_total) = (false, false);
    for group in groups {
        let name = group.version.as_ref().map(|v| v.display_name.as_str());
        let Some(version) = name.and_then(&owner) else {
            continue;
        };
        for metrics in &group.metrics {
            let Some((start, end)) = metrics.interval() else {
                read.uneven = true;
                continue;
            };
            if floor(start, width) != start || end - start > width {
                read.uneven = true;
                continue;
            }
            if !(from..to).contains(&start) {
                continue;
            }
            seen = true;
            let told = [
                (metrics.sessions(), &mut read.sessions),
                (metrics.users(), &mut read.users),
            ];
            for (told, counted) in told {
                let Told::Counts { trials, failures } = told else {
                    continue;
                };
                with_total = true;
                match Counts::new(trials, failures) {
                    // No trials are no data.
                    Some(counts) if counts.trials > 0 => {
                        let sum = counted.entry((version.clone(), start)).or_default();
                        *sum = *sum + counts;
                    }
                    Some(_) => {}
                    None => read.impossible += 1,
                }
            }
        }
    }
    read.without_totals = seen && !with_total;
    read
}

pub(super) fn readings<'a>(
    counted: &'a Counted,
    metric: &'a Metric,
    width: TimeDelta,
) -> impl Iterator<Item = Reading> + 'a {
    let seconds = u32::try_from(width.num_seconds()).unwrap_or(u32::MAX);
    counted
        .iter()
        .map(move |((version, start), counts)| Reading {
            metric: metric.clone(),
            version: version.clone(),
            stratum: String::new(),
            start: *start,
            seconds,
            counts: *counts,
        })
}

/// Sessions that hours may lack of those that their day has: one that goes on past the hour is counted in two of them, never
/// in none.
const LOST: f64 = 0.02;
/// Days with fewer sessions prove nothing.
const ENOUGH: u64 = 100;

/// True where hours are missing from a day that is wholly within what was asked: a report that leaves out what had no crash
/// would make a version look worse than it is.
pub(super) fn hours_are_missing(hours: &Counted, days: &Counted, from: Timestamp) -> bool {
    days.iter().any(|((version, day), counts)| {
        let of_day = hours
            .range((version.clone(), *day)..(version.clone(), *day + DAY))
            .map(|(_, hour)| hour.trials)
            .sum::<u64>();
        *day >= from
            && counts.trials >= ENOUGH
            && (of_day as f64) < counts.trials as f64 * (1.0 - LOST)
    })
}

/// The first window in which one of these versions has a session.
pub(super) fn first(counted: &Counted, version: &str) -> Option<Timestamp> {
    let mut starts = counted.keys().filter(|(owner, _)| owner == version);
    starts.next().map(|(_, start)| *start)
}

/// Sessions that must be missing, by the mean of the last day, before a silence counts as the source's and not the users'.
/// At night an app may have a tenth of its mean: 10 expected and none seen is one chance in 20 000.
const MISSING: f64 = 100.0;

/// How far the source has data: up to where it was asked, or to the end of the last window with sessions where there should be
/// some since.
pub(super) fn read_through(
    counted: &Counted,
    width: TimeDelta,
    asked: Timestamp,
    a_day: u64,
) -> Option<Timestamp> {
    let last = counted.keys().map(|(_, start)| *start + width).max()?;
    let missing = a_day as f64 * (asked - last).as_seconds_f64() / DAY.as_seconds_f64();
    Some(if missing >= MISSING {
        last.min(asked)
    } else {
        asked
    })
}
