//! The four values of health.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What haltline says of a version. Order is severity: a list sorts worst last, `max` picks the worst.
///
/// *Healthy* needs every required source fresh, sessions of both versions, and nothing at warning; *warning* is evidence
/// of 20 or more at margin 1, or a `notify` rule that fired; *breached*, a pause or halt rule that fired. Everything else
/// is *unknown*: missing, late or empty data is never green.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    Healthy,
    Warning,
    Unknown,
    Breached,
}

impl Health {
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Breached => "breached",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
