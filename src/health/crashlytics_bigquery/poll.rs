//! One poll, from the first question to the report.
//!
//! In this order: sessions of all versions in the last day and the newest rows of both tables (adoption, freshness), the
//! version's first session where it is not known, sessions and crashes by hour, users by day, the baseline's past where it is
//! wanted, the top issues. Up to the hours all must succeed; without the others the report says in a note what is missing.

use chrono::TimeDelta;

use crate::domain::{Metric, PlainText, Reading, SourceReport, Timestamp, Version};
use crate::ports::HealthQuery;

use super::error::BigQueryError;
use super::sql::{ANR, FATAL, Scope};
use super::windows::{self, DAY, HOUR, floor};
use super::{BigQuery, Last};

/// How far back a version's first session is looked for.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

impl BigQuery {
    /// The last report without its readings, which stand, where it is too early for another question: the same question, and
    /// nothing in it that the last one did not answer.
    pub(super) fn standing(&self, query: &HealthQuery) -> Option<SourceReport> {
        let memory = self.memory();
        let last = memory.last.as_ref()?;
        let same = last.versions == versions(query) && last.baseline == query.baseline;
        let early = (last.at..last.at + self.every).contains(&query.now);
        let anew = query.since.is_none() && !last.report.readings.is_empty();
        let past = query.past && last.report.first_session.is_some();
        (same && early && !anew && !past).then(|| SourceReport {
            readings: Vec::new(),
            past_from: None,
            ..last.report.clone()
        })
    }

    pub(super) fn keep(&self, query: &HealthQuery, report: &SourceReport) {
        self.memory().last = Some(Last {
            versions: versions(query),
            baseline: query.baseline.clone(),
            at: query.now,
            report: report.clone(),
        });
    }

    pub(super) async fn report(&self, query: &HealthQuery) -> Result<SourceReport, BigQueryError> {
        let mut report = SourceReport::default();
        let fresh = self.fresh(query).await?;
        report.shares = fresh.shares;
        report.read_through = fresh.through;
        if let Some(table) = fresh.stopped {
            let note = match fresh.through {
                Some(through) => format!(
                    "{table} takes no rows in since {}: is streaming to BigQuery still switched on?",
                    through.format("%Y-%m-%d %H:%M UTC")
                ),
                None => format!(
                    "{table} has no row of the last day: is streaming to BigQuery switched on, and is this the table?"
                ),
            };
            report.notes.push(note.into());
        }
        let key = query.version.key();
        let own = report
            .shares
            .iter()
            .find(|share| share.version.as_ref() == Some(&key));
        let named = own.and_then(|share| share.label.as_str().rsplit_once(" ("));
        let name = named.map(|(name, _)| PlainText::from(name));
        report.version_name = query.version.name.clone().or(name);
        let Some(through) = fresh.through else {
            return Ok(report);
        };
        let Some((first, known)) = self.first(query, through).await? else {
            let note = format!("no session of {} in the last 14 days", query.version);
            report.notes.push(note.into());
            return Ok(report);
        };
        report.first_session = Some(first);

        // The hour that holds the beginning is wanted whole.
        let begin = query.since.filter(|_| known).unwrap_or(first).max(first);
        let all: Vec<Version> = versions(query)
            .into_iter()
            .chain(query.baseline.clone())
            .collect();
        let range = (floor(begin, HOUR), through);
        report.readings = self.hours(query, &all, range).await?;
        match self.days(query, &all, (floor(begin, DAY), through)).await {
            Ok(days) => report.readings.extend(days),
            Err(error) => report.notes.push(missing("users", error)),
        }
        if query.past {
            self.past(query, floor(first, HOUR), &mut report).await;
        }
        let scope = Scope::of(
            &versions(query),
            (first.max(query.now - LOOK_BACK), through),
        );
        match self.issues(query, &scope, first).await {
            Ok(top) => report.issues = top,
            Err(error) => report.notes.push(missing("top issues", error)),
        }
        self.memory().missed.remove(&key);
        Ok(report)
    }

