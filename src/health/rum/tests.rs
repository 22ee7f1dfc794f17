//! The adapters against their fake vendors, over HTTP on loopback: what is read is what happened in the world.

mod refusals;
mod scene;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::windows::{COARSE, DAY, FINE, end, floor};
use crate::domain::{Counts, Metric, PlainText, Reach, Recurrence, Version};
use crate::ports::{Clock, HealthSource, IssueQuery};
use scene::{Scene, Setup, notes, sums};

fn metric(name: &str) -> Metric {
    name.parse().unwrap()
}

#[tokio::test]
async fn the_look_back_counts_every_session_once() {
    for setup in Setup::both() {
        let scene = Scene::of(setup).await;
        let report = scene.poll(None).await;
        let to = end(scene.clock.now());
        assert_eq!(report.read_through, Some(to));
        let started = scene.world.versions(&scene.world.apps()[0].id)[2].1;
        let first = report.first_session.unwrap();
        assert!(first <= started && started - first < COARSE);
        for version in ["84300", "84200"] {
            let read = sums(&report.readings, version)[&Metric::CrashFreeSessions];
            let truth = scene.truth(version, first, to);
            assert_eq!(read.failures, truth.failures);
            // New Relic estimates what is more than 256 distinct.
            let off = read.trials.abs_diff(truth.trials) as f64 / truth.trials as f64;
            assert!(off < 0.002, "{read:?} {truth:?}");
        }
        let widths: BTreeSet<u32> = report
            .readings
            .iter()
            .filter(|reading| !reading.metric.counts_users())
            .map(|reading| reading.seconds)
            .collect();
        assert_eq!(
            widths,
            BTreeSet::from([300, 3600]),
            "hours before the last two days"
        );
        assert_eq!(report.version_name.unwrap().as_str(), "8.43.0");
        let labels: Vec<&str> = report.shares.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(
            labels,
            ["8.42.0 (84200)", "8.43.0 (84300)", "8.41.0 (84100)"]
        );
        assert_eq!(report.shares[1].version.as_deref(), Some("84300"));
        assert!(report.shares[1].users.unwrap() < report.shares[1].sessions);
        assert_eq!(scene.source.reach(), Reach::Halt);
    }
}

#[tokio::test]
async fn between_two_ends_of_windows_nothing_is_asked() {
    for (setup, first, later) in [(Setup::datadog(), 45, 20), (Setup::new_relic(), 11, 6)] {
        let scene = Scene::of(setup).await;
        let report = scene.poll(None).await;
        let asked = scene.asked();
        assert_eq!(asked, first, "{}", notes(&report));
        let since = report.read_through.map(|t| t - TimeDelta::hours(2));
        let recent = scene.poll(since).await;
        assert_eq!(scene.asked(), later, "of one piece");
        scene
            .clock
            .advance_to(scene.clock.now() + TimeDelta::minutes(2));
        assert_eq!(scene.poll(since).await, recent, "from memory");
        assert_eq!(scene.asked(), 0);
        scene.clock.advance_to(scene.clock.now() + FINE);
        let next = scene.poll(since).await;
        assert!(next.read_through > recent.read_through);
        assert_eq!(scene.asked(), later);
        let first_window = next.readings.iter().map(|reading| reading.start).min();
        assert!(first_window.unwrap() >= floor(since.unwrap(), DAY));
    }
}

#[tokio::test]
async fn the_past_is_read_where_it_is_wanted_and_meets_the_windows() {
    for setup in Setup::both() {
        let scene = Scene::of(setup).await;
        let mut query = scene.query(None);
        query.past = true;
        let report = scene.source.poll(&query).await.unwrap();
        let seam = floor(report.first_session.unwrap(), COARSE);
        assert_eq!(report.past_from, Some(seam - TimeDelta::days(14)));
        let (past, since): (Vec<_>, Vec<_>) = report
            .readings
            .into_iter()
            .partition(|reading| reading.start < seam && !reading.metric.counts_users());
        assert!(
            past.iter()
                .all(|r| r.seconds == 3600 && r.version == "84200")
        );
        let read = sums(&past, "84200")[&Metric::CrashFreeSessions];
        let truth = scene.truth("84200", seam - TimeDelta::days(14), seam);
        assert_eq!(read.failures, truth.failures);
        let starts = since.iter().filter(|r| !r.metric.counts_users());
        assert!(starts.map(|r| r.start).min().unwrap() >= seam);
    }
}

