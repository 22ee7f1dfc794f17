//! Days and times as people write them: `2026-12-20`, `"mon 09:00"`.

use std::borrow::Cow;
use std::fmt;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::Written;

/// A time of the week: `"mon 09:00"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekTime(pub Weekday, pub NaiveTime);

impl Written for WeekTime {
    const WHAT: &'static str = "a weekday and a time of day";
    const EXAMPLE: &'static str = "mon 09:00";
    const PATTERN: &'static str = r"^\s*[A-Za-z]+\s+[0-9]{1,2}:[0-9]{2}\s*$";
    const SUFFIX: Option<&'static str> = None;

    fn read(text: &str) -> Option<Self> {
        let (day, time) = text.split_once(char::is_whitespace)?;
        let time = NaiveTime::parse_from_str(time.trim(), "%H:%M").ok()?;
        Some(Self(day.parse().ok()?, time))
    }
}

/// A day, or a time of one: TOML's own dates and date-times, or the same as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub day: NaiveDate,
    /// `None` is the whole day.
    pub time: Option<NaiveTime>,
    /// `None` is the zone of the table around it.
    pub offset: Option<FixedOffset>,
}

const MOMENT: &str =
    "a day or a time of one, such as 2026-12-20, 2026-12-20T18:00:00 or 2026-12-20T18:00:00+01:00";

impl Moment {
    fn read(text: &str) -> Option<Self> {
        Self::of(text.trim().parse().ok()?)
    }

    fn of(read: toml::value::Datetime) -> Option<Self> {
        let day = read.date?;
        let time = |time: toml::value::Time| {
            let (second, nanosecond) = (time.second.unwrap_or(0), time.nanosecond.unwrap_or(0));
            NaiveTime::from_hms_nano_opt(
                time.hour.into(),
                time.minute.into(),
                second.into(),
                nanosecond,
            )
        };
        let offset = match read.offset {
            None => None,
            Some(toml::value::Offset::Z) => FixedOffset::east_opt(0),
            Some(toml::value::Offset::Custom { minutes }) => {
                FixedOffset::east_opt(i32::from(minutes) * 60)
            }
        };
        Some(Self {
            day: NaiveDate::from_ymd_opt(day.year.into(), day.month.into(), day.day.into())?,
            time: match read.time {
                Some(read) => Some(time(read)?),
                None => None,
            },
            offset,
        })
    }

    /// On the clock of its zone; midnight where it is a whole day. `None` at the end of the calendar.
    pub fn local(&self, end: bool) -> Option<NaiveDateTime> {
        match self.time {
            Some(time) => Some(self.day.and_time(time)),
            None if end => Some(self.day.succ_opt()?.and_time(NaiveTime::MIN)),
            None => Some(self.day.and_time(NaiveTime::MIN)),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentReader)
    }
}

struct MomentReader;

impl<'de> Visitor<'de> for MomentReader {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MOMENT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        Moment::read(text).ok_or_else(|| E::custom(format!("expected {MOMENT}; found {text:?}")))
    }

    /// The TOML reader hands its own dates over as a map.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Moment, A::Error> {
        let read = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_ignored| A::Error::custom(format!("expected {MOMENT}; found a table")))?;
        Moment::of(read).ok_or_else(|| A::Error::custom(format!("expected {MOMENT}; found {read}")))
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9:]+)?)?\s*$",
            "description": "a day, or a time of one",
            "examples": ["2026-12-20", "2026-12-20T18:00:00+01:00"],
        })
    }
}
