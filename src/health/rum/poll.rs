//! One poll, from the first question to the report.
//!
//! In this order: the last day of all releases and, where they are not known yet, the releases of the two versions; their
//! windows; their users by day; the baseline's past where it is wanted; levels; the top crashes. What has to be there is
//! sessions and crashes: of all else the report says in a note what is missing.
//!
//! Between two ends of windows a collector can tell nothing new: the same question is answered from memory, with the same
//! `read_through` and no request at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Level, Metric, PlainText, SourceReport, Timestamp, Unit, Version};
use crate::ports::HealthQuery;

use super::collector::{Of, Question, Range, Row, What};
use super::error::RumError;
use super::releases::Owners;
use super::windows::{self, COARSE, DAY, Share, Tally};
use super::{Rum, strata};

/// A poll under way.
pub(super) struct Poll<'a> {
    pub(super) rum: &'a Rum,
    /// Its `now` is where the windows end.
    pub(super) query: &'a HealthQuery,
    pub(super) report: SourceReport,
    /// Nothing failed that may succeed when asked again.
    pub(super) whole: bool,
    /// There never was such an event, so that none in a window says nothing.
    pub(super) unseen: BTreeSet<What>,
}

impl Rum {
    pub(super) async fn report(&self, query: &HealthQuery) -> Result<SourceReport, RumError> {
        let asked = HealthQuery {
            now: windows::end(query.now),
            ..query.clone()
        };
        if let Some((last, report)) = &self.memory().last
            && *last == asked
        {
            return Ok(report.clone());
        }
        let mut poll = Poll {
            rum: self,
            query: &asked,
            report: SourceReport::default(),
            whole: true,
            unseen: BTreeSet::new(),
        };
        poll.run().await?;
        let (report, whole) = (poll.report, poll.whole);
        self.memory().last = whole.then(|| (asked, report.clone()));
        Ok(report)
    }
}

