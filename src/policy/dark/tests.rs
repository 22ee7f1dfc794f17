use std::sync::Arc;

use super::*;
use crate::domain::{Counts, Metric, SourceId, StoreKind};
use crate::policy::ledger::{Ledger, Terms};
use crate::policy::observation::{Baseline, MetricSeries, NextTrain, SourceState};
use crate::policy::presets;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_timestamp(1_772_438_400 + minutes * 60, 0).unwrap()
}

/// Offered to 10 % of the users since minute 0, read at this minute; the app has a million sessions a day.
fn offered(minute: i64, new: impl Fn(i64) -> u64) -> Observation {
    let id = SourceId("sentry".into());
    let windows = (0..minute).step_by(5).map(|start| Paired {
        start: at(start),
        seconds: 300,
        stratum: String::new(),
        new: Counts::new(new(start), 0).unwrap(),
        old: Counts::new(3_472, 0).unwrap(),
    });
    let series = MetricSeries {
        metric: Metric::CrashFreeSessions,
        source: id.clone(),
        windows: windows.collect(),
    };
    let policy = presets::get("default")
        .unwrap()
        .resolve("default")
        .unwrap()
        .0;
    Observation {
        at: at(minute),
        store: StoreKind::GooglePlay,
        exposure: Some(Exposure::from_percent(10)),
        exposed_since: Some(at(0)),
        dark: None,
        new_name: "3.5.0".into(),
        old_name: Some("3.4.0".into()),
        resumes: 0,
        ledger: Arc::new(Ledger::of(&policy, Terms::of(Baseline::Read), [series])),
        sources: vec![SourceState {
            id,
            required: true,
            read_through: Some(at(minute)),
            state: DataState::Fresh,
            why: None,
            stale_after: 1_800,
            reach: crate::domain::Reach::Halt,
        }],
        issues: vec![],
        shares: vec![VersionShare {
            label: "3.4.0".into(),
            version: Some("340".into()),
            sessions: 1_000_000,
            users: None,
        }],
        out_since: None,
        beside: crate::policy::Beside::default(),
        next_train: NextTrain::Unsaid,
    }
}

/// The version is seen by nobody, and the source gives no windows of its baseline either.
fn unseen(minute: i64) -> Observation {
    let policy = presets::get("default")
        .unwrap()
        .resolve("default")
        .unwrap()
        .0;
    Observation {
        ledger: Arc::new(Ledger::new(&policy, Terms::of(Baseline::Read))),
        ..offered(minute, |_| 0)
    }
}

const HOURS: i64 = 60;

#[test]
fn the_bound_is_what_slow_users_would_give() {
    let observation = offered(8 * HOURS, |_| 0);
    let book = &observation.ledger.books()[0];
    let found = expectation(
        book.windows(),
        0,
        Exposure::from_percent(10),
        at(0),
        at(8 * HOURS),
    );
    // 10 % of a million a day, times the integral of 1 − e^(−t/24 h) over 8 h: 8/24 − 1 + e^(−8/24) days.
    let exact = 100_000.0 * (1.0 / 3.0 - 1.0 + (-1.0_f64 / 3.0).exp());
    assert!(
        (found.least / exact - 1.0).abs() < 1e-3,
        "{} {exact}",
        found.least
    );
}

#[test]
fn a_version_that_is_offered_and_not_seen_is_dark() {
    let few = |start: i64| u64::from(start % 40 == 0);
    assert_eq!(dark(&offered(5 * HOURS, few)), None, "too early");
    let words = dark(&offered(8 * HOURS, few)).unwrap();
    assert_eq!(
        words.as_str(),
        "the store offers 3.5.0 to 10%, but it has had 12 sessions in 8 h where at least 4,986 were to be expected: it may crash \
         before its first session is counted"
    );
    // Not even its baseline is read while the source knows no session of it: the day's sessions tell.
    let words = dark(&unseen(8 * HOURS)).unwrap();
    assert!(words.as_str().contains("has had 0 sessions"), "{words}");
    let mut asked = unseen(8 * HOURS);
    asked.sources[0].state = DataState::Missing;
    assert!(dark(&asked).is_some(), "it was asked, and had none");
    assert!(
        dark(&unseen(70 * HOURS))
            .unwrap()
            .as_str()
            .contains("in 24 h")
    );
}

#[test]
fn slow_users_a_small_app_and_a_silent_source_are_not_dark() {
    // Half as fast as the slowest that was thought of.
    let slow = |start: i64| (3_472.0 * 0.1 * -(-start as f64 / 2_880.0).exp_m1()) as u64;
    for hour in 0..48 {
        assert_eq!(dark(&offered(hour * HOURS, slow)), None, "{hour}");
    }
    let mut small = unseen(8 * HOURS);
    small.shares[0].sessions = 800;
    assert_eq!(dark(&small), None);
    for state in [DataState::Late, DataState::Stale, DataState::Anomalous] {
        let mut silent = unseen(8 * HOURS);
        silent.sources[0].state = state;
        assert_eq!(dark(&silent), None, "{state:?}");
    }
    let mut stopped = unseen(8 * HOURS);
    stopped.exposed_since = None;
    assert_eq!(dark(&stopped), None);
}

#[test]
fn what_was_dark_stays_so_until_sessions_come() {
    let found = Some(PlainText::from("dark"));
    let mut raised = offered(8 * HOURS, |_| 0);
    (raised.dark, raised.exposed_since) = (found.clone(), Some(at(7 * HOURS)));
    assert_eq!(dark(&raised), found, "another exposure is no session");
    let mut seen = offered(8 * HOURS, |_| 300);
    seen.dark = found;
    assert_eq!(dark(&seen), None);
}
