//! One poll in each of the three forms.

use std::collections::BTreeMap;

use chrono::{DurationRound as _, TimeDelta};
use serde_json::Value;

use crate::domain::{Counts, Level, Metric, PlainText, Reading, SourceReport, Timestamp, Version};
use crate::health::document;
use crate::health::silence::is_silence;
use crate::health::totals::Counter;
use crate::ports::HealthQuery;

use super::api::HttpJsonError;
use super::{Figure, HttpJson, figures};

/// Windows that one poll asks for at most, of each build. What is further back is asked for by the next polls.
const MOST_WINDOWS: i32 = 24;
/// A window is asked for again until it has been over for so many of its lengths: things come late.
const SETTLING: i32 = 1;
/// How far back a document reaches where nothing was read yet.
const LOOK_BACK: TimeDelta = TimeDelta::days(14);

impl HttpJson {
    pub(super) async fn report(&self, query: &HealthQuery) -> Result<SourceReport, HttpJsonError> {
        if self.figures.is_empty() {
            self.document(query).await
        } else if self.template.names_times() {
            self.windows(query).await
        } else {
            self.sums(query).await
        }
    }

    /// The answer is a document: one question for both versions and all windows.
    async fn document(&self, query: &HealthQuery) -> Result<SourceReport, HttpJsonError> {
        let most = LOOK_BACK * if query.past { 2 } else { 1 };
        let start = query.since.unwrap_or(query.now - most);
        let baseline = query.baseline.as_ref();
        let url = self
            .template
            .fill(&query.version, baseline, (start, query.now));
        let answer = self.api.ask(url).await?;
        // HTML and what breaks off are told as of every other server.
        answer.json::<Value>()?;
        let strata = &mut self.memory().strata;
        document::read(&answer.body, query, strata)
            .map_err(|error| HttpJsonError::document(answer.place(), &error))
    }

    /// Each answer is of one window and one build.
    async fn windows(&self, query: &HealthQuery) -> Result<SourceReport, HttpJsonError> {
        let key = query.version.key();
        let (from, to) = self.stretch(query);
        let mut report = SourceReport::default();
        let mut start = from;
        while start < to {
            let end = start + self.window;
            for (version, builds) in versions(query) {
                let figures = self.of_window(&builds, (start, end)).await?;
                report
                    .readings
                    .extend(self.readings(&figures, &version, start));
                let levels = self.levels(&figures, &version, start);
                report.levels.retain(|old| {
                    !levels
                        .iter()
                        .any(|new| (&new.metric, &new.version) == (&old.metric, &old.version))
                });
                report.levels.extend(levels);
            }
            start = end;
        }
        let read = to.min(query.now);
        self.remember(&mut report, &key, read, query.now);
        Ok(report)
    }

    /// The windows of this poll: those that may still change, oldest first, at most so many.
    fn stretch(&self, query: &HealthQuery) -> (Timestamp, Timestamp) {
        let floor = |at: Timestamp| at.duration_trunc(self.window).unwrap_or(at);
        let open = floor(query.now) + self.window;
        let back = open - self.window * MOST_WINDOWS;
        let next = self.memory().next.get(&query.version.key()).copied();
        let from = match query.since {
            None => back,
            Some(since) => next.unwrap_or_else(|| floor(since)).min(open - self.window),
        };
        (from, open.min(from + self.window * MOST_WINDOWS))
    }

    fn remember(&self, report: &mut SourceReport, key: &str, read: Timestamp, now: Timestamp) {
        let mut memory = self.memory();
        let settled = read - self.window * SETTLING;
        let settled = settled.duration_trunc(self.window).unwrap_or(settled);
        let next = memory.next.entry(key.to_owned()).or_insert(settled);
        *next = settled.max(*next);
        let own = report.readings.iter().filter(|it| it.version == key);
        if let Some(start) = own.map(|reading| reading.start).min() {
            let first = memory.first.entry(key.to_owned()).or_insert(start);
            *first = start.min(*first);
        }
        report.first_session = memory.first.get(key).copied();
        report.past_from = report.first_session;
        let ends = report.readings.iter().map(|it| it.start + self.window);
        memory.last_seen = ends.max().max(memory.last_seen);
        memory.see(&report.readings);
        report.read_through = Some(read);
        if let Some(last) = memory.last_seen.filter(|last| *last < read)
            && is_silence(memory.a_day, now - last)
        {
            report.read_through = Some(last);
            report.notes.push(silent(last));
        }
    }

