//! Keys, clicks, pastes and sizes, read on a thread of their own.
//!
//! crossterm's reader waits for the rest of a sequence that came in part, and never comes back from a terminal that is gone.
//! Neither may hold the loop, which draws what others change, and is told of the end by [`super::Endings`].

use std::io;
use std::thread;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Where they come from; to be made once the terminal is taken, and dropped before it is given back.
pub(crate) struct Input(mpsc::Receiver<io::Result<Event>>);

impl Input {
    /// Reads from now on, until this is dropped.
    pub(crate) fn listen() -> io::Result<Self> {
        let (tell, told) = mpsc::channel(16);
        let runtime = Handle::current();
        let reader = thread::Builder::new().name("input".into());
        reader.spawn(move || runtime.block_on(read(&tell)))?;
        Ok(Self(told))
    }

    /// `None` after a failure: nothing will come any more.
    pub(crate) async fn next(&mut self) -> Option<io::Result<Event>> {
        self.0.recv().await
    }
}

/// Until nobody listens: what is typed from then on is for whoever has the terminal next.
async fn read(tell: &mpsc::Sender<io::Result<Event>>) {
    let mut events = EventStream::new();
    loop {
        let event = tokio::select! {
            () = tell.closed() => return,
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        let failed = event.is_err();
        if tell.send(event).await.is_err() || failed {
            return;
        }
    }
}
