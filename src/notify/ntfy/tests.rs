use serde_json::json;

use super::super::testing::{digest, hostile, later, message, watcher};
use super::{BASE, Settings, body, priority};
use crate::domain::{IncidentChange, Urgency};
use crate::http::BaseUrl;

#[test]
fn a_page_on_a_phone() {
    assert_eq!(
        body(&message(), "releases-7f3a"),
        json!({
            "topic": "releases-7f3a",
            "title": "Page: Shop 8.43.0 (84300), Google Play",
            "message": "halted at 25%: crash-free sessions 98.10%, limit 99.85%\nhaltline acknowledge shop-android --reason …\ncrash-free sessions: 98.10% of 12,480\nbaseline: 99.90% of 101,000\nOn call: alice",
            "priority": 5,
            "tags": ["rotating_light"],
            "click": "https://grafana.example.com/d/1?a=1&b=2",
            "actions": [{ "action": "view", "label": "More", "url": "https://grafana.example.com/d/1?a=1&b=2" }],
        })
    );
    assert_eq!(
        body(&watcher(Urgency::Info), "t"),
        json!({
            "topic": "t",
            "title": "Info: haltline",
            "message": "the journal cannot be written",
            "priority": 2,
            "tags": ["information_source"],
        })
    );
}

#[test]
fn only_what_wakes_rings() {
    for (message, wanted) in [
        (later(IncidentChange::Updated, Urgency::Page), 5),
        (later(IncidentChange::Escalated, Urgency::Warning), 5),
        (later(IncidentChange::Updated, Urgency::Warning), 4),
        (later(IncidentChange::Resolved, Urgency::Info), 3),
        (later(IncidentChange::Acknowledged, Urgency::Info), 2),
    ] {
        assert_eq!(priority(&message), wanted);
    }
}

#[test]
fn no_message_becomes_a_file() {
    for message in [hostile(), digest(2_000)] {
        let body = body(&message, "t");
        let said = body["message"].as_str().unwrap();
        assert!(said.len() <= 4096, "{}", said.len());
        assert!(said.contains("… and "), "what is left out is said");
        assert!(!said.contains(['\u{1b}', '\u{202E}']));
    }
}

#[test]
fn settings_show_neither_topic_nor_token() {
    let settings = Settings {
        base: BaseUrl::parse(BASE).unwrap(),
        topic: "releases-7f3a".into(),
        token: Some("tk_secret".into()),
    };
    let shown = format!("{settings:?}");
    assert!(!shown.contains("7f3a") && !shown.contains("tk_"));
}
