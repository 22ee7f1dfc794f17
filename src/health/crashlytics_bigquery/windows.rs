//! Counts of the two tables, put together by version, window and stratum.
//!
//! Owns the joining. A window without a crash is one with no failure; a window without a session is none, unless a session
//! crashed in it that began before: every session that crashed is one. Must not ask anything.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};

use crate::domain::{Counts, Metric, Reading, SourceReport, Timestamp, Version};
use crate::ports::HealthQuery;

use super::error::BigQueryError;
use super::wire::Table;

pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);
pub(super) const DAY: TimeDelta = TimeDelta::days(1);

/// Counts by version key, stratum and start of the window.
pub(super) type Sums = BTreeMap<(String, String, Timestamp), u64>;

/// The start of the window of `width` that holds `t`; windows are aligned to the UTC day.
pub(super) fn floor(t: Timestamp, width: TimeDelta) -> Timestamp {
    let width = width.num_seconds().max(1);
    let start = t.timestamp().div_euclid(width) * width;
    DateTime::from_timestamp(start, 0).unwrap_or(t)
}

fn is_one(version: &Version, name: Option<&str>, build: &str) -> bool {
    let named = version.name.as_ref();
    version.build.as_str() == build && named.is_none_or(|own| Some(own.as_str()) == name)
}

/// The key of the version that a row belongs to.
pub(super) fn owner(query: &HealthQuery, name: Option<&str>, build: &str) -> Option<String> {
    let mut own = [&query.version].into_iter().chain(&query.also);
    if own.any(|version| is_one(version, name, build)) {
        return Some(query.version.key());
    }
    let baseline = query.baseline.as_ref();
    let is_baseline = baseline.filter(|version| is_one(version, name, build));
    is_baseline.map(Version::key)
}

/// Sums of the column `n`; of rows of this `kind` where one is named.
pub(super) fn sums(
    table: &Table,
    query: &HealthQuery,
    kind: Option<&str>,
) -> Result<Sums, BigQueryError> {
    let mut sums = Sums::new();
    for row in table.rows() {
        if kind.is_some() && row.text("kind") != kind {
            continue;
        }
        let build = row.text("b").unwrap_or_default();
        let (Some(version), Some(start)) = (owner(query, row.text("v"), build), row.time("t")?)
        else {
            continue;
        };
        let stratum = if table.has("os") {
            major(row.text("os").unwrap_or_default())
        } else {
            String::new()
        };
        let key = (version, stratum, start);
        *sums.entry(key).or_default() += row.count("n")?;
    }
    Ok(sums)
}

/// `os=14` of `14.1.2`; what is no version is `other`.
fn major(version: &str) -> String {
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    if major.is_empty() {
        OTHER.to_owned()
    } else {
        format!("os={major}")
    }
}

const OTHER: &str = "other";

/// Leaves the biggest strata by their trials and counts the rest together.
pub(super) fn bound(trials: &mut Sums, failures: &mut Sums) {
    let mut sizes = BTreeMap::<String, u64>::new();
    for ((_, stratum, _), n) in trials.iter() {
        *sizes.entry(stratum.clone()).or_default() += n;
    }
    let mut by_size: Vec<(String, u64)> = sizes.into_iter().collect();
    by_size.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let kept: BTreeSet<String> = by_size
        .into_iter()
        .take(SourceReport::MOST_STRATA - 1)
        .map(|(stratum, _)| stratum)
        .collect();
    for sums in [trials, failures] {
        let mut bounded = Sums::new();
        for ((version, stratum, start), n) in std::mem::take(sums) {
            let stratum = if kept.contains(&stratum) {
                stratum
            } else {
                OTHER.to_owned()
            };
            *bounded.entry((version, stratum, start)).or_default() += n;
        }
        *sums = bounded;
    }
}

/// Readings of one metric.
pub(super) fn readings(
    metric: &Metric,
    trials: &Sums,
    failures: &Sums,
    width: TimeDelta,
) -> Vec<Reading> {
    let seconds = u32::try_from(width.num_seconds()).unwrap_or(u32::MAX);
    let keys: BTreeSet<_> = trials.keys().chain(failures.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let failures = failures.get(key).copied().unwrap_or(0);
            let trials = trials.get(key).copied().unwrap_or(0).max(failures);
            let (version, stratum, start) = key.clone();
            (trials > 0).then_some(Reading {
                metric: metric.clone(),
                version,
                stratum,
                start,
                seconds,
                counts: Counts { trials, failures },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(stratum: &str, hour: i64) -> (String, String, Timestamp) {
        let start = DateTime::from_timestamp(hour * 3600, 0).unwrap();
        ("84300".into(), stratum.into(), start)
    }

    #[test]
    fn no_window_is_lost_and_none_is_made_up() {
        let trials = Sums::from([(key("", 1), 100), (key("", 2), 80)]);
        let failures = Sums::from([(key("", 2), 3), (key("", 4), 1)]);
        let all = readings(&Metric::CrashFreeSessions, &trials, &failures, HOUR);
        let counts: Vec<_> = all
            .iter()
            .map(|r| (r.counts.trials, r.counts.failures))
            .collect();
        assert_eq!(counts, [(100, 0), (80, 3), (1, 1)]);
    }

    #[test]
    fn at_most_fifty_strata_part_all_sessions() {
        let mut trials: Sums = (1..=80)
            .map(|n| (key(&major(&format!("{n}.1")), 1), 1000 - n))
            .collect();
        let mut failures = Sums::from([(key("os=80", 1), 5), (key("os=1", 1), 2)]);
        let whole: u64 = trials.values().sum();
        bound(&mut trials, &mut failures);
        assert_eq!(trials.len(), SourceReport::MOST_STRATA);
        assert_eq!(trials.values().sum::<u64>(), whole);
        assert_eq!(
            failures,
            Sums::from([(key("other", 1), 5), (key("os=1", 1), 2)])
        );
        assert_eq!(major("Tiramisu"), "other");
    }
}
