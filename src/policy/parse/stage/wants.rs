//! What is wanted of the data before a stage is left. None of it may be empty: a gate that asks for nothing would look like one.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::{Metric, PlainText};
use crate::policy::units::{MetricName, Percent};

/// A number of things, 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "u64")]
#[schemars(with = "NonZeroU64")]
pub(super) struct Count(u64);

/// `healthy_if = { crash_free_sessions = "99.50%" }`, as shares of the good (0..1).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<Metric, Percent>")]
#[schemars(with = "BTreeMap<String, Percent>")]
pub(super) struct HealthyIf(pub BTreeMap<Metric, f64>);

/// `required = ["anr_free_users"]`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<MetricName>")]
#[schemars(with = "Vec<MetricName>")]
pub(super) struct Required(pub BTreeSet<Metric>);

/// `coverage = { country = 5 }`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, Count>")]
#[schemars(with = "BTreeMap<String, Count>")]
pub(super) struct Coverage(pub BTreeMap<PlainText, u32>);

/// `variance = { "custom:checkout" = "5%" }`, as parts of the baseline's good share (0..1).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<Metric, Percent>")]
#[schemars(with = "BTreeMap<String, Percent>")]
pub(super) struct Variance(pub BTreeMap<Metric, f64>);

/// What is wrong with one of them.
#[derive(Debug, thiserror::Error)]
pub(super) enum WantError {
    #[error("0 asks for nothing: write 1 or more, or leave the key out")]
    Zero,
    #[error("an empty {0} asks for nothing: write {1}, or leave the key out")]
    Empty(&'static str, &'static str),
    #[error(
        "healthy_if takes metrics that are written as the share of the good; {0} is a share of the bad: let a rule with a \
         ceiling watch it"
    )]
    ShareOfBad(Metric),
    #[error(
        "healthy_if lies between 0% and 100%, both excluded: no evidence could show {1} of {0}"
    )]
    Edge(Metric, &'static str),
    #[error(
        "a kind of strata is 1 to 32 of a-z, A-Z, 0-9, '-' and '_', such as country; found {0:?}. How many of it are wanted \
         is the number"
    )]
    Kind(String),
    #[error("more than 1,000 strata of one kind are never seen: ask for fewer")]
    TooMany,
    #[error(
        "variance lies between 0% and 100%, both excluded: a version that is as good as the baseline never shows that it is \
         not a bit worse, so write how much of {0} may be lost, such as \"5%\""
    )]
    NoLoss(Metric),
    #[error(
        "{1} takes metrics with counts: {0} is a figure without, of which there can be no evidence; let a rule watch it"
    )]
    Level(Metric, &'static str),
    #[error(
        "users of two days overlap, so that {0} cannot be compared over a whole stage: take a metric of sessions"
    )]
    Users(Metric),
}

impl Count {
    pub(super) fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Count {
    type Error = WantError;

    fn try_from(count: u64) -> Result<Self, WantError> {
        (count > 0).then_some(Self(count)).ok_or(WantError::Zero)
    }
}

impl TryFrom<BTreeMap<Metric, Percent>> for HealthyIf {
    type Error = WantError;

    fn try_from(shares: BTreeMap<Metric, Percent>) -> Result<Self, WantError> {
        if shares.is_empty() {
            let example = "{ crash_free_sessions = \"99.50%\" }";
            return Err(WantError::Empty("healthy_if", example));
        }
        let checked = shares.into_iter().map(|(metric, percent)| {
            if metric.is_level() {
                return Err(WantError::Level(metric, "healthy_if"));
            }
            if !metric.is_good_share() {
                return Err(WantError::ShareOfBad(metric));
            }
            match percent.share() {
                share if share <= 0.0 => Err(WantError::Edge(metric, "0%")),
                share if share >= 1.0 => Err(WantError::Edge(metric, "100%")),
                share => Ok((metric, share)),
            }
        });
        checked.collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<Vec<MetricName>> for Required {
    type Error = WantError;

    fn try_from(metrics: Vec<MetricName>) -> Result<Self, WantError> {
        if metrics.is_empty() {
            let example = "[\"crash_free_sessions\"]";
            return Err(WantError::Empty("required", example));
        }
        let metrics: BTreeSet<Metric> = metrics.into_iter().map(|name| name.0).collect();
        match metrics.iter().find(|metric| metric.is_level()) {
            Some(level) => Err(WantError::Level(level.clone(), "required")),
            None => Ok(Self(metrics)),
        }
    }
}

impl TryFrom<BTreeMap<String, Count>> for Coverage {
    type Error = WantError;

    fn try_from(kinds: BTreeMap<String, Count>) -> Result<Self, WantError> {
        if kinds.is_empty() {
            return Err(WantError::Empty("coverage", "{ country = 5 }"));
        }
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let checked = kinds.into_iter().map(|(kind, count)| {
            if kind.is_empty() || kind.len() > 32 || !kind.chars().all(named) {
                return Err(WantError::Kind(kind));
            }
            let count = u32::try_from(count.get()).ok();
            let count = count.filter(|count| *count <= 1_000);
            Ok((kind.into(), count.ok_or(WantError::TooMany)?))
        });
        checked.collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<BTreeMap<Metric, Percent>> for Variance {
    type Error = WantError;

    fn try_from(shares: BTreeMap<Metric, Percent>) -> Result<Self, WantError> {
        if shares.is_empty() {
            let example = "{ \"custom:checkout\" = \"5%\" }";
            return Err(WantError::Empty("variance", example));
        }
        let checked = shares.into_iter().map(|(metric, percent)| {
            let share = percent.share();
            if metric.is_level() {
                Err(WantError::Level(metric, "variance"))
            } else if metric.counts_users() {
                Err(WantError::Users(metric))
            } else if share > 0.0 && share < 1.0 {
                Ok((metric, share))
            } else {
                Err(WantError::NoLoss(metric))
            }
        });
        checked.collect::<Result<_, _>>().map(Self)
    }
}
