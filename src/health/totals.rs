//! Windows out of sums that only grow: what has come to a sum between two looks at it is a window.
//!
//! Both versions are looked at together, so that their windows are the same. A window is open for [`WIDTH`] and told anew at each
//! look; then the next begins. Where it began is kept in the report, so that a restart, or a watch that runs once in a while,
//! goes on where the last one was. Things count when the source takes them in, which is not when they happened.

use std::collections::BTreeMap;

use chrono::{DurationRound as _, TimeDelta};

use crate::domain::{Counts, Metric, PlainText, Reading, RunningTotal, RunningTotals, Timestamp};

const WIDTH: TimeDelta = TimeDelta::minutes(5);
/// How far back a sum may reach that is told as one window, and how old a mark may be.
const LOOK_BACK: TimeDelta = TimeDelta::days(14);
/// A build whose sum was not there before, and that began no earlier than so long before the mark, began with it.
const LATE: TimeDelta = TimeDelta::hours(1);

/// One sum, now.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    pub(crate) metric: Metric,
    /// What is counted, as the source identifies it.
    pub(crate) of: PlainText,
    /// The key of the version it belongs to, where that is one of the two.
    pub(crate) version: Option<String>,
    /// Since when it is counted, where the source tells.
    pub(crate) since: Option<Timestamp>,
    pub(crate) counts: Counts,
}

/// What a look came to.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) readings: Vec<Reading>,
    /// Since when nothing has come to any of the sums.
    pub(crate) still_since: Option<Timestamp>,
    pub(crate) notes: Vec<PlainText>,
}

/// The sums when the open window began.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    at: Option<Timestamp>,
    counts: BTreeMap<(Metric, String), Counts>,
}

impl Marks {
    /// Goes on where an earlier process was; a mark of one's own stays.
    pub(crate) fn resume(&mut self, totals: &RunningTotals) {
        if self.at.is_none() {
            self.at = Some(totals.at);
            let counts = totals.counts.iter();
            self.counts = counts
                .map(|sum| ((sum.metric.clone(), sum.of.to_string()), sum.counts))
                .collect();
        }
    }

    /// For the report.
    pub(crate) fn totals(&self) -> Option<RunningTotals> {
        let counts = self
            .counts
            .iter()
            .map(|((metric, of), counts)| RunningTotal {
                metric: metric.clone(),
                of: PlainText::new(of),
                counts: *counts,
            });
        Some(RunningTotals {
            at: self.at?,
            counts: counts.collect(),
        })
    }

    /// `watched` is the key of the version watched: of it alone the first look tells the whole sum, as one window. What the
    /// baseline has counted reaches back before that, and nobody can say how much of it.
    pub(crate) fn look(&mut self, counters: &[Counter], watched: &str, now: Timestamp) -> Look {
        let now = now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(now);
        let mark = self.at.filter(|at| *at <= now && now - *at <= LOOK_BACK);
        let own = || counters.iter().filter(|counter| counter.version.is_some());
        let Some(at) = mark else {
            return self.first_look(counters, watched, now);
        };
        if own().any(|counter| self.has_shrunk(counter)) {
            let mut look = self.first_look(counters, watched, now);
            look.notes
                .push("the sums are smaller than before: counting has begun anew".into());
            return look;
        }
        let mut sums: BTreeMap<(Metric, String), Counts> = BTreeMap::new();
        let mut joined = false;
        for counter in own() {
            let key = (counter.metric.clone(), counter.of.to_string());
            let began = || counter.since.is_some_and(|since| since >= at - LATE);
            let before = match self.counts.get(&key) {
                Some(before) => *before,
                None if began() => Counts::default(),
                None => {
                    joined = true;
                    counter.counts
                }
            };
            let version = counter.version.clone().unwrap_or_default();
            let sum = sums.entry((counter.metric.clone(), version)).or_default();
            *sum = *sum
                + Counts {
                    trials: counter.counts.trials - before.trials,
                    failures: counter.counts.failures - before.failures,
                };
        }
        // A crash may be counted before the session that it ended: the window stays open until both are in.
        if sums.values().any(|sum| sum.failures > sum.trials) {
            return Look::default();
        }
        let came = sums.values().any(|sum| sum.trials > 0);
        let length = now - at;
        let look = Look {
            readings: readings(sums, at, length),
            still_since: (!came).then_some(at),
            notes: Vec::new(),
        };
        if joined || (came && length >= WIDTH) {
            self.mark(counters, now);
        }
        look
    }

