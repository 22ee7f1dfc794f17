//! What has been read of one metric set, and what has to be read again.
//!
//! A set is asked again only when it has been computed further, and then for the end alone; once a day for all of it, since
//! Google restates days now and then. No hour and day of one series ever overlap.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::Timestamp;

use super::PlayVitals;
use super::api::{Fresh, Question};
use super::error::VitalsError;
use super::rows::{self, Owners, Windows};
use super::sets::{Set, USERS, VERSION};
use super::time::Period;

/// What is read again of the time that was read before: restatements have been seen of the last days alone.
const OVERLAP: TimeDelta = TimeDelta::days(3);
/// How often all of it is read again.
const WHOLE_EVERY: TimeDelta = TimeDelta::days(1);
/// Users of both versions in a mean hour, from which on hours are worth more than days. Ranges of unique users stand each
/// alone as evidence, so that the hours of a small app never say what its day would; and Google gives none of them.
const BUSY: u64 = 10_000;

/// One set.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) fresh: Fresh,
    pub(super) windows: Windows,
    /// Read from here on.
    pub(super) from: Timestamp,
    /// When all of it was read.
    whole_at: Timestamp,
    /// Strata that are told apart.
    told: BTreeSet<String>,
    /// Windows before it are of another length.
    seam: Option<Timestamp>,
    /// More pages than are read.
    pub(super) cut: bool,
}

/// What is to be known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub(super) owners: &'a Owners,
    pub(super) from: Timestamp,
    pub(super) now: Timestamp,
}

impl Known {
    fn serves(&self, fresh: &Fresh, wish: &Wish<'_>) -> bool {
        self.fresh == *fresh && self.reaches(wish.from) && wish.now - self.whole_at < WHOLE_EVERY
    }

    /// From `from` on, by the length of its windows.
    pub(super) fn reaches(&self, from: Timestamp) -> bool {
        self.from <= self.fresh.period.ceil(from)
    }

    /// The version's first window.
    pub(super) fn first_of(&self, version: &str) -> Option<Timestamp> {
        let mut starts = self.windows.keys();
        let found = starts.find(|(_, owner, _)| owner == version)?;
        Some(found.0)
    }

    /// End of the last window.
    fn end(&self) -> Option<Timestamp> {
        let ends = self
            .windows
            .iter()
            .map(|((start, _, _), window)| *start + TimeDelta::seconds(i64::from(window.seconds)));
        ends.max()
    }
}

impl PlayVitals {
    /// Brings what is known of a set up to date; nothing changes where that fails. `true` where there was something new.
    pub(super) async fn refresh(
        &self,
        set: Set,
        known: &mut Option<Known>,
        wish: &Wish<'_>,
    ) -> Result<bool, VitalsError> {
        let mut again = false;
        loop {
            let Some(fresh) = self.freshness(set).await? else {
                return Ok(false);
            };
            if known
                .as_ref()
                .is_some_and(|known| known.serves(&fresh, wish))
            {
                return Ok(false);
            }
            match self.read(set, known.as_ref(), &fresh, wish).await {
                Ok(read) if self.is_quiet(set, &read) => self.memory().by_day = Some(true),
                Ok(read) => {
                    *known = Some(read);
                    return Ok(true);
                }
                // The freshness has changed since it was asked for.
                Err(error) if error.is_beyond_freshness() && !again => again = true,
                // Hours are offered, and not taken.
                Err(error) if error.is_bad_request() && fresh.period == Period::Hours => {
                    self.memory().no_hours.insert(set);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How far a set has been computed, at the period that it is read at.
    async fn freshness(&self, set: Set) -> Result<Option<Fresh>, VitalsError> {
        let offered = self.api.freshness(set.resource()).await?;
        let of = |period| offered.iter().find(|fresh| fresh.period == period);
        let (hours, days) = (of(Period::Hours), of(Period::Days));
        let memory = self.memory();
        let hours = hours.filter(|_| set.has_hours() && !memory.no_hours.contains(&set));
        let found = match memory.by_day {
            Some(true) => days.or(hours),
            _ => hours.or(days),
        };
        Ok(found.cloned())
    }

    /// Whether hours have too few users; asked of the first ones that are read.
    fn is_quiet(&self, set: Set, read: &Known) -> bool {
        let mut memory = self.memory();
        if set != Set::Crashes || read.fresh.period == Period::Days || memory.by_day.is_some() {
            return false;
        }
        let hours: BTreeSet<_> = read.windows.keys().map(|(start, _, _)| start).collect();
        let users: u64 = read
            .windows
            .values()
            .map(|window| window.counts.trials)
            .sum();
        let Some(mean) = users.checked_div(hours.len() as u64) else {
            return false;
        };
        if mean >= BUSY {
            memory.by_day = Some(false);
        }
        mean < BUSY
    }

    async fn read(
        &self,
        set: Set,
        known: Option<&Known>,
        fresh: &Fresh,
        wish: &Wish<'_>,
    ) -> Result<Known, VitalsError> {
        let period = fresh.period;
        let seam = match known {
            Some(known) if known.fresh.period != period => known.end(),
            Some(known) => known.seam,
            None => None,
        };
        // What is read afresh, and what stays of what was read before.
        let recent = known.filter(|known| {
            known.fresh.period == period
                && known.reaches(wish.from)
                && wish.now - known.whole_at < WHOLE_EVERY
        });
        let oldest = period.floor(wish.from);
        let from = recent.map_or(oldest, |known| {
            let end = known.fresh.end.min(fresh.end);
            period.floor(end - OVERLAP).max(oldest)
        });
        let from = seam.map_or(from, |seam| from.max(period.ceil(seam)));
        let mut next = Known {
            fresh: fresh.clone(),
            windows: known.map(|known| known.windows.clone()).unwrap_or_default(),
            from: recent.map_or(oldest, |known| known.from),
            whole_at: recent.map_or(wish.now, |known| known.whole_at),
            told: known.map(|known| known.told.clone()).unwrap_or_default(),
            seam,
            cut: false,
        };
        next.windows
            .retain(|(start, _, _), _| *start >= oldest && !(from..fresh.end).contains(start));
        if from >= fresh.end {
            return Ok(next);
        }
        let mut dimensions = vec![VERSION];
        let mut filter = codes(wish.owners.keys());
        if let Some((name, value)) = set.required() {
            dimensions.push(name);
            filter = format!("{filter} AND {name} = {value}");
        }
        dimensions.extend(self.strata.iter().map(|by| by.dimension()));
        let question = Question {
            dimensions: &dimensions,
            metrics: &[set.rate(), USERS],
            filter: &filter,
            from,
            to: fresh,
        };
        let read = self.api.query(set.resource(), &question).await?;
        next.cut = read.cut;
        let told = &mut next.told;
        let mut windows = rows::windows(set, &read, period, wish.owners, &self.strata, told)?;
        windows.retain(|(start, _, _), _| (from..fresh.end).contains(start));
        next.windows.extend(windows);
        Ok(next)
    }
}

/// `versionCode = 84300`, or `(versionCode = 84300 OR versionCode = 84200)`.
pub(super) fn codes<'a>(codes: impl Iterator<Item = &'a String>) -> String {
    let each: Vec<String> = codes.map(|code| format!("{VERSION} = {code}")).collect();
    match each.as_slice() {
        [one] => one.clone(),
        many => format!("({})", many.join(" OR ")),
    }
}
