//! When something may be done: windows of the week in a time zone, and freezes that no window crosses.
//!
//! Pure: the time is given. Zones are named ones, with their summer time.

use std::fmt;

use chrono::{
    DateTime, Datelike as _, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone as _,
    Timelike as _, Weekday,
};
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

    /// When it is open next, `at` included; `None` where that is not within sixteen days. A window in the hour that summer time
    /// takes away is not open on that day, and one in the hour that comes twice is open twice.
    pub fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        let day = TimeDelta::days(1);
        (0..16).find_map(|days| self.opening_within_a_day(at.checked_add_signed(day * days)?, day))
    }

    fn opening_within_a_day(&self, at: Timestamp, day: TimeDelta) -> Option<Timestamp> {
        if self.is_open(at) {
            return Some(at);
        }
        let end = at.checked_add_signed(day)?;
        let offset = |at: Timestamp| at.with_timezone(&self.zone).offset().fix();
        if offset(at) != offset(end) {
            // The clocks change in between: it may open at the change too.
            let first = at.with_second(0)?.with_nanosecond(0)?;
            let minutes = (1..=day.num_minutes()).map(|minute| first + TimeDelta::minutes(minute));
            return { minutes }.find(|at| self.is_open(*at));
        }
        let offset = offset(at);
        let today = at.with_timezone(&offset).date_naive();
        [Some(today), today.succ_opt()]
            .into_iter()
            .flatten()
            .filter_map(|date| date.and_time(self.from).and_local_timezone(offset).single())
            .map(|opens| opens.to_utc())
            .find(|opens| at <= *opens && *opens < end && self.is_open(*opens))
    }

    /// `mon-fri`, `mon,wed`
    pub fn days_text(&self) -> String {
        let follows = |a: &Weekday, b: &Weekday| a.succ() == *b && *b != Weekday::Mon;
        let runs = self.days.chunk_by(follows).filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            let name = |day: &Weekday| day.to_string().to_lowercase();
            Some(if run.len() == 1 {
                name(first)
            } else {
                format!("{}-{}", name(first), name(last))
            })
        });
        runs.collect::<Vec<_>>().join(",")
    }

    /// `09:00-17:00`; midnight at its end is `24:00`.
    pub fn hours_text(&self) -> String {
        let until = match self.until {
            NaiveTime::MIN => "24:00".to_owned(),
            until => until.format("%H:%M").to_string(),
        };
        format!("{}-{until}", self.from.format("%H:%M"))
    }
}

/// As people read it: `mon-fri 09:00-17:00 Europe/Berlin`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, hours) = (self.days_text(), self.hours_text());
        write!(f, "{days} {hours} {}", self.zone.name())
    }
}

/// Why nothing may be entered now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// `outside mon-fri 09:00-17:00 Europe/Berlin`, `freeze year-end until 2027-01-03 00:00 UTC`
    pub why: PlainText,
    /// When it may be entered next, by window and freezes both; `None` where that is out of sight.
    pub opens: Option<Timestamp>,
}

/// Whether a stage with this window may be entered `at` this time; `None`: it may. A freeze holds whatever the window says.
pub fn closed(window: Option<&Window>, freezes: &[Freeze], at: Timestamp) -> Option<Closed> {
    let freeze = last_to_end(freezes, at);
    let why = match (freeze, window) {
        (Some(freeze), _) => {
            let until = freeze.until.format("%Y-%m-%d %H:%M UTC");
            format!("freeze {} until {until}", freeze.name)
        }
        (None, Some(window)) if !window.is_open(at) => format!("outside {window}"),
        (None, _) => return None,
    };
    Some(Closed {
        why: why.into(),
        opens: opens(window, freezes, at),
    })
}

/// The first time from `at` on that is in the window and in no freeze.
fn opens(window: Option<&Window>, freezes: &[Freeze], at: Timestamp) -> Option<Timestamp> {
    let mut at = at;
    // Each turn but the last leaves a freeze behind for good.
    for _ in 0..=freezes.len() {
        at = match window {
            Some(window) => window.next_opening(at)?,
            None => at,
        };
        match last_to_end(freezes, at) {
            Some(freeze) => at = freeze.until,
            None => return Some(at),
        }
    }
    None
}

/// When the clock on the wall shows this: the first time where it does twice, the first minute after where it leaps over it.
/// `None` beyond the calendar.
pub fn instant(zone: Tz, local: NaiveDateTime) -> Option<Timestamp> {
    // A zone that moves across the date line leaps over a day.
    (0..=2 * 24 * 60)
        .map_while(|minutes| local.checked_add_signed(TimeDelta::minutes(minutes)))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map(|at| at.to_utc())
}

fn last_to_end(freezes: &[Freeze], at: Timestamp) -> Option<&Freeze> {
    let now = freezes.iter().filter(|freeze| freeze.holds(at));
    now.max_by_key(|freeze| freeze.until)
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

#[cfg(test)]
mod tests;
