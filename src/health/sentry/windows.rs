//! Sessions per window: which ranges to ask for, at which interval, and what the statuses mean.
//!
//! Windows are as fine as the server takes them: 5 minutes, and 1 hour where it refuses. One poll uses one interval for
//! all of its range, and a range that is too long for one answer is cut into pieces that share no window, so nothing is
//! ever counted twice. Must not know users, adoption or issues.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};

use crate::domain::{Counts, Metric, Reading, Timestamp};

use super::api::{Api, Params, Sessions};
use super::error::SentryError;

pub(super) const FINE: TimeDelta = TimeDelta::minutes(5);
pub(super) const COARSE: TimeDelta = TimeDelta::hours(1);
pub(super) const SESSIONS: &str = "sum(session)";

/// Points of one answer. Sentry documents 10 000 over all groups, and servers refuse more than 1000 in time.
const MAX_POINTS: usize = 10_000;
const MAX_POINTS_IN_TIME: usize = 960;
/// healthy, errored, unhandled, crashed, abnormal; and the sum that goes along.
const STATUSES: usize = 6;

/// Which release names belong to which version (by its key).
pub(super) type Owners = BTreeMap<String, String>;

/// Sessions of one version in one window, by how they ended. Sentry's statuses exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    all: u64,
    healthy: u64,
    crashed: u64,
    abnormal: u64,
}

impl Tally {
    fn add(&mut self, status: &str, count: u64) {
        self.all += count;
        match status {
            "healthy" => self.healthy += count,
            "crashed" => self.crashed += count,
            "abnormal" => self.abnormal += count,
            // `errored`, `unhandled`, and whatever a newer server adds: not healthy, not fatal.
            _ => {}
        }
    }

    fn failures(&self) -> [(Metric, u64); 3] {
        [
            (Metric::CrashFreeSessions, self.crashed),
            (
                Metric::FrustrationFreeSessions,
                self.crashed + self.abnormal,
            ),
            (Metric::ErrorFreeSessions, self.all - self.healthy),
        ]
    }
}

/// Tallies by version key and start of the window; windows without sessions are not there: no data is never a rate.
pub(super) type Tallies = BTreeMap<(String, Timestamp), Tally>;

/// What one question over a range gave.
pub(super) struct Read {
    pub(super) tallies: Tallies,
    pub(super) from: Timestamp,
    /// How far the server has been read; `None` where the range held no window.
    pub(super) through: Option<Timestamp>,
    pub(super) cut: bool,
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

/// Pieces of at most as many windows as one answer may hold for `releases` releases, without a gap and without overlap.
/// The last piece ends at `to`, inside the open window.
fn pieces(
    from: Timestamp,
    to: Timestamp,
    width: TimeDelta,
    releases: usize,
) -> Vec<(Timestamp, Timestamp)> {
    let points = (MAX_POINTS / (STATUSES * releases.max(1)))
        .saturating_sub(1)
        .clamp(1, MAX_POINTS_IN_TIME);
    let step = width * i32::try_from(points).unwrap_or(1);
    let mut pieces = Vec::new();
    let mut start = floor(from, width);
    while start < to {
        let end = (start + step).min(to);
        pieces.push((start, end));
        start = end;
    }
    pieces
}

/// `release:"a"`, or `release:["a","b"]`. Sentry refuses wildcards here, so none is asked for: a star is a star.
pub(super) fn release_query<'a>(releases: impl IntoIterator<Item = &'a String>) -> String {
    let quoted: Vec<String> = releases
        .into_iter()
        .map(|name| {
            let escaped = name
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('*', "\\*");
            format!("\"{escaped}\"")
        })
        .collect();
    match quoted.as_slice() {
        [one] => format!("release:{one}"),
        many => format!("release:[{}]", many.join(",")),
    }
}

