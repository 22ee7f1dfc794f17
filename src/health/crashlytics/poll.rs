//! One poll, from the first request to the report.
//!
//! In this order: the versions of the last day (adoption, and which display names are the versions'), the days and hours of
//! the two versions by fatal crashes, their days by ANRs (Android), the baseline's past where it is wanted, the top issues.
//! The first three must succeed; without the others the report says in a note what is missing.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::{Metric, PlainText, Reading, SourceReport, Timestamp, Version};
use crate::ports::HealthQuery;

use super::Crashlytics;
use super::api::Params;
use super::error::CrashlyticsError;
use super::issues;
use super::versions::{self, LOOK_BACK, Owners};
use super::windows::{self, Counted, DAY, HOUR, Read, ceil, floor};

const TOP_VERSIONS: &str = "topVersions";
const FATAL: &str = "FATAL";
const ANR: &str = "ANR";

/// What is younger is not asked for: the API does not tell how late its counts are, Google speaks of minutes, and an hour
/// whose crashes are there before its sessions would look worse than it was.
pub(super) const SETTLE: TimeDelta = TimeDelta::minutes(10);

/// Sessions by hour, or by day where there are no hours, and users by day.
struct Windows {
    sessions: Counted,
    width: TimeDelta,
    users: Counted,
}

impl Crashlytics {
    pub(super) async fn report(
        &self,
        query: &HealthQuery,
    ) -> Result<SourceReport, CrashlyticsError> {
        let mut report = SourceReport::default();
        let now = query.now;
        let to = now - SETTLE;
        let day = self.listing((now - DAY, now)).await?;
        let owners = self.owners(query, &day, &mut report.notes).await?;
        if day.cut {
            let note = "Crashlytics lists more versions than haltline reads; those with the fewest events are left out";
            report.notes.push(note.into());
        }
        report.shares = versions::shares(&day, &owners);
        if owners.is_empty() {
            return Ok(report);
        }

        let key = query.version.key();
        let names: BTreeSet<String> = names_of(&owners, &key);
        report.version_name = name_of(&query.version, &names);
        let (known, missed) = {
            let memory = self.memory();
            let first = memory.first_session.get(&key).copied();
            (first, memory.missed.contains(&key))
        };
        let since = query.since.filter(|_| !missed);
        let oldest = now - LOOK_BACK;
        let from = match (known, since) {
            (Some(_), Some(since)) => since,
            (Some(first), None) => first.max(oldest),
            // One look at two weeks says when the version began.
            (None, _) => oldest,
        };
        let read = self.windows(&owners, (from, to), &mut report.notes).await?;
        let a_day = report.shares.iter().filter(|share| share.version.is_some());
        let a_day = a_day.map(|share| share.sessions).sum();
        report.read_through = windows::read_through(&read.sessions, read.width, to, a_day);
        let first = known.or_else(|| windows::first(&read.sessions, &key));
        if let Some(first) = first {
            let begin = since.unwrap_or(first).max(first);
            self.began(&key, first);
            report.first_session = Some(first);
            self.fill(&mut report, &read, begin);
            if query.version.name.is_none() {
                self.anr(&owners, (begin, to), &mut report).await;
            }
            if query.past && from <= first {
                self.past(query, &owners, first, &mut report).await;
            }
        } else {
            self.memory().missed.insert(key);
        }

        if !names.is_empty() {
            let range = (first.unwrap_or(oldest), to);
            match issues::top(&self.api, &names, &query.version, range).await {
                Ok(top) => report.issues = top,
                Err(error) => report.notes.push(missing("top issues", error)),
            }
        }
        Ok(report)
    }

    fn began(&self, key: &str, first: Timestamp) {
        let mut memory = self.memory();
        memory.first_session.insert(key.to_owned(), first);
        memory.missed.remove(key);
    }

    fn fill(&self, report: &mut SourceReport, read: &Windows, begin: Timestamp) {
        let sessions = windows::readings(&read.sessions, &Metric::CrashFreeSessions, read.width);
        let users = windows::readings(&read.users, &Metric::CrashFreeUsers, DAY);
        // A window that holds the beginning is wanted whole.
        let wanted =
            |reading: &Reading| reading.start + TimeDelta::seconds(reading.seconds.into()) > begin;
        report.readings.extend(sessions.chain(users).filter(wanted));
    }

    /// Windows by fatal crashes.
    async fn windows(
        &self,
        owners: &Owners,
        (from, to): (Timestamp, Timestamp),
        notes: &mut Vec<PlainText>,
    ) -> Result<Windows, CrashlyticsError> {
        let days = self.days(owners, FATAL, (from, to)).await?;
        let hours = if self.memory().no_hours {
            None
        } else {
            self.hours(owners, (from, to), &days).await?
        };
        if days.without_totals {
            let note = "this app's Crashlytics gives no totals of sessions and users (they are in the API since September 2026): issues, and no rates";
            notes.push(note.into());
        } else {
            let names: BTreeSet<&String> = owners.values().collect();
            for version in names {
                if windows::first(&days.sessions, version).is_none() {
                    let note = format!(
                        "Crashlytics lists versions by their crashes, and lists none of {version}: no rates of it, which is not the same as no crash"
                    );
                    notes.push(note.into());
                }
            }
        }
        let impossible = days.impossible + hours.as_ref().map_or(0, |hours| hours.impossible);
        if impossible > 0 {
            let note = format!(
                "Crashlytics counts more crashed than there were in {impossible} windows: they are left out"
            );
            notes.push(note.into());
        }
        let (sessions, width) = match hours {
            Some(hours) => (hours.sessions, HOUR),
            None => {
                notes.push("Crashlytics gives no complete hours here: reading days".into());
                let mut sessions = days.sessions;
                // A day that begins before the last hour read ended would count its sessions twice.
                let seam = self.memory().hours_until.map(|until| ceil(until, DAY));
                sessions.retain(|(_, start), _| seam.is_none_or(|seam| *start >= seam));
                (sessions, DAY)
            }
        };
        Ok(Windows {
            sessions,
            width,
            users: days.users,
        })
    }

