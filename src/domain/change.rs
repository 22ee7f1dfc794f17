//! What a person may change of the policy of a rollout that runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlainText;

/// A change of the policy that a rollout is pinned to. It is weighed by [`crate::policy`]: tightening is an operator's act,
/// loosening an admin's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum PolicyChange {
    /// Go by this policy from now on: the content of its table, as TOML.
    Apply { name: PlainText, toml: String },
    /// Lay this over one rule, for so many seconds.
    Override {
        rule: PlainText,
        with: RuleOverride,
        seconds: u32,
    },
    /// End an override before its time.
    EndOverride { rule: PlainText },
}

/// What is laid over a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "with", rename_all = "kebab-case")]
pub enum RuleOverride {
    /// The rule is off.
    Off,
    /// Another limit of the same kind, as the policy would write it: `99.50%`, `2.5`, `2pt`.
    Limit { limit: PlainText },
    /// Another action: `notify`, `hold`, `pause`, `halt`.
    Action { action: PlainText },
}

/// What is known of the fix of a critical flow that a person declared broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    Known,
    Unknown,
}

impl Fix {
    pub fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
        }
    }
}
