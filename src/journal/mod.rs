//! The record on disk: SQLite in WAL mode with `synchronous = FULL`, hash-chained, anchored in a second file, appended to
//! by one holder of the highest term; the readings; the requests of people; and, beside the database, the lock of the one
//! acting watcher and the red button.
//!
//! Must not know what an event means.
//!
//! Files in the state directory, all 0600: `journal.db` (with `-wal` and `-shm`), `journal.anchor`, `journal.reserve`, `watcher.lock`,
//! `disarmed.json`, and `DISARM` where somebody dropped it.

mod adoption;
mod anchor;
mod append;
mod as_of;
mod audit;
mod chain;
pub mod disarm;
mod error;
mod files;
mod lock;
mod memory;
mod open;
mod readings;
mod requests;
mod reserve;
mod schema;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use audit::{AuditEntry, Verification};
pub use lock::{Holder, WatcherLock};
pub use memory::MemoryJournal;
pub use open::{Accepted, Access};

use crate::domain::{
    ActReply, ActRequest, AppId, Metric, Record, SourceId, SourceReport, Timestamp,
};
use crate::ports::{Adoption, Heard, Journal, JournalError, NewRecord, Series};
use anchor::Anchor;
use chain::Head;
use error::Fault;
pub use reserve::room_is_back;
use reserve::{Reserve, Room};

/// The journal of one state directory. Any number of processes may have it open; see [`SqliteJournal::take_lease`] for
/// who may append.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    anchor: Anchor,
    reserve: Reserve,
    access: Access,
    /// Device and inode of the database: what is at `path` must stay this file.
    identity: (u64, u64),
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    conn: Connection,
    lease: Option<Lease>,
    /// The first failed write: there is no second.
    latched: Option<String>,
}

/// The right to append.
#[derive(Clone, Copy, Debug)]
struct Lease {
    term: u64,
    /// The last record as this holder knows it; nobody else can have moved it.
    head: Head,
}

impl SqliteJournal {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on one consistent picture of the database.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, JournalError> {
        let mut inner = self.lock();
        let result = inner
            .conn
            .transaction()
            .map_err(Fault::from)
            .and_then(|tx| work(&tx));
        result.map_err(|fault| fault.while_reading(&self.path))
    }

    /// Runs `work` in one write transaction, then `after` once it is committed; on a full disk again in the room that was set
    /// aside. Any failure that leaves it open what the disk holds latches the journal: nothing more is written until it is
    /// opened anew.
    fn write<T>(
        &self,
        work: impl Fn(&Transaction<'_>, Option<Lease>) -> Result<T, Fault>,
        after: impl Fn(&T, &mut Option<Lease>) -> Result<(), Fault>,
    ) -> Result<T, JournalError> {
        self.write_in(Room::Records, work, after)
    }

    fn write_in<T>(
        &self,
        room: Room,
        work: impl Fn(&Transaction<'_>, Option<Lease>) -> Result<T, Fault>,
        after: impl Fn(&T, &mut Option<Lease>) -> Result<(), Fault>,
    ) -> Result<T, JournalError> {
        let refuse = |what: String| JournalError::NotWritable {
            path: self.path.display().to_string(),
            what,
        };
        if self.access == Access::ReadOnly {
            return Err(refuse("it was opened for reading only".into()));
        }
        let mut inner = self.lock();
        if let Some(first) = &inner.latched {
            return Err(refuse(format!(
                "an earlier write failed ({first}); free the cause, then start haltline again"
            )));
        }
        let Inner { conn, lease, .. } = &mut *inner;
        let committed = self.while_there_is_room(room, || {
            self.check_in_place()?;
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&tx, *lease)?;
            tx.commit()?;
            Ok(value)
        });
        // Not one step with the above: what is committed must not be committed again.
        let result = committed.and_then(|value| {
            self.while_there_is_room(room, || after(&value, lease))?;
            Ok(value)
        });
        result.map_err(|fault| {
            // The log was rolled back, and others have room left.
            if room == Room::Readings && fault.is_full() {
                let path = self.path.display().to_string();
                return JournalError::Full { path };
            }
            let latches = fault.latches();
            let error = fault.while_writing(&self.path);
            if latches {
                inner.latched = Some(error.to_string());
            }
            error
        })
    }

    /// Tries again as long as the disk is full and room is given back.
    fn while_there_is_room<T>(
        &self,
        room: Room,
        mut work: impl FnMut() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        loop {
            match work() {
                Err(fault) if fault.is_full() && self.reserve.give(room) => {}
                done => return done,
            }
        }
    }
}

impl Journal for SqliteJournal {
    fn append(&self, records: &[NewRecord]) -> Result<Vec<Record>, JournalError> {
        self.append_records(records)
    }

