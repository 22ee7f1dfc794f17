//! The keys of what lies over the picture: dialogs, lists, lines that are typed. They are the same for everybody, whatever a
//! person's own keymap says, so that nobody has to remember what they changed in front of a question.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::state::model::Layer;

/// One kind of layer: its keys with what they do.
pub(crate) struct Keys {
    /// Where, as a heading.
    pub(crate) layer: &'static str,
    pub(crate) rows: &'static [(&'static str, &'static str)],
}

const CONFIRM: Keys = Keys {
    layer: "In a question before an act",
    rows: &[
        ("y", "do it, where one key is asked for; A for every app"),
        (
            "Esc q n",
            "nothing is done; q and n are letters where words are typed",
        ),
        ("Tab", "from the reason to the words that confirm, and back"),
        ("Enter Space", "confirm nothing"),
    ],
};
const QUIT: Keys = Keys {
    layer: "In the question before leaving",
    rows: &[("y Ctrl-C", "leave"), ("any other", "stay")],
};
const LINE: Keys = Keys {
    layer: "In a line that is typed",
    rows: &[
        ("Enter", "take it"),
        ("Esc", "leave it"),
        ("Left Right Home End", "move in it"),
        ("Ctrl-W Ctrl-U", "delete the word before, or all of it"),
    ],
};
const PALETTE: Keys = Keys {
    layer: "In the palette",
    rows: &[
        ("Enter", "open what is marked; an act still asks"),
        ("Tab", "complete its name, for words behind it"),
        (
            "Up Down",
            "mark another; from the top up to what was typed before",
        ),
        ("Esc", "close"),
    ],
};
const HELP: Keys = Keys {
    layer: "In the help",
    rows: &[
        ("j k Up Down", "mark the next row, or the one before"),
        ("PgUp PgDn Home End", "ten rows, or to an end"),
        ("/", "show only the rows that match"),
        ("Enter", "open what is marked; an act still asks"),
        ("Esc q ?", "close"),
    ],
};
const LIST: Keys = Keys {
    layer: "In what is looked at, and in lists to choose from",
    rows: &[
        ("j k Up Down", "the next row, or the one before"),
        ("PgUp PgDn Home End", "ten rows, or to an end"),
        ("Esc q", "back"),
    ],
};

const EXPORT: Keys = Keys {
    layer: "In the question what to write to a file",
    rows: &[
        ("s", "this screen as text"),
        ("m", "the incident as Markdown"),
        ("a", "the audit log as JSON lines"),
        ("Esc q", "back"),
    ],
};

const COLUMNS: Keys = Keys {
    layer: "In the list of columns",
    rows: &[
        ("Space", "show it, or hide it"),
        ("J K", "move it down, or up"),
        ("r", "as they were"),
        ("Enter Esc q", "back"),
    ],
};

/// All of them, for the help and `haltline keys`.
pub(crate) const LAYERS: &[&Keys] = &[
    &CONFIRM, &QUIT, &LINE, &PALETTE, &EXPORT, &COLUMNS, &HELP, &LIST,
];

/// Esc or q: up one level, out of every layer in which nothing is typed.
pub(crate) fn closes(key: KeyEvent) -> bool {
    is_plain(key) && matches!(key.code, KeyCode::Esc | KeyCode::Char('q'))
}

/// How far a key moves in a list: rows, down; the ends of the numbers are the ends of the list.
pub(crate) fn moves(key: KeyEvent) -> Option<isize> {
    let letter = match key.code {
        KeyCode::Char('j') => Some(1),
        KeyCode::Char('k') => Some(-1),
        _ => None,
    };
    letter.filter(|_| is_plain(key)).or_else(|| arrows(key))
}

/// The same where letters are typed.
pub(crate) fn arrows(key: KeyEvent) -> Option<isize> {
    match key.code {
        _ if !is_plain(key) => None,
        KeyCode::Down => Some(1),
        KeyCode::Up => Some(-1),
        KeyCode::PageDown => Some(10),
        KeyCode::PageUp => Some(-10),
        KeyCode::Home => Some(isize::MIN),
        KeyCode::End => Some(isize::MAX),
        _ => None,
    }
}

fn is_plain(key: KeyEvent) -> bool {
    !key.modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

/// The keys of the layer that is open, the ones to show in one line: `Enter open  Esc close`.
pub(crate) fn hints(layer: &Layer) -> &'static [(&'static str, &'static str)] {
    match layer {
        Layer::Help(help) if help.is_typing() => &[("Enter", "keep"), ("Esc", "all again")],
        Layer::Help(_) => &[("/", "filter"), ("Enter", "open"), ("Esc", "close")],
        Layer::Palette(_) => &[("Enter", "open"), ("Tab", "complete"), ("Esc", "close")],
        Layer::Prompt(_) => &[("Enter", "take it"), ("Esc", "leave it")],
        Layer::Export => &[
            ("s", "screen"),
            ("m", "summary"),
            ("a", "audit"),
            ("Esc", "back"),
        ],
        Layer::Columns(_) => &[("Space", "show or hide"), ("J K", "move"), ("Esc", "back")],
        Layer::Quit => &[("y", "leave"), ("Esc", "stay")],
        _ => &[("Esc", "back")],
    }
}

#[cfg(test)]
mod tests;
