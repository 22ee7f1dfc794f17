//! Bugsnag (Insight Hub) as a [`HealthSource`]: sessions of each build, top errors.
//!
//! Bugsnag tells how many sessions a build has had in all, and how many of them met an unhandled error; windows are what comes to
//! these sums ([`super::totals`]). Its accumulated daily users are no distinct users of any range, and are not used. Owns what is
//! remembered between polls. Must not judge the numbers.

mod api;
mod builds;
mod error;
mod issues;
mod poll;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::totals::Marks;
use crate::domain::{Failure, IssueDetail, PlainText, Reach, SourceId, SourceReport};
use crate::http::{BaseUrl, Client};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource, IssueQuery};

use api::Api;
use error::BugsnagError;

/// Which project.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// Its id, not its name.
    pub project: String,
    /// The release stage that is counted: `production`.
    pub stage: String,
}

/// One project at Bugsnag.
pub struct Bugsnag {
    id: SourceId,
    stage: String,
    api: Api,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next.
#[derive(Debug, Default)]
struct Memory {
    marks: Marks,
    /// Ids of Bugsnag's releases by version key, a build each.
    ids: BTreeMap<String, BTreeSet<String>>,
    /// Version keys that were looked for further back than the newest builds.
    searched: BTreeSet<String>,
    /// Where the project is in the browser, once asked; empty where it does not say.
    dashboard: Option<PlainText>,
}

impl Bugsnag {
    pub fn new(
        settings: Settings,
        client: Client,
        base: BaseUrl,
        token: &SecretString,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let authorization = format!("token {}", token.expose_secret());
        Self {
            id: settings.id,
            stage: settings.stage,
            api: Api {
                client,
                base,
                authorization: authorization.into(),
                clock,
                project: settings.project,
                quiet: Mutex::default(),
            },
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for Bugsnag {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { self.report(query).await.map_err(BugsnagError::into_failure) })
    }

    /// Counts of both versions over the same windows, as Bugsnag takes them in.
    fn reach(&self) -> Reach {
        Reach::Halt
    }

    fn resume(&self, last: &SourceReport) {
        if let Some(totals) = &last.totals {
            self.memory().marks.resume(totals);
        }
    }

    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        Box::pin(async move { self.detail(query).await.map_err(BugsnagError::into_failure) })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let builds = self.api.releases(&self.stage, 1).await.map(|_| ());
            let errors = self.api.errors(&[], 1).await.map(|_| ());
            [
                ("watch: sessions by build: access to the project", builds),
                ("watch: top errors: access to the project", errors),
            ]
            .map(|(right, result)| AccessCheck {
                right: right.into(),
                result: result.map_err(BugsnagError::into_failure),
            })
            .into()
        })
    }
}

#[cfg(test)]
mod tests;