#[tokio::test]
async fn users_are_counted_by_day_and_believed_only_where_they_can_be() {
    for setup in Setup::both() {
        let android = matches!(setup, Setup::Datadog(..));
        let scene = Scene::of(setup).await;
        let report = scene.poll(None).await;
        let users: Vec<_> = report
            .readings
            .iter()
            .filter(|r| r.metric == Metric::CrashFreeUsers && r.version == "84300")
            .collect();
        assert_eq!(users.len(), 4, "three days and a bit");
        for day in users {
            assert_eq!((day.seconds, floor(day.start, DAY)), (86_400, day.start));
            assert!(day.counts.failures > 0 && day.counts.failures < day.counts.trials / 10);
        }
        let anrs = report
            .readings
            .iter()
            .filter(|r| r.metric == Metric::AnrFreeUsers);
        assert_eq!(anrs.count() > 0, android, "New Relic has none");
    }
}

#[tokio::test]
async fn beyond_crashes() {
    for setup in Setup::both() {
        let datadog = matches!(setup, Setup::Datadog(..));
        let scene = Scene::of(setup).await;
        let report = scene.poll(None).await;
        let of = |version: &str| -> BTreeMap<Metric, f64> {
            let sums = sums(&report.readings, version).into_iter();
            sums.map(|(metric, counts)| (metric, counts.failure_rate().unwrap()))
                .collect()
        };
        let (new, old) = (of("84300"), of("84200"));
        let near = |name: &str, rates: &BTreeMap<Metric, f64>, wanted: f64| {
            let rate = rates[&metric(name)];
            assert!((rate / wanted - 1.0).abs() < 0.5, "{name}: {rate}");
        };
        near("journey_success:checkout", &new, 0.30);
        near("journey_success:checkout", &old, 0.08);
        near("slow_requests", &new, 0.05);
        near("slow_requests", &old, 0.01);
        // What Datadog counts as an error includes freezes; New Relic hears of crashes and handled exceptions.
        near(
            "error_free_sessions",
            &new,
            if datadog { 0.06 } else { 0.05 },
        );
        assert_eq!(new.contains_key(&metric("slow_cold_starts")), datadog);
        assert_eq!(
            new.contains_key(&metric("frustration_free_sessions")),
            datadog
        );
        if datadog {
            near("slow_cold_starts", &new, 0.12);
            near("frustration_free_sessions", &new, 0.03);
        }
        let level = |name: &str, version: &str| {
            let of = |l: &&crate::domain::reading::Level| {
                l.metric == Metric::Level(name.into()) && l.version == version
            };
            report.levels.iter().find(of).map(|level| level.value)
        };
        assert!(level("request_p95", "84300") > level("request_p95", "84200"));
        let p99 = level("cold_start_p99", "84300");
        assert_eq!(p99.is_some(), datadog);
        assert!(!datadog || p99 > level("cold_start_p50", "84300"));
    }
}

#[tokio::test]
async fn strata_part_what_they_are_of() {
    for setup in Setup::both() {
        let plain = Scene::of(setup.clone()).await.poll(None).await;
        let scene = Scene::of(setup.strata(&["os", "country"])).await;
        let report = scene.poll(None).await;
        let crashes = |r: &&crate::domain::Reading| r.metric == Metric::CrashFreeSessions;
        let strata: BTreeSet<&str> = report
            .readings
            .iter()
            .filter(crashes)
            .map(|r| r.stratum.as_str())
            .collect();
        let known = BTreeSet::from(["country=DE,os=14", "country=FR,os=15"]);
        assert!(strata.is_superset(&known), "{strata:?}");
        // The whole is estimated by New Relic, its smaller parts are not: what lies between is in other.
        assert!(strata.len() <= 3 && !strata.contains(""), "{strata:?}");
        let parted = sums(&report.readings, "84300")[&Metric::CrashFreeSessions];
        let whole = sums(&plain.readings, "84300")[&Metric::CrashFreeSessions];
        assert_eq!(parted.failures, whole.failures);
        assert!(parted.trials.abs_diff(whole.trials) < whole.trials / 1000);
        let requests = report
            .readings
            .iter()
            .filter(|r| r.metric == Metric::SlowRequests);
        assert!(requests.into_iter().all(|r| r.stratum.is_empty()));
    }
}

