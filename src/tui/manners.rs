//! How the screen behaves towards its terminal, beside what it draws.

use std::path::PathBuf;

use super::term::{Clipboard, Switches};

/// See the module.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Clicks and the wheel look around; the terminal's own selection then needs Shift.
    pub mouse: bool,
    pub bell: bool,
    /// The worst app in the window's title.
    pub title: bool,
    /// Where log lines go; named after a failure.
    pub log: Option<PathBuf>,
    pub(super) clipboard: Clipboard,
}

impl Manners {
    /// As far as the environment decides; `env` gives a variable's value.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        // A console without windows shows the title as garbage.
        let title = env("TERM").is_some_and(|term| term != "linux");
        Self {
            mouse: false,
            bell: true,
            title,
            log: None,
            clipboard: Clipboard::from_env(env),
        }
    }

    pub(super) fn switches(&self) -> Switches {
        Switches {
            mouse: self.mouse,
            title: self.title,
            log: self.log.clone(),
        }
    }
}
