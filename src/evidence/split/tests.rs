use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::*;
use crate::evidence::LimitTest;

pub(in crate::evidence) type Window = (Counts, Counts);

pub(in crate::evidence) const fn window(n1: u64, x1: u64, n0: u64, x0: u64) -> Window {
    (
        Counts {
            trials: n1,
            failures: x1,
        },
        Counts {
            trials: n0,
            failures: x0,
        },
    )
}

fn split(margin: f64, windows: &[Window]) -> Split {
    let mut split = Split::new(margin);
    for (new, old) in windows {
        split.add(*new, *old);
    }
    split
}

/// How many of 2,000 seeded healthy rollouts ever reach evidence 20, looked at after each of 300 windows, while the share
/// of the new version ramps up and both versions suffer the same weekend and the same outage.
fn false_alarms(margin: f64, look: impl Fn(&Split, Counts) -> f64, steady: bool) -> usize {
    let mut rng = StdRng::seed_from_u64(7);
    let mut draw = |trials: u64, share: f64| Counts {
        trials,
        failures: Binomial::new(trials, share).unwrap().sample(&mut rng),
    };
    let rollout = |_: &usize| {
        let mut split = Split::new(margin);
        let mut total = Counts::default();
        (0..300u64).any(|hour| {
            let new_trials = [40, 200, 800, 2_000][(hour / 75) as usize];
            let share = match hour {
                _ if steady => 0.0015,
                120..123 => 0.01,
                180..240 => 0.00065,
                _ => 0.0005,
            };
            let new = draw(new_trials, (share * margin).min(1.0));
            split.add(new, draw(4_000 - new_trials, share));
            total = total + new;
            look(&split, total) >= 20f64.ln()
        })
    };
    (0..2_000).filter(rollout).count()
}

#[test]
fn a_healthy_rollout_is_rarely_suspected_however_often_one_looks() {
    // 5 % of 2,000 and three standard deviations.
    let most = 100 + 30;
    let by_split = false_alarms(1.0, |split, _| split.ln_evidence(), false);
    assert!(by_split <= most, "{by_split}");
    assert!(by_split > 0, "a test that never alarms shows nothing");
    let at_margin = false_alarms(2.0, |split, _| split.ln_evidence(), false);
    assert!(at_margin <= most, "{at_margin}");
    let limit = LimitTest::new(0.0015);
    let by_limit = false_alarms(1.0, |_, total| limit.ln_evidence(total), true);
    assert!(by_limit <= most && by_limit > 0, "{by_limit}");
}

fn finite<const N: usize>(test: SplitTest<N>, windows: &[Window]) -> bool {
    let mut split = Split::from(test);
    for (new, old) in windows {
        split.add(*new, *old);
    }
    split.ln_evidence().is_finite()
}

pub(in crate::evidence) fn any_window() -> impl Strategy<Value = Window> {
    let side = || {
        (0..10_000_000_000u64, 0.0..1.0f64).prop_map(|(trials, share)| Counts {
            trials,
            failures: (trials as f64 * share.powi(4)) as u64,
        })
    };
    (side(), side())
}

proptest! {
    #[test]
    fn is_a_number_for_any_counts(
        windows in proptest::collection::vec(any_window(), 0..10), margin in 1.0..1000.0f64, dispersion in 0.0..50.0f64,
    ) {
        let worse = SplitTest::new(margin).with_dispersion(dispersion);
        prop_assert!(finite(worse, &windows) && finite(SplitTest::fewer(margin), &windows));
        prop_assert!(finite(SplitTest::health(margin), &windows));
    }

    #[test]
    fn without_one_of_the_versions_nothing_changes(base in any_window(), lone in any_window()) {
        let with = |extra: Window| split(1.25, &[base, extra]);
        prop_assert_eq!(with((lone.0, Counts::default())), split(1.25, &[base]));
        prop_assert_eq!(with((Counts::default(), lone.1)), split(1.25, &[base]));
    }

    #[test]
    fn the_order_of_windows_and_strata_does_not_matter(mut windows in proptest::collection::vec(any_window(), 1..10)) {
        let forward = split(1.0, &windows).ln_evidence();
        windows.reverse();
        let backward = split(1.0, &windows).ln_evidence();
        prop_assert!((forward - backward).abs() <= 1e-9 * forward.abs().max(1.0));
    }

    #[test]
    fn one_failure_more_is_never_less_evidence(windows in proptest::collection::vec(any_window(), 1..5)) {
        let before = split(1.0, &windows).ln_evidence();
        let mut worse = windows.clone();
        worse[0].0.failures += 1;
        let after = split(1.0, &worse).ln_evidence();
        prop_assert!(after >= before - 1e-9 * before.abs().max(1.0));
    }
}
