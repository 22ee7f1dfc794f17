//! The crashes and ANRs of the version watched: which, how many, new or not.

use chrono::TimeDelta;

use crate::domain::{Issue, PlainText, Recurrence, Timestamp};
use crate::ports::HealthQuery;

use super::BigQuery;
use super::error::BigQueryError;
use super::poll::versions;
use super::sql::Scope;

/// How far back an issue is looked for: as long as Firebase itself keeps crashes.
const HISTORY: TimeDelta = TimeDelta::days(90);

impl BigQuery {
    /// Top issues since the version's first session, most users first. Whether one that was closed is back, the export does
    /// not tell: there are new and recurring ones.
    pub(super) async fn issues(
        &self,
        query: &HealthQuery,
        scope: &Scope,
        first: Timestamp,
    ) -> Result<Vec<Issue>, BigQueryError> {
        let table = self.api.ask(&self.tables.issues(scope)).await?;
        let mut ids = Vec::new();
        for row in table.rows() {
            ids.extend(row.text("issue").map(str::to_owned));
        }
        self.learn(query, ids, first).await?;
        let key = query.version.key();
        let memory = self.memory();
        let mut issues = Vec::new();
        for row in table.rows() {
            let Some(id) = row.text("issue") else {
                continue;
            };
            let known = memory.issues.get(&(key.clone(), id.to_owned()));
            let (first_seen, recurrence) = known.copied().unwrap_or((None, Recurrence::Recurring));
            let (title, place) = titled(row.text("title"), row.text("subtitle"));
            issues.push(Issue {
                id: id.into(),
                title,
                place,
                recurrence,
                events: row.count("events")?,
                users: row.count("users")?,
                first_seen,
                link: None,
                told_by: Vec::new(),
            });
        }
        Ok(issues)
    }

    /// Since when the issues that are not known yet are there.
    async fn learn(
        &self,
        query: &HealthQuery,
        mut ids: Vec<String>,
        first: Timestamp,
    ) -> Result<(), BigQueryError> {
        let key = query.version.key();
        {
            let memory = self.memory();
            ids.retain(|id| !memory.issues.contains_key(&(key.clone(), id.clone())));
        }
        if ids.is_empty() {
            return Ok(());
        }
        let own = versions(query);
        // Builds of the App Store may begin anew with each version, so it is time that tells there.
        let lowest = own
            .iter()
            .map(|version| version.build.as_str().parse::<i64>().ok())
            .min()
            .flatten()
            .filter(|_| query.version.name.is_none());
        let question = self.tables.history(ids, query.now - HISTORY);
        let table = self.api.ask(&question).await?;
        for row in table.rows() {
            let seen = row.time("first")?;
            let oldest = row.text("oldest").and_then(|n| n.parse::<i64>().ok());
            let new = match (lowest, oldest) {
                (Some(lowest), Some(oldest)) => oldest >= lowest,
                _ => seen.is_some_and(|seen| seen >= first),
            };
            let recurrence = if new {
                Recurrence::New
            } else {
                Recurrence::Recurring
            };
            if let Some(id) = row.text("issue") {
                let known = (key.clone(), id.to_owned());
                self.memory().issues.insert(known, (seen, recurrence));
            }
        }
        Ok(())
    }
}

/// What went wrong, and where. Crashlytics calls the place the title, and what went wrong there its subtitle.
pub(super) fn titled(title: Option<&str>, subtitle: Option<&str>) -> (PlainText, PlainText) {
    match (title.unwrap_or_default(), subtitle) {
        (title, Some(subtitle)) if !subtitle.is_empty() => (subtitle.into(), title.into()),
        (title, _) => (title.into(), PlainText::default()),
    }
}
