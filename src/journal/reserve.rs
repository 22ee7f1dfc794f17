//! Room on the disk that is set aside, so that a full one still takes the records of a halt.
//!
//! Given back bit by bit when a write finds the disk full, since whoever fills it takes what is free. The first part is for
//! whoever writes, the last for records alone: what was decided must be carried out, and what sources say may go unheard. Must
//! not decide what is written.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use super::files;

const NAME: &str = "journal.reserve";
/// In bytes: some hours of polls, and the records of hundreds of halts.
const WHOLE: u64 = 4 << 20;
/// The part that readings do not get.
const FOR_RECORDS: u64 = 1 << 20;
/// Given back at once: a record takes a few pages of the log.
const STEP: u64 = 64 << 10;
/// Set aside anew once there is so much room beside it.
const PLENTY: u64 = 4 * WHOLE;

/// Who wants room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Events, requests, answers.
    Records,
    /// What sources say: the next poll brings it again.
    Readings,
}

#[derive(Clone, Debug)]
pub(super) struct Reserve {
    dir: PathBuf,
    path: PathBuf,
}

impl Reserve {
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join(NAME),
        }
    }

    /// Takes the room, where it is not taken yet.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        if self.left() == WHOLE {
            return Ok(());
        }
        files::check_private(&self.path)?;
        let file = files::private_options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)?;
        let taken = match fallocate(&file, FallocateFlags::empty(), 0, WHOLE) {
            // A file system that cannot promise room: bytes that no disk makes smaller do as well.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.write_noise(),
            taken => taken.map_err(io::Error::from),
        };
        if taken.is_err() {
            // Half of it helps nobody, and may be what a record lacks.
            drop(file.set_len(0));
        }
        taken
    }

    fn write_noise(&self) -> io::Result<()> {
        let mut noise = vec![0; WHOLE as usize];
        aws_lc_rs::rand::fill(&mut noise).map_err(|_error| io::Error::other("no random bytes"))?;
        files::replace(&self.dir, NAME, &noise)
    }

    /// Bytes that are still set aside.
    fn left(&self) -> u64 {
        std::fs::symlink_metadata(&self.path).map_or(0, |meta| meta.len())
    }

    /// Gives some of it back. False where there is nothing left for that.
    pub(super) fn give(&self, room: Room) -> bool {
        let least = match room {
            Room::Records => 0,
            Room::Readings => FOR_RECORDS,
        };
        let left = self.left();
        if left <= least {
            return false;
        }
        let keep = left.saturating_sub(STEP).max(least);
        let file = files::private_options().write(true).open(&self.path);
        file.and_then(|file| file.set_len(keep)).is_ok()
    }

    /// Sets it aside anew once there is room for that; until then says in words what is the matter.
    pub(super) fn look_after(&self) -> Option<String> {
        let left = self.left();
        if left == WHOLE {
            return None;
        }
        if has_room(&self.dir) && self.set_aside().is_ok() {
            return None;
        }
        let state = match left {
            0 => {
                "nothing is set aside any more: haltline acts until a write fails, then it watches only"
            }
            _ => "haltline goes on in the room that was set aside, the last of it for acts alone",
        };
        let dir = self.dir.display();
        Some(format!(
            "the disk of {dir} is full: {state}; make room there"
        ))
    }
}

/// Whether a disk that was full has room again; true once, since the room is then set aside anew.
pub fn room_is_back(dir: &Path) -> bool {
    let reserve = Reserve::in_dir(dir);
    reserve.left() != WHOLE && has_room(dir) && reserve.set_aside().is_ok()
}

/// Whether there is room for the reserve, and plenty beside it. A disk that cannot be asked has none.
fn has_room(dir: &Path) -> bool {
    let free = statvfs(dir).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    free >= PLENTY
}
