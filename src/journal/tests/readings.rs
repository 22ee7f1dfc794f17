//! Readings: restated, overlapping, and in any order.

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::domain::{Metric, Reading};
use crate::journal::{readings, schema};
use crate::ports::Series;

const SLOT: i64 = 300;

/// `length` slots of 5 minutes from slot `slot` on.
fn window(slot: i64, length: u32, trials: u64, failures: u64) -> Reading {
    Reading {
        metric: Metric::CrashFreeSessions,
        version: "84300".into(),
        stratum: String::new(),
        start: at(slot * SLOT),
        seconds: length * SLOT as u32,
        counts: Counts { trials, failures },
    }
}

fn report(readings: Vec<Reading>) -> SourceReport {
    SourceReport {
        read_through: Some(at(1)),
        readings,
        notes: vec!["this server has no ANR rates".into()],
        ..SourceReport::default()
    }
}

fn windows(journal: &dyn Journal) -> Vec<Reading> {
    let stored = journal
        .readings(
            &app("shop-android"),
            &["84300".into()],
            None,
            at(-1_000_000),
            None,
        )
        .unwrap();
    flat(&stored)
        .into_iter()
        .map(|(_, reading)| reading)
        .collect()
}

fn flat(stored: &[Series]) -> Vec<(SourceId, Reading)> {
    let readings = |series: &Series| {
        let Series {
            source,
            metric,
            version,
            stratum,
            windows,
        } = series.clone();
        windows.into_iter().map(move |window| {
            let reading = Reading {
                metric: metric.clone(),
                version: version.clone(),
                stratum: stratum.clone(),
                start: window.start,
                seconds: window.seconds,
                counts: window.counts,
            };
            (source.clone(), reading)
        })
    };
    stored.iter().flat_map(readings).collect()
}

fn save(journal: &dyn Journal, observed: i64, readings: &[Reading]) {
    let report = report(readings.to_vec());
    journal
        .save_report(
            &app("shop-android"),
            &source("sentry"),
            at(observed),
            &report,
        )
        .unwrap();
}

/// Runs on both journals; they must agree.
fn on_both(test: impl Fn(&dyn Journal)) {
    let dir = state();
    test(&SqliteJournal::open(dir.path(), Access::Write).unwrap());
    test(&MemoryJournal::default());
}

