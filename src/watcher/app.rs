//! One app as the watcher runs it: its adapters, and what it remembers between polls that is no decision.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kept::Kept;
use super::schedule::Place;
use super::trust::Doubts;
use super::uptake::Uptake;
use crate::domain::reading::VersionShare;
use crate::domain::{
    AppId, Failure, Issue, PlainText, Review, SourceId, SourceReport, Timestamp, Version,
};
use crate::engine::State;
use crate::policy::quality::Ages;
use crate::policy::{Assessment, SourceState, crashes};
use crate::ports::{HealthSource, Journal, JournalError, Store};

/// Everything of one app that the watcher needs from the composition root.
pub struct WatchedApp {
    pub id: AppId,
    pub name: PlainText,
    pub store: Arc<dyn Store>,
    pub sources: Vec<WatchedSource>,
    /// Which version to compare with.
    pub baseline: BaselineChoice,
    /// Where there is more to see; `{version}` stands for a version. `None`: at the store's console.
    link: Option<PlainText>,
    pub(super) memory: Memory,
}

/// One source with how it is judged.
pub struct WatchedSource {
    pub source: Arc<dyn HealthSource>,
    pub required: bool,
    pub ages: Ages,
}

/// `baseline = …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineChoice {
    Previous,
    Fixed(Version),
    None,
}

/// What is known from the last polls. Lost at a restart without harm: the journal has the readings and the decisions.
#[derive(Default)]
pub(super) struct Memory {
    /// Grows with whatever changes in here and is drawn.
    pub edition: u64,
    pub polls: u64,
    pub place: Place,
    pub next_poll: Option<Timestamp>,
    pub fingerprint: Option<String>,
    pub store_read_at: Option<Timestamp>,
    /// Full reads that failed in a row, and until when the engine's next one waits for that.
    pub reads_failed: u32,
    pub read_not_before: Option<Timestamp>,
    pub reports: BTreeMap<SourceId, LatestReport>,
    pub failures: BTreeMap<SourceId, Failure>,
    /// When each source last answered.
    pub answered: BTreeMap<SourceId, Timestamp>,
    pub kept: Option<Kept>,
    pub doubts: Doubts,
    pub assessment: Option<Assessment>,
    /// What the journal says of the sources then, where the picture is of the past: it stands in for what the reports say.
    pub then: Option<Vec<SourceState>>,
    pub uptake: Uptake,
}

/// The latest report of a source.
pub(super) struct LatestReport {
    /// Without readings: those are in the journal.
    pub report: SourceReport,
    /// Version and baseline that it was asked about.
    pub about: (Version, Option<Version>),
}

impl LatestReport {
    /// What a report of the same versions knew and a later one was not asked for.
    pub(super) fn carry_over(&self, to: &mut SourceReport) {
        to.past_from = to.past_from.or(self.report.past_from);
        let known = [to.first_session, self.report.first_session];
        to.first_session = known.into_iter().flatten().min();
    }
}

impl WatchedApp {
    pub fn new(
        id: AppId,
        name: PlainText,
        store: Arc<dyn Store>,
        sources: Vec<WatchedSource>,
        baseline: BaselineChoice,
    ) -> Self {
        Self {
            id,
            name,
            store,
            sources,
            baseline,
            link: None,
            memory: Memory::default(),
        }
    }

    #[must_use]
    pub fn with_link(mut self, link: Option<PlainText>) -> Self {
        self.link = link;
        self
    }

    /// Where there is more to see of this version.
    pub(super) fn link(&self, version: Option<&Version>) -> PlainText {
        match &self.link {
            Some(link) => filled(link, version),
            None => self.store.kind().console().into(),
        }
    }

    /// Every source has answered, or could not.
    pub(super) fn has_heard_of_all(&self) -> bool {
        let memory = &self.memory;
        self.sources.iter().all(|watched| {
            let id = watched.source.id();
            memory.reports.contains_key(id) || memory.failures.contains_key(id)
        })
    }

