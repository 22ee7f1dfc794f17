//! A person's own keys, laid over the table's, and what is refused of them.
//!
//! What acts may only be where nobody gets by a slip: on a capital letter, a function key, or its own default. Looking may
//! be anywhere. Nobody is locked in: Esc and Ctrl-C go up one level whatever is written, and the help and the palette, through
//! which everything without a key is found, keep a key each.

use std::collections::BTreeMap;

use crossterm::event::KeyCode;

use super::super::actions::{ACTIONS, Action, Danger, Do};
use super::{Chord, Keymap, NAMED};
use crate::domain::suggest;

/// They go up one level, whatever else does.
const OUT: [Chord; 2] = [Chord::Code(KeyCode::Esc), Chord::Ctrl('c')];
/// What confirms in dialogs that ask for a second key: it may not be the first one too.
const CONFIRMS: [Chord; 2] = [Chord::Char('y'), Chord::Char('A')];

/// Something that is wrong with a person's own keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeymapError {
    /// The action as written, and which of its keys; `None` for all of them.
    pub action: String,
    pub key: Option<usize>,
    pub why: Refusal,
    /// What to do about it.
    pub help: String,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no action \"{0}\"")]
    NoSuchAction(String),
    #[error("\"{0}\" is no key")]
    NoSuchKey(String),
    #[error("`{key}` is both {first} and {second}")]
    Clash {
        key: String,
        first: &'static str,
        second: &'static str,
    },
    #[error("`{key}` is pressed too easily for {action}, which acts")]
    Slip { key: String, action: &'static str },
    #[error("`{key}` confirms in the dialog that {action} opens")]
    Confirms { key: String, action: &'static str },
    #[error("{0} cannot be without a key")]
    Without(&'static str),
}

/// The keys of one action: each with its place in what the person wrote; no places by default.
struct Row {
    action: &'static Action,
    keys: Vec<(Option<usize>, Chord)>,
    own: bool,
}

impl Row {
    fn refuse(&self, key: Option<usize>, why: Refusal, help: impl Into<String>) -> KeymapError {
        KeymapError {
            action: self.action.id.to_owned(),
            key,
            why,
            help: help.into(),
        }
    }
}

impl Keymap {
    /// The table's keys with the person's own over them: ids of actions with their keys as written, `[]` for none.
    ///
    /// # Errors
    /// Everything that is wrong, in one go.
    pub fn with(own: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<KeymapError>> {
        let mut errors = unknown(own);
        let rows: Vec<Row> = ACTIONS
            .iter()
            .map(|action| row(action, own.get(action.id), &mut errors))
            .collect();
        for row in &rows {
            errors.extend(row.keys.iter().filter_map(|(at, key)| slip(row, *at, *key)));
        }
        errors.extend(clashes(&rows));
        if !errors.is_empty() {
            return Err(errors);
        }
        let keys = rows.into_iter().map(|row| {
            let keys = row.keys.into_iter();
            keys.map(|(_, key)| key).collect()
        });
        Ok(Self {
            keys: keys.collect(),
        })
    }
}

fn unknown(own: &BTreeMap<String, Vec<String>>) -> Vec<KeymapError> {
    let known = || ACTIONS.iter().map(|action| action.id);
    own.keys()
        .filter(|id| !known().any(|known| known == *id))
        .map(|id| KeymapError {
            action: id.clone(),
            key: None,
            why: Refusal::NoSuchAction(id.clone()),
            help: match suggest::nearest(id, known()) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "`haltline keys` lists them all".to_owned(),
            },
        })
        .collect()
}

fn row(
    action: &'static Action,
    written: Option<&Vec<String>>,
    errors: &mut Vec<KeymapError>,
) -> Row {
    let mut row = Row {
        action,
        keys: Vec::new(),
        own: written.is_some(),
    };
    let Some(written) = written else {
        row.keys = action.keys.iter().map(|key| (None, *key)).collect();
        return row;
    };
    for (at, text) in written.iter().enumerate() {
        match Chord::read(text) {
            Some(key) if row.keys.iter().all(|(_, known)| *known != key) => {
                row.keys.push((Some(at), key));
            }
            Some(_) => {}
            None => {
                let why = Refusal::NoSuchKey(text.clone());
                errors.push(row.refuse(Some(at), why, how_to_write(text)));
            }
        }
    }
    if action.does == Do::Back {
        for key in OUT {
            if row.keys.iter().all(|(_, known)| *known != key) {
                row.keys.push((None, key));
            }
        }
    }
    if written.is_empty() && matches!(action.does, Do::Help | Do::Palette) {
        let help = "what has no key is found there: give it another one";
        errors.push(row.refuse(None, Refusal::Without(action.id), help));
    }
    row
}

fn slip(row: &Row, at: Option<usize>, key: Chord) -> Option<KeymapError> {
    let action = row.action;
    if !action.does.acts() || action.keys.contains(&key) {
        return None;
    }
    let (name, id) = (key.name(), action.id);
    if action.danger != Danger::Phrase && CONFIRMS.contains(&key) {
        let why = Refusal::Confirms {
            key: name,
            action: id,
        };
        return Some(row.refuse(at, why, "the key that opens it must be another one"));
    }
    let hard = match key {
        Chord::Char(c) => c.is_uppercase(),
        Chord::Code(code) => matches!(code, KeyCode::F(_)),
        Chord::Ctrl(_) => false,
    };
    if hard {
        return None;
    }
    let usual: Vec<String> = action.keys.iter().map(|key| key.name()).collect();
    let usual = match usual.as_slice() {
        [] => String::new(),
        usual => format!(", or its own {}", usual.join(" ")),
    };
    let help = format!("write a capital letter, a function key (F1 to F12){usual}");
    let why = Refusal::Slip {
        key: name,
        action: id,
    };
    Some(row.refuse(at, why, help))
}

fn clashes(rows: &[Row]) -> Vec<KeymapError> {
    let mut errors = Vec::new();
    for (n, second) in rows.iter().enumerate() {
        for first in rows.iter().take(n) {
            for (at, key) in &second.keys {
                let Some((before, _)) = first.keys.iter().find(|(_, known)| known == key) else {
                    continue;
                };
                // Told where the person wrote it, and what to change instead.
                let (to_blame, at, other) = if second.own && at.is_some() {
                    (second, at, first)
                } else {
                    (first, before, second)
                };
                let why = Refusal::Clash {
                    key: key.name(),
                    first: first.action.id,
                    second: second.action.id,
                };
                let help = if other.action.does == Do::Back && OUT.contains(key) {
                    format!("{} always goes up one level", key.name())
                } else {
                    let id = other.action.id;
                    format!("give {id} another key, or none: {} = []", quoted(id))
                };
                errors.push(to_blame.refuse(*at, why, help));
            }
        }
    }
    errors
}

/// As a name is written in TOML.
pub(crate) fn quoted(id: &str) -> String {
    if id.contains('.') {
        format!("\"{id}\"")
    } else {
        id.to_owned()
    }
}

/// What to write instead of what is no key.
fn how_to_write(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let same = [("ctrl-i", "Tab"), ("ctrl-m", "Enter"), ("ctrl-[", "Esc")];
    if let Some((_, key)) = same.iter().find(|(ctrl, _)| *ctrl == lower) {
        return format!("a terminal sends {key} for it: write \"{key}\"");
    }
    if let Some(letter) = lower.strip_prefix("shift-")
        && letter.chars().count() == 1
    {
        return format!("write \"{}\"", letter.to_uppercase());
    }
    if lower.starts_with("alt-") || lower.starts_with("meta-") {
        return "keys with Alt are not told apart by every terminal: write a letter, Ctrl-z or F9"
            .to_owned();
    }
    match suggest::nearest(text, NAMED.iter().map(|(name, _)| *name)) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "keys are written \"H\", \"Ctrl-z\", \"F9\", \"Tab\", \"Shift-Tab\", \"PgUp\", \"Space\", \"Enter\", \"Left\""
            .to_owned(),
    }
}
