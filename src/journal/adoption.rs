//! Who ran what, over time: the shares of a source's reports, at most one set an hour, kept for some weeks.

use chrono::TimeDelta;
use rusqlite::{Connection, Transaction, params};

use super::error::Fault;
use super::{int, uint};
use crate::domain::reading::VersionShare;
use crate::domain::{AppId, PlainText, SourceId, Timestamp};
use crate::ports::Adoption;

/// A rollout with its longest pause is over by then.
const KEPT: TimeDelta = TimeDelta::days(42);
/// Versions told apart; what is beyond is one line.
const MOST: usize = 20;
/// What the rest is called.
const REST: &str = "others";

const HOUR: i64 = 3_600_000;

/// The hour that a moment is in: what there is one set of.
pub(super) fn hour(at: Timestamp) -> i64 {
    at.timestamp_millis().div_euclid(HOUR)
}

/// The first hour that is still kept.
pub(super) fn first_kept(now: Timestamp) -> i64 {
    hour(now - KEPT)
}

/// The versions that are compared and the most used ones, and the rest as one.
pub(super) fn cut(shares: &[VersionShare]) -> Vec<VersionShare> {
    let mut all = shares.to_vec();
    all.sort_by_key(|share| (share.version.is_none(), std::cmp::Reverse(share.sessions)));
    let rest = all.split_off(all.len().min(MOST));
    if !rest.is_empty() {
        let users = rest.iter().map(|share| share.users);
        all.push(VersionShare {
            label: REST.into(),
            version: None,
            sessions: rest.iter().map(|share| share.sessions).sum(),
            users: users.sum(),
        });
    }
    all
}

/// The first report of an hour is the one that is kept of it.
pub(super) fn save(
    tx: &Transaction<'_>,
    app: &AppId,
    source: &SourceId,
    observed: Timestamp,
    shares: &[VersionShare],
) -> Result<(), Fault> {
    if shares.is_empty() {
        return Ok(());
    }
    let (id, name, this) = (app.as_str(), source.0.as_str(), hour(observed));
    let known: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM adoption WHERE app = ?1 AND source = ?2 AND hour = ?3)",
        )?
        .query_row(params![id, name, this], |row| row.get(0))?;
    if known {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM adoption WHERE app = ?1 AND source = ?2 AND hour < ?3")?
        .execute(params![id, name, first_kept(observed)])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO adoption (app, source, hour, rank, observed, label, version, sessions, users) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (rank, share) in (0_i64..).zip(cut(shares)) {
        insert.execute(params![
            id,
            name,
            this,
            rank,
            observed.timestamp_millis(),
            share.label.as_str(),
            share.version,
            int(share.sessions),
            share.users.map(int),
        ])?;
    }
    Ok(())
}

pub(super) fn load(
    conn: &Connection,
    app: &AppId,
    source: &SourceId,
    since: Timestamp,
) -> Result<Vec<Adoption>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT observed, label, version, sessions, users FROM adoption \
         WHERE app = ?1 AND source = ?2 AND hour >= ?3 AND observed >= ?4 ORDER BY hour, rank",
    )?;
    let mut rows = statement.query(params![
        app.as_str(),
        source.0.as_str(),
        hour(since),
        since.timestamp_millis()
    ])?;
    let mut all: Vec<Adoption> = Vec::new();
    while let Some(row) = rows.next()? {
        let at = Timestamp::from_timestamp_millis(row.get(0)?)
            .ok_or_else(|| Fault::Broken("the time of an adoption is out of range".into()))?;
        let share = VersionShare {
            label: PlainText::new(&row.get::<_, String>(1)?),
            version: row.get(2)?,
            sessions: uint(row.get(3)?),
            users: row.get::<_, Option<i64>>(4)?.map(uint),
        };
        match all.last_mut().filter(|last| last.at == at) {
            Some(last) => last.shares.push(share),
            None => all.push(Adoption {
                at,
                shares: vec![share],
            }),
        }
    }
    Ok(all)
}