impl Poll<'_> {
    async fn run(&mut self) -> Result<(), RumError> {
        let to = self.query.now;
        let found = self.releases().await?;
        self.report.read_through = Some(to);
        let key = self.query.version.key();
        if !found.owners.values().any(|owner| *owner == key) {
            self.rum.memory().missed.insert(key);
            let note = self.rum.unknown(&self.query.version, &self.report.shares);
            self.report.notes.push(note);
            return Ok(());
        }
        self.report.version_name = self.version_name(&found);
        let mut from = self.begin(&found).await?;
        if self.query.past {
            // The baseline's past ends with a whole hour: without the minutes up to the version's first session, what was read
            // of them before would count as taken back.
            from = windows::floor(from, COARSE);
        }
        let shares = self.metrics();
        let mut tallies = self.windows(&shares, &found.owners, (from, to)).await?;
        let nothing = Tally::new();
        let sessions = tallies.whole.get(&What::Sessions).unwrap_or(&nothing);
        self.silence(sessions, (from, to), found.sessions_a_day);
        let first_window = windows_of(sessions, &key);
        self.report.first_session = self.first_session(&key, first_window);
        if let Some(first) = self.report.first_session {
            // Evidence begins with the version: the baseline alone says nothing.
            let past = self.query.past;
            tallies.retain(|start, width| {
                start >= windows::floor(first, if past { COARSE } else { width })
            });
        }
        for share in &shares {
            let (trials, failures) = tallies.of(share);
            let readings = windows::readings(share, trials, failures);
            if readings.is_empty() && self.query.since.is_none() {
                let vendor = self.rum.collector.name();
                let note = format!("{vendor} has nothing to count {} from", share.metric);
                self.report.notes.push(note.into());
            }
            self.report.readings.extend(readings);
        }
        self.rum.memory().missed.remove(&key);
        self.users(&found.owners, (from, to)).await;
        let began = self.report.first_session.filter(|first| *first >= from);
        if let (true, Some(first)) = (self.query.past, began) {
            self.past(&found.owners, first).await;
        }
        let since = self.report.first_session.unwrap_or(from);
        self.levels(&found.owners, (since.max(to - DAY), to)).await;
        self.issues((since, to)).await;
        Ok(())
    }

    /// What can be read: metrics that are counted from events that there never were are left out.
    pub(super) fn metrics(&self) -> Vec<Share> {
        let mut shares = self.rum.shares();
        shares.retain(|share| match share.failures {
            What::Frustrated => !self.unseen.contains(&What::Frozen),
            ref failures => !self.unseen.contains(failures),
        });
        shares
    }

    /// Asks for all windows of these metrics. Sessions and crashes must be had; what else fails is left out.
    pub(super) async fn windows(
        &mut self,
        shares: &[Share],
        owners: &Owners,
        range: Range,
    ) -> Result<Tallies, RumError> {
        let kinds = self.strata(owners, range.1).await?;
        let mut whats: Vec<&What> = shares
            .iter()
            .flat_map(|share| [&share.trials, &share.failures])
            .chain([&What::Sessions])
            .collect();
        whats.sort();
        whats.dedup();
        let mut questions = Vec::new();
        for (range, width) in windows::pieces(range) {
            for what in &whats {
                let question = Question {
                    what: (*what).clone(),
                    of: Of::Named(owners.keys().cloned().collect()),
                    by: Vec::new(),
                    range,
                    step: Some(width),
                };
                if !kinds.is_empty() && of_sessions(what) {
                    questions.push(Question {
                        by: kinds.clone(),
                        ..question.clone()
                    });
                }
                questions.push(question);
            }
        }
        let answers = self.rum.collector.ask(&questions).await;
        let mut tallies = Tallies::default();
        let mut failed = BTreeMap::<What, RumError>::new();
        for (question, answer) in questions.iter().zip(answers) {
            match answer {
                Ok(rows) => tallies.add(self.rum, question, &rows, owners),
                Err(error) if matches!(question.what, What::Sessions | What::Crashed) => {
                    return Err(error);
                }
                Err(error) => {
                    failed.entry(question.what.clone()).or_insert(error);
                }
            }
        }
        for (what, error) in failed {
            tallies.whole.remove(&what);
            tallies.parted.remove(&what);
            tallies.lacking.push(what.clone());
            let of = shares
                .iter()
                .find(|s| s.trials == what || s.failures == what);
            let of = of.map_or_else(String::new, |share| share.metric.to_string());
            self.missing(&of, error);
        }
        if !kinds.is_empty() {
            tallies.part();
        }
        Ok(tallies)
    }

    /// Where there have been no sessions for long, the collector knows nothing of the time since.
    fn silence(&mut self, sessions: &Tally, range: Range, a_day: u64) {
        if let Some(since) = windows::silent_since(sessions, range, a_day) {
            self.report.read_through = self.report.read_through.min(Some(since));
            let note = format!(
                "no session since {}, where there are {a_day} a day: {} takes none in, or does not show them",
                since.format("%Y-%m-%d %H:%M UTC"),
                self.rum.collector.name(),
            );
            self.report.notes.push(note.into());
        }
    }

    /// Percentiles, over the last day.
    async fn levels(&mut self, owners: &Owners, range: Range) {
        let names: [(What, &[&str]); 2] = [
            (
                What::ColdStartTimes,
                &["cold_start_p50", "cold_start_p90", "cold_start_p99"],
            ),
            (What::RequestTimes, &["request_p95"]),
        ];
        for (what, names) in names {
            if !self.rum.collector.knows(&what) {
                continue;
            }
            let question = Question {
                what,
                of: Of::Named(owners.keys().cloned().collect()),
                by: Vec::new(),
                range,
                step: None,
            };
            match self.one(question).await {
                Ok(rows) => {
                    let levels = levels(&rows, names, owners, range);
                    self.report.levels.extend(levels);
                }
                Err(error) => self.missing("percentiles", error),
            }
        }
    }

    async fn issues(&mut self, range: Range) {
        let names = self.rum.known_names(&self.query.version);
        match self.rum.collector.issues(&names, range).await {
            Ok(issues) => self.report.issues = issues,
            Err(error) => self.missing("top crashes", error),
        }
    }

    /// One question by itself.
    pub(super) async fn one(&self, question: Question) -> Result<Vec<Row>, RumError> {
        let answers = self
            .rum
            .collector
            .ask(std::slice::from_ref(&question))
            .await;
        answers.into_iter().next().unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Says what the report lacks.
    pub(super) fn missing(&mut self, what: &str, error: RumError) {
        let failure = error.into_failure();
        self.whole &= !failure.kind.is_transient();
        let note: PlainText = format!("no {what}: {failure}").into();
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }
}

