//! Through time: the picture stands still, or is one of the past. Must not let anybody act there.
//!
//! One question at a time is on its way; what is wished meanwhile replaces what was wished before, so that a held key never
//! makes a queue.

mod steps;
mod when;

use std::sync::Arc;

use chrono::TimeDelta;

use super::message::{Effect, Now};
use super::model::Model;
use super::moment::{Asked, Moment, Past, Place, Wish};
use crate::api::Snapshot;
use crate::api::wire::When;
use crate::domain::{AppId, Failure, Timestamp};
use crate::tui::style::theme::Tone;
use crate::tui::words::headline::Headline;

use steps::Found;

/// The picture stands still, or goes on.
pub(crate) fn freeze(model: &mut Model) {
    match model.moment {
        Moment::Live => {
            model.moment = Moment::Frozen {
                since: model.now.wall,
            };
        }
        Moment::Frozen { .. } => live(model),
        Moment::Past(_) => {
            let back = model.keys.name("live");
            model.tell(
                Tone::Plain,
                format!("the past stands still: {back} goes back to now"),
            );
        }
    }
}

/// Events, forward.
pub(crate) fn step(model: &mut Model, events: isize) -> Vec<Effect> {
    if events > 0 && !matches!(model.moment, Moment::Past(_)) {
        model.tell(Tone::Plain, "this is now: nothing has come after it");
        return Vec::new();
    }
    let mut past = entered(model);
    let from = match (past.wish, past.asked) {
        (Some(Wish::Steps { from, by }), _) => Some((from, by)),
        (Some(Wish::To(When::Seq(seq))), _) | (None, Some(Asked::Picture(When::Seq(seq)))) => {
            Some((Place::At(seq), 0))
        }
        // Among which events that time is, is known once its picture has come.
        (Some(Wish::To(When::At(_))), _) | (None, Some(Asked::Picture(When::At(_)))) => None,
        (None, _) => {
            let behind = Place::Behind(past.picture.seq);
            Some((past.stepped.map_or(behind, Place::At), 0))
        }
    };
    if let Some((from, by)) = from {
        let by = by + events;
        past.wish = Some(Wish::Steps { from, by });
    }
    model.moment = Moment::Past(Box::new(past));
    pursue(model)
}

/// Minutes, forward.
pub(crate) fn travel(model: &mut Model, minutes: i64) -> Vec<Effect> {
    let from = match &model.moment {
        Moment::Past(past) => match (past.wish, past.asked) {
            (Some(Wish::To(When::At(at))), _) | (None, Some(Asked::Picture(When::At(at)))) => at,
            _ => past.picture.at,
        },
        Moment::Live | Moment::Frozen { .. } => model.now.watched,
    };
    to(model, from + TimeDelta::minutes(minutes))
}

/// To a time as people write it: `14:28`, `Tue 06:12`, `-2h`.
pub(crate) fn go_to(model: &mut Model, text: &str) -> Vec<Effect> {
    match when::parse(text, model.present, model.zone) {
        Ok(at) => to(model, at),
        Err(why) => {
            model.tell(Tone::Warning, why);
            Vec::new()
        }
    }
}

fn to(model: &mut Model, at: Timestamp) -> Vec<Effect> {
    if at >= model.latest.at {
        if model.moment.is_live() {
            model.tell(Tone::Plain, "this is now: nothing has come after it");
        } else {
            live(model);
        }
        return Vec::new();
    }
    let mut past = entered(model);
    past.wish = Some(Wish::To(When::At(at)));
    model.moment = Moment::Past(Box::new(past));
    pursue(model)
}

/// Back to now.
pub(crate) fn live(model: &mut Model) {
    if let Moment::Past(past) = &model.moment {
        model.unwanted |= past.asked.is_some();
    }
    model.moment = Moment::Live;
    model.now.watched = model.present;
    model.snapshot = Arc::clone(&model.latest);
    if model.shown().is_none() {
        model.app = model.first_app();
    }
}

