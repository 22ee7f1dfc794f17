//! The Sentry adapter against the fake Sentry, over HTTP on loopback: what is read is what happened in the world.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's own helpers may fail the test"
)]

mod scene;
mod spans;

use std::collections::BTreeMap;

use chrono::{DurationRound, TimeDelta};
use haltline::domain::reading::VersionShare;
use haltline::domain::{
    Counts, FailureKind, Metric, PlainText, Reading, Recurrence, SourceReport, Version,
};
use haltline::health::sentry::Settings;
use haltline::ports::{Clock, HealthSource};
use haltline::simulator::sentry::{ORGANIZATION, Server};
use haltline::simulator::traffic;
use scene::Scene;

fn sums(readings: &[Reading], version: &str) -> BTreeMap<Metric, Counts> {
    let mut sums = BTreeMap::<_, Counts>::new();
    let sessions = readings
        .iter()
        .filter(|r| r.version == version && !r.metric.counts_users());
    for reading in sessions {
        let sum = sums.entry(reading.metric.clone()).or_default();
        *sum = *sum + reading.counts;
    }
    sums
}

fn widths(report: &SourceReport) -> Vec<u32> {
    widths_of(&report.readings)
}

fn widths_of(readings: &[Reading]) -> Vec<u32> {
    let sessions = readings.iter().filter(|r| !r.metric.counts_users());
    let mut widths: Vec<u32> = sessions.map(|r| r.seconds).collect();
    widths.sort_unstable();
    widths.dedup();
    widths
}

fn notes(report: &SourceReport) -> String {
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    notes.join("\n")
}

#[tokio::test]
async fn the_look_back_counts_every_session_once_up_to_the_open_window() {
    for older in [false, true] {
        let server = Server {
            older,
            ..Server::default()
        };
        // Older servers know projects by number only.
        let project = if older { "4505001" } else { "shop" };
        let change = |settings| Settings {
            project: project.into(),
            ..settings
        };
        let scene = Scene::with(server, change).await;
        let report = scene.poll(None).await;
        let started = scene.world.versions(&scene.world.apps()[0].id)[2].1;
        let first = report.first_session.unwrap();
        assert!(first <= started && started - first < TimeDelta::hours(1));
        assert_eq!(
            sums(&report.readings, "84300"),
            scene.truth("84300", first, scene.clock.now())
        );
        assert_eq!(
            sums(&report.readings, "84200"),
            scene.truth("84200", first, scene.clock.now())
        );
        assert_eq!(widths(&report), [if older { 3600 } else { 300 }]);
        assert_eq!(
            notes(&report).contains("no 5-minute windows"),
            older,
            "{}",
            notes(&report)
        );
        assert_eq!(report.read_through, Some(scene.clock.now()));
        assert_eq!(report.version_name.unwrap().as_str(), "8.43.0");
    }
}

#[tokio::test]
async fn the_past_is_read_where_it_is_wanted_and_meets_the_windows() {
    for older in [false, true] {
        let server = Server {
            older,
            ..Server::default()
        };
        let project = if older { "4505001" } else { "shop" };
        let change = |settings| Settings {
            project: project.into(),
            ..settings
        };
        let scene = Scene::with(server, change).await;
        let mut query = scene.query(None);
        query.past = true;
        let report = scene.sentry.poll(&query).await.unwrap();
        let with_past = scene.asked();
        let first = report.first_session.unwrap();
        let seam = first.duration_trunc(TimeDelta::hours(1)).unwrap();
        assert_eq!(report.past_from, Some(seam - TimeDelta::days(14)));
        let (past, since): (Vec<Reading>, Vec<Reading>) =
            report.readings.into_iter().partition(|r| r.start < seam);
        assert_eq!(widths_of(&past), [3600]);
        assert_eq!(
            sums(&past, "84200"),
            scene.truth("84200", seam - TimeDelta::days(14), seam)
        );
        assert!(sums(&past, "84300").is_empty());
        let days = past.iter().filter(|r| r.metric == Metric::CrashFreeUsers);
        let own = |day: &&Reading| day.version == "84200" && day.start + TimeDelta::days(1) <= seam;
        assert_eq!(days.filter(own).count(), 14, "and its users by day");
        let truth = scene.truth("84200", seam, scene.clock.now());
        assert_eq!(
            sums(&since, "84200"),
            truth,
            "nothing is counted twice, and no minute is left out"
        );

        // All that the past costs are its hours and its days.
        let again = Scene::with(
            Server {
                older,
                ..Server::default()
            },
            change,
        )
        .await;
        again.poll(None).await;
        assert_eq!(with_past, again.asked() + 2);
        let since = Some(scene.clock.now() - TimeDelta::hours(2));
        assert_eq!(scene.poll(since).await.past_from, None);
        again.poll(since).await;
        assert_eq!(scene.asked(), again.asked());
    }
}

