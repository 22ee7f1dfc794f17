//! Which release names are the versions asked for, and since when they have sessions.

use std::collections::BTreeSet;

use crate::domain::reading::VersionShare;
use crate::domain::{PlainText, Timestamp, Version};
use crate::ports::HealthQuery;

use super::Sentry;
use super::api::Sessions;
use super::error::SentryError;
use super::poll::note_answer;
use super::releases;
use super::windows::{self, COARSE, Owners};

impl Sentry {
    /// Which release names are the version's and the baseline's. Names once found are kept: a release without a session
    /// in the last day is still one of them.
    pub(super) async fn owners(
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
    pub(super) async fn begin(
        &self,
        query: &HealthQuery,
        names: &[String],
    ) -> Result<Timestamp, SentryError> {
        let key = query.version.key();
        let (known, missed) = {
            let memory = self.memory();
            let known = memory.first_session.get(&key).copied();
            (known, memory.missed.contains(&key))
        };
        let since = query.since.filter(|_| !missed);
        let first = match known {
            Some(first) => Some(first),
            None => releases::first_hour(&self.api, names, query.now).await?,
        };
        if let (Some(_), None, Some(hour)) = (since, known, first) {
            // The windows that hold the first session are not read again: they are looked at for its time alone.
            let owners: Owners = names.iter().map(|n| (n.clone(), key.clone())).collect();
            let (read, _) = self
                .windows(&owners, (hour, hour + COARSE), &mut Vec::new())
                .await?;
            self.first_session(&key, windows::first(&read.tallies, &key));
        }
        let oldest = query.now - releases::LOOK_BACK;
        Ok(since.unwrap_or_else(|| first.unwrap_or(oldest).max(oldest)))
    }

    pub(super) fn first_session(&self, key: &str, read: Option<Timestamp>) -> Option<Timestamp> {
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

    pub(super) fn name_of(
        &self,
        version: &Version,
        names: &[String],
        day: &Sessions,
    ) -> Option<PlainText> {
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

    pub(super) fn unknown(&self, version: &Version, shares: &[VersionShare]) -> PlainText {
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