/// A picture of the past has come.
pub(crate) fn arrived(model: &mut Model, answer: Result<Arc<Snapshot>, Failure>) -> Vec<Effect> {
    // Of a question of before somebody went back to now.
    if std::mem::take(&mut model.unwanted) {
        return pursue(model);
    }
    let Moment::Past(past) = &mut model.moment else {
        return Vec::new();
    };
    match (past.asked.take(), answer) {
        (None, _) => return Vec::new(),
        (Some(_), Err(failure)) => {
            past.wish = None;
            let stays = past.arrived;
            if !stays {
                live(model);
            }
            model.tell(Tone::Warning, failure.what.to_string());
        }
        (Some(Asked::Around), Ok(picture)) => past.around = Some(picture),
        (Some(Asked::Picture(when)), Ok(picture)) => {
            past.stepped = match when {
                When::Seq(seq) => Some(seq),
                When::At(_) => None,
            };
            past.arrived = true;
            past.picture = Arc::clone(&picture);
            let stepped = past.stepped;
            model.now.watched = picture.at;
            model.snapshot = picture;
            model.event = stepped;
        }
    }
    pursue(model)
}

/// Time goes on; in a picture that stands still, or of the past, it does not.
pub(crate) fn tick(model: &mut Model, now: Now) {
    model.present = now.watched;
    let shown = if model.moment.is_live() {
        now.watched
    } else {
        model.now.watched
    };
    model.now = Now {
        watched: shown,
        ..now
    };
}

/// What a newer picture tells that is not shown: an alarm rings all the same.
pub(crate) fn meanwhile(model: &mut Model, before: &Snapshot) {
    let breached = |picture: &Snapshot, id: &AppId| {
        let mut apps = picture.apps.iter();
        let app = apps.find(|app| app.id == *id);
        app.is_some_and(|app| Headline::of(app, true) == Headline::Breached)
    };
    let mut ids = model.latest.apps.iter().map(|app| &app.id);
    let alarm = ids.find(|id| breached(&model.latest, id) && !breached(before, id));
    let Some(id) = alarm.cloned() else {
        return;
    };
    let back = model.keys.name("live");
    model.tell(Tone::Bad, format!("live: {id} BREACHED, {back} goes back"));
}

/// Into the past; until the first answer the picture is the last one of now, and stands still.
fn entered(model: &mut Model) -> Past {
    match std::mem::take(&mut model.moment) {
        Moment::Past(past) => *past,
        Moment::Live | Moment::Frozen { .. } => Past {
            picture: Arc::clone(&model.snapshot),
            arrived: false,
            asked: None,
            wish: None,
            stepped: None,
            around: None,
        },
    }
}

/// Asks for what is wished, unless something is being asked already.
fn pursue(model: &mut Model) -> Vec<Effect> {
    let found = match &model.moment {
        Moment::Past(past) if past.asked.is_none() && !model.unwanted => match past.wish {
            Some(Wish::To(when)) => Found::At(when),
            Some(Wish::Steps { from, by }) => steps::find(model, past, from, by),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let mut past = entered(model);
    let (asked, when) = match found {
        Found::At(when) => {
            past.wish = None;
            (Asked::Picture(when), when)
        }
        Found::Around(seq) => (Asked::Around, When::Seq(seq)),
        Found::Now | Found::Beginning => {
            past.wish = None;
            let stays = past.arrived && found == Found::Beginning;
            model.moment = Moment::Past(Box::new(past));
            if !stays {
                live(model);
            }
            if found == Found::Beginning {
                model.tell(Tone::Plain, "nothing is told before this");
            }
            return Vec::new();
        }
    };
    past.asked = Some(asked);
    model.moment = Moment::Past(Box::new(past));
    vec![Effect::Past(when)]
}

#[cfg(test)]
mod tests;