    fn append_answered(
        &self,
        records: &[NewRecord],
        request: &ActRequest,
        reply: &ActReply,
        at: Timestamp,
    ) -> Result<Vec<Record>, JournalError> {
        self.append_with(records, |tx| requests::keep(tx, request, reply, at))
    }

    fn records_after(&self, seq: u64) -> Result<Vec<Record>, JournalError> {
        self.read(|conn| append::records_after(conn, seq, usize::MAX))
    }

    fn some_after(&self, seq: u64, most: usize) -> Result<Vec<Record>, JournalError> {
        self.read(|conn| append::records_after(conn, seq, most))
    }

    fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        let reader = self.open_again();
        let reader = reader.map_err(|fault| fault.while_reading(&self.path))?;
        Ok(Box::new(reader))
    }

    fn save_report(
        &self,
        app: &AppId,
        source: &SourceId,
        observed_at: Timestamp,
        report: &SourceReport,
    ) -> Result<(), JournalError> {
        self.write_in(
            Room::Readings,
            |tx, _lease| {
                readings::save(tx, app, source, observed_at, report)?;
                adoption::save(tx, app, source, observed_at, &report.shares)
            },
            |(), _lease| Ok(()),
        )
    }

    fn readings(
        &self,
        app: &AppId,
        versions: &[String],
        metrics: Option<&[Metric]>,
        since: Timestamp,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<Series>, JournalError> {
        self.read(|conn| readings::load(conn, app, versions, metrics, since, as_of))
    }

    fn heard(&self, app: &AppId, by: Timestamp) -> Result<Vec<Heard>, JournalError> {
        self.read(|conn| as_of::heard(conn, app, by))
    }

    fn versions(&self, app: &AppId) -> Result<Vec<String>, JournalError> {
        self.read(|conn| readings::versions(conn, app))
    }

    fn adoption(
        &self,
        app: &AppId,
        source: &SourceId,
        since: Timestamp,
    ) -> Result<Vec<Adoption>, JournalError> {
        self.read(|conn| adoption::load(conn, app, source, since))
    }

    fn latest_reports(
        &self,
        app: &AppId,
    ) -> Result<Vec<(SourceId, Timestamp, SourceReport)>, JournalError> {
        self.read(|conn| readings::latest(conn, app))
    }

    fn reported(&self) -> Result<BTreeMap<AppId, i64>, JournalError> {
        self.read(readings::reported)
    }

    fn short_of_room(&self) -> Option<String> {
        self.reserve.look_after()
    }

    fn ask(&self, request: &ActRequest, at: Timestamp) -> Result<(), JournalError> {
        self.write(
            |tx, _lease| requests::ask(tx, request, at),
            |(), _lease| Ok(()),
        )
    }

    fn open_requests(&self) -> Result<Vec<ActRequest>, JournalError> {
        self.read(requests::open)
    }

    fn answer(&self, id: &str, reply: &ActReply) -> Result<(), JournalError> {
        self.write(
            |tx, lease| {
                append::fence(tx, lease)?;
                requests::answer(tx, id, reply)
            },
            |(), _lease| Ok(()),
        )
    }

    fn reply_to(&self, id: &str) -> Result<Option<ActReply>, JournalError> {
        self.read(|conn| requests::reply_to(conn, id))
    }

    fn asked(&self, id: &str) -> Result<Option<(ActRequest, Option<ActReply>)>, JournalError> {
        self.read(|conn| requests::asked(conn, id))
    }
}

/// SQLite's integers are signed; nothing haltline counts comes near the end of them.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The inverse of [`int`]; a negative one can only be damage, and 0 is where none of ours can be.
fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
