//! What the engine's driver needs of the world, as traits: [`Store`], [`HealthSource`], [`Notifier`], [`Journal`], [`Clock`].
//!
//! Adapters implement them, the watcher calls them, tests replace them. Must not know a vendor.

pub mod ahead;
pub mod clock;
pub mod journal;
pub mod notify;

use futures_util::future::{BoxFuture, ready};

pub use ahead::{ahead, is_ahead};
pub use clock::{Clock, ScaledClock, SimClock, Stopwatch, WallClock};
pub use journal::{Adoption, Heard, Journal, JournalError, NewRecord, Series, Window};
pub use notify::{About, Incident, Message, Notifier};

use crate::domain::rollout::{Applied, Glance, Order};
use crate::domain::{
    AppId, Check, Exposure, Failure, FailureKind, IssueDetail, PlainText, Reach, SourceId,
    SourceReport, StoreKind, StoreView, Timestamp, Version,
};

/// One app on one store. Every method is one complete conversation with the vendor; none keeps anything open at the
/// vendor afterwards (a Play edit is deleted or committed). A read may be broken off; what it leaves open then, the next conversation ends.
pub trait Store: Send + Sync {
    fn kind(&self) -> StoreKind;

    /// The cheap read of every poll: says only whether something changed.
    fn glance(&self) -> BoxFuture<'_, Result<Glance, Failure>>;

    /// The full, fresh read: status and fraction.
    fn read(&self) -> BoxFuture<'_, Result<StoreView, Failure>>;

    /// Brings the release to the order's target, changing nothing else. Reads the state inside the same transaction that
    /// it writes in, and writes nothing where the store is so already. A lost reply is [`crate::domain::FailureKind::Ambiguous`].
    fn apply<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<Applied, Failure>>;

    /// Tries the credentials for each verb without changing anything, for `haltline doctor`.
    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>>;
}

/// One right that was tried: `halt, resume, advance, complete: release to production`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessCheck {
    /// The verbs (or `watch`) that need it, and the vendor's name of the right.
    pub right: PlainText,
    pub result: Result<(), Failure>,
}

/// What to ask of a health source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthQuery {
    pub version: Version,
    /// Other builds of the same store release (Play: its further version codes): counted as `version`.
    pub also: Vec<Version>,
    pub baseline: Option<Version>,
    /// Windows from here on; `None` on the first poll: back to the version's first session, at most 14 days.
    pub since: Option<Timestamp>,
    /// The baseline's hours of the 14 days before the version's first session are wanted too: evidence is divided by how
    /// clustered its failures were, and compared with them once nobody runs it any more. Asked once a version, and only
    /// with `since = None`, so that one report covers the time without a hole.
    pub past: bool,
    pub now: Timestamp,
}

/// One source of health for one app.
pub trait HealthSource: Send + Sync {
    fn id(&self) -> &SourceId;

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>>;

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>>;

    /// How far its data may go by themselves.
    fn reach(&self) -> Reach;

    /// What it reported last, before this process began: handed over once, before the first poll.
    fn resume(&self, _last: &SourceReport) {}

    /// What is known of one crash group: the stack of a recent event, devices, OS versions. Asked when somebody looks at it,
    /// never by a poll. [`crate::domain::FailureKind::Unsupported`] from a source that tells no more than counts.
    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        let what = format!("{} tells no more of {}", self.id(), query.id);
        Box::pin(ready(Err(Failure::new(FailureKind::Unsupported, what))))
    }
}

/// Which crash group somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueQuery {
    /// The vendor's id, as in [`crate::domain::Issue::id`].
    pub id: PlainText,
    pub version: Version,
    /// Other builds of the same store release.
    pub also: Vec<Version>,
    pub now: Timestamp,
}

/// What an outside check is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    pub app: AppId,
    pub version: Version,
    /// The stage that is to be entered.
    pub stage: Exposure,
    pub check: Check,
}

/// Makes outside checks.
pub trait Checker: Send + Sync {
    /// `Ok` where it passed; either way its last word.
    fn check<'a>(
        &'a self,
        request: &'a CheckRequest,
    ) -> BoxFuture<'a, Result<PlainText, PlainText>>;
}
