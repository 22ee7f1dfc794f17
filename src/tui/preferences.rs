//! What the person in front of the screen prefers, as the composition root has read it from their own file.

use super::format::Zone;
use super::keymap::Keymap;

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
        }
    }
}
