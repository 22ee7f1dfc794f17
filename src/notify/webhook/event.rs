//! What a receiver gets: a CloudEvent 1.0 in structured mode, whose data are a CDEvent of our own vocabulary.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>,
//! <https://github.com/cdevents/spec/tree/main/custom>. Receivers match on `type`: those names stay.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{AppId, IncidentChange, PlainText, StoreKind, Timestamp, Urgency};
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
        // As CDEvents calls it.
        Some(IncidentChange::Opened) => ("incident", "detected"),
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
    let content = Content {
        text: &message.text,
        urgency: message.urgency,
        app: about.map(|about| &about.app),
        name: about.map(|about| &about.name),
        store: about.map(|about| about.store),
        release: about
            .map(|about| &about.release)
            .filter(|release| !release.is_empty()),
    };
    let event = Event {
        id,
        host,
        at: message.at,
        subject,
        predicate,
        of: of.as_deref().unwrap_or(host.as_str()),
        chain: incident,
    };
    event.to_json(&json!(content), Some(&custom(message)))
}

#[derive(Serialize)]
struct Content<'a> {
    text: &'a PlainText,
    urgency: Urgency,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<&'a AppId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<StoreKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a PlainText>,
}

/// haltline lives.
pub(super) fn beat(id: &str, host: &PlainText, now: Timestamp) -> Value {
    let event = Event {
        id,
        host,
        at: now,
        subject: "watcher",
        predicate: "alive",
        of: host.as_str(),
        chain: None,
    };
    event.to_json(&json!({}), None)
}

struct Event<'a> {
    id: &'a str,
    host: &'a PlainText,
    at: Timestamp,
    subject: &'static str,
    predicate: &'static str,
    /// What it is about.
    of: &'a str,
    /// What belongs together.
    chain: Option<&'a PlainText>,
}

impl Event<'_> {
    fn to_json(&self, content: &Value, custom: Option<&Value>) -> Value {
        let source = source(self.host.as_str());
        let kind = format!(
            "dev.cdeventsx.haltline-{}.{}.{VERSION}",
            self.subject, self.predicate
        );
        let context = without_nulls([
            ("specversion", json!(CDEVENTS)),
            ("id", json!(self.id)),
            ("source", json!(source)),
            ("type", json!(kind)),
            ("timestamp", json!(self.at)),
            ("chainId", json!(self.chain)),
        ]);
        let data = without_nulls([
            ("context", context),
            ("subject", json!({ "id": self.of, "content": content })),
            ("customData", json!(custom)),
        ]);
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": kind,
            "subject": self.of,
            "time": self.at,
            "datacontenttype": "application/json",
            "data": data,
        })
    }
}

fn without_nulls<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    let some = fields.into_iter().filter(|(_, value)| !value.is_null());
    some.map(|(name, value)| (name.to_owned(), value)).collect()
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
    without_nulls([
        ("facts", nothing_if_empty(facts)),
        ("digest", nothing_if_empty(digest)),
        ("command", json!(message.command)),
        ("link", json!(text::link(message).map(String::from))),
        ("onCall", json!(message.on_call)),
    ])
}

fn nothing_if_empty<T: Serialize>(list: Vec<T>) -> Value {
    json!(Some(list).filter(|list| !list.is_empty()))
}
