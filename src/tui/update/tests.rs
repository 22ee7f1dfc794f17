//! Messages in, model and effects out.

use std::sync::Arc;

use chrono::TimeDelta;

use super::super::fixture;
use super::super::tests::press;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::api::ActRequest;
use crate::api::Snapshot;
use crate::domain::{Act, AppId, Verb};
use crate::tui::state::model::Pane;

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars()
        .flat_map(|c| press(model, KeyCode::Char(c)))
        .collect()
}

fn notice(model: &Model) -> &str {
    model
        .notice
        .as_ref()
        .map_or("", |notice| notice.text.as_str())
}

fn requests(effects: Vec<Effect>) -> Vec<ActRequest> {
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Ask { request, .. } => Some(*request),
            _ => None,
        })
        .collect()
}

fn app(id: &str) -> AppId {
    AppId::try_from(id.to_owned()).unwrap()
}

fn changed(mut snapshot: Snapshot) -> Message {
    for app in &mut snapshot.apps {
        app.revision += 1;
    }
    Message::Snapshot(Arc::new(snapshot))
}

#[test]
fn a_halt_is_asked_for_with_its_revision_and_its_author() {
    let mut model = fixture::model(fixture::announced());
    let asked = requests(typed(&mut model, "Hy"));
    let [request] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(request.app, Some(app("shop-android")));
    assert_eq!(
        request.act,
        Act::Do {
            verb: Verb::Halt,
            to: None
        }
    );
    assert_eq!(
        (request.expect, &request.actor),
        (Some(19), &fixture::alice())
    );
    assert!(model.layer.is_none());
}

#[test]
fn no_two_requests_share_an_id() {
    let mut model = fixture::model(fixture::announced());
    let asked = requests(typed(&mut model, "HyHyPyayxyDyDA"));
    let mut ids: Vec<_> = asked.iter().map(|request| request.id.clone()).collect();
    assert_eq!(ids.len(), 7);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

#[test]
fn every_act_has_its_request() {
    for (snapshot, keys, act) in [
        (
            fixture::announced(),
            "Py",
            Act::Do {
                verb: Verb::Pause,
                to: None,
            },
        ),
        (fixture::announced(), "xy", Act::Postpone),
        (fixture::announced(), "ay", Act::Acknowledge),
        (fixture::disarmed(), "Dy", Act::Arm),
        (
            fixture::ios_paused(),
            "Rshop-ios 5",
            Act::Do {
                verb: Verb::Resume,
                to: None,
            },
        ),
    ] {
        let mut model = fixture::model(snapshot);
        let asked = requests(typed(&mut model, keys));
        assert_eq!(
            asked.iter().map(|it| &it.act).collect::<Vec<_>>(),
            [&act],
            "{keys}"
        );
    }
}

#[test]
fn arming_all_again_is_for_all_as_disarming_all_was() {
    let mut model = fixture::model(fixture::disarmed());
    let asked = requests(typed(&mut model, "Dy"));
    assert_eq!(asked.first().unwrap().app, None);
    let mut one = fixture::healthy();
    one.apps[0].disarmed = fixture::disarmed().disarmed;
    let mut model = fixture::model(one);
    let asked = requests(typed(&mut model, "Dy"));
    assert_eq!(asked.first().unwrap().app, Some(app("shop-android")));
}

#[test]
fn a_change_of_the_app_closes_the_dialog_and_says_so() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "H");
    assert!(matches!(model.layer, Some(Layer::Confirm(_))));
    update(
        &mut model,
        Message::Snapshot(Arc::new(fixture::announced())),
    );
    assert!(model.layer.is_some(), "the same revision keeps it open");
    update(&mut model, changed(fixture::announced()));
    assert!(model.layer.is_none());
    assert!(notice(&model).contains("look again"), "{}", notice(&model));
    assert!(requests(typed(&mut model, "y")).is_empty());
}

#[test]
fn a_paste_confirms_nothing() {
    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "H");
    assert!(update(&mut model, Message::Paste).is_empty());
    assert!(matches!(model.layer, Some(Layer::Confirm(_))));
    assert!(notice(&model).contains("paste"));
}

#[test]
fn a_key_typed_ahead_does_not_halt() {
    let mut model = fixture::model(fixture::announced());
    let key = |c| Message::Key(KeyEvent::from(KeyCode::Char(c)));
    update(&mut model, key('H'));
    assert!(update(&mut model, key('y')).is_empty());
    let mut later = model.now;
    later.wall += TimeDelta::milliseconds(600);
    update(&mut model, Message::Tick(later));
    assert_eq!(update(&mut model, key('y')).len(), 1);
}

#[test]
fn what_cannot_be_done_says_why() {
    for (snapshot, key, why) in [
        (fixture::healthy(), 'R', "not stopped"),
        (fixture::healthy(), 'x', "no act is announced"),
        (fixture::healthy(), 'a', "nothing to acknowledge"),
        (fixture::halted(), 'H', "halted already"),
        (fixture::halted(), 'a', "@alice"),
        (fixture::ios_paused(), 'P', "paused already"),
        (fixture::nobody(), 'H', "haltline halt shop-android"),
        (fixture::advise(), ']', "one app"),
    ] {
        let mut model = fixture::model(snapshot);
        assert!(press(&mut model, KeyCode::Char(key)).is_empty());
        assert!(model.layer.is_none());
        assert!(notice(&model).contains(why), "{key}: {}", notice(&model));
    }
}