#[tokio::test]
async fn a_version_older_than_the_look_back_has_no_past() {
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None);
    query.past = true;
    scene.sentry.poll(&query).await.unwrap();
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::days(6));
    query.now = scene.clock.now();
    let report = scene.sentry.poll(&query).await.unwrap();
    let oldest = report.readings.iter().map(|r| r.start).min().unwrap();
    assert_eq!(report.past_from, None);
    assert!(
        query.now - oldest < TimeDelta::days(15),
        "a hole between past and windows would count as empty"
    );
}

#[tokio::test]
async fn the_open_window_is_restated_with_late_crashes() {
    let scene = Scene::of(Server {
        late_crashes: TimeDelta::minutes(20),
        ..Server::default()
    })
    .await;
    let mut kept = BTreeMap::new();
    let keep = |kept: &mut BTreeMap<_, Reading>, report: SourceReport| {
        for reading in report.readings {
            let key = (
                reading.metric.clone(),
                reading.version.clone(),
                reading.start,
            );
            kept.insert(key, reading);
        }
    };
    let first = scene.poll(None).await;
    let began = first.first_session.unwrap();
    keep(&mut kept, first);
    for _ in 0..12 {
        let since = scene.clock.now() - TimeDelta::minutes(30);
        scene
            .clock
            .advance_to(scene.clock.now() + TimeDelta::minutes(7));
        let report = scene.poll(Some(since)).await;
        assert_eq!(report.first_session, Some(began));
        keep(&mut kept, report);
    }
    // Of what is older than the last look back, every crash has arrived in time to be read.
    let settled = kept
        .into_values()
        .filter(|r| r.start < scene.clock.now() - TimeDelta::minutes(30))
        .collect::<Vec<_>>();
    let last = settled.iter().map(|r| r.start).max().unwrap();
    let truth = scene.truth("84300", began, last + TimeDelta::minutes(5));
    assert_eq!(sums(&settled, "84300"), truth);
}

#[tokio::test]
async fn codes_of_one_release_are_summed() {
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None);
    query.also = vec![Version::from_code(84301)];
    let report = scene.sentry.poll(&query).await.unwrap();
    let first = report.first_session.unwrap();
    let mut truth = scene.truth("84300", first, scene.clock.now());
    for (metric, counts) in scene.truth("84301", first, scene.clock.now()) {
        let sum = truth.get_mut(&metric).unwrap();
        *sum = *sum + counts;
    }
    assert_eq!(sums(&report.readings, "84300"), truth);
    assert!(sums(&report.readings, "84301").is_empty());
    let share = report
        .shares
        .iter()
        .find(|s| s.version.as_deref() == Some("84300"));
    assert_eq!(share.unwrap().label.as_str(), "8.43.0 (84300) and 1 more");
    assert_eq!(report.shares.len(), 3);
}

#[tokio::test]
async fn adoption_is_of_all_releases_over_all_pages() {
    for page in [usize::MAX, 1] {
        let scene = Scene::of(Server {
            page,
            ..Server::default()
        })
        .await;
        let report = scene.poll(None).await;
        let labels: Vec<_> = report.shares.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "8.42.0 (84200)",
                "8.41.0 (84100)",
                "8.43.0 (84300)",
                "8.43.0 (84301)"
            ]
        );
        let of = |share: &VersionShare| share.version.clone();
        let owned: Vec<_> = report.shares.iter().map(of).collect();
        assert_eq!(
            owned,
            [Some("84200".into()), None, Some("84300".into()), None]
        );
        assert!(report.shares.iter().all(|s| s.users.unwrap() <= s.sessions));
        // Paging by one group loses none of the windows either.
        let first = report.first_session.unwrap();
        assert_eq!(
            sums(&report.readings, "84200"),
            scene.truth("84200", first, scene.clock.now())
        );
    }
}