#[tokio::test]
async fn a_crash_that_comes_late_is_counted_when_it_has_come() {
    for setup in Setup::both() {
        let scene = Scene::of(setup.late_crashes(TimeDelta::hours(1))).await;
        let report = scene.poll(None).await;
        let to = report.read_through.unwrap();
        let (from, two) = (to - TimeDelta::minutes(30), TimeDelta::hours(2));
        let crashes = |report: &crate::domain::SourceReport| -> u64 {
            let half_hour = report.readings.iter().filter(|reading| {
                let inside = (from..to).contains(&reading.start);
                inside && reading.metric == Metric::CrashFreeSessions && reading.version == "84300"
            });
            half_hour.map(|reading| reading.counts.failures).sum()
        };
        assert_eq!(crashes(&report), 0);
        scene
            .clock
            .advance_to(scene.clock.now() + TimeDelta::minutes(90));
        let restated = scene.poll(Some(to - two)).await;
        assert_eq!(crashes(&restated), scene.truth("84300", from, to).failures);
    }
}

#[tokio::test]
async fn crashes_are_told_with_where_they_come_from() {
    for setup in Setup::both() {
        let datadog = matches!(setup, Setup::Datadog(..));
        let scene = Scene::of(setup).await;
        let report = scene.poll(None).await;
        let told: Vec<_> = report
            .issues
            .iter()
            .map(|issue| (issue.title.as_str(), issue.recurrence))
            .collect();
        // New Relic does not say what was resolved.
        let back = if datadog {
            Recurrence::Regressed
        } else {
            Recurrence::Recurring
        };
        let new = "NullPointerException: total of an empty cart";
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.contains(&(new, Recurrence::New)), "{told:?}");
        assert!(told.contains(&("OutOfMemoryError", Recurrence::Recurring)));
        let regressed = told
            .iter()
            .any(|(title, kind)| title.starts_with("Illegal") && *kind == back);
        assert!(regressed || !datadog, "{told:?}");
        assert!(
            report
                .issues
                .windows(2)
                .all(|pair| pair[0].users >= pair[1].users)
        );
        let issue = report
            .issues
            .iter()
            .find(|issue| issue.title.as_str() == new);
        let issue = issue.unwrap();
        assert_eq!(issue.place.as_str(), "CartViewModel.total");
        assert!(issue.events >= issue.users && issue.users > 0 && issue.first_seen.is_some());
        let query = IssueQuery {
            id: issue.id.clone(),
            version: Version::from_code(84300),
            also: Vec::new(),
            now: scene.clock.now(),
        };
        let detail = scene.source.issue(&query).await.unwrap();
        assert_eq!(detail.title.as_str(), new);
        assert!(detail.last_seen.is_some());
        let stack: Vec<&str> = detail.stack.iter().map(PlainText::as_str).collect();
        assert!(
            stack.join("\n").contains("CartViewModel.total"),
            "{stack:?}"
        );
        assert_eq!(stack.len() > 1, datadog, "New Relic has the place alone");
        assert_eq!(detail.devices.is_empty(), datadog, "the fake has no models");
    }
}

#[tokio::test]
async fn all_pages_are_read() {
    let Setup::Datadog(mut server, settings) = Setup::datadog() else {
        unreachable!()
    };
    let whole = Scene::of(Setup::datadog()).await.poll(None).await;
    server.page = 1;
    let scene = Scene::of(Setup::Datadog(server, settings)).await;
    let paged = scene.poll(None).await;
    assert_eq!(paged, whole);
    assert!(scene.asked() > 45);
}

#[tokio::test]
async fn further_builds_count_as_the_version() {
    for setup in Setup::both() {
        let scene = Scene::of(setup).await;
        let mut query = scene.query(None);
        query.baseline = None;
        query.also = vec![Version::from_code(84100)];
        let report = scene.source.poll(&query).await.unwrap();
        let first = report.first_session.unwrap();
        let read = sums(&report.readings, "84300")[&Metric::CrashFreeSessions];
        let to = report.read_through.unwrap();
        let truth = [84100, 84300].map(|build| scene.truth(&build.to_string(), first, to));
        let truth: Counts = truth.into_iter().sum();
        assert_eq!(read.failures, truth.failures);
    }
}
