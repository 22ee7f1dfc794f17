//! The adapter for Play's vitals against the fake Reporting API, which tells of a simulated world.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod refusals;
mod scene;

use chrono::TimeDelta;
use haltline::domain::{
    Counts, FailureKind, Metric, PlainText, Reach, Recurrence, Timestamp, Version,
};
use haltline::health::play_vitals::Stratum;
use haltline::ports::{Clock, HealthSource, IssueQuery};
use haltline::simulator::play_reporting::Server;
use haltline::simulator::traffic::{affected, users};

use scene::{BUSY, QUIET, Scene, windows};

const NEW: [&str; 2] = ["84300", "84301"];
const OLD: [&str; 1] = ["84200"];
/// What a poll sends where nothing has been computed further.
const QUIET_POLL: usize = 6;
/// What the first poll of a small app sends: hours are looked at once.
const FIRST_POLL: usize = 4 + 1 + 1 + 4 + 2 + 1;

fn at(raw: &str) -> Timestamp {
    raw.parse().unwrap()
}

/// Within the rounding of the users that the counts are of.
fn near(counts: Counts, sessions: u64, bad: u64, length: TimeDelta) {
    let all = users(sessions, length);
    let hit = affected(bad, all);
    let unit = match all {
        0..1_000 => 10.0,
        1_000..10_000 => 100.0,
        _ => 1_000.0,
    };
    let share = unit / all as f64;
    // Two codes are rounded one by one.
    assert!(
        (counts.trials as f64 - all as f64).abs() <= unit + 20.0,
        "{counts:?} of {all}"
    );
    let most = hit as f64 * share + 2.0 + hit as f64 * 0.03;
    assert!(
        (counts.failures as f64 - hit as f64).abs() <= most,
        "{counts:?}: {hit}"
    );
}

#[tokio::test]
async fn a_small_app_is_read_by_the_day() {
    let scene = Scene::of(QUIET).await;
    let report = scene.poll().await.unwrap();
    let through = report.read_through.unwrap();
    let age = scene.clock.now() - through;
    assert!(
        age >= TimeDelta::hours(25) && age < TimeDelta::hours(124),
        "{age}"
    );
    for (metric, bad) in [(Metric::CrashFreeUsers, 1), (Metric::AnrFreeUsers, 2)] {
        for (key, builds) in [("84300", &NEW[..]), ("84200", &OLD[..])] {
            let found = windows(&report, &metric, key);
            assert!(found.len() >= 2, "{metric} {key} {found:?}");
            for (start, (seconds, counts)) in found {
                let length = TimeDelta::seconds(i64::from(seconds));
                assert_eq!(seconds, 86_400);
                assert_eq!(
                    start.format("%H:%M").to_string(),
                    "08:00",
                    "midnight of California"
                );
                let did = scene.did(builds, start, start + length);
                near(counts, did[0], did[bad], length);
            }
        }
    }
    let first = report.first_session.unwrap();
    assert_eq!(first, at("2026-02-23T08:00:00Z"), "the day that it came on");
    assert!(report.readings.iter().all(|reading| reading.start >= first));
    assert!(
        report
            .readings
            .iter()
            .all(|reading| reading.counts.trials > 0)
    );
    assert_eq!(report.shares, [], "vitals know no sessions");
    for metric in [
        Metric::SlowColdStarts,
        Metric::Custom("low_memory_kills".into()),
    ] {
        assert!(!windows(&report, &metric, "84300").is_empty(), "{metric}");
    }
    let slow = |key| -> Counts {
        let found = windows(&report, &Metric::SlowColdStarts, key);
        found.into_values().map(|(_, counts)| counts).sum()
    };
    assert!(slow("84300").failure_rate() > slow("84200").failure_rate());
    assert_eq!(scene.vitals.reach(), Reach::HaltAfterHours(48));
    let notes: Vec<&str> = report.notes.iter().map(PlainText::as_str).collect();
    assert_eq!(
        notes.iter().filter(|note| note.contains("rounds")).count(),
        1,
        "{notes:?}"
    );
    assert!(
        notes.iter().any(|note| note.contains("unusually bad")),
        "{notes:?}"
    );
    assert_eq!(scene.asked().len(), FIRST_POLL);
}

#[tokio::test]
async fn a_big_app_is_read_by_the_hour_and_its_starts_by_the_day() {
    let scene = Scene::of(BUSY).await;
    let report = scene.poll().await.unwrap();
    let age = scene.clock.now() - report.read_through.unwrap();
    assert!(
        age >= TimeDelta::hours(2) && age <= TimeDelta::hours(5),
        "{age}"
    );
    let hours = windows(&report, &Metric::CrashFreeUsers, "84300");
    assert!(hours.len() > 100);
    for (start, (seconds, counts)) in hours.iter().rev().take(24) {
        let length = TimeDelta::hours(1);
        assert_eq!(*seconds, 3_600);
        let did = scene.did(&NEW, *start, *start + length);
        near(*counts, did[0], did[1], length);
    }
    let days = windows(&report, &Metric::SlowColdStarts, "84300");
    assert!(days.values().all(|(seconds, _)| *seconds == 86_400));
    let keys: Vec<_> = hours.keys().collect();
    assert!(
        keys.windows(2)
            .all(|pair| *pair[0] + TimeDelta::hours(1) == *pair[1])
    );
}

