use proptest::prelude::*;

use super::*;
use crate::api::wire::AgePoint;
use crate::domain::reading::VersionShare;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, Event, Reading, SourceReport, Status, Target, Verb, Version};
use crate::journal::MemoryJournal;
use crate::policy::RawPolicy;
use crate::ports::NewRecord;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

const RULES: &str = r#"
rule = [
    { id = "floor", metric = "crash_free_sessions", floor = "99.85%", action = "pause" },
    { id = "ratio", metric = "crash_free_sessions", worse_than_baseline = 2.0, action = "halt" },
    { id = "early", metric = "crash_free_sessions", floor = "99.00%", action = "halt", during = { exposure = "1%..2%" } },
    { id = "users", metric = "crash_free_users", floor = "99.50%", action = "pause" },
]
"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(20_000 * DAY + seconds, 0).unwrap()
}

fn app() -> AppId {
    AppId::try_from("shop-android".to_owned()).unwrap()
}

fn source() -> SourceId {
    SourceId("sentry".into())
}

fn reading(version: &str, start: i64, seconds: u32, trials: u64, failures: u64) -> Reading {
    Reading {
        metric: Metric::CrashFreeSessions,
        version: version.into(),
        stratum: String::new(),
        start: at(start),
        seconds,
        counts: Counts { trials, failures },
    }
}

fn release(code: u64, percent: u32, status: Status) -> ReleaseView {
    ReleaseView {
        also: Vec::new(),
        version: Version::from_code(code),
        label: "8.43.0".into(),
        status,
        exposure: Exposure::from_percent(percent),
        in_review: false,
        phased: None,
    }
}

/// Asked ten hours after the beginning; the version before began ten days earlier.
fn asked() -> Retrospect {
    let raw: RawPolicy = toml::from_str(RULES).unwrap();
    Retrospect {
        app: app(),
        at: at(10 * HOUR),
        started: at(0),
        new: "84300".into(),
        old: Some("84210".into()),
        old_seen: Some(at(-10 * DAY)),
        metrics: vec![(Metric::CrashFreeSessions, source())],
        shares: Some(source()),
        policy: Some(Arc::new(raw.resolve("test").unwrap().0)),
        exposure: Exposure::from_percent(5),
    }
}

fn save(journal: &MemoryJournal, seconds: i64, report: &SourceReport) {
    let saved = journal.save_report(&app(), &source(), at(seconds), report);
    saved.unwrap();
}

fn tell(journal: &MemoryJournal, asked: &Retrospect) -> History {
    asked.tell(journal, &Read::default()).unwrap()
}

fn point(age: i64, seconds: u32, trials: u64, failures: u64) -> AgePoint {
    AgePoint {
        age,
        seconds,
        trials,
        failures,
    }
}

#[test]
fn both_versions_are_told_at_the_same_age() {
    let journal = MemoryJournal::default();
    let readings = vec![
        // Testers, the first hour in two strata, a gap, and an hour without trials.
        reading("84300", -HOUR, 3_600, 10, 1),
        Reading {
            stratum: "country=DE".into(),
            ..reading("84300", 0, 3_600, 100, 1)
        },
        Reading {
            stratum: "country=FR".into(),
            ..reading("84300", 0, 3_600, 50, 2)
        },
        reading("84300", 5 * HOUR, 3_600, 70, 0),
        reading("84300", 6 * HOUR, 3_600, 0, 0),
        reading("84210", -10 * DAY, 3_600, 400, 4),
        reading("84210", -10 * DAY + 9 * HOUR, 3_600, 600, 6),
        // Later than the new version is old.
        reading("84210", -10 * DAY + 11 * HOUR, 3_600, 9_999, 9),
    ];
    save(
        &journal,
        0,
        &SourceReport {
            readings,
            ..SourceReport::default()
        },
    );
    let history = tell(&journal, &asked());
    assert_eq!(history.previous_started, Some(at(-10 * DAY)));
    let of = &history.metrics[0];
    let hour = |age, trials, failures| point(age * HOUR, 3_600, trials, failures);
    assert_eq!(of.new, [hour(-1, 10, 1), hour(0, 150, 3), hour(5, 70, 0)]);
    assert_eq!(of.old, [hour(0, 400, 4), hour(9, 600, 6)]);
    let limits = of.limits.iter().map(|it| (it.rule.as_str(), it.share));
    let limits: Vec<_> = limits.collect();
    assert_eq!(limits.len(), 2, "what is not live at 5% is left out");
    assert_eq!(limits[0].0, "floor");
    assert!((limits[0].1 - 0.0015).abs() < 1e-9);
    assert_eq!(limits[1], ("ratio", 0.02), "twice the baseline's 1%");
}

/// A baseline whose own rollout nobody watched is shown at the same time instead.
#[test]
fn without_its_own_beginning_the_baseline_stands_beside() {
    let journal = MemoryJournal::default();
    let readings = vec![
        reading("84300", 0, 3_600, 100, 1),
        reading("84210", 0, 3_600, 400, 4),
        reading("84210", -3 * DAY, 3_600, 777, 7),
    ];
    save(
        &journal,
        0,
        &SourceReport {
            readings,
            ..SourceReport::default()
        },
    );
    let history = tell(
        &journal,
        &Retrospect {
            old_seen: None,
            ..asked()
        },
    );
    assert_eq!(history.previous_started, None);
    assert_eq!(history.metrics[0].old, [point(0, 3_600, 400, 4)]);
    let alone = Retrospect {
        old: None,
        old_seen: None,
        ..asked()
    };
    let alone = tell(&journal, &alone);
    assert!(alone.metrics[0].old.is_empty());
    assert_eq!(alone.metrics[0].limits.len(), 1, "nothing to be twice of");
}

