//! Who the users of an app are, as a scenario parts them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Share;
use super::one;

/// One part of the users.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StratumPlan {
    /// Major version: `15`.
    #[serde(default)]
    pub os: Option<String>,
    /// Tier or model.
    #[serde(default)]
    pub device: Option<String>,
    /// Two letters.
    #[serde(default)]
    pub country: Option<String>,
    /// `wifi`, `cellular`.
    #[serde(default)]
    pub network: Option<String>,
    /// Of the sessions of every version.
    pub share: Share,
    /// How much of what a version has beyond the baseline falls on these users, for their share: `0.0` nothing, `1.0` as on
    /// everybody else.
    #[serde(default = "one")]
    pub regression: f64,
}

impl StratumPlan {
    /// By kind: `os` = `15`.
    pub fn kinds(&self) -> BTreeMap<String, String> {
        let kinds = [
            ("os", &self.os),
            ("device", &self.device),
            ("country", &self.country),
            ("network", &self.network),
        ];
        let named = kinds
            .into_iter()
            .filter_map(|(kind, value)| Some((kind.to_owned(), value.clone()?)));
        named.collect()
    }

    /// What is wrong with the strata of an app.
    pub(super) fn check(strata: &[Self]) -> Result<(), String> {
        if strata.is_empty() {
            return Ok(());
        }
        let share: f64 = strata.iter().map(|stratum| stratum.share.0).sum();
        if (share - 1.0).abs() > 1e-9 {
            return Err(format!("add up to {:.2} %, not to 100 %", share * 100.0));
        }
        let weights = || strata.iter().map(|stratum| stratum.regression);
        if !weights().all(|weight| weight.is_finite() && weight >= 0.0)
            || weights().sum::<f64>() <= 0.0
        {
            return Err("need regressions of 0 or more, one of them above it".into());
        }
        Ok(())
    }
}
