use std::f64::consts::TAU;

use super::*;
use crate::domain::{Counts, SourceId};
use crate::policy::ledger::{Ledger, Terms};
use crate::policy::observation::Paired;
use crate::policy::observation::{Baseline, MetricSeries};
use crate::policy::{Policy, presets};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_timestamp(1_772_409_600 + minutes * 60, 0).unwrap()
}

fn policy() -> Policy {
    presets::get("default")
        .unwrap()
        .resolve("default")
        .unwrap()
        .0
}

/// Five-minute windows of the new version and the old one from these minutes on.
fn book(from: i64, to: i64, trials: impl Fn(i64) -> (f64, f64)) -> Ledger {
    let windows = (from..to).step_by(5).map(|minute| {
        let (new, old) = trials(minute);
        let counts = |trials: f64| Counts::new(trials.round() as u64, 0).unwrap();
        Paired {
            start: at(minute),
            seconds: 300,
            stratum: String::new(),
            new: counts(new),
            old: counts(old),
        }
    });
    let series = MetricSeries {
        metric: Metric::CrashFreeSessions,
        source: SourceId("sentry".into()),
        windows: windows.collect(),
    };
    Ledger::of(&policy(), Terms::of(Baseline::Read), [series])
}

fn offer(percent: u32, since: i64) -> Offer {
    Offer {
        store: StoreKind::GooglePlay,
        exposure: Exposure::from_percent(percent),
        widest: Exposure::from_percent(percent),
        since: Some(at(since)),
        found: Some(at(-9_000)),
    }
}

fn jump_at(minute: i64, offer: &Offer, trials: impl Fn(i64) -> (f64, f64)) -> Option<PlainText> {
    let ledger = book(minute - 36 * 60, minute, trials);
    let book = &ledger.books()[0];
    jump(book.metric(), book.windows(), at(minute), offer)
}

/// A country's traffic: twenty times as much in the evening as at night, and within a few hours.
fn country(minute: i64) -> f64 {
    let hour = (minute as f64 / 60.0).rem_euclid(24.0);
    let evening = f64::midpoint(1.0, ((hour - 19.0) / 24.0 * TAU).cos());
    200.0 * (0.05 + 0.95 * evening.powi(3))
}

#[test]
fn data_grow_late_and_then_stale() {
    use DataState::{Fresh, Late, Stale};
    let minutes = TimeDelta::minutes;
    let ages = Ages::new(minutes(1), minutes(5), minutes(30));
    let states = [0, 7, 8, 30, 31].map(|age| ages.state(minutes(age)));
    assert_eq!(states, [Fresh, Fresh, Late, Late, Stale]);
    let slow = Ages::new(minutes(30), minutes(5), minutes(30));
    assert_eq!(slow.state(minutes(31)), Stale, "stale before it is late");
}

#[test]
fn what_healthy_apps_do_is_no_jump() {
    let hours = 60;
    // Every hour of three days, weekends or not.
    for hour in 24..96 {
        let nights = |minute| (0.05 * country(minute), country(minute));
        assert_eq!(
            jump_at(hour * hours, &offer(5, -9_000), nights),
            None,
            "{hour}"
        );
    }
    for minute in (0..12 * hours).step_by(15) {
        let hotfix = |m: i64| {
            (
                if m < 0 { 0.0 } else { 300.0 },
                if m < 0 { 10.0 } else { 2.0 },
            )
        };
        assert_eq!(
            jump_at(minute, &offer(100, 0), hotfix),
            None,
            "hotfix to everybody"
        );
        let completed = |m: i64| if m < 0 { (10.0, 300.0) } else { (290.0, 20.0) };
        assert_eq!(
            jump_at(minute, &offer(100, 0), completed),
            None,
            "completed"
        );
        let campaign = |m: i64| (5.0, if (0..20).contains(&m) { 1_800.0 } else { 100.0 });
        assert_eq!(
            jump_at(minute, &offer(5, -9_000), campaign),
            None,
            "a push message"
        );
        let small = |m: i64| {
            (
                0.0,
                if m % 60 == 0 {
                    12.0
                } else {
                    f64::from(u8::from(m % 10 == 0))
                },
            )
        };
        assert_eq!(
            jump_at(minute, &offer(5, -9_000), small),
            None,
            "a small app"
        );
        let outage = |m: i64| (5.0, if (-240..0).contains(&m) { 4.0 } else { 300.0 });
        if minute >= 30 {
            assert_eq!(
                jump_at(minute, &offer(5, -9_000), outage),
                None,
                "the end of an outage"
            );
        }
        let backlog = |m: i64| (5.0, if m > minute - 50 { 5.0 } else { 300.0 });
        assert_eq!(
            jump_at(minute, &offer(5, -9_000), backlog),
            None,
            "late sessions"
        );
    }
}

