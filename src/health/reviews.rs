//! What reviews come to: a proportion of bad ones, a mean of stars, the newest texts. And how rarely a store is asked for them.
//!
//! Must not know a store: its adapter brings [`Opinion`]s.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::domain::{
    Counts, Level, Metric, PlainText, Reading, Review, SourceReport, Timestamp, Unit,
};
use crate::http::Answer;
use crate::ports::HealthQuery;

/// A store is asked this often at most: nobody reviews a version within minutes, and both stores count requests.
pub(super) const EVERY: TimeDelta = TimeDelta::minutes(15);
/// Reviews that are shown are no older.
const SHOWN: TimeDelta = TimeDelta::days(7);
/// Wait after a refusal for too many requests that names no time.
const UNTOLD_WAIT: u32 = 60;
const DAY: i64 = 86_400;

/// One user's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opinion {
    /// Written, or changed since.
    pub(super) at: Timestamp,
    /// 1 to 5.
    pub(super) stars: u8,
    pub(super) title: PlainText,
    pub(super) text: PlainText,
    /// [`crate::domain::Version::key`]; `None` where the store does not say.
    pub(super) version: Option<String>,
}

impl Opinion {
    fn is_low(&self) -> bool {
        self.stars <= 2
    }
}

/// Everything of one asking.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) opinions: Vec<Opinion>,
    /// All reviews since then are among them; `None` where there are more than were read, so that nothing can be counted.
    pub(super) since: Option<Timestamp>,
    pub(super) until: Timestamp,
}

impl Heard {
    /// Share of one or two stars, by UTC day, and the mean of the stars, of the version and of the baseline; the newest texts.
    pub(super) fn tell(&self, query: &HealthQuery, report: &mut SourceReport) {
        report.read_through = Some(self.until);
        report.reviews = self.newest();
        let Some(since) = self.since else { return };
        let first = day_from(since);
        if query.past {
            report.past_from = Some(first);
        }
        let from = query.since.map_or(first, |at| first.max(day_of(at)));
        let keys = std::iter::once(&query.version).chain(&query.baseline);
        for key in keys.map(crate::domain::Version::key) {
            let of_it: Vec<&Opinion> = self.opinions.iter().filter(|o| o.is_of(&key)).collect();
            report.readings.extend(days(&key, &of_it, from));
            report.levels.extend(self.mean(&key, &of_it, since));
        }
    }

    fn newest(&self) -> Vec<Review> {
        let recent = |o: &&Opinion| self.until - o.at <= SHOWN;
        let mut all: Vec<&Opinion> = self.opinions.iter().filter(recent).collect();
        all.sort_by_key(|o| std::cmp::Reverse(o.at));
        all.truncate(SourceReport::MOST_REVIEWS);
        let shown = all.into_iter().map(|o| Review {
            at: o.at,
            stars: o.stars,
            title: o.title.clone(),
            text: o.text.clone(),
            version: o.version.clone(),
        });
        shown.collect()
    }

    fn mean(&self, key: &str, of_it: &[&Opinion], since: Timestamp) -> Option<Level> {
        let trials = u32::try_from(of_it.len()).ok().filter(|n| *n > 0)?;
        let sum: u32 = of_it.iter().map(|o| u32::from(o.stars)).sum();
        Some(Level {
            metric: Metric::Level("rating".into()),
            version: key.to_owned(),
            value: f64::from(sum) / f64::from(trials),
            unit: Unit::Plain,
            trials: Some(trials.into()),
            start: since,
            seconds: u32::try_from((self.until - since).num_seconds()).unwrap_or(0),
        })
    }
}

impl Opinion {
    fn is_of(&self, key: &str) -> bool {
        self.version.as_deref() == Some(key)
    }
}

fn days(key: &str, of_it: &[&Opinion], from: Timestamp) -> Vec<Reading> {
    let mut days = BTreeMap::<Timestamp, Counts>::new();
    for opinion in of_it.iter().filter(|o| o.at >= from) {
        let day = days.entry(day_of(opinion.at)).or_default();
        day.trials += 1;
        day.failures += u64::from(opinion.is_low());
    }
    let reading = |(start, counts)| Reading {
        metric: Metric::Custom("low_ratings".into()),
        version: key.to_owned(),
        stratum: String::new(),
        start,
        seconds: 86_400,
        counts,
    };
    days.into_iter().map(reading).collect()
}

fn day_of(at: Timestamp) -> Timestamp {
    at - TimeDelta::seconds(at.timestamp().rem_euclid(DAY))
        - TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos()))
}

/// The first day that is whole from `at` on: of one that is not, a part of the reviews is not known.
fn day_from(at: Timestamp) -> Timestamp {
    let day = day_of(at);
    if day == at {
        day
    } else {
        day + TimeDelta::days(1)
    }
}

/// What was heard last, kept until it is time to ask again.
pub(super) struct Kept<T>(Mutex<Option<(Timestamp, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    /// What was heard less than [`EVERY`] ago.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<T> {
        let kept = lock(&self.0);
        let (at, what) = kept.as_ref()?;
        (*at <= now && now - *at < EVERY).then(|| what.clone())
    }

    pub(super) fn keep(&self, at: Timestamp, what: T) {
        *lock(&self.0) = Some((at, what));
    }
}

