//! When a watcher that runs has to begin anew: open its journal again, and make its adapters again, with the lock still held.
//!
//! What a restart would cure is not left to a person at 03:00: a disk that was full and has room again, and waits of hours where the
//! clock of the machine was put back. Must not be done for a journal that is damaged: that takes a person.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::{PlainText, Timestamp};
use crate::journal;
use crate::ports::Clock;
use crate::watcher::Watcher;

/// A clock that is put back by less makes nobody wait for long.
const LEAST: TimeDelta = TimeDelta::minutes(1);

/// Looks for it at each turn of the loop.
pub(super) struct Anew {
    /// The state folder.
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    latest: Timestamp,
    why: Option<PlainText>,
}

impl Anew {
    pub(super) fn look_from_now(dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let latest = clock.now();
        Self {
            dir,
            clock,
            latest,
            why: None,
        }
    }

    /// It is time; [`Anew::why`] says why.
    pub(super) fn is_due(&mut self, watcher: &Watcher) -> bool {
        let now = self.clock.now();
        let back = std::mem::replace(&mut self.latest, now) - now;
        if back > LEAST {
            let minutes = back.num_minutes();
            let what = format!("the clock of this machine was put back by {minutes} min");
            self.why = Some(format!("{what}: what was due is due that much earlier").into());
        } else if !watcher.may_act() && journal::room_is_back(&self.dir) {
            self.why = Some("the journal's disk has room again: haltline acts again".into());
        }
        self.why.is_some()
    }

    pub(super) fn why(self) -> Option<PlainText> {
        self.why
    }
}

#[cfg(test)]
mod tests;
