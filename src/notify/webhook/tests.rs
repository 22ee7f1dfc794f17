use serde_json::{Value, json};

use super::super::testing::{at, digest, hostile, later, message, watcher};
use super::{Settings, event};
use crate::domain::{IncidentChange, Urgency};
use crate::ports::Message;

fn event(message: &Message) -> Value {
    event::of(message, "msg_1", &"jump1".into())
}

#[test]
fn a_page_as_an_event() {
    assert_eq!(
        event(&message()),
        json!({
            "specversion": "1.0",
            "id": "msg_1",
            "source": "/haltline/jump1",
            "type": "dev.cdeventsx.haltline-incident.detected.0.1.0",
            "subject": "haltline/shop-android/84300",
            "time": "2026-11-18T11:06:40Z",
            "datacontenttype": "application/json",
            "data": {
                "context": {
                    "specversion": "0.5.1",
                    "id": "msg_1",
                    "source": "/haltline/jump1",
                    "type": "dev.cdeventsx.haltline-incident.detected.0.1.0",
                    "timestamp": "2026-11-18T11:06:40Z",
                    "chainId": "haltline/shop-android/84300",
                },
                "subject": {
                    "id": "haltline/shop-android/84300",
                    "content": {
                        "text": "halted at 25%: crash-free sessions 98.10%, limit 99.85%",
                        "urgency": "page",
                        "app": "shop-android",
                        "name": "Shop",
                        "store": "google-play",
                        "release": "8.43.0 (84300)",
                    },
                },
                "customData": {
                    "facts": [
                        { "name": "crash-free sessions", "value": "98.10% of 12,480" },
                        { "name": "baseline", "value": "99.90% of 101,000" },
                    ],
                    "command": "haltline acknowledge shop-android --reason …",
                    "link": "https://grafana.example.com/d/1?a=1&b=2",
                    "onCall": "alice",
                },
            },
        })
    );
}

#[test]
fn a_heartbeat_as_an_event() {
    assert_eq!(
        event::beat("beat_1", &"jump1".into(), at(0)),
        json!({
            "specversion": "1.0",
            "id": "beat_1",
            "source": "/haltline/jump1",
            "type": "dev.cdeventsx.haltline-watcher.alive.0.1.0",
            "subject": "jump1",
            "time": "2026-11-18T11:06:40Z",
            "datacontenttype": "application/json",
            "data": {
                "context": {
                    "specversion": "0.5.1",
                    "id": "beat_1",
                    "source": "/haltline/jump1",
                    "type": "dev.cdeventsx.haltline-watcher.alive.0.1.0",
                    "timestamp": "2026-11-18T11:06:40Z",
                },
                "subject": { "id": "jump1", "content": {} },
            },
        })
    );
}

#[test]
fn every_type_is_one_that_cdevents_allow() {
    use IncidentChange::{Acknowledged, Escalated, Opened, Resolved, Updated};
    let mut all = vec![
        event(&watcher(Urgency::Page)),
        event(&digest(3)),
        event::beat("b", &"jump 1/ü".into(), at(0)),
    ];
    let mut news = message();
    news.incident = None;
    all.push(event(&news));
    for change in [Opened, Updated, Acknowledged, Escalated, Resolved] {
        all.push(event(&later(change, Urgency::Info)));
    }
    let mut types = std::collections::BTreeSet::new();
    for event in &all {
        let kind = event["type"].as_str().unwrap();
        // ^dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.[0-9]\.[0-9]\.[0-9]$
        let rest = kind.strip_prefix("dev.cdeventsx.haltline-").unwrap();
        let (words, version) = rest.split_at(rest.len() - 6);
        let (subject, predicate) = words.split_once('.').unwrap();
        for word in [subject, predicate] {
            assert!(
                !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic()),
                "{kind}"
            );
        }
        assert_eq!(version, ".0.1.0", "{kind}");
        let source = event["source"].as_str().unwrap();
        assert!(source.is_ascii() && !source.contains(' '), "{source}");
        types.insert(kind.to_owned());
    }
    assert_eq!(types.len(), 8, "{types:?}");
}

#[test]
fn no_body_is_larger_than_receivers_like() {
    let body = event(&hostile()).to_string();
    assert!(body.len() < 20_000, "{}", body.len());
    let told = event(&digest(2_000));
    let told = told["data"]["customData"]["digest"].as_array().unwrap();
    assert!(told.last().unwrap().as_str().unwrap().starts_with("… and "));
}

#[test]
fn settings_show_no_secret() {
    let settings = Settings {
        url: "https://example.com/hook/secret-path".into(),
        secret: Some("whsec_secret".into()),
        headers: vec![("x-key".into(), "secret-header".into())],
        host: "jump1".into(),
    };
    assert!(!format!("{settings:?}").contains("secret-"));
}
