//! What the baseline was before the new version came: how clustered its failures are, and how many it had at which age.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Terms;
use crate::domain::{Counts, Timestamp};
use crate::evidence::{LimitTest, dispersion, history};
use crate::policy::observation::Paired;

/// Hours of the baseline needed to tell how clustered its failures are, and the days they must span.
const HOURS: usize = 100;
const WEEK: TimeDelta = TimeDelta::hours(7 * 24 - 1);

/// How far back the past reaches where ages cannot be compared.
const FORTNIGHT: TimeDelta = TimeDelta::days(14);

/// Days of a rollout that are told apart.
const DAYS: usize = 60;

/// A day of the baseline's own rollout with fewer failures says too little by itself.
const LEAST_FAILURES: u64 = 10;

/// What evidence is divided by where nobody knows how clustered failures are.
const UNKNOWN_DIVISOR: f64 = 1.5;

/// How failures cluster.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "clustering", rename_all = "kebab-case")]
pub enum Clustering {
    /// Not at all: distinct users are counted.
    Distinct,
    /// φ̂ times as variable as independent failures, by the baseline's hours.
    Measured { phi: f64 },
    /// There is no week of the baseline's hours: no halt can rest on these counts.
    Unknown,
}

impl Clustering {
    /// What all evidence is divided by.
    pub fn divisor(self) -> f64 {
        match self {
            Self::Distinct => 1.0,
            Self::Measured { phi } => dispersion::divisor(phi),
            Self::Unknown => UNKNOWN_DIVISOR,
        }
    }
}

/// Which part of the baseline's past the new version is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The same day of its own rollout.
    SameAge,
    /// The two weeks before the new version came.
    Before,
}

/// Windows as hours, by their starts, for [`dispersion::pearson`].
pub fn by_hour(windows: impl IntoIterator<Item = (Timestamp, Counts)>) -> Vec<Counts> {
    let mut hours = BTreeMap::<i64, Counts>::new();
    for (start, counts) in windows {
        let hour = start.timestamp().div_euclid(3_600);
        let sum = hours.entry(hour).or_default();
        *sum = *sum + counts;
    }
    hours.into_values().collect()
}

/// The baseline before the new version's first trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub clustering: Clustering,
    /// The last two weeks; `None` where they are less than one.
    before: Option<Counts>,
    /// Days of its own rollout, the first at 0.
    days: Vec<Counts>,
}

impl Past {
    /// From the `windows` that end by `first`, the beginning of the new version. Users of a range are `distinct`.
    pub(super) fn new(windows: &[Paired], first: Timestamp, distinct: bool, terms: &Terms) -> Self {
        let old = || {
            windows
                .iter()
                .filter(|window| window.end() <= first && window.old.trials > 0)
        };
        let recent = || old().filter(|window| window.start >= first - FORTNIGHT);
        let span = recent()
            .map(|window| window.start)
            .min()
            .map_or(TimeDelta::zero(), |start| first - start);
        let hours = by_hour(recent().map(|window| (window.start, window.old)));
        let long = span >= WEEK && !distinct;
        let phi = (long && hours.len() >= HOURS)
            .then(|| dispersion::pearson(&hours))
            .flatten();
        let clustering = match phi {
            _ if distinct || terms.independent => Clustering::Distinct,
            Some(phi) => Clustering::Measured { phi },
            None => Clustering::Unknown,
        };
        let before = (span >= WEEK).then(|| recent().map(|window| window.old).sum());
        let mut days = Vec::new();
        if let Some(began) = terms.old_began {
            for window in old().filter(|window| window.start >= began) {
                let age = (window.start - began).num_days();
                let Some(day) = usize::try_from(age).ok().filter(|day| *day < DAYS) else {
                    continue;
                };
                if days.len() <= day {
                    days.resize(day + 1, Counts::default());
                }
                if let Some(sum) = days.get_mut(day) {
                    *sum = *sum + window.old;
                }
            }
        }
        Self {
            clustering,
            before,
            days,
        }
    }

    /// Nothing is known of it.
    pub(super) fn unknown(distinct: bool, terms: &Terms) -> Self {
        Self::new(&[], Timestamp::UNIX_EPOCH, distinct, terms)
    }

    /// The baseline's counts that a new version out for so many whole days is compared with, and which they are.
    pub fn at(&self, age: usize) -> Option<(Basis, Counts)> {
        let same = self
            .days
            .get(age)
            .filter(|counts| counts.failures >= LEAST_FAILURES);
        same.map(|counts| (Basis::SameAge, *counts))
            .or_else(|| self.before.map(|counts| (Basis::Before, counts)))
    }

    /// The tests against so many times what the baseline was, by day of age; the last is for all later ages.
    pub(super) fn tests(&self, margin: f64, divisor: f64) -> Vec<Option<LimitTest>> {
        let test = |(_, counts)| Some(history::against(counts, margin)?.with_dispersion(divisor));
        let later = self
            .before
            .map(|counts| (Basis::Before, counts))
            .and_then(test);
        let by_age = (0..self.days.len()).map(|age| match self.at(age) {
            Some(same @ (Basis::SameAge, _)) => test(same),
            _ => later.clone(),
        });
        by_age.chain([later.clone()]).collect()
    }
}
