//! Everything that can happen to the screen, and everything it can ask for.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Rect;

use crate::api::client::{Details, Link};
use crate::api::wire::{History, When};
use crate::api::{ActReply, ActRequest, Me, Snapshot};
use crate::domain::{AppId, Exposure, Failure, PlainText, SourceId, Timestamp, Verb};
use crate::tui::style::theme::Tone;

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Time went on. Sent before whatever else is sent, so that an update always knows the time.
    Tick(Now),
    Snapshot(Arc<Snapshot>),
    /// There will be no newer picture.
    WatcherGone,
    /// How the watcher is reached has changed.
    Link(Link),
    /// Who the watcher takes this screen's user for.
    Me(Option<Arc<Me>>),
    /// The picture of the past that was asked for.
    Past(Result<Arc<Snapshot>, Failure>),
    History {
        app: AppId,
        history: Result<History, Failure>,
    },
    /// What became of something that the loop did: a copy, a file written.
    Told {
        tone: Tone,
        text: String,
    },
    Key(KeyEvent),
    /// On a screen of this size.
    Mouse {
        event: MouseEvent,
        area: Rect,
    },
    Paste,
    Resize,
    /// The watcher's answer to an act, and what was asked.
    Answered {
        what: String,
        reply: Option<ActReply>,
    },
    /// What came of a stop that went around the watcher.
    Stopped {
        app: AppId,
        outcome: Result<Exposure, Failure>,
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
    /// Stop it at the store, around a watcher that cannot be reached.
    Stop {
        app: AppId,
        verb: Verb,
        reason: PlainText,
    },
    /// Ask a source for more of a crash.
    Look {
        app: AppId,
        source: SourceId,
        id: PlainText,
    },
    /// Ask the watcher for a picture of the past.
    Past(When),
    /// Ask the watcher for what the charts are drawn of.
    History(AppId),
    /// Into the clipboard of the person's own terminal (OSC 52).
    Copy(String),
    /// Into a file of this name in the folder for exports.
    Write {
        name: String,
        text: String,
    },
    /// The whole audit log of an app, into a file of this name.
    Audit {
        app: AppId,
        name: String,
    },
    /// The text of the screen as it is, into a file.
    Screenshot,
    /// What the person prefers has changed: keep it.
    Remember,
    /// To the shell, until `fg`.
    Suspend,
    /// Ring once.
    Bell,
    /// Draw everything again.
    Repaint,
    Quit,
}
