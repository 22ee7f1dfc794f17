//! Release trains: when a release leaves, and who is on watch.
//!
//! Pure: the time is given. Who is on watch follows from the calendar alone, so that nothing has to be kept. All dates and
//! hours are local ones of the train's zone: through summer time, nine o'clock stays nine o'clock.

mod timetable;
mod watch;

#[cfg(test)]
mod tests;

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

pub use watch::Watch;

use crate::domain::{PlainText, Timestamp};

/// `[train.NAME]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Train {
    pub name: PlainText,
    pub zone: Tz,
    pub runs: Runs,
    /// What is due in each run, by how long after its beginning, in this order.
    pub due: Vec<Milestone>,
    /// They take turns, week by week; may be empty.
    pub owners: Vec<PlainText>,
    /// When the watch is handed over.
    pub hand_over: (Weekday, NaiveTime),
    /// The first owner's week contains this day.
    pub first_week: NaiveDate,
}

/// When its runs begin, at midnight of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// From `first` on, every so many days.
    Every { first: NaiveDate, days: u32 },
    /// On these days, ascending.
    On(Vec<NaiveDate>),
}

/// One date of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    pub what: What,
    /// Since the beginning of the run, by the clock on the wall: `2d` is midnight two days later, and `2d 9h` is nine o'clock.
    pub after: TimeDelta,
}

/// What a date of a train is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    CutOff,
    Stabilisation,
    Submission,
    Rollout,
    Expansion,
}

impl What {
    pub fn name(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::Stabilisation => "stabilisation",
            Self::Submission => "submission",
            Self::Rollout => "rollout",
            Self::Expansion => "expansion",
        }
    }
}

impl Train {
    /// As people of its zone say it: `Mon 2026-03-30 09:00 Europe/Berlin`.
    pub fn local(&self, at: Timestamp) -> String {
        let local = at.with_timezone(&self.zone);
        format!("{} {}", local.format("%a %Y-%m-%d %H:%M"), self.zone.name())
    }
}
