//! The record for auditors: filtered, with terms and hashes, and the verification of all of it.

use super::SqliteJournal;
use super::anchor::{Anchored, hex};
use super::chain::{self, Head};
use super::error::Fault;
use crate::domain::{AppId, Record, Timestamp};
use crate::ports::JournalError;

/// A record with what proves it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    pub record: Record,
    /// The term of the watcher that wrote it.
    pub term: u64,
    /// SHA-256 in lower-case hex over everything up to and with this record.
    pub hash: String,
}

/// What a verification found: every record is there, in order, linked to the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub records: u64,
    /// Hash of the last record; worth keeping somewhere else.
    pub head: String,
    /// The record up to which the anchor vouches that no tail was cut; `None` where it cannot be read.
    pub anchored: Option<u64>,
}

impl SqliteJournal {
    /// The records of an app (and those of the whole watcher), from a time on, oldest first. The whole chain is checked on
    /// the way.
    pub fn audit(
        &self,
        app: Option<&AppId>,
        since: Option<Timestamp>,
    ) -> Result<Vec<AuditEntry>, JournalError> {
        self.read(|conn| {
            let mut entries = Vec::new();
            chain::walk(conn, Head::START, |row| {
                let record = row.decode()?;
                let of_app = match (app, &record.app) {
                    (Some(wanted), Some(found)) => wanted == found,
                    _ => true,
                };
                if of_app && since.is_none_or(|since| record.at >= since) {
                    entries.push(AuditEntry {
                        record,
                        term: row.term,
                        hash: hex(&row.hash),
                    });
                }
                Ok(())
            })?;
            Ok(entries)
        })
    }

    /// Replays the whole log from its rows, reads every record, and compares with the anchor.
    pub fn verify(&self) -> Result<Verification, JournalError> {
        // Before the log, which a watcher may go on with meanwhile.
        let anchored = self.anchor.read().map_err(|error| {
            Fault::io("its anchor cannot be read")(error).while_reading(&self.path)
        })?;
        self.read(|conn| {
            let head = chain::walk(conn, Head::START, |row| row.decode().map(drop))?;
            let anchored = match anchored {
                Anchored::At(anchored) if chain::head_at(conn, anchored.seq)? == Some(anchored) => {
                    Some(anchored.seq)
                }
                Anchored::At(anchored) => {
                    return Err(Fault::Broken(format!(
                        "its anchor names a record {} that is not here; the log ends at {}",
                        anchored.seq, head.seq
                    )));
                }
                Anchored::Missing | Anchored::Unreadable => None,
            };
            Ok(Verification {
                records: head.seq,
                head: hex(&head.hash),
                anchored,
            })
        })
    }
}
