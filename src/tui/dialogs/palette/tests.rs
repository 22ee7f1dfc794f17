//! What is typed, what is offered, what is opened.

use crossterm::event::KeyCode;

use super::super::confirm::Confirm;
use super::super::prompt::Purpose;
use super::*;
use crate::api::Snapshot;
use crate::tui::fixture;
use crate::tui::input::actions::{ACTIONS, Do};
use crate::tui::state::model::Pane;
use crate::tui::style::theme::Theme;
use crate::tui::tests::{SIZES, picture, press};

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    let press = |c| press(model, KeyCode::Char(c));
    text.chars().flat_map(press).collect()
}

/// The palette's answer to a line, taken.
fn run(model: &mut Model, line: &str) -> Vec<Effect> {
    let mut effects = typed(model, &format!(":{line}"));
    effects.extend(press(model, KeyCode::Enter));
    effects
}

fn names(snapshot: Snapshot, text: &str) -> Vec<String> {
    let model = fixture::model(snapshot);
    let offers = offers(&model, text).into_iter();
    offers.map(|offer| offer.name).collect()
}

fn line(model: &Model) -> &str {
    match &model.layer {
        Some(Layer::Palette(palette)) => palette.input.value(),
        _ => "",
    }
}

fn dialog(model: &Model) -> Option<&Confirm> {
    match &model.layer {
        Some(Layer::Confirm(dialog)) => Some(dialog),
        _ => None,
    }
}

#[test]
fn every_action_is_found_by_its_name_in_every_state() {
    for (state, snapshot) in fixture::states() {
        for action in ACTIONS {
            let first = names(snapshot.clone(), action.id).into_iter().next();
            let found = first.as_deref() == Some(action.id);
            assert_eq!(found, action.does != Do::Palette, "{state}: {}", action.id);
        }
        let all = names(snapshot.clone(), "");
        assert_eq!(all.len(), ACTIONS.len() - 1 + snapshot.apps.len());
    }
}

#[test]
fn names_come_before_descriptions_and_a_few_letters_do() {
    let first = |text| {
        names(fixture::announced(), text)
            .into_iter()
            .next()
            .unwrap()
    };
    for (text, name) in [
        ("hal", "halt"),
        ("hold", "postpone"),
        ("ack", "acknowledge"),
        ("health", "pane.health"),
        ("pane heal", "pane.health"),
        ("crashes", "pane.crashes"),
        ("evprev", "event.previous"),
        ("OSC", "copy"),
        ("shop-ios", "app shop-ios"),
        ("iOS", "app shop-ios"),
        ("quit", "back"),
    ] {
        assert_eq!(first(text), name, "{text}");
    }
    assert!(names(fixture::announced(), "xyzzy").is_empty());
}

#[test]
fn what_cannot_be_done_comes_last_with_its_reason_and_opens_nothing_else() {
    let mut model = fixture::model(fixture::halted());
    let all = offers(&model, "");
    let first_disabled = all.iter().position(|offer| offer.disabled.is_some());
    let disabled = &all[first_disabled.unwrap()..];
    assert!(disabled.len() > 3 && disabled.iter().all(|offer| offer.disabled.is_some()));
    // Typed whole it is meant, and not the next best.
    assert!(run(&mut model, "halt").is_empty());
    assert!(model.layer.is_none());
    assert!(model.notice.unwrap().text.contains("halted already"));
}

/// Whatever acts opens its question, from here as from its key.
#[test]
fn nothing_acts_from_here() {
    for (state, snapshot) in fixture::states() {
        for action in ACTIONS.iter().filter(|action| action.does.acts()) {
            let mut model = fixture::model(snapshot.clone());
            let enabled = action.disabled(&model).is_none();
            let asks = |effect: &Effect| matches!(effect, Effect::Ask { .. });
            let acted = run(&mut model, action.id).iter().any(asks);
            assert!(!acted, "{state}: {}", action.id);
            assert!(model.layer.is_some() || model.notice.is_some());
            if let Do::Verb(verb) = action.does
                && enabled
            {
                assert_eq!(dialog(&model).unwrap().name, verb.name());
            }
        }
    }
}

#[test]
fn words_go_along_behind_a_name() {
    let mut model = fixture::model(fixture::announced());
    run(&mut model, "note rollback is ready");
    let Some(Layer::Prompt(prompt)) = &model.layer else {
        panic!("{:?}", model.layer)
    };
    assert_eq!(prompt.purpose, Purpose::Note);
    assert_eq!(prompt.input.value(), "rollback is ready");
    for (line, wanted) in [
        ("theme m", ["theme mono"].as_slice()),
        (
            "export ",
            &["export", "export screen", "export summary", "export audit"],
        ),
        ("goto 14:28", &["goto 14:28"]),
        ("goto ", &["goto"]),
        ("app ios", &["app shop-ios"]),
    ] {
        assert_eq!(names(fixture::announced(), line), wanted, "{line}");
    }
    let mut model = fixture::model(fixture::announced());
    run(&mut model, "app shop-ios");
    assert_eq!(model.app.as_ref().unwrap().as_str(), "shop-ios");
    assert!(model.app_chosen && model.layer.is_none());
    run(&mut model, "levers");
    assert_eq!(model.focus, Pane::Levers);
}

#[test]
fn tab_completes_and_up_brings_back_what_was_typed() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, ":exp");
    press(&mut model, KeyCode::Tab);
    assert_eq!(line(&model), "export ");
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Tab);
    assert_eq!(line(&model), "export screen");
    press(&mut model, KeyCode::Esc);
    assert!(model.layer.is_none());

    run(&mut model, "levers");
    run(&mut model, "pane.rules");
    run(&mut model, "pane.rules");
    assert_eq!(model.commands, ["levers", "pane.rules"]);
    let mut walk = vec![KeyCode::Char(':')];
    walk.extend([KeyCode::Up, KeyCode::Up, KeyCode::Up, KeyCode::Down]);
    let lines: Vec<String> = walk
        .into_iter()
        .map(|key| {
            press(&mut model, key);
            line(&model).to_owned()
        })
        .collect();
    assert_eq!(lines, ["", "pane.rules", "levers", "levers", "pane.rules"]);
    press(&mut model, KeyCode::Down);
    assert_eq!(line(&model), "");
    // Below the line are the offers.
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    let all = names(fixture::announced(), "");
    assert_eq!(model.commands.last(), Some(&all[1]));
}

#[test]
fn backspace_in_an_empty_line_closes_and_a_name_that_is_none_is_told() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, ":x");
    press(&mut model, KeyCode::Backspace);
    assert!(model.layer.is_some());
    press(&mut model, KeyCode::Backspace);
    assert!(model.layer.is_none());
    run(&mut model, "xyzzy");
    assert!(model.layer.is_some());
    assert!(model.notice.unwrap().text.contains("xyzzy"));
}

#[test]
fn the_palette_at_all_sizes() {
    let pictures = SIZES.map(|size| {
        let mut model = fixture::model(fixture::announced());
        typed(&mut model, ":pa");
        press(&mut model, KeyCode::Down);
        picture(&model, Theme::new(false, false), size)
    });
    insta::assert_snapshot!("palette", pictures.join("\n\n"));
}
