//! Which display names are the versions asked for. The API filters by names (`8.43.0 (84300)`), Google Play knows builds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::reading::VersionShare;
use crate::domain::{PlainText, Timestamp, Version};
use crate::ports::HealthQuery;

use super::Crashlytics;
use super::api::{Groups, Params};
use super::error::CrashlyticsError;
use super::wire::{Group, VersionBody};

/// How far back a version's first session is looked for.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// Version keys by display name.
pub(super) type Owners = BTreeMap<String, String>;

/// A range, and the versions of these names in it.
pub(super) fn range((from, to): (Timestamp, Timestamp)) -> Params {
    let wire = |t: Timestamp| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    vec![
        ("filter.interval.startTime", wire(from)),
        ("filter.interval.endTime", wire(to)),
    ]
}

pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a String>) -> Params {
    let filter = |name: &String| ("filter.version.displayNames", name.clone());
    names.into_iter().map(filter).collect()
}

fn is_one(body: &VersionBody, version: &Version) -> bool {
    let named = version.name.as_ref();
    body.build_version == version.build.as_str()
        && named.is_none_or(|name| name.as_str() == body.display_version)
}

impl Crashlytics {
    /// All versions of a range that have events of any kind.
    pub(super) async fn listing(
        &self,
        span: (Timestamp, Timestamp),
    ) -> Result<Groups, CrashlyticsError> {
        self.api.report("topVersions", &range(span)).await
    }

    /// Which names are the version's and the baseline's. A version of the App Store has its name; a build of Google Play is
    /// looked up among those listed, and once found it is known.
    pub(super) async fn owners(
        &self,
        query: &HealthQuery,
        day: &Groups,
        notes: &mut Vec<PlainText>,
    ) -> Result<Owners, CrashlyticsError> {
        let own = [&query.version].into_iter().chain(&query.also);
        let mut versions = vec![(query.version.key(), own.collect::<Vec<_>>())];
        versions.extend(query.baseline.iter().map(|b| (b.key(), vec![b])));
        self.learn(&versions, day);
        let unknown: BTreeSet<String> = {
            let memory = self.memory();
            let keys = versions.iter().map(|(key, _)| key);
            keys.filter(|key| !memory.searched.contains(*key) && !memory.names.contains_key(*key))
                .cloned()
                .collect()
        };
        if !unknown.is_empty() {
            let past = self.listing((query.now - LOOK_BACK, query.now)).await?;
            self.learn(&versions, &past);
            self.memory().searched.extend(unknown);
        }
        let memory = self.memory();
        let mut owners = Owners::new();
        for (key, _) in versions {
            let names = memory.names.get(&key);
            if names.is_none() {
                let note = format!(
                    "Crashlytics lists no event of {key} in the last 14 days; it lists versions by their events, so one without any is unknown to it"
                );
                notes.push(note.into());
            }
            let names = names.into_iter().flatten();
            owners.extend(names.map(|name| (name.clone(), key.clone())));
        }
        Ok(owners)
    }

    fn learn(&self, versions: &[(String, Vec<&Version>)], listed: &Groups) {
        let mut memory = self.memory();
        for (key, builds) in versions {
            let seen = listed.all.iter().filter_map(|group| group.version.as_ref());
            let seen = seen.filter(|body| builds.iter().any(|build| is_one(body, build)));
            let named = builds.iter().filter_map(|build| {
                let name = build.name.as_ref()?;
                Some(format!("{name} ({})", build.build))
            });
            let names: BTreeSet<String> = seen
                .map(|body| body.display_name.clone())
                .filter(|name| !name.is_empty())
                .chain(named)
                .collect();
            if !names.is_empty() {
                memory.names.entry(key.clone()).or_default().extend(names);
            }
        }
    }
}

/// Adoption within the listing's range, most sessions first; only those that have totals.
pub(super) fn shares(day: &Groups, owners: &Owners) -> Vec<VersionShare> {
    let share = |group: &Group| {
        let name = &group.version.as_ref()?.display_name;
        let metrics = group.metrics.first()?;
        let (sessions, users) = metrics.totals();
        let sessions = sessions.filter(|n| *n > 0)?;
        Some(VersionShare {
            label: name.as_str().into(),
            version: owners.get(name).cloned(),
            sessions,
            users,
        })
    };
    let mut shares: Vec<_> = day.all.iter().filter_map(share).collect();
    shares.sort_by(|a, b| b.sessions.cmp(&a.sessions).then(a.label.cmp(&b.label)));
    shares
}
