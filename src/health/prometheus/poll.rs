//! One poll, from the first request to the report.
//!
//! In this order: names of versions where they have to be looked up, failures and trials of each metric and build, levels, the
//! baseline's past where it is wanted. A query that the server refuses costs its metric, and a note says so; where no counts
//! are left, or the server itself has a problem, the poll fails.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::reading::{Contradiction, Level, VersionShare};
use crate::domain::{Metric, PlainText, SourceReport, Timestamp, Unit};
use crate::ports::HealthQuery;

use super::api::Steps;
use super::error::PrometheusError;
use super::names::{Build, Group, Who};
use super::template::{Filling, Hole, Template};
use super::windows::{self, DAY, HOUR, Plan, Samples, Tally, Windows, floor};
use super::{Asked, Prometheus, SeriesOf};

/// How far back a version's first session is looked for.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);
/// How far back a level is looked for.
const RECENT: TimeDelta = TimeDelta::hours(1);
/// Remarks of the server that are passed on.
const MOST_REMARKS: usize = 3;

/// What all queries of a poll came to.
#[derive(Default)]
struct Read {
    /// By metric and version key.
    counts: BTreeMap<Metric, BTreeMap<String, Windows>>,
    through: Option<Timestamp>,
    lacking: BTreeMap<Metric, usize>,
    impossible: Option<(Timestamp, f64, f64)>,
    remarks: Vec<String>,
    /// By query: several metrics have the same trials.
    known: BTreeMap<String, Samples>,
    /// Metrics whose queries were refused.
    refused: Vec<PrometheusError>,
}

impl Prometheus {
    pub(super) async fn report(
        &self,
        query: &HealthQuery,
    ) -> Result<SourceReport, PrometheusError> {
        let mut report = SourceReport::default();
        let who = self.who(query, &mut report.notes).await?;
        report.version_name = name_of(query, &who);
        let key = query.version.key();
        let oldest = query.now - LOOK_BACK;
        let since = query
            .since
            .filter(|_| self.memory().searched.contains(&key));
        let from = since.unwrap_or(oldest).max(oldest);

        let mut read = Read::default();
        let plan = windows::plan((from, query.now), self.window, !self.strata.is_empty());
        let groups: Vec<&Group> = who.groups().collect();
        self.counts(&groups, &plan, &mut read).await?;
        if read.counts.is_empty() && !read.refused.is_empty() {
            return Err(read.refused.remove(0));
        }
        self.levels(&groups, query.now, &mut report, &mut read)
            .await?;
        self.memory().searched.insert(key.clone());

        let first = self.first_session(&key, &read);
        report.first_session = first;
        self.look_at_freshness(query, from, &read, &mut report);
        match first {
            Some(first) => {
                // Evidence begins with the version: the baseline alone says nothing. Its past ends with a whole hour.
                let begins = floor(first, if query.past { HOUR } else { self.window });
                for (metric, by_version) in &mut read.counts {
                    for (version, windows) in by_version {
                        windows.retain(|(_, end), _| *end - self.window >= begins);
                        let readings = windows::readings(metric, version, windows, self.window);
                        report.readings.extend(readings);
                    }
                }
            }
            None => report.shares = self.baseline_alone(&who),
        }
        // The windows of this report must reach back to the past, or the time between would count as empty.
        let began = first.filter(|first| query.past && *first >= floor(from, self.window));
        if let (Some(first), Some(baseline)) = (began, &who.old) {
            self.past(baseline, first, &mut report, &mut read).await?;
        }
        self.tell(read, &mut report);
        Ok(report)
    }

