//! The adapter against the fake BigQuery, and against one that says whatever a test wants.

mod refusals;
mod scene;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::windows::{DAY, HOUR, floor};
use crate::domain::{Counts, Metric, Reading, Recurrence, SourceReport, Version};
use crate::ports::Clock;
use crate::simulator::big_query::Server;
use scene::Scene;

fn of<'a>(report: &'a SourceReport, metric: &'a Metric, version: &'a str) -> Vec<&'a Reading> {
    let all = report.readings.iter();
    all.filter(|r| r.metric == *metric && r.version == version)
        .collect()
}

fn sum(readings: &[&Reading]) -> Counts {
    readings.iter().map(|r| r.counts).sum()
}

#[tokio::test]
async fn hours_are_what_the_tables_hold_by_then() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, false).await.unwrap();
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    let through = scene.clock.now() - Server::default().lag;
    assert_eq!(report.read_through, Some(through - TimeDelta::seconds(1)));
    assert_eq!(report.first_session, Some(scene.began("84300")));
    let from = floor(scene.began("84300"), HOUR);
    for version in ["84300", "84200"] {
        let hours = of(&report, &Metric::CrashFreeSessions, version);
        assert!(
            hours
                .iter()
                .all(|r| r.seconds == 3600 && r.counts.trials > 0)
        );
        assert!(hours.windows(2).all(|pair| pair[0].start < pair[1].start));
        assert_eq!(
            sum(&hours),
            scene.counts(version, from, through),
            "{version}"
        );
    }
    for metric in [Metric::CrashFreeUsers, Metric::AnrFreeUsers] {
        let days = of(&report, &metric, "84300");
        assert_eq!(days.len(), 4, "{metric}");
        for day in days {
            assert_eq!((floor(day.start, DAY), day.seconds), (day.start, 86_400));
            assert!(day.counts.failures > 0 && day.counts.failures < day.counts.trials);
        }
    }
    assert_eq!(report.version_name.as_ref().unwrap().as_str(), "8.43.0");
    let labels: Vec<&str> = report.shares.iter().map(|s| s.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "8.42.0 (84200)",
            "8.41.0 (84100)",
            "8.43.0 (84300)",
            "8.44.0 (84400)"
        ]
    );
}

#[tokio::test]
async fn a_version_without_a_crash_has_every_hour() {
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None, false);
    query.version = Version::from_code(84_400);
    let report = scene.ask(&query).await.unwrap();
    let hours = of(&report, &Metric::CrashFreeSessions, "84400");
    assert_eq!(
        hours.len(),
        25,
        "a day, from within an hour to within another"
    );
    assert!(
        hours
            .iter()
            .all(|r| r.counts.failures == 0 && r.counts.trials > 0)
    );
    let days = of(&report, &Metric::CrashFreeUsers, "84400");
    assert_eq!(days.len(), 2);
    assert!(report.issues.is_empty());
}

#[tokio::test]
async fn between_two_questions_the_last_answer_stands() {
    let scene = Scene::of(Server::default()).await;
    let first = scene.poll(None, true).await.unwrap();
    let asked = scene.asked();
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::minutes(14));
    let since = floor(scene.clock.now(), HOUR) - HOUR;
    let standing = scene.poll(Some(since), false).await.unwrap();
    assert_eq!(scene.asked(), asked, "no request");
    assert_eq!(standing.read_through, first.read_through);
    assert!(standing.readings.is_empty() && standing.past_from.is_none());
    assert_eq!(
        (&standing.issues, &standing.shares),
        (&first.issues, &first.shares)
    );

    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::minutes(1));
    let next = scene.poll(Some(since), false).await.unwrap();
    assert_eq!(
        scene.asked() - asked,
        7,
        "versions, newest crash, hours of both tables, days of both, issues"
    );
    assert!(next.read_through > first.read_through);
    let hours = of(&next, &Metric::CrashFreeSessions, "84300");
    assert_eq!(hours[0].start, since);
    let through = scene.clock.now() - Server::default().lag;
    assert_eq!(
        sum(&hours),
        scene.counts("84300", since, through),
        "restated"
    );

    let asked = scene.asked();
    let mut other = scene.query(Some(since), false);
    other.version = Version::from_code(84_400);
    scene.ask(&other).await.unwrap();
    assert!(scene.asked() > asked, "another version is another question");
}

#[tokio::test]
async fn the_past_of_the_baseline_is_read_once_wanted() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, true).await.unwrap();
    let seam = floor(report.first_session.unwrap(), HOUR);
    assert_eq!(report.past_from, Some(seam - TimeDelta::days(14)));
    let hours = of(&report, &Metric::CrashFreeSessions, "84200");
    let through = scene.clock.now() - Server::default().lag;
    let whole = scene.counts("84200", seam - TimeDelta::days(14), through);
    assert_eq!(sum(&hours), whole, "without a hole or a seam");
    let mut days: Vec<_> = of(&report, &Metric::CrashFreeUsers, "84200");
    days.sort_by_key(|day| day.start);
    assert!(
        days.windows(2)
            .all(|pair| pair[0].start + DAY == pair[1].start)
    );
}

