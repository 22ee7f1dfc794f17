//! Opening: nothing is believed before it is checked. Permissions, `integrity_check`, schema, chain, anchor, in this order.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;

use super::anchor::{Anchor, Anchored};
use super::chain::{self, Head};
use super::error::Fault;
use super::reserve::{Reserve, Room};
use super::{Inner, SqliteJournal, files, int, schema};
use crate::domain::Timestamp;
use crate::ports::JournalError;

const NAME: &str = "journal.db";
/// How long one process waits for another's small transaction.
const BUSY: Duration = Duration::from_secs(5);

/// What a process means to do with the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads, asks and saves readings; appends after [`SqliteJournal::take_lease`]. Makes what is missing.
    Write,
    ReadOnly,
}

/// What a person took as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Where the anchor was; `None` where there was none that could be read.
    pub anchored: Option<u64>,
    /// Where the journal ends, and the anchor is now.
    pub found: u64,
}

impl SqliteJournal {
    /// True where a journal is there to be read.
    pub fn exists(dir: &Path) -> bool {
        dir.join(NAME).exists()
    }

    /// Opens and verifies the journal in a state directory; with [`Access::Write`] makes both where they are missing.
    pub fn open(dir: &Path, access: Access) -> Result<Self, JournalError> {
        let (journal, state) = Self::open_unanchored(dir, access)?;
        match state {
            Anchoring::Fine => Ok(journal),
            Anchoring::New => {
                let start = journal.anchor.reset(Head::START);
                start
                    .map_err(Fault::io("its anchor cannot be written"))
                    .map_err(|fault| fault.while_writing(&journal.path))?;
                Ok(journal)
            }
            Anchoring::Behind { found, anchored } => Err(JournalError::BehindAnchor {
                path: journal.path.display().to_string(),
                found,
                anchored: anchored.seq,
            }),
            Anchoring::Unproven { what, .. } => Err(JournalError::Damaged {
                path: journal.path.display().to_string(),
                what: format!(
                    "{what}; if you know why, take it as it is with: haltline journal accept"
                ),
            }),
        }
    }

    /// Takes a sound journal that does not fit its anchor (an old copy, a lost anchor) as it is, on a person's word, and
    /// writes down who said so. `None` where there was nothing to accept. A broken chain cannot be accepted.
    pub fn accept(dir: &Path, now: Timestamp, who: &str) -> Result<Option<Accepted>, JournalError> {
        let (journal, state) = Self::open_unanchored(dir, Access::Write)?;
        let (anchored, found) = match state {
            Anchoring::Fine | Anchoring::New => return Ok(None),
            Anchoring::Behind { anchored, found } => (Some(anchored), found),
            Anchoring::Unproven {
                anchored, found, ..
            } => (anchored, found),
        };
        journal.write(
            |tx, _lease| {
                let head = chain::head(tx)?;
                tx.execute(
                    "INSERT INTO accepts (at, who, anchor_seq, anchor_hash, head_seq, head_hash) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        now.to_rfc3339(),
                        who,
                        anchored.map(|head| int(head.seq)),
                        anchored.map(|head| head.hash),
                        int(head.seq),
                        head.hash
                    ],
                )?;
                Ok(head)
            },
            |head, _lease| {
                let reset = journal.anchor.reset(*head);
                reset.map_err(Fault::io("its anchor cannot be written"))
            },
        )?;
        Ok(Some(Accepted {
            anchored: anchored.map(|head| head.seq),
            found,
        }))
    }

    /// Another handle on what was opened and verified, for reading only.
    pub(super) fn open_again(&self) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        self.check_in_place()?;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        configure(&conn)?;
        Ok(Self {
            path: self.path.clone(),
            anchor: self.anchor.clone(),
            reserve: self.reserve.clone(),
            access: Access::ReadOnly,
            identity: self.identity,
            inner: Mutex::new(Inner {
                conn,
                lease: None,
                latched: None,
            }),
        })
    }

    fn open_unanchored(dir: &Path, access: Access) -> Result<(Self, Anchoring), JournalError> {
        let path = dir.join(NAME);
        let reserve = Reserve::in_dir(dir);
        loop {
            let fault = match prepare(dir, access) {
                Ok(opened) => return Ok(opened),
                // SQLite wants files of its own beside the database.
                Err(fault) if access == Access::Write && fault.is_full() => fault,
                Err(fault) if access == Access::Write => return Err(fault.while_writing(&path)),
                Err(fault) => return Err(fault.while_reading(&path)),
            };
            if !reserve.give(Room::Records) {
                return Err(fault.while_writing(&path));
            }
        }
    }
}

/// How the log stands to its anchor.
enum Anchoring {
    Fine,
    /// Nothing was ever appended, and there is no anchor yet.
    New,
    Behind {
        found: u64,
        anchored: Head,
    },
    Unproven {
        found: u64,
        anchored: Option<Head>,
        what: String,
    },
}