    /// Failures and trials of every metric and group.
    async fn counts(
        &self,
        groups: &[&Group],
        plan: &Plan,
        read: &mut Read,
    ) -> Result<(), PrometheusError> {
        for (metric, asked) in &self.asked {
            let Asked::Counts { failures, trials } = asked else {
                continue;
            };
            let series = asked.series(&self.strata);
            let mut by_version = BTreeMap::new();
            let result = async {
                self.tells_apart(trials, groups)?;
                for group in groups {
                    let mut windows = Windows::new();
                    for build in &group.builds {
                        let n = self.once((trials, series), build, plan, read).await;
                        let n = n.map_err(|e| e.of(format!("trials of {metric}")))?;
                        let failed = self.once((failures, series), build, plan, read).await;
                        let failed = failed.map_err(|e| e.of(format!("failures of {metric}")))?;
                        let tally = Tally::of(&failed, &n);
                        read.through = read.through.max(tally.through);
                        read.impossible = read.impossible.or(tally.impossible);
                        *read.lacking.entry(metric.clone()).or_default() += tally.lacking;
                        windows::add(tally.windows, &mut windows);
                    }
                    by_version.insert(group.key.clone(), windows);
                }
                Ok(())
            };
            match result.await {
                Ok(()) => {
                    if !self.strata.is_empty() {
                        let mut memory = self.memory();
                        let kept = memory.strata.entry(metric.clone()).or_default();
                        windows::bound(&mut by_version, kept);
                    }
                    read.counts.insert(metric.clone(), by_version);
                }
                Err(error) => read.refuse(error)?,
            }
        }
        Ok(())
    }

    /// The latest value of each level and group.
    async fn levels(
        &self,
        groups: &[&Group],
        now: Timestamp,
        report: &mut SourceReport,
        read: &mut Read,
    ) -> Result<(), PrometheusError> {
        let recent = windows::plan((now - RECENT, now), self.window, false);
        let plan = Plan {
            open: None,
            ..recent
        };
        for (metric, asked) in &self.asked {
            let Asked::Value { value, unit, scale } = asked else {
                continue;
            };
            for group in groups {
                // What two builds come to together, no percentile of theirs tells.
                let Some(build) = group.builds.first() else {
                    continue;
                };
                let remarks = &mut read.remarks;
                let value = (value, asked.series(&self.strata));
                match self.ask(value, build, &plan, remarks).await {
                    Ok(values) => {
                        let (level, through) = self.latest(metric, group, (*unit, *scale), &values);
                        report.levels.extend(level);
                        if read.counts.is_empty() {
                            read.through = read.through.max(through);
                        }
                    }
                    Err(error) => {
                        read.refuse(error.of(format!("value of {metric}")))?;
                        break;
                    }
                }
            }
        }
        if read.counts.is_empty() && report.levels.is_empty() && !read.refused.is_empty() {
            return Err(read.refused.remove(0));
        }
        Ok(())
    }

    fn latest(
        &self,
        metric: &Metric,
        group: &Group,
        (unit, scale): (Unit, u32),
        values: &Samples,
    ) -> (Option<Level>, Option<Timestamp>) {
        let numbers = values.iter().filter(|(_, value)| value.is_finite());
        let Some(((_, end), value)) = numbers.max_by_key(|((_, end), _)| *end) else {
            return (None, None);
        };
        let level = Level {
            metric: metric.clone(),
            version: group.key.clone(),
            value: value / f64::from(scale.max(1)),
            unit,
            trials: None,
            start: *end - self.window,
            seconds: u32::try_from(self.window.num_seconds()).unwrap_or(u32::MAX),
        };
        (Some(level), Some(*end))
    }

