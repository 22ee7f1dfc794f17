//! How the version spreads: what the journal has of who ran what, for the picture. Must not decide.

use chrono::TimeDelta;

use super::app::WatchedApp;
use crate::api::wire::ShareView;
use crate::domain::reading::VersionShare;
use crate::domain::{AppId, SourceId, Timestamp};
use crate::ports::{Adoption, Journal, JournalError};

/// Hours of a trend.
const HOURS: i64 = 24;
/// The hours over which a growth is measured, at most and at least: less is noise.
const LATELY: TimeDelta = TimeDelta::hours(6);
const LEAST: TimeDelta = TimeDelta::minutes(50);
/// A growth that ended so long ago says nothing of now.
const OLD: TimeDelta = TimeDelta::hours(3);

/// The last day's sets of one source, from the journal.
#[derive(Debug, Default)]
pub(super) struct Uptake {
    /// Of which source and hour it was read: there is nothing new within the same one.
    read: Option<(SourceId, i64)>,
    sets: Vec<Adoption>,
}

impl Uptake {
    /// Brought up to date, where an hour has passed since.
    pub(super) fn keep_up(
        &mut self,
        app: &AppId,
        source: &SourceId,
        journal: &dyn Journal,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let key = (source.clone(), hour(now));
        if self.read.as_ref() == Some(&key) {
            return Ok(());
        }
        self.sets = journal.adoption(app, source, now - TimeDelta::hours(HOURS))?;
        self.read = Some(key);
        Ok(())
    }

    /// Users per hour by which those who ran `version` within a day became more lately: an estimate from below, since who
    /// updates and is counted on the version already, or does not open the app, is not seen. `None` where no source counts
    /// users, or not for long enough.
    pub(super) fn gaining(&self, version: &str, now: Timestamp) -> Option<u64> {
        let users = |set: &Adoption| {
            let of = |share: &&VersionShare| share.version.as_deref() == Some(version);
            Some((set.at, set.shares.iter().find(of)?.users?))
        };
        let last = self.sets.last().filter(|set| set.at + OLD > now)?;
        let (to, after) = users(last)?;
        let mut lately = self.sets.iter().filter(|set| set.at + LATELY >= to);
        let (from, before) = lately.find_map(users)?;
        let hours = (to - from).num_seconds() as f64 / 3_600.0;
        let grown = after.saturating_sub(before) as f64;
        (to - from >= LEAST).then(|| (grown / hours).round() as u64)
    }

    /// The share of the sessions that a version had in each of the last hours, oldest first; `None` where nobody told.
    fn trend(&self, label: &str, now: Timestamp) -> Vec<Option<f64>> {
        if self.sets.len() < 2 {
            return Vec::new();
        }
        let first = hour(now) - HOURS + 1;
        let at = |this: i64| {
            let set = self.sets.iter().find(|set| hour(set.at) == this)?;
            let all: u64 = set.shares.iter().map(|share| share.sessions).sum();
            let of = set
                .shares
                .iter()
                .find(|share| share.label.as_str() == label);
            let sessions = of.map_or(0, |share| share.sessions);
            (all > 0).then(|| sessions as f64 / all as f64)
        };
        (first..first + HOURS).map(at).collect()
    }
}

impl WatchedApp {
    /// Reads what the journal has come to know of who runs what.
    pub(super) fn keep_up(
        &mut self,
        journal: &dyn Journal,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        match self.shares_from().cloned() {
            Some(source) => {
                let Self { id, memory, .. } = self;
                memory.uptake.keep_up(id, &source, journal, now)
            }
            None => Ok(()),
        }
    }

    /// Versions by sessions of the last day, each with how its share has moved.
    pub(super) fn share_views(&self, now: Timestamp) -> Vec<ShareView> {
        let view = |share: VersionShare| ShareView {
            trend: self.memory.uptake.trend(share.label.as_str(), now),
            label: share.label,
            version: share.version,
            sessions: share.sessions,
            users: share.users,
        };
        self.shares().into_iter().map(view).collect()
    }

    /// The source that tells who runs what.
    pub(super) fn shares_from(&self) -> Option<&SourceId> {
        let told = self.reports().find(|(_, report)| !report.shares.is_empty());
        told.map(|(source, _)| source)
    }
}

fn hour(at: Timestamp) -> i64 {
    at.timestamp().div_euclid(3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_timestamp(1_790_000_000 - 800 + minutes * 60, 0).unwrap()
    }

    fn set(minutes: i64, users: Option<u64>) -> Adoption {
        let share = |label: &str, version: Option<&str>, sessions, users| VersionShare {
            label: label.into(),
            version: version.map(str::to_owned),
            sessions,
            users,
        };
        Adoption {
            at: at(minutes),
            shares: vec![
                share("8.43.0", Some("84300"), 25, users),
                share("8.42.1", Some("84210"), 75, None),
            ],
        }
    }

    fn uptake(sets: Vec<Adoption>) -> Uptake {
        Uptake { read: None, sets }
    }

    #[test]
    fn growth_is_users_per_hour_of_the_last_hours() {
        let users = |minutes, users| set(minutes, Some(users));
        let grows = uptake(vec![
            users(0, 9_000),
            users(600, 10_000),
            users(660, 10_300),
            users(780, 10_600),
        ]);
        assert_eq!(grows.gaining("84300", at(790)), Some(200));
        assert_eq!(grows.gaining("84210", at(790)), None, "users not counted");
        assert_eq!(grows.gaining("84300", at(1_000)), None, "long ago");
        let shrinks = uptake(vec![users(0, 900), users(60, 100)]);
        assert_eq!(shrinks.gaining("84300", at(61)), Some(0));
        let young = uptake(vec![users(0, 900), users(20, 1_100)]);
        assert_eq!(young.gaining("84300", at(21)), None);
    }

    #[test]
    fn a_trend_has_a_place_for_each_hour_told_or_not() {
        let told = uptake(vec![set(0, None), set(60, None), set(180, None)]);
        let trend = told.trend("8.43.0", at(181));
        assert_eq!(trend.len(), 24);
        assert_eq!(trend[20..], [Some(0.25), Some(0.25), None, Some(0.25)]);
        assert_eq!(told.trend("8.40.0", at(181))[23], Some(0.0));
        assert!(uptake(vec![set(0, None)]).trend("8.43.0", at(1)).is_empty());
    }
}
