use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::*;
use crate::domain::Counts;
use crate::evidence::plan::Pair;
use crate::evidence::split::tests::{Window, any_window, window};
use crate::evidence::{LimitTest, Split, SplitTest};

/// Windows with the hours they start in, in order.
fn any_rollout() -> impl Strategy<Value = Vec<(u64, Window)>> {
    proptest::collection::vec((0..40_u64, any_window()), 1..12).prop_map(|steps| {
        let mut hour = 0;
        steps
            .into_iter()
            .map(|(skip, window)| {
                hour += skip;
                (hour, window)
            })
            .collect()
    })
}

fn feed(restarts: &mut Restarts, windows: &[(u64, Window)]) {
    let test = SplitTest::new(1.0);
    for (hour, (new, old)) in windows {
        restarts.add(*hour, test.gains(*new, *old));
    }
}

fn alike(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(1.0)
}

#[test]
fn stakes_that_nobody_bets_with_stay_one() {
    let mut restarts = Restarts::<6>::default();
    for hour in [0, 1, 7, 168, 100_000, u64::MAX] {
        restarts.add(hour, [0.0; 6]);
        assert!(restarts.ln_evidence().abs() < 1e-12, "{hour}");
        assert_eq!(restarts.hour(), hour);
    }
}

#[test]
fn everything_at_once_is_the_plain_test() {
    let (new, old) = window(312, 9, 30_888, 22);
    let mut split = Split::new(1.25);
    let mut at_once = Restarts::at_once();
    for hour in [0, 500] {
        split.add(new, old);
        at_once.add(hour, SplitTest::new(1.25).gains(new, old));
        assert!(alike(at_once.ln_evidence(), split.ln_evidence()));
    }
}

/// Sessions and crashes of 300 hours, the new version's rate being `rate(hour)`.
fn rollout(rng: &mut StdRng, rate: impl Fn(u64) -> f64) -> Vec<(u64, Window)> {
    let mut draw = |trials: u64, share: f64| Binomial::new(trials, share).unwrap().sample(rng);
    (0..300)
        .map(|hour| {
            let new = [40, 200, 800, 2_000][(hour / 75) as usize];
            let old = 4_000 - new;
            (
                hour,
                window(new, draw(new, rate(hour)), old, draw(old, 0.0005)),
            )
        })
        .collect()
}

#[test]
fn a_healthy_rollout_is_rarely_suspected_whatever_starts_anew() {
    let mut rng = StdRng::seed_from_u64(11);
    let alarms = (0..1_000)
        .filter(|_| {
            let mut restarts = Restarts::default();
            rollout(&mut rng, |_| 0.0005).iter().any(|window| {
                feed(&mut restarts, std::slice::from_ref(window));
                restarts.ln_evidence() >= 20f64.ln()
            })
        })
        .count();
    // 5 % of 1,000 and three standard deviations.
    assert!(alarms > 0 && alarms <= 50 + 21, "{alarms}");
}

#[test]
fn a_late_change_is_found_sooner_than_by_one_start() {
    let mut rng = StdRng::seed_from_u64(5);
    let (mut with, mut without) = (0, 0);
    for _ in 0..40 {
        let windows = rollout(&mut rng, |hour| if hour < 200 { 0.0005 } else { 0.0015 });
        let mut restarts = Restarts::default();
        let mut split = Split::new(1.0);
        let found = |evidence: f64| evidence >= 100f64.ln();
        let (mut first_with, mut first_without) = (300, 300);
        for window in &windows {
            feed(&mut restarts, std::slice::from_ref(window));
            split.add(window.1.0, window.1.1);
            if found(restarts.ln_evidence()) {
                first_with = first_with.min(window.0);
            }
            if found(split.ln_evidence()) {
                first_without = first_without.min(window.0);
            }
        }
        with += first_with - 200.min(first_with);
        without += first_without - 200.min(first_without);
    }
    assert!(with * 5 < without * 4, "{with} {without}");
}

