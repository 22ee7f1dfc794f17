//! What is switched on while the screen has the terminal, and switching it off again exactly once, a panic included.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::{Switches, write};

/// Keeps the window's title for later, a screen of its own, pastes marked as such, no cursor.
const ON: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// The same backwards; a frame may have been cut in the middle, in any style.
const OFF: &str = "\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1049l\x1b[?25h";
/// Clicks and the wheel, without limits to the column.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
const KEEP_TITLE: &str = "\x1b[22;2t";
/// Empty for terminals that keep no titles, and then the one that was kept.
const OLD_TITLE: &str = "\x1b]2;\x1b\\\x1b[23;2t";

/// See the module.
pub(super) struct Held {
    on: AtomicBool,
    switches: Switches,
    /// The loop's thread. What fails elsewhere does not end the screen.
    owner: ThreadId,
    /// Failures elsewhere, told once the terminal is back.
    failed: Mutex<Vec<String>>,
}

impl Held {
    pub(super) fn new(switches: Switches) -> Arc<Self> {
        Arc::new(Self {
            on: AtomicBool::new(false),
            switches,
            owner: thread::current().id(),
            failed: Mutex::new(Vec::new()),
        })
    }

    pub(super) fn switches(&self) -> &Switches {
        &self.switches
    }

    /// Again and again, if need be: somebody else may have changed the terminal in the meantime.
    pub(super) fn take(&self) -> io::Result<()> {
        enable_raw_mode()?;
        let anew = !self.on.swap(true, Ordering::SeqCst);
        let mut bytes = String::new();
        if self.switches.title && anew {
            bytes.push_str(KEEP_TITLE);
        }
        bytes.push_str(ON);
        if self.switches.mouse {
            bytes.push_str(MOUSE_ON);
        }
        write(bytes.as_bytes())
    }

    /// Once only. What cannot be written any more (the terminal is gone) needs no giving back.
    pub(super) fn give_back(&self) {
        if !self.on.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut bytes = String::new();
        if self.switches.mouse {
            bytes.push_str(MOUSE_OFF);
        }
        bytes.push_str(OFF);
        if self.switches.title {
            bytes.push_str(OLD_TITLE);
        }
        drop(write(bytes.as_bytes()));
        drop(disable_raw_mode());
    }

    /// A panic of the loop gives the terminal back before it is told; one elsewhere is kept until then, since its words would
    /// tear the picture.
    pub(super) fn give_back_on_panic(self: &Arc<Self>) {
        let before = std::panic::take_hook();
        let held = Arc::clone(self);
        std::panic::set_hook(Box::new(move |info| {
            let ours = thread::current().id() == held.owner;
            if !ours && held.on.load(Ordering::SeqCst) {
                tracing::error!("{info}");
                held.failures().push(info.to_string());
                return;
            }
            let shown = held.on.load(Ordering::SeqCst);
            held.give_back();
            before(info);
            if shown {
                held.point_to_log();
            }
        }));
    }

    /// What failed elsewhere while the screen was up.
    pub(super) fn tell(&self) {
        let failed = std::mem::take(&mut *self.failures());
        for what in &failed {
            drop(writeln!(io::stderr(), "haltline: {what}"));
        }
        if !failed.is_empty() {
            self.point_to_log();
        }
    }

    fn point_to_log(&self) {
        if let Some(log) = &self.switches.log {
            let log = log.display();
            drop(writeln!(io::stderr(), "haltline: what led to it: {log}"));
        }
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
