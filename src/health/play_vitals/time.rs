//! The API's civil times: hours in UTC, days of California, which have 23 to 25 hours.
//!
//! Pure. A time that was read is sent back as it came; only the fields that name the moment are written anew.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::domain::Timestamp;

/// How long the windows of an answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Period {
    Hours,
    Days,
}

impl Period {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hours => "HOURLY",
            Self::Days => "DAILY",
        }
    }

    pub(super) fn zone(self) -> Tz {
        match self {
            Self::Hours => Tz::UTC,
            Self::Days => Tz::America__Los_Angeles,
        }
    }

    /// The start of the window that holds `t`.
    pub(super) fn floor(self, t: Timestamp) -> Timestamp {
        match self {
            Self::Hours => {
                let start = t.timestamp().div_euclid(3_600) * 3_600;
                DateTime::from_timestamp(start, 0).unwrap_or(t)
            }
            Self::Days => midnight(t.with_timezone(&self.zone()).date_naive()).unwrap_or(t),
        }
    }

    /// The end of the window that starts at `start`.
    pub(super) fn end(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Hours => start + TimeDelta::hours(1),
            Self::Days => {
                let next = start.with_timezone(&self.zone()).date_naive() + Days::new(1);
                midnight(next).unwrap_or(start + TimeDelta::days(1))
            }
        }
    }

    /// The start of the first window that starts at `t` or later.
    pub(super) fn ceil(self, t: Timestamp) -> Timestamp {
        let floor = self.floor(t);
        if floor == t { t } else { self.end(floor) }
    }
}

fn midnight(day: NaiveDate) -> Option<Timestamp> {
    let local = day.and_hms_opt(0, 0, 0)?;
    let at = Period::Days.zone().from_local_datetime(&local).earliest()?;
    Some(at.to_utc())
}

/// A `google.type.DateTime` as a moment; in the period's own zone where it names none. `None` where it is no moment.
pub(super) fn instant(raw: &Value, period: Period) -> Option<Timestamp> {
    let field = |name: &str| match raw.get(name) {
        None => Some(0),
        Some(value) => u32::try_from(value.as_i64()?).ok(),
    };
    let year = i32::try_from(raw.get("year")?.as_i64()?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, field("month")?, field("day")?)?;
    let local = day.and_hms_opt(field("hours")?, field("minutes")?, field("seconds")?)?;
    if let Some(offset) = raw.get("utcOffset") {
        let seconds = offset.as_str()?.strip_suffix('s')?.parse().ok()?;
        return Some(local.and_utc() - TimeDelta::try_seconds(seconds)?);
    }
    let zone = match raw.pointer("/timeZone/id") {
        Some(id) => id.as_str()?.parse().ok()?,
        None => period.zone(),
    };
    Some(zone.from_local_datetime(&local).earliest()?.to_utc())
}

/// The moment `at` in the form, and in the zone, of another time of the API.
pub(super) fn alike(other: &Value, at: Timestamp, period: Period) -> Value {
    let local = at.with_timezone(&period.zone());
    let mut written = json!({ "year": local.year(), "month": local.month(), "day": local.day() });
    if let Some(fields) = written.as_object_mut() {
        if period == Period::Hours {
            fields.insert("hours".to_owned(), local.hour().into());
        }
        for key in ["timeZone", "utcOffset"] {
            let same = other.get(key).map(|value| (key.to_owned(), value.clone()));
            fields.extend(same);
        }
    }
    written
}

/// `interval.startTime.year=…`: an hour in UTC as query parameters under `name`.
pub(super) fn parameters(name: &str, at: Timestamp) -> Vec<(String, String)> {
    let fields = [
        ("year", at.year().to_string()),
        ("month", at.month().to_string()),
        ("day", at.day().to_string()),
        ("hours", at.hour().to_string()),
        ("timeZone.id", "UTC".to_owned()),
    ];
    fields
        .map(|(field, value)| (format!("{name}.{field}"), value))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(raw: &str) -> Timestamp {
        raw.parse().unwrap()
    }

    #[test]
    fn days_are_californias_and_some_are_longer() {
        // Clocks go forward on 8 March 2026 and back on 1 November 2026.
        for (inside, start, end) in [
            (
                "2026-03-02T08:00:00Z",
                "2026-03-02T08:00:00Z",
                "2026-03-03T08:00:00Z",
            ),
            (
                "2026-03-08T20:00:00Z",
                "2026-03-08T08:00:00Z",
                "2026-03-09T07:00:00Z",
            ),
            (
                "2026-11-01T20:00:00Z",
                "2026-11-01T07:00:00Z",
                "2026-11-02T08:00:00Z",
            ),
            (
                "2026-07-01T06:59:59Z",
                "2026-06-30T07:00:00Z",
                "2026-07-01T07:00:00Z",
            ),
        ] {
            let floor = Period::Days.floor(at(inside));
            assert_eq!(floor, at(start), "{inside}");
            assert_eq!(Period::Days.end(floor), at(end), "{inside}");
            assert_eq!(Period::Days.ceil(floor), floor);
            assert_eq!(Period::Days.ceil(floor + TimeDelta::seconds(1)), at(end));
        }
        assert_eq!(
            Period::Hours.ceil(at("2026-03-02T08:00:01Z")),
            at("2026-03-02T09:00:00Z")
        );
    }

    #[test]
    fn times_are_read_with_zone_offset_or_neither() {
        let day = json!({"year": 2026, "month": 11, "day": 18, "timeZone": {"id": "America/Los_Angeles"}});
        let moment = at("2026-11-18T08:00:00Z");
        assert_eq!(instant(&day, Period::Days), Some(moment));
        let bare = json!({"year": 2026, "month": 11, "day": 18});
        assert_eq!(instant(&bare, Period::Days), Some(moment));
        assert_eq!(
            instant(&bare, Period::Hours),
            Some(at("2026-11-18T00:00:00Z"))
        );
        let offset = json!({"year": 2026, "month": 11, "day": 18, "utcOffset": "-28800s"});
        assert_eq!(instant(&offset, Period::Days), Some(moment));
        for bad in [
            json!(null),
            json!({"year": 2026, "month": 13, "day": 1}),
            json!({"year": 2026, "month": 1, "day": 1, "timeZone": {"id": "Moon"}}),
        ] {
            assert_eq!(instant(&bad, Period::Days), None, "{bad}");
        }
    }

    #[test]
    fn a_start_is_written_like_the_end_that_was_read() {
        let end = json!({"year": 2026, "month": 11, "day": 18, "timeZone": {"id": "America/Los_Angeles"}});
        assert_eq!(
            alike(&end, at("2026-11-10T08:00:00Z"), Period::Days),
            json!({"year": 2026, "month": 11, "day": 10, "timeZone": {"id": "America/Los_Angeles"}})
        );
        let end = json!({"year": 2026, "month": 11, "day": 18, "hours": 3});
        assert_eq!(
            alike(&end, at("2026-11-10T05:00:00Z"), Period::Hours),
            json!({"year": 2026, "month": 11, "day": 10, "hours": 5})
        );
    }
}
