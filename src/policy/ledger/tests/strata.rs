//! Parts of the users: what they weigh together, and which of them drives a regression.

use super::*;

fn part(k: i64, stratum: &str, new: (u64, u64), old: (u64, u64)) -> Paired {
    Paired {
        stratum: stratum.into(),
        ..window(5 * k, 5, new, old)
    }
}

/// A part's name, and trials and failures of both versions.
type Part<'a> = (&'a str, (u64, u64), (u64, u64));

/// Two parts for two hours, in windows of five minutes: each by its trials and failures in ten windows, of both versions.
fn both(parts: [Part<'_>; 2]) -> Vec<Paired> {
    let spread = |failures: u64, k: i64| {
        let k = k.unsigned_abs();
        (k + 1) * failures / 10 - k * failures / 10
    };
    (0..24)
        .flat_map(|k| {
            parts.map(|(name, new, old)| {
                let counted = |(trials, failures): (u64, u64)| (trials, spread(failures, k));
                part(k, name, counted(new), counted(old))
            })
        })
        .collect()
}

fn pooled(windows: &[Paired]) -> Vec<Paired> {
    let whole = windows.chunks(2).map(|both| Paired {
        stratum: String::new(),
        new: both[0].new + both[1].new,
        old: both[0].old + both[1].old,
        ..both[0].clone()
    });
    whole.collect()
}

fn worse(windows: Vec<Paired>) -> (f64, f64) {
    let policy = one("crash_free_sessions", "worse_than_baseline = 1.25", "pause");
    let terms = Terms {
        independent: true,
        ..Terms::of(Baseline::Read)
    };
    let ledger = ledger_of(&policy, terms, &Metric::CrashFreeSessions, windows);
    let book = ledger.book(&Metric::CrashFreeSessions).unwrap();
    (book.worse().unwrap(), book.ratio(None).unwrap())
}

#[test]
fn who_got_the_version_is_not_mistaken_for_what_it_does() {
    // Old phones crash ten times as often, and three times as many of them got the new version: each part is the same as before.
    let same = both([
        ("device=old", (300, 30), (1_000, 100)),
        ("device=new", (700, 7), (9_000, 90)),
    ]);
    let (stratified, ratio) = worse(same.clone());
    let (together, of_all) = worse(pooled(&same));
    assert!(together > LN_NOTICE && of_all > 1.8, "{together} {of_all}");
    assert!(
        stratified < 1.0 && (0.9..1.1).contains(&ratio),
        "{stratified} {ratio}"
    );
    // And the other way round: power users got it, which hides that it crashes three times as often everywhere.
    let hidden = both([
        ("device=old", (20, 6), (5_000, 500)),
        ("device=new", (980, 29), (5_000, 50)),
    ]);
    let (stratified, ratio) = worse(hidden.clone());
    let (together, of_all) = worse(pooled(&hidden));
    assert!(together < LN_NOTICE && of_all < 1.0, "{together} {of_all}");
    assert!(
        stratified > LN_NOTICE && ratio > 2.5,
        "{stratified} {ratio}"
    );
}

fn driver(windows: Vec<Paired>) -> Option<super::super::Driver> {
    let policy = one("crash_free_sessions", "worse_than_baseline = 1.25", "pause");
    let ledger = ledger_of(
        &policy,
        Terms::of(Baseline::Read),
        &Metric::CrashFreeSessions,
        windows,
    );
    ledger
        .book(&Metric::CrashFreeSessions)
        .unwrap()
        .driver(None)
}

#[test]
fn the_part_that_most_of_it_comes_from_is_named() {
    let found = driver(both([
        ("os=15", (500, 41), (5_000, 25)),
        ("os=14", (500, 3), (5_000, 25)),
    ]));
    let found = found.unwrap();
    assert_eq!(found.stratum, "os=15");
    assert_eq!((found.new.failures, found.failures), (98, 105));
    assert!(
        found.share_of_excess > 0.98 && found.ratio.unwrap() > 14.0,
        "{found:?}"
    );
    // Everywhere alike; without counts of a part; too few.
    for alike in [
        [
            ("os=15", (500, 20), (5_000, 25)),
            ("os=14", (500, 20), (5_000, 25)),
        ],
        [("", (500, 41), (5_000, 25)), ("", (500, 3), (5_000, 25))],
        [
            ("os=15", (500, 3), (5_000, 25)),
            ("os=14", (500, 2), (5_000, 25)),
        ],
        // A part that has most of the users has most of the failures.
        [
            ("os=15", (900, 36), (9_000, 45)),
            ("os=14", (100, 4), (1_000, 5)),
        ],
    ] {
        assert_eq!(driver(both(alike)), None, "{alike:?}");
    }
}

#[test]
fn of_crossed_parts_the_kind_that_tells_is_named() {
    let mut windows = both([
        ("country=DE,os=15", (500, 21), (5_000, 25)),
        ("country=DE,os=14", (500, 2), (5_000, 25)),
    ]);
    windows.extend(both([
        ("country=FR,os=15", (500, 22), (5_000, 25)),
        ("country=FR,os=14", (500, 3), (5_000, 25)),
    ]));
    assert_eq!(driver(windows).unwrap().stratum, "os=15");
}

#[test]
fn without_a_baseline_the_other_parts_are_what_is_usual() {
    let windows = both([("os=15", (500, 41), (0, 0)), ("os=14", (500, 3), (0, 0))]);
    let policy = one("crash_free_sessions", "floor = \"99.85%\"", "pause");
    let terms = Terms::of(Baseline::None);
    let ledger = ledger_of(&policy, terms, &Metric::CrashFreeSessions, windows);
    let judged = judge(&policy, &ledger);
    let sentence = judged.rules[0].finding.as_ref().unwrap().sentence.as_str();
    assert!(
        sentence.contains(" Mostly os=15: 98 of the 105 that crashed."),
        "{sentence}"
    );
}
