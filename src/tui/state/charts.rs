//! What the charts of a zoomed pane are drawn of: asked for when one opens, and at most once a minute while it is open.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::message::Effect;
use super::model::{Model, Pane, View};
use crate::api::wire::History;
use crate::domain::{AppId, Failure, PlainText, Timestamp};

/// How long an answer is good enough.
const RHYTHM: TimeDelta = TimeDelta::seconds(60);

/// What was asked of the watcher, app by app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(BTreeMap<AppId, Question>);

#[derive(Clone, Debug)]
struct Question {
    /// When it was asked or answered last, by the wall.
    at: Timestamp,
    answered: bool,
    failure: Option<PlainText>,
}

/// What there is to draw of.
pub(crate) enum Told<'a> {
    History(&'a History),
    Waits,
    /// Why there is nothing, in words.
    Failed(&'a PlainText),
}

/// Asks where an open chart wants to know more than is known.
pub(crate) fn wanted(model: &mut Model) -> Vec<Effect> {
    let open = model.zoomed
        && model.view == View::Rollout
        && matches!(model.focus, Pane::Health | Pane::Versions);
    let Some(app) = model.shown().filter(|app| open && app.release.is_some()) else {
        return Vec::new();
    };
    let id = app.id.clone();
    let newer = model
        .histories
        .get(&id)
        .is_none_or(|known| known.at < model.latest.at);
    let due = model
        .charts
        .0
        .get(&id)
        .is_none_or(|last| last.answered && newer && model.now.wall >= last.at + RHYTHM);
    if !due {
        return Vec::new();
    }
    let asked = Question {
        at: model.now.wall,
        answered: false,
        failure: None,
    };
    model.charts.0.insert(id.clone(), asked);
    vec![Effect::History(id)]
}

/// The watcher's answer. A failure leaves what was known before.
pub(crate) fn arrived(model: &mut Model, app: AppId, answer: Result<History, Failure>) {
    if let Some(asked) = model.charts.0.get_mut(&app) {
        (asked.answered, asked.at) = (true, model.now.wall);
        asked.failure = answer
            .as_ref()
            .err()
            .map(|failure| failure.to_string().into());
    }
    if let Ok(history) = answer {
        model.histories.insert(app, Arc::new(history));
    }
}

/// What the charts of the app shown are drawn of.
pub(crate) fn told(model: &Model) -> Told<'_> {
    let Some(app) = &model.app else {
        return Told::Waits;
    };
    let failure = model.charts.0.get(app).and_then(|it| it.failure.as_ref());
    match (model.histories.get(app), failure) {
        (Some(history), _) => Told::History(history),
        (None, Some(why)) => Told::Failed(why),
        (None, None) => Told::Waits,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::super::message::{Message, Now};
    use super::*;
    use crate::domain::FailureKind;
    use crate::tui::fixture;
    use crate::tui::tests;
    use crate::tui::update::update;

    /// What a key asks for, beside what is to be remembered.
    fn press(model: &mut Model, key: char) -> Vec<Effect> {
        let mut asked = tests::press(model, KeyCode::Char(key));
        asked.retain(|effect| *effect != Effect::Remember);
        asked
    }

    fn open() -> (Model, AppId) {
        let mut model = fixture::model(fixture::healthy());
        let app = model.app.clone().unwrap();
        assert_eq!(press(&mut model, 'z'), [Effect::History(app.clone())]);
        (model, app)
    }

    fn later(model: &mut Model, seconds: i64, picture: bool) -> Vec<Effect> {
        let delta = TimeDelta::seconds(seconds);
        let now = Now {
            watched: model.now.watched + delta,
            wall: model.now.wall + delta,
        };
        let mut effects = update(model, Message::Tick(now));
        if picture {
            let mut next = (*model.latest).clone();
            next.at = now.watched;
            next.seq += 1;
            effects.extend(update(model, Message::Snapshot(Arc::new(next))));
        }
        effects
    }

    #[test]
    fn a_zoom_asks_once_and_again_when_there_is_news_and_a_minute_has_passed() {
        let (mut model, app) = open();
        assert!(matches!(told(&model), Told::Waits));
        assert!(later(&mut model, 300, true).is_empty(), "not answered yet");
        let history = fixture::history(&model.latest);
        update(
            &mut model,
            Message::History {
                app: app.clone(),
                history: Ok(history),
            },
        );
        assert!(matches!(told(&model), Told::History(_)));
        assert!(later(&mut model, 30, true).is_empty());
        assert_eq!(later(&mut model, 31, true), [Effect::History(app)]);
    }

    #[test]
    fn nothing_new_is_nothing_to_ask_for_and_closed_is_closed() {
        let (mut model, app) = open();
        let mut history = fixture::history(&model.latest);
        history.at = model.latest.at;
        update(
            &mut model,
            Message::History {
                app,
                history: Ok(history),
            },
        );
        assert!(later(&mut model, 600, false).is_empty());
        press(&mut model, 'z');
        assert!(later(&mut model, 600, true).is_empty());
        press(&mut model, '2');
        assert!(press(&mut model, 'z').is_empty(), "no chart");
        assert_eq!(press(&mut model, '3').len(), 1);
    }

    #[test]
    fn a_failure_is_told_and_leaves_what_was_known() {
        let (mut model, app) = open();
        let refused = || Message::History {
            app: app.clone(),
            history: Err(Failure::new(FailureKind::NotFound, "nothing has begun yet")),
        };
        update(&mut model, refused());
        assert!(
            matches!(told(&model), Told::Failed(why) if why.as_str().contains("nothing has begun"))
        );
        let history = fixture::history(&model.latest);
        update(
            &mut model,
            Message::History {
                app: app.clone(),
                history: Ok(history),
            },
        );
        update(&mut model, refused());
        assert!(matches!(told(&model), Told::History(_)));
    }
}
