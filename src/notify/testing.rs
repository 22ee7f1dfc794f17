//! Messages for the tests of channels.

use crate::domain::{AppId, IncidentChange, IncidentNews, StoreKind, Timestamp, Urgency, Version};
use crate::ports::{About, Incident, Message};

pub(super) fn at(seconds: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

pub(super) fn about() -> About {
    About {
        app: AppId::try_from("shop-android".to_owned()).unwrap(),
        name: "Shop".into(),
        store: StoreKind::GooglePlay,
        version: Some(Version::from_code(84300)),
        release: "8.43.0 (84300)".into(),
    }
}

/// A page that opens an incident, with everything in it.
pub(super) fn message() -> Message {
    Message {
        ids: vec![7],
        at: at(0),
        urgency: Urgency::Page,
        text: "halted at 25%: crash-free sessions 98.10%, limit 99.85%".into(),
        digest: Vec::new(),
        about: Some(about()),
        facts: vec![
            ("crash-free sessions".into(), "98.10% of 12,480".into()),
            ("baseline".into(), "99.90% of 101,000".into()),
        ],
        command: Some("haltline acknowledge shop-android --reason …".into()),
        link: Some("https://grafana.example.com/d/1?a=1&b=2".into()),
        on_call: Some("alice".into()),
        incident: Some(IncidentNews {
            key: "haltline/shop-android/84300".into(),
            change: IncidentChange::Opened,
        }),
        thread: None,
    }
}

/// The same incident, later on.
pub(super) fn later(change: IncidentChange, urgency: Urgency) -> Message {
    let mut message = message();
    (message.ids, message.at) = (vec![9], at(60));
    message.urgency = urgency;
    message.text = "alice looks at it".into();
    message.incident.as_mut().unwrap().change = change;
    message
}

/// Of the watcher itself.
pub(super) fn watcher(urgency: Urgency) -> Message {
    Message {
        ids: vec![8],
        urgency,
        text: "the journal cannot be written".into(),
        about: None,
        facts: Vec::new(),
        command: None,
        link: None,
        on_call: None,
        incident: None,
        ..message()
    }
}

/// Several in one: most urgent first.
pub(super) fn digest(lines: usize) -> Message {
    Message {
        ids: (1..=lines as u64).collect(),
        text: format!("{lines} messages; the most urgent: halted at 25%").into(),
        digest: (1..=lines).map(|n| format!("message {n}").into()).collect(),
        urgency: Urgency::Warning,
        ..watcher(Urgency::Warning)
    }
}

/// As hostile, as many and as long as a message can be.
pub(super) fn hostile() -> Message {
    let evil = "\u{1b}]8;;https://evil.example.com\u{7}<!channel> <@U1> *b* [x](https://evil.example.com) & \"q\\\" \u{202E}`";
    let long = format!("{evil} {}", "€\"<".repeat(4_000));
    Message {
        text: long.as_str().into(),
        digest: (0..500).map(|_| long.as_str().into()).collect(),
        facts: (0..100)
            .map(|n| (format!("{n} {long}").into(), long.as_str().into()))
            .collect(),
        command: Some(long.as_str().into()),
        on_call: Some(long.as_str().into()),
        about: Some(About {
            name: long.as_str().into(),
            release: long.as_str().into(),
            ..about()
        }),
        ..message()
    }
}

pub(super) fn open() -> Incident {
    Incident {
        key: "haltline/shop-android/84300".into(),
        about: about(),
        opened: at(0),
        text: "halted at 25%".into(),
        acknowledged: false,
    }
}
