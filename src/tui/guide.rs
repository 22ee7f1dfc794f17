//! The explanations of the demo: one line a step, that goes when it is told to.
//!
//! Which step it is follows from the picture and from what the person looks at, never from time: whoever halts early, or
//! looks around for long, is told what holds now.

use ratatui::layout::Rect;

use super::confirm::Ask;
use super::format::countdown;
use super::layout::Tier;
use super::model::{Layer, Model, View, is_stopped};
use super::moment::Moment;
use super::theme::Tone;
use super::view::header::short_version;
use crate::api::AppSnapshot;
use crate::domain::{Health, StoreKind, Target, Verb};

/// What hides it, at the right.
pub(crate) const HIDES: &str = "h hides";

/// Of the demo; elsewhere there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Guide {
    /// Simulated seconds a second: people count in their own.
    pub(crate) speed: f64,
    pub(crate) hidden: bool,
}

/// One step: what always fits, and what is said beside it where there is room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) says: String,
    pub(crate) more: String,
}

/// Hides them, or shows them again.
pub(crate) fn toggle(model: &mut Model) {
    match &mut model.guide {
        Some(guide) => guide.hidden = !guide.hidden,
        None => model.tell(
            Tone::Plain,
            "only the demo explains itself: haltline demo; ? has every key",
        ),
    }
}

/// The rows that it takes of a screen of this size.
pub(crate) fn rows(model: &Model, screen: Rect) -> u16 {
    let shown = model.guide.is_some_and(|guide| !guide.hidden);
    u16::from(shown && Tier::of(screen) > Tier::Tiny)
}

/// What to say now.
pub(crate) fn step(model: &Model) -> Option<Step> {
    let guide = model.guide.filter(|guide| !guide.hidden)?;
    if let Some(step) = place(model) {
        return Some(step);
    }
    let Some(app) = story(model) else {
        return Some(say(
            "starting: stores and health sources are simulated on this machine",
            "",
        ));
    };
    let elsewhere = model.shown().filter(|shown| shown.id != app.id);
    if let Some(shown) = elsewhere {
        return Some(say(
            format!(
                "{} is fine; the story is about {}: ] goes there",
                shown.id, app.id
            ),
            "Apple raises a phased release by itself, day by day; haltline can pause it",
        ));
    }
    Some(stopped(app).unwrap_or_else(|| going(app, model, guide)))
}

fn say(says: impl Into<String>, more: impl Into<String>) -> Step {
    Step {
        says: says.into(),
        more: more.into(),
    }
}

/// The app that things happen to: the one whose stages haltline carries out.
fn story(model: &Model) -> Option<&AppSnapshot> {
    let apps = &model.snapshot.apps;
    let climbs = apps.iter().find(|app| app.climbs || !app.stages.is_empty());
    climbs.or(apps.first()).filter(|app| app.release.is_some())
}

/// Where the person is, where that is not the rollout as it goes.
fn place(model: &Model) -> Option<Step> {
    match &model.layer {
        Some(Layer::Confirm(dialog)) => {
            return Some(match &dialog.ask {
                Ask::Phrase { .. } => say(
                    "what raises exposure is typed, letter by letter; Esc leaves",
                    "lowering it takes two different keys",
                ),
                _ => say(
                    "a second key does it, Esc leaves; Enter never does anything here",
                    "it says what changes for whom, and what cannot be undone",
                ),
            });
        }
        Some(Layer::Crash(_)) => {
            return Some(say("the crash as its source tells it; Esc goes back", ""));
        }
        Some(Layer::Export) => {
            return Some(say(
                "one key writes a file that you can send on; Esc goes back",
                "",
            ));
        }
        _ => {}
    }
    if matches!(model.moment, Moment::Past(_)) {
        return Some(say(
            "this is the past, from the journal: arrows travel, . is back to now",
            "nothing can be done here",
        ));
    }
    if matches!(model.moment, Moment::Frozen { .. }) {
        return Some(say(
            "the picture stands still; the rollout does not: space goes on",
            "",
        ));
    }
    (model.view == View::Overview)
        .then(|| say("all rollouts, the worst first; Enter opens one", ""))
}

/// Once it stands, or is to stand.
fn stopped(app: &AppSnapshot) -> Option<Step> {
    if let Some(desire) = app
        .desire
        .as_ref()
        .filter(|it| it.target == Target::Stopped)
    {
        return Some(say(
            format!(
                "{} is asked for; it is done once {} reads so",
                desire.verb,
                app.store.name()
            ),
            "haltline reads the store back until it agrees",
        ));
    }
    if !is_stopped(app) {
        return None;
    }
    if !app.latched {
        return Some(say(
            "PAUSED: H makes it a halt, R goes on (that is typed)",
            "",
        ));
    }
    if app.acknowledged_by.is_none() {
        return Some(say(
            format!(
                "{} says HALTED. 5 and Enter: the stack; a: you are on it",
                app.store.name()
            ),
            "7 has the way out, y copies a summary",
        ));
    }
    Some(say(
        "your own app: q, then haltline init, haltline doctor, haltline watch",
        "or look around: ? has every key",
    ))
}

/// While it goes on.
fn going(app: &AppSnapshot, model: &Model, guide: Guide) -> Step {
    let new = short_version(app.version_name.as_str());
    let old = app
        .previous_name
        .as_ref()
        .map_or("the last one", |name| short_version(name.as_str()));
    if model.snapshot.disarmed.is_some() || app.disarmed.is_some() {
        return say(
            "automation is off: haltline only tells. D arms it again",
            "",
        );
    }
    if let Some(act) = &app.announced {
        let left = (act.due - model.now.watched).num_milliseconds() as f64 / 1000.0 / guide.speed;
        let left = countdown(chrono::TimeDelta::seconds(left.ceil() as i64));
        let verb = act.verb;
        let hold = if act.held {
            "D stops automation"
        } else {
            "x holds it once"
        };
        let key = if verb == Verb::Pause {
            "P pauses"
        } else {
            "H halts"
        };
        return say(
            format!("it crashes: {key} it now, {hold}, or wait: {verb} in {left}"),
            "rule and evidence are in the lines above",
        );
    }
    let at = app.release.as_ref().map(|release| release.exposure);
    let exposure = at.map_or_else(String::new, |at| at.to_string());
    match app.health {
        Health::Breached => say(
            "it crashes too much: once two polls agree, a rule stops it",
            "pane 2 shows which, and its limit",
        ),
        Health::Warning => say(
            "more crashes than before: worth a look, no limit is broken yet",
            "counts, and how rare they would be by chance, stand above",
        ),
        Health::Unknown => say(
            "not enough is known yet: what is unknown is never shown green",
            "",
        ),
        Health::Healthy => match app.stages.iter().position(|stage| Some(*stage) == at) {
            _ if app.store == StoreKind::AppStore => say(
                format!("{new} beside {old}; Apple raises it day by day"),
                "",
            ),
            Some(0) => say(
                format!("{new} is out to {exposure} of users; pane 1 compares it with {old}"),
                "pane 4 says when it goes further",
            ),
            Some(1) => say(
                format!("its gate opened: haltline took it to {exposure} by itself"),
                "pane 6 has all it did, and why",
            ),
            _ => say(
                format!("{exposure} now, and soon {new} begins to crash: watch pane 1"),
                "pane 2 has the rules that stop it",
            ),
        },
    }
}

#[cfg(test)]
mod tests;
