//! Which builds are asked for, and what they are called.
//!
//! Google Play tells the version code alone. Where the label of a version holds its name too, the name is read from the values
//! that the label has.

use std::collections::BTreeSet;

use crate::domain::{PlainText, Version};
use crate::health::release::Piece;
use crate::ports::HealthQuery;

use super::Prometheus;
use super::error::PrometheusError;
use super::poll::LOOK_BACK;
use super::template::Label;

/// One build, by all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Build {
    pub(super) name: Option<String>,
    pub(super) build: String,
}

/// The builds that count as one version.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// [`Version::key`]
    pub(super) key: String,
    pub(super) builds: Vec<Build>,
}

/// The version watched, and the baseline.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) new: Group,
    pub(super) old: Option<Group>,
}

impl Who {
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        [Some(&self.new), self.old.as_ref()].into_iter().flatten()
    }
}

impl Prometheus {
    pub(super) async fn who(
        &self,
        query: &HealthQuery,
        notes: &mut Vec<PlainText>,
    ) -> Result<Who, PrometheusError> {
        let new: Vec<&Version> = [&query.version].into_iter().chain(&query.also).collect();
        let old: Vec<&Version> = query.baseline.iter().collect();
        if let Some(label) = self.looks_up() {
            let nameless: Vec<String> = new
                .iter()
                .chain(&old)
                .filter(|version| version.name.is_none())
                .map(|version| version.build.to_string())
                .collect();
            let all_known = {
                let memory = self.memory();
                nameless
                    .iter()
                    .all(|build| memory.names.contains_key(build))
            };
            // Names that were found stay; now and then it is looked for more.
            if !nameless.is_empty() && (query.since.is_none() || !all_known) {
                let range = (query.now - LOOK_BACK, query.now);
                let told = self.api.values_of(label, range).await?;
                let mut memory = self.memory();
                for build in &nameless {
                    let version = Version::from_code(build);
                    let named = |value: &String| {
                        let fits = self.release.matches(value, &version);
                        fits.then(|| self.release.read(value)?.version).flatten()
                    };
                    let found: BTreeSet<String> = told.data.iter().filter_map(named).collect();
                    if !found.is_empty() {
                        memory.names.entry(build.clone()).or_default().extend(found);
                    }
                }
            }
        }
        let mut group = |key: String, versions: &[&Version]| {
            let builds: Vec<Build> = versions.iter().flat_map(|v| self.builds_of(v)).collect();
            if builds.is_empty() {
                let note = format!(
                    "no label tells of {key}: its values are looked for as {}",
                    self.release_as_written
                );
                notes.push(note.into());
            }
            Group { key, builds }
        };
        Ok(Who {
            new: group(query.version.key(), &new),
            old: query.baseline.as_ref().map(|it| group(it.key(), &old)),
        })
    }

    /// The label that holds the names of versions, where the store does not tell them and the label holds builds too.
    fn looks_up(&self) -> Option<&Label> {
        let nameless = self.release.pattern(&Version::from_code(0))?;
        self.label
            .as_ref()
            .filter(|_| nameless.contains(&Piece::Any))
    }

    /// `{release}` of a build; `None` where it needs a name and there is none.
    pub(super) fn release_of(&self, build: &Build) -> Option<String> {
        let version = Version {
            name: build.name.as_deref().map(PlainText::new),
            build: PlainText::new(&build.build),
        };
        let pieces = self.release.pattern(&version)?.into_iter();
        let known = pieces.map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Any => None,
        });
        known.collect()
    }

    /// What a build may be called; none where its name is needed, can be looked up, and is not there yet.
    fn builds_of(&self, version: &Version) -> Vec<Build> {
        let of = |name: Option<String>| Build {
            name,
            build: version.build.to_string(),
        };
        let known = version.name.as_ref().map(ToString::to_string);
        if known.is_some() || self.looks_up().is_none() {
            return vec![of(known)];
        }
        let memory = self.memory();
        let names = memory.names.get(version.build.as_str());
        names
            .into_iter()
            .flatten()
            .map(|name| of(Some(name.clone())))
            .collect()
    }
}
