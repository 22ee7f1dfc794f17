//! The ledger: every window of an app's metrics, and the evidence they carry about a policy, kept as windows come in.
//!
//! What it says is a function of its windows, its policy and its [`Terms`] alone: neither the rhythm nor the order in which
//! windows arrive changes it. That it is kept, and not made anew at every poll, only saves time: a poll costs what it
//! brings, and a restated window costs its hour, for there is a checkpoint at the beginning of each. Must not know
//! thresholds, actions or words.

mod answers;
mod asked;
mod book;
mod driver;
mod hours;
mod past;
mod running;

use serde::{Deserialize, Serialize};

pub use answers::Weight;
pub(super) use asked::{ABSENT, BASELINE_BETA, HISTORY_MARGIN};
pub use book::Book;
pub use driver::Driver;
pub use past::{Basis, Clustering, Past, by_hour};
pub(super) use running::LN_NOTICE;

use super::observation::{Baseline, MetricSeries, Paired};
use super::rule::Policy;
use crate::domain::{Metric, SourceId, Timestamp};

/// What evidence rests on beside windows and policy. Another one needs another ledger.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub baseline: Baseline,
    /// Evidence counts windows that start at or after this (a person's resume restarts it).
    pub from: Option<Timestamp>,
    /// When the baseline's own rollout began, where the windows reach back to it: its past is then compared age by age.
    pub old_began: Option<Timestamp>,
    /// Failures are known not to come in clusters: at most one a user, version and day.
    pub independent: bool,
}

impl Terms {
    /// Nothing but a baseline, or its absence.
    pub fn of(baseline: Baseline) -> Self {
        Self {
            baseline,
            from: None,
            old_began: None,
            independent: false,
        }
    }
}

/// One app's windows, and the evidence in them.
#[derive(Clone, Debug)]
pub struct Ledger {
    policy: String,
    terms: Terms,
    /// By metric.
    books: Vec<Book>,
}

impl Ledger {
    /// An empty one, for this policy.
    pub fn new(policy: &Policy, terms: Terms) -> Self {
        let policy = policy.hash.clone();
        Self {
            policy,
            terms,
            books: Vec::new(),
        }
    }

    /// One of these windows.
    pub fn of(
        policy: &Policy,
        terms: Terms,
        metrics: impl IntoIterator<Item = MetricSeries>,
    ) -> Self {
        let mut ledger = Self::new(policy, terms);
        for series in metrics {
            let book = ledger.book_for(policy, &series.metric, &series.source);
            book.set(None, series.windows);
        }
        ledger
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether it was made for this policy.
    pub fn is_for(&self, policy: &Policy) -> bool {
        self.policy == policy.hash
    }

    /// The same windows, weighed for another policy or on other terms.
    #[must_use]
    pub fn anew(&self, policy: &Policy, terms: Terms) -> Self {
        let metrics = self.books.iter().map(|book| MetricSeries {
            metric: book.metric().clone(),
            source: book.source().clone(),
            windows: book.windows().to_vec(),
        });
        Self::of(policy, terms, metrics)
    }

    /// From `since` on (`None`: from the beginning) the windows of `metric` are these; earlier ones stay, those that reach over
    /// it too. No two have the same start and stratum. A metric that comes from another source than before starts anew.
    /// `policy` is the one the ledger was made for.
    pub fn set(
        &mut self,
        policy: &Policy,
        metric: &Metric,
        source: &SourceId,
        since: Option<Timestamp>,
        windows: Vec<Paired>,
    ) {
        self.book_for(policy, metric, source).set(since, windows);
    }

    /// Adds one window, in the place of the one with its start and stratum if there is one. Cheapest where it starts after all
    /// others have ended; several strata of one end are cheaper to [`Ledger::set`] together.
    pub fn push(&mut self, policy: &Policy, metric: &Metric, source: &SourceId, window: Paired) {
        self.book_for(policy, metric, source).push(window);
    }

    pub fn books(&self) -> &[Book] {
        &self.books
    }

    pub fn book(&self, metric: &Metric) -> Option<&Book> {
        self.books.iter().find(|book| book.metric() == metric)
    }

    fn book_for(&mut self, policy: &Policy, metric: &Metric, source: &SourceId) -> &mut Book {
        let at = match self
            .books
            .binary_search_by(|book| book.metric().cmp(metric))
        {
            Ok(at) => at,
            Err(at) => {
                self.books.insert(
                    at,
                    Book::new(policy, self.terms, metric.clone(), source.clone()),
                );
                at
            }
        };
        #[expect(clippy::indexing_slicing, reason = "found or inserted just now")]
        let book = &mut self.books[at];
        if book.source() != source {
            *book = Book::new(policy, self.terms, metric.clone(), source.clone());
        }
        book
    }
}

#[cfg(test)]
mod tests;
