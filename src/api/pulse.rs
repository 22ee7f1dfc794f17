//! That the watcher's loop goes round: for whoever watches the watcher.
//!
//! On the wall, also where the watcher goes by another clock: a loop that hangs hangs for the people who wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use crate::ports::clock::{Clock as _, WallClock};

/// Beaten at each turn of the loop. A cheap handle; all clones are one pulse.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// Milliseconds since 1970.
    last: Arc<AtomicI64>,
}

impl Pulse {
    /// One that has just been beaten.
    pub fn new() -> Self {
        Self {
            last: Arc::new(AtomicI64::new(now())),
        }
    }

    pub fn beat(&self) {
        self.last.store(now(), Ordering::Relaxed);
    }

    /// How long ago it was beaten last; nothing where the clock of the machine was put back since.
    pub fn age(&self) -> TimeDelta {
        let age = now() - self.last.load(Ordering::Relaxed);
        TimeDelta::milliseconds(age.max(0))
    }
}

impl Default for Pulse {
    fn default() -> Self {
        Self::new()
    }
}

fn now() -> i64 {
    WallClock.now().timestamp_millis()
}
