//! What a receiver gets: a CloudEvent 1.0 in structured mode, whose data are a CDEvent of our own vocabulary.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>,
//! <https://github.com/cdevents/spec/tree/main/custom>. Receivers match on `type`: those names stay.

use serde_json::{Value, json};

use crate::domain::{IncidentChange, PlainText, Timestamp, Urgency};
use crate::notify::text;
use crate::ports::Message;

/// The version of CDEvents, and that of our own types.
const CDEVENTS: &str = "0.5.1";
const VERSION: &str = "0.1.0";
/// Bytes of the facts, and of the messages of a digest: a body should stay below 20 KB.
const LIST: usize = 6_000;

pub(super) fn of(message: &Message, id: &str, host: &PlainText) -> Value {
    let about = message.about.as_ref();
    let (subject, predicate) = match text::change(message) {
        Some(IncidentChange::Opened) => ("incident", "opened"),
        Some(IncidentChange::Updated) => ("incident", "updated"),
        Some(IncidentChange::Acknowledged) => ("incident", "acknowledged"),
        Some(IncidentChange::Escalated) => ("incident", "escalated"),
        Some(IncidentChange::Resolved) => ("incident", "resolved"),
        None if about.is_some() => ("rollout", "reported"),
        None => ("watcher", "reported"),
    };
    let incident = message.incident.as_ref().map(|news| &news.key);
    let release = about.map(|about| match &about.version {
        Some(version) => format!("{}/{}", about.app, version.key()),
        None => about.app.to_string(),
    });
    let of = incident.map(PlainText::to_string).or(release);
    let urgency = match message.urgency {
        Urgency::Info => "info",
        Urgency::Warning => "warning",
        Urgency::Page => "page",
    };
    let mut content = json!({ "text": message.text, "urgency": urgency });
    if let Some(about) = about {
        content["app"] = json!(about.app);
        content["name"] = json!(about.name);
        content["store"] = json!(about.store);
        content["release"] = json!(about.release);
    }
    let head = Head {
        id,
        host,
        at: message.at,
        subject,
        predicate,
    };
    let mut event = head.event(of.as_deref().unwrap_or(host.as_str()), &content);
    if let Some(incident) = incident {
        event["data"]["context"]["chainId"] = json!(incident);
    }
    event["data"]["customData"] = custom(message);
    event
}

/// haltline lives.
pub(super) fn beat(id: &str, host: &PlainText, now: Timestamp) -> Value {
    let head = Head {
        id,
        host,
        at: now,
        subject: "watcher",
        predicate: "alive",
    };
    head.event(host.as_str(), &json!({}))
}

struct Head<'a> {
    id: &'a str,
    host: &'a PlainText,
    at: Timestamp,
    subject: &'a str,
    predicate: &'a str,
}

impl Head<'_> {
    fn event(&self, of: &str, content: &Value) -> Value {
        let source = source(self.host.as_str());
        let kind = format!(
            "dev.cdeventsx.haltline-{}.{}.{VERSION}",
            self.subject, self.predicate
        );
        let context = json!({
            "specversion": CDEVENTS,
            "id": self.id,
            "source": source,
            "type": kind,
            "timestamp": self.at,
        });
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": kind,
            "subject": of,
            "time": self.at,
            "datacontenttype": "application/json",
            "data": { "context": context, "subject": { "id": of, "content": content } },
        })
    }
}

/// A relative URI.
fn source(host: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let host: String = host
        .chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect();
    format!("/haltline/{host}")
}

fn custom(message: &Message) -> Value {
    let size = |(what, value): &(PlainText, PlainText)| {
        text::in_json(what.as_str()) + text::in_json(value.as_str()) + 24
    };
    let (facts, _left_out) = text::fitting(&message.facts, LIST, size);
    let facts: Vec<Value> = facts
        .iter()
        .map(|(what, value)| json!({ "name": what, "value": value }))
        .collect();
    let (digest, rest) = text::fitting(&message.digest, LIST, |line| {
        text::in_json(line.as_str()) + 3
    });
    let digest = digest.iter().map(PlainText::to_string);
    let digest: Vec<String> = digest.chain(text::more(rest)).collect();
    let all = [
        ("facts", json!(facts)),
        ("digest", json!(digest)),
        ("command", json!(message.command)),
        ("link", json!(text::link(message).map(String::from))),
        ("onCall", json!(message.on_call)),
    ];
    let some = all.into_iter().filter(|(_, value)| !is_nothing(value));
    some.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
