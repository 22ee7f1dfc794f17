//! The rules of the dialogs, one test each.

use super::super::fixture;
use super::*;

fn halt() -> Confirm {
    let model = fixture::model(fixture::announced());
    Confirm::verb(&model, model.shown().unwrap(), Verb::Halt)
}

fn resume(snapshot: crate::api::Snapshot) -> Confirm {
    let model = fixture::model(snapshot);
    Confirm::verb(&model, model.shown().unwrap(), Verb::Resume)
}

/// Types, long after the dialog opened; the last outcome.
fn type_all(dialog: &mut Confirm, text: &str) -> Outcome {
    let keys = text.chars().map(KeyCode::Char);
    keys.map(|code| press(dialog, code))
        .last()
        .unwrap_or(Outcome::Stays)
}

fn press(dialog: &mut Confirm, code: KeyCode) -> Outcome {
    let wall = dialog.opened + TimeDelta::seconds(5);
    dialog.press(KeyEvent::from(code), wall)
}

#[test]
fn a_halt_takes_another_key_than_the_one_that_opened_it() {
    let mut dialog = halt();
    for code in [
        KeyCode::Char('H'),
        KeyCode::Char('Y'),
        KeyCode::Char('A'),
        KeyCode::Enter,
        KeyCode::Char(' '),
        KeyCode::Tab,
    ] {
        assert_eq!(press(&mut dialog, code), Outcome::Stays, "{code:?}");
    }
    let done = press(&mut dialog, KeyCode::Char('y'));
    let reason = "from the screen".into();
    assert_eq!(
        done,
        Outcome::Confirmed {
            reason,
            every_app: false
        }
    );
}

#[test]
fn it_is_deaf_for_half_a_second_but_for_esc() {
    let mut dialog = halt();
    let early = dialog.opened + TimeDelta::milliseconds(499);
    assert_eq!(
        dialog.press(KeyEvent::from(KeyCode::Char('y')), early),
        Outcome::Stays
    );
    assert_eq!(
        dialog.press(KeyEvent::from(KeyCode::Esc), early),
        Outcome::Cancelled
    );
    let late = dialog.opened + DEAF;
    assert!(matches!(
        dialog.press(KeyEvent::from(KeyCode::Char('y')), late),
        Outcome::Confirmed { .. }
    ));
    // A wall clock that was set back must not make it deaf for ever.
    assert!(!dialog.is_deaf(dialog.opened - TimeDelta::hours(1)));
}

#[test]
fn control_keys_confirm_nothing() {
    let mut dialog = halt();
    let late = dialog.opened + TimeDelta::seconds(1);
    let key = KeyEvent::new(KeyCode::Char('y'), KeyModifiers::CONTROL);
    assert_eq!(dialog.press(key, late), Outcome::Stays);
}

#[test]
fn a_resume_takes_the_app_and_the_percentage() {
    let mut dialog = resume(fixture::ios_paused());
    assert_eq!(press(&mut dialog, KeyCode::Char('y')), Outcome::Stays);
    assert_eq!(press(&mut dialog, KeyCode::Backspace), Outcome::Stays);
    assert_eq!(type_all(&mut dialog, "shop-ios "), Outcome::Stays);
    assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Stays);
    assert!(matches!(
        type_all(&mut dialog, "5"),
        Outcome::Confirmed { .. }
    ));
}

#[test]
fn words_that_happen_to_hold_the_phrase_do_not_confirm() {
    let mut dialog = resume(fixture::ios_paused());
    assert_eq!(
        type_all(&mut dialog, "ssh op -shop-ios 5 shop-ios 5"),
        Outcome::Stays
    );
}

#[test]
fn lifting_a_halt_needs_a_reason_first() {
    let mut dialog = resume(fixture::halted());
    assert_eq!(type_all(&mut dialog, "   "), Outcome::Stays);
    press(&mut dialog, KeyCode::Tab);
    assert!(
        matches!(
            &dialog.ask,
            Ask::Phrase {
                at_reason: true,
                ..
            }
        ),
        "blank is no reason"
    );
    assert_eq!(type_all(&mut dialog, "fixed by config 12"), Outcome::Stays);
    assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Stays);
    let done = type_all(&mut dialog, "shop-android 5");
    let reason = "fixed by config 12".into();
    assert_eq!(
        done,
        Outcome::Confirmed {
            reason,
            every_app: false
        }
    );
}

#[test]
fn the_red_button_is_for_one_app_or_for_all() {
    let model = fixture::model(fixture::announced());
    let open = || Confirm::disarm(&model, model.shown().unwrap());
    assert!(matches!(
        press(&mut open(), KeyCode::Char('y')),
        Outcome::Confirmed {
            every_app: false,
            ..
        }
    ));
    assert!(matches!(
        press(&mut open(), KeyCode::Char('A')),
        Outcome::Confirmed {
            every_app: true,
            ..
        }
    ));
}

#[test]
fn the_dialog_names_what_it_does_to_whom() {
    let facts = halt().facts;
    let told: Vec<&str> = facts.iter().map(|(_, text)| text.as_str()).collect();
    let told = told.join("\n");
    for word in [
        "in progress 5% (read 38s ago)",
        "halted at Google Play, 5% kept",
        "Play cannot move them back",
        "22,431 users stay on 8.43.0",
        "an admin, with a reason",
        "@alice on jump-1",
    ] {
        assert!(told.contains(word), "{word:?} is missing in\n{told}");
    }
}
