//! The lock of the one acting watcher of a state directory: a `flock`, which the kernel frees the moment the process dies.
//!
//! Must not be mistaken for the lease: the lock keeps a second watcher from starting, the term keeps a deposed one from
//! writing.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::files;
use crate::domain::Timestamp;
use crate::ports::Clock;

const NAME: &str = "watcher.lock";
/// How often a start looks again where somebody was only asking who holds the lock.
const LOOKS: u32 = 10_000;

/// Held for as long as this lives.
#[derive(Debug)]
pub struct WatcherLock {
    _file: File,
}

/// Who holds the lock, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: Option<u32>,
    pub since: Option<Timestamp>,
}

impl WatcherLock {
    /// Takes the lock, or tells who has it. Never waits. Makes the directory where it is missing.
    pub fn try_lock(dir: &Path, now: Timestamp) -> io::Result<Result<Self, Holder>> {
        let dir = files::private_dir(dir)?;
        files::check_private(&dir.join(NAME))?;
        let mut file = open(&dir, true)?;
        if !take(&file)? {
            return Ok(Err(read_holder(&mut file)));
        }
        Self::held(file, now).map(Ok)
    }

    /// Waits for the lock in a thread of its own, which the kernel wakes the moment the holder dies. It ends with the process;
    /// where the receiver is gone by then, the lock is given back.
    pub fn wait(
        dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> io::Result<oneshot::Receiver<io::Result<Self>>> {
        let file = open(dir, true)?;
        let (free, waiting) = oneshot::channel();
        let wait = move || {
            let taken = retry_on_intr(|| flock(&file, FlockOperation::LockExclusive));
            let taken = taken.map_err(io::Error::from);
            drop(free.send(taken.and_then(|()| Self::held(file, clock.now()))));
        };
        thread::Builder::new().name("lock".into()).spawn(wait)?;
        Ok(waiting)
    }

    /// Writes down who has the lock that was taken.
    fn held(mut file: File, now: Timestamp) -> io::Result<Self> {
        let holder = Holder {
            pid: Some(std::process::id()),
            since: Some(now),
        };
        // Who waited has read nothing yet, and the last holder's words are longer or shorter. They are for people: a disk that has
        // no room for them keeps nobody from watching.
        let words = serde_json::to_vec(&holder)?;
        let written = file
            .rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(&words));
        if let Err(error) = written {
            tracing::warn!("who watches cannot be written down: {error}");
        }
        Ok(Self { _file: file })
    }

    /// Who holds the lock now; `None` where nobody does. Changes nothing.
    pub fn holder(dir: &Path) -> io::Result<Option<Holder>> {
        let mut file = match open(dir, false) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok((!try_flock(&file, FlockOperation::NonBlockingLockShared)?)
            .then(|| read_holder(&mut file)))
    }

    /// True where a watcher runs on this directory.
    pub fn is_locked(dir: &Path) -> io::Result<bool> {
        Ok(Self::holder(dir)?.is_some())
    }
}

fn open(dir: &Path, make: bool) -> io::Result<File> {
    files::private_options()
        .read(true)
        .write(make)
        .create(make)
        .truncate(false)
        .open(dir.join(NAME))
}

/// Takes the exclusive lock. Somebody who asks holds a shared one for a moment: that is told from a watcher by sharing it,
/// and not taken for one.
fn take(file: &File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        if try_flock(file, FlockOperation::NonBlockingLockExclusive)? {
            return Ok(true);
        }
        if !try_flock(file, FlockOperation::NonBlockingLockShared)? {
            return Ok(false);
        }
        flock(file, FlockOperation::Unlock)?;
        thread::yield_now();
    }
    Ok(false)
}

fn try_flock(file: &File, how: FlockOperation) -> io::Result<bool> {
    match flock(file, how) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// What the holder wrote; empty where it has not yet.
fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    file.rewind()
        .and_then(|()| file.take(1024).read_to_string(&mut text))
        .ok()
        .and_then(|_length| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}
