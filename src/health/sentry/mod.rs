//! Sentry's release health as a [`HealthSource`].
//!
//! Owns what is remembered between polls; the poll itself is in [`poll`]. Must not judge the numbers.

mod api;
mod detail;
mod error;
mod issues;
mod past;
mod poll;
mod releases;
mod spans;
mod users;
mod versions;
mod windows;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::{Failure, IssueDetail, Reach, SourceId, SourceReport, Timestamp};
use crate::http::{BaseUrl, Client};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource, IssueQuery};

use api::{Api, Endpoint};
use error::SentryError;
use windows::COARSE;

pub use crate::health::release::{BadTemplate, ReleaseTemplate};
pub use spans::Figures;

/// Which project, and how its releases are named.
#[derive(Clone, Debug)]
pub struct Settings {
    pub id: SourceId,
    /// Slug.
    pub organization: String,
    /// Slug or number; older servers take the number only.
    pub project: String,
    /// All environments where `None`.
    pub environment: Option<String>,
    /// `{package}@{version}+{build}`, Sentry's own naming.
    pub release: String,
    /// Package or bundle id: fills `{package}`.
    pub package: String,
    /// What is read beside sessions and crashes.
    pub figures: Figures,
}

/// One project at one Sentry.
pub struct Sentry {
    id: SourceId,
    template: ReleaseTemplate,
    /// The template as written, for people.
    release: String,
    figures: Figures,
    api: Api,
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
    /// The server refuses [`FINE`] windows.
    coarse: bool,
    /// End of the last fine window handed out; after a change to hours none may begin before.
    fine_until: Option<Timestamp>,
    no_anr: bool,
}

impl Sentry {
    pub fn new(
        settings: Settings,
        client: Client,
        base: BaseUrl,
        token: SecretString,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadTemplate> {
        let template = ReleaseTemplate::parse(&settings.release, &settings.package)?;
        let mut scope = vec![("project", settings.project)];
        scope.extend(settings.environment.map(|name| ("environment", name)));
        Ok(Self {
            id: settings.id,
            template,
            release: settings.release,
            figures: settings.figures,
            api: Api {
                client,
                base,
                token,
                clock,
                organization: settings.organization,
                scope,
                quiet: Mutex::default(),
            },
            memory: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthSource for Sentry {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { self.report(query).await.map_err(SentryError::into_failure) })
    }

    fn issue<'a>(&'a self, query: &'a IssueQuery) -> BoxFuture<'a, Result<IssueDetail, Failure>> {
        Box::pin(async move { self.detail(query).await.map_err(SentryError::into_failure) })
    }

    /// Minutes late, with counts of both versions.
    fn reach(&self) -> Reach {
        Reach::Halt
    }

    fn access(&self) -> BoxFuture<'_, Vec<AccessCheck>> {
        Box::pin(async move {
            let now = self.api.clock.now();
            let mut params = windows::range(now - COARSE, now);
            params.push(("field", windows::SESSIONS.to_owned()));
            let sessions = self.api.sessions(&params).await.map(|_| ());
            let mut params = windows::range(now - COARSE, now);
            params.push(("limit", "1".to_owned()));
            let issues = self.api.issues(&params).await.map(|_| ());
            [(Endpoint::Sessions, sessions), (Endpoint::Issues, issues)]
                .into_iter()
                .map(|(endpoint, result)| AccessCheck {
                    right: format!("watch: {}: {}", endpoint.feeds(), endpoint.scope()).into(),
                    result: result.map_err(SentryError::into_failure),
                })
                .collect()
        })
    }
}

#[cfg(test)]
mod tests;
