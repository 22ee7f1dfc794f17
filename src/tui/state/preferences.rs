//! What the person in front of the screen prefers, as the composition root has read it from their own file.

use crate::tui::input::keymap::Keymap;
use crate::tui::words::format::Zone;

/// See the module. The default is what everybody has without such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub keys: Keymap,
    pub zone: Zone,
    /// A theme by its name; `None` where the file names none.
    pub theme: Option<&'static str>,
    /// ASCII or Unicode, whatever the terminal looks like; `None` goes by the terminal.
    pub ascii: Option<bool>,
    /// Click and scroll.
    pub mouse: bool,
    /// Ring.
    pub bell: bool,
    /// The worst app in the window's title.
    pub title: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            keys: Keymap::default(),
            zone: Zone::Utc,
            theme: None,
            ascii: None,
            mouse: false,
            bell: true,
            title: true,
        }
    }
}
