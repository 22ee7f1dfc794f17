//! How a scenario writes times and shares: with their unit.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, de};

use crate::domain::Exposure;

/// A time relative to the start of the world: `"30m"`, `"-2d"`, `"1h 30m"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub TimeDelta);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(deserializer)?;
        let (negative, rest) = match raw.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, raw.as_str()),
        };
        let std = humantime::parse_duration(rest).map_err(|e| {
            de::Error::custom(format!(
                "{raw:?} is no time such as \"30m\" or \"-2d\": {e}"
            ))
        })?;
        let delta = TimeDelta::from_std(std).map_err(de::Error::custom)?;
        Ok(Self(if negative { -delta } else { delta }))
    }
}

/// A share of something, 0..=1, written in percent: `"0.05%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(deserializer)?;
        let share: Exposure = raw
            .parse()
            .map_err(|_why| de::Error::custom(format!("{raw:?} is no share such as \"0.05%\"")))?;
        Ok(Self(share.fraction()))
    }
}

/// A share that changes in steps: `"0.05%"`, or `[{ after = "0s", is = "0.05%" }, { after = "30m", is = "3%" }]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps(Vec<(TimeDelta, f64)>);

impl Steps {
    /// Everything, always.
    pub fn all() -> Self {
        Self(vec![(TimeDelta::MIN, 1.0)])
    }

    /// What is slow of an app that nobody has complained about.
    pub fn two_percent() -> Self {
        Self(vec![(TimeDelta::MIN, 0.02)])
    }

    /// The share at this time after the start of the world; before the first step, what the first step says.
    pub fn at(&self, after: TimeDelta) -> f64 {
        let next = self.0.partition_point(|(from, _)| *from <= after);
        self.0
            .get(next.saturating_sub(1))
            .map_or(0.0, |(_, share)| *share)
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Step {
            after: Span,
            is: Share,
        }

        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a share, or a list of { after, is }")]
        enum Written {
            Constant(Share),
            Steps(Vec<Step>),
        }

        let mut steps: Vec<_> = match Written::deserialize(deserializer)? {
            Written::Constant(share) => vec![(TimeDelta::zero(), share.0)],
            Written::Steps(steps) => steps.iter().map(|s| (s.after.0, s.is.0)).collect(),
        };
        steps.sort_by_key(|(after, _)| *after);
        Ok(Self(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Sample {
        crash: Steps,
        from: Span,
    }

    #[test]
    fn steps_hold_until_the_next() {
        let sample: Sample = toml::from_str(
            r#"
            crash = [{ after = "30m", is = "3%" }, { after = "0s", is = "0.05%" }]
            from = "-1h 30m"
            "#,
        )
        .unwrap();
        let at = |minutes| (sample.crash.at(TimeDelta::minutes(minutes)) * 1e4).round() as u32;
        assert_eq!(
            [at(-60), at(0), at(29), at(30), at(9999)],
            [5, 5, 5, 300, 300]
        );
        assert_eq!(sample.from.0, TimeDelta::minutes(-90));
    }

    #[test]
    fn units_are_demanded() {
        let error = toml::from_str::<Sample>("crash = \"0.05\"\nfrom = \"3\"")
            .err()
            .unwrap();
        assert!(error.to_string().contains("list of"), "{error}");
    }
}
