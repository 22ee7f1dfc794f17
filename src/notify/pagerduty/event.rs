//! A message as an event of PagerDuty: <https://developer.pagerduty.com/docs/events-api-v2-overview>.

use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Settings;
use crate::domain::{AppId, IncidentChange, PlainText, Timestamp, Urgency};
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
        Some(news) => news.key.to_string(),
        None if message.ids.is_empty() => format!("haltline/watcher/{}", settings.host),
        None => format!(
            "haltline/message/{}",
            text::fingerprint(settings.host.as_str(), message)
        ),
    };
    let event = Event {
        routing_key: settings.routing_key.expose_secret(),
        action,
        dedup_key: shortened(key),
        trigger: (action == "trigger").then(|| Trigger::of(message, settings)),
    };
    Some(json!(event))
}

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    #[serde(rename = "event_action")]
    action: &'static str,
    dedup_key: String,
    #[serde(flatten)]
    trigger: Option<Trigger<'a>>,
}

/// What only an event that opens an alert, or rings again, has to say.
#[derive(Serialize)]
struct Trigger<'a> {
    client: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<String>,
    links: Vec<Link>,
    payload: Payload<'a>,
}

#[derive(Serialize)]
struct Link {
    href: String,
    text: &'static str,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a PlainText,
    severity: &'static str,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a AppId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    class: &'static str,
    custom_details: Value,
}

impl<'a> Trigger<'a> {
    fn of(message: &'a Message, settings: &'a Settings) -> Self {
        let about = message.about.as_ref();
        let link = text::link(message).map(String::from);
        let links = link.iter().map(|href| Link {
            href: href.clone(),
            text: "More",
        });
        Self {
            client: "haltline",
            links: links.collect(),
            client_url: link,
            payload: Payload {
                summary: text::clip(message.text.as_str(), LONGEST_SUMMARY),
                source: &settings.host,
                severity: text::severity(message.urgency),
                timestamp: message.at,
                component: about.map(|about| &about.app),
                group: about.map(|about| about.store.name()),
                class: "staged rollout",
                custom_details: details(message),
            },
        }
    }
}

/// A key that is too long becomes another that is its own.
fn shortened(key: String) -> String {
    if key.chars().count() <= LONGEST_KEY {
        key
    } else {
        format!("haltline/{}", text::hash(&key))
    }
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
