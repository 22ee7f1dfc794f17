//! The terminal: taking it, one write a frame, and giving it back whatever happens.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The terminal while the screen has it. Dropping it gives it back; so does a panic, before its message is written.
pub(crate) struct Screen {
    backend: CrosstermBackend<BufWriter<Stdout>>,
    /// What the terminal shows now; `None` where that is not known.
    shown: Option<Buffer>,
    taken: Arc<AtomicBool>,
}

impl Screen {
    pub(crate) fn take() -> io::Result<Self> {
        // Where NO_COLOR is set crossterm would write resets in place of colours, which undo bold and reverse as well: the
        // theme leaves the colours out, not the library.
        crossterm::style::force_color_output(true);
        enable_raw_mode()?;
        let taken = Arc::new(AtomicBool::new(true));
        let before = std::panic::take_hook();
        let flag = Arc::clone(&taken);
        std::panic::set_hook(Box::new(move |info| {
            give_back(&flag);
            before(info);
        }));
        let mut out = io::stdout();
        queue!(
            out,
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        out.flush()?;
        Ok(Self {
            backend: CrosstermBackend::new(BufWriter::with_capacity(16 * 1024, io::stdout())),
            shown: None,
            taken,
        })
    }

    pub(crate) fn area(&self) -> io::Result<Rect> {
        let size = self.backend.size()?;
        Ok(Rect::new(0, 0, size.width, size.height))
    }

    /// Forgets what is shown: the next frame is drawn whole.
    pub(crate) fn forget(&mut self) {
        self.shown = None;
    }

    /// Brings the terminal to `next`: what differs, in one synchronized write. Nothing at all where nothing differs.
    pub(crate) fn show(&mut self, next: Buffer) -> io::Result<()> {
        let blank = Buffer::empty(next.area);
        let known = self.shown.take().filter(|shown| shown.area == next.area);
        let whole = known.is_none();
        let before = known.unwrap_or(blank);
        let changes = before.diff(&next);
        if whole || !changes.is_empty() {
            queue!(self.backend, BeginSynchronizedUpdate)?;
            if whole {
                self.backend.clear_region(ClearType::All)?;
            }
            self.backend.draw(changes.into_iter())?;
            queue!(self.backend, EndSynchronizedUpdate)?;
            Backend::flush(&mut self.backend)?;
        }
        self.shown = Some(next);
        Ok(())
    }

    /// Rings once; the one signal that terminal multiplexers pass on.
    pub(crate) fn ring(&mut self) -> io::Result<()> {
        self.backend.write_all(b"\x07")?;
        Backend::flush(&mut self.backend)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back(&self.taken);
    }
}

/// Once only. What cannot be written any more (the terminal is gone) needs no giving back.
fn give_back(taken: &AtomicBool) {
    if !taken.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let written = queue!(
        out,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    )
    .and_then(|()| out.flush())
    .and_then(|()| disable_raw_mode());
    drop(written);
}
