//! `google.type.DateTime`: civil times with a zone, and the windows that they bound.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pairs;
use super::refusal::Refusal;
use crate::domain::Timestamp;

const CALIFORNIA: Tz = Tz::America__Los_Angeles;

/// How long a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Hourly,
    Daily,
}

/// As it is sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct SentTime {
    year: i32,
    month: u32,
    day: u32,
    hours: u32,
    minutes: u32,
    seconds: u32,
    nanos: u32,
    time_zone: Option<SentZone>,
    utc_offset: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SentZone {
    id: String,
    #[serde(rename = "version")]
    _version: Option<String>,
}

impl Period {
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "HOURLY" => Some(Self::Hourly),
            "DAILY" => Some(Self::Daily),
            _ => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hourly => "HOURLY",
            Self::Daily => "DAILY",
        }
    }

    fn zone(self) -> Tz {
        match self {
            Self::Hourly => Tz::UTC,
            Self::Daily => CALIFORNIA,
        }
    }

    /// The start of the window that holds `at`.
    pub(super) fn floor(self, at: Timestamp) -> Timestamp {
        let local = at.with_timezone(&self.zone());
        match self {
            Self::Hourly => {
                let hour = at.timestamp().div_euclid(3_600) * 3_600;
                DateTime::from_timestamp(hour, 0).unwrap_or(at)
            }
            Self::Daily => midnight(local.date_naive()),
        }
    }

    /// The start of the window after the one that starts at `start`.
    pub(super) fn next(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Hourly => start + TimeDelta::hours(1),
            Self::Daily => midnight(start.with_timezone(&CALIFORNIA).date_naive() + Days::new(1)),
        }
    }

    /// The start of the window before it.
    pub(super) fn before(self, start: Timestamp) -> Timestamp {
        self.floor(start - TimeDelta::seconds(1))
    }

    pub(super) fn json(self, at: Timestamp) -> Value {
        let local = at.with_timezone(&self.zone());
        let mut told = json!({ "year": local.year(), "month": local.month(), "day": local.day() });
        if let Some(told) = told.as_object_mut() {
            // Nought is left out, as everywhere in Google's JSON.
            if self == Self::Hourly && local.hour() > 0 {
                told.insert("hours".into(), local.hour().into());
            }
            told.insert("timeZone".into(), json!({ "id": self.zone().name() }));
        }
        told
    }

    /// The moment that a bound of a timeline names, which must be aligned to the period.
    pub(super) fn bound(self, name: &str, sent: &SentTime) -> Result<Timestamp, Refusal> {
        let fine = sent.minutes == 0 && sent.seconds == 0 && sent.nanos == 0;
        let aligned = fine && (self == Self::Hourly || sent.hours == 0);
        let zone = sent
            .time_zone
            .as_ref()
            .map_or(self.zone().name(), |zone| &zone.id);
        if zone != self.zone().name() || sent.utc_offset.is_some() {
            let (wanted, period) = (self.zone().name(), self.word());
            return Err(Refusal::invalid(format!(
                "{name} must be in time zone {wanted} for aggregation period {period}"
            )));
        }
        let at = sent.moment(self.zone()).filter(|_| aligned);
        at.ok_or_else(|| {
            Refusal::invalid(format!(
                "{name} is not a time aligned to aggregation period {}",
                self.word()
            ))
        })
    }
}

fn midnight(day: NaiveDate) -> Timestamp {
    let local = day.and_time(chrono::NaiveTime::MIN);
    let found = CALIFORNIA.from_local_datetime(&local).earliest();
    found.map_or_else(|| local.and_utc(), |at| at.to_utc())
}

impl SentTime {
    fn moment(&self, zone: Tz) -> Option<Timestamp> {
        let day = NaiveDate::from_ymd_opt(self.year, self.month, self.day)?;
        let local = day.and_hms_opt(self.hours, self.minutes, self.seconds)?;
        Some(zone.from_local_datetime(&local).earliest()?.to_utc())
    }
}

/// `interval.startTime.year=…` and so on: both bounds, or neither, which is the last day.
pub(super) fn interval(pairs: &Pairs, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
    let bound = |name: &str| -> Result<Option<Timestamp>, Refusal> {
        let prefix = format!("interval.{name}.");
        let fields: Vec<(&str, &str)> = pairs
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value.as_str())))
            .collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let bad = || Refusal::invalid(format!("Invalid value at 'interval.{name}'"));
        let mut sent = SentTime::default();
        for (field, value) in fields {
            let number = value.parse();
            match field {
                "year" => sent.year = value.parse().map_err(|_not_a_year| bad())?,
                "month" => sent.month = number.map_err(|_not_a_number| bad())?,
                "day" => sent.day = number.map_err(|_not_a_number| bad())?,
                "hours" => sent.hours = number.map_err(|_not_a_number| bad())?,
                "timeZone.id" => {
                    let id = value.to_owned();
                    sent.time_zone = Some(SentZone { id, _version: None });
                }
                _ => return Err(bad()),
            }
        }
        let zone = sent.time_zone.as_ref().map_or("UTC", |zone| &zone.id);
        let zone = zone.parse::<Tz>().map_err(|_no_zone| bad())?;
        Ok(Some(sent.moment(zone).ok_or_else(bad)?))
    };
    match (bound("startTime")?, bound("endTime")?) {
        (Some(start), Some(end)) if start < end => Ok((start, end)),
        (None, None) => Ok((now - TimeDelta::days(1), now)),
        _ => Err(Refusal::invalid(
            "interval must have a startTime before its endTime",
        )),
    }
}
