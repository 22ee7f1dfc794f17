//! Exposure: the share of users to whom a store offers a version.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A share of users in parts per million, 0 to 1,000,000: exact, ordered, and the same in every file and on every screen.
///
/// Written with a unit (`5%`, `0.5%`); Play's `userFraction` converts without loss up to six decimals. Where a fraction
/// must survive untouched, the adapter echoes the store's own number instead.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(100|[0-9]{1,2}([.][0-9]{1,4})?)%$"))]
pub struct Exposure(u32);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadExposure {
    #[error("an exposure needs its unit: write \"{0}%\"")]
    NoUnit(String),
    #[error("an exposure is a percentage from 0% to 100%, such as \"5%\" or \"0.5%\"; found {0:?}")]
    NotAPercentage(String),
}

impl Exposure {
    pub const NONE: Self = Self(0);
    pub const FULL: Self = Self(1_000_000);

    /// From a fraction 0..=1 (Play's `userFraction`); `None` for anything else, NaN included.
    pub fn from_fraction(fraction: f64) -> Option<Self> {
        (0.0..=1.0)
            .contains(&fraction)
            .then(|| Self((fraction * 1e6).round() as u32))
    }

    /// From whole percent, capped at 100.
    pub fn from_percent(percent: u32) -> Self {
        Self(percent.min(100) * 10_000)
    }

    /// 0..=1
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// 0..=100
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1e4
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", self.percent()))
    }
}

impl FromStr for Exposure {
    type Err = BadExposure;

    fn from_str(raw: &str) -> Result<Self, BadExposure> {
        let Some(number) = raw.trim().strip_suffix('%') else {
            return Err(match raw.trim().parse::<f64>() {
                Ok(_) => BadExposure::NoUnit(raw.trim().to_owned()),
                Err(_) => BadExposure::NotAPercentage(raw.to_owned()),
            });
        };
        let percent: f64 = number
            .trim()
            .parse()
            .map_err(|_ignored| BadExposure::NotAPercentage(raw.to_owned()))?;
        Self::from_fraction(percent / 100.0)
            .ok_or_else(|| BadExposure::NotAPercentage(raw.to_owned()))
    }
}

impl TryFrom<String> for Exposure {
    type Error = BadExposure;

    fn try_from(raw: String) -> Result<Self, BadExposure> {
        raw.parse()
    }
}

impl From<Exposure> for String {
    fn from(exposure: Exposure) -> Self {
        exposure.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_demanded() {
        assert_eq!("5%".parse(), Ok(Exposure::from_percent(5)));
        assert_eq!("0.5%".parse(), Ok(Exposure(5_000)));
        assert_eq!(
            "0.1".parse::<Exposure>(),
            Err(BadExposure::NoUnit("0.1".into()))
        );
        assert!(
            "101%".parse::<Exposure>().is_err()
                && "nan%".parse::<Exposure>().is_err()
                && "five".parse::<Exposure>().is_err()
        );
    }

    #[test]
    fn shows_as_written() {
        assert_eq!(Exposure::from_fraction(0.05).unwrap().to_string(), "5%");
        assert_eq!(
            Exposure::from_fraction(0.0001).unwrap().to_string(),
            "0.01%"
        );
    }
}
