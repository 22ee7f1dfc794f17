//! Every dialog, on the screen of a jump host and on a smaller one: the facts give way to what must be pressed.

use crossterm::event::KeyCode;

use super::super::fixture;
use super::super::update::carry;
use super::{picture, press};
use crate::api::Snapshot;
use crate::domain::Verb;
use crate::tui::dialogs::confirm::Ask;
use crate::tui::input::actions::Do;
use crate::tui::state::model::{Layer, Model};
use crate::tui::style::theme::Theme;

const SIZES: [(u16, u16); 2] = [(80, 24), (60, 15)];

fn dialogs() -> Vec<(&'static str, Model)> {
    let open = |snapshot: Snapshot, does: Do| {
        let mut model = fixture::model(snapshot);
        carry::out(&mut model, does, "");
        model
    };
    let typed = |mut model: Model, text: &str| {
        for c in text.chars() {
            let code = if c == '\t' {
                KeyCode::Tab
            } else {
                KeyCode::Char(c)
            };
            press(&mut model, code);
        }
        model
    };
    let halted = || open(fixture::halted(), Do::Verb(Verb::Resume));
    vec![
        ("halt", open(fixture::announced(), Do::Verb(Verb::Halt))),
        (
            "halt_ios",
            open(fixture::ios_paused(), Do::Verb(Verb::Halt)),
        ),
        ("pause", open(fixture::healthy(), Do::Verb(Verb::Pause))),
        ("hold", open(fixture::healthy(), Do::Verb(Verb::Hold))),
        ("resume_reason", typed(halted(), "fixed in 84301")),
        (
            "resume_phrase",
            typed(halted(), "fixed in 84301\tshop-android"),
        ),
        (
            "resume_wrong",
            typed(
                open(fixture::ios_paused(), Do::Verb(Verb::Resume)),
                "shop-android",
            ),
        ),
        ("advance", open(fixture::healthy(), Do::Verb(Verb::Advance))),
        (
            "complete",
            typed(open(fixture::climbing(), Do::Verb(Verb::Complete)), "go\t"),
        ),
        ("start", open(fixture::healthy(), Do::Verb(Verb::Start))),
        ("approve", open(fixture::approval(), Do::Approve)),
        ("disarm", open(fixture::announced(), Do::Disarm)),
        ("arm", open(fixture::disarmed(), Do::Disarm)),
        ("postpone", open(fixture::announced(), Do::Postpone)),
        ("acknowledge", open(fixture::halting(), Do::Acknowledge)),
    ]
}

#[test]
fn every_dialog_at_two_sizes() {
    for (name, model) in dialogs() {
        let pictures = SIZES.map(|size| {
            let (wide, high) = size;
            let shown = picture(&model, Theme::new(false, false), size);
            format!("{wide}x{high}\n{shown}")
        });
        insta::assert_snapshot!(format!("dialog_{name}"), pictures.join("\n\n"));
    }
}

/// What is to be pressed or typed is whole, and so is the verdict above it, as long as there is any room.
#[test]
fn what_must_be_pressed_is_never_cut() {
    for (name, model) in dialogs() {
        let Some(Layer::Confirm(dialog)) = &model.layer else {
            panic!("{name}");
        };
        let wanted = match &dialog.ask {
            Ask::Press { yes, all } => {
                let mut wanted = vec![format!("Press {yes} to {}", dialog.name)];
                wanted.extend(all.map(|all| format!("Press {all} to {}", dialog.name)));
                wanted
            }
            Ask::Phrase {
                at_reason: true, ..
            } => vec!["Why is it safe to go on?".to_owned(), "> ".to_owned()],
            Ask::Phrase { expected, .. } => vec![expected.clone(), "> ".to_owned()],
        };
        for wide in (44..=80).step_by(4).chain([120]) {
            for high in [9, 12, 15, 24, 40] {
                let drawn = picture(&model, Theme::new(true, true), (wide, high));
                for text in &wanted {
                    assert!(
                        drawn.contains(text),
                        "{name} {wide}x{high}: {text}\n{drawn}"
                    );
                }
                let app = model.shown().unwrap();
                let first = drawn.lines().next().unwrap();
                let word = model.headline(app).word();
                assert!(first.contains(word), "{name} {wide}x{high}: {first}");
            }
        }
    }
}

/// An app's name may be longer than the dialog is wide.
#[test]
fn a_long_phrase_is_broken_and_not_cut() {
    let mut snapshot = fixture::healthy();
    let id = "a-very-long-name-of-an-app-that-somebody-gave-it.with-64-letters";
    snapshot.apps.truncate(1);
    snapshot.apps[0].id = id.to_owned().try_into().unwrap();
    let mut model = fixture::model(snapshot);
    press(&mut model, KeyCode::Char('S'));
    let drawn = picture(&model, Theme::new(true, true), (60, 15));
    let letters: String = drawn
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '|')
        .collect();
    assert!(letters.contains(&format!("{id}5")), "{drawn}");
}
