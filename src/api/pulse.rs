//! That the watcher's loop goes round: for whoever watches the watcher.
//!
//! By a stopwatch, whatever the watcher's clock says: a loop that hangs hangs for the people who wait for it, also where the
//! machine's clock was set meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::ports::clock::Stopwatch;

/// Beaten at each turn of the loop. A cheap handle; all clones are one pulse.
#[derive(Clone, Debug)]
pub struct Pulse {
    last: Arc<Mutex<Stopwatch>>,
}

impl Pulse {
    /// One that has just been beaten.
    pub fn new() -> Self {
        Self {
            last: Arc::new(Mutex::new(Stopwatch::start())),
        }
    }

    pub fn beat(&self) {
        *self.last() = Stopwatch::start();
    }

    /// How long ago it was beaten last.
    pub fn age(&self) -> TimeDelta {
        TimeDelta::from_std(self.last().elapsed()).unwrap_or(TimeDelta::MAX)
    }

    fn last(&self) -> MutexGuard<'_, Stopwatch> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pulse {
    fn default() -> Self {
        Self::new()
    }
}
