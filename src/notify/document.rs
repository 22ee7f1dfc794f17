//! A message as one flat JSON document, for programs: `haltline/message/v1`. What there is none of is null or empty, never absent.

use serde_json::{Value, json};

use super::text;
use crate::domain::{IncidentChange, PlainText, Urgency};
use crate::ports::Message;

pub(super) fn of(message: &Message, host: &PlainText) -> Value {
    let about = message.about.as_ref();
    let release = about.map(|about| {
        json!({
            "app": about.app,
            "name": about.name,
            "store": about.store,
            "version": about.version.as_ref().and_then(|version| version.name.as_ref()),
            "build": about.version.as_ref().map(|version| version.build.to_string()),
            "release": about.release,
        })
    });
    let facts = message.facts.iter();
    let facts: Vec<Value> = facts
        .map(|(what, value)| json!({ "name": what, "value": value }))
        .collect();
    let incident = message.incident.as_ref();
    let incident = incident.map(|news| json!({ "key": news.key, "change": change(news.change) }));
    json!({
        "schema": "haltline/message/v1",
        "id": text::fingerprint(host.as_str(), message),
        "ids": message.ids,
        "host": host,
        "at": message.at,
        "urgency": urgency(message),
        "headline": text::headline(message),
        "text": message.text,
        "digest": message.digest,
        "about": release,
        "facts": facts,
        "on_call": message.on_call,
        "command": message.command,
        "link": text::link(message).map(String::from),
        "incident": incident,
    })
}

pub(super) fn urgency(message: &Message) -> &'static str {
    match message.urgency {
        Urgency::Info => "info",
        Urgency::Warning => "warning",
        Urgency::Page => "page",
    }
}

fn change(change: IncidentChange) -> &'static str {
    match change {
        IncidentChange::Opened => "opened",
        IncidentChange::Updated => "updated",
        IncidentChange::Acknowledged => "acknowledged",
        IncidentChange::Escalated => "escalated",
        IncidentChange::Resolved => "resolved",
    }
}
