//! When something may be done: windows of the week in a time zone, and freezes that no window crosses.
//!
//! Pure: the time is given. Zones are named ones, with their summer time.

use chrono::{DateTime, Datelike as _, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use crate::domain::{PlainText, Timestamp};

/// `window = { days = "mon-fri", hours = "09:00-17:00", zone = "Europe/Berlin" }`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// In the order of the week.
    #[serde(serialize_with = "names")]
    pub days: Vec<Weekday>,
    /// From this time of day on.
    pub from: NaiveTime,
    /// Up to, and not at; 24:00 is midnight at the end of the day and kept as 00:00.
    pub until: NaiveTime,
    #[serde(serialize_with = "zone")]
    pub zone: Tz,
}

/// `[[freeze]]`: nothing is raised in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    pub name: PlainText,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local: DateTime<Tz> = at.with_timezone(&self.zone);
        let time = local.time();
        let before_end = self.until == NaiveTime::MIN || time < self.until;
        self.days.contains(&local.weekday()) && time >= self.from && before_end
    }

    /// The first minute from `at` on in which it is open; `None` where there is none within nine days.
    pub fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        (0..9 * 24 * 60)
            .map(|minute| at + TimeDelta::minutes(minute))
            .find(|at| self.is_open(*at))
    }
}

impl Freeze {
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

fn names<S: Serializer>(days: &[Weekday], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days.iter().map(ToString::to_string))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn zone<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}
