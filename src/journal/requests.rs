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
