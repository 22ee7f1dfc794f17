//! Around a watcher that cannot be reached: only then, only by two keys, only downwards; and what came of it stays in sight.

use chrono::TimeDelta;
use crossterm::event::KeyCode;

use super::*;
use crate::domain::FailureKind;
use crate::tui::fixture;
use crate::tui::state::message::{Message, Now};
use crate::tui::state::model::Layer;
use crate::tui::style::theme::Theme;
use crate::tui::tests::{SIZES, picture, press};
use crate::tui::update::update;

fn later(model: &mut Model) {
    let Now { watched, wall } = model.now;
    let second = TimeDelta::seconds(1);
    let now = Now {
        watched: watched + second,
        wall: wall + second,
    };
    update(model, Message::Tick(now));
}

/// What the keys ask for, a second after one another.
fn typed(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        later(model);
        effects.extend(press(model, KeyCode::Char(key)));
    }
    effects
}

fn stops(effects: &[Effect]) -> Vec<(&str, Verb)> {
    let stops = effects.iter().filter_map(|effect| match effect {
        Effect::Stop { app, verb, .. } => Some((app.as_str(), *verb)),
        _ => None,
    });
    stops.collect()
}

#[test]
fn two_keys_stop_it_at_the_store_once_the_watcher_is_out_of_reach() {
    for mut model in [fixture::cut_off(), fixture::lost()] {
        assert_eq!(stops(&press(&mut model, KeyCode::Char('H'))), []);
        let effects = typed(&mut model, "y");
        assert_eq!(stops(&effects), [("shop-android", Verb::Halt)]);
        assert!(!effects.iter().any(|it| matches!(it, Effect::Ask { .. })));
        // Once is enough while it is under way.
        assert_eq!(stops(&typed(&mut model, "Hy")), []);
        typed(&mut model, "q");
        assert!(matches!(model.layer, Some(Layer::Quit)), "it is under way");
    }
    let mut model = fixture::cut_off();
    assert_eq!(
        stops(&typed(&mut model, "Py")),
        [("shop-android", Verb::Pause)]
    );
}

#[test]
fn nothing_else_goes_around_the_watcher_and_nothing_while_it_answers() {
    let mut model = fixture::cut_off();
    assert_eq!(stops(&typed(&mut model, "RyAySyYyDyxyay")), []);
    for change in [
        |model: &mut Model| model.link = Link::Live,
        |model: &mut Model| model.link = Link::Opening,
        |model: &mut Model| model.around.open = false,
        |model: &mut Model| model.readonly = Some("a wall".into()),
    ] {
        let mut model = fixture::cut_off();
        change(&mut model);
        assert_eq!(stops(&typed(&mut model, "Hy")), []);
    }
}

#[test]
fn a_watcher_that_answers_again_takes_the_dialog_with_it() {
    let mut model = fixture::cut_off();
    press(&mut model, KeyCode::Char('H'));
    // Given up is no reason to close it: it is what the dialog is for.
    let since = fixture::ago(95);
    update(&mut model, Message::Link(Link::Lost { since }));
    assert!(matches!(model.layer, Some(Layer::Confirm(_))));
    update(&mut model, Message::Link(Link::Live));
    assert!(model.layer.is_none());
    let told = model.notice.clone().unwrap().text;
    assert_eq!(told, "the watcher answers again: nothing was done");
}

#[test]
fn what_came_of_it_stays_until_the_watcher_shows_it() {
    let failure = Failure::new(FailureKind::Rights, "403: the key may not change releases");
    for (outcome, words) in [
        (Ok(Exposure::from_percent(5)), "HALT DONE DIRECTLY at"),
        (Err(failure), "NOT CONFIRMED"),
    ] {
        let mut model = fixture::cut_off();
        typed(&mut model, "Hy");
        let app = model.app.clone().unwrap();
        update(&mut model, Message::Stopped { app, outcome });
        let notice = model.notice.clone().unwrap();
        assert_eq!(notice.until, None, "it is read when it is read");
        press(&mut model, KeyCode::Char('j'));
        for size in SIZES {
            let drawn = picture(&model, Theme::new(true, true), size);
            assert!(drawn.contains(words), "{size:?}: {drawn}");
        }
        update(&mut model, Message::Link(Link::Live));
        let drawn = picture(&model, Theme::new(true, true), (120, 35));
        assert!(!drawn.contains(words), "{drawn}");
    }
}
