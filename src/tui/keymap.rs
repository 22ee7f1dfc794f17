//! Keys: how one is written, read and matched, and which one does what.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::actions::{ACTIONS, Action};

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
            Self::Char(' ') => "Space".into(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Self::Code(KeyCode::BackTab) => "Shift-Tab".into(),
            Self::Code(KeyCode::PageUp) => "PgUp".into(),
            Self::Code(KeyCode::PageDown) => "PgDn".into(),
            Self::Code(code) => code.to_string(),
        }
    }
}

/// Which key does what, for this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// The keys of each action, in the order of the table.
    keys: Vec<Vec<Chord>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = ACTIONS.iter().map(|action| action.keys.to_vec());
        Self {
            keys: keys.collect(),
        }
    }
}

impl Keymap {
    fn rows(&self) -> impl Iterator<Item = (&'static Action, &Vec<Chord>)> {
        ACTIONS.iter().zip(&self.keys)
    }

    /// The action of a key.
    pub(crate) fn action(&self, key: KeyEvent) -> Option<&'static Action> {
        self.rows()
            .find(|(_, keys)| keys.iter().any(|chord| chord.matches(key)))
            .map(|(action, _)| action)
    }

    /// The keys of an action.
    pub(crate) fn keys(&self, id: &str) -> &[Chord] {
        self.rows()
            .find(|(action, _)| action.id == id)
            .map_or(&[], |(_, keys)| keys.as_slice())
    }

    /// The key to name where there is room for one; `:halt` where it has none.
    pub(crate) fn name(&self, id: &str) -> String {
        let first = self.keys(id).first().map(|key| key.name());
        first.unwrap_or_else(|| format!(":{id}"))
    }

    /// All of them.
    pub(crate) fn names(&self, id: &str) -> String {
        let names: Vec<_> = self.keys(id).iter().map(|key| key.name()).collect();
        if names.is_empty() {
            self.name(id)
        } else {
            names.join(" ")
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
