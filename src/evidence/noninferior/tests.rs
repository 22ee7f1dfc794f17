use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};

use super::*;

fn counts(trials: u64, failures: u64) -> Counts {
    Counts { trials, failures }
}

/// ln of the mean of exp ℓ for trials with these good shares, exactly: they are independent.
fn ln_mean(kept: f64, bet: (f64, f64), part: f64, trials: f64, (new, old): (f64, f64)) -> f64 {
    let null = nearest(kept, bet, part);
    let one = |share: f64, bet: f64, null: f64| {
        share * bet / null + (1.0 - share) * (1.0 - bet) / (1.0 - null)
    };
    let (first, second) = (one(new, bet.0, kept * null), one(old, bet.1, null));
    trials * (part * first.ln() + (1.0 - part) * second.ln())
}

proptest! {
    /// The promise itself: at the limit and below it, whatever the shares, the bet is not expected to gain.
    #[test]
    fn no_bet_gains_where_more_is_lost(
        loss in 0.001..0.9f64, usual in 0.0005..0.9995f64, half in 0.0..=0.5f64, part in 0.0001..0.9999f64, old in 0.0..=1.0f64,
        less in 0.0..=1.0f64,
    ) {
        let kept = 1.0 - loss;
        let bet = ((1.0 - loss * half) * usual, usual);
        let mean = ln_mean(kept, bet, part, 1.0, (kept * old * less, old));
        prop_assert!(mean <= 1e-12, "{mean}");
    }

    #[test]
    fn it_is_a_number_for_any_counts(
        raw in proptest::collection::vec((0..10_000_000_000u64, 0..10_000_000_000u64, 0.0..=1.0f64, 0.0..=1.0f64), 0..8),
        loss in -1.0..2.0f64,
    ) {
        let mut test = NonInferiority::new(loss);
        for (n1, n0, f1, f0) in raw {
            test.add("", counts(n1, (n1 as f64 * f1) as u64), counts(n0, (n0 as f64 * f0) as u64));
            prop_assert!(test.ln_evidence().is_finite(), "{test:?}");
        }
    }

    #[test]
    fn one_good_one_more_is_never_less_evidence(
        n1 in 1..5_000u64, n0 in 1..50_000u64, f1 in 0.0..1.0f64, f0 in 0.0..1.0f64, loss in 0.01..0.5f64,
    ) {
        let failed = ((n1 as f64 * f1) as u64).max(1);
        let old = counts(n0, (n0 as f64 * f0) as u64);
        let evidence = |failed| {
            let mut test = NonInferiority::new(loss);
            test.add("", old, old);
            test.add("", counts(n1, failed), old);
            test.ln_evidence()
        };
        prop_assert!(evidence(failed - 1) >= evidence(failed) - 1e-9);
    }
}

#[test]
fn a_window_of_one_version_alone_says_nothing() {
    let mut test = NonInferiority::new(0.05);
    test.add("", counts(1_000, 500), counts(1_000, 500));
    assert_eq!(test.ln_evidence(), 0.0, "the first one only teaches");
    test.add("", counts(1_000, 0), counts(0, 0));
    test.add("", counts(0, 0), counts(1_000, 500));
    assert!(test.ln_evidence().abs() < 1e-12);
}

/// Two countries, one of which orders ten times as often: each is compared with itself.
#[test]
fn strata_have_shares_of_their_own() {
    let shown = |strata: [&'static str; 2]| {
        let mut test = NonInferiority::new(0.05);
        for _ in 0..60 {
            test.add(strata[0], counts(2_000, 1_980), counts(8_000, 7_920));
            test.add(strata[1], counts(2_000, 1_800), counts(8_000, 7_200));
        }
        test.ln_evidence()
    };
    let (apart, together) = (shown(["country=DE", "country=FR"]), shown(["", ""]));
    assert!(apart > 3.0 && apart > together, "{apart} {together}");
}

#[test]
fn clusters_say_less() {
    let shown = |dispersion: f64| {
        let mut test = NonInferiority::new(0.05).with_dispersion(dispersion);
        for _ in 0..50 {
            test.add("", counts(1_000, 50), counts(1_000, 50));
        }
        test.ln_evidence()
    };
    assert!(shown(1.0) > shown(2.0) && shown(2.0) > 0.0);
}

/// Rollouts in which the new version's part grows from 2 % to 60 % while the day's good share swings by a tenth. How many of `runs` ever
/// reach 20, and the trials of the new version that it takes them.
fn rollouts(good: f64, kept: f64, loss: f64, a_window: f64, runs: usize) -> (usize, f64) {
    let mut rng = StdRng::seed_from_u64(11);
    let mut taken = Vec::new();
    for _ in 0..runs {
        let mut test = NonInferiority::new(loss);
        let mut trials = 0;
        for hour in 0..240_u32 {
            let part = 0.02 + 0.58 * f64::from(hour) / 240.0;
            let share =
                good * (1.0 - 0.1 * (f64::from(hour) / 24.0 * std::f64::consts::TAU).sin().abs());
            let mut draw = |trials: f64, share: f64| {
                let trials = trials as u64;
                let fine = Binomial::new(trials, share).unwrap().sample(&mut rng);
                counts(trials, trials - fine)
            };
            let (new, old) = (
                draw(a_window * part, kept * share),
                draw(a_window * (1.0 - part), share),
            );
            test.add("", new, old);
            trials += new.trials;
            if test.ln_evidence() >= 20f64.ln() {
                taken.push(trials as f64);
                break;
            }
        }
    }
    let many = taken.len();
    (many, taken.iter().sum::<f64>() / many.max(1) as f64)
}

/// Ville's inequality allows 5 %, however often one looks, at whatever share, through a ramp and a swing that mislead pooled counts.
#[test]
fn a_version_that_loses_as_much_as_it_may_hardly_ever_passes() {
    for (good, loss, a_window) in [
        (0.04, 0.05, 60_000.0),
        (0.5, 0.05, 3_000.0),
        (0.95, 0.05, 1_000.0),
        (0.95, 0.02, 2_000.0),
    ] {
        let runs = 1_000;
        let (passed, _) = rollouts(good, 1.0 - loss, loss, a_window, runs);
        assert!(passed <= 57, "{good} {loss}: {passed} of {runs}");
    }
}

#[test]
fn a_version_that_is_as_good_passes_and_so_does_one_that_loses_less() {
    for (good, kept, a_window) in [
        (0.04, 1.0, 60_000.0),
        (0.5, 1.0, 3_000.0),
        (0.95, 1.0, 1_000.0),
        (0.95, 0.98, 1_000.0),
    ] {
        let (passed, trials) = rollouts(good, kept, 0.05, a_window, 200);
        assert!(passed >= 190, "{good} {kept}: {passed} of 200, {trials}");
    }
}
