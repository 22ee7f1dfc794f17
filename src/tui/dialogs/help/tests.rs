//! The help: everything is in it, everything is reached, everything is opened.

use super::super::confirm::Confirm;
use super::*;
use crate::tui::fixture;
use crate::tui::input::keymap::Keymap;
use crate::tui::state::model::Pane;
use crate::tui::style::theme::Theme;
use crate::tui::tests::{SIZES, picture, press};

fn typed(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, KeyCode::Char(c));
    }
}

fn help(model: &Model) -> &Help {
    match &model.layer {
        Some(Layer::Help(help)) => help,
        other => panic!("{other:?}"),
    }
}

/// Row by row, on the smallest screens too: the row marked is on the screen, with its key and its words.
#[test]
fn every_row_is_reached_at_every_size() {
    for size in SIZES {
        let mut model = fixture::model(fixture::announced());
        typed(&mut model, "?");
        for row in rows() {
            let (keys, text) = match row.what {
                What::Action(action) => (model.keys.names(action.id), action.description),
                What::Layer(keys, what) => (keys.to_owned(), what),
            };
            let picture = picture(&model, Theme::new(false, false), size);
            let marked = picture.lines().find(|line| line.contains('▸')).unwrap();
            let begins: String = text.chars().take(12).collect();
            let whole = marked.contains(&keys) && marked.contains(begins.trim());
            assert!(whole, "{size:?}: {keys} {text}\n{picture}");
            // The verdict stays in sight, and how to leave.
            assert!(picture.lines().next().unwrap().contains("BREACHED"));
            assert!(picture.lines().last().unwrap().contains("Esc close"));
            press(&mut model, KeyCode::Down);
        }
    }
}

#[test]
fn it_is_filtered_by_words_and_by_keys() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "?/stop latch");
    assert_eq!(help(&model).rows(&model).len(), 1);
    press(&mut model, KeyCode::Enter);
    assert!(!help(&model).is_typing());
    // Opened from here an act asks as ever.
    press(&mut model, KeyCode::Enter);
    let Some(Layer::Confirm(dialog)) = &model.layer else {
        panic!("{:?}", model.layer)
    };
    let Confirm { name, .. } = **dialog;
    assert_eq!(name, "halt");
    press(&mut model, KeyCode::Esc);

    typed(&mut model, "?/{");
    let found = help(&model).rows(&model);
    assert!(matches!(found[0].what, What::Action(action) if action.id == "time.back"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(help(&model).rows(&model).len(), rows().count());
    typed(&mut model, "/levers");
    press(&mut model, KeyCode::Enter);
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.focus, model.layer.is_none()), (Pane::Levers, true));
}

#[test]
fn it_closes_by_the_person_s_own_key_too() {
    let mut model = fixture::model(fixture::announced());
    model.keys = Keymap::with(&[("help".into(), vec!["F1".into()])].into()).unwrap();
    press(&mut model, KeyCode::F(1));
    press(&mut model, KeyCode::Char('?'));
    assert!(matches!(model.layer, Some(Layer::Help(_))));
    press(&mut model, KeyCode::F(1));
    assert!(model.layer.is_none());
}

#[test]
fn the_help_at_all_sizes() {
    let pictures = SIZES.map(|size| {
        let mut model = fixture::model(fixture::halted());
        typed(&mut model, "?");
        press(&mut model, KeyCode::PageDown);
        picture(&model, Theme::new(false, false), size)
    });
    insta::assert_snapshot!("help_pages", pictures.join("\n\n"));
}