fn prepare(dir: &Path, access: Access) -> Result<(SqliteJournal, Anchoring), Fault> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let dir = match access {
        Access::Write => {
            flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
            files::private_dir(dir)
        }
        Access::ReadOnly => {
            flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
            dir.canonicalize()
        }
    }
    .map_err(Fault::io("the state directory cannot be used"))?;
    let path = dir.join(NAME);
    let anchor = Anchor::in_dir(&dir);
    for suffix in ["", "-wal", "-shm"] {
        files::check_private(&dir.join(format!("{NAME}{suffix}")))
            .map_err(|unsafe_file| Fault::Refused(unsafe_file.to_string()))?;
    }
    files::check_private(anchor.path())
        .map_err(|unsafe_file| Fault::Refused(unsafe_file.to_string()))?;

    // Two processes that both make the journal do it one after the other. Held until this function returns.
    let setup = File::open(&dir).map_err(Fault::io("the state directory cannot be read"))?;
    if access == Access::Write {
        retry_on_intr(|| flock(&setup, FlockOperation::LockExclusive))
            .map_err(|errno| Fault::io("the state directory cannot be locked")(errno.into()))?;
        files::private_options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Fault::io("it cannot be opened for writing"))?;
    } else if !path.exists() {
        return Err(Fault::Refused(
            "there is none yet; haltline watch makes it".into(),
        ));
    }
    let meta = path.metadata().map_err(Fault::io("it cannot be read"))?;
    let mut conn = Connection::open_with_flags(&path, flags)?;
    configure(&conn)?;
    integrity_check(&conn)?;
    let found = schema::version(&conn)?;
    if found > schema::known() {
        return Err(Fault::Port(JournalError::TooNew {
            path: path.display().to_string(),
            found,
            known: schema::known(),
        }));
    }
    if access == Access::Write {
        let mode: String = conn.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
        if mode != "wal" {
            return Err(Fault::Broken(format!(
                "it cannot be kept in WAL mode, only {mode}"
            )));
        }
        schema::migrate(&mut conn)?;
        files::sync_dir(&dir).map_err(Fault::io("the state directory cannot be synced"))?;
    } else if found < schema::known() {
        return Err(Fault::Refused(format!(
            "it is of schema {found}; haltline watch brings it to {}",
            schema::known()
        )));
    }
    schema::check(&conn)?;
    let state = anchoring(&mut conn, &anchor)?;
    let journal = SqliteJournal {
        path,
        anchor,
        reserve: Reserve::in_dir(&dir),
        access,
        identity: (meta.dev(), meta.ino()),
        inner: Mutex::new(Inner {
            conn,
            lease: None,
            latched: None,
        }),
    };
    Ok((journal, state))
}

fn configure(conn: &Connection) -> Result<(), Fault> {
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; \
         PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF; \
         PRAGMA cell_size_check = ON;",
    )?;
    Ok(())
}

/// Never `quick_check`: it opens a file with damaged indexes as healthy.
fn integrity_check(conn: &Connection) -> Result<(), Fault> {
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        what => Err(Fault::Broken(what.replace('\n', " "))),
    }
}

/// Verifies the whole chain and holds it against the anchor. A log that is ahead of its anchor is what a crash between
/// commit and anchor leaves, and fine.
fn anchoring(conn: &mut Connection, anchor: &Anchor) -> Result<Anchoring, Fault> {
    match compare(conn, anchor)? {
        // A watcher makes the anchor before the first record: a second look tells whether that was just now.
        Anchoring::Unproven { anchored: None, .. } => compare(conn, anchor),
        state => Ok(state),
    }
}

fn compare(conn: &mut Connection, anchor: &Anchor) -> Result<Anchoring, Fault> {
    // Before the log: a watcher that appends meanwhile moves the log first.
    let anchored = anchor
        .read()
        .map_err(Fault::io("its anchor cannot be read"))?;
    let tx = conn.transaction()?;
    let found = chain::walk(&tx, Head::START, |_row| Ok(()))?.seq;
    let place = anchor.path().display();
    let (anchored, what) = match anchored {
        Anchored::Missing if found == 0 => return Ok(Anchoring::New),
        Anchored::Missing => (None, format!("its anchor {place} is missing")),
        Anchored::Unreadable => (None, format!("its anchor {place} is damaged")),
        Anchored::At(anchored) if anchored.seq > found => {
            return Ok(Anchoring::Behind { found, anchored });
        }
        Anchored::At(anchored) if chain::head_at(&tx, anchored.seq)? == Some(anchored) => {
            return Ok(Anchoring::Fine);
        }
        Anchored::At(anchored) => (
            Some(anchored),
            format!(
                "record {} is not the one that was anchored: the past was changed",
                anchored.seq
            ),
        ),
    };
    Ok(Anchoring::Unproven {
        found,
        anchored,
        what,
    })
}
