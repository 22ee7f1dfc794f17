//! Incidents: what people are told of one release belongs together, from the first page until it is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlainText;

/// What a message is to the incident of its release: one release has at most one open incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentNews {
    /// `haltline/shop-android/84300`: the same for all that is told of one incident.
    pub key: PlainText,
    pub change: IncidentChange,
}

/// What a message does to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentChange {
    Opened,
    /// Goes on; a page among these rings again.
    Updated,
    Acknowledged,
    /// Nobody acknowledged it in time.
    Escalated,
    Resolved,
}
