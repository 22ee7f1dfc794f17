//! The append-only record, as the watcher sees it.

use std::collections::BTreeMap;

use crate::domain::reading::VersionShare;
use crate::domain::{
    ActReply, ActRequest, AppId, Counts, Event, Metric, Record, SourceId, SourceReport, Timestamp,
};

/// An event on its way into the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    pub at: Timestamp,
    pub app: Option<AppId>,
    pub event: Event,
}

/// What one source says of one metric of one version in one stratum. A fortnight is four thousand windows, so what they
/// have in common is said once.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub source: SourceId,
    pub metric: Metric,
    /// [`crate::domain::Version::key`] of the version counted.
    pub version: String,
    pub stratum: String,
    /// By start; they never overlap.
    pub windows: Vec<Window>,
}

/// The counts of one window of a [`Series`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub start: Timestamp,
    pub seconds: u32,
    pub counts: Counts,
}

/// What a source had said by some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub source: SourceId,
    /// When it last said something that it had not said before.
    pub at: Timestamp,
    /// End of its last window.
    pub through: Timestamp,
}

/// Who ran what within the day before, as a source told it then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    pub at: Timestamp,
    pub shares: Vec<VersionShare>,
}

/// Why the journal cannot be used. Any of them makes haltline watch and tell, not act (invariant 11).
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(
        "the journal {path} is damaged: {what}; haltline watches but does not act until it is restored"
    )]
    Damaged { path: String, what: String },
    #[error(
        "the journal {path} ends at {found}, behind its anchor at {anchored}: an old copy or a cut tail; haltline watches but does not act. \
             If that is what you want, run: haltline journal accept"
    )]
    BehindAnchor {
        path: String,
        found: u64,
        anchored: u64,
    },
    #[error("the journal {path} cannot be written: {what}")]
    NotWritable { path: String, what: String },
    /// Readings alone: records still have room.
    #[error("the disk of the journal {path} is full: what sources say is not kept")]
    Full { path: String },
    #[error("the journal {path} cannot be used: {what}")]
    Unusable { path: String, what: String },
    #[error("another watcher took over (term {theirs}, ours is {ours}): this one no longer acts")]
    Deposed { ours: u64, theirs: u64 },
    #[error("the journal {path} was written by a newer haltline (schema {found}, known {known})")]
    TooNew {
        path: String,
        found: i64,
        known: i64,
    },
}

/// The record. Calls block for the length of a small transaction.
pub trait Journal: Send + Sync {
    /// Appends all or nothing; durable and anchored when it returns.
    fn append(&self, records: &[NewRecord]) -> Result<Vec<Record>, JournalError>;

    /// The same of what a request came to, and keeps its answer: both are durable when it returns, or neither is. The first
    /// answer stands; some thousands of them are kept.
    fn append_answered(
        &self,
        records: &[NewRecord],
        request: &ActRequest,
        reply: &ActReply,
        at: Timestamp,
    ) -> Result<Vec<Record>, JournalError>;

    /// Every record after `seq`, oldest first.
    fn records_after(&self, seq: u64) -> Result<Vec<Record>, JournalError>;

    /// At most so many records after `seq`, oldest first: for reading on in pieces.
    fn some_after(&self, seq: u64, most: usize) -> Result<Vec<Record>, JournalError>;

    /// Another handle for long reads, so that they hold up nobody who writes through this one.
    fn reader(&self) -> Result<Box<dyn Journal>, JournalError>;

    /// Upserts the readings, each restatement kept with when it was observed, and keeps the rest as the latest report; of its
    /// shares, what it is the first to say in an hour goes into [`Journal::adoption`].
    fn save_report(
        &self,
        app: &AppId,
        source: &SourceId,
        observed_at: Timestamp,
        report: &SourceReport,
    ) -> Result<(), JournalError>;

    /// The readings of these versions (keys) and metrics (`None`: all) in windows that start at `since` or later, as they had been
    /// observed by `as_of` (`None`: as last restated), ordered by metric, version, source, stratum.
    fn readings(
        &self,
        app: &AppId,
        versions: &[String],
        metrics: Option<&[Metric]>,
        since: Timestamp,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<Series>, JournalError>;

    /// What each source had said of an app by then, by source; nothing of those that had said nothing.
    fn heard(&self, app: &AppId, by: Timestamp) -> Result<Vec<Heard>, JournalError>;

    /// The versions (keys) of which there are readings, in the order of their text.
    fn versions(&self, app: &AppId) -> Result<Vec<String>, JournalError>;

    /// Who ran what since then, as `source` told it: at most once an hour, oldest first, some weeks back.
    fn adoption(
        &self,
        app: &AppId,
        source: &SourceId,
        since: Timestamp,
    ) -> Result<Vec<Adoption>, JournalError>;

    /// The latest report of each source, without readings, with when it was observed.
    fn latest_reports(
        &self,
        app: &AppId,
    ) -> Result<Vec<(SourceId, Timestamp, SourceReport)>, JournalError>;

    /// For each app a number that changes with every report that is saved: cheap enough to be asked every second.
    fn reported(&self) -> Result<BTreeMap<AppId, i64>, JournalError>;

    /// What is the matter, in words, where room for records is running out; looks after that room. Cheap.
    fn short_of_room(&self) -> Option<String> {
        None
    }

    /// Puts an act where the running watcher takes it within a second.
    fn ask(&self, request: &ActRequest, at: Timestamp) -> Result<(), JournalError>;

    /// Acts not answered yet, oldest first.
    fn open_requests(&self) -> Result<Vec<ActRequest>, JournalError>;

    fn answer(&self, id: &str, reply: &ActReply) -> Result<(), JournalError>;

    fn reply_to(&self, id: &str) -> Result<Option<ActReply>, JournalError>;

    /// What was asked under that id, and the answer where there is one already.
    fn asked(&self, id: &str) -> Result<Option<(ActRequest, Option<ActReply>)>, JournalError>;
}
