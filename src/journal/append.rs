//! Appending: one transaction, fenced by the term, linked into the chain, anchored.

use std::os::unix::fs::MetadataExt;

use rusqlite::{Connection, Transaction, params};

use super::anchor::Anchored;
use super::chain::{self, Head};
use super::error::Fault;
use super::{Lease, SqliteJournal, int, uint};
use crate::domain::{Record, Timestamp};
use crate::ports::{JournalError, NewRecord};

impl SqliteJournal {
    /// Takes the right to append from whoever had it: every holder of a lower term is refused from now on. Returns the
    /// term, the fencing number for [`crate::domain::Event::WatcherStarted`].
    ///
    /// Call it while holding the [`super::WatcherLock`] of the same directory; `who` is for people (`watch, pid 4711`).
    pub fn take_lease(&self, now: Timestamp, who: &str) -> Result<u64, JournalError> {
        let lease = self.write(
            |tx, _lease| {
                let term = top_term(tx)? + 1;
                tx.execute(
                    "INSERT INTO terms (term, at, who) VALUES (?1, ?2, ?3)",
                    params![int(term), now.to_rfc3339(), who],
                )?;
                Ok(Lease {
                    term,
                    head: chain::head(tx)?,
                })
            },
            |taken, lease| {
                *lease = Some(*taken);
                Ok(())
            },
        )?;
        // Where there is no room for it, `short_of_room` says so.
        drop(self.reserve.set_aside());
        Ok(lease.term)
    }

    /// The same for whoever has followed the journal since it was opened, and takes over: what was verified then is not verified
    /// again, but the journal must not end before its anchor.
    pub fn take_over(&self, now: Timestamp, who: &str) -> Result<u64, JournalError> {
        let anchored = self.anchor.read();
        let anchored = anchored
            .map_err(Fault::io("its anchor cannot be read"))
            .map_err(|fault| fault.while_reading(&self.path))?;
        let Anchored::At(anchored) = anchored else {
            let what = "its anchor is missing or damaged".to_owned();
            return Err(Fault::Broken(what).while_reading(&self.path));
        };
        self.read(|conn| match chain::head_at(conn, anchored.seq)? {
            Some(head) if head == anchored => Ok(()),
            _ => Err(Fault::Broken(format!(
                "record {} is not the one that was anchored",
                anchored.seq
            ))),
        })?;
        self.take_lease(now, who)
    }

    pub(super) fn append_records(
        &self,
        records: &[NewRecord],
    ) -> Result<Vec<Record>, JournalError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.append_with(records, |_tx| Ok(()))
    }

    /// Appends, and does `also` in the same transaction.
    pub(super) fn append_with(
        &self,
        records: &[NewRecord],
        also: impl Fn(&Transaction<'_>) -> Result<(), Fault>,
    ) -> Result<Vec<Record>, JournalError> {
        let (appended, _head) = self.write(
            |tx, lease| {
                let appended = insert(tx, fence(tx, lease)?, records)?;
                also(tx)?;
                Ok(appended)
            },
            |(_records, head), lease| {
                if let Some(lease) = lease {
                    lease.head = *head;
                }
                self.anchor
                    .advance(*head)
                    .map_err(Fault::io("its anchor cannot be written"))
            },
        )?;
        Ok(appended)
    }

    /// A database that was moved away or replaced while in use takes writes that nobody will find again.
    pub(super) fn check_in_place(&self) -> Result<(), Fault> {
        let meta = std::fs::symlink_metadata(&self.path)
            .map_err(Fault::io("it was removed while in use"))?;
        if (meta.dev(), meta.ino()) == self.identity {
            Ok(())
        } else {
            Err(Fault::Broken("it was replaced while in use".into()))
        }
    }
}

/// The highest term ever taken. Records count too: a damaged table of terms must not hand out a used one.
fn top_term(conn: &Connection) -> Result<u64, Fault> {
    let top = conn
        .prepare_cached(
            "SELECT max(coalesce((SELECT max(term) FROM terms), 0), \
                        coalesce((SELECT term FROM records ORDER BY seq DESC LIMIT 1), 0))",
        )?
        .query_row((), |row| row.get(0))?;
    Ok(uint(top))
}

/// Refuses everybody but the holder of the highest term.
pub(super) fn fence(tx: &Transaction<'_>, lease: Option<Lease>) -> Result<Lease, Fault> {
    let lease =
        lease.ok_or_else(|| Fault::Refused("this process did not take the lease".into()))?;
    let theirs = top_term(tx)?;
    if theirs == lease.term {
        Ok(lease)
    } else {
        Err(Fault::Port(JournalError::Deposed {
            ours: lease.term,
            theirs,
        }))
    }
}

/// The records come back as they will be read: what the engine folds now and after a restart is the same, to the bit.
fn insert(
    tx: &Transaction<'_>,
    lease: Lease,
    records: &[NewRecord],
) -> Result<(Vec<Record>, Head), Fault> {
    let mut head = chain::head(tx)?;
    if head != lease.head {
        return Err(Fault::Broken(format!(
            "it ends at record {} where haltline left it at {}: somebody changed it while in use",
            head.seq, lease.head.seq
        )));
    }
    let mut statement =
        tx.prepare_cached("INSERT INTO records (seq, term, body, hash) VALUES (?1, ?2, ?3, ?4)")?;
    let mut appended = Vec::with_capacity(records.len());
    for new in records {
        let seq = head.seq + 1;
        let body = body(seq, new)?;
        let hash = chain::link(&head.hash, seq, lease.term, &body);
        statement.execute(params![int(seq), int(lease.term), body, hash])?;
        head = Head { seq, hash };
        appended.push(decoded(seq, &body)?);
    }
    Ok((appended, head))
}

/// The JSON of a record, as it is kept and hashed.
pub(super) fn body(seq: u64, new: &NewRecord) -> Result<String, Fault> {
    let record = Record {
        seq,
        at: new.at,
        app: new.app.clone(),
        event: new.event.clone(),
    };
    serde_json::to_string(&record).map_err(|error| unwritable(&error))
}

/// An event that cannot be read back is refused before it is written, not found at the next start.
pub(super) fn decoded(seq: u64, body: &str) -> Result<Record, Fault> {
    chain::decode(seq, body).map_err(|fault| unwritable(&fault))
}

fn unwritable(why: &dyn std::fmt::Display) -> Fault {
    Fault::Refused(format!("an event has no JSON form: {why}"))
}

pub(super) fn records_after(
    conn: &Connection,
    seq: u64,
    most: usize,
) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    if let Some(from) = chain::head_at(conn, seq)? {
        chain::walk_some(conn, from, most, |row| {
            records.push(row.decode()?);
            Ok(())
        })?;
    }
    Ok(records)
}
