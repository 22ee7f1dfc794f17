//! What Sentry tells beyond sessions: cold starts, requests and journeys from spans, and more of one crash.

use chrono::TimeDelta;
use haltline::domain::{Counts, FailureKind, Metric, SourceReport, Version};
use haltline::health::sentry::{Figures, Settings};
use haltline::ports::{Clock, HealthSource, IssueQuery};
use haltline::simulator::sentry::Server;

use super::notes;
use super::scene::Scene;

fn asking(settings: Settings) -> Settings {
    let started = "span.op:journey span.description:checkout".to_owned();
    let completed = format!("{started} span.status:ok");
    let figures = Figures {
        slow_cold_start: Some(TimeDelta::seconds(5)),
        slow_request: None,
        journeys: [("checkout".to_owned(), (started, completed))].into(),
    };
    Settings {
        figures,
        ..settings
    }
}

fn sum(report: &SourceReport, metric: &Metric) -> Counts {
    let of = |r: &&haltline::domain::Reading| r.metric == *metric && r.version == "84300";
    report.readings.iter().filter(of).map(|r| r.counts).sum()
}

#[tokio::test]
async fn spans_are_asked_for_only_where_the_config_names_what_they_tell() {
    let plain = Scene::of(Server::default()).await;
    let asking = Scene::with(Server::default(), asking).await;
    for since in [None, Some(plain.clock.now() - TimeDelta::hours(1))] {
        let without = plain.poll(since).await;
        let with = asking.poll(since).await;
        // Two a figure, and one for the percentile of cold starts.
        assert_eq!(plain.asked() + 2 + 2 + 1, asking.asked());
        let checkout = Metric::JourneySuccess("checkout".into());
        assert_eq!(sum(&without, &checkout).trials, 0);
        assert!(sum(&with, &checkout).trials > 0 && sum(&with, &Metric::SlowColdStarts).trials > 0);
        assert_eq!(sum(&with, &Metric::SlowRequests).trials, 0);
        assert_eq!((without.levels.len(), with.levels.len()), (0, 2));
    }
}

#[tokio::test]
async fn a_sample_of_spans_is_evidence_of_the_sample() {
    let scene = Scene::with(
        Server {
            sampled: 0.25,
            ..Server::default()
        },
        asking,
    )
    .await;
    let report = scene.poll(None).await;
    let told = sum(&report, &Metric::SlowColdStarts);
    let app = &scene.world.apps()[0].id;
    let range = (report.first_session.unwrap(), scene.clock.now());
    let cells = scene
        .world
        .cold_starts(app, "84300", range, TimeDelta::seconds(5));
    let all: u64 = cells.iter().map(|c| c.count).sum();
    let share = told.trials as f64 / all as f64;
    assert!((0.15..=0.25).contains(&share), "{} of {all}", told.trials);
}

#[tokio::test]
async fn a_server_without_spans_and_a_search_that_is_none_are_notes() {
    let server = Server {
        sampled: 0.0,
        ..Server::default()
    };
    let scene = Scene::with(server, asking).await;
    let report = scene.poll(None).await;
    assert!(sum(&report, &Metric::CrashFreeSessions).trials > 0);
    let told = notes(&report);
    for what in [
        "no slow cold starts: ",
        "no checkout success: ",
        "dataset must be",
    ] {
        assert!(told.contains(what), "{told}");
    }

    let wrong = |settings| {
        let mut settings = asking(settings);
        let broken = ("span.op:journey nonsense".to_owned(), String::new());
        settings.figures.journeys.insert("search".into(), broken);
        settings.figures.journeys.insert(
            "basket".into(),
            ("span.op:basket".into(), "span.op:basket".into()),
        );
        settings
    };
    let scene = Scene::with(Server::default(), wrong).await;
    let report = scene.poll(None).await;
    let told = notes(&report);
    assert!(told.contains("no search success: "), "{told}");
    assert!(told.contains("no span that basket success"), "{told}");
    assert!(sum(&report, &Metric::JourneySuccess("checkout".into())).trials > 0);
}

#[tokio::test]
async fn more_of_a_crash_is_its_stack_and_what_it_ran_on() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None).await;
    let crash = &report.issues[0];
    let mut query = IssueQuery {
        id: crash.id.clone(),
        version: Version::from_code(84300),
        also: Vec::new(),
        now: scene.clock.now(),
    };
    scene.asked();
    let detail = scene.sentry.issue(&query).await.unwrap();
    assert_eq!(scene.asked(), 2);
    assert!(
        detail.stack[0].as_str().starts_with("CartViewModel.total"),
        "{detail:?}"
    );
    assert!(detail.stack.len() > 3);
    assert_eq!(detail.os_versions.iter().map(|row| row.1).sum::<u64>(), 100);
    assert!(detail.os_versions.is_sorted_by(|a, b| a.1 >= b.1));
    assert_eq!(detail.devices.len(), 3);
    assert!(detail.last_seen.unwrap() > scene.clock.now() - TimeDelta::hours(1));

    query.id = "1".into();
    let failure = scene.sentry.issue(&query).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
}
