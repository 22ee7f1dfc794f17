//! Where a key goes: to the layer on top, else through the keymap.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::export;
use super::carry;
use crate::api::ActRequest;
use crate::tui::dialogs::confirm::Outcome;
use crate::tui::dialogs::prompt::{Purpose, Typed};
use crate::tui::dialogs::{direct, help, note, palette};
use crate::tui::input::actions::Do;
use crate::tui::input::{layers, rights};
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model};
use crate::tui::state::{columns, filter, travel};
use crate::tui::style::theme::Tone;

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let control_c = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
    // The terminal's own keys work under whatever lies over the picture.
    let does = model.keys.action(key).map(|action| action.does);
    if key.modifiers.contains(KeyModifiers::CONTROL)
        && let Some(does @ (Do::Suspend | Do::Repaint)) = does
    {
        return carry::out(model, does, "");
    }
    model.notice = None;
    match model.layer.take() {
        Some(Layer::Quit) if control_c || key.code == KeyCode::Char('y') => vec![Effect::Quit],
        Some(Layer::Quit) => Vec::new(),
        _ if control_c => carry::leave(model),
        Some(Layer::Confirm(mut dialog)) => match dialog.press(key, model.now.wall) {
            Outcome::Stays => {
                model.layer = Some(Layer::Confirm(dialog));
                Vec::new()
            }
            Outcome::Cancelled => {
                model.tell(
                    Tone::Plain,
                    format!("{} cancelled: nothing was done", dialog.name),
                );
                Vec::new()
            }
            Outcome::Confirmed { reason, .. } if dialog.direct => {
                direct::ask(model, &dialog, reason)
            }
            Outcome::Confirmed { reason, every_app } => {
                let one = !every_app;
                let what = if one {
                    format!("{} {}", dialog.name, dialog.app)
                } else {
                    format!("{} every app", dialog.name)
                };
                let request = ActRequest {
                    id: carry::request_id(model),
                    app: one.then(|| dialog.app.clone()),
                    act: dialog.act,
                    actor: rights::actor(model),
                    standing: crate::domain::Standing::default(),
                    reason,
                    expect: one.then_some(dialog.revision),
                };
                carry::ask(model, what, request)
            }
        },
        Some(Layer::Columns(picker)) => {
            columns::press(model, picker, key);
            Vec::new()
        }
        Some(Layer::Crash(mut look)) => {
            if let Some(rows) = layers::moves(key) {
                look.scroll(rows);
            }
            if !layers::closes(key) {
                model.layer = Some(Layer::Crash(look));
            }
            Vec::new()
        }
        Some(Layer::Evidence(mut evidence)) => {
            if let Some(rows) = layers::moves(key) {
                evidence.scroll(rows);
            }
            if !layers::closes(key) {
                model.layer = Some(Layer::Evidence(evidence));
            }
            Vec::new()
        }
        Some(Layer::Prompt(mut prompt)) => {
            let typed = prompt.press(key);
            let purpose = prompt.purpose;
            let text = prompt.input.value().to_owned();
            if typed == Typed::Stays {
                model.layer = Some(Layer::Prompt(prompt));
            }
            match (purpose, typed) {
                (Purpose::Filter, typed) => filter::typed(model, &text, &typed),
                (Purpose::Note, Typed::Taken(text)) => note::write(model, &text),
                (Purpose::GoTo, Typed::Taken(text)) => travel::go_to(model, &text),
                _ => Vec::new(),
            }
        }
        Some(Layer::Export) => export::press(model, key),
        Some(Layer::Help(help)) => help::press(model, help, key),
        Some(Layer::Palette(palette)) => palette::press(model, palette, key),
        None => match model.keys.action(key) {
            Some(action) => carry::try_out(model, action, ""),
            None => Vec::new(),
        },
    }
}
