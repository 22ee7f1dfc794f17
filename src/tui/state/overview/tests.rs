//! What is selected stays selected, whatever else happens to the list; and what is wrong is never out of sight.

use std::sync::Arc;

use crossterm::event::KeyCode;
use proptest::prelude::*;

use super::super::lists::Row;
use super::super::message::{Effect, Message};
use super::super::model::{Layer, Model, Pane, View};
use super::*;
use crate::api::Snapshot;
use crate::tui::fixture;
use crate::tui::style::theme::Theme;
use crate::tui::tests::{SIZES, picture, press};
use crate::tui::update::update;

const UNICODE: fn() -> Theme = || Theme::new(false, false);

fn typed(model: &mut Model, keys: &str) -> Vec<Effect> {
    let keys = keys.chars();
    keys.flat_map(|key| press(model, KeyCode::Char(key)))
        .collect()
}

fn selected(model: &Model) -> &str {
    model.app.as_ref().map_or("", AppId::as_str)
}

fn rows(model: &Model) -> Vec<&str> {
    let apps = model.visible_apps().into_iter();
    apps.map(|app| app.id.as_str()).collect()
}

fn shown(model: &Model, size: (u16, u16)) -> String {
    picture(model, UNICODE(), size)
}

fn at_all_sizes(model: &Model, theme: Theme) -> String {
    let pictures = SIZES.map(|(wide, high)| {
        let picture = picture(model, theme, (wide, high));
        format!("{wide}x{high}\n{picture}")
    });
    pictures.join("\n\n")
}

#[test]
fn pictures_of_few_and_many() {
    for apps in [2, 6, 50] {
        let model = fixture::fleet_model(apps);
        insta::assert_snapshot!(format!("overview_{apps}"), at_all_sizes(&model, UNICODE()));
        let ascii = at_all_sizes(&model, Theme::new(true, true));
        assert!(ascii.is_ascii());
        insta::assert_snapshot!(format!("overview_{apps}_ascii"), ascii);
    }
}

#[test]
fn pictures_of_a_filter_and_of_columns() {
    let mut model = fixture::fleet_model(50);
    typed(&mut model, "/-ios !kiosk");
    insta::assert_snapshot!("overview_filter", at_all_sizes(&model, UNICODE()));
    let mut model = fixture::fleet_model(6);
    typed(&mut model, "c jJ");
    insta::assert_snapshot!("overview_columns", shown(&model, (80, 24)));
}

#[test]
fn several_rollouts_start_at_the_overview_and_one_does_not() {
    let model = fixture::fleet_model(6);
    assert_eq!(
        (model.view, selected(&model)),
        (View::Overview, "wallet-android")
    );
    assert_eq!(fixture::fleet_model(1).view, View::Rollout);
    for size in SIZES {
        let top: Vec<String> = shown(&model, size)
            .lines()
            .take(3)
            .map(str::to_owned)
            .collect();
        assert!(top[0].starts_with(" ✗ BREACHED"), "{top:?}");
        assert!(
            top.concat().contains("wallet-android: HALT in 3m40s"),
            "{top:?}"
        );
        assert!(top.concat().contains("H now, x hold"), "{top:?}");
    }
}

#[test]
fn keys_are_named_only_where_they_would_act_on_that_rollout() {
    let mut model = fixture::fleet_model(6);
    typed(&mut model, "j");
    let top = shown(&model, (120, 35));
    assert!(
        top.contains("HALT in 3m40s by rule crash-ratio (select it to act)"),
        "{top}"
    );
    typed(&mut model, "H");
    let Some(Layer::Confirm(dialog)) = &model.layer else {
        panic!("no dialog")
    };
    assert_eq!(dialog.app.as_str(), selected(&model));
}