/// `5m`, `1h`
pub(super) fn interval(width: TimeDelta) -> String {
    match width.num_minutes() {
        minutes if minutes % 60 == 0 => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

pub(super) fn range(from: Timestamp, to: Timestamp) -> Params {
    let wire = |t: Timestamp| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    vec![("start", wire(from)), ("end", wire(to))]
}

/// Reads all windows of `width` from the one that holds `from` up to `to`.
pub(super) async fn read(
    api: &Api,
    owners: &Owners,
    (from, to): (Timestamp, Timestamp),
    width: TimeDelta,
) -> Result<Read, SentryError> {
    let mut read = Read {
        tallies: Tallies::new(),
        from: floor(from, width),
        through: None,
        cut: false,
    };
    for (start, end) in pieces(from, to, width, owners.len()) {
        let mut params = range(start, end);
        params.extend([
            ("interval", interval(width)),
            ("field", SESSIONS.to_owned()),
            ("groupBy", "release".to_owned()),
            ("groupBy", "session.status".to_owned()),
            ("includeTotals", "0".to_owned()),
            ("query", release_query(owners.keys())),
        ]);
        let sessions = api.sessions(&params).await?;
        // A server that rounds the range answers with more than was asked; the rest is the next piece's.
        tally(&sessions, owners, start, end, &mut read.tallies)?;
        read.through = read.through.max(Some(sessions.end));
        read.cut |= sessions.cut;
    }
    Ok(read)
}

fn tally(
    sessions: &Sessions,
    owners: &Owners,
    from: Timestamp,
    to: Timestamp,
    tallies: &mut Tallies,
) -> Result<(), SentryError> {
    for ((release, status), group) in &sessions.groups {
        let (Some(version), Some(series)) = (owners.get(release), group.series.get(SESSIONS))
        else {
            continue;
        };
        for (start, number) in sessions.intervals.iter().zip(series) {
            let count = number.count().map_err(|why| SentryError::Nonsense {
                place: sessions.place.clone(),
                why,
            })?;
            if count > 0 && (from..to).contains(start) {
                tallies
                    .entry((version.clone(), *start))
                    .or_default()
                    .add(status, count);
            }
        }
    }
    Ok(())
}

pub(super) fn readings(tallies: &Tallies, width: TimeDelta) -> Vec<Reading> {
    let seconds = u32::try_from(width.num_seconds()).unwrap_or(u32::MAX);
    tallies
        .iter()
        .flat_map(|((version, start), tally)| {
            let trials = tally.all;
            tally
                .failures()
                .into_iter()
                .filter_map(move |(metric, failures)| {
                    Some(Reading {
                        metric,
                        version: version.clone(),
                        stratum: String::new(),
                        start: *start,
                        seconds,
                        counts: Counts::new(trials, failures)?,
                    })
                })
        })
        .collect()
}

/// Sessions that must be missing, by the mean of the last day, before a silence counts as the source's and not the users'.
/// At night an app may have a tenth of its mean: 10 expected and none seen is one chance in 20 000.
const MISSING: f64 = 100.0;
/// Late sessions are no silence.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// Since when the source has been silent though these versions have `a_day` sessions a day: then it does not take in
/// sessions, or does not show them, and what it says of the time since is not known to be true.
pub(super) fn silent_since(
    tallies: &Tallies,
    width: TimeDelta,
    (from, to): (Timestamp, Timestamp),
    a_day: u64,
) -> Option<Timestamp> {
    let last = tallies.keys().map(|(_, start)| *start + width).max();
    let since = last.unwrap_or(from);
    let silence = to - since;
    let missing = a_day as f64 * silence.as_seconds_f64() / 86_400.0;
    (silence >= PATIENCE && missing >= MISSING).then_some(since)
}

/// The first window of these versions that has a session.
pub(super) fn first(tallies: &Tallies, version: &str) -> Option<Timestamp> {
    let starts: BTreeSet<Timestamp> = tallies
        .keys()
        .filter(|(owner, _)| owner == version)
        .map(|(_, start)| *start)
        .collect();
    starts.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(raw: &str) -> Timestamp {
        raw.parse().unwrap()
    }

    #[test]
    fn pieces_cover_the_range_once_and_stay_below_the_limits() {
        let (from, to) = (at("2026-11-06T10:02:30Z"), at("2026-11-20T10:02:30Z"));
        for (width, releases) in [(FINE, 1), (FINE, 2), (FINE, 40), (COARSE, 2)] {
            let pieces = pieces(from, to, width, releases);
            assert_eq!(pieces[0].0, floor(from, width));
            assert_eq!(pieces.last().unwrap().1, to);
            for pair in pieces.windows(2) {
                assert_eq!(pair[0].1, pair[1].0);
            }
            for (start, end) in pieces {
                assert_eq!(floor(start, width), start, "aligned");
                let points = ((end - start).num_seconds() / width.num_seconds() + 1) as usize;
                assert!(
                    points <= 1000 && points * STATUSES * releases <= 10_000 + STATUSES * releases
                );
            }
        }
        assert_eq!(pieces(from, to, COARSE, 2).len(), 1);
        assert!(pieces(to, from, FINE, 2).is_empty());
    }

    #[test]
    fn queries_are_exact_names() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(release_query(&names(&["a@1+2"])), r#"release:"a@1+2""#);
        assert_eq!(
            release_query(&names(&["a", "b*\""])),
            r#"release:["a","b\*\""]"#
        );
    }

    #[test]
    fn every_status_is_a_session_and_an_unknown_one_is_not_healthy() {
        let mut tally = Tally::default();
        for (status, count) in [
            ("healthy", 90),
            ("errored", 4),
            ("unhandled", 3),
            ("crashed", 2),
            ("abnormal", 1),
            ("from-the-future", 5),
        ] {
            tally.add(status, count);
        }
        assert_eq!(tally.all, 105);
        let failures: Vec<u64> = tally.failures().iter().map(|(_, n)| *n).collect();
        assert_eq!(failures, [2, 3, 15]);
    }

    #[test]
    fn silence_is_judged_by_what_is_missing() {
        let (from, to) = (at("2026-11-20T09:00:00Z"), at("2026-11-20T10:40:00Z"));
        let last = at("2026-11-20T10:05:00Z");
        let one = ("84300".to_owned(), last - FINE);
        let tallies = Tallies::from([(one, Tally::default())]);
        let silent = |tallies, to, a_day| silent_since(tallies, FINE, (from, to), a_day);
        assert_eq!(
            silent(&tallies, to, 144_000),
            Some(last),
            "3500 are missing"
        );
        assert_eq!(silent(&tallies, to, 1_440), None, "35 may be a quiet hour");
        assert_eq!(
            silent(&tallies, last + FINE, 144_000),
            None,
            "they may be late"
        );
        assert_eq!(silent(&Tallies::new(), to, 144_000), Some(from));
        assert_eq!(
            silent_since(&tallies, COARSE, (from, to), 144_000),
            None,
            "the open hour"
        );
    }

    #[test]
    fn windows_are_aligned_to_the_day() {
        assert_eq!(
            floor(at("2026-11-20T10:07:59Z"), FINE),
            at("2026-11-20T10:05:00Z")
        );
        assert_eq!(
            ceil(at("2026-11-20T10:05:00Z"), COARSE),
            at("2026-11-20T11:00:00Z")
        );
        assert_eq!(
            ceil(at("2026-11-20T11:00:00Z"), COARSE),
            at("2026-11-20T11:00:00Z")
        );
    }
}
