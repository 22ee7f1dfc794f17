//! The explanations of the demo: one line a step, that goes when it is told to.
//!
//! Which step it is follows from the picture and from what the person looks at, never from time: whoever halts early, or
//! looks around for long, is told what holds now.

use ratatui::layout::Rect;

use super::confirm::Ask;
use crate::api::AppSnapshot;
use crate::domain::{Health, StoreKind, Target, Verb};
use crate::tui::state::model::{Layer, Model, View, is_stopped};
use crate::tui::state::moment::Moment;
use crate::tui::style::theme::Tone;
use crate::tui::view::header::short_version;
use crate::tui::view::layout::Tier;
use crate::tui::words::format::countdown;

/// What hides it, at the right.
pub(crate) fn hides(model: &Model) -> String {
    format!("{} hides", model.keys.name("hint"))
}

/// Of the demo; elsewhere there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Guide {
    /// Simulated seconds a second: people count in their own.
    pub(crate) speed: f64,
    pub(crate) hidden: bool,
}

impl Guide {
    /// Shown, in a demo of this speed.
    pub(crate) fn at(speed: f64) -> Self {
        Self {
            speed,
            hidden: false,
        }
    }
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
            format!(
                "only the demo explains itself: haltline demo; {} has every key",
                model.keys.name("help")
            ),
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
                "{} is fine; the story is about {}: {} goes there",
                shown.id,
                app.id,
                model.keys.name("app.next")
            ),
            "Apple raises a phased release by itself, day by day; haltline can pause it",
        ));
    }
    Some(stopped(app, model).unwrap_or_else(|| going(app, model, guide)))
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
                Ask::Press { .. } => say(
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
            format!(
                "this is the past, from the journal: arrows travel, {} is back to now",
                model.keys.name("live")
            ),
            "nothing can be done here",
        ));
    }
    if matches!(model.moment, Moment::Frozen { .. }) {
        return Some(say(
            format!(
                "the picture stands still; the rollout does not: {} goes on",
                model.keys.name("freeze").to_lowercase()
            ),
            "",
        ));
    }
    (model.view == View::Overview).then(|| {
        let key = model.keys.name("open");
        say(
            format!("all rollouts, the worst first; {key} opens one"),
            "",
        )
    })
}

/// Once it stands, or is to stand.
fn stopped(app: &AppSnapshot, model: &Model) -> Option<Step> {
    let key = |id| model.keys.name(id);
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
            format!(
                "PAUSED: {} makes it a halt, {} goes on (that is typed)",
                key("halt"),
                key("resume")
            ),
            "",
        ));
    }
    if app.acknowledged_by.is_none() {
        return Some(say(
            format!(
                "{} says HALTED. {} and {}: the stack; {}: you are on it",
                app.store.name(),
                key("pane.crashes"),
                key("open"),
                key("acknowledge")
            ),
            format!(
                "{} has the way out, {} copies a summary",
                key("pane.levers"),
                key("copy")
            ),
        ));
    }
    Some(say(
        format!(
            "your own app: {}, then haltline init, haltline doctor, haltline watch",
            key("back")
        ),
        format!("or look around: {} has every key", key("help")),
    ))
}

/// While it goes on.
fn going(app: &AppSnapshot, model: &Model, guide: Guide) -> Step {
    let key = |id| model.keys.name(id);
    let new = short_version(app.version_name.as_str());
    let old = app
        .previous_name
        .as_ref()
        .map_or("the last one", |name| short_version(name.as_str()));
    if model.snapshot.disarmed.is_some() || app.disarmed.is_some() {
        return say(
            format!(
                "automation is off: haltline only tells. {} arms it again",
                key("disarm")
            ),
            "",
        );
    }
    if let Some(act) = &app.announced {
        let left = (act.due - model.now.watched).num_milliseconds() as f64 / 1000.0 / guide.speed;
        let left = countdown(chrono::TimeDelta::seconds(left.ceil() as i64));
        let verb = act.verb;
        let hold = if act.held {
            format!("{} stops automation", key("disarm"))
        } else {
            format!("{} holds it once", key("postpone"))
        };
        let stop = if verb == Verb::Pause {
            format!("{} pauses", key("pause"))
        } else {
            format!("{} halts", key("halt"))
        };
        return say(
            format!("it crashes: {stop} it now, {hold}, or wait: {verb} in {left}"),
            "rule and evidence are in the lines above",
        );
    }
    let at = app.release.as_ref().map(|release| release.exposure);
    let exposure = at.map_or_else(String::new, |at| at.to_string());
    match app.health {
        Health::Breached => say(
            "it crashes too much: once two polls agree, a rule stops it",
            format!("pane {} shows which, and its limit", key("pane.rules")),
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
                format!(
                    "{new} is out to {exposure} of users; pane {} compares it with {old}",
                    key("pane.health")
                ),
                format!("pane {} says when it goes further", key("pane.rollout")),
            ),
            Some(1) => say(
                format!("its gate opened: haltline took it to {exposure} by itself"),
                format!("pane {} has all it did, and why", key("pane.events")),
            ),
            _ => say(
                format!(
                    "{exposure} now, and soon {new} begins to crash: watch pane {}",
                    key("pane.health")
                ),
                format!("pane {} has the rules that stop it", key("pane.rules")),
            ),
        },
    }
}

#[cfg(test)]
mod tests;
