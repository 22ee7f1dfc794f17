//! Whichever way windows come in, what is said of them is the same to the bit.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::policy::assess::is_quiet;

/// Windows by start (in minutes) and stratum: what a source holds.
type Held = BTreeMap<(i64, String), Paired>;

fn any_counts() -> impl Strategy<Value = ((u64, u64), (u64, u64))> {
    let side = || {
        prop_oneof![
            2 => (0..400_u64, 0..4_u64),
            1 => Just((0, 0)),
            1 => (0..20_000_u64, 0..400_u64),
        ]
        .prop_map(|(trials, failures): (u64, u64)| (trials, failures.min(trials)))
    };
    (side(), side())
}

/// A window of five minutes, sometimes of an hour or ten, or of none at all.
fn any_window(hours: i64) -> impl Strategy<Value = Paired> {
    let minutes = prop_oneof![12 => Just(5_i64), 2 => Just(60), 1 => Just(600), 1 => Just(0)];
    (0..hours * 12, minutes, "[ab]{0,1}", any_counts()).prop_map(
        |(slot, minutes, stratum, (new, old))| Paired {
            stratum,
            ..window(5 * slot, minutes, new, old)
        },
    )
}

/// The past, of the baseline alone, in hours.
fn past(hours: i64) -> impl Iterator<Item = Paired> {
    (-hours..0).map(|hour| window(60 * hour, 60, (0, 0), (3_000, hour.unsigned_abs() % 7)))
}

fn any_terms() -> impl Strategy<Value = Terms> {
    (
        prop_oneof![3 => Just(Baseline::Read), 1 => Just(Baseline::None)],
        proptest::option::of(0..1_200_i64),
        proptest::option::of(-20_000..0_i64),
        any::<bool>(),
    )
        .prop_map(|(baseline, from, old_began, independent)| Terms {
            baseline,
            from: from.map(at),
            old_began: old_began.map(at),
            independent,
        })
}

fn any_metric() -> impl Strategy<Value = Metric> {
    prop_oneof![
        2 => Just(Metric::CrashFreeSessions),
        1 => Just(Metric::CrashFreeUsers),
        1 => Just(Metric::JourneySuccess("checkout".into())),
    ]
}

/// What the source does between two polls: windows come, are stated anew (some with another length), or vanish.
#[derive(Clone, Debug)]
enum Step {
    Set(Vec<Paired>),
    Push(Paired),
    Vanish(prop::sample::Index),
    Again(prop::sample::Index, (u64, u64)),
}

fn any_step(hours: i64) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::collection::vec(any_window(hours), 1..8).prop_map(Step::Set),
        4 => any_window(hours).prop_map(Step::Push),
        1 => any::<prop::sample::Index>().prop_map(Step::Vanish),
        3 => (any::<prop::sample::Index>(), any_counts()).prop_map(|(at, (new, _))| Step::Again(at, new)),
    ]
}

