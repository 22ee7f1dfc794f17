//! Quantities as people write them in a policy: `"99.85%"`, `"2pt"`, `"30m"`, `"1%..50%"`.
//!
//! Each is a newtype that deserializes from text only, so that a bare number is an error that names what to write and
//! that the TOML reader can point at. Must not give a quantity a meaning: that is the rule's business.

mod calendar;
mod week;

use std::borrow::Cow;
use std::fmt;

use chrono::TimeDelta;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

pub use calendar::{Moment, WeekTime};
pub use week::{Days, Hours, Zone};

use super::cross_plan::StepTo;
use crate::domain::{Exposure, Metric, Unit};

/// Longest duration that is accepted: a year. No rollout lasts longer, and sums of such durations cannot overflow.
const LONGEST: std::time::Duration = std::time::Duration::from_hours(366 * 24);

/// A percentage, `"99.85%"`, kept as the number of percent, 0..=100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// Of its text; `None` where it is none.
    pub fn of(text: &str) -> Option<Self> {
        Self::read(text.trim())
    }

    /// The share, 0..=1.
    pub fn share(self) -> f64 {
        decimal(self.0)
    }

    /// What is missing to the whole, 0..=1: the share of failures that a good share leaves.
    pub fn complement(self) -> f64 {
        decimal(100.0 - self.0)
    }
}

/// Percent to a share, rounded to the eleventh decimal: 100 − 99.85 is not 0.15 in binary, and people mean 0.15.
fn decimal(percent: f64) -> f64 {
    (percent * 1e9).round() / 1e11
}

/// A floor or a ceiling: a share of a metric with counts, or the figure of a level, `"4.5s"`, `"850ms"`, `"4.2"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    Share(Percent),
    Figure(f64, Unit),
}

impl Bound {
    /// As the figure of a level.
    pub fn figure(self) -> (f64, Unit) {
        match self {
            Self::Share(percent) => (percent.share(), Unit::Share),
            Self::Figure(value, unit) => (value, unit),
        }
    }
}

/// Percentage points, `"2pt"`, kept as a difference of shares: 0.02.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Points(pub f64);

/// A duration: `"30m"`, `"4h"`, `"2d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub TimeDelta);

/// An exposure, `"5%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub Exposure);

/// Two exposures, both included: `"1%..50%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposures(pub Exposure, pub Exposure);

/// A metric by its name, for a value; as a key, [`Metric`] itself serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricName(pub Metric);

/// What a unit needs to read itself and to explain itself.
trait Written: Sized {
    /// `a percentage`
    const WHAT: &'static str;
    /// `99.85%`
    const EXAMPLE: &'static str;
    /// For the schema.
    const PATTERN: &'static str;
    /// What may follow a bare number to make it right, where a number can be meant: `%`, `s m h`.
    const SUFFIX: Option<&'static str>;

    fn read(text: &str) -> Option<Self>;

    /// All that can be written, where that is a few words.
    fn known() -> Option<String> {
        None
    }

    /// What was probably meant by text that cannot be read.
    fn meant(_text: &str) -> Option<String> {
        None
    }
}

impl Written for Percent {
    const WHAT: &'static str = "a percentage from 0% to 100%";
    const EXAMPLE: &'static str = "99.85%";
    const PATTERN: &'static str = r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$";
    const SUFFIX: Option<&'static str> = Some("%");

    fn read(text: &str) -> Option<Self> {
        let percent: f64 = plain_number(text.strip_suffix('%')?)?;
        (0.0..=100.0).contains(&percent).then_some(Self(percent))
    }
}

impl Written for Bound {
    const WHAT: &'static str = Percent::WHAT;
    const EXAMPLE: &'static str = Percent::EXAMPLE;
    const PATTERN: &'static str = r"^\s*[0-9]+(\.[0-9]+)?\s*(%|s|ms)?\s*$";
    const SUFFIX: Option<&'static str> = Percent::SUFFIX;

