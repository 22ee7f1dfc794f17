//! Keys and answers in, questions out.

use crossterm::event::KeyCode;

use super::super::message::Message;
use super::*;
use crate::domain::FailureKind;
use crate::tui::fixture;
use crate::tui::tests::press;
use crate::tui::update::update;

fn notice(model: &Model) -> &str {
    model
        .notice
        .as_ref()
        .map_or("", |notice| notice.text.as_str())
}

fn asks(seq: u64) -> Vec<Effect> {
    vec![Effect::Past(When::Seq(seq))]
}

/// The answer to [`When::Seq`] of a world that goes as the fixture's halt.
fn right_after(seq: u64) -> Message {
    let mut picture = fixture::then(fixture::halted());
    picture.events.retain(|record| record.seq <= seq);
    picture.seq = seq;
    picture.at = picture.events.last().unwrap().at;
    Message::Past(Ok(Arc::new(picture)))
}

fn halted() -> Model {
    let mut picture = fixture::halted();
    picture.seq = 25;
    fixture::model(picture)
}

#[test]
fn arrows_step_from_event_to_event_and_the_last_wish_wins() {
    let mut model = halted();
    assert_eq!(press(&mut model, KeyCode::Left), asks(25));
    assert!(!model.moment.is_live(), "locked at once");
    for _ in 0..3 {
        assert!(press(&mut model, KeyCode::Left).is_empty(), "one at a time");
    }
    press(&mut model, KeyCode::Right);
    assert_eq!(update(&mut model, right_after(25)), asks(23));
    assert!(update(&mut model, right_after(23)).is_empty());
    assert_eq!((model.snapshot.seq, model.event), (23, Some(23)));
    assert_eq!(model.now.watched, fixture::ago(39), "ages are of then");

    assert_eq!(press(&mut model, KeyCode::Right), asks(24));
    update(&mut model, right_after(24));
    press(&mut model, KeyCode::Right);
    update(&mut model, right_after(25));
    assert!(press(&mut model, KeyCode::Right).is_empty());
    assert!(model.moment.is_live(), "after the last event is now");
    assert_eq!(model.now.watched, fixture::now());
}

#[test]
fn what_lies_beyond_the_events_at_hand_is_looked_at_first() {
    let mut model = halted();
    let mut latest = (*model.latest).clone();
    latest.seq = 900;
    latest.events.retain(|record| record.seq > 24);
    latest.events[0].seq = 900;
    model.latest = Arc::new(latest.clone());
    model.snapshot = Arc::new(latest);
    assert_eq!(press(&mut model, KeyCode::Left), asks(900));
    press(&mut model, KeyCode::Left);
    let mut came = fixture::then(fixture::halted());
    came.seq = 900;
    came.events.truncate(9);
    came.events[8].seq = 900;
    let before = came.events[7].seq;
    let came = Message::Past(Ok(Arc::new(came)));
    assert_eq!(
        update(&mut model, came),
        asks(before),
        "the picture that came carries it"
    );

    let mut model = halted();
    press(&mut model, KeyCode::Char('{'));
    update(&mut model, right_after(4));
    let mut latest = (*model.latest).clone();
    latest.seq = 900;
    latest.events.clear();
    model.latest = Arc::new(latest);
    assert_eq!(
        press(&mut model, KeyCode::Right),
        asks(155),
        "to see what comes"
    );
    assert_eq!(update(&mut model, right_after(25)), asks(5));
    update(&mut model, right_after(5));
    for seq in [4, 3, 2, 1] {
        assert_eq!(press(&mut model, KeyCode::Left), asks(seq));
        update(&mut model, right_after(seq));
    }
    assert!(press(&mut model, KeyCode::Left).is_empty());
    assert!(notice(&model).contains("nothing is told before"));
    assert_eq!(model.snapshot.seq, 1, "and stays there");
}

