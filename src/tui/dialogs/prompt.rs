//! One line that a person types: a filter, a note, a time. Enter takes it, Esc leaves it; it never acts on a rollout.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::domain::PlainText;

/// What the line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Filter,
    Note,
    GoTo,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    pub(crate) purpose: Purpose,
    pub(crate) input: Input,
}

/// What a key did to the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// It goes on; the text may have changed.
    Stays,
    Left,
    Taken(String),
}

impl Prompt {
    pub(crate) fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            input: Input::new(text.to_owned()),
        }
    }

    pub(crate) fn press(&mut self, key: KeyEvent) -> Typed {
        match key.code {
            KeyCode::Esc => Typed::Left,
            KeyCode::Enter => Typed::Taken(self.input.value().to_owned()),
            // What cannot be seen is not typed.
            KeyCode::Char(c) if c != ' ' && PlainText::from(c.to_string()).is_empty() => {
                Typed::Stays
            }
            _ => {
                self.input.handle_event(&Event::Key(key));
                Typed::Stays
            }
        }
    }
}
