//! Crash issues of the version watched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PlainText, SourceId, Timestamp};

/// How an issue relates to the versions before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Who tells of it, the source whose counts are shown first; empty until the lists of all sources are joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told_by: Vec<ToldBy>,
}

/// What one source says of a crash group that may be told by several. Counts of different vendors are never added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToldBy {
    pub source: SourceId,
    /// The vendor's id, to ask for its details.
    pub id: PlainText,
    pub events: u64,
    pub users: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<PlainText>,
}

/// What a source knows of one crash group beyond its counts; asked for when somebody looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssueDetail {
    pub title: PlainText,
    /// Frames of a recent event, the top one first, at most [`IssueDetail::MOST_FRAMES`].
    pub stack: Vec<PlainText>,
    /// Events by device model and by OS version, most first, at most [`IssueDetail::MOST_ROWS`] each; empty where the source
    /// does not tell.
    pub devices: Vec<(PlainText, u64)>,
    pub os_versions: Vec<(PlainText, u64)>,
    pub last_seen: Option<Timestamp>,
    pub link: Option<PlainText>,
}

impl IssueDetail {
    pub const MOST_FRAMES: usize = 60;
    pub const MOST_ROWS: usize = 10;
}
