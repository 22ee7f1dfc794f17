//! The help: every action with its key in one list, which is filtered and from which an action is opened.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::tui::input::actions::{ACTIONS, Action, Do};
use crate::tui::input::layers::{self, LAYERS};
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model};
use crate::tui::update::carry;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Help {
    /// Among the rows that match.
    pub(crate) marked: usize,
    pub(crate) filter: Input,
    typing: bool,
}

/// One line of it, under its heading.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) heading: &'static str,
    pub(crate) what: What,
}

#[derive(Clone, Copy)]
pub(crate) enum What {
    Action(&'static Action),
    /// A key of a layer, the same for everybody.
    Layer(&'static str, &'static str),
}

impl Help {
    pub(crate) fn is_typing(&self) -> bool {
        self.typing
    }

    /// The rows that match, in the order of the table.
    pub(crate) fn rows(&self, model: &Model) -> Vec<Row> {
        let words = self.filter.value().to_lowercase();
        let matches = |row: &Row| {
            let (keys, text) = match row.what {
                What::Action(action) => {
                    let text = format!("{} {}", action.id, action.description);
                    (model.keys.names(action.id), text)
                }
                What::Layer(keys, what) => (keys.to_owned(), what.to_owned()),
            };
            let whole = format!("{} {text}", row.heading).to_lowercase();
            // A key is found as it is written: `h` is not `H`.
            let is_key = keys.split(' ').any(|key| key == self.filter.value().trim());
            is_key || words.split_whitespace().all(|word| whole.contains(word))
        };
        rows().filter(matches).collect()
    }
}

/// All there are.
pub(crate) fn rows() -> impl Iterator<Item = Row> {
    let actions = ACTIONS.iter().map(|action| Row {
        heading: action.scope.title(),
        what: What::Action(action),
    });
    let layers = LAYERS.iter().flat_map(|layer| {
        layer.rows.iter().map(|(keys, what)| Row {
            heading: layer.layer,
            what: What::Layer(keys, what),
        })
    });
    actions.chain(layers)
}

/// Opens it.
pub(crate) fn open(model: &mut Model) {
    model.layer = Some(Layer::Help(Box::default()));
}

/// A key, while it is open.
pub(crate) fn press(model: &mut Model, mut help: Box<Help>, key: KeyEvent) -> Vec<Effect> {
    let rows = help.rows(model);
    let moved = if help.typing {
        layers::arrows(key)
    } else {
        layers::moves(key)
    };
    let asks = |does: Do| (model.keys.action(key)).is_some_and(|action| action.does == does);
    match key.code {
        _ if moved.is_some() => {
            let last = rows.len().saturating_sub(1);
            let to = help.marked.saturating_add_signed(moved.unwrap_or_default());
            help.marked = to.min(last);
        }
        KeyCode::Enter if help.typing => help.typing = false,
        KeyCode::Esc if help.typing => *help = Help::default(),
        _ if help.typing => {
            help.filter.handle_event(&Event::Key(key));
            help.marked = 0;
        }
        KeyCode::Enter => {
            if let Some(What::Action(action)) = rows.get(help.marked).map(|row| row.what) {
                return carry::try_out(model, action, "");
            }
        }
        _ if layers::closes(key) || asks(Do::Help) => return Vec::new(),
        _ if asks(Do::Filter) || key.code == KeyCode::Char('/') => help.typing = true,
        _ => {}
    }
    model.layer = Some(Layer::Help(help));
    Vec::new()
}

#[cfg(test)]
mod tests;
