//! The one table of what can be done from the screen: keys, words, and why something cannot be done now.
//!
//! Dispatch, footer and help come from it, so that none of them can lie.

mod disabled;

use crossterm::event::{KeyCode, KeyEvent};

use super::keymap::Chord;
use super::model::{Model, Pane};
use crate::domain::Verb;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    Verb(Verb),
    /// Opens the gate as far as approval goes, or agrees to a change.
    Approve,
    Postpone,
    Acknowledge,
    /// Automation off, or on again where it is off.
    Disarm,
    Focus(Pane),
    NextPane,
    PreviousPane,
    NextApp,
    PreviousApp,
    Zoom,
    /// Rows, down.
    Scroll(isize),
    /// The crash that is marked: its stack, and where it happens.
    Open,
    Help,
    Repaint,
    /// One level up; asks at the top.
    Back,
}

/// Where an action belongs in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Act,
    Look,
    Screen,
}

impl Scope {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Act => "Act on the rollout (each asks first)",
            Self::Look => "Look",
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
    pub(crate) does: Do,
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

    pub(crate) fn key_names(&self) -> String {
        let names: Vec<_> = self.keys.iter().map(|key| key.name()).collect();
        names.join(" ")
    }
}

const fn row(
    does: Do,
    keys: &'static [Chord],
    hint: &'static str,
    description: &'static str,
    scope: Scope,
    danger: Danger,
) -> Action {
    Action {
        does,
        keys,
        hint,
        description,
        scope,
        danger,
    }
}

use Chord::{Char, Code, Ctrl};

/// In the order of the footer and the help.
pub(crate) const ACTIONS: &[Action] = &[
    row(
        Do::Verb(Verb::Halt),
        &[Char('H')],
        "halt",
        "halt: stop and latch, an admin resumes",
        Scope::Act,
        Danger::Press,
    ),
    row(
        Do::Verb(Verb::Pause),
        &[Char('P')],
        "pause",
        "pause: stop, an operator resumes",
        Scope::Act,
        Danger::Press,
    ),
    row(
        Do::Verb(Verb::Resume),
        &[Char('R')],
        "resume",
        "resume: go on where it stopped",
        Scope::Act,
        Danger::Phrase,
    ),
    row(
        Do::Approve,
        &[Char('A')],
        "approve",
        "approve: open the gate ahead as far as approval goes, or agree to a change",
        Scope::Act,
        Danger::Phrase,
    ),
    row(
        Do::Verb(Verb::Start),
        &[Char('S')],
        "start",
        "start: haltline carries the stages out",
        Scope::Act,
        Danger::Phrase,
    ),
    row(
        Do::Verb(Verb::Advance),
        &[Char('N')],
        "advance",
        "advance: to the next stage now, whatever its gate says",
        Scope::Act,
        Danger::Phrase,
    ),
    row(
        Do::Postpone,
        &[Char('x')],
        "hold",
        "hold the announced act once, at most 15 minutes",
        Scope::Act,
        Danger::Press,
    ),
    row(
        Do::Acknowledge,
        &[Char('a')],
        "ack",
        "acknowledge: somebody is on it",
        Scope::Act,
        Danger::None,
    ),
    row(
        Do::Disarm,
        &[Char('D')],
        "disarm",
        "disarm: stop all automation for 2 hours, or arm it again",
        Scope::Act,
        Danger::Press,
    ),
    row(
        Do::NextPane,
        &[Code(KeyCode::Tab)],
        "pane",
        "next pane",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::PreviousPane,
        &[Code(KeyCode::BackTab)],
        "",
        "previous pane",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Health),
        &[Char('1')],
        "",
        "health of both versions",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Rules),
        &[Char('2')],
        "",
        "rules and their margin",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Versions),
        &[Char('3')],
        "",
        "versions and adoption",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Rollout),
        &[Char('4')],
        "",
        "rollout: stage or day, start",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Crashes),
        &[Char('5')],
        "",
        "top crashes of the new version",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Events),
        &[Char('6')],
        "",
        "events and audit",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Levers),
        &[Char('7')],
        "",
        "levers, and the way out of a stop",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Focus(Pane::Sources),
        &[Char('8')],
        "",
        "sources: how far each is read, what it gives, what users say",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Zoom,
        &[Char('z')],
        "zoom",
        "the pane alone, with all its columns",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Scroll(1),
        &[Char('j'), Code(KeyCode::Down)],
        "",
        "down",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Scroll(-1),
        &[Char('k'), Code(KeyCode::Up)],
        "",
        "up",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Scroll(10),
        &[Code(KeyCode::PageDown)],
        "",
        "ten down",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Scroll(-10),
        &[Code(KeyCode::PageUp)],
        "",
        "ten up",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Open,
        &[Code(KeyCode::Enter)],
        "",
        "look at the marked crash: its stack, devices, links",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::NextApp,
        &[Char('o'), Char(']')],
        "app",
        "next app",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::PreviousApp,
        &[Char('O'), Char('[')],
        "",
        "previous app",
        Scope::Look,
        Danger::None,
    ),
    row(
        Do::Repaint,
        &[Ctrl('l')],
        "",
        "draw everything again",
        Scope::Screen,
        Danger::None,
    ),
    row(
        Do::Back,
        &[Char('q'), Code(KeyCode::Esc), Ctrl('c')],
        "quit",
        "up one level; at the top quit",
        Scope::Screen,
        Danger::None,
    ),
    row(
        Do::Help,
        &[Char('?')],
        "help",
        "this help",
        Scope::Screen,
        Danger::None,
    ),
];

/// The action of a key.
pub(crate) fn of_key(key: KeyEvent) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|action| action.keys.iter().any(|chord| chord.matches(key)))
}

#[cfg(test)]
mod tests {
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
            assert!(!action.keys.is_empty() && !action.description.is_empty());
        }
    }

    /// The README shows this table, row by row, and nothing else.
    #[test]
    fn the_readme_shows_every_key() {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("| key | does |\n|---|---|\n").unwrap();
        let shown: Vec<&str> = table
            .lines()
            .take_while(|line| line.starts_with('|'))
            .collect();
        let wanted = ACTIONS.iter().map(|action| {
            let keys = action.key_names().replace(' ', "` `");
            format!("| `{keys}` | {} |", action.description)
        });
        assert_eq!(shown, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn whatever_can_hurt_users_asks_first() {
        for action in ACTIONS
            .iter()
            .filter(|action| matches!(action.does, Do::Verb(_)))
        {
            let Do::Verb(verb) = action.does else {
                unreachable!()
            };
            let wanted = if verb.lowers() {
                Danger::Press
            } else {
                Danger::Phrase
            };
            assert_eq!(action.danger, wanted);
        }
    }
}
