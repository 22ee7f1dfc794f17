//! Who was woken, who is on it, and what could not be told: in words.

use super::format::{age, countdown, moment};
use super::plan::{Statement, say};
use crate::api::AppSnapshot;
use crate::api::wire::IncidentView;
use crate::domain::PlainText;
use crate::tui::state::model::Model;
use crate::tui::style::theme::Tone;

/// The incident of the release shown: since when, who is on it, who was told, and whom it goes to next.
pub(crate) fn statement(model: &Model, app: &AppSnapshot) -> Option<Statement> {
    let incident = app.incident.as_ref()?;
    let now = model.now.watched;
    let since = format!(
        "{} ({})",
        moment(incident.opened, now),
        age(now - incident.opened)
    );
    let told = told(incident);
    if let Some(actor) = incident
        .acknowledged_by
        .as_ref()
        .or(app.acknowledged_by.as_ref())
    {
        let text = format!("INCIDENT since {since}: {actor} is on it{told}");
        return Some(say(Tone::Plain, text));
    }
    let level = match incident.level {
        0 => String::new(),
        level => format!(", escalated {level}×"),
    };
    let next = incident.escalates.filter(|_| model.is_watched());
    let next = next.map_or_else(String::new, |at| {
        format!("; told to more people in {}", countdown(at - now))
    });
    let on_call = on_call(model).map_or_else(String::new, |who| format!("; on call: {who}"));
    let key = model.keys.name("acknowledge");
    Some(say(
        Tone::Bad,
        format!(
            "INCIDENT since {since}: nobody is on it ({key} acknowledges){level}{told}{next}{on_call}"
        ),
    ))
}

/// Whose phones an acknowledgement silences, and what it keeps from happening.
pub(crate) fn silenced(model: &Model, app: &AppSnapshot) -> Option<String> {
    let incident = app.incident.as_ref()?;
    let told = names(&incident.told);
    let whom = on_call(model).map_or_else(String::new, |who| format!(" ({who} on call)"));
    let rings = if told.is_empty() {
        format!("nobody is rung for it any more{whom}")
    } else {
        format!("{told} ring no more for it{whom}")
    };
    Some(match incident.escalates {
        Some(at) => format!(
            "{rings}; it is not escalated at {}",
            moment(at, model.now.watched)
        ),
        None => rings,
    })
}

/// Channels that take nothing, the first of them in full.
pub(crate) fn mute(model: &Model) -> Option<Statement> {
    let (first, others) = model.snapshot.mute.split_first()?;
    let now = model.now.watched;
    let since = format!("{} ({})", moment(first.since, now), age(now - first.since));
    let waits = match first.waiting {
        1 => "1 message waits".to_owned(),
        n => format!("{n} messages wait"),
    };
    let more = match others.len() {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    let (channel, why) = (&first.channel, &first.why);
    Some(say(
        Tone::Warning,
        format!("NOT TOLD: {channel} takes nothing since {since}, {waits}: {why}{more}"),
    ))
}

fn on_call(model: &Model) -> Option<&str> {
    model.snapshot.on_call.as_ref().map(PlainText::as_str)
}

fn told(incident: &IncidentView) -> String {
    let names = names(&incident.told);
    if names.is_empty() {
        String::new()
    } else {
        format!("; told {names}")
    }
}

fn names(channels: &[PlainText]) -> String {
    let names: Vec<&str> = channels.iter().map(PlainText::as_str).collect();
    names.join(", ")
}
