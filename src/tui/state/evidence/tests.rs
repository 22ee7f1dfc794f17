//! The mark and what it opens.

use std::sync::Arc;

use crossterm::event::KeyCode;

use super::super::message::Message;
use super::super::model::Pane;
use super::*;
use crate::tui::fixture;
use crate::tui::tests::press;
use crate::tui::update::update;

fn seq(model: &Model) -> u64 {
    model.events()[marked(model)].seq
}

#[test]
fn the_mark_stays_on_its_record_while_others_come() {
    let mut model = fixture::model(fixture::announced());
    press(&mut model, KeyCode::Char('6'));
    let newest = seq(&model);
    press(&mut model, KeyCode::Char('j'));
    let second = seq(&model);
    assert!(second < newest);
    update(&mut model, Message::Snapshot(Arc::new(fixture::halted())));
    assert_eq!(seq(&model), second);
    let mut fewer = fixture::halted();
    fewer.events.retain(|record| record.seq != second);
    update(&mut model, Message::Snapshot(Arc::new(fewer)));
    assert!(
        seq(&model) < second,
        "its place is taken by the one before it"
    );
    press(&mut model, KeyCode::PageUp);
    assert_eq!(
        (marked(&model), model.event),
        (0, None),
        "the newest, whichever comes"
    );
    for _ in 0..99 {
        press(&mut model, KeyCode::Down);
    }
    assert_eq!(marked(&model), model.rows(Pane::Events) - 1);
}

#[test]
fn a_rule_that_fired_shows_its_numbers_and_nothing_that_is_not_recorded() {
    let mut model = fixture::model(fixture::announced());
    press(&mut model, KeyCode::Char('6'));
    let fired = |record: &&Record| matches!(record.event, Event::RuleFired { .. });
    let record = model.events().into_iter().find(fired).unwrap().clone();
    let told = facts(&model, &record);
    let text = |label: &str| {
        let found = told.iter().find(|fact| fact.label == label);
        found.map(|fact| fact.text.clone()).unwrap_or_default()
    };
    assert!(
        text("record").starts_with("21 at 2026-01-10 14:31:07 UTC"),
        "{told:?}"
    );
    assert_eq!(text("rule"), "crash-ratio");
    assert_eq!(text("verb"), "halt");
    assert_eq!(text("version"), "411 failed of 13,801");
    assert_eq!(text("evidence"), "<1 in 10^9 (ln 70.10)");
    assert_eq!(text("data to"), "2026-01-10 14:31:26 UTC");
    assert_eq!(text("baseline"), "", "there was none");
}

#[test]
fn a_request_shows_what_the_store_answered() {
    let model = fixture::model(fixture::halted());
    let wanted = |record: &&Record| matches!(record.event, Event::DesireSet { .. });
    let record = model.events().into_iter().find(wanted).unwrap().clone();
    let told: Vec<String> = facts(&model, &record)
        .into_iter()
        .map(|fact| fact.text)
        .collect();
    let told = told.join("\n");
    for part in [
        "#23 attempt 1 written",
        "#24 HALT CONFIRMED",
        "rule crash-ratio",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn enter_opens_it_and_every_way_back_closes_it() {
    for close in [KeyCode::Esc, KeyCode::Char('q')] {
        let mut model = fixture::model(fixture::halted());
        press(&mut model, KeyCode::Char('6'));
        press(&mut model, KeyCode::Enter);
        assert!(matches!(model.layer, Some(Layer::Evidence(_))));
        press(&mut model, KeyCode::Char('j'));
        assert!(model.layer.is_some());
        assert!(press(&mut model, close).is_empty());
        assert!(model.layer.is_none());
    }
}
