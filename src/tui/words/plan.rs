//! What the machine will do, and when: the second line of the screen, most pressing first.

use super::climb;
use super::format::{age, countdown, moment};
use super::link;
use crate::api::AppSnapshot;
use crate::api::wire::{Announced, DesireView, Disarmed, WatcherState};
use crate::domain::{StoreKind, Verb};
use crate::policy::{Role, RuleState, RuleStatus};
use crate::tui::dialogs::direct;
use crate::tui::state::model::{Model, is_stopped};
use crate::tui::style::theme::Tone;

/// One statement about what comes next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

pub(crate) fn say(tone: Tone, text: impl Into<String>) -> Statement {
    Statement {
        tone,
        text: text.into(),
    }
}

/// The statements that hold for the app, the most pressing first; never none.
pub(crate) fn statements(model: &Model, app: &AppSnapshot) -> Vec<Statement> {
    let mut out = Vec::new();
    out.extend(direct::statement(model, app));
    out.extend(nobody(model));
    out.extend(app.desire.as_ref().map(|desire| wanted(model, desire)));
    out.extend(
        app.announced
            .as_ref()
            .map(|act| say(Tone::Bad, with_keys(model, act))),
    );
    out.extend(disarmed(model, app.disarmed.as_ref(), "this app"));
    out.extend(automation(model));
    if !app.acts {
        out.push(say(
            Tone::Warning,
            "ADVISE MODE: haltline tells, and does not act",
        ));
    }
    let resume = model.keys.name("resume");
    if is_stopped(app) && app.desire.is_none() && !climb::is_held_by_gate(app) {
        let downloads = match app.store {
            StoreKind::GooglePlay => "",
            StoreKind::AppStore => "; manual downloads go on",
        };
        out.push(if app.latched {
            say(
                Tone::Stopped,
                format!("stays halted until an admin resumes it ({resume}){downloads}"),
            )
        } else {
            say(
                Tone::Stopped,
                format!("stays paused until a person resumes it ({resume}){downloads}"),
            )
        });
    }
    if let Some(actor) = &app.hold {
        out.push(say(
            Tone::Stopped,
            format!("on hold by {actor}: advances nothing ({resume} lifts it)"),
        ));
    }
    // A rollout that stands still for too long says so first: it has not gone on by itself.
    let alone = (climb::is_held_by_gate(app) || app.climbs) && app.stalled.is_none();
    let calm = out.is_empty();
    out.extend(climb::course(model, app).filter(|_| alone && calm));
    out.extend(climb::questions(model, app));
    if calm {
        out.push(usual(app));
    }
    out.extend(climb::course(model, app).filter(|_| !(alone && calm)));
    out
}

/// Why haltline as a whole does not act.
pub(crate) fn automation(model: &Model) -> Vec<Statement> {
    let off = model.snapshot.disarmed.as_ref();
    let mut out: Vec<_> = disarmed(model, off, "every app").into_iter().collect();
    if let WatcherState::WatchingOnly { why } = &model.snapshot.watcher {
        out.push(say(Tone::Warning, format!("WATCHING ONLY: {why}")));
    }
    out
}

/// That nobody looks at the stores now, where that is so.
pub(crate) fn nobody(model: &Model) -> Option<Statement> {
    let now = model.now.watched;
    if let Some(told) = link::statement(model) {
        return Some(told);
    }
    match &model.snapshot.watcher {
        WatcherState::NobodySince { since: Some(since) } => Some(say(
            Tone::Bad,
            format!(
                "NOBODY WATCHES since {} ({}): nothing acts",
                moment(*since, now),
                age(now - *since)
            ),
        )),
        WatcherState::NobodySince { since: None } => Some(say(
            Tone::Bad,
            "NOBODY WATCHES: nothing acts; run haltline watch",
        )),
        WatcherState::Acting { .. } | WatcherState::WatchingOnly { .. } => None,
    }
}

