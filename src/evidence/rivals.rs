//! The rules that others use, for comparison: what they would have done with the same counts.
//!
//! None of them controls how often a healthy version is stopped while one keeps looking, which is what a comparison shows.
//! Nothing is ever decided by them.

use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;

use crate::domain::Counts;

/// Failures of either side above which the Beta distribution is as good as normal.
const MANY: f64 = 5_000.0;

/// The plain threshold: more than `most` of the trials failed, and there were `least` of them.
pub fn above_threshold(total: Counts, most: f64, least: u64) -> bool {
    total.trials >= least && total.failure_rate().is_some_and(|rate| rate > most)
}

/// z of two shares with pooled variance, (p̂₁ − p̂₀)/√(p̄q̄(1/n₁ + 1/n₀)); positive where the new version is worse. Made for
/// one look. `None` without trials on both sides, or without both failures and passes.
pub fn z(new: Counts, old: Counts) -> Option<f64> {
    let (difference, variance) = pooled(new, old)?;
    Some(difference / variance.sqrt())
}

/// ln of the mixture sequential probability ratio (Johari, Koomen, Pekelis and Walsh 2022) with a normal mixture of
/// deviation `tau` over the difference d of two shares of variance V: ½ ln(V/(V + τ²)) + τ²d²/(2V(V + τ²)). One-sided at
/// 1/(2α) where d > 0. The normal law it assumes is far off for rare failures. `None` as for [`z`].
pub fn ln_msprt(new: Counts, old: Counts, tau: f64) -> Option<f64> {
    let (difference, variance) = pooled(new, old)?;
    let (square, with) = (tau * tau, variance + tau * tau);
    Some(0.5 * (variance / with).ln() + square * difference.powi(2) / (2.0 * variance * with))
}

/// d = p̂₁ − p̂₀, and its variance under the hypothesis.
fn pooled(new: Counts, old: Counts) -> Option<(f64, f64)> {
    let difference = new.failure_rate()? - old.failure_rate()?;
    let (n1, n0) = (new.trials as f64, old.trials as f64);
    let share = (new.failures as f64 + old.failures as f64) / (n1 + n0);
    let variance = share * (1.0 - share) * (1.0 / n1 + 1.0 / n0);
    (variance > 0.0).then_some((difference, variance))
}

/// ln of Wald's probability ratio (1945) of the share `bad` to the share `good`, X ln(bad/good) +
/// (N − X) ln((1 − bad)/(1 − good)). Right where the baseline's share is known; a share believed to be lower than it is stops
/// healthy versions.
pub fn ln_sprt(total: Counts, good: f64, bad: f64) -> f64 {
    let failed = total.failures as f64;
    let passed = total.trials.saturating_sub(total.failures) as f64;
    failed * (bad / good).ln() + passed * ((-bad).ln_1p() - (-good).ln_1p())
}

/// Bayes: how probable it is that the new version's rate is the higher one, with the prior of Jeffreys,
/// 1 − I_q(x₁ + ½, x₀ + ½) with q = n₁/(n₁ + n₀). Above 5,000 failures on a side by the normal approximation of the Beta
/// distribution. `None` without trials on both sides.
pub fn probability_worse(new: Counts, old: Counts) -> Option<f64> {
    if new.trials == 0 || old.trials == 0 {
        return None;
    }
    let (a, b) = (new.failures as f64 + 0.5, old.failures as f64 + 0.5);
    let trials = new.trials as f64 + old.trials as f64;
    if a.max(b) < MANY {
        // 1 − I_q(a, b) = I_{1−q}(b, a), which keeps its digits where it is small.
        return Some(beta_reg(b, a, old.trials as f64 / trials));
    }
    let (sum, share) = (a + b, new.trials as f64 / trials);
    let deviation = (a * b / (sum * sum * (sum + 1.0))).sqrt();
    Some(0.5 * erfc((share - a / sum) / deviation / std::f64::consts::SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_failure_trips_a_threshold_without_a_minimum() {
        let first = Counts {
            trials: 37,
            failures: 1,
        };
        assert!(above_threshold(first, 0.0015, 0));
        assert!(!above_threshold(first, 0.0015, 1_000));
        assert!(!above_threshold(Counts::default(), 0.0015, 0));
    }

    proptest! {
        #[test]
        fn are_numbers_for_any_counts(
            n1 in 0..10_000_000_000u64, n0 in 0..10_000_000_000u64, r1 in 0.0..=1.0f64, r0 in 0.0..=1.0f64,
        ) {
            let new = Counts { trials: n1, failures: (n1 as f64 * r1.powi(4)) as u64 };
            let old = Counts { trials: n0, failures: (n0 as f64 * r0.powi(4)) as u64 };
            prop_assert!(z(new, old).is_none_or(f64::is_finite));
            prop_assert!(ln_msprt(new, old, 0.0005).is_none_or(f64::is_finite));
            prop_assert!(ln_sprt(new, 0.0005, 0.001).is_finite());
            prop_assert!(probability_worse(new, old).is_none_or(|p| (0.0..=1.0).contains(&p)));
        }
    }
}