#[test]
fn leaving_asks_only_while_something_is_under_way() {
    let mut model = fixture::model(fixture::healthy());
    typed(&mut model, "o");
    assert_eq!(press(&mut model, KeyCode::Char('q')), [Effect::Quit]);

    let mut model = fixture::model(fixture::announced());
    typed(&mut model, "o");
    assert!(press(&mut model, KeyCode::Char('q')).is_empty());
    assert!(matches!(model.layer, Some(Layer::Quit)));
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "Enter stays");
    assert!(model.layer.is_none());
    assert_eq!(typed(&mut model, "qy"), [Effect::Quit]);

    let control_c = || Message::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    typed(&mut model, "H");
    assert!(update(&mut model, control_c()).is_empty(), "once asks");
    assert_eq!(
        update(&mut model, control_c()),
        [Effect::Quit],
        "twice leaves"
    );
}

#[test]
fn every_layer_closes_with_esc_and_q() {
    for open in ["?", "H", "D"] {
        for close in [KeyCode::Esc, KeyCode::Char('q')] {
            let mut model = fixture::model(fixture::announced());
            typed(&mut model, open);
            assert!(model.layer.is_some());
            assert!(press(&mut model, close).is_empty());
            assert!(model.layer.is_none(), "{open} {close:?}");
        }
    }
}

#[test]
fn the_screen_follows_an_alarm_until_a_person_chooses() {
    let mut model = fixture::model(fixture::healthy());
    assert_eq!(model.app, Some(app("shop-android")));
    typed(&mut model, "]");
    assert_eq!(model.app, Some(app("shop-ios")));
    let bell = update(&mut model, changed(fixture::announced()));
    assert_eq!(model.app, Some(app("shop-ios")), "chosen stays");
    assert_eq!(bell, [Effect::Bell]);
    assert!(
        update(&mut model, changed(fixture::announced())).is_empty(),
        "rings once"
    );

    let mut ios = fixture::healthy();
    ios.apps.reverse();
    let mut model = fixture::model(ios);
    assert_eq!(model.app, Some(app("shop-ios")));
    let mut unread = fixture::unknown();
    unread.apps.reverse();
    update(&mut model, changed(unread));
    assert_eq!(
        model.app,
        Some(app("shop-ios")),
        "an app not read yet is no alarm"
    );
    update(&mut model, changed(fixture::announced()));
    assert_eq!(model.app, Some(app("shop-android")));
    assert!(notice(&model).contains("shop-android"));
}

#[test]
fn the_screen_starts_at_an_app_that_has_been_read() {
    let mut picture = fixture::unknown();
    picture.apps.reverse();
    picture.apps[0].store_read_at = None;
    assert_eq!(fixture::model(picture.clone()).app, Some(app("shop-ios")));
    picture.apps[1].store_read_at = None;
    assert_eq!(
        fixture::model(picture.clone()).app,
        Some(app("shop-android"))
    );
    let apps = std::mem::take(&mut picture.apps);
    let mut model = fixture::model(picture.clone());
    assert_eq!(model.app, None);
    picture.apps = apps;
    update(&mut model, Message::Snapshot(Arc::new(picture)));
    assert_eq!(model.app, Some(app("shop-android")));
}

#[test]
fn a_dialog_is_never_moved_to_another_app() {
    let mut ios = fixture::healthy();
    ios.apps.reverse();
    let mut model = fixture::model(ios);
    typed(&mut model, "H");
    let mut worse = fixture::announced();
    worse.apps.iter_mut().for_each(|app| app.revision = 19);
    update(&mut model, Message::Snapshot(Arc::new(worse)));
    assert_eq!(model.app, Some(app("shop-ios")));
    let asked = requests(typed(&mut model, "y"));
    assert_eq!(asked.first().unwrap().app, Some(app("shop-ios")));
}

#[test]
fn answers_and_the_end_of_the_watcher_are_told() {
    let mut model = fixture::model(fixture::announced());
    let answer = |reply| Message::Answered {
        what: "halt shop".into(),
        reply,
    };
    let refusal = "stale revision".into();
    update(&mut model, answer(Some(ActReply::Refused(refusal))));
    assert!(notice(&model).contains("refused: stale revision"));
    let mut later = model.now;
    later.wall += TimeDelta::hours(1);
    update(&mut model, Message::Tick(later));
    assert!(model.notice.is_some(), "bad news stays");
    update(&mut model, answer(Some(ActReply::Taken { revision: 20 })));
    later.wall += TimeDelta::hours(1);
    update(&mut model, Message::Tick(later));
    assert!(model.notice.is_none(), "good news goes");

    typed(&mut model, "H");
    update(&mut model, Message::WatcherGone);
    assert!(model.layer.is_none() && !model.is_watched());
    assert!(press(&mut model, KeyCode::Char('H')).is_empty());
    assert!(notice(&model).contains("the watcher has stopped"));
}

#[test]
fn lists_scroll_within_their_rows() {
    let mut model = fixture::model(fixture::healthy());
    typed(&mut model, "5");
    for _ in 0..30 {
        press(&mut model, KeyCode::Down);
    }
    assert_eq!(model.offset(Pane::Crashes), 9);
    press(&mut model, KeyCode::PageUp);
    assert_eq!(model.offset(Pane::Crashes), 0);
    typed(&mut model, "j");
    typed(&mut model, "]");
    assert_eq!(model.offset(Pane::Crashes), 0, "another app, another list");
}

#[test]
fn panes_go_round() {
    let mut model = fixture::model(fixture::healthy());
    for pane in Pane::ALL.iter().skip(1) {
        press(&mut model, KeyCode::Tab);
        assert_eq!(model.focus, *pane);
    }
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.focus, Pane::Health);
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.focus, Pane::Sources);
}
