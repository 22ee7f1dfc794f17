//! The adapter against the fake Crashlytics, and against one that says whatever a test wants.

mod refusals;
mod scene;

use chrono::TimeDelta;

use super::poll::SETTLE;
use super::windows::{DAY, HOUR, floor};
use crate::domain::{Counts, Metric, Reading, Recurrence, Version};
use crate::ports::Clock;
use crate::simulator::crashlytics::Server;
use scene::Scene;

fn of<'a>(
    report: &'a crate::domain::SourceReport,
    metric: &'a Metric,
    version: &'a str,
) -> Vec<&'a Reading> {
    let all = report.readings.iter();
    all.filter(|r| r.metric == *metric && r.version == version)
        .collect()
}

fn sum(readings: &[&Reading]) -> Counts {
    readings.iter().map(|r| r.counts).sum()
}

#[tokio::test]
async fn hours_are_what_the_world_has_by_then() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, false).await.unwrap();
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    let through = scene.clock.now() - SETTLE;
    for version in ["84300", "84200"] {
        let hours = of(&report, &Metric::CrashFreeSessions, version);
        assert!(
            hours
                .iter()
                .all(|r| r.seconds == 3600 && r.counts.trials > 0)
        );
        assert!(hours.windows(2).all(|pair| pair[0].start < pair[1].start));
        let from = report.first_session.unwrap();
        assert_eq!(
            sum(&hours),
            scene.counts(version, from, through),
            "{version}"
        );
    }
    assert_eq!(
        report.first_session,
        Some(floor(scene.began("84300"), HOUR))
    );
    assert_eq!(report.read_through, Some(through));
    assert_eq!(report.version_name.as_ref().unwrap().as_str(), "8.43.0");
    let own = report.shares.iter().filter(|s| s.version.is_some());
    let labels: Vec<&str> = own.map(|s| s.label.as_str()).collect();
    assert_eq!(labels, ["8.42.0 (84200)", "8.43.0 (84300)"]);
}

#[tokio::test]
async fn users_are_of_whole_days() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, false).await.unwrap();
    for metric in [Metric::CrashFreeUsers, Metric::AnrFreeUsers] {
        let days = of(&report, &metric, "84300");
        assert!(days.len() >= 3, "{metric}");
        for day in days {
            assert_eq!((floor(day.start, DAY), day.seconds), (day.start, 86_400));
            assert!(day.counts.failures > 0 && day.counts.failures < day.counts.trials);
        }
    }
}

#[tokio::test]
async fn later_polls_are_five_requests_and_restate_what_came_late() {
    let scene = Scene::of(Server::default()).await;
    scene.poll(None, true).await.unwrap();
    let before = scene.asked();
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::minutes(10));
    let since = floor(scene.clock.now(), HOUR) - HOUR;
    let report = scene.poll(Some(since), false).await.unwrap();
    assert_eq!(
        scene.asked() - before,
        5,
        "versions, days, hours, ANRs, issues"
    );
    let hours = of(&report, &Metric::CrashFreeSessions, "84300");
    assert_eq!(hours[0].start, since);
    let through = scene.clock.now() - SETTLE;
    assert_eq!(sum(&hours), scene.counts("84300", since, through));
}

#[tokio::test]
async fn the_past_of_the_baseline_is_read_once_wanted() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, true).await.unwrap();
    let first = report.first_session.unwrap();
    assert_eq!(report.past_from, Some(first - TimeDelta::days(14)));
    let hours = of(&report, &Metric::CrashFreeSessions, "84200");
    let oldest = hours.iter().map(|hour| hour.start).min();
    assert_eq!(oldest, Some(first - TimeDelta::days(14)));
    let whole = (first - TimeDelta::days(14), scene.clock.now() - SETTLE);
    assert_eq!(
        sum(&hours),
        scene.counts("84200", whole.0, whole.1),
        "without a hole or a seam"
    );
    let mut days: Vec<_> = of(&report, &Metric::CrashFreeUsers, "84200");
    let all = days.len();
    days.dedup_by_key(|day| day.start);
    assert_eq!(days.len(), all, "no day twice");
    assert!(
        of(&report, &Metric::CrashFreeSessions, "84300")[0].start >= first,
        "the version has no past"
    );
}

