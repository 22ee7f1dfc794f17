//! One poll, from the first request to the report.
//!
//! In this order: the sessions of all releases in the last day (adoption, and which release names are the versions'), the
//! windows of the two versions, their users by day, what the spans tell, the baseline's past where it is wanted, the top issues. The first two
//! must succeed; without the others the report says in a note what is missing.

use chrono::TimeDelta;

use crate::domain::{PlainText, Reading, SourceReport, Timestamp, Version};
use crate::ports::HealthQuery;

use super::Sentry;
use super::api::Sessions;
use super::error::SentryError;
use super::windows::{self, COARSE, FINE, Owners};
use super::{issues, releases, spans, users};

/// Clocks that differ by more are worth a note.
const SKEW: TimeDelta = TimeDelta::minutes(2);

impl Sentry {
    pub(super) async fn report(&self, query: &HealthQuery) -> Result<SourceReport, SentryError> {
        let mut report = SourceReport::default();
        let notes = &mut report.notes;
        let day = releases::last_day(&self.api, query.now).await?;
        note_answer(&day, notes);
        let owners = self.owners(query, &day, notes).await?;
        report.shares = releases::shares(&day, &owners, &self.template)?;
        report.read_through = Some(day.end);

        let key = query.version.key();
        let names: Vec<String> = owners
            .iter()
            .filter(|(_, owner)| **owner == key)
            .map(|(name, _)| name.clone())
            .collect();
        if names.is_empty() {
            self.memory().missed.insert(key);
            notes.push(self.unknown(&query.version, &report.shares));
            return Ok(report);
        }
        report.version_name = self.name_of(&query.version, &names, &day);

        let mut from = self.begin(query, &names).await?;
        if query.past {
            // The baseline's past ends with a whole hour: without the minutes up to the version's first session, what was read
            // of them before would count as taken back.
            from = windows::floor(from, COARSE);
        }
        let range = (from, query.now);
        let (mut read, width) = self.windows(&owners, range, notes).await?;
        if read.cut {
            notes.push("Sentry has more pages of sessions than haltline reads".into());
        }
        report.read_through = read.through.or(report.read_through);
        let a_day = releases::sessions_of(&day, &owners);
        if let Some(since) =
            windows::silent_since(&read.tallies, width, (read.from, query.now), a_day)
        {
            report.read_through = report.read_through.min(Some(since));
            let note = format!(
                "no session since {}, where there are {a_day} a day: Sentry takes none in, or does not show them",
                since.format("%Y-%m-%d %H:%M UTC")
            );
            notes.push(note.into());
        }
        report.first_session = self.first_session(&key, windows::first(&read.tallies, &key));
        if let Some(first) = report.first_session {
            // Evidence begins with the version: the baseline alone says nothing.
            let first = windows::floor(first, if query.past { COARSE } else { width });
            read.tallies.retain(|(_, start), _| *start >= first);
        }
        report.readings = windows::readings(&read.tallies, width);
        self.memory().missed.remove(&key);

        match self.users(&query.version, &owners, range).await {
            Ok(users) => report.readings.extend(users),
            Err(error) => notes.push(missing("users", error)),
        }
        let begun = report.first_session.map_or(from, |first| first.max(from));
        let spans = spans::read(&self.api, &self.figures, &owners, (begun, query.now)).await;
        report.readings.extend(spans.readings);
        report.levels = spans.levels;
        notes.extend(spans.notes);
        // The windows of this report must reach back to the past, or the time between would count as empty.
        let began = report.first_session.filter(|first| *first >= read.from);
        if let (true, Some(first)) = (query.past, began) {
            self.past(query, &owners, first, &mut report).await;
        }
        let notes = &mut report.notes;
        if self.memory().no_anr {
            notes.push("this server has no ANR rates".into());
        }
        let since = report.first_session.unwrap_or(from);
        match issues::top(&self.api, &names, (since, query.now)).await {
            Ok(top) => {
                report.issues = top.issues;
                notes.extend(top.note.map(PlainText::from));
            }
            Err(error) => notes.push(missing("top issues", error)),
        }
        Ok(report)
    }

    /// Windows as fine as the server takes them.
    pub(super) async fn windows(
        &self,
        owners: &Owners,
        (from, to): (Timestamp, Timestamp),
        notes: &mut Vec<PlainText>,
    ) -> Result<(windows::Read, TimeDelta), SentryError> {
        let (coarse, fine_until) = {
            let memory = self.memory();
            (memory.coarse, memory.fine_until)
        };
        if !coarse {
            match windows::read(&self.api, owners, (from, to), FINE).await {
                Ok(read) => {
                    self.memory().fine_until = Some(windows::ceil(to, FINE)).max(fine_until);
                    return Ok((read, FINE));
                }
                Err(error) if error.is_bad_request() => {}
                Err(error) => return Err(error),
            }
        }
        // An hour that begins before the last fine window ended would count its sessions twice.
        let seam = fine_until.map(|t| windows::ceil(t, COARSE));
        let from = seam.map_or(from, |seam| from.max(seam));
        let read = windows::read(&self.api, owners, (from, to), COARSE).await?;
        // Only now it is certain that the interval was what the server refused.
        self.memory().coarse = true;
        notes.push("this server has no 5-minute windows: reading hours".into());
        Ok((read, COARSE))
    }

    pub(super) async fn users(
        &self,
        version: &Version,
        owners: &Owners,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Reading>, SentryError> {
        // ANRs are Android's; a version with a name is one of the App Store.
        let anr = version.name.is_none() && !self.memory().no_anr;
        let read = users::read(&self.api, owners, range, anr).await;
        match read {
            Err(error) if anr && error.is_bad_request() => {
                let read = users::read(&self.api, owners, range, false).await?;
                self.memory().no_anr = true;
                Ok(read)
            }
            read => read,
        }
    }
}

pub(super) fn note_answer(sessions: &Sessions, notes: &mut Vec<PlainText>) {
    if sessions.cut {
        notes.push("Sentry lists more releases than haltline reads; those with the fewest sessions are left out".into());
    }
    let minutes = sessions.skew.num_minutes();
    if sessions.skew.abs() > SKEW {
        let side = if minutes > 0 { "ahead of" } else { "behind" };
        let note = format!(
            "Sentry's clock is {} min {side} this machine's: one of them is wrong",
            minutes.abs()
        );
        if !notes.iter().any(|n| n.as_str() == note) {
            notes.push(note.into());
        }
    }
}

pub(super) fn missing(what: &str, error: SentryError) -> PlainText {
    format!("no {what}: {}", error.into_failure()).into()
}
