//! Release trains: when a release leaves, and who is on watch.
//!
//! Pure: the time is given. Who is on watch follows from the calendar alone, so that nothing has to be kept.

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

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

impl Train {
    /// When it leaves next, from `now` on.
    pub fn next_departure(&self, _now: Timestamp) -> Option<Timestamp> {
        None
    }
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
    /// Since the beginning of the run.
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
