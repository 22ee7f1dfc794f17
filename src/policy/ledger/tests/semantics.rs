//! What each test is fed with, and what comes of it, in numbers.

use super::*;
use crate::evidence::{Restarts, SplitTest, dispersion, history};
use crate::policy::RuleState;

const SESSIONS: Metric = Metric::CrashFreeSessions;

/// A baseline beside it, and failures that do not cluster.
fn terms() -> Terms {
    Terms {
        independent: true,
        ..Terms::of(Baseline::Read)
    }
}

/// So many hours of the baseline alone, before the new version came.
fn past(hours: i64, failures: impl Fn(i64) -> u64) -> Vec<Paired> {
    let hour = |hour| window(60 * (hour - hours), 60, (0, 0), (10_000, failures(hour)));
    (0..hours).map(hour).collect()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

fn weight(ledger: &Ledger, metric: &Metric) -> Weight {
    ledger.book(metric).unwrap().weight(0).unwrap()
}

/// Evidence of a rule about sessions at the last end.
fn now(limit: &str, terms: Terms, windows: &[Paired]) -> f64 {
    let policy = one("crash_free_sessions", limit, "pause");
    weight(
        &ledger_of(&policy, terms, &SESSIONS, windows.to_vec()),
        &SESSIONS,
    )
    .now
}

/// Published evidence of six windows after each of them, with hourly restarts (the vectors of the decision core).
#[test]
fn split_and_limit_tests_restart_every_hour() {
    let told = [
        (0, (100, 0), (9_900, 5)),
        (30, (120, 1), (9_880, 4)),
        (65, (150, 0), (9_850, 6)),
        (125, (150, 2), (9_850, 5)),
        (130, (160, 3), (9_840, 4)),
        (400, (500, 9), (9_500, 5)),
    ];
    let windows: Vec<_> = told
        .into_iter()
        .map(|(minute, new, old)| window(minute, 5, new, old))
        .collect();
    let vectors = [
        (
            "worse_than_baseline = 1.0",
            [
                -0.155_521_119_447,
                0.480_216_766_503,
                0.185_627_519_761,
                2.519_240_832_54,
                8.612_999_358_57,
                25.539_873_239_9,
            ],
        ),
        (
            "worse_than_baseline = 1.25",
            [
                -0.175_149_331_534,
                0.372_473_933_973,
                0.092_863_144_710_2,
                2.029_297_892_24,
                7.510_387_552_71,
                22.959_188_616_8,
            ],
        ),
        (
            "floor = \"99.85%\"",
            [
                -0.274_599_251_201,
                -0.037_603_817_977_6,
                -0.219_899_199_091,
                0.619_504_027_555,
                3.608_628_529_71,
                15.828_319_463_3,
            ],
        ),
    ];
    for (limit, after) in vectors {
        for (many, expected) in (1..).zip(after) {
            close(now(limit, terms(), &windows[..many]), expected);
        }
    }
    let ledger = ledger_of(&EVERY_KIND, terms(), &SESSIONS, windows);
    close(
        ledger.book(&SESSIONS).unwrap().worse().unwrap(),
        25.539_873_239_9,
    );
}

#[test]
fn strata_add_up() {
    let strata = [
        ("new phones", (312, 9), (30_888, 22)),
        ("old phones", (50_000, 25), (950_000, 475)),
    ];
    let windows: Vec<_> = strata
        .into_iter()
        .map(|(name, new, old)| Paired {
            stratum: name.into(),
            ..window(0, 5, new, old)
        })
        .collect();
    // Half of the stake has been placed: ln(½ E + ½), E being that of the two together.
    let expected = (0.5 * (-0.421_790_239_45_f64).exp() + 0.5).ln();
    close(
        now("worse_than_baseline = 1.0", terms(), &windows),
        expected,
    );
    // A limit is held by all of them together.
    let together = window(0, 5, (50_312, 34), (980_888, 497));
    let limit = "floor = \"99.85%\"";
    close(
        now(limit, terms(), &windows),
        now(limit, terms(), &[together]),
    );
}

#[test]
fn evidence_is_divided_by_how_failures_cluster() {
    let week = past(8 * 24, |hour| [2, 9, 4, 0, 25, 3, 7][(hour % 7) as usize]);
    let hours: Vec<_> = week.iter().map(|window| window.old).collect();
    let phi = dispersion::pearson(&hours).unwrap();
    assert!(phi > 5.0, "{phi}");
    let bad = window(0, 5, (312, 9), (30_888, 22));
    let of = |windows: &[Paired], terms: Terms| {
        let mut windows = windows.to_vec();
        windows.push(bad.clone());
        now("worse_than_baseline = 1.25", terms, &windows)
    };
    let expected = |divisor: f64| {
        let mut restarts = Restarts::<6>::default();
        let test = SplitTest::new(1.25).with_dispersion(divisor);
        restarts.add(0, test.gains(bad.new, bad.old));
        restarts.ln_evidence()
    };
    let read = Terms::of(Baseline::Read);
    close(of(&week, read), expected(1.5 * phi));
    // Six days are not a week, and nothing is as good as that.
    close(of(&week[2 * 24..], read), expected(1.5));
    close(of(&[], read), expected(1.5));
    // One failure a user and day does not cluster.
    close(of(&week, terms()), expected(1.0));
}

#[test]
fn a_halt_that_nobody_knows_the_clustering_of_pauses() {
    let policy = one("crash_free_sessions", "floor = \"99.5%\"", "halt");
    let bad = || (0..12).map(|k| window(5 * k, 5, (1_000, 100), (9_000, 5)));
    let of = |windows: Vec<Paired>| {
        let ledger = ledger_of(&policy, Terms::of(Baseline::Read), &SESSIONS, windows);
        judge(&policy, &ledger).rules.remove(0)
    };
    let capped = of(bad().collect());
    assert_eq!(
        (capped.state, capped.action),
        (RuleState::Breached, crate::policy::Action::Pause)
    );
    assert!(capped.capped.is_some());
    let known = of(past(8 * 24, |_| 5).into_iter().chain(bad()).collect());
    assert_eq!(
        (known.state, known.action),
        (RuleState::Breached, crate::policy::Action::Halt)
    );
    assert_eq!(known.capped, None);
}

/// The new version ran alone for four hours, after two in which half of the sessions were its predecessor's.
fn alone(failures: u64) -> Vec<Paired> {
    let beside = (0..2).map(|hour| window(60 * hour, 60, (5_000, 3), (5_000, 5)));
    let alone = (2..6).map(|hour| window(60 * hour, 60, (10_000, failures), (500, 40)));
    beside.chain(alone).collect()
}

#[test]
fn the_past_is_asked_where_the_baseline_has_gone() {
    let ask = |margin: &str, action: &str, past: Vec<Paired>, terms: Terms| {
        let policy = one(
            "crash_free_sessions",
            &format!("worse_than_baseline = {margin}"),
            action,
        );
        let windows = past.into_iter().chain(alone(30)).collect();
        weight(&ledger_of(&policy, terms, &SESSIONS, windows), &SESSIONS)
    };
    let expected = |past: Counts, margin: f64| {
        let test = history::against(past, margin).unwrap();
        let mut restarts = Restarts::<6>::default();
        restarts.add(1, [0.0; 6]);
        for hour in 2..6 {
            restarts.add(hour, test.gains(counts(10_000, 30)));
        }
        restarts.ln_evidence()
    };
    // Ten days, of which all are its past; five failures in ten thousand.
    let two_weeks = counts(2_400_000, 1_200);
    let found = ask("1.25", "pause", past(240, |_| 5), terms());
    close(found.now, expected(two_weeks, 1.25));
    assert_eq!(found.basis, Some(Basis::Before));
    assert!(found.now > 30.0, "{found:?}");
    // A smaller margin is not believed, a larger one is.
    close(
        ask("1.0", "pause", past(240, |_| 5), terms()).now,
        expected(two_weeks, 1.25),
    );
    close(
        ask("2.0", "pause", past(240, |_| 5), terms()).now,
        expected(two_weeks, 2.0),
    );
    // It never halts, and needs a week.
    assert_eq!(ask("1.25", "halt", past(240, |_| 5), terms()).basis, None);
    assert_eq!(
        ask("1.25", "pause", past(6 * 24, |_| 5), terms()).basis,
        None
    );
}

#[test]
fn the_past_is_that_of_the_same_age_where_it_is_known() {
    // Its predecessor crashed four times as often on its first day, ten days before.
    let began = Terms {
        old_began: Some(at(-240 * 60)),
        ..terms()
    };
    let policy = one("crash_free_sessions", "worse_than_baseline = 1.25", "pause");
    let ask = |past: Vec<Paired>, terms| {
        let windows = past.into_iter().chain(alone(30)).collect();
        weight(&ledger_of(&policy, terms, &SESSIONS, windows), &SESSIONS)
    };
    let first_day = |hour| if hour < 24 { 20 } else { 5 };
    let same_age = ask(past(240, first_day), began);
    let before = ask(past(240, first_day), terms());
    assert_eq!(before.basis, Some(Basis::Before));
    assert!(
        before.to_blame > 20.0 && same_age.to_blame < 3.0,
        "{before:?} {same_age:?}"
    );
    // Nine failures say too little about a day, ten are enough.
    for (failures, basis) in [(9, Basis::Before), (10, Basis::SameAge)] {
        let few = |hour| {
            if hour < 24 {
                u64::from(hour < failures)
            } else {
                5
            }
        };
        let found = ask(past(240, few), began);
        assert_eq!(found.basis, Some(basis), "{found:?}");
    }
    // What ran before its rollout began is not its first day.
    let late = Terms {
        old_began: Some(at(-240 * 60 + 30)),
        ..terms()
    };
    let found = ask(
        past(240, |hour| {
            if hour == 0 {
                1_000
            } else {
                u64::from(hour < 10)
            }
        }),
        late,
    );
    assert_eq!(found.basis, Some(Basis::Before), "{found:?}");
}

/// Both versions fail; then the new one alone does, before the baseline goes.
#[test]
fn an_absolute_limit_acts_once_the_version_is_to_blame() {
    let policy = one("crash_free_sessions", "floor = \"99.5%\"", "pause");
    let mut windows: Vec<_> = (0..24)
        .map(|k| window(5 * k, 5, (500, 25), (9_500, 475)))
        .collect();
    let ledger = |windows: &[Paired]| ledger_of(&policy, terms(), &SESSIONS, windows.to_vec());
    let outage = weight(&ledger(&windows), &SESSIONS);
    assert!(outage.to_blame < 1e-12 && outage.now > 100.0, "{outage:?}");
    assert_eq!(
        judge(&policy, &ledger(&windows)).rules[0].state,
        RuleState::Blameless
    );
    windows.extend((24..30).map(|k| window(5 * k, 5, (500, 25), (9_500, 5))));
    let found = weight(&ledger(&windows), &SESSIONS);
    assert!(found.to_blame > 100.0, "{found:?}");
    assert_eq!(
        judge(&policy, &ledger(&windows)).rules[0].state,
        RuleState::Breached
    );
    // Nobody is left to compare with, after six hours.
    let gone = (0..90).map(|k| match k {
        0..6 => window(5 * k, 5, (500, 1), (9_500, 5)),
        _ => window(5 * k, 5, (9_500, 475), (500, 25)),
    });
    let gone: Vec<_> = gone.collect();
    assert_eq!(weight(&ledger(&gone[..8]), &SESSIONS).to_blame, 0.0);
    assert!(weight(&ledger(&gone), &SESSIONS).to_blame > 100.0);
}

#[test]
fn the_beginning_of_a_trouble_is_remembered_when_it_is_over() {
    let policy = one("crash_free_sessions", "worse_than_baseline = 2.0", "halt");
    let healthy = |from: i64, to: i64| {
        (from..to).map(|k| window(5 * k, 5, (500, u64::from(k % 8 == 0)), (9_500, 3)))
    };
    let mut windows: Vec<_> = healthy(0, 288).collect();
    windows.extend((288..300).map(|k| window(5 * k, 5, (500, 6), (9_500, 3))));
    let since = Some(at(5 * 288));
    let mut ledger = ledger_of(&policy, terms(), &SESSIONS, windows);
    let found = weight(&ledger, &SESSIONS);
    assert_eq!(
        (found.since, found.counts),
        (since, (counts(6_000, 72), counts(114_000, 36)))
    );
    for window in healthy(300, 2_000) {
        ledger.push(&policy, &SESSIONS, &source(), window);
    }
    let later = weight(&ledger, &SESSIONS);
    assert_eq!(
        (later.since, later.to_blame.to_bits()),
        (since, found.to_blame.to_bits())
    );
    assert_eq!(later.counts.0.trials, 1_712 * 500);
    assert_eq!(ledger.book(&SESSIONS).unwrap().worse_since(), since);
}

#[test]
fn every_range_of_users_stands_alone() {
    let policy = one("crash_free_users", "floor = \"99.5%\"", "halt");
    let day = |day: i64, failures| window(1_440 * day, 1_440, (1_000, failures), (19_000, 19));
    let users = Metric::CrashFreeUsers;
    let of = |failures: &[u64]| {
        let days = (0..)
            .zip(failures)
            .map(|(k, failures)| day(k, *failures))
            .collect();
        let ledger = ledger_of(&policy, Terms::of(Baseline::Read), &users, days);
        weight(&ledger, &users)
    };
    let alone =
        |failures| crate::evidence::LimitTest::new(0.005).ln_evidence(counts(1_000, failures));
    close(of(&[40]).now, alone(40) - 2_f64.ln());
    let third = of(&[1, 2, 40, 3]);
    close(third.to_blame, alone(40) - 12_f64.ln());
    assert_eq!((third.counts.0, third.failures), (counts(1_000, 40), 40));
    // Fourteen days a little above the limit are no proof.
    assert!(of(&[9; 14]).to_blame < 3.0);
    // Distinct users do not cluster, so that a halt halts.
    let ledger = ledger_of(&policy, Terms::of(Baseline::Read), &users, vec![day(0, 60)]);
    assert_eq!(judge(&policy, &ledger).rules[0].capped, None);
}

#[test]
fn conversions_are_counted_by_their_successes() {
    let metric = Metric::JourneySuccess("checkout".into());
    // 3.8 % of attempts succeed where 4.2 % did: a tenth fewer; their failures are 0.4 % more.
    let fewer = || {
        (0..48)
            .map(|k| window(60 * k, 60, (50_000, 48_100), (50_000, 47_900)))
            .collect()
    };
    let of = |limit: &str| {
        let policy = one("journey_success:checkout", limit, "pause");
        weight(&ledger_of(&policy, terms(), &metric, fewer()), &metric).now
    };
    let restarted = |test: &dyn Fn(&mut Restarts)| {
        let mut restarts = Restarts::default();
        for hour in 0..48 {
            restarts.add(hour, [0.0; 6]);
            test(&mut restarts);
        }
        restarts.ln_evidence()
    };
    let (new, old) = (counts(50_000, 1_900), counts(50_000, 2_100));
    let split = SplitTest::fewer(1.0 / 1.02);
    let ratio = of("worse_than_baseline = 1.02");
    close(
        ratio,
        restarted(&|restarts| restarts.gain(split.gains(new, old))),
    );
    let limit = crate::evidence::LimitTest::fewer(0.041);
    let share = of("floor = \"4.1%\"");
    close(
        share,
        restarted(&|restarts| restarts.gain(limit.gains(new))),
    );
    assert!(ratio > 50.0 && share > 50.0, "{ratio} {share}");
    // Nor is a drop in points lost among the failures.
    assert!(of("drop_from_baseline = \"0.2pt\"") > 20.0);
    assert_eq!(of("drop_from_baseline = \"0.5pt\""), 0.0);
}

#[test]
fn four_users_must_be_affected_where_users_are_counted() {
    let policy = one("crash_free_sessions", "worse_than_baseline = 1.25", "pause");
    let users = Metric::CrashFreeUsers;
    let of = |sessions: u64, users_hit: Option<u64>, day: i64| {
        let bad = (0..6)
            .map(|k| window(5 * k, 5, (500, sessions), (9_500, 3)))
            .collect();
        let mut ledger = ledger_of(&policy, terms(), &SESSIONS, bad);
        if let Some(hit) = users_hit {
            let range = window(1_440 * day, 1_440, (900, hit), (17_000, 9));
            ledger.set(&policy, &users, &source(), None, vec![range]);
        }
        judge(&policy, &ledger).rules.remove(0)
    };
    assert_eq!(of(4, None, 0).state, RuleState::Breached);
    assert_eq!(of(4, Some(4), 0).state, RuleState::Breached);
    let one = of(4, Some(1), 0);
    assert_eq!((one.state, one.closeness), (RuleState::Warning, 0.5));
    // Sixty failures of one user are not believed: their count lags behind.
    assert_eq!(of(10, Some(1), 0).state, RuleState::Breached);
}

#[test]
fn a_resume_starts_anew_within_an_end() {
    let resumed = Terms {
        from: Some(at(7)),
        ..terms()
    };
    let strata = |k: i64, name: &str, start: i64, new| Paired {
        stratum: name.into(),
        ..window(start, 5 * k + 5 - start, new, (9_500, 3))
    };
    // The end at minute ten has a stratum that began before the resume, and one that began after it.
    let windows = vec![
        window(0, 5, (500, 50), (9_500, 3)),
        strata(1, "a", 5, (500, 60)),
        strata(1, "b", 8, (500, 2)),
        strata(2, "a", 10, (500, 1)),
    ];
    let policy = one("crash_free_sessions", "floor = \"99.5%\"", "pause");
    let ledger = ledger_of(&policy, resumed, &SESSIONS, windows);
    let book = ledger.book(&SESSIONS).unwrap();
    assert_eq!(book.totals(), (counts(1_000, 3), counts(19_000, 6)));
    assert_eq!(book.first(), Some(at(0)));
}
