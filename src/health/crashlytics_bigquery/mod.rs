//! The export of Crashlytics and of Firebase's sessions to BigQuery, as a [`HealthSource`].
//!
//! Owns what is remembered between polls; the poll itself is in [`poll`]. Must not judge the numbers. Questions cost money,
//! so they are asked every quarter of an hour at most; in between the last report stands.

mod api;
mod detail;
mod error;
mod fresh;
mod issues;
mod poll;
mod sql;
mod windows;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::{
    Failure, IssueDetail, Reach, Recurrence, SourceId, SourceReport, Timestamp, Version,
};
use crate::http::{BaseUrl, GoogleAuth, Rate, ServiceAccount, VendorClient};
use crate::ports::{AccessCheck, HealthQuery, HealthSource, IssueQuery};

use api::Api;
use error::BigQueryError;
use sql::Tables;

/// Requests of one source; BigQuery takes far more. A poll takes nine.
pub const RATE: Rate = Rate {
    per_minute: 120,
    burst: 60,
};

/// Of the scopes that let a query run the one that is BigQuery's alone.
const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";

/// Which tables, and for how much money.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// The project that has the tables and pays.
    pub project: String,
    pub location: String,
    /// `dataset.table`, of letters, digits and underscores: they become part of the query.
    pub sessions_table: String,
    pub crashes_table: String,
    /// Bytes that one query may read.
    pub max_billed: u64,
    /// Least time between two polls that ask.
    pub every: TimeDelta,
    /// Sessions are told apart by the major version of the OS.
    pub by_os: bool,
    /// The service account's JSON key.
    pub key: SecretString,
    pub base: BaseUrl,
}

/// One app's export.
pub struct BigQuery {
    id: SourceId,
    tables: Tables,
    every: TimeDelta,
    by_os: bool,
    api: Api,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next. Nothing here must survive a restart: it is asked again.
#[derive(Debug, Default)]
struct Memory {
    first_session: BTreeMap<String, Timestamp>,
    /// Version keys without a session when last asked.
    missed: BTreeSet<String>,
    /// By version key and issue: since when it is there, and what it is to the version. Neither changes.
    issues: BTreeMap<(String, String), (Option<Timestamp>, Recurrence)>,
    last: Option<Last>,
}

/// The last report, and what it was an answer to.
#[derive(Debug)]
struct Last {
    versions: Vec<Version>,
    baseline: Option<Version>,
    at: Timestamp,
    report: SourceReport,
}

impl BigQuery {
    pub fn new(settings: Settings, http: Arc<VendorClient>) -> Result<Self, Failure> {
        let account = ServiceAccount::parse(&settings.key)?;
        let named = |table: &str| format!("{}.{table}", settings.project);
        Ok(Self {
            id: settings.id,
            tables: Tables {
                sessions: named(&settings.sessions_table),
                crashes: named(&settings.crashes_table),
            },
            every: settings.every,
            by_os: settings.by_os,
            api: Api {
                clock: Arc::clone(http.clock()),
                google: GoogleAuth::new(account, &[SCOPE], http),
                base: settings.base,
                project: settings.project,
                location: settings.location,
                max_billed: settings.max_billed,
                quiet: Mutex::default(),
            },
            memory: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for BigQuery {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move {
            if let Some(report) = self.standing(query) {
                return Ok(report);
            }
            let report = self.report(query).await;
            let report = report.map_err(BigQueryError::into_failure)?;
            self.keep(query, &report);
            Ok(report)
        })
    }

    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        Box::pin(async move {
            let detail = self.detail(query).await;
            detail.map_err(BigQueryError::into_failure)
        })
    }

    /// Streamed tables are minutes late, with counts of both versions, and say themselves how far they are. A daily export
    /// is late too, and its report is stale from two hours on, which stops nothing.
    fn reach(&self) -> Reach {
        Reach::Halt
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let since = self.api.clock.now() - fresh::A_DAY;
            let mut checks = Vec::new();
            for (what, question) in [
                ("sessions and users", self.tables.versions(since)),
                ("crashes", self.tables.newest_crash(since)),
            ] {
                let result = self.api.check(&question).await;
                checks.push(AccessCheck {
                    right: format!(
                        "watch: {what}: BigQuery Job User in the project, BigQuery Data Viewer on the dataset"
                    )
                    .into(),
                    result: result.map_err(BigQueryError::into_failure),
                });
            }
            checks
        })
    }
}

#[cfg(test)]
mod tests;
