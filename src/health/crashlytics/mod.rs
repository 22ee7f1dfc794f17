//! Firebase Crashlytics by its v1alpha reports, as a [`HealthSource`].
//!
//! Owns what is remembered between polls; the poll itself is in [`poll`]. Must not judge the numbers. The API is an alpha:
//! totals of sessions and users are in it since September 2026 and all fields are optional, so each is looked for and none
//! is made up. Where there are no totals there are issues, and no readings.

mod api;
mod detail;
mod error;
mod issues;
mod poll;
mod versions;
mod windows;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::{Failure, FailureKind, IssueDetail, Reach, SourceId, SourceReport, Timestamp};
use crate::http::{BaseUrl, GoogleAuth, Rate, ServiceAccount, VendorClient};
use crate::ports::{AccessCheck, HealthQuery, HealthSource, IssueQuery};

use api::Api;
use error::CrashlyticsError;

/// Requests of one source. Google documents no quota of this API; a poll takes five.
pub const RATE: Rate = Rate {
    per_minute: 60,
    burst: 40,
};

/// The narrower of the two scopes that the API takes.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase";

/// Which app.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// `1:1234567890:android:abcdef`; its second part is the project's number.
    pub application: String,
    /// The service account's JSON key.
    pub key: SecretString,
    pub base: BaseUrl,
}

/// One app at Crashlytics.
pub struct Crashlytics {
    id: SourceId,
    api: Api,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next. Nothing here must survive a restart: it is asked again.
#[derive(Debug, Default)]
struct Memory {
    /// Display names (`8.43.0 (84300)`) by version key.
    names: BTreeMap<String, BTreeSet<String>>,
    /// Version keys that were looked for over the whole look-back.
    searched: BTreeSet<String>,
    /// Version keys without a session when last asked.
    missed: BTreeSet<String>,
    first_session: BTreeMap<String, Timestamp>,
    /// The server gives no hours, or not all of them.
    no_hours: bool,
    /// The server gives no days either: a question a day.
    no_days: bool,
    /// End of the last hour handed out; after a change to days none may begin before.
    hours_until: Option<Timestamp>,
}

impl Crashlytics {
    pub fn new(settings: Settings, http: Arc<VendorClient>) -> Result<Self, Failure> {
        let account = ServiceAccount::parse(&settings.key)?;
        let project = settings.application.split(':').nth(1);
        let project = project.filter(|part| !part.is_empty()).ok_or_else(|| {
            let what = format!("{:?} is no App ID of Firebase", settings.application);
            Failure::new(FailureKind::Refused, what)
        })?;
        Ok(Self {
            id: settings.id,
            api: Api {
                clock: Arc::clone(http.clock()),
                google: GoogleAuth::new(account, &[SCOPE], http),
                base: settings.base,
                project: project.to_owned(),
                application: settings.application,
                quiet: Mutex::default(),
            },
            memory: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for Crashlytics {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move {
            let report = self.report(query).await;
            report.map_err(CrashlyticsError::into_failure)
        })
    }

    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        Box::pin(async move {
            let detail = self.detail(query).await;
            detail.map_err(CrashlyticsError::into_failure)
        })
    }

    /// Minutes late, with counts of both versions. How late exactly the API does not tell: what it has not heard of
    /// yet are crashes, which come with the next start of the app, so it errs towards calm and not towards a halt.
    fn reach(&self) -> Reach {
        Reach::Halt
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let result = self.api.list_reports().await;
            vec![AccessCheck {
                right: "watch: sessions, users and top issues: a role that reads Crashlytics"
                    .into(),
                result: result.map_err(CrashlyticsError::into_failure),
            }]
        })
    }
}

#[cfg(test)]
mod tests;
