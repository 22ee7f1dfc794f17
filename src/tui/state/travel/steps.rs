//! Which record comes next among those that are told: from the pictures at hand, each of which carries the events before it.

use super::super::model::Model;
use super::super::moment::{Past, Place};
use crate::api::Snapshot;
use crate::api::wire::When;
use crate::domain::{AppId, Record};
use crate::tui::words::story;

/// How far ahead a picture is asked for to see what comes next: less than the events that one carries.
const AHEAD: u64 = 150;

/// Where a wish leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    At(When),
    /// The picture after this record has to be looked at first.
    Around(u64),
    /// Beyond the last event.
    Now,
    /// There is nothing before.
    Beginning,
}

/// So many events on from a place; where there are fewer, the last one in that direction.
pub(super) fn find(model: &Model, past: &Past, from: Place, by: isize) -> Found {
    let pictures = [
        Some(&past.picture),
        past.around.as_ref(),
        Some(&model.latest),
    ];
    let pictures: Vec<&Snapshot> = pictures.into_iter().flatten().map(AsRef::as_ref).collect();
    let app = model.app.as_ref();
    let mut found = None;
    let mut place = from;
    for _ in 0..by.unsigned_abs() {
        let next = if by < 0 {
            before(&pictures, app, place)
        } else {
            after(&pictures, app, place, model.latest.seq)
        };
        match next {
            Found::At(When::Seq(seq)) => {
                place = Place::At(seq);
                found = Some(Found::At(When::Seq(seq)));
            }
            Found::Beginning => return found.unwrap_or(Found::Beginning),
            other => return other,
        }
    }
    // Steps that cancel each other out.
    found.unwrap_or(match from {
        Place::At(seq) | Place::Behind(seq) => Found::At(When::Seq(seq)),
    })
}

fn is_told(app: Option<&AppId>, record: &Record) -> bool {
    let concerns = record.app.is_none() || record.app.as_ref() == app;
    concerns && story::is_told(&record.event)
}

/// The first record that a picture carries.
fn first(picture: &Snapshot) -> u64 {
    picture
        .events
        .first()
        .map_or(picture.seq + 1, |record| record.seq)
}

fn before(pictures: &[&Snapshot], app: Option<&AppId>, place: Place) -> Found {
    // Everything up to here is before the place.
    let mut end = match place {
        Place::At(seq) => seq.saturating_sub(1),
        Place::Behind(seq) => seq,
    };
    while end > 0 {
        let carries = |picture: &&&Snapshot| first(picture) <= end && end <= picture.seq;
        let Some(picture) = pictures.iter().find(carries) else {
            return Found::Around(end);
        };
        let mut records = picture.events.iter().rev();
        if let Some(record) = records.find(|it| it.seq <= end && is_told(app, it)) {
            return Found::At(When::Seq(record.seq));
        }
        end = first(picture).saturating_sub(1);
    }
    Found::Beginning
}

fn after(pictures: &[&Snapshot], app: Option<&AppId>, place: Place, last: u64) -> Found {
    let mut start = match place {
        Place::At(seq) | Place::Behind(seq) => seq + 1,
    };
    while start <= last {
        let carries = |picture: &&&Snapshot| first(picture) <= start && start <= picture.seq;
        let Some(picture) = pictures.iter().find(carries) else {
            return Found::Around((start + AHEAD).min(last));
        };
        let mut records = picture.events.iter();
        if let Some(record) = records.find(|it| it.seq >= start && is_told(app, it)) {
            return Found::At(When::Seq(record.seq));
        }
        start = picture.seq + 1;
    }
    Found::Now
}
