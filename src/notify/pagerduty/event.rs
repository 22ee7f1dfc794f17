//! A message as an event of PagerDuty: <https://developer.pagerduty.com/docs/events-api-v2-overview>.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::Settings;
use crate::domain::{IncidentChange, PlainText, Urgency};
use crate::notify::text;
use crate::ports::Message;

/// Characters of a summary and of a key.
const LONGEST_SUMMARY: usize = 1024;
const LONGEST_KEY: usize = 255;
/// Bytes of what is told in detail; an event may have 512 KB.
const DETAILS: usize = 100_000;

/// `None`: nothing that this service is for.
pub(super) fn of(message: &Message, settings: &Settings) -> Option<Value> {
    let page = message.urgency == Urgency::Page;
    let action = match text::change(message) {
        Some(IncidentChange::Opened | IncidentChange::Escalated) => "trigger",
        Some(IncidentChange::Acknowledged) => "acknowledge",
        Some(IncidentChange::Resolved) => "resolve",
        Some(IncidentChange::Updated) | None if page => "trigger",
        Some(IncidentChange::Updated) | None => return None,
    };
    let key = match &message.incident {
        Some(news) => key(&news.key),
        None if message.ids.is_empty() => format!("haltline/watcher/{}", settings.host),
        None => format!(
            "haltline/message/{}",
            text::fingerprint(settings.host.as_str(), message)
        ),
    };
    let mut event = json!({
        "routing_key": settings.routing_key.expose_secret(),
        "event_action": action,
        "dedup_key": text::clip(&key, LONGEST_KEY),
    });
    if action == "trigger" {
        let link = text::link(message).map(String::from);
        let links: Vec<Value> = link
            .iter()
            .map(|href| json!({ "href": href, "text": "More" }))
            .collect();
        event["client"] = json!("haltline");
        event["client_url"] = json!(link);
        event["links"] = json!(links);
        event["payload"] = payload(message, settings);
    }
    Some(event)
}

/// A key that is too long is cut no shorter than it stays one of its own.
fn key(key: &PlainText) -> String {
    let whole = key.as_str();
    if whole.chars().count() <= LONGEST_KEY {
        whole.to_owned()
    } else {
        format!("haltline/{}", text::hash(whole))
    }
}

fn payload(message: &Message, settings: &Settings) -> Value {
    let about = message.about.as_ref();
    let severity = match message.urgency {
        Urgency::Page => "critical",
        Urgency::Warning => "warning",
        Urgency::Info => "info",
    };
    json!({
        "summary": text::clip(message.text.as_str(), LONGEST_SUMMARY),
        "source": settings.host,
        "severity": severity,
        "timestamp": message.at,
        "component": about.map(|about| about.app.as_str()),
        "group": about.map(|about| about.store.name()),
        "class": "staged rollout",
        "custom_details": details(message),
    })
}

fn details(message: &Message) -> Value {
    let mut details = Map::new();
    let mut add = |what: &str, value: &str| match details.get_mut(what) {
        Some(Value::String(there)) => {
            there.push_str("; ");
            there.push_str(value);
        }
        _ => drop(details.insert(what.to_owned(), value.into())),
    };
    if let Some(about) = &message.about {
        add("release", &text::about(about));
    }
    if let Some(command) = &message.command {
        add("command", command.as_str());
    }
    if let Some(on_call) = &message.on_call {
        add("on call", on_call.as_str());
    }
    let size = |(what, value): &(PlainText, PlainText)| {
        text::in_json(what.as_str()) + text::in_json(value.as_str()) + 6
    };
    for (what, value) in text::fitting(&message.facts, DETAILS, size).0 {
        add(what.as_str(), value.as_str());
    }
    if !message.digest.is_empty() {
        let size = |line: &PlainText| text::in_json(line.as_str()) + 3;
        let (lines, rest) = text::fitting(&message.digest, DETAILS, size);
        let lines = lines.iter().map(PlainText::to_string);
        let lines: Vec<String> = lines.chain(text::more(rest)).collect();
        details.insert("messages".to_owned(), json!(lines));
    }
    Value::Object(details)
}
