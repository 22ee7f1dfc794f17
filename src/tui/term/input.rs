//! Keys, clicks, pastes and sizes, read on a thread of their own.
//!
//! crossterm's reader waits for the rest of a sequence that came in part, and never comes back from a terminal that is gone.
//! Neither may hold the loop, which draws what others change, and is told of the end by [`super::Endings`].

use std::io;
use std::thread;

use crossterm::event::{self, Event};
use tokio::sync::mpsc;

/// Where they come from; to be made once the terminal is taken.
pub(crate) struct Input(mpsc::Receiver<io::Result<Event>>);

impl Input {
    /// Reads from now on, for as long as the process lives.
    pub(crate) fn listen() -> io::Result<Self> {
        let (tell, told) = mpsc::channel(16);
        thread::Builder::new().name("input".into()).spawn(move || {
            loop {
                let read = event::read();
                let failed = read.is_err();
                if tell.blocking_send(read).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Self(told))
    }

    /// `None` after a failure: nothing will come any more.
    pub(crate) async fn next(&mut self) -> Option<io::Result<Event>> {
        self.0.recv().await
    }
}
