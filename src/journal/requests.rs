//! Requests: acts that one process asks and the watcher takes, each answered once.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::de::DeserializeOwned;

use super::error::Fault;
use crate::domain::{ActReply, ActRequest, Timestamp};

/// Asking twice with one id is asking once: the first stands.
pub(super) fn ask(tx: &Transaction<'_>, request: &ActRequest, at: Timestamp) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO requests (id, at, body) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![request.id, at.to_rfc3339(), encode(request)?])?;
    Ok(())
}

pub(super) fn open(conn: &Connection) -> Result<Vec<ActRequest>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT body FROM requests WHERE reply IS NULL ORDER BY number")?;
    let mut rows = statement.query(())?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        open.push(decode(&row.get::<_, String>(0)?)?);
    }
    Ok(open)
}

/// The first answer stands; one to an id that nobody asked under is not kept.
pub(super) fn answer(tx: &Transaction<'_>, id: &str, reply: &ActReply) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE requests SET reply = ?2 WHERE id = ?1 AND reply IS NULL")?
        .execute(params![id, encode(reply)?])?;
    Ok(())
}

/// How many answers are kept at least: whoever asks again after a lost one does so within minutes.
const KEPT: i64 = 10_000;

/// A request with its answer, in one step; the first answer stands. Answers that nobody will ask for again go.
pub(super) fn keep(
    tx: &Transaction<'_>,
    request: &ActRequest,
    reply: &ActReply,
    at: Timestamp,
) -> Result<(), Fault> {
    ask(tx, request, at)?;
    answer(tx, &request.id, reply)?;
    tx.prepare_cached(
        "DELETE FROM requests WHERE reply IS NOT NULL AND number <= (SELECT max(number) FROM requests) - ?1",
    )?
    .execute([KEPT])?;
    Ok(())
}

pub(super) fn asked(
    conn: &Connection,
    id: &str,
) -> Result<Option<(ActRequest, Option<ActReply>)>, Fault> {
    let row: Option<(String, Option<String>)> = conn
        .prepare_cached("SELECT body, reply FROM requests WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(body, reply)| Ok((decode(&body)?, reply.map(|text| decode(&text)).transpose()?)))
        .transpose()
}

pub(super) fn reply_to(conn: &Connection, id: &str) -> Result<Option<ActReply>, Fault> {
    let reply: Option<Option<String>> = conn
        .prepare_cached("SELECT reply FROM requests WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    reply.flatten().map(|text| decode(&text)).transpose()
}

fn encode(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value)
        .map_err(|error| Fault::Refused(format!("a request has no JSON form: {error}")))
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::Broken(format!("a request cannot be read: {error}")))
}