    fn read(text: &str) -> Option<Self> {
        if let Some(percent) = Percent::read(text) {
            return Some(Self::Share(percent));
        }
        let milliseconds = text.strip_suffix("ms").and_then(plain_number);
        let seconds = text.strip_suffix('s').and_then(plain_number);
        let figure = match (milliseconds, seconds) {
            (Some(milliseconds), _) => (milliseconds / 1e3, Unit::Seconds),
            (None, Some(seconds)) => (seconds, Unit::Seconds),
            (None, None) => (plain_number(text)?, Unit::Plain),
        };
        Some(Self::Figure(figure.0, figure.1))
    }
}

impl Written for Points {
    const WHAT: &'static str = "a difference in percentage points, above 0pt and below 100pt";
    const EXAMPLE: &'static str = "0.2pt";
    const PATTERN: &'static str = r"^\s*[0-9]+(\.[0-9]+)?\s*pt\s*$";
    const SUFFIX: Option<&'static str> = Some("pt");

    fn read(text: &str) -> Option<Self> {
        let points: f64 = plain_number(text.strip_suffix("pt")?)?;
        (points > 0.0 && points < 100.0).then(|| Self(decimal(points)))
    }
}

impl Written for Duration {
    const WHAT: &'static str = "a duration of at most a year";
    const EXAMPLE: &'static str = "30m";
    const PATTERN: &'static str = r"^\s*[0-9]+\s*[a-z]+.*$";
    const SUFFIX: Option<&'static str> = Some("s m h");

    fn read(text: &str) -> Option<Self> {
        let duration = humantime::parse_duration(text).ok()?;
        (duration <= LONGEST).then_some(())?;
        TimeDelta::from_std(duration).ok().map(Self)
    }
}

impl Written for Share {
    const WHAT: &'static str = "an exposure from 0% to 100%";
    const EXAMPLE: &'static str = "5%";
    const PATTERN: &'static str = Percent::PATTERN;
    const SUFFIX: Option<&'static str> = Some("%");

    fn read(text: &str) -> Option<Self> {
        Percent::read(text)?;
        text.parse().ok().map(Self)
    }
}

impl Written for Exposures {
    const WHAT: &'static str = "a range of exposures, lower one first";
    const EXAMPLE: &'static str = "1%..50%";
    const PATTERN: &'static str = r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*\.\.\s*[0-9]+(\.[0-9]+)?\s*%\s*$";
    const SUFFIX: Option<&'static str> = None;

    fn read(text: &str) -> Option<Self> {
        let (low, high) = text.split_once("..")?;
        let (Share(low), Share(high)) = (Share::read(low.trim())?, Share::read(high.trim())?);
        (low <= high).then_some(Self(low, high))
    }
}

impl Written for MetricName {
    const WHAT: &'static str = "a metric";
    const EXAMPLE: &'static str = "crash_free_sessions";
    const PATTERN: &'static str = "^(crash_free_sessions|crash_free_users|frustration_free_sessions|anr_free_users|\
         error_free_sessions|slow_cold_starts|slow_requests|journey_success:[A-Za-z0-9_.-]+|custom:[A-Za-z0-9_.-]+|level:[A-Za-z0-9_.-]+)$";
    const SUFFIX: Option<&'static str> = None;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn known() -> Option<String> {
        Some(Metric::known())
    }

    fn meant(text: &str) -> Option<String> {
        Metric::nearest(text).map(str::to_owned)
    }
}

/// Where a step of a plan leads: `"start"`, or an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target(pub StepTo);

impl Written for Target {
    const WHAT: &'static str = "\"start\" or an exposure";
    const EXAMPLE: &'static str = "30%";
    const PATTERN: &'static str = r"^\s*(start|[0-9]+(\.[0-9]+)?\s*%)\s*$";
    const SUFFIX: Option<&'static str> = Some("%");

    fn read(text: &str) -> Option<Self> {
        if text == "start" {
            return Some(Self(StepTo::Start));
        }
        Share::read(text).map(|Share(exposure)| Self(StepTo::Stage(exposure)))
    }
}

