use serde_json::{Value, json};

use super::super::testing::{digest, hostile, later, message, watcher};
use super::{BASE, Settings, event};
use crate::domain::{IncidentChange, Urgency};
use crate::http::BaseUrl;
use crate::ports::Message;

fn settings() -> Settings {
    Settings {
        routing_key: "R0123456789abcdef0123456789abcde".into(),
        base: BaseUrl::parse(BASE).unwrap(),
        host: "jump1".into(),
    }
}

fn event(message: &Message) -> Option<Value> {
    event::of(message, &settings())
}

#[test]
fn a_page_opens_an_alert() {
    assert_eq!(
        event(&message()).unwrap(),
        json!({
            "routing_key": "R0123456789abcdef0123456789abcde",
            "event_action": "trigger",
            "dedup_key": "haltline/shop-android/84300",
            "client": "haltline",
            "client_url": "https://grafana.example.com/d/1?a=1&b=2",
            "links": [{ "href": "https://grafana.example.com/d/1?a=1&b=2", "text": "More" }],
            "payload": {
                "summary": "halted at 25%: crash-free sessions 98.10%, limit 99.85%",
                "source": "jump1",
                "severity": "critical",
                "timestamp": "2026-11-18T11:06:40Z",
                "component": "shop-android",
                "group": "Google Play",
                "class": "staged rollout",
                "custom_details": {
                    "release": "Shop 8.43.0 (84300), Google Play",
                    "command": "haltline acknowledge shop-android --reason …",
                    "on call": "alice",
                    "crash-free sessions": "98.10% of 12,480",
                    "baseline": "99.90% of 101,000",
                },
            },
        })
    );
}

#[test]
fn the_same_key_acknowledges_and_resolves() {
    for (change, action) in [
        (IncidentChange::Acknowledged, "acknowledge"),
        (IncidentChange::Resolved, "resolve"),
    ] {
        assert_eq!(
            event(&later(change, Urgency::Info)).unwrap(),
            json!({
                "routing_key": "R0123456789abcdef0123456789abcde",
                "event_action": action,
                "dedup_key": "haltline/shop-android/84300",
            })
        );
    }
}

#[test]
fn what_wakes_nobody_is_no_event() {
    use IncidentChange::{Escalated, Updated};
    assert_eq!(event(&later(Updated, Urgency::Warning)), None);
    assert_eq!(event(&watcher(Urgency::Info)), None);
    assert_eq!(event(&watcher(Urgency::Warning)), None);
    assert_eq!(event(&digest(3)), None);
    for rings in [
        later(Updated, Urgency::Page),
        later(Escalated, Urgency::Info),
        watcher(Urgency::Page),
    ] {
        assert_eq!(event(&rings).unwrap()["event_action"], "trigger");
    }
}

#[test]
fn pages_without_an_incident_have_keys_of_their_own() {
    let key = |message: &Message| event(message).unwrap()["dedup_key"].clone();
    let one = watcher(Urgency::Page);
    let mut other = one.clone();
    assert_eq!(key(&one), key(&other), "the same at every try");
    other.ids = vec![99];
    assert_ne!(key(&one), key(&other));
    other.ids.clear();
    assert_eq!(key(&other), "haltline/watcher/jump1");
}

#[test]
fn whatever_is_told_stays_within_the_limits() {
    let event = event(&hostile()).unwrap();
    assert!(event.to_string().len() < 512 << 10);
    assert!(
        event["payload"]["summary"]
            .as_str()
            .unwrap()
            .chars()
            .count()
            <= 1024
    );
    let told = &event["payload"]["custom_details"]["messages"];
    let last = told.as_array().unwrap().last().unwrap();
    assert!(last.as_str().unwrap().starts_with("… and "), "{last}");
    let mut long = message();
    long.incident.as_mut().unwrap().key = format!("haltline/shop/{}", "9".repeat(400)).into();
    let key = super::event::of(&long, &settings()).unwrap()["dedup_key"].clone();
    assert!(key.as_str().unwrap().len() <= 255);
}

#[test]
fn facts_of_one_name_are_all_told() {
    let mut message = message();
    message.facts = vec![("a".into(), "1".into()), ("a".into(), "2".into())];
    assert_eq!(
        event(&message).unwrap()["payload"]["custom_details"]["a"],
        "1; 2"
    );
}

#[test]
fn settings_do_not_show_the_key() {
    assert!(!format!("{:?}", settings()).contains("R0123"));
}