    /// Sums so far: windows are what has come to them since the last look.
    async fn sums(&self, query: &HealthQuery) -> Result<SourceReport, HttpJsonError> {
        let mut report = SourceReport::default();
        let mut counters = Vec::new();
        let stretch = (query.now - self.window, query.now);
        for (version, builds) in versions(query) {
            for build in &builds {
                let found = self.of_window(std::slice::from_ref(build), stretch).await?;
                report
                    .levels
                    .extend(self.levels(&found, &version, stretch.0));
                counters.extend(found.counts.into_iter().map(|(metric, counts)| Counter {
                    metric,
                    of: build.key().into(),
                    version: Some(version.clone()),
                    since: None,
                    counts,
                }));
            }
        }
        let key = query.version.key();
        let mut memory = self.memory();
        let look = memory.marks.look(&counters, &key, query.now);
        let own = look.readings.iter().filter(|it| it.version == key);
        let first = own.map(|reading| reading.start).min();
        report.first_session = first;
        report.past_from = first;
        report.read_through = Some(query.now);
        memory.see(&look.readings);
        if let Some(still) = look.still_since
            && is_silence(memory.a_day, query.now - still)
        {
            report.read_through = Some(still);
            report.notes.push(silent(still));
        }
        report.readings = look.readings;
        report.notes.extend(look.notes);
        report.totals = memory.marks.totals();
        Ok(report)
    }

    /// The figures of these builds together.
    async fn of_window(
        &self,
        builds: &[Version],
        stretch: (Timestamp, Timestamp),
    ) -> Result<Found, HttpJsonError> {
        let mut found = Found::default();
        for build in builds {
            let answer = self
                .api
                .ask(self.template.fill(build, None, stretch))
                .await?;
            let body: Value = answer.json()?;
            let nonsense = |why| HttpJsonError::Nonsense {
                place: answer.place().to_owned(),
                why,
            };
            for (metric, figure) in &self.figures {
                if let Some(counts) = figures::counts(&body, figure).map_err(nonsense)? {
                    let sum = found.counts.entry(metric.clone()).or_default();
                    *sum = *sum + counts;
                }
                if let Some(value) = figures::value(&body, figure).map_err(nonsense)? {
                    // Levels of several builds cannot be put together: the first build's stands.
                    found.values.entry(metric.clone()).or_insert(value);
                }
            }
        }
        Ok(found)
    }

    fn readings(&self, found: &Found, version: &str, start: Timestamp) -> Vec<Reading> {
        let seconds = u32::try_from(self.window.num_seconds()).unwrap_or(u32::MAX);
        let counted = found.counts.iter().filter(|(_, counts)| counts.trials > 0);
        counted
            .map(|(metric, counts)| Reading {
                metric: metric.clone(),
                version: version.to_owned(),
                stratum: String::new(),
                start,
                seconds,
                counts: *counts,
            })
            .collect()
    }

    fn levels(&self, found: &Found, version: &str, start: Timestamp) -> Vec<Level> {
        let seconds = u32::try_from(self.window.num_seconds()).unwrap_or(u32::MAX);
        let level = |(metric, value): (&Metric, &f64)| {
            let Some(Figure::Value { unit, .. }) = self.figures.get(metric) else {
                return None;
            };
            Some(Level {
                metric: metric.clone(),
                version: version.to_owned(),
                value: *value,
                unit: *unit,
                trials: None,
                start,
                seconds,
            })
        };
        found.values.iter().filter_map(level).collect()
    }
}

/// What the answers about one version say.
#[derive(Debug, Default)]
struct Found {
    counts: BTreeMap<Metric, Counts>,
    values: BTreeMap<Metric, f64>,
}

/// The version watched with its further builds, and the baseline.
fn versions(query: &HealthQuery) -> Vec<(String, Vec<Version>)> {
    let own = std::iter::once(&query.version).chain(&query.also);
    let own = (query.version.key(), own.cloned().collect());
    let baseline = query.baseline.iter();
    let baseline = baseline.map(|version| (version.key(), vec![version.clone()]));
    std::iter::once(own).chain(baseline).collect()
}

fn silent(since: Timestamp) -> PlainText {
    let since = since.format("%Y-%m-%d %H:%M UTC");
    format!("nothing since {since}, where there is plenty as a rule: the server takes nothing in")
        .into()
}
