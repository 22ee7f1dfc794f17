//! The hash chain over the records: a record that was changed, left out or put in cannot hide.
//!
//! It cannot see a tail that was cut off: that is the anchor's part.

use aws_lc_rs::digest;
use rusqlite::{Connection, OptionalExtension};

use super::error::Fault;
use super::{int, uint};
use crate::domain::Record;

pub(super) type Hash = [u8; 32];

/// The last record that is there: what the next one is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl Head {
    /// Of an empty journal.
    pub(super) const START: Self = Self {
        seq: 0,
        hash: [0; 32],
    };
}

/// One row of the records.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) term: u64,
    pub(super) body: String,
    pub(super) hash: Hash,
}

impl Row {
    pub(super) fn decode(&self) -> Result<Record, Fault> {
        decode(self.seq, &self.body)
    }
}

/// Reads a record back from its JSON.
pub(super) fn decode(seq: u64, body: &str) -> Result<Record, Fault> {
    let record: Record = serde_json::from_str(body).map_err(|error| {
        Fault::Broken(format!(
            "record {seq} cannot be read ({error}); a newer haltline may have written it"
        ))
    })?;
    if record.seq == seq {
        Ok(record)
    } else {
        Err(Fault::Broken(format!(
            "record {seq} says that it is record {}",
            record.seq
        )))
    }
}

/// SHA-256 over a label, the hash before, `seq` and `term` as big-endian 64 bit, and the record's JSON.
pub(super) fn link(before: &Hash, seq: u64, term: u64, body: &str) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"haltline/journal/v1\n");
    context.update(before);
    context.update(&seq.to_be_bytes());
    context.update(&term.to_be_bytes());
    context.update(body.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The last record, unverified.
pub(super) fn head(conn: &Connection) -> Result<Head, Fault> {
    let row = conn
        .prepare_cached("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1")?
        .query_row((), |row| {
            Ok(Head {
                seq: uint(row.get(0)?),
                hash: row.get(1)?,
            })
        })
        .optional()?;
    Ok(row.unwrap_or(Head::START))
}

/// The head as it was after record `seq`; `None` where there is no such record.
pub(super) fn head_at(conn: &Connection, seq: u64) -> Result<Option<Head>, Fault> {
    if seq == 0 {
        return Ok(Some(Head::START));
    }
    let hash = conn
        .prepare_cached("SELECT hash FROM records WHERE seq = ?1")?
        .query_row([int(seq)], |row| row.get(0))
        .optional()?;
    Ok(hash.map(|hash| Head { seq, hash }))
}

/// Replays the rows after `from` in order, checks every link, and gives each good row to `visit`; returns the last.
///
/// Says in words which record breaks the chain first.
pub(super) fn walk(
    conn: &Connection,
    from: Head,
    visit: impl FnMut(Row) -> Result<(), Fault>,
) -> Result<Head, Fault> {
    walk_some(conn, from, usize::MAX, visit)
}

/// The same of at most so many rows.
pub(super) fn walk_some(
    conn: &Connection,
    from: Head,
    most: usize,
    mut visit: impl FnMut(Row) -> Result<(), Fault>,
) -> Result<Head, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, term, body, hash FROM records NOT INDEXED WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query([int(from.seq), most])?;
    let (mut head, mut term) = (from, 0);
    while let Some(row) = rows.next()? {
        let row = Row {
            seq: uint(row.get(0)?),
            term: uint(row.get(1)?),
            body: row.get(2)?,
            hash: row.get(3)?,
        };
        if row.seq != head.seq + 1 {
            return Err(Fault::Broken(format!(
                "record {} is missing: {} is followed by {}",
                head.seq + 1,
                head.seq,
                row.seq
            )));
        }
        if row.term < term {
            return Err(Fault::Broken(format!(
                "record {} is of term {}, but the one before it of term {term}",
                row.seq, row.term
            )));
        }
        if link(&head.hash, row.seq, row.term, &row.body) != row.hash {
            return Err(Fault::Broken(format!(
                "record {} does not fit the one before it: one of the two was changed",
                row.seq
            )));
        }
        (head, term) = (
            Head {
                seq: row.seq,
                hash: row.hash,
            },
            row.term,
        );
        visit(row)?;
    }
    Ok(head)
}