#[tokio::test]
async fn an_account_without_hours_is_read_by_the_day_however_big() {
    let server = Server {
        hours: false,
        ..Server::default()
    };
    let scene = Scene::with(BUSY, server, Vec::new()).await;
    let report = scene.poll().await.unwrap();
    let days = windows(&report, &Metric::CrashFreeUsers, "84300");
    assert!(!days.is_empty() && days.values().all(|(seconds, _)| *seconds == 86_400));
}

#[tokio::test]
async fn nothing_is_asked_twice_within_five_minutes_and_no_set_before_it_has_moved() {
    let scene = Scene::of(QUIET).await;
    let first = scene.poll().await.unwrap();
    scene.asked();
    scene.later(TimeDelta::minutes(4));
    assert_eq!(scene.poll().await.unwrap(), first);
    assert_eq!(scene.asked(), [""; 0]);
    scene.later(TimeDelta::minutes(2));
    let again = scene.poll().await.unwrap();
    assert_eq!(again.readings, first.readings);
    assert_eq!(again.read_through, first.read_through);
    let asked = scene.asked();
    assert_eq!(asked.len(), QUIET_POLL, "{asked:?}");
    assert!(asked.iter().all(|line| !line.contains(":query")));
    // A day further on everything has moved.
    let mut queries = 0;
    for _ in 0..36 {
        scene.later(TimeDelta::hours(1));
        scene.poll().await.unwrap();
        let asked = scene.asked();
        assert!(asked.len() <= QUIET_POLL + 4 + 1, "{asked:?}");
        queries += asked.iter().filter(|line| line.contains(":query")).count();
    }
    // Each set: what appeared, and all of it once a day.
    assert!((4..=16).contains(&queries), "{queries}");
    let later = scene.poll().await.unwrap();
    assert!(later.read_through > first.read_through);
}

#[tokio::test]
async fn what_is_new_is_read_with_what_was_restated() {
    let scene = Scene::of(QUIET).await;
    let first = scene.poll().await.unwrap();
    scene.later(TimeDelta::hours(50));
    let query = haltline::ports::HealthQuery {
        since: Some(first.read_through.unwrap() - TimeDelta::hours(2)),
        ..scene.query()
    };
    let report = scene.vitals.poll(&query).await.unwrap();
    let found = windows(&report, &Metric::CrashFreeUsers, "84300");
    let since = query.since.unwrap();
    assert!(
        found
            .keys()
            .all(|start| *start + TimeDelta::days(1) > since),
        "{found:?}"
    );
    let last = windows(&first, &Metric::CrashFreeUsers, "84300")
        .pop_last()
        .unwrap();
    assert_eq!(
        found.first_key_value().unwrap().0,
        &last.0,
        "the last day is told again"
    );
    assert!(found.len() >= 2);
    // And everything, where everything is asked for: with no further question to a set.
    scene.asked();
    let all = scene.poll().await.unwrap();
    assert_eq!(scene.asked(), [""; 0]);
    assert!(windows(&all, &Metric::CrashFreeUsers, "84300").len() > found.len());
}

#[tokio::test]
async fn the_past_of_the_baseline_comes_once_it_is_asked_for() {
    let scene = Scene::of(QUIET).await;
    let report = scene.past().await;
    let first = report.first_session.unwrap();
    assert_eq!(report.past_from, Some(first - TimeDelta::days(14)));
    let old = windows(&report, &Metric::CrashFreeUsers, "84200");
    assert_eq!(
        old.first_key_value().unwrap().0,
        &(first - TimeDelta::days(14))
    );
    let new = windows(&report, &Metric::CrashFreeUsers, "84300");
    assert_eq!(old.len(), new.len() + 14, "no day is missing");
    // What is known now serves both questions.
    scene.asked();
    let without = scene.poll().await.unwrap();
    assert_eq!(scene.asked(), [""; 0]);
    assert_eq!(without.past_from, None);
    let old = windows(&without, &Metric::CrashFreeUsers, "84200");
    assert_eq!(old.first_key_value().unwrap().0, &first);
}

#[tokio::test]
async fn days_have_23_24_and_25_hours() {
    for (start, day, hours) in [
        ("2026-03-12T09:42:00Z", "2026-03-08T08:00:00Z", 23),
        ("2026-11-05T09:42:00Z", "2026-11-01T07:00:00Z", 25),
    ] {
        let scene = Scene::starting(start).await;
        scene.later(TimeDelta::days(2));
        let report = scene.poll().await.unwrap();
        let found = windows(&report, &Metric::CrashFreeUsers, "84300");
        let (seconds, counts) = found[&at(day)];
        assert_eq!(seconds, hours * 3_600);
        let length = TimeDelta::hours(i64::from(hours));
        let did = scene.did(&NEW, at(day), at(day) + length);
        near(counts, did[0], did[1], length);
        let mut end = None;
        for (start, (seconds, _)) in found {
            assert!(end.is_none_or(|end| end == start), "no gap, no overlap");
            end = Some(start + TimeDelta::seconds(i64::from(seconds)));
        }
    }
}

