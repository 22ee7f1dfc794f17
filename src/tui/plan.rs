//! What the machine will do, and when: the second line of the screen, most pressing first.

use super::climb;
use super::format::{age, countdown, moment};
use super::link;
use super::model::{Model, is_stopped};
use super::theme::Tone;
use crate::api::AppSnapshot;
use crate::api::wire::{DesireView, Disarmed, WatcherState};
use crate::domain::{StoreKind, Verb};
use crate::policy::{RuleState, RuleStatus};

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
    out.extend(nobody(model));
    out.extend(app.desire.as_ref().map(|desire| wanted(model, desire)));
    out.extend(announced(model, app));
    out.extend(disarmed(model, app.disarmed.as_ref(), "this app"));
    out.extend(disarmed(
        model,
        model.snapshot.disarmed.as_ref(),
        "every app",
    ));
    if let WatcherState::WatchingOnly { why } = &model.snapshot.watcher {
        out.push(say(Tone::Warning, format!("WATCHING ONLY: {why}")));
    }
    if !app.acts {
        out.push(say(
            Tone::Warning,
            "ADVISE MODE: haltline tells, and does not act",
        ));
    }
    if is_stopped(app) && app.desire.is_none() && !climb::is_held_by_gate(app) {
        let downloads = match app.store {
            StoreKind::GooglePlay => "",
            StoreKind::AppStore => "; manual downloads go on",
        };
        out.push(if app.latched {
            say(
                Tone::Stopped,
                format!("stays halted until an admin resumes it (R){downloads}"),
            )
        } else {
            say(
                Tone::Stopped,
                format!("stays paused until a person resumes it (R){downloads}"),
            )
        });
    }
    if let Some(actor) = &app.hold {
        out.push(say(
            Tone::Stopped,
            format!("on hold by {actor}: advances nothing (R lifts it)"),
        ));
    }
    // A rollout that stands still for too long says so first: it has not gone on by itself.
    let alone = (climb::is_held_by_gate(app) || app.climbs) && app.stalled.is_none();
    let calm = out.is_empty();
    out.extend(climb::course(app).filter(|_| alone && calm));
    out.extend(climb::questions(model, app));
    if calm {
        out.push(usual(app));
    }
    out.extend(climb::course(app).filter(|_| !(alone && calm)));
    out
}

fn nobody(model: &Model) -> Option<Statement> {
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

fn wanted(model: &Model, desire: &DesireView) -> Statement {
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

fn announced(model: &Model, app: &AppSnapshot) -> Option<Statement> {
    let act = app.announced.as_ref()?;
    let (now, verb) = (model.now.watched, act.verb.name().to_uppercase());
    if !model.is_watched() {
        let text = format!(
            "{verb} was announced for {} by rule {}",
            moment(act.due, now),
            act.rule
        );
        return Some(say(Tone::Bad, text));
    }
    let keys = match (act.verb, act.held) {
        (Verb::Halt, false) => "H now, x hold 15m",
        (Verb::Pause, false) => "P now, x hold 15m",
        (Verb::Halt, true) => "H now; held once already",
        (Verb::Pause, true) => "P now; held once already",
        (_, false) => "x hold 15m",
        (_, true) => "held once already",
    };
    Some(say(
        Tone::Bad,
        format!(
            "{verb} in {} by rule {} ({keys})",
            countdown(act.due - now),
            act.rule,
        ),
    ))
}

fn disarmed(model: &Model, disarmed: Option<&Disarmed>, whom: &str) -> Option<Statement> {
    let off = disarmed?;
    let now = model.now.watched;
    let until = off.until.map_or_else(
        || "until somebody arms it".to_owned(),
        |until| format!("until {} ({})", moment(until, now), countdown(until - now)),
    );
    let (actor, reason) = (&off.actor, &off.reason);
    Some(say(
        Tone::Warning,
        format!("DISARMED for {whom} {until}, D arms: {actor}: {reason}"),
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
        return say(
            Tone::Unknown,
            "armed, but blind: no rule has data to act on",
        );
    }
    say(
        Tone::Plain,
        format!("armed: will {} by itself", parts.join(" or ")),
    )
}