/// Only what is counted in sessions is parted.
fn of_sessions(what: &What) -> bool {
    matches!(
        what,
        What::Sessions | What::Crashed | What::Frustrated | What::Errored
    )
}

fn windows_of(sessions: &Tally, version: &str) -> Option<Timestamp> {
    let own = sessions.keys().filter(|(key, ..)| key == version);
    own.map(|(_, _, start, _)| *start).min()
}

/// Those of the release of each version that comes first: percentiles of several releases make none of all.
fn levels(rows: &[Row], names: &[&str], owners: &Owners, range: Range) -> Vec<Level> {
    let mut of_versions = BTreeMap::<&str, &Row>::new();
    for row in rows {
        if let Some(version) = owners.get(&row.release) {
            of_versions.entry(version).or_insert(row);
        }
    }
    let levels = of_versions.into_iter().flat_map(|(version, row)| {
        let values = names.iter().zip(&row.values);
        let values = values.filter(|(_, value)| value.is_finite() && **value > 0.0);
        values.map(move |(name, value)| Level {
            metric: Metric::Level((*name).to_owned()),
            version: version.to_owned(),
            value: *value,
            unit: Unit::Seconds,
            trials: None,
            start: range.0,
            seconds: u32::try_from((range.1 - range.0).num_seconds()).unwrap_or(u32::MAX),
        })
    });
    levels.collect()
}

/// What was counted, by what it is.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    pub(super) whole: BTreeMap<What, Tally>,
    parted: BTreeMap<What, Tally>,
    /// Could not be had.
    lacking: Vec<What>,
}

static NOTHING: Tally = Tally::new();

impl Tallies {
    fn add(&mut self, rum: &Rum, question: &Question, rows: &[Row], owners: &Owners) {
        let Some(width) = question.step else { return };
        let tallies = if question.by.is_empty() {
            &mut self.whole
        } else {
            &mut self.parted
        };
        let tally = tallies.entry(question.what.clone()).or_default();
        for row in rows {
            let inside = (question.range.0..question.range.1).contains(&row.start);
            let (count, version) = (row.count(), owners.get(&row.release));
            if let (true, true, Some(version)) = (inside, count > 0, version) {
                let stratum = if question.by.is_empty() {
                    String::new()
                } else {
                    rum.stratum(&question.by, &row.stratum)
                };
                *tally
                    .entry((version.clone(), stratum, row.start, width))
                    .or_default() += count;
            }
        }
    }

    /// What is in no stratum that was told apart is in `other`, so that the strata make the whole.
    fn part(&mut self) {
        for (what, parted) in &mut self.parted {
            let Some(whole) = self.whole.get(what) else {
                continue;
            };
            strata::rest(whole, parted);
        }
    }

    /// Trials and failures of a metric, parted where both are.
    pub(super) fn of(&self, share: &Share) -> (&Tally, &Tally) {
        if self.lacking.contains(&share.trials) || self.lacking.contains(&share.failures) {
            return (&NOTHING, &NOTHING);
        }
        match (
            self.parted.get(&share.trials),
            self.parted.get(&share.failures),
        ) {
            (Some(trials), Some(failures)) => (trials, failures),
            _ => (
                self.whole.get(&share.trials).unwrap_or(&NOTHING),
                self.whole.get(&share.failures).unwrap_or(&NOTHING),
            ),
        }
    }

    fn retain(&mut self, keep: impl Fn(Timestamp, chrono::TimeDelta) -> bool) {
        for tally in self.whole.values_mut().chain(self.parted.values_mut()) {
            tally.retain(|(_, _, start, width), _| keep(*start, *width));
        }
    }
}

/// The builds of a version: its own and those that count with it.
pub(super) fn builds(version: &Version, also: &[Version]) -> Vec<Version> {
    std::iter::once(version).chain(also).cloned().collect()
}