fn record(journal: &MemoryJournal, seconds: i64, events: &[Event]) {
    let records = events.iter().map(|event| NewRecord {
        at: at(seconds),
        app: Some(app()),
        event: event.clone(),
    });
    journal.append(&records.collect::<Vec<_>>()).unwrap();
}

#[test]
fn marks_are_what_changed_the_rollout() {
    let journal = MemoryJournal::default();
    let shows = |percent, status| Event::StoreChanged {
        release: release(84_300, percent, status),
    };
    let found = |code| Event::ReleaseFound {
        release: release(code, 1, Status::InProgress),
        previous: None,
    };
    record(&journal, -90, &[found(84_210)]);
    let earlier = Event::StoreChanged {
        release: release(84_210, 2, Status::InProgress),
    };
    record(&journal, -80, &[earlier]);
    record(&journal, 0, &[found(84_300)]);
    record(&journal, 10, &[shows(5, Status::InProgress)]);
    let other = NewRecord {
        at: at(11),
        app: None,
        event: Event::WatcherStopped,
    };
    journal.append(&[other]).unwrap();
    record(
        &journal,
        20,
        &[
            Event::DesireSet {
                revision: 1,
                verb: Verb::Pause,
                target: Target::Stopped,
                version: None,
                actor: Actor::Rule { id: "floor".into() },
                reason: "floor fired".into(),
            },
            shows(5, Status::Stopped),
            Event::DesireConfirmed {
                revision: 1,
                verb: Verb::Pause,
                exposure: Exposure::from_percent(5),
            },
        ],
    );
    let read = Read::default();
    let told = |asked: &Retrospect| -> Vec<(i64, String)> {
        let marks = asked.tell(&journal, &read).unwrap().marks;
        let marks = marks.iter();
        marks
            .map(|it| ((it.at - at(0)).num_seconds(), it.what.to_string()))
            .collect()
    };
    let first = [(0, "1%"), (10, "1% → 5%"), (20, "paused")];
    let first = first.map(|(at, what)| (at, what.to_owned()));
    assert_eq!(told(&asked()), first);
    record(
        &journal,
        30,
        &[
            shows(5, Status::InProgress),
            Event::EvidenceRestarted {
                from: at(30),
                resumes: 1,
            },
        ],
    );
    let mut then = first.to_vec();
    then.push((30, "resumed, evidence restarted".into()));
    assert_eq!(told(&asked()), then, "read on from where it was");
    assert_eq!(told(&asked()), then);
}

#[test]
fn who_ran_what_is_told_since_the_beginning() {
    let journal = MemoryJournal::default();
    let share = |label: &str, sessions| VersionShare {
        label: label.into(),
        version: None,
        sessions,
        users: None,
    };
    for hour in -48..480_i64 {
        let shares = vec![share("new", hour.unsigned_abs()), share("old", 500)];
        let report = SourceReport {
            shares,
            ..SourceReport::default()
        };
        save(&journal, hour * HOUR, &report);
    }
    let history = tell(
        &journal,
        &Retrospect {
            at: at(480 * HOUR),
            ..asked()
        },
    );
    let ages: Vec<i64> = history
        .adoption
        .iter()
        .map(|it| (it.at - at(0)).num_hours())
        .collect();
    assert_eq!((ages.first(), ages.last()), (Some(&-22), Some(&479)));
    assert!(ages.len() <= POINTS, "{}", ages.len());
    assert_eq!(history.adoption[0].sessions[0], ("old".into(), 500));
}

#[test]
fn of_users_no_two_windows_are_added_up() {
    let windows: Vec<Window> = (0..4)
        .map(|n: i64| Window {
            start: at(n * HOUR),
            seconds: 3_600,
            counts: Counts {
                trials: 100 + n.unsigned_abs(),
                failures: 1,
            },
        })
        .collect();
    let grid = Grid { step: 4 * HOUR };
    let points = |metric: &Metric| grid.points(metric, &windows, at(0), 0..DAY);
    assert_eq!(
        points(&Metric::CrashFreeSessions),
        [point(0, 14_400, 406, 4)]
    );
    assert_eq!(points(&Metric::CrashFreeUsers), [point(0, 14_400, 103, 1)]);
}

proptest! {
    /// Nothing that is counted is lost or counted twice, whatever the grid; and the points are few and in order.
    #[test]
    fn sums_are_preserved(
        hours in 1_i64..2_000,
        counts in prop::collection::vec((0_i64..7_200_000, 1_u32..90_000, 0_u64..50, 0_u64..50), 0..200),
    ) {
        let age = TimeDelta::hours(hours);
        let windows: Vec<Window> = counts
            .iter()
            .map(|(start, seconds, trials, failures)| Window {
                start: at(*start),
                seconds: *seconds,
                counts: Counts { trials: *trials, failures: *failures.min(trials) },
            })
            .collect();
        let ages = 0..age.num_seconds();
        let points = Grid::of(age, POINTS).points(&Metric::CrashFreeSessions, &windows, at(0), ages.clone());
        let inside = windows.iter().filter(|window| ages.contains(&(window.start - at(0)).num_seconds()));
        let sum: Counts = inside.map(|window| window.counts).sum();
        let told: Counts = points
            .iter()
            .map(|point| Counts { trials: point.trials, failures: point.failures })
            .sum();
        prop_assert_eq!(sum, told);
        prop_assert!(points.len() <= POINTS + 1);
        prop_assert!(points.windows(2).all(|pair| pair[0].age < pair[1].age));
        prop_assert!(points.iter().all(|point| point.trials > 0));
    }
}
