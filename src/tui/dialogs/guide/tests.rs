//! Which step goes with which picture, and that every step fits.

use std::sync::Arc;

use super::*;
use crate::api::Snapshot;
use crate::api::wire::DesireView;
use crate::domain::{Actor, Exposure, Status};
use crate::tui::fixture;
use crate::tui::style::theme::Theme;
use crate::tui::tests::{picture, press};
use crate::tui::words::format::width;
use crossterm::event::KeyCode;

fn guided(snapshot: Snapshot) -> Model {
    let mut model = fixture::model(snapshot);
    model.guide = Some(Guide {
        speed: 60.0,
        hidden: false,
    });
    model
}

fn says(model: &Model) -> String {
    step(model).unwrap().says
}

/// The Android app of a picture, changed.
fn with(mut snapshot: Snapshot, change: impl FnOnce(&mut AppSnapshot)) -> Model {
    let apps = &mut snapshot.apps;
    let app = apps
        .iter_mut()
        .find(|app| app.store == StoreKind::GooglePlay);
    change(app.unwrap());
    snapshot
        .apps
        .retain(|app| app.id.as_str().starts_with("shop"));
    let mut model = guided(snapshot);
    model.app = Some("shop-android".to_owned().try_into().unwrap());
    model
}

fn at(percent: u32) -> impl FnOnce(&mut AppSnapshot) {
    move |app| {
        app.stages = [5, 10, 25, 50, 100].map(Exposure::from_percent).to_vec();
        if let Some(release) = &mut app.release {
            release.exposure = Exposure::from_percent(percent);
        }
    }
}

/// The story as it goes, and the ways out of it.
fn steps() -> Vec<(Model, &'static str)> {
    let held = |app: &mut AppSnapshot| {
        if let Some(act) = &mut app.announced {
            act.held = true;
        }
    };
    let asked = |app: &mut AppSnapshot| {
        app.desire = Some(DesireView {
            revision: 1,
            verb: Verb::Halt,
            target: Target::Stopped,
            actor: Actor::Haltline,
            reason: "".into(),
            since: fixture::now(),
            attempts: 1,
            failure: None,
            failed: false,
        });
    };
    let paused = |app: &mut AppSnapshot| {
        if let Some(release) = &mut app.release {
            release.status = Status::Stopped;
        }
    };
    let mut empty = fixture::healthy();
    empty.apps.iter_mut().for_each(|app| app.release = None);
    let as_it_is = |_: &mut AppSnapshot| {};
    vec![
        (guided(empty), "starting: "),
        (
            with(fixture::unknown(), as_it_is),
            "not enough is known yet",
        ),
        (
            with(fixture::healthy(), at(5)),
            "8.43.0 is out to 5% of users; pane 1 compares it with 8.42.1",
        ),
        (
            with(fixture::healthy(), at(10)),
            "its gate opened: haltline took it to 10% by itself",
        ),
        (
            with(fixture::healthy(), at(25)),
            "25% now, and soon 8.43.0 begins to crash",
        ),
        (
            with(fixture::warning(), as_it_is),
            "more crashes than before",
        ),
        (with(fixture::advise(), as_it_is), "it crashes too much"),
        (
            with(fixture::announced(), as_it_is),
            "it crashes: H halts it now, x holds it once, or wait: halt in 4s",
        ),
        (
            with(fixture::announced(), held),
            "it crashes: H halts it now, D stops automation, or wait: halt in 4s",
        ),
        (
            with(fixture::announced(), asked),
            "halt is asked for; it is done once Google Play reads so",
        ),
        (with(fixture::healthy(), paused), "PAUSED: "),
        (
            with(fixture::halted(), |app| app.acknowledged_by = None),
            "Google Play says HALTED. 5 and Enter: the stack; a: you are on it",
        ),
        (
            with(fixture::halted(), as_it_is),
            "your own app: q, then haltline init",
        ),
        (with(fixture::disarmed(), as_it_is), "automation is off"),
    ]
}

#[test]
fn the_picture_alone_says_which_step_it_is() {
    for (model, wanted) in steps() {
        assert!(
            says(&model).starts_with(wanted),
            "{:?}, not {wanted}",
            says(&model)
        );
        // Time is nothing that a step comes of, but for what is left of it.
        let mut later = model.clone();
        later.now.wall += chrono::TimeDelta::hours(1);
        assert_eq!(step(&model), step(&later));
    }
}

#[test]
fn where_the_person_is_comes_first() {
    for (keys, wanted) in [
        ("H", "a second key does it"),
        ("D", "a second key does it"),
        ("R", "what raises exposure is typed"),
        ("e", "one key writes a file"),
        (
            "]",
            "shop-ios is fine; the story is about shop-android: ] goes there",
        ),
    ] {
        let snapshot = if keys == "R" {
            fixture::halted()
        } else {
            fixture::announced()
        };
        let mut model = with(snapshot, |_| {});
        for key in keys.chars() {
            press(&mut model, KeyCode::Char(key));
        }
        assert!(says(&model).starts_with(wanted), "{keys}: {}", says(&model));
    }
    let mut model = with(fixture::announced(), |_| {});
    model.moment = Moment::Frozen {
        since: fixture::now(),
    };
    assert!(says(&model).starts_with("the picture stands still"));
    model.moment = Moment::Past(Box::new(crate::tui::state::moment::Past {
        picture: Arc::clone(&model.snapshot),
        arrived: true,
        asked: None,
        wish: None,
        stepped: None,
        around: None,
    }));
    assert!(says(&model).starts_with("this is the past"));
}

#[test]
fn a_step_fits_whole_and_its_row_is_its_own() {
    for (model, _) in steps() {
        for size in [(80, 24), (120, 35), (160, 45)] {
            let shown = picture(&model, Theme::new(false, false), size);
            let row = shown.lines().rev().nth(1).unwrap();
            assert!(
                row.starts_with(" ▸ ") && row.ends_with("h hides"),
                "{size:?} {row}"
            );
            assert!(
                !row.contains('…') && width(row) < size.0.into(),
                "{size:?} {row}"
            );
        }
    }
}

#[test]
fn h_hides_it_and_elsewhere_than_in_the_demo_there_is_none() {
    let mut model = with(fixture::announced(), |_| {});
    let theme = Theme::new(false, false);
    assert!(picture(&model, theme, (80, 24)).contains("h hides"));
    assert!(
        !picture(&model, theme, (60, 15)).contains("h hides"),
        "no row of a tiny screen"
    );
    press(&mut model, KeyCode::Char('h'));
    assert!(!picture(&model, theme, (80, 24)).contains("h hides"));
    press(&mut model, KeyCode::Char('h'));
    assert!(picture(&model, theme, (80, 24)).contains("h hides"));
    model.guide = None;
    press(&mut model, KeyCode::Char('h'));
    assert!(!picture(&model, theme, (80, 24)).contains("h hides"));
    assert!(model.notice.unwrap().text.contains("haltline demo"));
}
