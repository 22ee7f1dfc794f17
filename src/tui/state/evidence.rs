//! Which event is marked, and what is recorded of it: from the records alone, nothing guessed.

use serde_json::Value;

use super::model::{Layer, Model};
use crate::domain::event::WriteResult;
use crate::domain::{Actor, Event, PlainText, Record, StoreKind, Timestamp};
use crate::tui::words::format::{count, one_in};
use crate::tui::words::story;

/// One event, looked at. It is kept, since the picture goes on without it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) record: Record,
    /// First line shown.
    pub(crate) offset: usize,
}

impl Evidence {
    pub(crate) fn scroll(&mut self, rows: isize) {
        // The view stops at the end of what there is.
        self.offset = self.offset.saturating_add_signed(rows).min(MOST_LINES);
    }
}

/// No record has more to tell than a policy has lines.
const MOST_LINES: usize = 2_000;

/// The place of the marked event among those of the pane: it stays on its record while others come, and is the newest one
/// until somebody moves it. Where its record is not there any more, it is the one before it.
pub(crate) fn marked(model: &Model) -> usize {
    let Some(seq) = model.event else { return 0 };
    let events = model.events();
    let place = events.iter().position(|record| record.seq <= seq);
    place.unwrap_or_else(|| events.len().saturating_sub(1))
}

/// Moves the mark, down for more.
pub(crate) fn mark(model: &mut Model, rows: isize) {
    let events = model.events();
    let last = events.len().saturating_sub(1);
    let place = marked(model).saturating_add_signed(rows).min(last);
    let seq = events.get(place).map(|record| record.seq);
    model.event = seq.filter(|_| place > 0);
}

/// Opens what is recorded of the marked event.
pub(crate) fn open(model: &mut Model) {
    let record = model.events().get(marked(model)).map(|it| (*it).clone());
    if let Some(record) = record {
        let evidence = Evidence { record, offset: 0 };
        model.layer = Some(Layer::Evidence(Box::new(evidence)));
    }
}

/// A line of the evidence: what it is, and what is recorded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) text: String,
}

fn fact(label: impl Into<String>, text: impl Into<String>) -> Fact {
    let (label, text) = (label.into(), text.into());
    Fact { label, text }
}

/// Everything that a record says, and what became of it by other records.
pub(crate) fn facts(model: &Model, record: &Record) -> Vec<Fact> {
    let mut facts = vec![fact(
        "record",
        format!(
            "{} at {}",
            record.seq,
            record.at.format("%Y-%m-%d %H:%M:%S UTC")
        ),
    )];
    facts.extend(record.app.as_ref().map(|app| fact("app", app.as_str())));
    if let Ok(Value::Object(fields)) = serde_json::to_value(&record.event) {
        for (name, value) in &fields {
            tell(&mut facts, name, value);
        }
    }
    facts.extend(rule(model, record));
    facts.extend(policy(model, record));
    facts.extend(chain(model, record));
    facts
}

/// One field, in words where it has a form of its own.
fn tell(facts: &mut Vec<Fact>, name: &str, value: &Value) {
    let label = name.replace(['-', '_'], " ");
    let actor = || serde_json::from_value::<Actor>(value.clone()).ok();
    match (name, value) {
        (_, Value::Null) => {}
        ("ln_evidence", Value::Number(ln)) => facts.push(strength("evidence", ln.as_f64())),
        ("ln_threshold", Value::Number(ln)) => facts.push(strength("asked for", ln.as_f64())),
        ("new" | "old", Value::Object(counts)) if counts.contains_key("trials") => {
            let of = |key| counts.get(key).and_then(Value::as_u64).unwrap_or_default();
            let text = format!(
                "{} failed of {}",
                count(of("failures")),
                count(of("trials"))
            );
            let whose = if name == "new" { "version" } else { "baseline" };
            facts.push(fact(whose, text));
        }
        ("through", Value::String(at)) => facts.push(fact("data to", time(at))),
        ("actor", Value::Object(_)) if actor().is_some() => {
            facts.extend(actor().map(|actor| fact("by", actor.to_string())));
        }
        (_, Value::Object(fields)) => {
            for (inner, value) in fields {
                tell(facts, inner, value);
            }
        }
        (_, Value::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                let label = if place == 0 { label.as_str() } else { "" };
                facts.push(fact(label, plain(item)));
            }
        }
        (_, Value::String(text)) => {
            // A policy has lines.
            for (place, line) in text.lines().enumerate() {
                let label = if place == 0 { label.as_str() } else { "" };
                facts.push(fact(label, time(PlainText::new(line).as_str())));
            }
        }
        (_, value) => facts.push(fact(label, plain(value))),
    }
}

fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        other => other.to_string(),
    };
    PlainText::new(&text).to_string()
}

/// Times of the record are shown as its own.
fn time(text: &str) -> String {
    let at = text.parse::<Timestamp>();
    at.map_or_else(
        |_| text.to_owned(),
        |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// Evidence as the share of healthy rollouts that would show it, and as the number itself.
fn strength(label: &str, ln: Option<f64>) -> Fact {
    let number = ln.map_or_else(String::new, |ln| format!(" (ln {ln:.2})"));
    fact(label, format!("{}{number}", one_in(ln)))
}

/// The rule as the policy in force in this picture has it.
fn rule(model: &Model, record: &Record) -> Option<Fact> {
    let (Event::RuleFired { rule, .. }
    | Event::RuleBreached { rule, .. }
    | Event::RuleCleared { rule }
    | Event::ActAnnounced { rule, .. }
    | Event::ActPostponed { rule, .. }
    | Event::ActCancelled { rule, .. }
    | Event::ActWithheld { rule, .. }) = &record.event
    else {
        return None;
    };
    let app = of_app(model, record)?;
    let status = app.rules.iter().find(|status| status.rule == *rule)?;
    let text = format!(
        "{} {}, {} (as shown in this picture)",
        status.metric.label(),
        status.limit,
        status.action.name()
    );
    Some(fact("its limit", text))
}

/// The policy pinned last before the record; else the one that the picture names.
fn policy(model: &Model, record: &Record) -> Option<Fact> {
    if matches!(record.event, Event::PolicyPinned { .. }) {
        return None;
    }
    let pinned = model.snapshot.events.iter().rev().find_map(|earlier| {
        let own = earlier.seq < record.seq && earlier.app == record.app;
        match &earlier.event {
            Event::PolicyPinned { name, hash, .. } if own => Some(format!(
                "{name} {} (pinned by record {})",
                PlainText::new(hash),
                earlier.seq
            )),
            _ => None,
        }
    });
    let named = || {
        let app = of_app(model, record)?;
        let hash = &app.execution.as_ref()?.policy_hash;
        let hash = PlainText::new(hash);
        (!hash.is_empty()).then(|| format!("{} {hash} (as shown in this picture)", app.policy))
    };
    Some(fact("policy", pinned.or_else(named)?))
}

fn of_app<'a>(model: &'a Model, record: &Record) -> Option<&'a crate::api::AppSnapshot> {
    let mut apps = model.snapshot.apps.iter();
    apps.find(|app| Some(&app.id) == record.app.as_ref())
}

/// What was asked of the store and what it answered: the records of the same request.
fn chain(model: &Model, record: &Record) -> Vec<Fact> {
    let Some(own) = revision(&record.event) else {
        return Vec::new();
    };
    let store = of_app(model, record).map_or(StoreKind::GooglePlay, |app| app.store);
    let related = model.snapshot.events.iter().filter(|other| {
        other.app == record.app && revision(&other.event) == Some(own) && other.seq != record.seq
    });
    let mut facts = Vec::new();
    for other in related {
        let told = story::tell(other, store, record.at);
        let at = other.at.format("%H:%M:%S");
        let label = if facts.is_empty() { "with it" } else { "" };
        facts.push(fact(label, format!("{at} #{} {}", other.seq, told.text)));
        if let Event::WriteEnded {
            result: WriteResult::Failed { failure },
            ..
        } = &other.event
            && !failure.place.is_empty()
        {
            facts.push(fact("", format!("  {}", failure.place)));
        }
    }
    facts
}

fn revision(event: &Event) -> Option<u64> {
    match event {
        Event::DesireSet { revision, .. }
        | Event::WriteStarted { revision, .. }
        | Event::WriteEnded { revision, .. }
        | Event::DesireConfirmed { revision, .. }
        | Event::DesireSuperseded { revision, .. }
        | Event::ReadBackDiffers { revision, .. }
        | Event::DesireFailed { revision, .. } => Some(*revision),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
