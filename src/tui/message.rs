//! Everything that can happen to the screen, and everything it can ask for.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use crate::api::client::Details;
use crate::api::{ActReply, ActRequest, Snapshot};
use crate::domain::{AppId, PlainText, SourceId, Timestamp};

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Time went on. Sent before whatever else is sent, so that an update always knows the time.
    Tick(Now),
    Snapshot(Arc<Snapshot>),
    /// There will be no newer picture.
    WatcherGone,
    Key(KeyEvent),
    Paste,
    Resize,
    /// The watcher's answer to an act, and what was asked.
    Answered {
        what: String,
        reply: Option<ActReply>,
    },
    /// What a source says of a crash; `None` where the watcher is gone.
    Details {
        source: SourceId,
        id: PlainText,
        details: Option<Details>,
    },
}

/// The two times of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// The watcher's time, simulated or not: for ages and countdowns.
    pub(crate) watched: Timestamp,
    /// The time of the person in front of it: for how long a dialog stays deaf and a notice stays up.
    pub(crate) wall: Timestamp,
}

/// What the loop shall do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Ask the watcher; `what` names it in the answer.
    Ask {
        what: String,
        request: Box<ActRequest>,
    },
    /// Ask a source for more of a crash.
    Look {
        app: AppId,
        source: SourceId,
        id: PlainText,
    },
    /// Ring once.
    Bell,
    /// Draw everything again.
    Repaint,
    Quit,
}
