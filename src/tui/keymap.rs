//! Keys: how one is written, read and matched.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as the table of actions names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chord {
    /// As typed: case matters, shift does not.
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

impl Chord {
    pub(crate) fn matches(self, key: KeyEvent) -> bool {
        let control = key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self {
            Self::Char(c) => !control && key.code == KeyCode::Char(c),
            Self::Ctrl(c) => {
                key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char(c)
            }
            Self::Code(code) => !control && key.code == code,
        }
    }

    /// As people read it: `H`, `Ctrl-C`, `Tab`.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Self::Code(KeyCode::BackTab) => "Shift-Tab".into(),
            Self::Code(KeyCode::PageUp) => "PgUp".into(),
            Self::Code(KeyCode::PageDown) => "PgDn".into(),
            Self::Code(code) => code.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_need_no_shift_flag_and_control_is_another_key() {
        let plain = KeyEvent::new(KeyCode::Char('H'), KeyModifiers::NONE);
        let shifted = KeyEvent::new(KeyCode::Char('H'), KeyModifiers::SHIFT);
        let control = KeyEvent::new(KeyCode::Char('H'), KeyModifiers::CONTROL);
        assert!(Chord::Char('H').matches(plain) && Chord::Char('H').matches(shifted));
        assert!(!Chord::Char('H').matches(control));
        assert!(!Chord::Char('h').matches(plain));
    }
}