/// Until when a vendor must not be asked.
#[derive(Default)]
pub(super) struct Quiet(Mutex<Option<Timestamp>>);

impl Quiet {
    /// Seconds that are left; `None` where it may be asked.
    pub(super) fn left(&self, now: Timestamp) -> Option<u32> {
        let left = (*lock(&self.0))? - now;
        let seconds = left.num_milliseconds().saturating_add(999).div_euclid(1000);
        u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    /// Takes in a refusal for too many requests; the seconds to wait.
    pub(super) fn refused(&self, answer: &Answer, now: Timestamp) -> u32 {
        self.hush(answer.retry_after(now), now)
    }

    /// The same where only the time is known that was named, if any was.
    pub(super) fn hush(&self, told: Option<u32>, now: Timestamp) -> u32 {
        let wait = told.unwrap_or(UNTOLD_WAIT).max(1);
        *lock(&self.0) = Some(now + TimeDelta::seconds(i64::from(wait)));
        wait
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Version;

    fn at(raw: &str) -> Timestamp {
        raw.parse().unwrap()
    }

    fn opinion(raw: &str, stars: u8, version: Option<&str>) -> Opinion {
        Opinion {
            at: at(raw),
            stars,
            title: PlainText::default(),
            text: format!("{stars} stars").as_str().into(),
            version: version.map(str::to_owned),
        }
    }

    fn told(heard: &Heard, since: Option<&str>) -> SourceReport {
        let query = HealthQuery {
            version: Version::from_code(84300),
            also: Vec::new(),
            baseline: Some(Version::from_code(84200)),
            since: since.map(at),
            past: true,
            now: heard.until,
        };
        let mut report = SourceReport::default();
        heard.tell(&query, &mut report);
        report
    }

    fn heard() -> Heard {
        Heard {
            opinions: vec![
                opinion("2026-11-13T18:00:00Z", 1, Some("84300")),
                opinion("2026-11-18T00:00:00Z", 1, Some("84300")),
                opinion("2026-11-18T23:59:59Z", 2, Some("84300")),
                opinion("2026-11-18T12:00:00Z", 3, Some("84300")),
                opinion("2026-11-20T09:00:00Z", 5, Some("84300")),
                opinion("2026-11-19T09:00:00Z", 4, Some("84200")),
                opinion("2026-11-19T10:00:00Z", 1, None),
            ],
            since: Some(at("2026-11-13T10:00:00Z")),
            until: at("2026-11-20T10:00:00Z"),
        }
    }

    #[test]
    fn whole_days_of_utc_are_counted_and_reviews_without_version_are_not() {
        let report = told(&heard(), None);
        let found: Vec<(String, String, Counts)> = report
            .readings
            .iter()
            .map(|r| (r.version.clone(), r.start.to_string(), r.counts))
            .collect();
        let counts = |trials, failures| Counts { trials, failures };
        let day = |day| format!("2026-11-{day} 00:00:00 UTC");
        assert_eq!(
            found,
            [
                ("84300".into(), day(18), counts(3, 2)),
                ("84300".into(), day(20), counts(1, 0)),
                ("84200".into(), day(19), counts(1, 0)),
            ]
        );
        assert_eq!(report.past_from, Some(at("2026-11-14T00:00:00Z")));
        let levels: Vec<(f64, Option<u64>)> =
            report.levels.iter().map(|l| (l.value, l.trials)).collect();
        assert_eq!(levels, [(2.4, Some(5)), (4.0, Some(1))]);
        assert_eq!(report.reviews.len(), 7);
        assert_eq!(report.reviews[0].stars, 5);
        assert_eq!(report.reviews[1].version, None);
    }

    #[test]
    fn windows_begin_with_the_day_that_is_asked_for() {
        let report = told(&heard(), Some("2026-11-19T12:00:00Z"));
        let starts: Vec<String> = report
            .readings
            .iter()
            .map(|r| r.start.to_string())
            .collect();
        assert_eq!(
            starts,
            ["2026-11-20 00:00:00 UTC", "2026-11-19 00:00:00 UTC"]
        );
    }

    #[test]
    fn what_is_not_complete_is_shown_and_not_counted() {
        let heard = Heard {
            since: None,
            ..heard()
        };
        let report = told(&heard, None);
        assert!(report.readings.is_empty() && report.levels.is_empty());
        assert_eq!(report.reviews.len(), 7);
    }

    #[test]
    fn a_store_is_not_asked_again_for_a_quarter_of_an_hour() {
        let kept = Kept::default();
        let noon = at("2026-11-20T12:00:00Z");
        assert_eq!(kept.fresh(noon), None);
        kept.keep(noon, 7);
        assert_eq!(kept.fresh(noon + TimeDelta::seconds(899)), Some(7));
        assert_eq!(kept.fresh(noon + TimeDelta::seconds(900)), None);
        assert_eq!(kept.fresh(noon - TimeDelta::seconds(1)), None);
    }
}
