//! Crashes as New Relic groups them: by the fingerprint of `MobileCrash`. It has no stacks in NRQL, only where the crash was.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use crate::domain::{Issue, IssueDetail, PlainText, Recurrence, Timestamp};
use crate::health::rum::collector::{MOST_ISSUES, Of, Range};
use crate::health::rum::error::RumError;

use super::NewRelic;
use super::nrql::{quoted, range};
use super::wire::groups;

/// How far back a crash is looked for in older versions.
const KNOWN_FOR: TimeDelta = TimeDelta::days(30);
const TITLE: &str = "latest(crashException) AS 'exception', latest(crashMessage) AS 'message', latest(crashLocation) AS 'location'";

impl NewRelic {
    /// The crashes of these releases, most users first.
    pub(super) async fn top(
        &self,
        releases: &BTreeSet<String>,
        (from, to): Range,
    ) -> Result<Vec<Issue>, RumError> {
        let own = self.of_releases(releases);
        let query = format!(
            "SELECT uniqueCount(uuid) AS 'users', count(*) AS 'events', {TITLE} FROM MobileCrash WHERE {own} \
             FACET crashFingerprint LIMIT {MOST_ISSUES}{}",
            range((from, to)),
        );
        let found = self.one(query).await?;
        let ids: Vec<String> = found.iter().filter_map(id).map(|id| quoted(&id)).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let known = format!(
            "SELECT min(timestamp) AS 'first', earliest(appVersion) AS 'version', earliest(appBuild) AS 'build' \
             FROM MobileCrash WHERE {} AND crashFingerprint IN ({}) FACET crashFingerprint LIMIT {MOST_ISSUES}{}",
            self.language.own(),
            ids.join(", "),
            range((to - KNOWN_FOR, to)),
        );
        let known = self.one(known).await?;
        let firsts: BTreeMap<String, &Value> = known
            .iter()
            .filter_map(|row| Some((id(row)?, row)))
            .collect();
        let mut issues: Vec<Issue> = found
            .iter()
            .filter_map(|row| {
                let id = id(row)?;
                let first = firsts.get(&id);
                Some(Issue {
                    title: title(row),
                    place: text(row, "location"),
                    recurrence: recurrence(first.copied(), releases),
                    events: number(row, "events"),
                    users: number(row, "users"),
                    first_seen: first.and_then(|first| at(first, "first")),
                    link: None,
                    id: PlainText::new(&id),
                    told_by: Vec::new(),
                })
            })
            .collect();
        issues.sort_by(|a, b| {
            (b.users, b.events)
                .cmp(&(a.users, a.events))
                .then_with(|| a.id.cmp(&b.id))
        });
        issues.truncate(MOST_ISSUES);
        Ok(issues)
    }

    pub(super) async fn detail(
        &self,
        id: &str,
        releases: &BTreeSet<String>,
        between: Range,
    ) -> Result<IssueDetail, RumError> {
        let own = format!(
            "{} AND crashFingerprint = {}",
            self.of_releases(releases),
            quoted(id)
        );
        let between = range(between);
        let most = |attribute: &str| {
            format!(
                "SELECT count(*) AS 'events' FROM MobileCrash WHERE {own} FACET {attribute} LIMIT {}{between}",
                IssueDetail::MOST_ROWS
            )
        };
        let queries = [
            format!(
                "SELECT max(timestamp) AS 'last', {TITLE} FROM MobileCrash WHERE {own}{between}"
            ),
            most("deviceModel"),
            most("osVersion"),
        ];
        let mut answers = self.run(&queries).await.into_iter();
        let mut next = || answers.next().unwrap_or_else(|| Ok(Vec::new()));
        let found = next()?;
        let row = found.first().unwrap_or(&Value::Null);
        let counted = |rows: Result<Vec<Value>, RumError>| -> Vec<(PlainText, u64)> {
            let rows = rows.unwrap_or_default();
            let named = rows.iter().filter_map(|row| {
                let name = groups(row).into_iter().next()?;
                Some((PlainText::new(&name), number(row, "events")))
            });
            named.take(IssueDetail::MOST_ROWS).collect()
        };
        let place = text(row, "location");
        Ok(IssueDetail {
            title: title(row),
            stack: Some(place).into_iter().filter(|p| !p.is_empty()).collect(),
            devices: counted(next()),
            os_versions: counted(next()),
            last_seen: at(row, "last"),
            link: None,
        })
    }

    fn of_releases(&self, releases: &BTreeSet<String>) -> String {
        let own = self.language.own();
        if releases.is_empty() {
            return own;
        }
        let of = self.language.releases(&Of::Named(releases.clone()));
        format!("{own} AND {}", of.unwrap_or_default())
    }

    async fn one(&self, query: String) -> Result<Vec<Value>, RumError> {
        let mut answers = self.run(&[query]).await.into_iter();
        answers.next().unwrap_or_else(|| Ok(Vec::new()))
    }
}

fn id(row: &Value) -> Option<String> {
    groups(row).into_iter().next()
}

/// First seen in the version is new. New Relic does not say whether a crash was resolved before, so that none regresses.
fn recurrence(first: Option<&Value>, releases: &BTreeSet<String>) -> Recurrence {
    let release = first.map(|first| {
        let part = |name: &str| match first.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        format!("{}+{}", part("version"), part("build"))
    });
    if release.is_some_and(|release| releases.contains(&release)) {
        Recurrence::New
    } else {
        Recurrence::Recurring
    }
}

fn title(row: &Value) -> PlainText {
    let parts = [text(row, "exception"), text(row, "message")];
    let parts: Vec<&str> = parts
        .iter()
        .map(PlainText::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(": ").into()
}

fn text(row: &Value, name: &str) -> PlainText {
    PlainText::new(row.get(name).and_then(Value::as_str).unwrap_or_default())
}

fn number(row: &Value, name: &str) -> u64 {
    let number = row.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    number.max(0.0).round() as u64
}

/// Milliseconds.
fn at(row: &Value, name: &str) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(row.get(name)?.as_f64()? as i64)
}