/// Digits with at most one point: no sign, exponent, `inf` or `nan`, which `f64` would take.
fn plain_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    plain.then(|| text.parse().ok()).flatten()
}

/// Reads a unit from text, and answers a bare number with what to write.
struct Reader<T>(std::marker::PhantomData<T>);

impl<T: Written> Reader<T> {
    fn bare<E: Error>(number: &dyn fmt::Display) -> E {
        let fraction = plain_number(&number.to_string()).filter(|n| *n > 0.0 && *n <= 1.0);
        match T::SUFFIX {
            Some("%") if let Some(fraction) = fraction => E::custom(format!(
                "{} needs its unit: write \"{}%\" for the fraction {number}, or \"{number}%\"",
                T::WHAT,
                decimal(fraction * 1e4)
            )),
            Some(suffix) => E::custom(format!(
                "{} needs its unit: write {}",
                T::WHAT,
                suffix
                    .split(' ')
                    .map(|suffix| format!("\"{number}{suffix}\""))
                    .collect::<Vec<_>>()
                    .join(" or ")
            )),
            None => E::custom(format!(
                "expected {}, such as \"{}\"; found the number {number}",
                T::WHAT,
                T::EXAMPLE
            )),
        }
    }
}

impl<T: Written> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, such as \"{}\"", T::WHAT, T::EXAMPLE)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        if let Some(value) = T::read(text.trim()) {
            return Ok(value);
        }
        if plain_number(text).is_some() {
            return Err(Self::bare(&text.trim()));
        }
        Err(E::custom(match (T::meant(text.trim()), T::known()) {
            (Some(meant), _) => format!(
                "expected {}; found {text:?}: did you mean \"{meant}\"?",
                T::WHAT
            ),
            (None, Some(known)) => {
                format!("expected {}; found {text:?}: known are {known}", T::WHAT)
            }
            (None, None) => format!(
                "expected {}, such as \"{}\"; found {text:?}",
                T::WHAT,
                T::EXAMPLE
            ),
        }))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Err(Self::bare(&number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Err(Self::bare(&number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.is_finite() {
            Err(Self::bare(&number))
        } else {
            Err(E::custom(format!(
                "expected {}, such as \"{}\"; found {number}",
                T::WHAT,
                T::EXAMPLE
            )))
        }
    }
}

fn schema<T: Written>() -> Schema {
    json_schema!({ "type": "string", "pattern": T::PATTERN, "description": T::WHAT, "examples": [T::EXAMPLE] })
}

/// Deserialize and JsonSchema of a unit; a trait impl for all `T: Written` would break coherence.
macro_rules! unit {
    ($($unit:ident),*) => {$(
        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Reader(std::marker::PhantomData))
            }
        }

        impl JsonSchema for $unit {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($unit).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                schema::<Self>()
            }
        }
    )*};
}

unit!(
    Percent, Bound, Points, Duration, Share, Exposures, MetricName, Target, Days, Hours, Zone,
    WeekTime
);

/// `during = { exposure = "1%..50%" }`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, written { exposure = \"1%..50%\" }"
)]
pub struct During {
    pub exposure: Exposures,
}

/// How many times the baseline's failures a version may have: a bare number, from 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema)]
#[schemars(with = "f64")]
pub struct Times(pub f64);

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimesReader)
    }
}

struct TimesReader;

impl Visitor<'_> for TimesReader {
    type Value = Times;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a number from 1 to 1000, such as 2.0: failures at most so many times the baseline's",
        )
    }

    fn visit_f64<E: Error>(self, times: f64) -> Result<Times, E> {
        if (1.0..=1000.0).contains(&times) {
            Ok(Times(times))
        } else {
            Err(E::invalid_value(Unexpected::Float(times), &self))
        }
    }

    fn visit_i64<E: Error>(self, times: i64) -> Result<Times, E> {
        self.visit_f64(times as f64)
    }
}

#[cfg(test)]
mod tests;