#[tokio::test]
async fn users_are_of_whole_days_and_exact() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None).await;
    let app = &scene.world.apps()[0].id;
    let days: Vec<&Reading> = report
        .readings
        .iter()
        .filter(|r| r.metric.counts_users() && r.version == "84300")
        .collect();
    assert_eq!(days.len(), 2 * 10, "crashes and ANRs on ten days");
    for day in days {
        assert_eq!((day.seconds, day.start.timestamp() % 86_400), (86_400, 0));
        let until = (day.start + TimeDelta::days(1)).min(scene.clock.now());
        let cells = scene.world.cells(app, "84300", day.start, until);
        let users = traffic::users(cells.iter().map(|c| c.sessions).sum(), until - day.start);
        let bad = |cell: &traffic::Cell| match day.metric {
            Metric::CrashFreeUsers => cell.crashed.total(),
            _ => cell.abnormal.total(),
        };
        let failures = traffic::affected(cells.iter().map(bad).sum(), users);
        assert_eq!(day.counts, Counts::new(users, failures).unwrap(), "{day:?}");
    }
}

#[tokio::test]
async fn anr_rates_are_dropped_where_the_server_has_none() {
    let scene = Scene::of(Server {
        anr: false,
        ..Server::default()
    })
    .await;
    for since in [None, Some(scene.clock.now())] {
        let report = scene.poll(since).await;
        let has = |metric: Metric| report.readings.iter().any(|r| r.metric == metric);
        assert!(has(Metric::CrashFreeUsers) && !has(Metric::AnrFreeUsers));
        assert_eq!(notes(&report), "this server has no ANR rates");
    }
}

#[tokio::test]
async fn issues_are_of_this_version_clean_and_told_apart() {
    let scene = Scene::of(Server::default()).await;
    let report = scene.poll(None).await;
    let issue = |title: &str| {
        let mut all = report.issues.iter();
        all.find(|issue| issue.title.as_str().contains(title))
            .unwrap()
    };
    let hostile = issue("NullPointer");
    assert_eq!(
        hostile.title.as_str(),
        "NullPointer[31mException: ]0;ownedgone"
    );
    assert_eq!(hostile.place.as_str(), "CartViewModel.total");
    assert_eq!(hostile.recurrence, Recurrence::New);
    assert_eq!(issue("IllegalState").recurrence, Recurrence::Regressed);
    assert_eq!(issue("OutOfMemory").recurrence, Recurrence::Recurring);
    assert!(report.issues.is_sorted_by(|a, b| a.users >= b.users));
    let app = &scene.world.apps()[0].id;
    let counted = scene.world.issues(
        app,
        "84300",
        report.first_session.unwrap(),
        scene.clock.now(),
    );
    assert_eq!(
        (hostile.events, hostile.users),
        (counted[0].events, counted[0].users)
    );
    assert!(
        hostile
            .link
            .as_ref()
            .unwrap()
            .as_str()
            .starts_with("https://acme.sentry.io/issues/")
    );
}

#[tokio::test]
async fn a_version_without_a_session_is_a_note_and_no_reading() {
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None);
    query.version = Version::from_code(99);
    let report = scene.sentry.poll(&query).await.unwrap();
    assert!(report.readings.is_empty() && report.issues.is_empty());
    assert_eq!((report.first_session, report.version_name), (None, None));
    assert!(
        report.notes[0].as_str().contains("no session of 99"),
        "{:?}",
        report.notes
    );
    assert!(report.notes[0].as_str().contains("8.42.0 (84200)"));
    assert_eq!(
        report.read_through,
        Some(scene.clock.now()),
        "read, and found empty"
    );
}

