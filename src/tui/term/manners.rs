//! How the screen behaves towards its terminal, beside what it draws.

use std::path::PathBuf;

use super::{Clipboard, Switches};
use crate::tui::state::preferences::Preferences;

/// See the module.
#[derive(Clone, Debug)]
pub struct Manners {
    /// There is a window with a title.
    pub title: bool,
    /// Where log lines go; named after a failure.
    pub log: Option<PathBuf>,
    pub(in crate::tui) clipboard: Clipboard,
}

impl Manners {
    /// As far as the environment decides; `env` gives a variable's value.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        // A console without windows shows the title as garbage.
        let title = env("TERM").is_some_and(|term| term != "linux");
        Self {
            title,
            log: None,
            clipboard: Clipboard::from_env(env),
        }
    }

    pub(in crate::tui) fn switches(&self, prefers: &Preferences) -> Switches {
        Switches {
            mouse: prefers.mouse,
            title: self.title && prefers.title,
            log: self.log.clone(),
        }
    }
}
