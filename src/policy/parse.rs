//! TOML to [`Policy`]: the raw form of `[policy.NAME]`, and how it is resolved.
//!
//! Everything wrong within one table is an error of that table, so that the TOML reader points at it; only a wrong
//! policy-wide rule points at the whole policy. Must not read files.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule::{Policy, Rule};
use super::stage::Stage;
use super::tier::Tier;
use super::units::{Duration, Percent, Share};
use crate::domain::{Metric, PlainText};

mod rule;
mod tier;

use rule::RawRule;
use tier::{RawTier, TiersError};

/// A policy as written. Deserializing checks it from end to end; [`RawPolicy::resolve`] gives it its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "PolicyTable")]
#[schemars(
    with = "PolicyTable",
    description = "What is watched in a rollout, and what is done."
)]
pub struct RawPolicy(PolicyTable);

/// `[policy.NAME]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    /// One line for people.
    #[serde(default)]
    description: PlainText,
    /// The ladder, in order of exposure. None: people move the rollout.
    #[serde(default, rename = "stage")]
    stages: Vec<RawStage>,
    /// What is watched, and what is done.
    #[serde(default, rename = "rule")]
    rules: Vec<RawRule>,
    /// Named answers by how bad it is, or by what a person declares.
    #[serde(default, rename = "tier")]
    tiers: Vec<RawTier>,
}

/// `[[policy.NAME.stage]]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawStage {
    /// Share of users offered the version in this stage.
    exposure: Share,
    /// How long the stage lasts at least.
    soak: Option<Duration>,
    /// How many users must have run the version.
    min_users: Option<u64>,
    /// Good shares of which there must be evidence before this stage may be left.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Percent>")]
    healthy_if: BTreeMap<Metric, Percent>,
    /// Who opens the gate.
    approval: Option<Approval>,
}

/// `approval = "operator"`
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Approval {
    Operator,
}

/// What is wrong with a policy as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("two rules are called \"{0}\": give each rule an id of its own")]
    DuplicateRule(PlainText),
    #[error(transparent)]
    Tiers(#[from] TiersError),
    #[error("stages must rise: {after} comes after {before}")]
    StagesNotRising {
        before: crate::domain::Exposure,
        after: crate::domain::Exposure,
    },
    #[error("a stage of 0% offers the version to nobody: start above it")]
    EmptyStage,
    #[error(
        "healthy_if takes metrics that are written as the share of the good; {0} is a share of the bad"
    )]
    HealthyIf(Metric),
    #[error("the name of a policy is 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'; found \"{0}\"")]
    Name(PlainText),
    #[error("the policy cannot be written down to be hashed: {0}")]
    Canonical(String),
}

impl TryFrom<PolicyTable> for RawPolicy {
    type Error = PolicyError;

    fn try_from(table: PolicyTable) -> Result<Self, PolicyError> {
        for (i, rule) in table.rules.iter().enumerate() {
            let id = rule.id();
            if table.rules.iter().take(i).any(|other| other.id() == id) {
                return Err(PolicyError::DuplicateRule(id.clone()));
            }
        }
        tier::check(&table.tiers, &table.rules)?;
        let mut before = None;
        for stage in &table.stages {
            let after = stage.exposure.0;
            if after == crate::domain::Exposure::NONE {
                return Err(PolicyError::EmptyStage);
            }
            if let Some(before) = before
                && before >= after
            {
                return Err(PolicyError::StagesNotRising { before, after });
            }
            before = Some(after);
            if let Some(bad) = stage
                .healthy_if
                .keys()
                .find(|metric| !metric.is_good_share())
            {
                return Err(PolicyError::HealthyIf(bad.clone()));
            }
        }
        Ok(Self(table))
    }
}

impl RawPolicy {
    /// The policy under its name, and warnings for people: what is accepted but not enforced yet, and what will not work
    /// as it looks.
    pub fn resolve(&self, name: &str) -> Result<(Policy, Vec<PlainText>), PolicyError> {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(named) {
            return Err(PolicyError::Name(name.into()));
        }
        let Self(table) = self;
        let stages: Vec<Stage> = table.stages.iter().map(RawStage::resolve).collect();
        let rules: Vec<Rule> = table.rules.iter().map(RawRule::resolve).collect();
        let tiers: Vec<Tier> = table.tiers.iter().map(RawTier::resolve).collect();
        let hash = hash(&stages, &rules, &tiers)?;
        let rules: Vec<Rule> = rules
            .into_iter()
            .chain(tiers.iter().flat_map(Tier::rules))
            .collect();
        let stops_nothing = rules.is_empty();
        let policy = Policy {
            name: name.into(),
            description: table.description.clone(),
            stages,
            rules,
            tiers,
            hash,
        };
        let warnings = self.warnings(name, stops_nothing);
        Ok((policy, warnings))
    }

    fn warnings(&self, name: &str, stops_nothing: bool) -> Vec<PlainText> {
        let Self(table) = self;
        let mut warnings = Vec::new();
        let mut warn = |text: String| warnings.push(PlainText::from(text));
        if table.stages.iter().any(RawStage::has_gate) {
            warn(format!(
                "policy {name}: soak, min_users, healthy_if and approval of its stages are shown but not enforced yet; \
                 haltline does not advance by itself, and does not keep people from it"
            ));
        }
        if stops_nothing {
            warn(format!(
                "policy {name} has no rule: haltline shows the rollout, and stops nothing"
            ));
        }
        for rule in &table.rules {
            for text in rule.warnings() {
                warn(format!("policy {name}, rule {}: {text}", rule.id()));
            }
        }
        warnings
    }
}

impl RawStage {
    fn resolve(&self) -> Stage {
        let share = |(metric, percent): (&Metric, &Percent)| (metric.clone(), percent.share());
        Stage {
            soak: self
                .soak
                .map_or_else(chrono::TimeDelta::zero, |soak| soak.0),
            min_users: self.min_users,
            healthy_if: self.healthy_if.iter().map(share).collect(),
            approval: self
                .approval
                .map(|Approval::Operator| super::stage::Approval {
                    role: super::access::Role::Operator,
                    persons: 1,
                }),
            ..Stage::at(self.exposure.0)
        }
    }

    fn has_gate(&self) -> bool {
        self.soak.is_some()
            || self.min_users.is_some()
            || !self.healthy_if.is_empty()
            || self.approval.is_some()
    }
}

/// Hex SHA-256 of what a policy does, as JSON with fields in a fixed order. Name and description do not count: renaming
/// a policy neither tightens nor loosens it.
fn hash(stages: &[Stage], rules: &[Rule], tiers: &[Tier]) -> Result<String, PolicyError> {
    #[derive(Serialize)]
    struct Canonical<'a> {
        format: u32,
        stages: &'a [Stage],
        rules: &'a [Rule],
        tiers: &'a [Tier],
    }
    let canonical = Canonical {
        format: 2,
        stages,
        rules,
        tiers,
    };
    let bytes = serde_json::to_vec(&canonical)
        .map_err(|error| PolicyError::Canonical(error.to_string()))?;
    let digest = digest::digest(&digest::SHA256, &bytes);
    let hex = |mut text: String, byte: &u8| {
        text.extend(
            [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or('0')),
        );
        text
    };
    Ok(digest.as_ref().iter().fold(String::new(), hex))
}

#[cfg(test)]
mod tests;
