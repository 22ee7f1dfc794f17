//! Google Play's Android vitals (Play Developer Reporting API v1beta1) as a [`HealthSource`].
//!
//! Users who met a crash or an ANR while they used the app, by version code: hours late where the app is big enough for
//! Google's hours, a day or two where it is not. How far Google has computed is asked, never guessed.
//!
//! Owns what is remembered between polls; the poll itself is in [`poll`]. Must not judge the numbers. A poll sends nothing
//! within 5 minutes of the last; then 4 questions how far the sets have been computed and 2 for issues; where a set has
//! been computed further 1 more for it (a page of 10,000 rows), and 1 for anomalies.
//!
//! It tells no adoption: [`VersionShare`](crate::domain::reading::VersionShare) counts sessions, and vitals know none.

mod anomalies;
mod api;
mod error;
mod issues;
mod known;
mod poll;
mod rows;
mod sets;
mod strata;
mod time;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::{
    Failure, Issue, IssueDetail, PlainText, Reach, SourceId, SourceReport, Timestamp,
};
use crate::http::google_auth::KeyError;
use crate::http::{BaseUrl, Client, GoogleAuth, Rate, ServiceAccount, VendorClient};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource, IssueQuery};

use api::Api;
use error::{RIGHT, VitalsError};
use known::Known;
use poll::About;
use sets::Set;

pub use strata::Stratum;

/// A fifth of Google's 10 queries a second, which all tools of a project share.
const RATE: Rate = Rate {
    per_minute: 120,
    burst: 20,
};

const SCOPE: &str = "https://www.googleapis.com/auth/playdeveloperreporting";

/// Data are a day late: for so long after a version came they halt nothing by themselves.
const HALT_AFTER_HOURS: u32 = 48;

/// Which app, and how its users are parted.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    pub base: BaseUrl,
    pub package: String,
    /// The service account's JSON key.
    pub key: SecretString,
    pub strata: Vec<Stratum>,
}

/// The vitals of one app.
pub struct PlayVitals {
    id: SourceId,
    api: Api,
    /// In the alphabetical order of their words.
    strata: Vec<Stratum>,
    memory: Mutex<Memory>,
}

/// What one poll leaves to the next. Nothing here must survive a restart: it is asked again.
#[derive(Debug, Default)]
struct Memory {
    about: About,
    /// When everything that may have changed was last asked for.
    asked: Option<Timestamp>,
    sets: BTreeMap<Set, Known>,
    /// Read by the day although there are hours: they have too few users. `None`: not known yet.
    by_day: Option<bool>,
    /// Sets of which hours are offered and refused.
    no_hours: BTreeSet<Set>,
    issues: Vec<Issue>,
    anomalies: Vec<PlainText>,
    /// What could not be had when last asked.
    notes: Vec<PlainText>,
}

impl PlayVitals {
    /// Asks nothing; fails where the key cannot sign. `seed` draws the jitter of retries.
    pub fn new(
        settings: Settings,
        client: Client,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Self, KeyError> {
        let account = ServiceAccount::parse(&settings.key)?;
        let http = Arc::new(VendorClient::new(client, Arc::clone(&clock), RATE, seed));
        let mut strata = settings.strata;
        strata.sort_unstable();
        strata.dedup();
        Ok(Self {
            id: settings.id,
            api: Api {
                auth: GoogleAuth::new(account, &[SCOPE], http),
                base: settings.base,
                clock,
                package: settings.package,
                quiet: Mutex::default(),
            },
            strata,
            memory: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for PlayVitals {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { self.report(query).await.map_err(VitalsError::into_failure) })
    }

    /// A day late.
    fn reach(&self) -> Reach {
        Reach::HaltAfterHours(HALT_AFTER_HOURS)
    }

    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        Box::pin(async move { self.detail(query).await.map_err(VitalsError::into_failure) })
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let check = |right: String, result: Result<(), VitalsError>| AccessCheck {
                right: right.into(),
                result: result.map_err(VitalsError::into_failure),
            };
            let token = self.api.token().await;
            let has_token = token.is_ok();
            let key = "watch: the service account's key, traded for a token for vitals";
            let mut checks = vec![check(key.to_owned(), token)];
            if has_token {
                let read = self.api.freshness(Set::Crashes.resource()).await;
                checks.push(check(format!("watch: vitals: {RIGHT}"), read.map(drop)));
                let now = self.api.clock.now();
                let range = (now - chrono::TimeDelta::hours(1), now);
                let issues = self.api.issues("errorIssueType = CRASH", range, 1).await;
                checks.push(check(
                    format!("watch: top issues: {RIGHT}"),
                    issues.map(drop),
                ));
            }
            checks
        })
    }
}

#[cfg(test)]
mod tests;
