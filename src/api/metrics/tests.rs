use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::*;
use crate::domain::event::Withheld;
use crate::domain::{
    Actor, AppId, Event, Failure, FailureKind, Record, SourceId, Target, Timestamp, Urgency, Verb,
};
use crate::http::Tally;
use crate::tui::fixture;

fn metrics(counts: &Counts) -> Metrics {
    Metrics::new(counts.clone(), Tally::default().registry())
}

/// The value of a series as it is written.
fn value(text: &str, series: &str) -> Option<f64> {
    let of = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(of)
}

fn record(app: Option<&AppId>, event: Event) -> Record {
    Record {
        seq: 1,
        at: Timestamp::UNIX_EPOCH,
        app: app.cloned(),
        event,
    }
}

fn want(verb: Verb, actor: Actor) -> Event {
    Event::DesireSet {
        revision: 1,
        verb,
        target: Target::Stopped,
        version: None,
        actor,
        reason: "test".into(),
    }
}

#[test]
fn the_picture_is_told_in_base_units() {
    let picture = fixture::halted();
    let app = &picture.apps[0];
    let (id, release) = (&app.id, app.release.as_ref().unwrap());
    let text = metrics(&Counts::default()).text(&picture);
    let of = |name: &str, more: &str| value(&text, &format!("{name}{{app=\"{id}\"{more}}}"));
    let store = app.store.word();
    let fraction = of(
        "haltline_rollout_user_fraction",
        &format!(",store=\"{store}\""),
    );
    assert_eq!(fraction, Some(release.exposure.fraction()));
    for health in ["healthy", "warning", "breached", "unknown"] {
        let told = of("haltline_app_health", &format!(",state=\"{health}\""));
        assert_eq!(told, Some(f64::from(app.health.word() == health)));
    }
    let halted = of("haltline_rollout_halted", &format!(",store=\"{store}\""));
    assert_eq!(halted, Some(1.0));
    assert_eq!(
        of("haltline_rollout_latched", ""),
        Some(f64::from(app.latched))
    );
    for metric in &app.metrics {
        let more = format!(",metric=\"{}\",version=\"new\"", metric.metric);
        let told = of("haltline_metric_failure_ratio", &more);
        assert_eq!(told, metric.new.failure_rate());
    }
    assert_eq!(
        value(&text, "haltline_journal_sequence"),
        Some(picture.seq as f64)
    );
    assert!(value(&text, "process_resident_memory_bytes").unwrap() > 1e6);
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn what_is_gone_leaves_no_series() {
    let metrics = metrics(&Counts::default());
    let mut picture = fixture::halted();
    assert!(metrics.text(&picture).contains("haltline_rollout_halted{"));
    let id = picture.apps[0].id.clone();
    metrics
        .counts
        .count(&record(Some(&id), want(Verb::Halt, Actor::Haltline)));
    picture.apps.truncate(1);
    picture.apps[0].release = None;
    let text = metrics.text(&picture);
    assert!(!text.contains("haltline_rollout_user_fraction{"), "{text}");
    assert!(text.contains("haltline_decisions_total{"));
    picture.apps.clear();
    let text = metrics.text(&picture);
    assert!(!text.contains("app="), "{text}");
}

#[test]
fn every_record_counts() {
    let counts = Counts::default();
    let picture = {
        let mut picture = fixture::halted();
        picture.told = vec!["log".into(), "on \"call\"".into()];
        picture
    };
    let id = &picture.apps[0].id;
    let rule = Actor::Rule { id: "floor".into() };
    let why = Withheld::Storm { apps: 3 };
    let withheld = Event::ActWithheld {
        rule: "floor".into(),
        verb: Verb::Halt,
        why,
    };
    let failed = Event::TellFailed {
        id: 1,
        channel: Some("on \"call\"".into()),
        failure: Failure::new(FailureKind::Retry, "no answer"),
    };
    let told = Event::Told {
        id: 1,
        channel: "log".into(),
        thread: None,
    };
    let page = Event::TellQueued {
        id: 1,
        urgency: Urgency::Page,
        text: "halted".into(),
        to: Vec::new(),
        incident: None,
    };
    for event in [want(Verb::Halt, rule.clone()), want(Verb::Halt, rule)] {
        counts.count(&record(Some(id), event));
    }
    for event in [withheld, failed, told, page] {
        counts.count(&record(Some(id), event));
    }
    counts.count(&record(None, Event::Escalated { level: 1 }));
    let text = metrics(&counts).text(&picture);
    let store = picture.apps[0].store.word();
    let app = format!("app=\"{id}\",store=\"{store}\"");
    for (series, sum) in [
        (
            format!("haltline_decisions_total{{{app},action=\"halt\",by=\"rule\"}}"),
            2.0,
        ),
        (
            format!("haltline_acts_withheld_total{{{app},cause=\"storm\"}}"),
            1.0,
        ),
        (
            format!("haltline_acts_withheld_total{{{app},cause=\"budget\"}}"),
            0.0,
        ),
        (
            r#"haltline_notifications_total{channel="on \"call\"",outcome="failed"}"#.to_owned(),
            1.0,
        ),
        (
            r#"haltline_notifications_total{channel="on \"call\"",outcome="dropped"}"#.to_owned(),
            0.0,
        ),
        (
            r#"haltline_notifications_total{channel="log",outcome="delivered"}"#.to_owned(),
            1.0,
        ),
        ("haltline_pages_total".to_owned(), 1.0),
        ("haltline_escalations_total".to_owned(), 1.0),
    ] {
        assert_eq!(value(&text, &series), Some(sum), "{series}\n{text}");
    }
}

#[test]
fn a_screen_counts_while_it_is_there() {
    let metrics = metrics(&Counts::default());
    let told = || {
        value(
            &metrics.text(&fixture::healthy()),
            "haltline_attached_screens",
        )
    };
    let (first, second) = (metrics.screens().attach(), metrics.screens().attach());
    assert_eq!(told(), Some(2.0));
    drop((first, second));
    assert_eq!(told(), Some(0.0));
}

/// Every name that is told, as a query would have it, and its type.
fn names() -> BTreeMap<String, String> {
    let tally = Tally::default();
    drop(tally.store("google-play"));
    drop(tally.source("sentry"));
    let metrics = Metrics::new(Counts::default(), tally.registry());
    let text = metrics.text(&fixture::halted());
    let mut names = BTreeMap::new();
    for line in text.lines() {
        let Some(typed) = line.strip_prefix("# TYPE ") else {
            continue;
        };
        let (name, kind) = typed.split_once(' ').unwrap();
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        for suffix in suffixes {
            let told = names.insert(format!("{name}{suffix}"), kind.to_owned());
            assert_eq!(told, None, "{name} comes twice");
        }
    }
    names
}

#[test]
fn names_keep_the_conventions() {
    for (name, kind) in names() {
        let ours = name.starts_with("haltline_") || name.starts_with("process_");
        assert!(ours && name.is_ascii(), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        let bad = ["_ms", "_percent", "_minutes", "_mb"];
        assert!(bad.iter().all(|unit| !name.contains(unit)), "{name}");
    }
}

#[test]
fn alerts_and_dashboard_ask_for_what_there_is() {
    let names = names();
    for file in ["alerts.yml", "grafana/haltline.json"] {
        let path = format!("{}/assets/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let asked: BTreeSet<&str> = words
            .filter(|word| word.starts_with("haltline_") || word.starts_with("process_"))
            .collect();
        assert!(asked.len() > 10, "{file}: {asked:?}");
        for name in asked {
            assert!(names.contains_key(name), "{file}: {name}");
        }
    }
}

/// Whoever has two hundred apps scrapes them each quarter of a minute.
#[test]
fn two_hundred_apps_are_told_once_each() {
    let mut picture = fixture::fleet(200);
    for app in &mut picture.apps {
        let source = SourceId("sentry".into());
        app.answered.insert(source, picture.at);
    }
    let text = metrics(&Counts::default()).text(&picture);
    let series = text.lines().filter(|line| !line.starts_with('#'));
    let all: Vec<&str> = series
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    let unique: BTreeSet<&&str> = all.iter().collect();
    assert_eq!(all.len(), unique.len());
    let answered = "haltline_last_successful_poll_timestamp_seconds{";
    assert_eq!(text.matches(answered).count(), 200);
    assert!(text.len() < 2 << 20, "{} bytes", text.len());
}