    /// The version to compare with, given what the store shows.
    pub fn baseline_of(&self, previous: Option<&Version>) -> Option<Version> {
        match &self.baseline {
            BaselineChoice::Previous => previous.cloned(),
            BaselineChoice::Fixed(version) => Some(version.clone()),
            BaselineChoice::None => None,
        }
    }
}

/// The link with the version in it, which may hold whatever a store takes for a name.
fn filled(link: &PlainText, version: Option<&Version>) -> PlainText {
    let version = version.map(|version| version.name.as_ref().unwrap_or(&version.build));
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let version = version.map_or("", PlainText::as_str);
    let text: String = version.bytes().map(escaped).collect();
    link.as_str().replace("{version}", &text).into()
}

/// What several sources told: by the first one that knows, since vendors count differently.
impl WatchedApp {
    /// What an earlier run knew of its health, from the journal.
    pub(super) fn recall(
        &mut self,
        state: &State,
        journal: &dyn Journal,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let Some(known) = state.app(&self.id) else {
            return Ok(());
        };
        let Some(release) = &known.release else {
            return Ok(());
        };
        let baseline = self.baseline_of(known.previous.as_ref());
        self.memory.edition += 1;
        for (source, observed_at, report) in journal.latest_reports(&self.id)? {
            let of_source = |watched: &&WatchedSource| *watched.source.id() == source;
            if let Some(watched) = self.sources.iter().find(of_source) {
                watched.source.resume(&report);
            }
            let about = (release.version.clone(), baseline.clone());
            let memory = &mut self.memory;
            memory.answered.insert(source.clone(), observed_at);
            memory
                .reports
                .insert(source, LatestReport { report, about });
        }
        self.keep_up(journal, now)
    }

    /// The latest reports, in the order of precedence.
    pub(super) fn reports(&self) -> impl Iterator<Item = (&SourceId, &SourceReport)> {
        self.sources.iter().filter_map(|watched| {
            let latest = self.memory.reports.get(watched.source.id())?;
            Some((watched.source.id(), &latest.report))
        })
    }

    /// The crashes of all sources as one list.
    pub(super) fn issues(&self) -> Vec<Issue> {
        crashes::joined(self.reports().map(|(id, report)| (id, &*report.issues)))
    }

    pub(super) fn shares(&self) -> Vec<VersionShare> {
        let told = self.reports().find(|(_, report)| !report.shares.is_empty());
        told.map(|(_, report)| report.shares.clone())
            .unwrap_or_default()
    }

    /// Of all sources, newest first.
    pub(super) fn reviews(&self) -> Vec<Review> {
        let reports = self.reports();
        let mut reviews: Vec<Review> = reports
            .flat_map(|(_, report)| report.reviews.clone())
            .collect();
        reviews.sort_by_key(|review| std::cmp::Reverse(review.at));
        reviews.truncate(SourceReport::MOST_REVIEWS);
        reviews
    }

    /// Name that a source knows the watched version by.
    pub(super) fn version_name(&self, version: &Version) -> PlainText {
        let mut reports = self.reports();
        let named = reports.find_map(|(_, report)| report.version_name.clone());
        match named {
            Some(name) if version.name.is_none() => format!("{name} ({})", version.build).into(),
            _ => version.to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_nothing_but_itself_in_a_link() {
        let link = "https://example.com/d/shop?v={version}".into();
        let filled = |version: Option<&Version>| filled(&link, version).to_string();
        let named = Version::named("8.43.0", "84300");
        let end = "https://example.com/d/shop?v=";
        assert_eq!(filled(Some(&named)), format!("{end}8.43.0"));
        assert_eq!(
            filled(Some(&Version::from_code(84_300))),
            format!("{end}84300")
        );
        let hostile = Version::named("1&a=ü#", "1");
        assert_eq!(filled(Some(&hostile)), format!("{end}1%26a%3D%C3%BC%23"));
        assert_eq!(filled(None), end);
    }
}