#[tokio::test]
async fn strata_part_all_sessions() {
    let scene = Scene::with(Server::default(), |settings| super::Settings {
        by_os: true,
        ..settings
    })
    .await;
    let report = scene.poll(None, false).await.unwrap();
    let hours = of(&report, &Metric::CrashFreeSessions, "84300");
    let mut by = BTreeMap::<&str, Vec<&Reading>>::new();
    for hour in &hours {
        by.entry(&hour.stratum).or_default().push(hour);
    }
    assert_eq!(by.keys().copied().collect::<Vec<_>>(), ["os=14", "os=15"]);
    let through = scene.clock.now() - Server::default().lag;
    let from = floor(scene.began("84300"), HOUR);
    assert_eq!(sum(&hours), scene.counts("84300", from, through));
}

#[tokio::test]
async fn a_table_that_stopped_is_a_stale_source_and_neither_calm_nor_catastrophe() {
    let now = Scene::of(Server::default()).await.clock.now();
    let stopped = floor(now - TimeDelta::hours(3), HOUR);
    for (server, table) in [
        (
            Server {
                sessions_until: Some(stopped),
                ..Server::default()
            },
            "the table of sessions",
        ),
        (
            Server {
                crashes_until: Some(stopped),
                ..Server::default()
            },
            "the table of crashes",
        ),
    ] {
        let scene = Scene::of(server).await;
        let report = scene.poll(None, false).await.unwrap();
        let through = report.read_through.unwrap();
        assert!(
            through <= stopped && through > stopped - TimeDelta::minutes(10),
            "{table}"
        );
        assert!(
            report.notes[0].as_str().starts_with(table),
            "{:?}",
            report.notes
        );
        let hours = of(&report, &Metric::CrashFreeSessions, "84300");
        assert!(hours.iter().all(|hour| hour.start < stopped));
        let from = floor(scene.began("84300"), HOUR);
        let (read, had) = (sum(&hours), scene.counts("84300", from, stopped));
        assert!(had.trials - read.trials < had.trials / 100, "{table}");
        assert!(had.failures - read.failures < 5, "{table}");
    }
}

#[tokio::test]
async fn nothing_at_all_is_no_data() {
    let scene = Scene::of(Server {
        sessions_until: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        ..Server::default()
    })
    .await;
    let report = scene.poll(None, true).await.unwrap();
    assert!(report.readings.is_empty() && report.read_through.is_none());
    assert!(report.notes[0].as_str().contains("no row of the last day"));
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None, true);
    query.version = Version::from_code(99_999);
    let report = scene.ask(&query).await.unwrap();
    assert!(report.readings.is_empty() && report.first_session.is_none());
    assert!(report.notes[0].as_str().contains("no session of 99999"));
}

#[tokio::test]
async fn issues_are_new_where_no_older_build_has_them() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None, false).await.unwrap();
    let told: BTreeMap<&str, Recurrence> = report
        .issues
        .iter()
        .map(|issue| (issue.place.as_str(), issue.recurrence))
        .collect();
    assert_eq!(told["com.example.shop.Cart.total"], Recurrence::New);
    assert_eq!(told["com.example.shop.Image.decode"], Recurrence::Recurring);
    assert_eq!(
        told["com.example.shop.Home.onResume"],
        Recurrence::Recurring
    );
    assert!(
        report
            .issues
            .windows(2)
            .all(|pair| pair[0].users >= pair[1].users)
    );
    let first = &report.issues[0];
    assert_eq!(first.title.as_str(), "NullPointerException: no price");
    assert!(first.first_seen.unwrap() >= report.first_session.unwrap());

    let detail = scene.detail(first.id.as_str()).await.unwrap();
    assert_eq!(detail.title, first.title);
    assert_eq!(
        detail.stack[0].as_str(),
        "com.example.shop.Cart.total (Cart.kt)"
    );
    let rows = |rows: &[(crate::domain::PlainText, u64)]| -> Vec<String> {
        rows.iter().map(|(name, _)| name.to_string()).collect()
    };
    assert_eq!(
        rows(&detail.devices),
        ["samsung SM-A145F", "Google Pixel 8"]
    );
    assert_eq!(rows(&detail.os_versions), ["Android 14", "Android 15"]);
    let events: u64 = detail.os_versions.iter().map(|(_, events)| events).sum();
    assert!(events.abs_diff(first.events) <= first.events / 100 + 1);
}

#[tokio::test]
async fn slow_jobs_and_many_pages_come_to_the_same() {
    let quick = Scene::of(Server::default()).await;
    let slow = Scene::of(Server {
        slow: 2,
        page: 7,
        ..Server::default()
    })
    .await;
    let (a, b) = (quick.poll(None, false).await, slow.poll(None, false).await);
    let failure = b.clone().map(|_| ()).err();
    // 80 hours of two versions are more than ten pages of seven.
    assert!(failure.is_some_and(|f| f.what.as_str().contains("no end")));
    let slow = Scene::of(Server {
        slow: 2,
        page: 40,
        ..Server::default()
    })
    .await;
    assert_eq!(a.unwrap(), slow.poll(None, false).await.unwrap());
}