#[test]
fn the_way_there_and_back() {
    let mut model = fixture::fleet_model(6);
    typed(&mut model, "jj");
    let chosen = selected(&model).to_owned();
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.view, selected(&model)), (View::Rollout, &*chosen));
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.view, selected(&model)), (View::Overview, &*chosen));
    typed(&mut model, "5z");
    assert_eq!(
        (model.view, model.focus, model.zoomed),
        (View::Rollout, Pane::Crashes, true)
    );
    typed(&mut model, "-");
    assert_eq!((model.view, model.zoomed), (View::Overview, false));
    typed(&mut model, "-");
    assert_eq!((model.view, model.zoomed), (View::Rollout, true));
    typed(&mut model, "qq");
    assert_eq!(model.view, View::Overview, "out of the zoom, then up");
    typed(&mut model, "oo");
    assert_eq!(model.view, View::Overview);
    assert!(matches!(typed(&mut model, "q").as_slice(), []) && model.layer.is_some());
    press(&mut model, KeyCode::Esc);
    // In a rollout the neighbours are those of the tabs; the view before is the app before.
    typed(&mut model, "o");
    typed(&mut model, "]");
    assert_ne!(selected(&model), chosen);
    typed(&mut model, "-");
    assert_eq!(selected(&model), chosen);
}

#[test]
fn a_filter_hides_rows_and_never_that_it_does() {
    let mut model = fixture::fleet_model(50);
    let before = shown(&model, (120, 35));
    typed(&mut model, "/-ios");
    assert!(
        rows(&model).iter().all(|id| id.ends_with("ios")),
        "{:?}",
        rows(&model)
    );
    assert!(
        selected(&model).ends_with("ios"),
        "what is selected is seen"
    );
    let after = shown(&model, (120, 35));
    assert!(after.contains("/-ios 25/50, 25 hidden (✗)"), "{after}");
    assert_eq!(
        before.lines().next(),
        after.lines().next(),
        "the header counts all"
    );
    press(&mut model, KeyCode::Enter);
    assert_eq!(rows(&model).len(), 25);
    typed(&mut model, "/ healthy");
    assert!(shown(&model, (80, 24)).contains("/-ios healthy"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(rows(&model).len(), 50);
    // What nothing matches leaves what is selected, which is what acts would be about.
    typed(&mut model, "/nothing at all");
    assert_eq!(rows(&model), [selected(&model)]);
    assert!(shown(&model, (80, 24)).contains("0/50, 50 hidden"));
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.view, View::Overview);
    assert!(
        press(&mut model, KeyCode::Esc).is_empty(),
        "Esc shows all again, and leaves nothing"
    );
    assert_eq!(rows(&model).len(), 50);
}

#[test]
fn lists_of_a_rollout_are_filtered_and_sorted_too() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "5/room");
    let app = model.shown().unwrap();
    let crash = model.visible_issues(app)[0];
    assert!(crash.title.as_str().contains("Room"));
    let id = crash.id.clone();
    assert_eq!(model.rows(Pane::Crashes), 1);
    assert!(shown(&model, (80, 24)).contains("/room 1/10, 9 hidden"));
    press(&mut model, KeyCode::Enter);
    press(&mut model, KeyCode::Enter);
    let Some(Layer::Crash(look)) = &model.layer else {
        panic!("not opened")
    };
    assert_eq!(look.issue.id, id);
    press(&mut model, KeyCode::Esc);
    // The first Esc shows all; the row stays marked.
    press(&mut model, KeyCode::Esc);
    assert_eq!(
        (model.rows(Pane::Crashes), model.offset(Pane::Crashes)),
        (10, 9)
    );
    typed(&mut model, "s");
    assert_eq!(model.offset(Pane::Crashes), 0, "the other way round");
    assert!(shown(&model, (120, 35)).contains("sort: users ↑"));
    for (keys, rows) in [
        ("2/fired", 0),
        ("1/cold", 1),
        ("8/vitals", 1),
        ("6/429", 1),
        ("3/8.42", 2),
    ] {
        let mut model = fixture::model(fixture::announced());
        let number = keys.chars().next().unwrap().to_digit(10).unwrap();
        let pane = Pane::ALL[number as usize - 1];
        typed(&mut model, keys);
        let seen = model.rows(pane);
        assert!(seen < model.all_rows(pane), "{keys}");
        assert!(rows == 0 || seen == rows, "{keys}: {seen}");
    }
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "2/!crash-ratio");
    assert!(
        shown(&model, (80, 24)).contains("hidden (✗)"),
        "{}",
        shown(&model, (80, 24))
    );
    typed(&mut model, "4");
    press(&mut model, KeyCode::Esc);
    typed(&mut model, "]4/");
    assert!(model.layer.is_none(), "it is no list");
}

