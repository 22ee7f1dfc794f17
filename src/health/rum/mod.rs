//! Collectors of raw events (real user monitoring): [`datadog`] and [`new_relic`], and what they have in common.
//!
//! Both keep every session, crash and request as an event and count them on demand, so that the poll is one and the same:
//! [`poll`] asks in the words of [`collector`], and a folder a vendor puts them into the vendor's language. Owns what is
//! remembered between polls. Must not judge the numbers.

mod collector;
pub mod datadog;
mod error;
pub mod new_relic;
mod past;
mod poll;
mod quiet;
mod releases;
mod strata;
mod users;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::domain::{
    Failure, IssueDetail, Metric, Reach, SourceId, SourceReport, Timestamp, Version,
};
use crate::health::release::ReleaseTemplate;
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource, IssueQuery};

use collector::{Collector, What};
use error::RumError;
use windows::Share;

/// One application at one collector.
pub struct Rum {
    id: SourceId,
    collector: Box<dyn Collector>,
    template: ReleaseTemplate,
    /// The template as written, for people.
    release: String,
    /// Kinds of strata, in alphabetical order.
    strata: Vec<String>,
    journeys: Vec<String>,
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next. Nothing here must survive a restart: it is asked again.
#[derive(Debug, Default)]
struct Memory {
    /// Release names by version key.
    names: BTreeMap<String, BTreeSet<String>>,
    /// Version keys that were looked for over the whole look-back.
    searched: BTreeSet<String>,
    /// Version keys that had no session when last asked.
    missed: BTreeSet<String>,
    first_session: BTreeMap<String, Timestamp>,
    /// Kinds of events that there were at least once.
    seen: BTreeSet<What>,
    /// Strata that are told apart.
    strata: BTreeSet<String>,
    /// The last question, as of the end of its windows, and its whole answer.
    last: Option<(HealthQuery, SourceReport)>,
}

impl Rum {
    fn new(
        id: SourceId,
        collector: Box<dyn Collector>,
        (template, release): (ReleaseTemplate, String),
        mut strata: Vec<String>,
        journeys: Vec<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        strata.sort();
        Self {
            id,
            collector,
            template,
            release,
            strata,
            journeys,
            clock,
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metrics that this collector can have, each with what it is counted from.
    fn shares(&self) -> Vec<Share> {
        let share = |metric, trials, failures| Share {
            metric,
            trials,
            failures,
        };
        let mut shares = vec![
            share(Metric::CrashFreeSessions, What::Sessions, What::Crashed),
            share(
                Metric::FrustrationFreeSessions,
                What::Sessions,
                What::Frustrated,
            ),
            share(Metric::ErrorFreeSessions, What::Sessions, What::Errored),
            share(
                Metric::SlowColdStarts,
                What::ColdStarts,
                What::SlowColdStarts,
            ),
            share(Metric::SlowRequests, What::Requests, What::SlowRequests),
        ];
        shares.extend(self.journeys.iter().map(|name| {
            let (started, completed) = (What::Started(name.clone()), What::Completed(name.clone()));
            share(Metric::JourneySuccess(name.clone()), started, completed)
        }));
        shares.retain(|share| {
            self.collector.knows(&share.trials) && self.collector.knows(&share.failures)
        });
        shares
    }

    /// The names that a version's releases go by, as far as they are known.
    fn known_names(&self, version: &Version) -> BTreeSet<String> {
        let memory = self.memory();
        memory
            .names
            .get(&version.key())
            .cloned()
            .unwrap_or_default()
    }
}

impl HealthSource for Rum {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { self.report(query).await.map_err(RumError::into_failure) })
    }

    /// Ten minutes late at most, with counts of both versions.
    fn reach(&self) -> Reach {
        Reach::Halt
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        let to = windows::end(self.clock.now());
        self.collector.access((to - windows::COARSE, to))
    }

    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        Box::pin(async move {
            let names = self.known_names(&query.version);
            let range = (query.now - releases::LOOK_BACK, query.now);
            let found = self.collector.issue(query.id.as_str(), &names, range).await;
            found.map_err(RumError::into_failure)
        })
    }
}

#[cfg(test)]
mod tests;
