//! Where what a person takes away goes: the composition root writes files and reads the journal, the screen says what.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::AppId;
use crate::tui::state::message::{Effect, Message};
use crate::tui::style::theme::Tone;

/// See the module. Both may take a while, and are called where that holds nothing up.
pub trait Files: Send + Sync {
    /// Writes a new file, never over another one; where it is, as people write it: `~/…`.
    ///
    /// # Errors
    /// In words for people: the folder or the disk.
    fn write(&self, name: &str, text: &str) -> io::Result<String>;

    /// The audit log of an app, whole, a JSON document a line.
    ///
    /// # Errors
    /// In words for people: the journal.
    fn audit(&self, app: &AppId) -> io::Result<String>;

    /// What was written so far, for the terminal that is back.
    fn written(&self) -> Vec<String>;
}

/// Carries an effect about a file out beside the screen, which goes on, and tells what came of it.
pub(crate) fn carry(files: &Arc<dyn Files>, effect: Effect, told: mpsc::Sender<Message>) {
    let files = Arc::clone(files);
    tokio::task::spawn_blocking(move || {
        let written = match effect {
            Effect::Write { name, text } => files.write(&name, &text),
            Effect::Audit { app, name } => {
                files.audit(&app).and_then(|text| files.write(&name, &text))
            }
            _ => return,
        };
        let (tone, text) = match written {
            Ok(path) => (Tone::Strong, format!("wrote {path}")),
            Err(error) => (Tone::Bad, format!("not written: {error}")),
        };
        // Nobody waits for it any more where the screen is gone.
        drop(told.blocking_send(Message::Told { tone, text }));
    });
}

/// For tests: nothing is written.
#[cfg(test)]
pub(crate) struct Nowhere;

#[cfg(test)]
impl Files for Nowhere {
    fn write(&self, _name: &str, _text: &str) -> io::Result<String> {
        Err(io::Error::other("nowhere"))
    }

    fn audit(&self, _app: &AppId) -> io::Result<String> {
        Err(io::Error::other("no journal"))
    }

    fn written(&self) -> Vec<String> {
        Vec::new()
    }
}
