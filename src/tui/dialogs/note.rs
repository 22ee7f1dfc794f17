//! Words of a person for the audit log.

use super::prompt::{Prompt, Purpose};
use crate::api::ActRequest;
use crate::domain::{Act, PlainText};
use crate::tui::input::actions::{ACTIONS, Do};
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model};
use crate::tui::style::theme::Tone;
use crate::tui::update::carry;

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
        actor: crate::tui::input::rights::actor(model),
        standing: crate::domain::Standing::default(),
        reason: "from the screen".into(),
        expect: None,
    };
    carry::ask(model, format!("note on {app}"), request)
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::tui::fixture;
    use crate::tui::state::message::Message;
    use crate::tui::tests::press;
    use crate::tui::update::update;

    fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
        for c in text.chars() {
            assert!(press(model, KeyCode::Char(c)).is_empty());
        }
        press(model, KeyCode::Enter)
    }

    #[test]
    fn a_note_is_asked_for_by_its_author() {
        let mut model = fixture::model(fixture::announced());
        let asked = typed(&mut model, "n seen on API 33 only ");
        let [Effect::Ask { request, .. }] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        let text = "seen on API 33 only".into();
        assert_eq!(request.act, Act::Note { text });
        assert_eq!(
            (&request.actor, &request.expect),
            (&fixture::alice(), &None)
        );
        assert!(typed(&mut model, "n   ").is_empty(), "no words, no note");
    }

    #[test]
    fn what_cannot_be_kept_stays_in_the_line() {
        let mut model = fixture::model(fixture::announced());
        press(&mut model, KeyCode::Char('n'));
        update(&mut model, Message::WatcherGone);
        assert!(typed(&mut model, "lost?").is_empty());
        let Some(Layer::Prompt(prompt)) = &model.layer else {
            panic!("{:?}", model.layer)
        };
        assert_eq!(prompt.input.value(), "lost?");
    }
}