#[tokio::test]
async fn a_version_that_nobody_has_yet_has_no_window() {
    let scene = Scene::of(QUIET).await;
    let query = haltline::ports::HealthQuery {
        version: Version::from_code(84400),
        also: Vec::new(),
        ..scene.query()
    };
    let report = scene.vitals.poll(&query).await.unwrap();
    assert_eq!(report.readings, [], "the baseline alone says nothing");
    assert!(report.read_through.is_some());
    assert_eq!(report.first_session, None);
    assert!(
        report.notes[0].as_str().contains("no vitals of 84400 yet"),
        "{:?}",
        report.notes
    );
    let query = haltline::ports::HealthQuery {
        version: Version::from_code("8.43.0"),
        ..scene.query()
    };
    let failure = scene.vitals.poll(&query).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
}

#[tokio::test]
async fn pages_make_up_one_answer() {
    let server = Server {
        page: 7,
        ..Server::default()
    };
    let scene = Scene::with(QUIET, server, Vec::new()).await;
    let paged = scene.past().await;
    let whole = Scene::of(QUIET).await.past().await;
    assert_eq!(paged.readings, whole.readings);
    assert!(
        scene
            .asked()
            .iter()
            .filter(|line| line.contains(":query"))
            .count()
            > 12
    );
    // An endless list ends.
    let server = Server {
        page: 1,
        ..Server::default()
    };
    let scene = Scene::with(QUIET, server, Vec::new()).await;
    let report = scene.poll().await.unwrap();
    let told = |words: &str| {
        report
            .notes
            .iter()
            .any(|note| note.as_str().contains(words))
    };
    assert!(told("more rows"), "{:?}", report.notes);
}

#[tokio::test]
async fn strata_part_all_users_and_show_where_it_is() {
    let strata = vec![
        Stratum::named("os").unwrap(),
        Stratum::named("device").unwrap(),
    ];
    let scene = Scene::with(QUIET, Server::default(), strata).await;
    let report = scene.poll().await.unwrap();
    let whole = Scene::of(QUIET).await.poll().await.unwrap();
    let of = |stratum: &str| -> Counts {
        let own = report.readings.iter().filter(|reading| {
            reading.stratum == stratum
                && reading.version == "84300"
                && reading.metric == Metric::CrashFreeUsers
        });
        own.map(|reading| reading.counts).sum()
    };
    let (high, low) = (of("device=high,os=14"), of("device=low,os=11"));
    assert!(
        low.failure_rate().unwrap() > 3.0 * high.failure_rate().unwrap(),
        "{high:?} {low:?}"
    );
    let all = windows(&report, &Metric::CrashFreeUsers, "84300");
    for (start, (_, counts)) in windows(&whole, &Metric::CrashFreeUsers, "84300") {
        let parts = all[&start].1;
        let off = parts.trials.abs_diff(counts.trials) as f64 / counts.trials as f64;
        assert!(off < 0.1, "{parts:?} {counts:?}");
    }
    let names: std::collections::BTreeSet<&str> = report
        .readings
        .iter()
        .map(|reading| reading.stratum.as_str())
        .collect();
    assert_eq!(
        Vec::from_iter(names),
        ["device=high,os=14", "device=low,os=11"]
    );
}

#[tokio::test]
async fn issues_are_new_where_no_other_version_had_them() {
    let scene = Scene::of(QUIET).await;
    let report = scene.poll().await.unwrap();
    let told: Vec<_> = report
        .issues
        .iter()
        .map(|issue| (issue.title.to_string(), issue.recurrence))
        .collect();
    assert_eq!(
        told[0],
        ("NullPointer[31mException".to_owned(), Recurrence::New),
        "{told:?}"
    );
    assert!(
        told.contains(&("OutOfMemoryError".to_owned(), Recurrence::Recurring)),
        "{told:?}"
    );
    let anr = "ANR: Input dispatching timed out".to_owned();
    assert!(told.contains(&(anr, Recurrence::Recurring)), "{told:?}");
    assert!(
        report
            .issues
            .windows(2)
            .all(|pair| pair[0].users >= pair[1].users)
    );

    scene.asked();
    let issue = &report.issues[0];
    let query = IssueQuery {
        id: issue.id.clone(),
        version: Version::from_code(84300),
        also: vec![Version::from_code(84301)],
        now: scene.clock.now(),
    };
    let detail = scene.vitals.issue(&query).await.unwrap();
    assert_eq!(detail.title, issue.title);
    assert_eq!(detail.link, issue.link);
    assert_eq!(detail.stack[0].as_str(), "CartViewModel.total");
    assert!(detail.stack.len() > 2);
    assert_eq!(detail.devices[0].0.as_str(), "google/shiba");
    assert!(detail.devices[0].1 > detail.devices[1].1);
    assert_eq!(detail.os_versions[0].0.as_str(), "15");
    assert!(detail.last_seen.is_some());
    assert_eq!(scene.asked().len(), 4);
}
