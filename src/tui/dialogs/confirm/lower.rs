//! What a dialog tells of an act that lowers exposure, or keeps it: halt, pause, hold.

use super::{About, Confirm, Fact, PRESS};
use crate::api::AppSnapshot;
use crate::domain::{Act, StoreKind, Verb};
use crate::tui::state::model::Model;
use crate::tui::words::{blast, format, state_words};

/// Days that Apple lets a phased release stand still, all pauses together.
const PAUSE_DAYS: u32 = 30;

pub(super) fn dialog(model: &Model, app: &AppSnapshot, verb: Verb) -> Confirm {
    let mut facts = vec![now(model, app), after(app, verb)];
    facts.push(About::Blast.tell(blast::lowered(app, verb, model.now.watched)));
    facts.extend(keeps(app, verb));
    facts.push(About::Undo.tell(undo(model, app, verb)));
    facts.extend(budget(app));
    let act = Act::Do { verb, to: None };
    let name = verb.name();
    Confirm::new(model, app, (name, name), act, facts, PRESS)
}

/// The store as it was read, and how long ago.
pub(super) fn now(model: &Model, app: &AppSnapshot) -> Fact {
    let read = app.store_read_at.map_or_else(
        || "never read".into(),
        |at| {
            let age = format::age(model.now.watched - at);
            format!("read from {} {age} ago", app.store.name())
        },
    );
    About::Now.tell(format!("{} ({read})", state_words::of(app)))
}

fn after(app: &AppSnapshot, verb: Verb) -> Fact {
    let then = state_words::after(app, verb);
    About::After.tell(match verb {
        Verb::Halt => format!("{then}; latched: an admin resumes it"),
        Verb::Hold => format!("{then}; haltline goes no further"),
        _ => then,
    })
}

pub(super) fn keeps(app: &AppSnapshot, verb: Verb) -> Option<Fact> {
    if verb == Verb::Hold {
        return None;
    }
    let why = match app.store {
        StoreKind::GooglePlay => "Play cannot move them back",
        StoreKind::AppStore => "the App Store takes no version back",
    };
    let whom = state_words::reached(app).unwrap_or_else(|| "whoever has it".into());
    Some(About::Keeps.tell(format!("{whom} stay on {}: {why}", app.version_name)))
}

fn undo(model: &Model, app: &AppSnapshot, verb: Verb) -> String {
    let at = match app.release.as_ref().map(|it| (it.exposure, &it.phased)) {
        Some((_, Some(phased))) => format!("on day {}", phased.day),
        Some((exposure, None)) => format!("at {exposure}"),
        None => "where it stopped".into(),
    };
    let key = model.keys.name("resume");
    match verb {
        Verb::Halt => format!("{key} resumes it {at}, typed: an admin, with a reason"),
        Verb::Hold => format!("{key} lifts it, typed: an operator"),
        _ => format!("{key} resumes it {at}, typed: an operator"),
    }
}

/// The days that Apple allows are few, and what comes after them is written nowhere.
fn budget(app: &AppSnapshot) -> Option<Fact> {
    let phased = app.release.as_ref()?.phased.as_ref()?;
    let (used, left) = (
        phased.paused_days,
        PAUSE_DAYS.saturating_sub(phased.paused_days),
    );
    Some(About::Budget.tell(format!(
        "{used} of Apple's {PAUSE_DAYS} days of pause are used, {left} are left"
    )))
}
