//! What is asked of a collector of raw events, and what it answers: questions about counts, in no vendor's words.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;

use crate::domain::{Issue, IssueDetail, Timestamp, Version};
use crate::ports::AccessCheck;

use super::error::RumError;

/// A vendor that keeps every session, crash, request and action as an event of its own, and counts them on demand.
pub(super) trait Collector: Send + Sync {
    /// For people.
    fn name(&self) -> &'static str;

    /// What to look at where something that there should be is not: `the facet version`.
    fn check(&self) -> &'static str;

    /// Whether it has such events at all.
    fn knows(&self, what: &What) -> bool;

    /// One answer a question, in their order. A question fails by itself.
    fn ask<'a>(
        &'a self,
        questions: &'a [Question],
    ) -> BoxFuture<'a, Vec<Result<Vec<Row>, RumError>>>;

    /// Top crashes of these releases, most users first, at most [`MOST_ISSUES`].
    fn issues<'a>(
        &'a self,
        releases: &'a BTreeSet<String>,
        range: Range,
    ) -> BoxFuture<'a, Result<Vec<Issue>, RumError>>;

    /// More of one of them, in these releases.
    fn issue<'a>(
        &'a self,
        id: &'a str,
        releases: &'a BTreeSet<String>,
        range: Range,
    ) -> BoxFuture<'a, Result<IssueDetail, RumError>>;

    fn access(&self, range: Range) -> BoxFuture<'_, Vec<AccessCheck>>;
}

pub(super) const MOST_ISSUES: usize = 25;

pub(super) type Range = (Timestamp, Timestamp);

/// What is counted. Sessions are distinct ids, users too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Sessions,
    /// That ended in a crash.
    Crashed,
    /// That ended in a crash, or froze.
    Frustrated,
    /// That froze.
    Frozen,
    /// With an error, a crash included.
    Errored,
    Users,
    CrashedUsers,
    FrozenUsers,
    ColdStarts,
    SlowColdStarts,
    Requests,
    SlowRequests,
    Started(String),
    Completed(String),
    /// Seconds: p50, p90 and p99.
    ColdStartTimes,
    /// Seconds: p95.
    RequestTimes,
}

/// Of which releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The biggest of all.
    All,
    /// Of all together: one row without a release.
    Everything,
    /// These versions, whatever their releases are called.
    Versions(Vec<Version>),
    Named(BTreeSet<String>),
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) what: What,
    pub(super) of: Of,
    /// Kinds of strata that the count is parted by.
    pub(super) by: Vec<String>,
    pub(super) range: Range,
    /// Length of the windows, which are aligned to the UTC day; one for the whole range where `None`.
    pub(super) step: Option<TimeDelta>,
}

/// A count of one release, stratum and window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) release: String,
    /// Values in the order of [`Question::by`].
    pub(super) stratum: Vec<String>,
    /// Of its window; of the range where it was not cut into windows.
    pub(super) start: Timestamp,
    /// One figure; for times one a quantile.
    pub(super) values: Vec<f64>,
}

impl Row {
    /// The count; what is no count is nothing.
    pub(super) fn count(&self) -> u64 {
        let count = self.values.first().copied().unwrap_or_default();
        if (0.0..=9_007_199_254_740_992.0).contains(&count) {
            count.round() as u64
        } else {
            0
        }
    }
}