    fn first_look(&mut self, counters: &[Counter], watched: &str, now: Timestamp) -> Look {
        self.mark(counters, now);
        let mut since: BTreeMap<Metric, Timestamp> = BTreeMap::new();
        let mut sums: BTreeMap<(Metric, String), Counts> = BTreeMap::new();
        for counter in counters {
            let (Some(version), Some(began)) = (&counter.version, counter.since) else {
                continue;
            };
            if version != watched || began > now {
                continue;
            }
            let first = since.entry(counter.metric.clone()).or_insert(began);
            *first = began.min(*first);
            let sum = sums
                .entry((counter.metric.clone(), version.clone()))
                .or_default();
            *sum = *sum + counter.counts;
        }
        let whole = sums.into_iter().flat_map(|((metric, version), sum)| {
            let began = since.get(&metric).copied().unwrap_or(now);
            let began = began.duration_trunc(TimeDelta::seconds(1)).unwrap_or(began);
            let young = now - began <= LOOK_BACK && sum.failures <= sum.trials;
            let sums = BTreeMap::from([((metric, version), sum)]);
            if young {
                readings(sums, began, now - began)
            } else {
                Vec::new()
            }
        });
        Look {
            readings: whole.collect(),
            ..Look::default()
        }
    }

    fn has_shrunk(&self, counter: &Counter) -> bool {
        let key = (counter.metric.clone(), counter.of.to_string());
        self.counts.get(&key).is_some_and(|before| {
            counter.counts.trials < before.trials || counter.counts.failures < before.failures
        })
    }

    fn mark(&mut self, counters: &[Counter], now: Timestamp) {
        self.at = Some(now);
        self.counts = counters
            .iter()
            .map(|counter| {
                let key = (counter.metric.clone(), counter.of.to_string());
                (key, counter.counts)
            })
            .collect();
    }
}