    /// The same query is asked once a poll.
    async fn once(
        &self,
        (template, series): (&Template, SeriesOf<'_>),
        build: &Build,
        plan: &Plan,
        read: &mut Read,
    ) -> Result<Samples, PrometheusError> {
        let query = self.filled(template, build, plan.width)?;
        if let Some(samples) = read.known.get(&query) {
            return Ok(samples.clone());
        }
        let samples = self
            .ask((template, series), build, plan, &mut read.remarks)
            .await?;
        read.known.insert(query, samples.clone());
        Ok(samples)
    }

    /// One query for one build, in as many pieces as it takes. A query without a range has nothing to say of part of a window.
    pub(super) async fn ask(
        &self,
        (template, series): (&Template, SeriesOf<'_>),
        build: &Build,
        plan: &Plan,
        remarks: &mut Vec<String>,
    ) -> Result<Samples, PrometheusError> {
        let query = self.filled(template, build, plan.width)?;
        let mut samples = Samples::new();
        for piece in &plan.closed {
            let said = self.piece((&query, series), *piece, &mut samples).await?;
            remarks.extend(said);
        }
        let has_range = template.holes().any(|hole| hole == Hole::Window);
        if let Some((start, now)) = plan.open.filter(|_| has_range) {
            let query = self.filled(template, build, now - start)?;
            let only = Steps {
                first: now,
                last: now,
                step: plan.width,
            };
            let mut so_far = Samples::new();
            remarks.extend(self.piece((&query, series), only, &mut so_far).await?);
            let of_window = so_far.into_iter();
            samples.extend(of_window.map(|((stratum, _), n)| ((stratum, start + plan.width), n)));
        }
        Ok(samples)
    }

    async fn piece(
        &self,
        (query, series): (&str, SeriesOf<'_>),
        piece: Steps,
        samples: &mut Samples,
    ) -> Result<Vec<String>, PrometheusError> {
        let told = self.api.range(query, piece).await?;
        let strata = match series {
            SeriesOf::Strata(strata) => strata,
            SeriesOf::One if told.data.len() > 1 => {
                return Err(PrometheusError::Many(told.data.len()));
            }
            SeriesOf::One => &[],
        };
        windows::collect(&told, piece, strata, samples)?;
        Ok(told.remarks)
    }

    fn filled(
        &self,
        template: &Template,
        build: &Build,
        window: TimeDelta,
    ) -> Result<String, PrometheusError> {
        let release = self.release_of(build);
        let duration = in_promql(window);
        let filled = template.fill(Filling {
            version: build.name.as_deref(),
            build: &build.build,
            release: release.as_deref(),
            package: &self.package,
            window: &duration,
        });
        filled.map_err(|hole| PrometheusError::not_known(hole, &build.build))
    }

    /// A query that is the same for both versions counts both for each.
    fn tells_apart(&self, template: &Template, groups: &[&Group]) -> Result<(), PrometheusError> {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for group in groups {
            for build in &group.builds {
                let query = self.filled(template, build, self.window)?;
                if let Some(other) = seen.insert(query, &group.key)
                    && other != group.key
                {
                    return Err(PrometheusError::Same(group.key.clone(), other.to_owned()));
                }
            }
        }
        Ok(())
    }

    fn first_session(&self, key: &str, read: &Read) -> Option<Timestamp> {
        let mut memory = self.memory();
        let counted = read.of_version(key);
        let found = counted
            .filter(|(_, trials)| *trials > 0)
            .map(|(end, _)| end)
            .min();
        match (
            memory.first_session.get(key),
            found.map(|end| end - self.window),
        ) {
            (Some(known), _) => Some(*known),
            (None, Some(first)) => {
                memory.first_session.insert(key.to_owned(), first);
                Some(first)
            }
            (None, None) => None,
        }
    }

    /// How far the source has been read: the last sample of trials, unless the counters stand still.
    fn look_at_freshness(
        &self,
        query: &HealthQuery,
        from: Timestamp,
        read: &Read,
        report: &mut SourceReport,
    ) {
        let mut memory = self.memory();
        let through = read.through.map(|end| end.min(query.now));
        memory.read_through = memory.read_through.max(through);
        report.read_through = memory.read_through;
        if report.read_through.is_none() {
            let note = "the queries find nothing: try them in the server's own page, with the holes filled in";
            report.notes.push(note.into());
        }
        let counted = |(end, trials): &(Timestamp, u64)| *trials > 0 && *end > query.now - DAY;
        let last_day: Vec<(Timestamp, u64)> = read.of_sessions().filter(counted).collect();
        if from <= query.now - DAY {
            memory.a_day = last_day.iter().map(|(_, trials)| trials).sum();
        }
        let last = last_day.iter().map(|(end, _)| *end).max();
        let last = last.unwrap_or(from.max(query.now - DAY)).min(query.now);
        if let Some(since) = windows::silent_since(last, query.now, memory.a_day) {
            report.read_through = report.read_through.min(Some(since));
            let note = format!(
                "nothing counted since {}, where there are {} a day: the counters stand still",
                since.format("%Y-%m-%d %H:%M UTC"),
                memory.a_day
            );
            report.notes.push(note.into());
        }
    }

    /// Before the version has a session, how many there are in all is at least what the baseline has. Later the sessions of
    /// two versions are not those of all, and no adoption can be told from them.
    fn baseline_alone(&self, who: &Who) -> Vec<VersionShare> {
        let sessions = self.memory().a_day;
        let baseline = who.old.as_ref().filter(|_| sessions > 0);
        let share = baseline.map(|group| VersionShare {
            label: group.key.as_str().into(),
            version: Some(group.key.clone()),
            sessions,
            users: None,
        });
        share.into_iter().collect()
    }

    /// The baseline's hours of the two weeks before the version's first session. Asked again at the next poll where the server
    /// cannot give them; none where it refuses to.
    async fn past(
        &self,
        baseline: &Group,
        first: Timestamp,
        report: &mut SourceReport,
        read: &mut Read,
    ) -> Result<(), PrometheusError> {
        let seam = floor(first, HOUR);
        let plan = windows::plan((seam - LOOK_BACK, seam), HOUR, !self.strata.is_empty());
        let mut past = Read::default();
        match self.counts(&[baseline], &plan, &mut past).await {
            Ok(()) => {
                for (metric, by_version) in &past.counts {
                    for (version, windows) in by_version {
                        let hours = windows::readings(metric, version, windows, HOUR);
                        report.readings.extend(hours);
                    }
                }
                report.past_from = Some(if past.refused.is_empty() {
                    seam - LOOK_BACK
                } else {
                    seam
                });
                read.remarks.append(&mut past.remarks);
                for (metric, lacking) in past.lacking {
                    *read.lacking.entry(metric).or_default() += lacking;
                }
            }
            Err(error) => {
                let note = format!("no past of the baseline: {}", error.into_failure());
                report.notes.push(note.into());
            }
        }
        Ok(())
    }

    /// What could not be had, in words.
    fn tell(&self, read: Read, report: &mut SourceReport) {
        for (metric, lacking) in read.lacking.iter().filter(|(_, lacking)| **lacking > 0) {
            let note = format!(
                "{metric}: {lacking} windows have trials and no failures, and are left out: if that means 0, write (FAILURES) or \
                 0 * (TRIALS)"
            );
            report.notes.push(note.into());
        }
        if let Some((end, failures, trials)) = read.impossible {
            let what = format!(
                "{failures:.0} failures in {trials:.0} trials up to {}",
                end.format("%Y-%m-%d %H:%M UTC")
            );
            report.contradiction = Some(Contradiction {
                at: self.api.clock.now(),
                what: what.into(),
            });
        }
        let refused = read.refused.into_iter();
        report
            .notes
            .extend(refused.map(|error| PlainText::new(&error.into_failure().to_string())));
        let mut remarks = read.remarks;
        remarks.sort();
        remarks.dedup();
        let told = remarks.iter().take(MOST_REMARKS);
        let told = told.map(|remark| PlainText::new(&format!("the server remarks: {remark}")));
        report.notes.extend(told);
    }
}

impl Read {
    /// Keeps what one metric costs; hands on what costs all.
    fn refuse(&mut self, error: PrometheusError) -> Result<(), PrometheusError> {
        if !error.is_about_the_query() {
            return Err(error);
        }
        self.refused.push(error);
        Ok(())
    }

    /// End and trials of each window of one version, of all metrics.
    fn of_version<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (Timestamp, u64)> + 'a {
        let of_key = self
            .counts
            .values()
            .filter_map(move |by_version| by_version.get(key));
        of_key
            .flatten()
            .map(|((_, end), window)| (*end, window.trials))
    }

    /// Of all versions, in the metric that counts sessions, or else the first there is.
    fn of_sessions(&self) -> impl Iterator<Item = (Timestamp, u64)> {
        let metrics = || self.counts.iter();
        let main = metrics().find(|(metric, _)| metric.counts_sessions());
        let main = main.or_else(|| metrics().next());
        let windows = main
            .into_iter()
            .flat_map(|(_, by_version)| by_version.values().flatten());
        windows.map(|((_, end), window)| (*end, window.trials))
    }
}

/// The name that the watched version's label tells.
fn name_of(query: &HealthQuery, who: &Who) -> Option<PlainText> {
    let found = who
        .new
        .builds
        .first()
        .and_then(|build| build.name.as_deref());
    query.version.name.clone().or(found.map(PlainText::new))
}

/// `5m`, `1h`
fn in_promql(window: TimeDelta) -> String {
    match window.num_seconds() {
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
