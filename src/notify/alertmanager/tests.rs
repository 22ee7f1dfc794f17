use serde_json::{Value, json};

use super::super::testing::{at, digest, hostile, later, message, open, watcher};
use super::{Settings, alert};
use crate::domain::{IncidentChange, PlainText, Urgency};
use crate::http::BaseUrl;
use crate::ports::Message;

fn alert_of(message: &Message, now: i64) -> Value {
    json!(alert::of(message, None, &PlainText::from("jump1"), at(now)))
}

#[test]
fn an_incident_fires() {
    assert_eq!(
        alert_of(&message(), 5),
        json!({
            "labels": {
                "alertname": "HaltlineIncident",
                "app": "shop-android",
                "release": "84300",
                "severity": "critical",
                "store": "google-play",
            },
            "annotations": {
                "summary": "halted at 25%: crash-free sessions 98.10%, limit 99.85%",
                "description": "crash-free sessions: 98.10% of 12,480\nbaseline: 99.90% of 101,000",
                "release": "Shop 8.43.0 (84300), Google Play",
                "command": "haltline acknowledge shop-android --reason …",
                "on_call": "alice",
            },
            "startsAt": "2026-11-18T11:06:40Z",
            "endsAt": "2026-11-18T11:16:45Z",
            "generatorURL": "https://grafana.example.com/d/1?a=1&b=2",
        })
    );
}

#[test]
fn whatever_comes_of_an_incident_has_its_labels() {
    let labels = alert_of(&message(), 0)["labels"].clone();
    for change in [
        IncidentChange::Updated,
        IncidentChange::Acknowledged,
        IncidentChange::Escalated,
        IncidentChange::Resolved,
    ] {
        let mut later = later(change, Urgency::Info);
        // Its name was learnt meanwhile.
        later.about.as_mut().unwrap().release = "another name".into();
        let alert = alert_of(&later, 70);
        assert_eq!(alert["labels"], labels, "{change:?}");
        let over = change == IncidentChange::Resolved;
        assert_eq!(alert["endsAt"] == json!(at(70)), over, "{change:?}");
    }
    let again = json!(alert::again(&open(), None, at(70)));
    assert_eq!(again["labels"], labels);
}

#[test]
fn a_reminder_says_what_was_told_last() {
    let told = alert::of(&message(), None, &"jump1".into(), at(0));
    let again = json!(alert::again(&open(), Some(&told), at(60)));
    assert_eq!(again["annotations"], json!(told)["annotations"]);
    assert_eq!(again["startsAt"], json!(at(0)));
    assert_eq!(again["endsAt"], json!(at(660)));
    assert_eq!(
        json!(alert::again(&open(), None, at(60))),
        json!({
            "labels": json!(told)["labels"],
            "annotations": { "summary": "halted at 25%", "release": "Shop 8.43.0 (84300), Google Play" },
            "startsAt": "2026-11-18T11:06:40Z",
            "endsAt": "2026-11-18T11:17:40Z",
        })
    );
    let updated = later(IncidentChange::Updated, Urgency::Warning);
    let updated = alert::of(&updated, Some(&told), &"jump1".into(), at(70));
    assert_eq!(
        json!(updated)["startsAt"],
        json!(at(0)),
        "it began when it began"
    );
}

#[test]
fn news_is_an_alert_of_its_own_that_ends_by_itself() {
    let labels = |message: &Message| alert_of(message, 0)["labels"].clone();
    let one = watcher(Urgency::Warning);
    assert_eq!(labels(&one), labels(&one), "the same at every try");
    assert_ne!(labels(&one), labels(&digest(3)));
    let alert = alert_of(&one, 0);
    assert_eq!(alert["labels"]["alertname"], "HaltlineNews");
    assert_eq!(alert["labels"]["severity"], "warning");
    assert_eq!(alert["endsAt"], json!(at(300)));
    assert_eq!(
        alert_of(&digest(3), 0)["annotations"]["description"],
        "message 1\nmessage 2\nmessage 3"
    );
}

#[test]
fn no_alert_begins_after_its_end() {
    // Our clock was set back between the message and its try.
    for message in [message(), later(IncidentChange::Resolved, Urgency::Info)] {
        let alert = alert_of(&message, -3600);
        assert!(
            alert["startsAt"].as_str() <= alert["endsAt"].as_str(),
            "{alert}"
        );
    }
}

#[test]
fn labels_hold_nothing_that_changes() {
    let alert = alert_of(&hostile(), 0);
    assert!(alert["labels"].to_string().len() < 1_000, "{alert}");
    assert!(alert.to_string().len() < 40_000);
}

#[test]
fn settings_do_not_show_the_token() {
    let settings = Settings {
        base: BaseUrl::parse("http://127.0.0.1:9093").unwrap(),
        user: Some("haltline".into()),
        token: Some("secret-token".into()),
        host: "jump1".into(),
        beat_every: chrono::TimeDelta::minutes(1),
    };
    assert!(!format!("{settings:?}").contains("secret-token"));
}
