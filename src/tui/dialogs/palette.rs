//! Actions by name: what is typed, which match, and what is opened. An act opens its dialog; nothing acts from here.
//!
//! Words behind a name go along with it: `goto 14:28`, `theme mono`, `note rollback is ready`, `app shop-ios`. What is typed
//! whole is meant, even where it cannot be done: the next best must never open in its place.

mod offers;

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::tui::input::layers;
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model, View};
use crate::tui::style::theme::Tone;
use crate::tui::update::carry;

pub(crate) use offers::{Offer, Opens, offers};

/// So many lines are remembered, until the screen is left.
const REMEMBERED: usize = 50;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Palette {
    pub(crate) input: Input,
    /// Among the offers.
    pub(crate) marked: usize,
    /// How far back the line is from: 1 is the last one typed.
    back: usize,
}

impl Palette {
    fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
        self.marked = 0;
    }
}

/// Opens it.
pub(crate) fn open(model: &mut Model) {
    model.layer = Some(Layer::Palette(Box::default()));
}

/// A key, while it is open.
pub(crate) fn press(model: &mut Model, mut palette: Box<Palette>, key: KeyEvent) -> Vec<Effect> {
    let text = palette.input.value().to_owned();
    match key.code {
        KeyCode::Esc => return Vec::new(),
        KeyCode::Backspace if text.is_empty() => return Vec::new(),
        KeyCode::Enter => {
            let offer = offers(model, &text).into_iter().nth(palette.marked);
            if let Some(offer) = offer {
                remember(
                    model,
                    if text.trim().is_empty() {
                        &offer.name
                    } else {
                        &text
                    },
                );
                return carry_out(model, offer);
            }
            model.tell(Tone::Warning, format!("nothing is called “{text}”"));
        }
        KeyCode::Tab => {
            if let Some(offer) = offers(model, &text).get(palette.marked) {
                palette.set(&offer.completed());
            }
        }
        // Above the first offer is what was typed before.
        KeyCode::Up if palette.marked == 0 && (text.is_empty() || palette.back > 0) => {
            recall(model, &mut palette, 1);
        }
        KeyCode::Down if palette.marked == 0 && palette.back > 0 => {
            recall(model, &mut palette, -1);
        }
        KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
            let last = offers(model, &text).len().saturating_sub(1);
            let rows = layers::arrows(key).unwrap_or_default();
            palette.marked = palette.marked.saturating_add_signed(rows).min(last);
        }
        _ => {
            palette.input.handle_event(&Event::Key(key));
            if palette.input.value() != text {
                (palette.marked, palette.back) = (0, 0);
            }
        }
    }
    model.layer = Some(Layer::Palette(palette));
    Vec::new()
}

fn carry_out(model: &mut Model, offer: Offer) -> Vec<Effect> {
    match offer.opens {
        Opens::Action(action) => carry::try_out(model, action, offer.with.trim()),
        Opens::App(app) => {
            model.app_chosen = true;
            model.view = View::Rollout;
            carry::show(model, Some(app));
            Vec::new()
        }
    }
}

fn remember(model: &mut Model, text: &str) {
    if model.commands.last().is_none_or(|last| last != text) {
        model.commands.push(text.to_owned());
    }
    let many = model.commands.len().saturating_sub(REMEMBERED);
    model.commands.drain(..many);
}

/// The line that was typed so many before the one shown; past the newest one an empty line.
fn recall(model: &Model, palette: &mut Palette, older: isize) {
    let back = palette.back.saturating_add_signed(older);
    let line = model.commands.len().checked_sub(back);
    let line = line.and_then(|at| model.commands.get(at));
    if back == 0 || line.is_some() {
        palette.set(line.map_or("", String::as_str));
        palette.back = back;
    }
}

#[cfg(test)]
mod tests;
