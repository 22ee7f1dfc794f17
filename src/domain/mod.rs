//! Plain data that every layer speaks: apps, versions, exposure, rollouts, readings, issues, events.
//!
//! Owns the vocabulary of the field and its serde form (what the journal and the local API carry). Must not do I/O, read
//! a clock, or know a vendor's wire format.

pub mod act;
pub mod actor;
pub mod address;
pub mod app;
pub mod change;
pub mod check;
pub mod checklist;
pub mod event;
pub mod execution;
pub mod exposure;
pub mod failure;
pub mod incident;
pub mod issue;
pub mod metric;
pub mod reading;
pub mod refusal;
pub mod rollout;
pub mod shared;
pub mod suggest;
pub mod text;
pub mod verb;
pub mod verdict;
pub mod version;

pub use act::{Act, ActReply, ActRequest, Standing};
pub use actor::Actor;
pub use app::{AppId, StoreKind};
pub use change::{Fix, PolicyChange, RuleOverride};
pub use check::{Check, CheckHow};
pub use event::{Event, Record, Urgency};
pub use exposure::Exposure;
pub use failure::{Failure, FailureKind};
pub use incident::{IncidentChange, IncidentNews};
pub use issue::{Issue, IssueDetail, Recurrence, ToldBy};
pub use metric::Metric;
pub use reading::{
    Counts, Level, Reach, Reading, Review, RunningTotal, RunningTotals, SourceId, SourceReport,
    Unit,
};
pub use refusal::{Refusal, RefusalKind};
pub use rollout::{Status, StoreView, Target};
pub use shared::Shared;
pub use text::PlainText;
pub use verb::Verb;
pub use verdict::Health;
pub use version::Version;

/// The only time type of the house: an instant in UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