#[tokio::test]
async fn a_missing_scope_is_named_by_what_it_feeds() {
    let scene = Scene::of(Server {
        scopes: vec!["org:read"],
        ..Server::default()
    })
    .await;
    let report = scene.poll(None).await;
    assert!(!report.readings.is_empty() && report.issues.is_empty());
    assert!(
        notes(&report).contains("event:read for top issues"),
        "{}",
        notes(&report)
    );
    let access = scene.sentry.access().await;
    let words: Vec<_> = access
        .iter()
        .map(|check| {
            (
                check.right.as_str(),
                check.result.as_ref().map_err(|f| f.kind),
            )
        })
        .collect();
    assert_eq!(
        words,
        [
            ("watch: sessions, users and adoption: org:read", Ok(&())),
            ("watch: top issues: event:read", Err(FailureKind::Rights)),
        ]
    );
}

#[tokio::test]
async fn wrong_names_are_told_from_wrong_tokens() {
    for (change, kind) in [
        (("nowhere", "shop"), FailureKind::NotFound),
        ((ORGANIZATION, "no-such-project"), FailureKind::Rights),
    ] {
        let scene = Scene::with(Server::default(), |settings| Settings {
            organization: change.0.into(),
            project: change.1.into(),
            ..settings
        })
        .await;
        let failure = scene.sentry.poll(&scene.query(None)).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.hint.as_str().contains("project"), "{failure}");
    }
}

#[tokio::test]
async fn a_used_up_limit_is_waited_for() {
    let scene = Scene::of(Server {
        limit: (2, TimeDelta::minutes(1)),
        ..Server::default()
    })
    .await;
    let failure = scene.sentry.poll(&scene.query(None)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Quota);
    let wait = failure.retry_after.unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    scene
        .clock
        .advance_to(scene.clock.now() + TimeDelta::seconds(i64::from(wait)));
    let failure = scene.sentry.poll(&scene.query(None)).await.unwrap_err();
    assert_eq!(
        failure.kind,
        FailureKind::Quota,
        "asked again, and got as far as before"
    );
}

#[tokio::test]
async fn an_environment_without_sessions_has_none() {
    for (environment, found) in [("production", true), ("staging", false)] {
        let scene = Scene::with(Server::default(), |settings| Settings {
            environment: Some(environment.into()),
            ..settings
        })
        .await;
        let report = scene.poll(None).await;
        assert_eq!(!report.readings.is_empty(), found, "{environment}");
    }
}

#[tokio::test]
async fn an_app_store_version_is_known_by_name_and_build_and_has_no_anr() {
    let scene = Scene::of(Server::default()).await;
    let mut query = scene.query(None);
    query.version = Version::named("8.43.0", "84300");
    query.baseline = Some(Version::named("8.42.0", "84200"));
    let report = scene.sentry.poll(&query).await.unwrap();
    let first = report.first_session.unwrap();
    let truth = scene.truth("84300", first, scene.clock.now());
    assert_eq!(sums(&report.readings, "8.43.0+84300"), truth);
    assert!(!sums(&report.readings, "8.42.0+84200").is_empty());
    assert!(
        report
            .readings
            .iter()
            .all(|r| r.metric != Metric::AnrFreeUsers)
    );
    query.version = Version::named("8.43.1", "84300");
    let report = scene.sentry.poll(&query).await.unwrap();
    assert!(
        report.readings.is_empty(),
        "another name is another version"
    );
}

#[tokio::test]
async fn after_a_restart_the_first_session_is_the_same() {
    let scene = Scene::of(Server::default()).await;
    let before = scene.poll(None).await;
    let again = Scene::of(Server::default()).await;
    let since = again.clock.now() - TimeDelta::hours(1);
    let after = again.poll(Some(since)).await;
    assert_eq!(after.first_session, before.first_session);
    let oldest = after
        .readings
        .iter()
        .filter(|r| !r.metric.counts_users())
        .map(|r| r.start)
        .min();
    assert!(
        since - oldest.unwrap() < TimeDelta::minutes(5),
        "no look back"
    );
}