#[test]
fn quarters_of_an_hour_add_up() {
    let mut model = halted();
    let at = |minutes| When::At(model_at() + TimeDelta::minutes(minutes));
    assert_eq!(
        press(&mut model, KeyCode::Char('{')),
        [Effect::Past(at(-15))]
    );
    press(&mut model, KeyCode::Char('{'));
    press(&mut model, KeyCode::Char('{'));
    press(&mut model, KeyCode::Char('}'));
    assert_eq!(update(&mut model, right_after(4)), [Effect::Past(at(-30))]);
    press(&mut model, KeyCode::Char('}'));
    press(&mut model, KeyCode::Char('}'));
    assert!(model.moment.is_live());
    assert!(
        update(&mut model, right_after(4)).is_empty(),
        "nobody waits for it any more"
    );
    assert!(model.moment.is_live());
    assert!(press(&mut model, KeyCode::Char('}')).is_empty());
    assert!(notice(&model).contains("this is now"));
}

fn model_at() -> Timestamp {
    fixture::halted().at
}

#[test]
fn an_answer_that_nobody_waits_for_is_dropped() {
    let mut model = halted();
    press(&mut model, KeyCode::Left);
    press(&mut model, KeyCode::Char('.'));
    assert!(model.moment.is_live());
    assert!(
        press(&mut model, KeyCode::Left).is_empty(),
        "the first one is on its way still"
    );
    assert_eq!(update(&mut model, right_after(4)), asks(25));
    assert_eq!(model.snapshot.seq, 25, "and was not shown");
    update(&mut model, right_after(25));
    assert!(model.moment.past().is_some());
    press(&mut model, KeyCode::Esc);
    assert!(model.moment.is_live(), "Esc goes up one level");
}

#[test]
fn before_the_first_record_it_says_when_the_journal_begins() {
    let why = "the journal begins at 2026-01-08 06:58:47 UTC";
    let answer = || Message::Past(Err(Failure::new(FailureKind::NotFound, why)));
    let mut model = halted();
    for c in "g-9d".chars() {
        press(&mut model, KeyCode::Char(c));
    }
    let asked = press(&mut model, KeyCode::Enter);
    assert_eq!(
        asked,
        [Effect::Past(When::At(fixture::now() - TimeDelta::days(9)))]
    );
    update(&mut model, answer());
    assert_eq!(notice(&model), why);
    assert!(model.moment.is_live(), "where it came from");
    press(&mut model, KeyCode::Left);
    update(&mut model, right_after(25));
    press(&mut model, KeyCode::Char('{'));
    update(&mut model, answer());
    assert_eq!(model.snapshot.seq, 25, "stays where it was");

    for c in "gsoon".chars() {
        press(&mut model, KeyCode::Char(c));
    }
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(notice(&model).contains("is no time"), "{}", notice(&model));
}

#[test]
fn a_frozen_picture_stands_still_and_alarms_ring_all_the_same() {
    let mut model = fixture::model(fixture::healthy());
    press(&mut model, KeyCode::Char(' '));
    assert!(matches!(model.moment, Moment::Frozen { .. }));
    let news = || Message::Snapshot(Arc::new(fixture::announced()));
    assert_eq!(update(&mut model, news()), [Effect::Bell]);
    assert_eq!(notice(&model), "live: shop-android BREACHED, . goes back");
    assert_eq!(*model.snapshot, fixture::healthy());
    assert!(update(&mut model, news()).is_empty(), "rings once");
    press(&mut model, KeyCode::Char(' '));
    assert_eq!(*model.snapshot, fixture::announced());

    let mut model = fixture::past();
    let mut quiet = fixture::healthy();
    quiet.at = model.present;
    update(&mut model, Message::Snapshot(Arc::new(quiet)));
    assert_eq!(
        update(&mut model, news()),
        [Effect::Bell],
        "in the past too"
    );
}

#[test]
fn acts_are_locked_and_say_so() {
    for model in [fixture::past(), fixture::frozen()] {
        for key in "HPRASYFxanD".chars() {
            let mut model = model.clone();
            assert!(press(&mut model, KeyCode::Char(key)).is_empty(), "{key}");
            assert!(model.layer.is_none(), "{key}");
            assert!(
                notice(&model).contains("acts are locked"),
                "{key}: {}",
                notice(&model)
            );
        }
    }
}

#[test]
fn a_watcher_that_is_gone_has_no_past() {
    let mut model = halted();
    press(&mut model, KeyCode::Left);
    update(&mut model, right_after(25));
    update(&mut model, Message::WatcherGone);
    assert!(model.moment.past().is_some(), "what is shown stays");
    assert!(press(&mut model, KeyCode::Left).is_empty());
    assert!(notice(&model).contains("cannot be reached"));
}
