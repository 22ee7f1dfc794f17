//! What went wrong outside, in a form that an event can carry and the engine can act on.
//!
//! Adapters have error enums of their own; at a port's border each becomes a [`Failure`]. A failure names the request by
//! method and path only (no host, no port, no query, no duration), so that the same fault makes the same event twice.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlainText;

/// What a failure means for the next move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Surely not applied; the same again later may work (5xx on a read, connection refused).
    Retry,
    /// The request may or may not have been applied: look, never send again blindly.
    Ambiguous,
    /// Too many requests; wait.
    Quota,
    /// Credentials are missing, wrong or expired.
    Credentials,
    /// The credentials lack a right.
    Rights,
    /// Somebody else changed the thing meanwhile: read again, then decide again.
    Conflict,
    /// Changes of the app are in review; going on would cancel the review.
    InReview,
    /// No such app, track, version or release.
    NotFound,
    /// The vendor understood and refuses: asking again changes nothing.
    Refused,
    /// An answer that is not what the vendor documents.
    Malformed,
    /// The store has no such move (roll back on the App Store).
    Unsupported,
    /// Something of our own: a bug, a full disk.
    Internal,
}

impl FailureKind {
    /// True where trying the same again later can help without a person.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Retry | Self::Ambiguous | Self::Quota | Self::Conflict | Self::Malformed
        )
    }
}

/// An error for people: what failed, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    pub kind: FailureKind,
    /// What failed, one sentence without a full stop.
    pub what: PlainText,
    /// The request: `POST …/edits/{id}:commit`; empty where there was none.
    #[serde(default, rename = "where")]
    pub place: PlainText,
    /// What to do about it.
    #[serde(default)]
    pub hint: PlainText,
    /// Seconds to wait, where the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Failure {
    pub fn new(kind: FailureKind, what: impl Into<PlainText>) -> Self {
        Self {
            kind,
            what: what.into(),
            place: PlainText::default(),
            hint: PlainText::default(),
            retry_after: None,
        }
    }

    #[must_use]
    pub fn at(mut self, place: impl Into<PlainText>) -> Self {
        self.place = place.into();
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<PlainText>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if !self.place.is_empty() {
            write!(f, " ({})", self.place)?;
        }
        if !self.hint.is_empty() {
            write!(f, ": {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
