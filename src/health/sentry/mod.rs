//! Sentry's release health as a [`HealthSource`].
//!
//! Owns the order of one poll and what is remembered between polls. A poll asks, in this order: the sessions of all
//! releases in the last day (adoption, and which release names are the versions'), the windows of the two versions, their
//! users by day, the top issues. The first two must succeed; without the others the report says in a note what is missing.
//! Must not judge the numbers.

mod api;
mod error;
mod issues;
mod releases;
mod template;
mod users;
mod windows;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::domain::{Failure, PlainText, SourceId, SourceReport, Timestamp, Version};
use crate::http::{BaseUrl, Client};
use crate::ports::{AccessCheck, Clock, HealthQuery, HealthSource};

use api::{Api, Endpoint, Sessions};
use error::SentryError;
use windows::{COARSE, FINE, Owners};

pub use template::{BadTemplate, ReleaseTemplate};

/// Clocks that differ by more are worth a note.
const SKEW: TimeDelta = TimeDelta::minutes(2);

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
}

/// One project at one Sentry.
pub struct Sentry {
    id: SourceId,
    template: ReleaseTemplate,
    /// The template as written, for people.
    release: String,
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

    async fn report(&self, query: &HealthQuery) -> Result<SourceReport, SentryError> {
        let mut report = SourceReport::default();
        let notes = &mut report.notes;
        let day = releases::last_day(&self.api, query.now).await?;
        note_answer(&day, notes);
        let owners = self.owners(query, &day, notes).await?;
        report.shares = releases::shares(&day, &owners, &self.template)?;
        report.read_through = Some(day.end);

        let key = query.version.key();
        let names: Vec<String> = owners
            .iter()
            .filter(|(_, owner)| **owner == key)
            .map(|(name, _)| name.clone())
            .collect();
        if names.is_empty() {
            self.memory().missed.insert(key);
            notes.push(self.unknown(&query.version, &report.shares));
            return Ok(report);
        }
        report.version_name = self.name_of(&query.version, &names, &day);

        let from = self.begin(query, &names).await?;
        let range = (from, query.now);
        let (read, width) = self.windows(&owners, range, notes).await?;
        if read.cut {
            notes.push("Sentry has more pages of sessions than haltline reads".into());
        }
        report.read_through = read.through.or(report.read_through);
        report.readings = windows::readings(&read.tallies, width);
        report.first_session = self.first_session(&key, windows::first(&read.tallies, &key));
        self.memory().missed.remove(&key);

        match self.users(&query.version, &owners, range).await {
            Ok(users) => report.readings.extend(users),
            Err(error) => notes.push(missing("users", error)),
        }
        if self.memory().no_anr {
            notes.push("this server has no ANR rates".into());
        }
        let since = report.first_session.unwrap_or(from).min(from);
        match issues::top(&self.api, &names, (since, query.now)).await {
            Ok(top) => {
                report.issues = top.issues;
                notes.extend(top.note.map(PlainText::from));
            }
            Err(error) => notes.push(missing("top issues", error)),
        }
        Ok(report)
    }

    /// Which release names are the version's and the baseline's. Names once found are kept: a release without a session
    /// in the last day is still one of them.
    async fn owners(
        &self,
        query: &HealthQuery,
        day: &Sessions,
        notes: &mut Vec<PlainText>,
    ) -> Result<Owners, SentryError> {
        let versions: Vec<(String, Vec<Version>)> = query
            .baseline
            .iter()
            .map(|baseline| (baseline.key(), vec![baseline.clone()]))
            .chain([(
                query.version.key(),
                [&query.version]
                    .into_iter()
                    .chain(&query.also)
                    .cloned()
                    .collect(),
            )])
            .collect();
        let unsearched: Vec<String> = {
            let memory = self.memory();
            let keys = versions.iter().map(|(key, _)| key);
            keys.filter(|key| !memory.searched.contains(*key))
                .cloned()
                .collect()
        };
        let past = if unsearched.is_empty() {
            None
        } else {
            let past = releases::look_back(&self.api, query.now).await?;
            note_answer(&past, notes);
            Some(past)
        };
        let seen: BTreeSet<&str> = [Some(day), past.as_ref()]
            .into_iter()
            .flatten()
            .flat_map(|sessions| releases::names(sessions).into_keys())
            .collect();
        let mut memory = self.memory();
        memory.searched.extend(unsearched);
        let mut owners = Owners::new();
        for (key, builds) in versions {
            let names = memory.names.entry(key.clone()).or_default();
            let is_one = |name: &str| builds.iter().any(|b| self.template.matches(name, b));
            names.extend(
                seen.iter()
                    .filter(|name| is_one(name))
                    .map(|name| (*name).to_owned()),
            );
            if names.is_empty() && query.baseline.as_ref().is_some_and(|b| b.key() == key) {
                notes.push(format!("no session of the baseline {key} in the last 14 days").into());
            }
            owners.extend(names.iter().map(|name| (name.clone(), key.clone())));
        }
        Ok(owners)
    }

