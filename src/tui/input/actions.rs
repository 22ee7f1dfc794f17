//! The one table of what can be done from the screen: names, keys, words, and why something cannot be done now.
//!
//! Dispatch, footer, help, palette, the user's keymap, `haltline keys` and the README come from it, so that none of them can
//! lie.

mod disabled;
mod table;

use super::keymap::Chord;
use crate::domain::Verb;
use crate::tui::state::model::{Model, Pane};

pub(crate) use disabled::{NO_FLAGS, instead, locked};
pub(crate) use table::ACTIONS;

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    Verb(Verb),
    /// Opens the gate as far as approval goes, or agrees to a change.
    Approve,
    Postpone,
    Acknowledge,
    /// Automation off, or on again where it is off.
    Disarm,
    /// A feature flag off.
    Flag,
    /// Words for the audit log.
    Note,
    Focus(Pane),
    NextPane,
    PreviousPane,
    NextApp,
    PreviousApp,
    /// All rollouts, and back.
    Overview,
    LastView,
    Zoom,
    /// Rows, down; the ends of the numbers are the ends of the list.
    Scroll(isize),
    /// What is marked: a rollout, a crash, an event.
    Open,
    Filter,
    Sort,
    Columns,
    /// The picture stands still, or goes on.
    Freeze,
    /// Events, forward.
    Step(isize),
    /// Minutes, forward.
    Travel(i64),
    GoTo,
    /// Out of the past.
    Live,
    Palette,
    Help,
    Copy,
    Export,
    Theme,
    Mute,
    /// The explanations of the demo.
    Hint,
    Repaint,
    /// To the shell that started it, until `fg`.
    Suspend,
    /// One level up; asks at the top.
    Back,
}

impl Do {
    /// It changes something outside of this screen, or what is recorded.
    pub(crate) fn acts(self) -> bool {
        matches!(
            self,
            Self::Verb(_)
                | Self::Approve
                | Self::Postpone
                | Self::Acknowledge
                | Self::Disarm
                | Self::Flag
                | Self::Note
        )
    }
}

/// Where an action belongs in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Act,
    Look,
    Time,
    Screen,
}

impl Scope {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Act => "Act on the rollout (each asks first)",
            Self::Look => "Look",
            Self::Time => "Time (acts are locked in the past)",
            Self::Screen => "Screen",
        }
    }
}

/// What an action may do to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Danger {
    None,
    /// Needs a second key.
    Press,
    /// Raises exposure: needs a phrase.
    Phrase,
}

/// One line of the table.
pub(crate) struct Action {
    /// In the palette, the keymap file and `haltline keys`; never changes.
    pub(crate) id: &'static str,
    pub(crate) does: Do,
    /// By default; none where it is in the palette alone.
    pub(crate) keys: &'static [Chord],
    /// For the footer; empty where it is not shown there.
    pub(crate) hint: &'static str,
    /// For the help.
    pub(crate) description: &'static str,
    pub(crate) scope: Scope,
    pub(crate) danger: Danger,
}

impl Action {
    /// Why it cannot be done now; `None` where it can.
    pub(crate) fn disabled(&self, model: &Model) -> Option<String> {
        disabled::disabled(self.does, model)
    }
}

#[cfg(test)]
mod tests {
    use super::super::keymap::Keymap;
    use super::*;

    #[test]
    fn every_key_does_one_thing_and_every_action_is_described() {
        let keys: Vec<Chord> = ACTIONS
            .iter()
            .flat_map(|action| action.keys)
            .copied()
            .collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{} is bound twice", key.name());
        }
        for action in ACTIONS {
            assert!(!action.description.is_empty());
        }
    }

    /// The README shows this table, row by row, and nothing else.
    #[test]
    fn the_readme_shows_every_key() {
        let readme = include_str!("../../../README.md");
        let (_, table) = readme.split_once("| key | does |\n|---|---|\n").unwrap();
        let shown: Vec<&str> = table
            .lines()
            .take_while(|line| line.starts_with('|'))
            .collect();
        let keymap = Keymap::default();
        let wanted = ACTIONS.iter().map(|action| {
            let keys = keymap.names(action.id).replace(' ', "` `");
            format!("| `{keys}` | {} |", action.description)
        });
        assert_eq!(shown, wanted.collect::<Vec<_>>());
    }

    /// Each row that acts, and that no other row claims to be one.
    #[test]
    fn whatever_can_hurt_users_asks_first() {
        for action in ACTIONS {
            let wanted = match action.does {
                Do::Verb(verb) if verb.lowers() => Danger::Press,
                Do::Verb(_) | Do::Approve => Danger::Phrase,
                Do::Flag | Do::Disarm | Do::Postpone | Do::Acknowledge => Danger::Press,
                // Words alone: they are typed, and change nothing.
                Do::Note => Danger::None,
                other => {
                    assert!(!other.acts(), "{}", action.id);
                    Danger::None
                }
            };
            assert_eq!(action.danger, wanted, "{}", action.id);
            assert_eq!(action.does.acts(), action.scope == Scope::Act);
        }
    }
}
