//! Sentry's answers as they are on the wire: nulls, numbers as text, fields missing or surplus.
//!
//! Owns the serde types and their cleaning into types without doubt. Must not interpret: what a status or a rate means is
//! the other files' business.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::Timestamp;

/// A number, a number as text, or null.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number(Option<f64>);

/// Counts above this are no longer exact in JSON.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

impl Number {
    pub(super) fn rate(self) -> Option<f64> {
        self.0.filter(|rate| (0.0..=1.0).contains(rate))
    }

    pub(super) fn value(self) -> Option<f64> {
        self.0
    }

    /// A count; null is none. Negative or absurd is refused.
    pub(super) fn count(self) -> Result<u64, String> {
        match self.0 {
            None => Ok(0),
            Some(count) if (0.0..=MAX_COUNT).contains(&count) => Ok(count.round() as u64),
            Some(count) => Err(format!("{count} is not a count")),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Null => return Ok(Self(None)),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if number.is_finite() => Ok(Self(Some(number))),
            Some(_) => Ok(Self(None)),
            None => Err(serde::de::Error::custom("a number was expected")),
        }
    }
}

/// `GET …/sessions/`
#[derive(Debug, Deserialize)]
pub(super) struct SessionsBody {
    #[serde(default)]
    pub(super) end: Option<String>,
    #[serde(default)]
    pub(super) intervals: Option<Vec<String>>,
    pub(super) groups: Vec<GroupBody>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GroupBody {
    #[serde(default)]
    pub(super) by: By,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) totals: BTreeMap<String, Number>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) series: BTreeMap<String, Vec<Number>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct By {
    #[serde(default)]
    pub(super) release: Option<String>,
    #[serde(default, rename = "session.status")]
    pub(super) status: Option<String>,
}

/// One element of `GET …/issues/`.
#[derive(Debug, Deserialize)]
pub(super) struct IssueBody {
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) title: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) culprit: String,
    #[serde(default)]
    pub(super) permalink: Option<String>,
    #[serde(default)]
    pub(super) substatus: Option<String>,
    #[serde(default, rename = "firstSeen")]
    pub(super) first_seen: Option<String>,
    #[serde(default)]
    pub(super) lifetime: Option<IssueCounts>,
    /// Counts of what the query matched: of this release, not of the issue.
    #[serde(default)]
    pub(super) filtered: Option<IssueCounts>,
}

#[derive(Debug, Deserialize)]
pub(super) struct IssueCounts {
    #[serde(default)]
    pub(super) count: Number,
    #[serde(default, rename = "userCount")]
    pub(super) users: Number,
    #[serde(default, rename = "firstSeen")]
    pub(super) first_seen: Option<String>,
}

/// `GET …/events-timeseries/`
#[derive(Debug, Deserialize)]
pub(super) struct SeriesBody {
    #[serde(rename = "timeSeries")]
    pub(super) series: Vec<Series>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Series {
    #[serde(default, rename = "groupBy", deserialize_with = "or_default")]
    pub(super) group: Vec<GroupKey>,
    #[serde(default)]
    pub(super) meta: SeriesMeta,
    pub(super) values: Vec<Point>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct SeriesMeta {
    /// What is beyond the groups asked for.
    #[serde(default, rename = "isOther", deserialize_with = "or_default")]
    pub(super) other: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct GroupKey {
    pub(super) key: String,
    /// A text for a release.
    #[serde(default)]
    pub(super) value: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Point {
    /// Milliseconds since the epoch.
    pub(super) timestamp: Number,
    #[serde(default)]
    pub(super) value: Number,
}

/// `GET …/events/`
#[derive(Debug, Deserialize)]
pub(super) struct TableBody {
    pub(super) data: Vec<BTreeMap<String, Value>>,
}

/// One element of `GET …/issues/{id}/events/`; the entries come with `full=true` alone.
#[derive(Debug, Deserialize)]
pub(super) struct EventBody {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) title: String,
    #[serde(default, rename = "dateCreated")]
    pub(super) at: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) tags: Vec<Tag>,
    /// Of many types, each with a shape of its own.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) entries: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) key: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) value: String,
}

/// One call on a stack.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Frame {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) function: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) module: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) filename: String,
    #[serde(default, rename = "lineNo")]
    pub(super) line: Option<u64>,
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// `2026-11-19T10:00:00Z`, with fractions, with an offset, or without any zone (then it is UTC).
pub(super) fn instant(raw: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(raw)
        .map(|t| t.with_timezone(&Utc))
        .or_else(|_no_zone| raw.parse::<NaiveDateTime>().map(|t| t.and_utc()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(raw: &str) -> Result<Number, serde_json::Error> {
        serde_json::from_str(raw)
    }

    #[test]
    fn numbers_of_every_shape() {
        for (raw, count) in [
            ("7", 7),
            ("7.0", 7),
            ("\"150\"", 150),
            ("null", 0),
            ("\"NaN\"", 0),
        ] {
            assert_eq!(number(raw).unwrap().count(), Ok(count), "{raw}");
        }
        assert!(number("-1").unwrap().count().is_err());
        assert!(number("1e300").unwrap().count().is_err());
        for raw in ["true", "[]", "\"many\""] {
            assert!(number(raw).is_err(), "{raw}");
        }
        assert_eq!(number("null").unwrap().rate(), None);
        assert_eq!(
            number("99.5").unwrap().rate(),
            None,
            "a rate is 0 to 1 here"
        );
    }

    #[test]
    fn groups_survive_nulls_and_surplus_fields() {
        let body: SessionsBody = serde_json::from_str(
            r#"{"groups":[{"by":{"release":null,"project":1},"totals":null,"series":{"sum(session)":[null,"3"]},"x":{}}],
                "intervals":null,"query":""}"#,
        )
        .unwrap();
        let series = body.groups[0].series["sum(session)"].clone();
        assert_eq!(series[1].count(), Ok(3));
        assert!(
            serde_json::from_str::<SessionsBody>(r#"{"intervals":[]}"#).is_err(),
            "no groups is no answer"
        );
    }

    #[test]
    fn instants() {
        for raw in [
            "2026-11-19T10:00:00Z",
            "2026-11-19T10:00:00",
            "2026-11-19T11:00:00.000+01:00",
        ] {
            assert_eq!(
                instant(raw).unwrap().to_rfc3339(),
                "2026-11-19T10:00:00+00:00",
                "{raw}"
            );
        }
        assert!(instant("soon").is_none());
    }
}
