//! The historical test: is the new version worse than its predecessor was at the same age?
//!
//! For the time when nobody runs the old version any more, and the split test has nothing to compare with. It cannot tell an
//! outage from a bad version. Which windows of the past are comparable, and when to ask, is for the caller to know.

use statrs::distribution::{ContinuousCDF, Gamma, Normal};

use super::LimitTest;
use crate::domain::Counts;

/// How sure the bound of the past is.
const CONFIDENCE: f64 = 0.999;

/// Failures above which the bound's closed approximation is less than 2e-7 too high (never too low), and the exact one slow.
const MANY: u64 = 10_000;

/// The limit test at `margin` times the most that `past` may truly have been (see [`rate_upper_bound`]). `None` without trials
/// in the past, and where the limit would be no limit: 1 and more.
pub fn against(past: Counts, margin: f64) -> Option<LimitTest> {
    let limit = margin * rate_upper_bound(past)?;
    (limit < 1.0).then(|| LimitTest::new(limit))
}

/// An upper bound of a rate with 99.9 % confidence: the exact Poisson limit of Garwood (1936), the 0.999 quantile of the
/// Gamma distribution with shape x + 1, over the trials. A Poisson count is more variable than a binomial one, which is why it
/// holds for shares too. Above 10,000 failures by the cube-root approximation of Wilson and Hilferty (1931). `None` without
/// trials.
pub fn rate_upper_bound(past: Counts) -> Option<f64> {
    if past.trials == 0 {
        return None;
    }
    let shape = past.failures as f64 + 1.0;
    let most = if past.failures <= MANY {
        Gamma::new(shape, 1.0).ok()?.inverse_cdf(CONFIDENCE)
    } else {
        let ninth = 1.0 / (9.0 * shape);
        let z = Normal::standard().inverse_cdf(CONFIDENCE);
        shape * (1.0 - ninth + z * ninth.sqrt()).powi(3)
    };
    Some(most / past.trials as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_a_past_there_is_no_test() {
        let counts = |trials, failures| Counts { trials, failures };
        assert_eq!(against(counts(0, 0), 1.25), None);
        assert_eq!(against(counts(10, 9), 1.25), None);
        let test = against(counts(1_000_000, 500), 1.25).unwrap();
        assert!(test.ln_evidence(counts(100_000, 60)) < 0.0);
        assert!(test.ln_evidence(counts(100_000, 150)) > 5.0);
    }

    #[test]
    fn the_exact_bound_and_the_approximation_meet() {
        let bound = |failures| {
            let trials = 10_000_000;
            rate_upper_bound(Counts { trials, failures }).unwrap()
        };
        let (below, above) = (bound(MANY), bound(MANY + 1));
        assert!(above > below && above < below * 1.000_11, "{below} {above}");
    }

    proptest! {
        #[test]
        fn the_bound_lies_above_what_was_seen(trials in 1..10_000_000_000u64, share in 0.0..1.0f64) {
            let failures = (trials as f64 * share.powi(6)) as u64;
            let bound = rate_upper_bound(Counts { trials, failures }).unwrap();
            prop_assert!(bound.is_finite() && bound > failures as f64 / trials as f64);
            for margin in [1.25, 20.0] {
                let past = Counts { trials, failures };
                if let Some(test) = against(past, margin) {
                    // As many failures as before are no evidence.
                    let evidence = test.ln_evidence(past);
                    prop_assert!(evidence <= 1e-9, "{evidence}");
                }
            }
        }
    }
}
