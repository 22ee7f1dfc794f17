//! Words of a person for the audit log.

use super::actions::{ACTIONS, Do};
use super::message::Effect;
use super::model::{Layer, Model};
use super::prompt::{Prompt, Purpose};
use super::theme::Tone;
use super::update::carry;
use crate::api::ActRequest;
use crate::domain::{Act, PlainText};

/// Asks the watcher to keep them. Where it cannot be asked any more, the words stay in the line.
pub(crate) fn write(model: &mut Model, text: &str) -> Vec<Effect> {
    let words = text.trim();
    if words.is_empty() {
        model.tell(Tone::Plain, "no words, no note");
        return Vec::new();
    }
    let action = ACTIONS.iter().find(|action| action.does == Do::Note);
    if let Some(why) = action.and_then(|action| action.disabled(model)) {
        model.tell(Tone::Warning, format!("not noted: {why}"));
        model.layer = Some(Layer::Prompt(Box::new(Prompt::new(Purpose::Note, text))));
        return Vec::new();
    }
    let Some(app) = model.app.clone() else {
        return Vec::new();
    };
    let request = ActRequest {
        id: carry::request_id(model),
        app: Some(app.clone()),
        act: Act::Note {
            text: PlainText::new(words),
        },
        actor: model.identity.actor(),
        reason: "from the screen".into(),
        expect: None,
    };
    carry::ask(model, format!("note on {app}"), request)
}
