//! The messages that people get: the sentence that was decided, with what helps to act on it.

use super::driver::Watcher;
use crate::domain::{PlainText, Urgency};
use crate::ports::Message;

/// One message of these; `None` where none of them waits any more.
pub(super) fn message(watcher: &Watcher, ids: Vec<u64>) -> Option<Message> {
    let first = ids.first()?;
    let tell = watcher.state.tells.get(first)?;
    Some(Message {
        ids,
        at: tell.queued,
        incident: tell.incident.clone(),
        ..of_watcher(watcher, tell.urgency, tell.text.clone())
    })
}

/// A message of the watcher itself, without a number: no journal knows of it.
pub(super) fn of_watcher(watcher: &Watcher, urgency: Urgency, text: PlainText) -> Message {
    Message {
        ids: Vec::new(),
        at: watcher.outside.clock.now(),
        urgency,
        text,
        digest: Vec::new(),
        about: None,
        facts: Vec::new(),
        command: None,
        link: None,
        on_call: None,
        incident: None,
        thread: None,
    }
}
