//! Keys: how one is written, read and matched, and which one does what.

mod own;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::actions::{ACTIONS, Action};

pub use own::{KeymapError, Refusal};

/// A key as the table of actions names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chord {
    /// As typed: case matters, shift does not.
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

/// Keys that have a name; what stands first is what people read, in any case and by any of the names they may write it.
const NAMED: &[(&str, Chord)] = &[
    ("Space", Chord::Char(' ')),
    ("Esc", Chord::Code(KeyCode::Esc)),
    ("Enter", Chord::Code(KeyCode::Enter)),
    ("Tab", Chord::Code(KeyCode::Tab)),
    ("Shift-Tab", Chord::Code(KeyCode::BackTab)),
    ("Backspace", Chord::Code(KeyCode::Backspace)),
    ("Left", Chord::Code(KeyCode::Left)),
    ("Right", Chord::Code(KeyCode::Right)),
    ("Up", Chord::Code(KeyCode::Up)),
    ("Down", Chord::Code(KeyCode::Down)),
    ("PgUp", Chord::Code(KeyCode::PageUp)),
    ("PgDn", Chord::Code(KeyCode::PageDown)),
    ("Home", Chord::Code(KeyCode::Home)),
    ("End", Chord::Code(KeyCode::End)),
    ("Insert", Chord::Code(KeyCode::Insert)),
    ("Delete", Chord::Code(KeyCode::Delete)),
    ("Escape", Chord::Code(KeyCode::Esc)),
    ("Return", Chord::Code(KeyCode::Enter)),
    ("PageUp", Chord::Code(KeyCode::PageUp)),
    ("PageDown", Chord::Code(KeyCode::PageDown)),
    ("Ins", Chord::Code(KeyCode::Insert)),
    ("Del", Chord::Code(KeyCode::Delete)),
];

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
        if let Some((name, _)) = NAMED.iter().find(|(_, chord)| *chord == self) {
            return (*name).to_owned();
        }
        match self {
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Self::Code(code) => code.to_string(),
        }
    }

    /// The key that is written so, where a terminal can tell it from others.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return (!c.is_control() && (c == ' ' || !c.is_whitespace())).then_some(Self::Char(c));
        }
        let named = NAMED
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, chord)) = named {
            return Some(*chord);
        }
        let after = |first: &str| {
            let start = text.get(..first.len())?;
            start
                .eq_ignore_ascii_case(first)
                .then(|| text.get(first.len()..))?
        };
        if let Some(n) = after("F").and_then(|n| n.parse().ok()) {
            return matches!(n, 1..=12).then_some(Self::Code(KeyCode::F(n)));
        }
        let letter = after("Ctrl-")?.to_ascii_lowercase();
        // What is left out is Tab and Enter: the terminal sends the same.
        match *letter.as_bytes() {
            [c @ b'a'..=b'z'] if !matches!(c, b'i' | b'm') => Some(Self::Ctrl(c.into())),
            _ => None,
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
mod tests;