#[test]
fn a_restated_window_counts_once_and_keeps_what_it_said() {
    on_both(|journal| {
        save(journal, 10, &[window(0, 1, 100, 1), window(1, 1, 50, 0)]);
        save(journal, 20, &[window(1, 1, 80, 3), window(2, 1, 5, 0)]);
        save(journal, 30, &[window(1, 1, 80, 3), window(2, 1, 5, 0)]);
        assert_eq!(
            windows(journal),
            [
                window(0, 1, 100, 1),
                window(1, 1, 80, 3),
                window(2, 1, 5, 0)
            ]
        );
    });
    let dir = state();
    let journal = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    save(&journal, 10, &[window(1, 1, 50, 0)]);
    save(&journal, 20, &[window(1, 1, 50, 0)]);
    save(&journal, 30, &[window(1, 1, 80, 3)]);
    save(&journal, 40, &[window(1, 1, 80, 3)]);
    let history: Vec<[i64; 4]> = journal
        .lock()
        .conn
        .prepare("SELECT trials, failures, first_seen, replaced FROM restated")
        .unwrap()
        .query_map((), |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let millis = |second| at(second).timestamp_millis();
    assert_eq!(
        history,
        [[50, 0, millis(10), millis(30)]],
        "only what changed"
    );
}

#[test]
fn every_version_with_readings_is_listed_once() {
    on_both(|journal| {
        let other = |version: &str| Reading {
            version: version.into(),
            ..window(0, 1, 1, 0)
        };
        let frustrations = Reading {
            metric: Metric::FrustrationFreeSessions,
            ..window(0, 1, 1, 0)
        };
        save(journal, 10, &[window(0, 1, 1, 0), other("84200")]);
        save(
            journal,
            20,
            &[frustrations, other("9.1+7"), window(1, 1, 1, 0)],
        );
        let of = |id: &str| journal.versions(&app(id)).unwrap();
        assert_eq!(of("shop-android"), ["84200", "84300", "9.1+7"]);
        assert_eq!(of("shop-ios"), [""; 0]);
    });
}

#[test]
fn other_lengths_never_count_twice() {
    let fine: Vec<Reading> = (0..24).map(|slot| window(slot, 1, 10, 0)).collect();
    let trials = |journal: &dyn Journal| {
        windows(journal)
            .iter()
            .map(|w| w.counts.trials)
            .sum::<u64>()
    };
    on_both(|journal| {
        save(journal, 10, &fine);
        // The source falls back to hours, from the second on.
        save(journal, 20, &[window(12, 12, 130, 2)]);
        assert_eq!(trials(journal), 120 + 130);
        // It comes back to 5 minutes, read from the middle of the hour: the hour goes, whole.
        save(journal, 30, &fine[18..]);
        assert_eq!(trials(journal), 120 + 60);
        save(journal, 40, &fine);
        assert_eq!(windows(journal), fine);
    });
}

#[test]
fn a_window_that_the_source_no_longer_gives_is_gone() {
    on_both(|journal| {
        save(
            journal,
            10,
            &[window(0, 1, 9, 0), window(1, 1, 9, 0), window(2, 1, 9, 0)],
        );
        save(journal, 20, &[window(0, 1, 9, 0), window(2, 1, 9, 0)]);
        assert_eq!(windows(journal), [window(0, 1, 9, 0), window(2, 1, 9, 0)]);
        save(journal, 30, &[]);
        assert_eq!(
            windows(journal).len(),
            2,
            "a report without windows says nothing of them"
        );
    });
}

#[test]
fn series_apps_and_sources_are_kept_apart_and_given_in_order() {
    on_both(|journal| {
        let vary = |metric: Metric, version: &str, stratum: &str| Reading {
            metric,
            version: version.into(),
            stratum: stratum.into(),
            ..window(0, 1, 10, 1)
        };
        let readings = vec![
            vary(Metric::JourneySuccess("checkout".into()), "84300", ""),
            vary(Metric::CrashFreeSessions, "84300", "wifi"),
            vary(Metric::CrashFreeSessions, "84300", ""),
            vary(Metric::CrashFreeSessions, "84200", ""),
            vary(Metric::CrashFreeSessions, "84100", ""),
        ];
        save(journal, 10, &readings);
        let other = report(vec![window(0, 1, 7, 7)]);
        journal
            .save_report(&app("shop-android"), &source("play"), at(5), &other)
            .unwrap();
        journal
            .save_report(&app("shop-ios"), &source("sentry"), at(5), &other)
            .unwrap();
        let versions = ["84300".to_owned(), "84200".to_owned()];
        let found = journal
            .readings(&app("shop-android"), &versions, None, at(0), None)
            .unwrap();
        let found = flat(&found);
        let expected = [
            (source("sentry"), readings[3].clone()),
            (source("play"), window(0, 1, 7, 7)),
            (source("sentry"), readings[2].clone()),
            (source("sentry"), readings[1].clone()),
            (source("sentry"), readings[0].clone()),
        ];
        assert_eq!(found[0], expected[0]);
        assert_eq!(found[1..4], expected[1..4]);
        assert_eq!(found[4..], expected[4..]);
        assert_eq!(
            journal
                .readings(&app("shop-android"), &versions, None, at(1), None)
                .unwrap(),
            [],
            "from since on"
        );
    });
}

#[test]
fn the_latest_report_of_each_source_is_kept_without_readings() {
    on_both(|journal| {
        save(journal, 20, &[window(0, 1, 9, 0)]);
        save(journal, 10, &[window(5, 1, 9, 0)]);
        let latest = journal.latest_reports(&app("shop-android")).unwrap();
        assert_eq!(latest, [(source("sentry"), at(20), report(vec![]))]);
        assert_eq!(journal.latest_reports(&app("other")).unwrap(), []);
    });
}

/// A report of windows of one length, some missing, from some slot on.
fn any_report() -> impl Strategy<Value = Vec<Reading>> {
    let lengths = prop_oneof![Just(1_u32), Just(3), Just(12)];
    let counts = prop::collection::vec(prop::option::weighted(0.8, 1_u64..4), 0..12);
    (0_i64..24, lengths, counts).prop_map(|(from, length, counts)| {
        let slots = (0..).map(|n| from + n * i64::from(length));
        let given = slots
            .zip(counts)
            .filter_map(|(slot, trials)| Some((slot, trials?)));
        given
            .map(|(slot, trials)| window(slot, length, trials, 0))
            .collect()
    })
}

/// What the module's rule says, without segments: a window counts where no later report covers any of its time.
fn by_the_rule(reports: &[(i64, Vec<Reading>)]) -> Vec<Reading> {
    let end = |w: &Reading| w.start + chrono::TimeDelta::seconds(w.seconds.into());
    let mut standing: Vec<Reading> = Vec::new();
    for (observed, report) in reports {
        for w in report {
            let covered = reports
                .iter()
                .filter(|(later, _)| later > observed)
                .any(|(_, later)| {
                    later
                        .first()
                        .zip(later.last())
                        .is_some_and(|(first, last)| first.start < end(w) && w.start < end(last))
                });
            if !covered {
                standing.push(w.clone());
            }
        }
    }
    standing.sort_by_key(|w| w.start);
    standing
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_order_of_reports_gives_the_same_readings(
        (reports, order) in prop::collection::vec(any_report(), 1..7).prop_flat_map(|reports| {
            let reports: Vec<(i64, Vec<Reading>)> = (1..).zip(reports).collect();
            (Just(reports.clone()), Just(reports).prop_shuffle())
        })
    ) {
        let expected = by_the_rule(&reports);
        let memory = MemoryJournal::default();
        let mut conn = Connection::open_in_memory().unwrap();
        schema::migrate(&mut conn).unwrap();
        for (observed, readings) in &order {
            save(&memory, *observed, readings);
            let tx = conn.transaction().unwrap();
            readings::save(&tx, &app("shop-android"), &source("sentry"), at(*observed), &report(readings.clone())).unwrap();
            tx.commit().unwrap();
        }
        prop_assert_eq!(&windows(&memory), &expected);
        let kept = readings::load(&conn, &app("shop-android"), &["84300".into()], None, at(0), None).unwrap();
        let kept: Vec<Reading> = flat(&kept).into_iter().map(|(_, reading)| reading).collect();
        prop_assert_eq!(&kept, &expected);
    }

}

proptest! {
    // Each writes to a disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The past is what the journal said then: a prefix of the reports, whatever came after it.
    #[test]
    fn as_of_then_is_what_was_known_then(reports in prop::collection::vec(any_report(), 1..7)) {
        let reports: Vec<(i64, Vec<Reading>)> = (1..).zip(reports).collect();
        let dir = state();
        let disk = SqliteJournal::open(dir.path(), Access::Write).unwrap();
        let memory = MemoryJournal::default();
        for (observed, readings) in &reports {
            save(&disk, *observed, readings);
            save(&memory, *observed, readings);
        }
        let (id, versions) = (app("shop-android"), ["84300".to_owned()]);
        for (known, (observed, _)) in (1..).zip(&reports) {
            let expected = by_the_rule(&reports[..known]);
            for journal in [&disk as &dyn Journal, &memory, disk.reader().unwrap().as_ref()] {
                let then = Some(at(*observed));
                let stood = journal.readings(&id, &versions, None, at(0), then).unwrap();
                let stood: Vec<Reading> = flat(&stood).into_iter().map(|(_, it)| it).collect();
                prop_assert_eq!(&stood, &expected);
                prop_assert_eq!(journal.heard(&id, at(0)).unwrap(), []);
            }
            prop_assert_eq!(disk.heard(&id, at(*observed)).unwrap(), memory.heard(&id, at(*observed)).unwrap());
        }
    }
}

#[test]
fn a_report_is_the_whole_word_on_all_strata() {
    let part = |slot, stratum: &str, trials| Reading {
        stratum: stratum.into(),
        ..window(slot, 1, trials, 0)
    };
    let dir = tempfile::tempdir().unwrap();
    let disk = SqliteJournal::open(dir.path(), Access::Write).unwrap();
    let journals: [Box<dyn Journal>; 2] = [Box::new(MemoryJournal::default()), Box::new(disk)];
    for journal in journals {
        let save = |second, readings| {
            let (app, source) = (app("shop-android"), source("sentry"));
            journal
                .save_report(&app, &source, at(second), &report(readings))
                .unwrap();
        };
        let told = || {
            let mut told: Vec<_> = windows(journal.as_ref())
                .iter()
                .map(|it| {
                    (
                        it.start.timestamp() / SLOT,
                        it.stratum.clone(),
                        it.counts.trials,
                    )
                })
                .collect();
            told.sort();
            let first = told.first().map_or(0, |(slot, ..)| *slot);
            told.into_iter()
                .map(|(slot, stratum, trials)| (slot - first, stratum, trials))
                .collect::<Vec<_>>()
        };
        // Without strata at first, with them from then on.
        save(
            1,
            vec![
                window(0, 1, 50, 0),
                window(1, 1, 60, 0),
                window(2, 1, 70, 0),
            ],
        );
        save(
            2,
            vec![
                part(1, "os=14", 20),
                part(1, "os=15", 40),
                part(2, "os=14", 70),
            ],
        );
        let expected = [
            (0, "", 50),
            (1, "os=14", 20),
            (1, "os=15", 40),
            (2, "os=14", 70),
        ];
        assert_eq!(
            told(),
            expected.map(|(slot, name, trials)| (slot, name.to_owned(), trials))
        );
        // One of them is among the others now.
        save(
            3,
            vec![
                part(1, "os=14", 20),
                part(1, "other", 40),
                part(2, "os=14", 71),
            ],
        );
        let expected = [
            (0, "", 50),
            (1, "os=14", 20),
            (1, "other", 40),
            (2, "os=14", 71),
        ];
        assert_eq!(
            told(),
            expected.map(|(slot, name, trials)| (slot, name.to_owned(), trials))
        );
    }
}
