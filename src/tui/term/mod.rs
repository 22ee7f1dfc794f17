//! The terminal: taking it, one write a frame, and giving it back whatever happens.
//!
//! Writes its own few sequences, so that a frame in which nothing differs is nothing at all and one in which a digit differs
//! is a few dozen bytes. Knows nothing of the model.

mod clipboard;
mod ending;
mod held;
mod input;
pub(super) mod manners;
pub(super) mod offscreen;
mod paint;
mod suspend;
mod tty;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(crate) use clipboard::{Clipboard, Copied};
pub(crate) use ending::{Ending, Endings};
pub(crate) use input::Input;
pub(crate) use suspend::Suspension;
pub use tty::{NoTerminal, check};

use held::Held;
use paint::Painter;

/// What is switched on beside the screen itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switches {
    pub(crate) mouse: bool,
    pub(crate) title: bool,
    /// Where log lines go; named after a failure.
    pub(crate) log: Option<PathBuf>,
}

/// The terminal while the screen has it. Dropping it gives it back; so does a panic, before its message is written.
pub(crate) struct Screen {
    held: Arc<Held>,
    painter: Painter,
    /// What the terminal shows now; `None` where that is not known.
    shown: Option<Buffer>,
    title: String,
}

impl Screen {
    pub(crate) fn take(switches: Switches) -> io::Result<Self> {
        let held = Held::new(switches);
        held.take()?;
        held.give_back_on_panic();
        Ok(Self {
            held,
            painter: Painter::default(),
            shown: None,
            title: String::new(),
        })
    }

    /// Of the whole terminal. One that does not know its size has 80 columns and 24 rows.
    pub(crate) fn area() -> io::Result<Rect> {
        let (wide, high) = match terminal::size()? {
            (0, _) | (_, 0) => (80, 24),
            size => size,
        };
        Ok(Rect::new(0, 0, wide, high))
    }

    /// Forgets what is shown: the next frame is drawn whole.
    pub(crate) fn forget(&mut self) {
        self.shown = None;
    }

    /// Brings the terminal to `next`: what differs, in one synchronized write. Nothing at all where nothing differs.
    pub(crate) fn show(&mut self, next: Buffer, title: &str) -> io::Result<()> {
        let known = self.shown.take().filter(|shown| shown.area == next.area);
        if known.is_none() {
            self.painter.erase();
        }
        let before = known.unwrap_or_else(|| Buffer::empty(next.area));
        self.painter.changes(&before, &next);
        self.shown = Some(next);
        if self.held.switches().title && title != self.title {
            self.painter.title(title);
            title.clone_into(&mut self.title);
        }
        write(&self.painter.frame())
    }

    /// Rings once; the one signal that terminal multiplexers pass on.
    pub(crate) fn ring() -> io::Result<()> {
        write(b"\x07")
    }

    /// Hands `text` to the person's own clipboard.
    pub(crate) fn copy(clipboard: &mut Clipboard, text: &str) -> io::Result<Copied> {
        let (bytes, copied) = clipboard.sequence(text);
        write(&bytes)?;
        Ok(copied)
    }

    /// For the time of a suspension: as it was before, with a line that says so.
    pub(crate) fn lend(&mut self, line: &str) {
        self.held.give_back();
        drop(write(format!("{line}\n").as_bytes()));
    }

    /// Back from a suspension, or after somebody else stopped and continued this process: taken again, and drawn whole.
    pub(crate) fn retake(&mut self) -> io::Result<()> {
        self.painter = Painter::default();
        self.title.clear();
        self.forget();
        self.held.take()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.held.give_back();
        self.held.tell();
    }
}

/// In one write.
fn write(bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
