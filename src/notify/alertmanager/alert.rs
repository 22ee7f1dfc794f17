//! A message as an alert: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

use super::LASTS;
use crate::domain::{IncidentChange, PlainText, Timestamp};
use crate::notify::text;
use crate::ports::{About, Incident, Message};

/// What belongs to no incident is news, not a state: it fires until it surely has been passed on.
const NEWS_LASTS: TimeDelta = TimeDelta::minutes(5);
/// Bytes of the description.
const DESCRIPTION: usize = 8_000;

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    /// Left out where there is none: its schema wants an address.
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl Alert {
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.ends_at > now
    }
}

/// `earlier` is the same alert as it was told before.
pub(super) fn of(
    message: &Message,
    earlier: Option<&Alert>,
    host: &PlainText,
    now: Timestamp,
) -> Alert {
    let about = message.about.as_ref();
    let began = message.at.min(now);
    let (labels, ends) = match &message.incident {
        Some(news) => {
            let over = news.change == IncidentChange::Resolved;
            let ends = if over { now } else { now + LASTS };
            (of_incident(&news.key, about), ends)
        }
        None => (of_news(message, host), now + NEWS_LASTS),
    };
    Alert {
        labels,
        annotations: annotations(message),
        starts_at: earlier.map_or(began, |earlier| earlier.starts_at.min(began)),
        ends_at: ends,
        link: text::link(message).map(String::from),
    }
}

/// An incident that goes on: as it was `told` last, or what is known of it where that was before a restart.
pub(super) fn again(incident: &Incident, told: Option<&Alert>, now: Timestamp) -> Alert {
    let ends_at = now + LASTS;
    if let Some(told) = told {
        return Alert {
            ends_at,
            ..told.clone()
        };
    }
    let annotations = [
        ("summary", incident.text.to_string()),
        ("release", text::about(&incident.about)),
    ];
    Alert {
        labels: of_incident(&incident.key, Some(&incident.about)),
        annotations: annotations.into(),
        starts_at: incident.opened.min(now),
        ends_at,
        link: None,
    }
}

/// The release is told by the last part of the key: the name that people read may be learnt later, and would make another alert.
fn of_incident(key: &PlainText, about: Option<&About>) -> BTreeMap<&'static str, String> {
    let mut parts = key.as_str().splitn(3, '/');
    let (_haltline, app, release) = (parts.next(), parts.next(), parts.next());
    let release = release.unwrap_or(key.as_str());
    let mut labels = BTreeMap::from([
        ("alertname", "HaltlineIncident".to_owned()),
        ("release", release.to_owned()),
        ("severity", "critical".to_owned()),
    ]);
    labels.extend(app.map(|app| ("app", app.to_owned())));
    labels.extend(about.map(|about| ("store", about.store.word().to_owned())));
    labels
}

/// Each is an alert of its own, the same at every try.
fn of_news(message: &Message, host: &PlainText) -> BTreeMap<&'static str, String> {
    let mut labels = BTreeMap::from([
        ("alertname", "HaltlineNews".to_owned()),
        ("severity", text::severity(message.urgency).to_owned()),
        ("host", host.to_string()),
        ("message", text::fingerprint(host.as_str(), message)),
    ]);
    if let Some(about) = &message.about {
        labels.insert("app", about.app.to_string());
        labels.insert("store", about.store.word().to_owned());
        let version = about.version.as_ref();
        labels.extend(version.map(|version| ("release", version.key())));
    }
    labels
}

fn annotations(message: &Message) -> BTreeMap<&'static str, String> {
    let facts = message.facts.iter();
    let facts = facts.map(|(what, value)| format!("{what}: {value}"));
    let lines: Vec<String> = message
        .digest
        .iter()
        .map(PlainText::to_string)
        .chain(facts)
        .collect();
    let (shown, rest) = text::fitting(&lines, DESCRIPTION, |line| text::in_json(line) + 2);
    let shown: Vec<String> = shown.iter().cloned().chain(text::more(rest)).collect();
    let about = message.about.as_ref().map(text::about);
    let all = [
        ("summary", Some(message.text.to_string())),
        ("description", Some(shown.join("\n"))),
        ("release", about),
        (
            "command",
            message.command.as_ref().map(PlainText::to_string),
        ),
        (
            "on_call",
            message.on_call.as_ref().map(PlainText::to_string),
        ),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}
