//! How clustered failures are: one user in a crash loop is one bad day, not a hundred.
//!
//! Not needed where distinct users are counted, one failure each: that is calibrated already, and far faster.

use crate::domain::Counts;

/// On top of the estimate. Dividing by φ alone does not make a supermartingale of clustered counts, whose higher moments are
/// larger than those of a scaled binomial; one and a half did in simulation for loops of 20 and 100 failures.
const CAUTION: f64 = 1.5;

/// What to divide all evidence by for failures that come in clusters: 1.5 φ̂, with φ̂ by [`pearson`] from windows of an hour over
/// at least a week of the stable version.
pub fn divisor(phi: f64) -> f64 {
    CAUTION * phi
}

/// φ̂: how many times the binomial variance the counts show, at least 1. Pearson's statistic over its degrees of freedom
/// (McCullagh and Nelder, "Generalized Linear Models", 1989, §4.5): with K windows and p̂ = Σx/Σn,
///
/// φ̂ = max(1, Σ (x − n p̂)² / (n p̂ (1 − p̂)) / (K − 1)).
///
/// `None` with fewer than two windows that have trials, or without both failures and passes.
pub fn pearson(windows: &[Counts]) -> Option<f64> {
    let told = || windows.iter().filter(|window| window.trials > 0);
    let sum = |of: fn(&Counts) -> u64| told().map(|window| of(window) as f64).sum::<f64>();
    let share = sum(|window| window.failures) / sum(|window| window.trials);
    let freedom = told()
        .count()
        .checked_sub(1)
        .filter(|freedom| *freedom > 0)?;
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let squares = told().map(|window| {
        let trials = window.trials as f64;
        let excess = window.failures as f64 - trials * share;
        excess * excess / (trials * share * (1.0 - share))
    });
    Some((squares.sum::<f64>() / freedom as f64).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use rand_distr::{Binomial, Distribution};

    /// A week of hours in which every failure comes `loops` times.
    fn week(loops: u64) -> Vec<Counts> {
        let mut rng = StdRng::seed_from_u64(3);
        let draws = Binomial::new(50_000, 0.0005).unwrap();
        (0..168)
            .map(|_| Counts {
                trials: 50_000,
                failures: loops * draws.sample(&mut rng),
            })
            .collect()
    }

    #[test]
    fn sees_how_often_a_failure_repeats() {
        let plain = pearson(&week(1)).unwrap();
        assert!((1.0..1.3).contains(&plain), "{plain}");
        let looping = pearson(&week(20)).unwrap();
        assert!((15.0..26.0).contains(&looping), "{looping}");
        assert_eq!(pearson(&week(20)).map(divisor), Some(1.5 * looping));
    }

    #[test]
    fn says_nothing_where_nothing_is_known() {
        let counts = |trials, failures| Counts { trials, failures };
        assert_eq!(pearson(&[]), None);
        assert_eq!(pearson(&[counts(100, 3), counts(0, 0)]), None);
        assert_eq!(pearson(&[counts(100, 0), counts(100, 0)]), None);
        assert_eq!(pearson(&[counts(100, 100), counts(100, 100)]), None);
    }

    proptest! {
        #[test]
        fn is_a_number_of_one_or_more(
            raw in proptest::collection::vec((0..10_000_000_000u64, 0.0..=1.0f64), 0..20),
        ) {
            let windows: Vec<_> = raw
                .into_iter()
                .map(|(trials, share)| Counts { trials, failures: (trials as f64 * share) as u64 })
                .collect();
            if let Some(phi) = pearson(&windows) {
                prop_assert!(phi.is_finite() && phi >= 1.0);
            }
        }
    }
}