#[tokio::test]
async fn without_totals_there_are_issues_and_no_rates() {
    let scene = Scene::of(Server {
        totals: false,
        ..Server::default()
    })
    .await;
    let report = scene.poll(None, false).await.unwrap();
    assert!(report.readings.is_empty(), "never 100 %");
    assert_eq!(report.read_through, None);
    assert!(!report.issues.is_empty());
    assert!(
        report.notes[0].as_str().contains("no totals"),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn where_there_are_no_hours_days_are_read() {
    for server in [
        Server {
            hours: false,
            ..Server::default()
        },
        Server {
            hours: false,
            days: false,
            ..Server::default()
        },
        Server {
            sparse: true,
            ..Server::default()
        },
    ] {
        let shown = format!("{server:?}");
        let scene = Scene::of(server).await;
        let report = scene.poll(None, false).await.unwrap();
        let windows = of(&report, &Metric::CrashFreeSessions, "84300");
        assert!(windows.iter().all(|r| r.seconds == 86_400), "{shown}");
        let through = scene.clock.now() - SETTLE;
        let from = windows[0].start;
        assert_eq!(
            sum(&windows),
            scene.counts("84300", from, through),
            "{shown}"
        );
        assert!(
            report
                .notes
                .iter()
                .any(|n| n.as_str().contains("reading days"))
        );
        let before = scene.asked();
        scene.poll(Some(scene.clock.now()), false).await.unwrap();
        assert_eq!(scene.asked() - before, 4, "remembered: {shown}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_listed_has_no_readings() {
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None, false);
    query.version = Version::from_code(99_999);
    let report = scene.ask(&query).await.unwrap();
    assert!(report.readings.is_empty() && report.first_session.is_none());
    assert!(
        report.notes[0].as_str().contains("99999"),
        "{:?}",
        report.notes
    );
    let before = scene.asked();
    scene.ask(&query).await.unwrap();
    assert_eq!(scene.asked() - before, 3, "looked for over two weeks once");

    // The baseline crashes, the version has ANRs alone: what is not listed is not known to be healthy.
    let mut query = scene.query(None, false);
    query.version = Version::from_code(84_400);
    let report = scene.ask(&query).await.unwrap();
    assert!(of(&report, &Metric::CrashFreeSessions, "84400").is_empty());
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.as_str().contains("not the same as no crash")),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn issues_are_the_versions_own_and_say_where_they_come_from() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, false).await.unwrap();
    let told: Vec<_> = report
        .issues
        .iter()
        .map(|issue| (issue.place.as_str(), issue.recurrence))
        .collect();
    assert_eq!(told[0], ("com.example.shop.Cart.total", Recurrence::New));
    assert!(told.contains(&("com.example.shop.Checkout.onPaid", Recurrence::Regressed)));
    assert!(told.contains(&("com.example.shop.Image.decode", Recurrence::Recurring)));
    assert!(told.contains(&("com.example.shop.Home.onResume", Recurrence::Recurring)));
    assert!(
        report
            .issues
            .windows(2)
            .all(|pair| pair[0].users >= pair[1].users)
    );
    let first = &report.issues[0];
    assert_eq!(first.title.as_str(), "NullPointerException: no price");
    assert!(
        first
            .link
            .as_ref()
            .unwrap()
            .as_str()
            .starts_with("https://console.firebase")
    );

    let detail = scene.detail(first.id.as_str()).await.unwrap();
    assert_eq!(detail.title, first.title);
    assert_eq!(
        detail.stack[0].as_str(),
        "com.example.shop.Cart.total (Cart.kt:42)"
    );
    assert!(detail.stack.len() > 3);
    assert_eq!(detail.devices[0].0.as_str(), "Galaxy A14");
    let systems: Vec<&str> = detail
        .os_versions
        .iter()
        .map(|(os, _)| os.as_str())
        .collect();
    assert_eq!(systems, ["Android (14)", "Android (15)"]);
    let events: u64 = detail.os_versions.iter().map(|(_, events)| events).sum();
    assert!(
        events.abs_diff(first.events) <= 2,
        "{events} of {}",
        first.events
    );
}

#[tokio::test]
async fn pages_are_followed_and_end() {
    let scene = Scene::of(Server {
        page: 1,
        ..Server::default()
    })
    .await;
    let report = scene.poll(None, false).await.unwrap();
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    assert!(report.shares.len() >= 3);
    for version in ["84300", "84200"] {
        assert!(!of(&report, &Metric::CrashFreeSessions, version).is_empty());
    }
}