proptest! {
    #[test]
    fn is_a_number_for_any_counts(windows in any_rollout(), late in any::<u64>()) {
        let mut restarts = Restarts::default();
        feed(&mut restarts, &windows);
        prop_assert!(restarts.ln_evidence().is_finite());
        feed(&mut restarts, &[(late, windows[0].1)]);
        prop_assert!(restarts.ln_evidence().is_finite());
    }

    #[test]
    fn a_window_without_failures_places_stakes_and_nothing_else(windows in any_rollout(), later in 0..10_000_u64) {
        let mut restarts = Restarts::default();
        feed(&mut restarts, &windows);
        let before = restarts;
        feed(&mut restarts, &[(before.hour() + later, window(1_000, 0, 9_000, 0))]);
        prop_assert!(alike(restarts.ln_evidence(), before.ln_evidence()));
        prop_assert_eq!(later == 0, restarts == before);
    }

    #[test]
    fn strata_of_a_window_come_in_any_order(
        mut strata in proptest::collection::vec(any_window(), 1..6), windows in any_rollout(),
    ) {
        let evidence = |strata: &[Window]| {
            let mut restarts = Restarts::default();
            let hour = windows.len() as u64;
            let own: Vec<_> = strata.iter().map(|window| (hour, *window)).collect();
            feed(&mut restarts, &own);
            feed(&mut restarts, &windows.iter().map(|(h, w)| (h + hour, *w)).collect::<Vec<_>>());
            restarts.ln_evidence()
        };
        let forward = evidence(&strata);
        strata.reverse();
        prop_assert!(alike(forward, evidence(&strata)));
    }

    #[test]
    fn a_checkpoint_and_the_rest_are_all_at_once(windows in any_rollout(), cut in any::<prop::sample::Index>()) {
        let (before, after) = windows.split_at(cut.index(windows.len()));
        let mut whole = Restarts::default();
        feed(&mut whole, &windows);
        let mut first = Restarts::default();
        feed(&mut first, before);
        let mut resumed = first;
        feed(&mut resumed, after);
        prop_assert_eq!(resumed, whole);
    }

    #[test]
    fn costs_no_more_than_the_stake_of_any_start(windows in any_rollout(), from in any::<prop::sample::Index>()) {
        let mut restarts = Restarts::default();
        feed(&mut restarts, &windows);
        // All that starts with the hour of this window: those before it in the same hour are part of the bet.
        let hour = windows[from.index(windows.len())].0;
        let mut split = Split::new(1.0);
        for (_, (new, old)) in windows.iter().filter(|window| window.0 >= hour) {
            split.add(*new, *old);
        }
        let alone = stake(hour - windows[0].0).ln() + split.ln_evidence();
        let mut shifted = Restarts::default();
        let since: Vec<_> = windows.iter().map(|(hour, window)| (hour - windows[0].0, *window)).collect();
        feed(&mut shifted, &since);
        let slack = 1e-9 * alone.abs().max(1.0);
        prop_assert!(shifted.ln_evidence() >= alone - slack, "{} {alone}", shifted.ln_evidence());
    }

    #[test]
    fn stakes_are_shares_of_one(hour in any::<u64>()) {
        let one = stake(hour);
        prop_assert!((0.0..=0.5).contains(&one) && one >= stake(hour.saturating_add(1)));
        let first: f64 = (0..2_000).map(stake).sum();
        prop_assert!((0.999..=1.0 + 1e-12).contains(&first), "{first}");
    }

    #[test]
    fn costs_no_more_than_its_first_stake(windows in any_rollout(), limit in 0.0001..0.5f64) {
        let test = LimitTest::new(limit);
        let mut restarts = Restarts::default();
        let mut sum = Counts::default();
        for (hour, (new, _)) in &windows {
            restarts.add(*hour, test.gains(*new));
            sum = sum + *new;
        }
        let slack = 1e-9 * test.ln_evidence(sum).abs().max(1.0);
        prop_assert!(restarts.ln_evidence() >= test.ln_evidence(sum) - std::f64::consts::LN_2 - slack);
    }
}

/// How many times the sessions that information theory asks for, in the mean, until evidence of 100 at margin 1: of one start,
/// and with restarts. The new version has 5 % of the sessions, a hundred windows come to what theory asks for, and an hour has
/// twelve.
#[test]
fn little_is_asked_beyond_what_information_theory_asks() {
    const RUNS: u64 = 200;
    let (old_rate, old_per_new) = (0.0005, 19_u64);
    let mut rng = StdRng::seed_from_u64(11);
    for times in [2.0, 3.0, 6.0, 10.0, 58.0] {
        let pair = Pair {
            new: old_rate * times,
            old: old_rate,
            old_per_new: old_per_new as f64,
        };
        let floor = pair.floor(0.01).unwrap();
        let trials = ((floor / 100.0) as u64).max(1);
        let new_failures = Binomial::new(trials, pair.new).unwrap();
        let old_failures = Binomial::new(trials * old_per_new, pair.old).unwrap();
        let test = SplitTest::new(1.0);
        let (mut once, mut again) = (0, 0);
        for _ in 0..RUNS {
            let (mut split, mut restarts) = (Split::new(1.0), Restarts::default());
            let (mut split_done, mut restarts_done, mut k) = (false, false, 0);
            while !(split_done && restarts_done) {
                let new = Counts {
                    trials,
                    failures: new_failures.sample(&mut rng),
                };
                let old = Counts {
                    trials: trials * old_per_new,
                    failures: old_failures.sample(&mut rng),
                };
                split.add(new, old);
                restarts.add(k / 12, test.gains(new, old));
                (once, again) = (
                    once + u64::from(!split_done),
                    again + u64::from(!restarts_done),
                );
                split_done |= split.ln_evidence() >= 100f64.ln();
                restarts_done |= restarts.ln_evidence() >= 100f64.ln();
                k += 1;
            }
        }
        let per_floor = |windows: u64| windows as f64 / RUNS as f64 * trials as f64 / floor;
        let (once, again) = (per_floor(once), per_floor(again));
        assert!(
            once <= 1.75 && again <= 2.0,
            "{times}×: {once:.2}, {again:.2} with restarts"
        );
        assert!(once >= 1.0, "{times}×: less than is possible: {once:.2}");
    }
}