#[test]
fn what_has_just_come_is_marked_once() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "5j");
    let marked = |model: &Model| {
        let app = model.shown().unwrap();
        let issues = model.visible_issues(app);
        issues[model.offset(Pane::Crashes)].id.clone()
    };
    let before = marked(&model);
    let mut picture = fixture::announced();
    for app in &mut picture.apps {
        let mut issue = app.issues[0].clone();
        issue.id = "new".into();
        issue.users *= 2;
        app.issues.insert(0, issue);
    }
    update(&mut model, Message::Snapshot(Arc::new(picture.clone())));
    assert_eq!((marked(&model), model.offset(Pane::Crashes)), (before, 2));
    let new = Row::Crash("new".into());
    assert!(model.lists.news.has(&new));
    assert!(!model.lists.news.has(&Row::Crash("0".into())));
    let ends = model.lists.news.ends().unwrap();
    update(&mut model, Message::Snapshot(Arc::new(picture)));
    assert_eq!(model.lists.news.ends(), Some(ends), "once");
    let mut now = model.now;
    now.wall = ends;
    update(&mut model, Message::Tick(now));
    assert!(!model.lists.news.has(&new) && model.lists.news.ends().is_none());
}

#[test]
fn an_alarm_selects_the_rollout_until_a_person_has_chosen() {
    let calm = |worst: bool| {
        let mut picture = fixture::fleet(6);
        for app in picture.apps.iter_mut().skip(usize::from(worst)) {
            let id = app.id.clone();
            *app = fixture::healthy().apps[0].clone();
            app.id = id;
        }
        picture
    };
    let mut quiet = calm(false);
    quiet.apps.reverse();
    let mut model = Model::new(
        Arc::new(quiet.clone()),
        fixture::times(),
        fixture::identity(),
    );
    assert_ne!(selected(&model), "wallet-android");
    let bell = update(&mut model, Message::Snapshot(Arc::new(calm(true))));
    assert_eq!(
        (selected(&model), bell),
        ("wallet-android", vec![Effect::Bell])
    );
    assert_eq!(model.view, View::Overview);

    let mut model = Model::new(Arc::new(quiet), fixture::times(), fixture::identity());
    typed(&mut model, "jk");
    let chosen = selected(&model).to_owned();
    update(&mut model, Message::Snapshot(Arc::new(calm(true))));
    assert_eq!(selected(&model), chosen);
}

fn shuffled(order: &[usize]) -> Snapshot {
    let mut picture = fixture::fleet(order.len());
    let apps = std::mem::take(&mut picture.apps);
    let mut keyed: Vec<_> = order.iter().zip(apps).collect();
    keyed.sort_by_key(|(key, _)| **key);
    picture.apps = keyed.into_iter().map(|(_, app)| app).collect();
    picture
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the order of the picture, whatever is typed and sorted: what was selected is, and is seen.
    #[test]
    fn what_is_selected_stays_selected(
        order in proptest::collection::vec(any::<usize>(), 12),
        down in 0_usize..12,
        sorts in 0_usize..14,
        filter in "[a-z!]{0,3}",
    ) {
        let mut model = fixture::fleet_model(12);
        for _ in 0..=down {
            press(&mut model, KeyCode::Down);
        }
        typed(&mut model, &format!("/{filter}"));
        press(&mut model, KeyCode::Enter);
        typed(&mut model, &"s".repeat(sorts));
        let chosen = selected(&model).to_owned();
        update(&mut model, Message::Snapshot(Arc::new(shuffled(&order))));
        prop_assert_eq!(selected(&model), &chosen);
        prop_assert!(rows(&model).contains(&chosen.as_str()));
        for size in SIZES {
            let picture = shown(&model, size);
            prop_assert!(picture.lines().any(|line| line.contains('▸')), "{}", picture);
        }
    }
}