/// A desire that the store has not confirmed, without its progress: `HALT requested 3s ago`.
pub(crate) fn requested(model: &Model, desire: &DesireView) -> Statement {
    let verb = desire.verb.name().to_uppercase();
    if desire.failed {
        say(Tone::Bad, format!("{verb} FAILED"))
    } else {
        let since = age(model.now.watched - desire.since);
        say(Tone::Bad, format!("{verb} requested {since}"))
    }
}

pub(crate) fn wanted(model: &Model, desire: &DesireView) -> Statement {
    let Statement { tone, text } = requested(model, desire);
    let n = desire.attempts;
    let text = match (&desire.failure, desire.failed) {
        (Some(failure), true) => format!("{text} after {n} attempts: {failure}"),
        (None, true) => format!("{text} after {n} attempts"),
        (Some(failure), false) => format!("attempt {n} failed, trying again: {}", failure.what),
        (None, false) if n == 0 => format!("asked for by {}: writing to the store", desire.actor),
        (None, false) => format!(
            "asked for by {}: attempt {n}, waiting for the store to confirm",
            desire.actor
        ),
    };
    say(tone, text)
}

/// What is announced: `HALT in 3m40s by rule crash-ratio`; of an old picture, for when it was.
pub(crate) fn coming(model: &Model, act: &Announced) -> String {
    let (now, verb) = (model.now.watched, act.verb.name().to_uppercase());
    let when = if model.is_watched() {
        format!("in {}", countdown(act.due - now))
    } else {
        format!("was announced for {}", moment(act.due, now))
    };
    format!("{verb} {when} by rule {}", act.rule)
}

/// The same with the keys that do it now or hold it, where somebody is there to do it.
pub(crate) fn with_keys(model: &Model, act: &Announced) -> String {
    // A key that would be refused is not offered.
    let may = model.me.as_ref().is_none_or(|me| me.role >= Role::Operator);
    if !model.is_watched() || !may {
        return coming(model, act);
    }
    let now = matches!(act.verb, Verb::Halt | Verb::Pause);
    let now = now.then(|| format!("{} now", model.keys.name(act.verb.name())));
    let hold = match (act.held, &now) {
        (false, Some(_)) => format!(", {} hold 15m", model.keys.name("postpone")),
        (false, None) => format!("{} hold 15m", model.keys.name("postpone")),
        (true, Some(_)) => "; held once already".into(),
        (true, None) => "held once already".into(),
    };
    format!("{} ({}{hold})", coming(model, act), now.unwrap_or_default())
}

fn disarmed(model: &Model, disarmed: Option<&Disarmed>, whom: &str) -> Option<Statement> {
    let off = disarmed?;
    let now = model.now.watched;
    let until = off.until.map_or_else(
        || "until somebody arms it".to_owned(),
        |until| format!("until {} ({})", moment(until, now), countdown(until - now)),
    );
    let (actor, reason, key) = (&off.actor, &off.reason, model.keys.name("disarm"));
    Some(say(
        Tone::Warning,
        format!("DISARMED for {whom} {until}, {key} arms: {actor}: {reason}"),
    ))
}

/// What it would do if something went wrong.
fn usual(app: &AppSnapshot) -> Statement {
    let live = |rule: &&RuleStatus| rule.state != RuleState::Off && rule.action.verb().is_some();
    let sees = |rule: &&RuleStatus| !matches!(rule.state, RuleState::Unknown { .. });
    if !app.rules.iter().any(|rule| live(&rule)) {
        return say(
            Tone::Warning,
            "no rule is live: haltline will not act by itself",
        );
    }
    let parts: Vec<String> = [Verb::Halt, Verb::Pause, Verb::Hold]
        .into_iter()
        .filter_map(|verb| {
            let rules = app.rules.iter().filter(live).filter(sees);
            let n = rules
                .filter(|rule| rule.action.verb() == Some(verb))
                .count();
            (n > 0).then(|| format!("{verb} ({n} rule{})", if n == 1 { "" } else { "s" }))
        })
        .collect();
    if parts.is_empty() {
        return say(Tone::Unknown, "unknown: no rule has data to act on");
    }
    say(
        Tone::Plain,
        format!("armed: will {} by itself", parts.join(" or ")),
    )
}
