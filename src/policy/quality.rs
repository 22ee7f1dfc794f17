//! What the data of a source are worth: how old they may be, and where they contradict themselves or the store.
//!
//! Pure functions over what one source gave: ages, the windows of a [`Book`], and what the store offers. Each looks at the last
//! hours only, so that its cost does not grow with the age of a rollout. Each forgives what healthy apps do (nights,
//! weekends, campaigns, hand updates, hotfixes to everybody), because a false alarm blinds haltline. Must not judge versions.

mod jump;

use std::collections::BTreeMap;

use chrono::TimeDelta;

pub use jump::jump;

use super::figures::{count, percent};
use super::observation::DataState;
use crate::domain::reading::VersionShare;
use crate::domain::{Exposure, Metric, PlainText, Reading, StoreKind, Timestamp};

/// From which ages on data are late and stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    pub late_after: TimeDelta,
    pub stale_after: TimeDelta,
}

impl Ages {
    /// Late once two polls and the source's own `lag` have brought nothing; polls are jittered, so that two take a tenth of one
    /// more at most.
    pub fn new(poll: TimeDelta, lag: TimeDelta, stale_after: TimeDelta) -> Self {
        Self {
            late_after: poll * 2 + poll / 10 + lag,
            stale_after,
        }
    }

    /// Of data that were read up to so long ago.
    pub fn state(&self, age: TimeDelta) -> DataState {
        if age > self.stale_after {
            DataState::Stale
        } else if age > self.late_after {
            DataState::Late
        } else {
            DataState::Fresh
        }
    }
}

/// What a store has offered of the version watched, as far as a source's figures must fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub store: StoreKind,
    /// To how many users now.
    pub exposure: Exposure,
    /// To how many at most so far: nobody takes an installed version away.
    pub widest: Exposure,
    /// Since when it has been so without a change; `None` while it is offered to nobody new.
    pub since: Option<Timestamp>,
    /// When the release was found: before that its baseline was the one that was rolled out.
    pub found: Option<Timestamp>,
}

/// So many times more than allowed, or than usual, cannot be believed.
const FAR: f64 = 10.0;

/// Sessions beyond what the store allows, from which on it is no chance.
const LEAST_BEYOND: f64 = 100.0;
/// Testers, a beta that became the release, and users of other stores, have this share of the sessions at most.
const BESIDE: f64 = 0.25;

/// More than ten times the sessions that the store's exposure allows, in words: a source that takes one version for another.
///
/// A version that is offered to a share of the users has no greater share of the sessions, but for who is more active, had it
/// as a tester, or got it elsewhere. On the App Store anybody may take a phased release by hand, so that nothing is asked there.
/// The shares are those of all versions: beside a baseline that few run, any share would be large.
pub fn too_many(shares: &[VersionShare], new: &str, offer: &Offer) -> Option<PlainText> {
    if offer.store == StoreKind::AppStore || offer.widest == Exposure::NONE {
        return None;
    }
    let is_new = |share: &&VersionShare| share.version.as_deref() == Some(new);
    let (of_new, all) = (
        sessions(shares.iter().filter(is_new)),
        sessions(shares.iter()),
    );
    let most = (FAR * offer.widest.fraction() + BESIDE) * all;
    (of_new > most + LEAST_BEYOND).then(|| {
        let share = percent(of_new / all);
        let widest = offer.widest;
        format!("it gives {share} of a day's sessions to a version that {} has offered to {widest} at most", offer.store.name())
            .into()
    })
}

fn sessions<'a>(shares: impl Iterator<Item = &'a VersionShare>) -> f64 {
    shares.map(|share| share.sessions as f64).sum()
}

/// Counts that cannot be, in words: more failures than trials.
pub fn impossible(readings: &[Reading]) -> Option<PlainText> {
    let reading = readings.iter().find(|reading| !is_possible(reading))?;
    let (word, at) = (
        reading.metric.trial_word(),
        reading.start.format("%Y-%m-%d %H:%M UTC"),
    );
    let (failures, trials) = (count(reading.counts.failures), count(reading.counts.trials));
    Some(format!("it has {failures} failures in {trials} {word} at {at}").into())
}

/// Leaves such counts out.
pub fn drop_impossible(readings: &mut Vec<Reading>) {
    readings.retain(is_possible);
}

fn is_possible(reading: &Reading) -> bool {
    reading.counts.failures <= reading.counts.trials
}

/// Lost trials from which on a restatement is more than a correction.
const LEAST_LOST: u64 = 100;

/// Windows that a restatement more than halved, in words. Late data only ever add: less means that counts were taken back,
/// because a counter began anew or a filter was changed.
///
/// `stored` is what the windows said before the report. A report is the whole word on the time between its first window and
/// its last, so that a window which it leaves out has nothing any more; one that it gives at another length is not compared.
/// Unique users are estimates, and not compared either.
pub fn shrunk(stored: &[Reading], restated: &[Reading]) -> Option<PlainText> {
    let (series, had) = (together(restated), together(stored));
    let mut losses: BTreeMap<&Metric, (u64, u64)> = BTreeMap::new();
    for ((metric, version), before) in had {
        let Some(windows) = series.get(&(metric, version)) else {
            continue;
        };
        let range = windows.first_key_value().zip(windows.last_key_value());
        for (start, before) in before {
            let covered =
                range.is_some_and(|((first, _), (last, _))| (*first..=*last).contains(&start));
            let now = match windows.range(..=start).next_back() {
                Some((at, now)) if *at == start && now.seconds == before.seconds => now.trials,
                Some((at, other)) if covered && *at + length(other.seconds) <= start => 0,
                _ => continue,
            };
            if now < before.trials {
                let loss = losses.entry(metric).or_default();
                *loss = (
                    loss.0.saturating_add(before.trials - now),
                    loss.1.saturating_add(before.trials),
                );
            }
        }
    }
    let worst = losses.into_iter().max_by_key(|(_, (lost, _))| *lost)?;
    let (metric, (lost, had)) = worst;
    (lost >= LEAST_LOST && lost > had / 2).then(|| {
        let (lost, had, word) = (count(lost), count(had), metric.trial_word());
        format!("it took back {lost} of {had} {word} that it had counted before").into()
    })
}

/// The trials of one window.
#[derive(Clone, Copy)]
struct Trials {
    seconds: u32,
    trials: u64,
}

/// Each version's windows by start, strata together: what moves from one of them to another is not taken back. Without unique
/// users.
fn together(readings: &[Reading]) -> BTreeMap<(&Metric, &str), BTreeMap<Timestamp, Trials>> {
    let mut series: BTreeMap<_, BTreeMap<Timestamp, Trials>> = BTreeMap::new();
    for reading in readings.iter().filter(|it| !it.metric.counts_users()) {
        let windows = series
            .entry((&reading.metric, reading.version.as_str()))
            .or_default();
        let window = windows.entry(reading.start).or_insert(Trials {
            seconds: reading.seconds,
            trials: 0,
        });
        window.seconds = window.seconds.max(reading.seconds);
        window.trials = window.trials.saturating_add(reading.counts.trials);
    }
    series
}

fn length(seconds: u32) -> TimeDelta {
    TimeDelta::seconds(seconds.into())
}

#[cfg(test)]
mod tests;
