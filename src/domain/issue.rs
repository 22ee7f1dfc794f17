//! Crash issues of the version watched.

use serde::{Deserialize, Serialize};

use super::{PlainText, Timestamp};

/// How an issue relates to the versions before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recurrence {
    /// First seen in the version watched.
    New,
    /// Was resolved, and is back.
    Regressed,
    /// Seen in older versions too.
    Recurring,
}

/// One crash group, counted in the version watched only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The vendor's id.
    pub id: PlainText,
    pub title: PlainText,
    /// Where in the code: the vendor's culprit.
    pub place: PlainText,
    pub recurrence: Recurrence,
    /// Events of the version watched.
    pub events: u64,
    /// Users of the version watched.
    pub users: u64,
    pub first_seen: Option<Timestamp>,
    pub link: Option<PlainText>,
}
