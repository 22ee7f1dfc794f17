//! How far the two tables go. One that stopped taking rows looks like calm, or like a catastrophe: both are read up to the
//! same moment, and that moment is the source's freshness.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::reading::VersionShare;
use crate::ports::HealthQuery;

use super::BigQuery;
use super::error::BigQueryError;
use super::wire::Table;

pub(super) const A_DAY: TimeDelta = TimeDelta::days(1);

/// Sessions that must be missing, by the mean of the last day, before a silence counts as the table's and not the users'.
const MISSING_SESSIONS: f64 = 100.0;
/// Events that must be missing, by the sessions that there were since the last one: 12 expected and none seen is one chance
/// in 160 000.
const MISSING_EVENTS: f64 = 12.0;
/// Events a session of the calmest apps there are.
const RAREST: f64 = 1e-4;
/// A crash is reported when the app starts again: a silence of so long is none.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// What the tables say of the last day.
pub(super) struct Fresh {
    /// Up to where both have rows; `None` where there was no session at all.
    pub(super) through: Option<Timestamp>,
    pub(super) shares: Vec<VersionShare>,
    /// What stopped, in words.
    pub(super) stopped: Option<&'static str>,
}

impl BigQuery {
    pub(super) async fn fresh(&self, query: &HealthQuery) -> Result<Fresh, BigQueryError> {
        let since = query.now - A_DAY;
        let versions = self.api.ask(&self.tables.versions(since)).await?;
        let (shares, newest) = shares(&versions, query)?;
        let Some(session) = newest else {
            return Ok(Fresh {
                through: None,
                shares,
                stopped: Some("the table of sessions"),
            });
        };
        let all: u64 = shares.iter().map(|share| share.sessions).sum();
        let silence = (query.now - session).as_seconds_f64() / A_DAY.as_seconds_f64();
        let (sessions, stopped) = if all as f64 * silence >= MISSING_SESSIONS {
            let late = query.now - session >= PATIENCE;
            (session, late.then_some("the table of sessions"))
        } else {
            (query.now, None)
        };
        let table = self.api.ask(&self.tables.newest_crash(since)).await?;
        let (mut events, mut crash) = (0, None);
        for row in table.rows() {
            (events, crash) = (row.count("events")?, row.time("newest")?);
        }
        let crash = crash.unwrap_or(since);
        if sessions - crash < PATIENCE {
            return Ok(Fresh {
                through: Some(sessions),
                shares,
                stopped,
            });
        }
        let table = self.api.ask(&self.tables.sessions_since(crash)).await?;
        let mut since_then = 0;
        for row in table.rows() {
            since_then = row.count("sessions")?;
        }
        let rate = (events as f64 / all.max(1) as f64).max(RAREST);
        let silent = since_then as f64 * rate >= MISSING_EVENTS;
        Ok(Fresh {
            through: Some(if silent { crash } else { sessions }),
            shares,
            stopped: if silent {
                Some("the table of crashes")
            } else {
                stopped
            },
        })
    }
}

/// Adoption, most sessions first, and the newest session of all.
fn shares(
    table: &Table,
    query: &HealthQuery,
) -> Result<(Vec<VersionShare>, Option<Timestamp>), BigQueryError> {
    let (mut shares, mut newest) = (Vec::new(), None);
    for row in table.rows() {
        let (name, build) = (row.text("v"), row.text("b").unwrap_or_default());
        newest = newest.max(row.time("newest")?);
        let label = match name {
            Some(name) => format!("{name} ({build})"),
            None => build.to_owned(),
        };
        shares.push(VersionShare {
            label: label.into(),
            version: super::windows::owner(query, name, build),
            sessions: row.count("sessions")?,
            users: Some(row.count("users")?),
        });
    }
    shares.retain(|share| share.sessions > 0);
    shares.sort_by(|a, b| b.sessions.cmp(&a.sessions).then(a.label.cmp(&b.label)));
    Ok((shares, newest))
}
