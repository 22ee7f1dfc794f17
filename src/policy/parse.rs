//! TOML to [`Policy`]: the raw form of `[policy.NAME]`, and how it is resolved.
//!
//! Everything wrong within one table, or with it beside those before it, is an error of that table, so that the TOML reader
//! points at it; only what is wrong among tiers and rules points at the whole policy. Must not read files.

use aws_lc_rs::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule::{Policy, Rule};
use super::stage::Stage;
use super::tier::Tier;
use crate::domain::PlainText;

mod in_turn;
mod rule;
mod stage;
mod table;
mod tier;

use in_turn::{Entry, InTurn};
use rule::RawRule;
use stage::RawStage;
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
    stages: InTurn<RawStage>,
    /// What is watched, and what is done.
    #[serde(default, rename = "rule")]
    rules: InTurn<RawRule>,
    /// Named answers by how bad it is, or by what a person declares.
    #[serde(default, rename = "tier")]
    tiers: Vec<RawTier>,
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
    #[error("the name of a policy is 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'; found \"{0}\"")]
    Name(PlainText),
    #[error("the policy cannot be written down to be hashed: {0}")]
    Canonical(String),
}

impl TryFrom<PolicyTable> for RawPolicy {
    type Error = PolicyError;

    fn try_from(table: PolicyTable) -> Result<Self, PolicyError> {
        tier::check(&table.tiers, &table.rules.0)?;
        Ok(Self(table))
    }
}

impl Entry for RawStage {
    const HEADER: &'static str = "[[stage]]";

    fn fits(&self, before: &[Self]) -> Result<(), PolicyError> {
        let after = self.exposure();
        match before.last().map(RawStage::exposure) {
            Some(before) if before >= after => Err(PolicyError::StagesNotRising { before, after }),
            _ => Ok(()),
        }
    }
}

impl Entry for RawRule {
    const HEADER: &'static str = "[[rule]]";

    fn fits(&self, before: &[Self]) -> Result<(), PolicyError> {
        if before.iter().any(|other| other.id() == self.id()) {
            return Err(PolicyError::DuplicateRule(self.id().clone()));
        }
        Ok(())
    }
}

impl RawPolicy {
    /// The policy under its name, and warnings for people: what is accepted and will not work as it looks.
    pub fn resolve(&self, name: &str) -> Result<(Policy, Vec<PlainText>), PolicyError> {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(named) {
            return Err(PolicyError::Name(name.into()));
        }
        let Self(table) = self;
        let stages: Vec<Stage> = table.stages.0.iter().map(RawStage::resolve).collect();
        let rules: Vec<Rule> = table.rules.0.iter().map(RawRule::resolve).collect();
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
        if let Some(key) = table.stages.0.last().and_then(RawStage::asks_to_be_left) {
            warn(format!(
                "policy {name}: {key} of its last stage asks for nothing, since no stage follows it"
            ));
        }
        if stops_nothing {
            warn(format!(
                "policy {name} has no rule: haltline shows the rollout, and stops nothing"
            ));
        }
        for rule in &table.rules.0 {
            for text in rule.warnings() {
                warn(format!("policy {name}, rule {}: {text}", rule.id()));
            }
        }
        warnings
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