fn key(window: &Paired) -> (i64, String) {
    (window.start.timestamp(), window.stratum.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_ledger_that_was_kept_is_one_made_anew(
        metric in any_metric(), terms in any_terms(), days in 0..16_i64,
        steps in proptest::collection::vec(any_step(30), 1..24),
    ) {
        let policy = &*EVERY_KIND;
        let mut held: Held = past(24 * days).map(|window| (key(&window), window)).collect();
        let mut kept = ledger_of(policy, terms, &metric, held.values().cloned().collect());
        for step in steps {
            match step {
                Step::Set(windows) => {
                    let since = windows.iter().map(|window| window.start).min().unwrap();
                    held.extend(windows.into_iter().map(|window| (key(&window), window)));
                    let all = held.values().filter(|window| window.start >= since);
                    kept.set(policy, &metric, &source(), Some(since), all.cloned().collect());
                }
                Step::Push(window) => {
                    held.insert(key(&window), window.clone());
                    kept.push(policy, &metric, &source(), window);
                }
                Step::Vanish(which) => {
                    let Some(key) = held.keys().nth(which.index(held.len().max(1))).cloned() else { continue };
                    held.remove(&key);
                    kept.set(policy, &metric, &source(), None, held.values().cloned().collect());
                }
                Step::Again(which, new) => {
                    let at = which.index(held.len().max(1));
                    let Some(window) = held.values_mut().nth(at) else { continue };
                    window.new = counts(new.0, new.1);
                    let since = window.start;
                    let all = held.values().filter(|window| window.start >= since);
                    kept.set(policy, &metric, &source(), Some(since), all.cloned().collect());
                }
            }
            let anew = ledger_of(policy, terms, &metric, held.values().rev().cloned().collect());
            let (kept, anew) = (judge(policy, &kept), judge(policy, &anew));
            prop_assert_eq!(kept, anew);
        }
    }

    #[test]
    fn windows_come_in_any_order(
        metric in any_metric(), terms in any_terms(),
        windows in proptest::collection::btree_map(0..400_i64, any_counts(), 1..60), order in any::<u64>(),
    ) {
        let windows: Vec<_> = windows.into_iter().map(|(slot, (new, old))| window(5 * slot, 5, new, old)).collect();
        let mut shuffled = windows.clone();
        shuffled.sort_by_key(|window| (window.start.timestamp() as u64).wrapping_mul(order | 1));
        let mut kept = Ledger::new(&EVERY_KIND, terms);
        for window in shuffled {
            kept.push(&EVERY_KIND, &metric, &source(), window);
        }
        let anew = ledger_of(&EVERY_KIND, terms, &metric, windows);
        prop_assert_eq!(judge(&EVERY_KIND, &kept), judge(&EVERY_KIND, &anew));
    }

    #[test]
    fn good_windows_take_no_breach_back(
        bad in proptest::collection::vec(any_counts(), 1..60), good in proptest::collection::vec((0..2_000_u64, 0..9_000_u64), 1..200),
        terms in any_terms(), metric in any_metric(), minutes in prop_oneof![Just(5_i64), Just(60)],
    ) {
        let policy = &*EVERY_KIND;
        let mut windows: Vec<_> = past(24 * 8).collect();
        windows.extend((0..).zip(&bad).map(|(k, (new, old))| window(minutes * k, minutes, *new, *old)));
        let mut ledger = ledger_of(policy, terms, &metric, windows);
        let breached = |ledger: &Ledger| -> Vec<_> {
            let rules = judge(policy, ledger).rules;
            rules.into_iter().filter(|rule| rule.state == crate::policy::RuleState::Breached).map(|rule| rule.rule).collect()
        };
        let mut before = breached(&ledger);
        for (k, (new, old)) in (i64::try_from(bad.len()).unwrap()..).zip(good) {
            ledger.push(policy, &metric, &source(), window(minutes * k, minutes, (new, 0), (old, old / 1_000)));
            if k % 16 == 0 {
                let now = breached(&ledger);
                prop_assert!(before.iter().all(|rule| now.contains(rule)), "{before:?} {now:?}");
                before = now;
            }
        }
        let now = breached(&ledger);
        prop_assert!(before.iter().all(|rule| now.contains(rule)), "{before:?} {now:?}");
    }

    #[test]
    fn quiet_is_an_assessment_without_a_word(
        metric in any_metric(), terms in any_terms(),
        windows in proptest::collection::btree_map(0..300_i64, any_counts(), 1..40),
    ) {
        let windows = windows.into_iter().map(|(slot, (new, old))| window(5 * slot, 5, new, old)).collect();
        for policy in [&*EVERY_KIND, &one("crash_free_sessions", "floor = \"97%\"", "pause")] {
            let observation = observe(&ledger_of(policy, terms, &metric, Vec::clone(&windows)));
            let loud = assess(policy, &observation);
            prop_assert_eq!(is_quiet(policy, &observation), loud.health == crate::domain::Health::Healthy, "{:?}", loud);
        }
    }

    /// A source whose open window grows, and which states what is younger than three hours anew, is polled every minute, every
    /// five and every hour. One that polls rarely asks further back.
    #[test]
    fn the_rhythm_of_polling_changes_nothing(
        rates in proptest::collection::vec((any_counts(), 0..3_u64), 40..80), terms in any_terms(), metric in any_metric(),
    ) {
        let policy = &*EVERY_KIND;
        // What the source says at a minute: the open window has a part of its counts, and late failures come hours later.
        let told = |now: i64| -> Vec<Paired> {
            (0..).zip(&rates).filter(|(k, _)| 10 * k < now).map(|(k, ((new, old), late))| {
                let part = |count: u64| count * (now - 10 * k).min(10) as u64 / 10;
                let later = if now >= 10 * k + 120 { *late } else { 0 };
                let of = |(trials, failures)| (part(trials), (part(failures) + later).min(part(trials)));
                window(10 * k, 10, of(*new), of(*old))
            }).collect()
        };
        let hours = i64::try_from(rates.len()).unwrap() / 6;
        let mut last: Vec<Vec<Assessment>> = Vec::new();
        for rhythm in [1_u8, 5, 60] {
            let mut ledger = Ledger::new(policy, terms);
            let mut verdicts = Vec::new();
            for now in (0..=60 * hours).step_by(usize::from(rhythm)) {
                let since = at(now - 180 - i64::from(rhythm));
                let windows = told(now).into_iter().filter(|window| window.start >= since).collect();
                ledger.set(policy, &metric, &source(), Some(since), windows);
                if now % 60 == 0 && now % 120 == 0 {
                    let anew = ledger_of(policy, terms, &metric, told(now));
                    let verdict = judge(policy, &ledger);
                    prop_assert_eq!(&verdict, &judge(policy, &anew));
                    verdicts.push(verdict);
                }
            }
            last.push(verdicts);
        }
        prop_assert_eq!(&last[0], &last[1]);
        prop_assert_eq!(&last[0], &last[2]);
    }
}