    /// Where the windows begin: as asked, or at the version's first session where nothing was read of it yet.
    async fn begin(&self, query: &HealthQuery, names: &[String]) -> Result<Timestamp, SentryError> {
        let key = query.version.key();
        let (known, missed) = {
            let memory = self.memory();
            (
                memory.first_session.get(&key).copied(),
                memory.missed.contains(&key),
            )
        };
        let first = match known {
            Some(first) => Some(first),
            None => releases::first_hour(&self.api, names, query.now).await?,
        };
        let since = query.since.filter(|_| !missed);
        if let (Some(since), Some(first)) = (since, first) {
            // Only the hour is known, but it is known for good: these windows will not be read again.
            self.memory().first_session.entry(key).or_insert(first);
            return Ok(since);
        }
        let oldest = query.now - releases::LOOK_BACK;
        Ok(since.or(first).unwrap_or(oldest).max(oldest))
    }

    fn first_session(&self, key: &str, read: Option<Timestamp>) -> Option<Timestamp> {
        let mut memory = self.memory();
        match (memory.first_session.get(key), read) {
            (Some(known), _) => Some(*known),
            (None, Some(read)) => {
                memory.first_session.insert(key.to_owned(), read);
                Some(read)
            }
            (None, None) => None,
        }
    }

    /// Windows as fine as the server takes them.
    async fn windows(
        &self,
        owners: &Owners,
        (from, to): (Timestamp, Timestamp),
        notes: &mut Vec<PlainText>,
    ) -> Result<(windows::Read, TimeDelta), SentryError> {
        let (coarse, fine_until) = {
            let memory = self.memory();
            (memory.coarse, memory.fine_until)
        };
        if !coarse {
            match windows::read(&self.api, owners, (from, to), FINE).await {
                Ok(read) => {
                    self.memory().fine_until = Some(windows::ceil(to, FINE)).max(fine_until);
                    return Ok((read, FINE));
                }
                Err(error) if error.is_bad_request() => {}
                Err(error) => return Err(error),
            }
        }
        // An hour that begins before the last fine window ended would count its sessions twice.
        let seam = fine_until.map(|t| windows::ceil(t, COARSE));
        let from = seam.map_or(from, |seam| from.max(seam));
        let read = windows::read(&self.api, owners, (from, to), COARSE).await?;
        // Only now it is certain that the interval was what the server refused.
        self.memory().coarse = true;
        notes.push("this server has no 5-minute windows: reading hours".into());
        Ok((read, COARSE))
    }

    async fn users(
        &self,
        version: &Version,
        owners: &Owners,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<crate::domain::Reading>, SentryError> {
        // ANRs are Android's; a version with a name is one of the App Store.
        let anr = version.name.is_none() && !self.memory().no_anr;
        let read = users::read(&self.api, owners, range, anr).await;
        match read {
            Err(error) if anr && error.is_bad_request() => {
                let read = users::read(&self.api, owners, range, false).await?;
                self.memory().no_anr = true;
                Ok(read)
            }
            read => read,
        }
    }

    fn name_of(&self, version: &Version, names: &[String], day: &Sessions) -> Option<PlainText> {
        if version.name.is_some() {
            return version.name.clone();
        }
        let sessions = releases::names(day);
        let most = names
            .iter()
            .max_by_key(|name| sessions.get(name.as_str()).copied().unwrap_or(0))?;
        let name = self.template.read(most)?.version?;
        Some(name.into())
    }

    fn unknown(
        &self,
        version: &Version,
        shares: &[crate::domain::reading::VersionShare],
    ) -> PlainText {
        if version.name.is_none() && !self.template.names_builds() {
            return format!(
                "the release template {} has no {{build}}, so {version} cannot be told from the others",
                self.release
            )
            .into();
        }
        let seen: Vec<&str> = shares.iter().take(3).map(|s| s.label.as_str()).collect();
        let seen = match seen.as_slice() {
            [] => "it has none of any release".to_owned(),
            labels => format!("it knows {}", labels.join(", ")),
        };
        format!(
            "Sentry has no session of {version} in the last 14 days; {seen}. Releases are looked for as {}",
            self.release
        )
        .into()
    }
}

fn note_answer(sessions: &Sessions, notes: &mut Vec<PlainText>) {
    if sessions.cut {
        notes.push("Sentry lists more releases than haltline reads; those with the fewest sessions are left out".into());
    }
    let minutes = sessions.skew.num_minutes();
    if sessions.skew.abs() > SKEW {
        let side = if minutes > 0 { "ahead of" } else { "behind" };
        let note = format!(
            "Sentry's clock is {} min {side} this machine's: one of them is wrong",
            minutes.abs()
        );
        if !notes.iter().any(|n| n.as_str() == note) {
            notes.push(note.into());
        }
    }
}

fn missing(what: &str, error: SentryError) -> PlainText {
    format!("no {what}: {}", error.into_failure()).into()
}

impl HealthSource for Sentry {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn poll<'a>(&'a self, query: &'a HealthQuery) -> BoxFuture<'a, Result<SourceReport, Failure>> {
        Box::pin(async move { self.report(query).await.map_err(SentryError::into_failure) })
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
