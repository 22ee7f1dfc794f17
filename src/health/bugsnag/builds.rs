//! Which of Bugsnag's builds are the versions asked for.

use std::collections::BTreeSet;

use crate::domain::reading::VersionShare;
use crate::domain::{PlainText, Version};
use crate::ports::HealthQuery;

use super::Bugsnag;
use super::error::BugsnagError;
use super::wire::ReleaseBody;

/// Pages that a version is looked for on, once; the newest builds are looked at by every poll.
const MOST_PAGES: usize = 5;

/// Builds that were read, with the version that each belongs to.
#[derive(Debug, Default)]
pub(super) struct Builds {
    pub(super) all: Vec<(ReleaseBody, Option<String>)>,
    /// There are older ones.
    pub(super) more: bool,
}

impl Builds {
    pub(super) fn of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a ReleaseBody> {
        let own = |owner: &Option<String>| owner.as_deref() == Some(key);
        let found = self.all.iter().filter(move |(_, owner)| own(owner));
        found.map(|(release, _)| release)
    }

    /// Adoption, most sessions first.
    pub(super) fn shares(&self) -> Vec<VersionShare> {
        let share = |(release, owner): &(ReleaseBody, Option<String>)| VersionShare {
            label: label(release),
            version: owner.clone(),
            sessions: release.sessions_count_in_last_24h.unwrap_or(0),
            users: None,
        };
        let shares = self.all.iter().map(share);
        let mut shares: Vec<_> = shares.filter(|share| share.sessions > 0).collect();
        shares.sort_by(|a, b| b.sessions.cmp(&a.sessions).then(a.label.cmp(&b.label)));
        shares
    }
}

/// `8.43.0 (84300)`
pub(super) fn label(release: &ReleaseBody) -> PlainText {
    let number = [&release.app_version_code, &release.app_bundle_version];
    match number.into_iter().find(|number| !number.is_empty()) {
        Some(number) => format!("{} ({number})", release.app_version).into(),
        None => PlainText::new(&release.app_version),
    }
}

/// On Google Play a version is its code. An app whose build numbers Bugsnag is not told is known by its version alone.
fn is_of(release: &ReleaseBody, version: &Version) -> bool {
    match &version.name {
        None => release.app_version_code == version.build.as_str(),
        Some(name) => {
            let number = &release.app_bundle_version;
            release.app_version == name.as_str()
                && (number.is_empty() || number == version.build.as_str())
        }
    }
}

/// Every version asked for, with the key that it is counted as.
fn wanted(query: &HealthQuery) -> Vec<(&Version, String)> {
    let key = query.version.key();
    let own = std::iter::once(&query.version).chain(&query.also);
    let own = own.map(|version| (version, key.clone()));
    let baseline = query.baseline.iter();
    own.chain(baseline.map(|version| (version, version.key())))
        .collect()
}

impl Bugsnag {
    /// The newest builds, and those asked for that are older: by their ids once these are known.
    pub(super) async fn builds(&self, query: &HealthQuery) -> Result<Builds, BugsnagError> {
        let wanted = wanted(query);
        let mut listing = self.api.releases(&self.stage, usize::MAX).await?;
        let is_there = |releases: &[ReleaseBody], version: &Version| {
            releases.iter().any(|release| is_of(release, version))
        };
        for _page in 1..MOST_PAGES {
            let missing = wanted.iter().any(|(version, _)| {
                let key = version.key();
                let memory = self.memory();
                !memory.ids.contains_key(&key)
                    && !memory.searched.contains(&key)
                    && !is_there(&listing.releases, version)
            });
            let Some(next) = listing.next.take_if(|_| missing) else {
                break;
            };
            let mut older = self.api.page(next).await?;
            listing.releases.append(&mut older.releases);
            listing.next = older.next;
        }
        let listed: BTreeSet<String> = listing.releases.iter().map(|it| it.id.clone()).collect();
        let mut unlisted = Vec::new();
        {
            let mut memory = self.memory();
            for (version, _) in &wanted {
                let key = version.key();
                let found = listing.releases.iter().filter(|it| is_of(it, version));
                let found: BTreeSet<String> = found.map(|it| it.id.clone()).collect();
                if !found.is_empty() {
                    memory.ids.entry(key.clone()).or_default().extend(found);
                }
                let known = memory.ids.get(&key).into_iter().flatten();
                unlisted.extend(known.filter(|id| !listed.contains(*id)).cloned());
                memory.searched.insert(key);
            }
        }
        let mut releases = listing.releases;
        for id in unlisted {
            releases.push(self.api.release(&id).await?);
        }
        let owner = |release: &ReleaseBody| {
            let mut own = wanted.iter().filter(|(version, _)| is_of(release, version));
            own.next().map(|(_, key)| key.clone())
        };
        Ok(Builds {
            all: releases
                .into_iter()
                .map(|release| (release.clone(), owner(&release)))
                .collect(),
            more: listing.next.is_some(),
        })
    }
}