    /// When the version's first session was, and whether its windows were read before.
    async fn first(
        &self,
        query: &HealthQuery,
        through: Timestamp,
    ) -> Result<Option<(Timestamp, bool)>, BigQueryError> {
        let key = query.version.key();
        let (known, missed) = {
            let memory = self.memory();
            let known = memory.first_session.get(&key).copied();
            (known, memory.missed.contains(&key))
        };
        if let Some(first) = known {
            return Ok(Some((first, !missed)));
        }
        let scope = Scope::of(&versions(query), (query.now - LOOK_BACK, through));
        let table = self.api.ask(&self.tables.first_session(&scope)).await?;
        let mut first = None;
        for row in table.rows() {
            first = row.time("first")?;
        }
        let mut memory = self.memory();
        match first {
            Some(first) => drop(memory.first_session.insert(key, first)),
            None => drop(memory.missed.insert(key)),
        }
        Ok(first.map(|first| (first, !missed)))
    }

    /// Sessions, and those that crashed, by hour.
    async fn hours(
        &self,
        query: &HealthQuery,
        of: &[Version],
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Reading>, BigQueryError> {
        let scope = Scope::of(of, range);
        let question = self.tables.sessions(&scope, self.by_os);
        let sessions = self.api.ask(&question).await?;
        let mut sessions = windows::sums(&sessions, query, None)?;
        let question = self.tables.crashed_sessions(&scope, self.by_os);
        let crashed = self.api.ask(&question).await?;
        let mut crashed = windows::sums(&crashed, query, None)?;
        if self.by_os {
            windows::bound(&mut sessions, &mut crashed);
        }
        let metric = Metric::CrashFreeSessions;
        Ok(windows::readings(&metric, &sessions, &crashed, HOUR))
    }

    /// Users, and those who met a crash or an ANR, by day. ANRs are Android's; a version with a name is one of the App Store.
    async fn days(
        &self,
        query: &HealthQuery,
        of: &[Version],
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Reading>, BigQueryError> {
        let scope = Scope::of(of, range);
        let users = self.api.ask(&self.tables.users(&scope)).await?;
        let users = windows::sums(&users, query, None)?;
        let hit = self.api.ask(&self.tables.hit_users(&scope)).await?;
        let crashed = windows::sums(&hit, query, Some(FATAL))?;
        let mut days = windows::readings(&Metric::CrashFreeUsers, &users, &crashed, DAY);
        if query.version.name.is_none() {
            let hung = windows::sums(&hit, query, Some(ANR))?;
            days.extend(windows::readings(&Metric::AnrFreeUsers, &users, &hung, DAY));
        }
        Ok(days)
    }

    /// Adds what the baseline was in the two weeks before the new version came, up to `seam`. They never change any more, so
    /// they are asked for once a version.
    async fn past(&self, query: &HealthQuery, seam: Timestamp, report: &mut SourceReport) {
        let from = seam - LOOK_BACK;
        let Some(baseline) = query.baseline.clone().map(|baseline| [baseline]) else {
            report.past_from = Some(from);
            return;
        };
        // An hour before the seam ends before it: the end is inclusive.
        let just_before = |end: Timestamp| end - TimeDelta::microseconds(1);
        let hours = self.hours(query, &baseline, (from, just_before(seam)));
        let read = match hours.await {
            Ok(hours) => {
                report.readings.extend(hours);
                let midnight = floor(seam, DAY);
                let range = (midnight - LOOK_BACK, just_before(midnight));
                let days = self.days(query, &baseline, range).await;
                report.past_from = Some(from);
                days
            }
            Err(error) => Err(error),
        };
        match read {
            Ok(days) => report.readings.extend(days),
            Err(error) => report.notes.push(missing("past of the baseline", error)),
        }
    }
}

/// The version and its other builds.
pub(super) fn versions(query: &HealthQuery) -> Vec<Version> {
    let own = [&query.version].into_iter().chain(&query.also);
    own.cloned().collect()
}

fn missing(what: &str, error: BigQueryError) -> PlainText {
    format!("no {what}: {}", error.into_failure()).into()
}