fn readings(
    sums: BTreeMap<(Metric, String), Counts>,
    start: Timestamp,
    length: TimeDelta,
) -> Vec<Reading> {
    let seconds = u32::try_from(length.num_seconds()).unwrap_or(0);
    sums.into_iter()
        .filter(|(_, counts)| counts.trials > 0 && seconds > 0)
        .map(|((metric, version), counts)| Reading {
            metric,
            version,
            stratum: String::new(),
            start,
            seconds,
            counts,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_000_000 + minute * 60, 0).unwrap()
    }

    fn counter(of: &str, version: &str, since: i64, trials: u64, failures: u64) -> Counter {
        Counter {
            metric: Metric::CrashFreeSessions,
            of: of.into(),
            version: Some(version.to_owned()),
            since: Some(at(since)),
            counts: Counts { trials, failures },
        }
    }

    fn told(look: &Look) -> Vec<(&str, i64, u32, u64, u64)> {
        let minute = |start: Timestamp| (start - at(0)).num_minutes();
        look.readings
            .iter()
            .map(|it| {
                let Counts { trials, failures } = it.counts;
                (
                    it.version.as_str(),
                    minute(it.start),
                    it.seconds,
                    trials,
                    failures,
                )
            })
            .collect()
    }

    fn both(new: (u64, u64), old: (u64, u64)) -> Vec<Counter> {
        vec![
            counter("n", "new", -60, new.0, new.1),
            counter("o", "old", -90_000, old.0, old.1),
        ]
    }

    #[test]
    fn windows_of_both_versions_are_the_same_and_add_up() {
        let mut marks = Marks::default();
        let look = marks.look(&both((40, 2), (90_000, 30)), "new", at(0));
        assert_eq!(
            told(&look),
            [("new", -60, 3600, 40, 2)],
            "since its release"
        );
        let look = marks.look(&both((43, 2), (90_100, 30)), "new", at(2));
        assert_eq!(
            told(&look),
            [("new", 0, 120, 3, 0), ("old", 0, 120, 100, 0)]
        );
        let look = marks.look(&both((50, 3), (90_300, 31)), "new", at(5));
        assert_eq!(
            told(&look),
            [("new", 0, 300, 10, 1), ("old", 0, 300, 300, 1)]
        );
        let look = marks.look(&both((52, 3), (90_340, 31)), "new", at(6));
        assert_eq!(told(&look), [("new", 5, 60, 2, 0), ("old", 5, 60, 40, 0)]);
    }

    #[test]
    fn another_process_goes_on_where_the_last_one_was() {
        let mut marks = Marks::default();
        marks.look(&both((40, 2), (90_000, 30)), "new", at(0));
        let totals = marks.totals().unwrap();
        let json = serde_json::to_string(&totals).unwrap();
        let mut again = Marks::default();
        again.resume(&serde_json::from_str(&json).unwrap());
        let look = again.look(&both((90, 4), (99_000, 33)), "new", at(120));
        assert_eq!(
            told(&look),
            [("new", 0, 7200, 50, 2), ("old", 0, 7200, 9000, 3)]
        );
    }

    #[test]
    fn a_build_that_comes_later_counts_from_its_first_session() {
        let mut marks = Marks::default();
        let old = counter("o", "old", -90_000, 500, 1);
        marks.look(std::slice::from_ref(&old), "new", at(0));
        let new = counter("n", "new", -3, 4, 1);
        let look = marks.look(&[new, old.clone()], "new", at(1));
        assert_eq!(told(&look), [("new", 0, 60, 4, 1)], "it was not listed yet");
        let elder = counter("e", "new", -9000, 7_000, 9);
        let look = marks.look(&[elder.clone(), old.clone()], "new", at(2));
        assert!(told(&look).is_empty(), "nobody knows since when");
        let mut elder = elder;
        elder.counts.trials += 5;
        let look = marks.look(&[elder, old], "new", at(3));
        assert_eq!(told(&look), [("new", 2, 60, 5, 0)]);
    }

    #[test]
    fn a_crash_waits_for_its_session() {
        let mut marks = Marks::default();
        marks.look(&both((40, 2), (90_000, 30)), "new", at(0));
        let look = marks.look(&both((40, 3), (90_100, 30)), "new", at(9));
        assert!(told(&look).is_empty() && look.still_since.is_none());
        let look = marks.look(&both((41, 3), (90_200, 30)), "new", at(10));
        assert_eq!(
            told(&look),
            [("new", 0, 600, 1, 1), ("old", 0, 600, 200, 0)]
        );
    }

    #[test]
    fn sums_that_shrink_begin_anew_and_those_that_stand_still_are_told() {
        let mut marks = Marks::default();
        marks.look(&both((40, 2), (90_000, 30)), "new", at(0));
        let look = marks.look(&both((40, 2), (90_000, 30)), "new", at(30));
        assert_eq!(look.still_since, Some(at(0)));
        let look = marks.look(&both((10, 0), (90_500, 30)), "new", at(31));
        assert_eq!(told(&look), [("new", -60, 91 * 60, 10, 0)]);
        assert!(look.notes[0].as_str().contains("begun anew"));
        let look = marks.look(&both((11, 0), (90_510, 30)), "new", at(32));
        assert_eq!(told(&look), [("new", 31, 60, 1, 0), ("old", 31, 60, 10, 0)]);
    }
}
