//! The rules of the dialogs, one test each.

use super::*;
use crate::tui::fixture;

fn halt() -> Confirm {
    let model = fixture::model(fixture::announced());
    Confirm::verb(&model, model.shown().unwrap(), Verb::Halt)
}

fn told(dialog: &Confirm) -> String {
    let told = dialog
        .facts
        .iter()
        .map(|fact| format!("{} {}", fact.about.label(), fact.text));
    told.collect::<Vec<_>>().join("\n")
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

/// Long after the key before it.
fn press(dialog: &mut Confirm, code: KeyCode) -> Outcome {
    let wall = dialog.deaf_since + TimeDelta::seconds(5);
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
    let early = dialog.deaf_since + TimeDelta::milliseconds(499);
    assert_eq!(
        dialog.press(KeyEvent::from(KeyCode::Char('y')), early),
        Outcome::Stays
    );
    assert_eq!(
        dialog.press(KeyEvent::from(KeyCode::Esc), early),
        Outcome::Cancelled
    );
    let late = dialog.deaf_since + DEAF;
    assert!(matches!(
        dialog.press(KeyEvent::from(KeyCode::Char('y')), late),
        Outcome::Confirmed { .. }
    ));
    // A wall clock that was set back must not make it deaf for ever.
    assert!(!dialog.is_deaf(dialog.deaf_since - TimeDelta::hours(1)));
}

/// Somebody types into the wrong window, and haltline's is in front: `Hey, …`, `Pay …`.
#[test]
fn words_meant_for_another_window_do_not_confirm() {
    for text in ["ello by the way, ready?", "ey you", "  y", "Hy"] {
        let mut dialog = halt();
        let mut wall = dialog.deaf_since + TimeDelta::seconds(9);
        for c in text.chars() {
            wall += TimeDelta::milliseconds(200);
            let key = KeyEvent::from(KeyCode::Char(c));
            assert!(!matches!(
                dialog.press(key, wall),
                Outcome::Confirmed { .. }
            ));
        }
    }
}

/// A key that is the answer itself does not make it deaf for longer: in a hurry it is pressed again and again.
#[test]
fn the_answer_may_be_pressed_again_and_again() {
    let mut dialog = halt();
    let opened = dialog.deaf_since;
    let heard = (1..9).find(|n| {
        let wall = opened + TimeDelta::milliseconds(100 * n);
        let key = KeyEvent::from(KeyCode::Char('y'));
        matches!(dialog.press(key, wall), Outcome::Confirmed { .. })
    });
    assert_eq!(heard, Some(5));
}

#[test]
fn control_keys_confirm_nothing() {
    let mut dialog = halt();
    let late = dialog.deaf_since + TimeDelta::seconds(1);
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
    let told = told(&halt());
    for word in [
        "in progress 5% (read from Google Play 40s ago)",
        "halted at Google Play, 5% kept; latched",
        "~1,900 users an hour fewer",
        "22,431 users stay on 8.43.0 (84300): Play cannot move them back",
        "R resumes it at 5%, typed: an admin, with a reason",
        "tells log; audit: @alice on jump-1, “from the screen”",
    ] {
        assert!(told.contains(word), "{word:?} is missing in\n{told}");
    }
}

/// Whichever key opens the dialog, for this person, is not the one that confirms it.
#[test]
fn the_answer_is_never_the_key_that_opened_it() {
    let model = fixture::model(fixture::announced());
    let open = |id: &'static str, yes, all| {
        let app = model.shown().unwrap();
        Confirm::new(
            &model,
            app,
            (id, id),
            Act::Arm,
            Vec::new(),
            Ask::Press { yes, all },
        )
        .ask
    };
    // `y` copies, which is no act; a keymap of somebody's own may put an act there.
    let moved = |yes, all| Ask::Press { yes, all };
    assert_eq!(open("copy", 'y', None), moved('o', None));
    assert_eq!(open("advance", 'y', Some('A')), moved('y', Some('E')));
    assert_eq!(open("disarm", 'y', Some('A')), moved('y', Some('A')));
}

#[test]
fn a_raise_tells_how_many_more_and_what_it_goes_past() {
    let model = fixture::model(fixture::healthy());
    let app = model.shown().unwrap();
    let advance = told(&Confirm::verb(&model, app, Verb::Advance));
    for words in [
        "After in progress 25%",
        "Adds up to ~83,000 users in the first 24 h (25% of ~420,000 a day)",
        "Despite crash-free sessions ≥ 99.94% (8,210 more clean sessions, evidence 4.2 of 20); 12h at 5%",
        "Data sentry 45s, vitals 5h: all fresh",
        "Second not asked for by policy safe-production",
    ] {
        assert!(
            advance.contains(words),
            "{words:?} is missing in\n{advance}"
        );
    }
    let complete = Confirm::verb(&model, app, Verb::Complete);
    let Ask::Phrase { expected, .. } = &complete.ask else {
        panic!("{:?}", complete.ask)
    };
    assert_eq!(expected, "shop-android 100");
    assert!(told(&complete).contains("where Play has a fallback"));
}

#[test]
fn what_the_app_store_cannot_take_back_is_said() {
    let model = fixture::model(fixture::ios_paused());
    let app = model.shown().unwrap();
    let halt = told(&Confirm::verb(&model, app, Verb::Halt));
    for words in [
        "anyone can download it by hand",
        "14,002 users stay on 8.43.0 (512): the App Store takes no version back",
        "21 of Apple's 30 days of pause are used, 9 are left",
        "R resumes it on day 3",
    ] {
        assert!(halt.contains(words), "{words:?} is missing in\n{halt}");
    }
    let complete = told(&Confirm::verb(&model, app, Verb::Complete));
    assert!(complete.contains("cannot take a completed release back"));
}
