//! Values with a unit, as the file has them: `"30m"`. A bare number is an error that says what to write.

use std::fmt;

use chrono::TimeDelta;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A duration such as `"60s"`, `"30m"`, `"4h"`, `"2d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub TimeDelta);

const FORMS: &str = r#"a duration with its unit, such as "60s", "30m", "4h" or "2d""#;

/// Longest duration that means anything here; keeps arithmetic on times far from overflow.
const LONGEST: TimeDelta = TimeDelta::days(3650);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(FORMS)
            }

            fn visit_i64<E: de::Error>(self, bare: i64) -> Result<Duration, E> {
                Err(E::custom(unitless(bare)))
            }

            fn visit_f64<E: de::Error>(self, bare: f64) -> Result<Duration, E> {
                Err(E::custom(unitless(bare)))
            }

            fn visit_str<E: de::Error>(self, raw: &str) -> Result<Duration, E> {
                parse(raw).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

fn unitless(bare: impl fmt::Display) -> String {
    format!("a duration needs its unit: write \"{bare}s\" (seconds), \"{bare}m\" (minutes) or \"{bare}h\" (hours)")
}

fn parse(raw: &str) -> Result<Duration, String> {
    if raw.trim().parse::<f64>().is_ok() {
        return Err(unitless(raw.trim()));
    }
    humantime::parse_duration(raw)
        .ok()
        .and_then(|duration| TimeDelta::from_std(duration).ok())
        .filter(|duration| *duration <= LONGEST)
        .map(Duration)
        .ok_or_else(|| format!("expected {FORMS}; found {raw:?}"))
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["60s", "30m", "4h", "2d"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_demanded() {
        assert_eq!(parse("90s"), Ok(Duration(TimeDelta::seconds(90))));
        assert_eq!(parse("1h 30m"), Ok(Duration(TimeDelta::minutes(90))));
        assert!(parse("60").unwrap_err().contains("write \"60s\""));
        for bad in ["", "five minutes", "-5m", "5", "1e9d", "99999999999y"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