#[test]
fn a_source_that_counts_twelvefold_is_found_within_the_hour_and_believed_in_the_end() {
    let wrong = |m: i64| if m < 0 { (5.0, 100.0) } else { (60.0, 1_200.0) };
    let found = |minute| jump_at(minute, &offer(5, -600), wrong);
    assert_eq!(found(15), None);
    for minute in [30, 60, 120, 300, 355] {
        let words = found(minute).unwrap_or_else(|| panic!("after {minute} min"));
        assert!(
            words
                .as_str()
                .starts_with("1,200 sessions in 5 minutes since 2026-03-02 00:00 UTC, after 100"),
            "{words}"
        );
    }
    assert_eq!(found(370), None, "the new normal");
    let mended = |m: i64| {
        if (0..60).contains(&m) {
            (60.0, 1_200.0)
        } else {
            (5.0, 100.0)
        }
    };
    assert_eq!(
        jump_at(180, &offer(5, -600), mended),
        None,
        "it has gone back"
    );
    let young = Offer {
        found: Some(at(5)),
        ..offer(5, 5)
    };
    assert_eq!(
        jump_at(60, &young, wrong),
        None,
        "the baseline was rolled out itself"
    );
    // At night too: a day ago there was as little.
    let night = 29 * 60;
    let at_night = |m: i64| {
        let times = if m < night { 1.0 } else { 14.0 };
        (0.0, 10.0 * times * country(m))
    };
    assert!(jump_at(night + 60, &offer(5, -600), at_night).is_some());
    // Once nobody runs the baseline any more, the version's own traffic is what jumps.
    let alone = |m: i64| (if m < 0 { 100.0 } else { 1_200.0 }, 0.0);
    assert!(jump_at(60, &offer(100, -3_000), alone).is_some());
    assert_eq!(
        jump_at(60, &offer(100, 0), alone),
        None,
        "offered to more just now"
    );
}

#[test]
fn a_drop_of_everybody_is_found_once_late_sessions_would_have_come() {
    let dead = |m: i64| if m < 0 { (20.0, 400.0) } else { (1.0, 20.0) };
    assert_eq!(jump_at(60, &offer(5, -600), dead), None);
    let words = jump_at(120, &offer(5, -600), dead).unwrap();
    assert!(
        words.as_str().starts_with("21 sessions in 5 minutes"),
        "{words}"
    );
}

#[test]
fn more_sessions_than_the_store_allows_are_another_version_s() {
    let shares = |new: u64, rest: u64| {
        let share = |label: &str, version: Option<&str>, sessions| VersionShare {
            label: label.into(),
            version: version.map(Into::into),
            sessions,
            users: None,
        };
        [
            share("8.43.0", Some("84300"), new),
            share("8.42.0", Some("84200"), rest / 10),
            share("older", None, rest - rest / 10),
        ]
    };
    let told = |new, rest, offer: &Offer| too_many(&shares(new, rest), "84300", offer).is_some();
    assert!(told(96_000, 4_000, &offer(5, 0)));
    assert!(!told(20_000, 80_000, &offer(5, 0)), "eager users");
    assert!(
        !told(
            4_000,
            96_000,
            &Offer {
                widest: Exposure::from_fraction(0.001).unwrap(),
                ..offer(0, 0)
            }
        ),
        "testers"
    );
    assert!(!told(60, 3, &offer(1, 0)), "too few to tell");
    assert!(!told(99_000, 1_000, &offer(100, 0)));
    let phased = Offer {
        store: StoreKind::AppStore,
        ..offer(1, 0)
    };
    assert!(!told(96_000, 4_000, &phased), "anybody may take it by hand");
    let stopped = Offer {
        exposure: Exposure::NONE,
        since: None,
        ..offer(100, 0)
    };
    assert!(!told(96_000, 4_000, &stopped), "nobody takes it away again");
}

fn reading(minute: i64, seconds: u32, trials: u64) -> Reading {
    Reading {
        metric: Metric::CrashFreeSessions,
        version: "84300".into(),
        stratum: String::new(),
        start: at(minute),
        seconds,
        counts: Counts {
            trials,
            failures: 0,
        },
    }
}

#[test]
fn counts_that_are_taken_back_are_told_and_late_ones_are_not() {
    let fives = |trials: u64| {
        (0..6)
            .map(|k| reading(k * 5, 300, trials))
            .collect::<Vec<_>>()
    };
    let words = shrunk(&fives(100), &fives(10)).unwrap();
    assert_eq!(
        words.as_str(),
        "it took back 540 of 600 sessions that it had counted before"
    );
    assert_eq!(shrunk(&fives(100), &fives(300)), None);
    assert_eq!(shrunk(&fives(100), &fives(95)), None, "a correction");
    assert_eq!(shrunk(&fives(10), &fives(1)), None, "too few");
    let ends = [reading(0, 300, 100), reading(25, 300, 100)];
    assert!(
        shrunk(&fives(100), &ends).is_some(),
        "four windows are gone"
    );
    assert_eq!(
        shrunk(&fives(100), &[reading(10, 300, 100)]),
        None,
        "the others were not asked for"
    );
    assert_eq!(
        shrunk(&fives(100), &[reading(0, 3600, 50)]),
        None,
        "an hour is another window"
    );
    let users = |trials| {
        vec![Reading {
            metric: Metric::CrashFreeUsers,
            ..reading(0, 86_400, trials)
        }]
    };
    assert_eq!(shrunk(&users(1_000), &users(100)), None, "an estimate");
}

#[test]
fn more_failures_than_trials_cannot_be() {
    let mut readings = vec![reading(0, 300, 10), reading(5, 300, 10)];
    readings[1].counts.failures = 12;
    let words = impossible(&readings).unwrap();
    assert_eq!(
        words.as_str(),
        "it has 12 failures in 10 sessions at 2026-03-02 00:05 UTC"
    );
    drop_impossible(&mut readings);
    assert_eq!((readings.len(), impossible(&readings)), (1, None));
}
