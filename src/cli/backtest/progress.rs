//! Whoever waits sees how far it is, on a terminal; whoever has waited enough stops it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::backtest::Progress;
use crate::domain::Timestamp;
use crate::policy::figures::count;
use crate::ports::{Clock as _, WallClock};

/// Cells of the bar.
const WIDTH: usize = 30;

/// A line on stderr that is written over, and the wish to stop.
#[derive(Debug)]
pub(super) struct Bar {
    cancelled: Arc<AtomicBool>,
    /// On a terminal only.
    shown: bool,
    began: Timestamp,
    /// Per mille that the line shows.
    told: AtomicUsize,
}

impl Bar {
    pub(super) fn new(cancelled: Arc<AtomicBool>) -> Self {
        Self {
            cancelled,
            shown: std::io::stderr().is_terminal(),
            began: WallClock.now(),
            told: AtomicUsize::new(usize::MAX),
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.write("");
    }

    fn write(&self, line: &str) {
        if self.shown {
            let mut err = std::io::stderr().lock();
            let written = write!(err, "\r{line}\x1b[K").and_then(|()| err.flush());
            if let Err(error) = written {
                tracing::debug!(%error, "progress lost");
            }
        }
    }
}

impl Progress for Bar {
    fn done(&self, done: usize, of: usize) {
        tracing::info!("replayed {done} of {of}");
        let mille = done * 1_000 / of.max(1);
        if !self.shown || self.told.swap(mille, Ordering::Relaxed) == mille {
            return;
        }
        let full = (WIDTH * done / of.max(1)).min(WIDTH);
        let spent = (WallClock.now() - self.began).as_seconds_f64();
        let left = spent * (of - done) as f64 / done.max(1) as f64;
        self.write(&format!(
            "[{}{}] {} of {} rollouts, about {left:.0} s left; Ctrl-C ends it with what it has",
            "#".repeat(full),
            "-".repeat(WIDTH - full),
            count(done as u64),
            count(of as u64),
        ));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