    /// `None` where the server does not give hours, or leaves some out: remembered.
    async fn hours(
        &self,
        owners: &Owners,
        (from, to): (Timestamp, Timestamp),
        days: &Read,
    ) -> Result<Option<Read>, CrashlyticsError> {
        let from = floor(from, HOUR);
        let read = self.grains(owners, FATAL, "TIME_GRANULARITY_HOUR", HOUR, (from, to));
        match read.await {
            Ok(read)
                if !read.uneven
                    && !windows::hours_are_missing(&read.sessions, &days.sessions, from) =>
            {
                self.memory().hours_until = Some(ceil(to, HOUR));
                Ok(Some(read))
            }
            Err(error) if !error.is_bad_request() => Err(error),
            _ => {
                self.memory().no_hours = true;
                Ok(None)
            }
        }
    }

    /// Whole days; where the server has no grain of a day, by a question a day.
    async fn days(
        &self,
        owners: &Owners,
        errors: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Read, CrashlyticsError> {
        let from = floor(from, DAY);
        if !self.memory().no_days {
            let read = self.grains(owners, errors, "TIME_GRANULARITY_DAY", DAY, (from, to));
            match read.await {
                Ok(read) if !read.uneven => return Ok(read),
                Err(error) if !error.is_bad_request() => return Err(error),
                _ => {}
            }
        }
        let mut all = Read::default();
        let mut day = from;
        while day < to {
            let span = (day, (day + DAY).min(to));
            let read = self
                .grains(owners, errors, "TIME_GRANULARITY_NONE", DAY, span)
                .await?;
            if read.uneven {
                let why = "its intervals are not those asked for";
                return Err(CrashlyticsError::Nonsense { why });
            }
            all.sessions.extend(read.sessions);
            all.users.extend(read.users);
            all.without_totals |= read.without_totals;
            all.impossible += read.impossible;
            day += DAY;
        }
        self.memory().no_days = true;
        Ok(all)
    }

    async fn grains(
        &self,
        owners: &Owners,
        errors: &str,
        granularity: &str,
        width: TimeDelta,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Read, CrashlyticsError> {
        if from >= to {
            return Ok(Read::default());
        }
        let mut params: Params = versions::range((from, to));
        params.extend(versions::of(owners.keys()));
        params.push(("filter.issue.errorTypes", errors.to_owned()));
        params.push(("granularity", granularity.to_owned()));
        let groups = self.api.report(TOP_VERSIONS, &params).await?;
        let owner = |name: &str| owners.get(name).cloned();
        Ok(windows::read(&groups.all, owner, width, (from, to)))
    }

    /// Users who met an ANR; without them the report says so.
    async fn anr(
        &self,
        owners: &Owners,
        (begin, to): (Timestamp, Timestamp),
        report: &mut SourceReport,
    ) {
        match self.days(owners, ANR, (begin, to)).await {
            Ok(read) => {
                let users = windows::readings(&read.users, &Metric::AnrFreeUsers, DAY);
                report.readings.extend(users);
            }
            Err(error) => report.notes.push(missing("ANRs", error)),
        }
    }

    /// What the baseline was in the two weeks before the new version came.
    async fn past(
        &self,
        query: &HealthQuery,
        owners: &Owners,
        first: Timestamp,
        report: &mut SourceReport,
    ) {
        let key = query.baseline.as_ref().map(Version::key);
        let names = key.iter().flat_map(|key| names_of(owners, key));
        let of_baseline: Owners = names
            .filter_map(|name| Some((name, key.clone()?)))
            .collect();
        let seam = floor(first, HOUR);
        if of_baseline.is_empty() {
            report.past_from = Some(seam - LOOK_BACK);
            return;
        }
        let mut notes = Vec::new();
        let hours_until = self.memory().hours_until;
        let read = self
            .windows(&of_baseline, (seam - LOOK_BACK, seam), &mut notes)
            .await;
        // What was read of the past is no seam for what comes.
        self.memory().hours_until = hours_until;
        match read {
            Ok(mut read) => {
                // The day that holds the beginning is among the windows already.
                read.users.retain(|(_, day), _| *day + DAY <= seam);
                read.sessions
                    .retain(|(_, start), _| *start + read.width <= seam);
                self.fill(report, &read, seam - LOOK_BACK);
                report.past_from = Some(seam - LOOK_BACK);
            }
            Err(error) => {
                if error.is_bad_request() {
                    report.past_from = Some(seam);
                }
                report.notes.push(missing("past of the baseline", error));
            }
        }
    }
}

fn names_of(owners: &Owners, key: &str) -> BTreeSet<String> {
    let own = owners.iter().filter(|(_, owner)| *owner == key);
    own.map(|(name, _)| name.clone()).collect()
}

/// `8.43.0` of `8.43.0 (84300)`.
fn name_of(version: &Version, names: &BTreeSet<String>) -> Option<PlainText> {
    if version.name.is_some() {
        return version.name.clone();
    }
    let (name, _build) = names.first()?.rsplit_once(" (")?;
    Some(name.into())
}

fn missing(what: &str, error: CrashlyticsError) -> PlainText {
    format!("no {what}: {}", error.into_failure()).into()
}
