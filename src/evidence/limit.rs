//! The limit test: is the share of failures above a fixed limit?

use super::grid::{POINTS, TIMES_WORSE, ln_mean_exp};
use crate::domain::Counts;

/// Evidence against "the share of failures is at most the limit", from all trials so far.
///
/// The likelihood ratio of p = g·limit to p = limit for X failures in N Bernoulli trials,
///
/// L(g) = X ln(p/limit) + (N − X) ln((1−p)/(1−limit)),
///
/// averaged over the grid g: a mixture of Wald's sequential probability ratios (Wald 1945). It only grows in expectation
/// where the share is above the limit; a bet on 0/1 data in the sense of Waudby-Smith and Ramdas (2024). p is capped
/// at one half, and for limits above a quarter at (1 + 2·limit)/3, so that it always lies between the limit and 1.
///
/// As a function of the limit, evidence above 1 falls: where it is `e` at some limit, it is at least `e` at every smaller one.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitTest {
    /// What one failure and one passed trial add, for each point of the grid.
    steps: [(f64, f64); POINTS],
}

impl LimitTest {
    /// `limit` is a share of failures, 0..1, both excluded.
    pub fn new(limit: f64) -> Self {
        let limit = limit.clamp(1e-12, 1.0 - 1e-12);
        let cap = f64::max(0.5, (1.0 + 2.0 * limit) / 3.0);
        Self {
            steps: TIMES_WORSE.map(|times| {
                let p = (times * limit).min(cap);
                ((p / limit).ln(), (-(p - limit) / (1.0 - limit)).ln_1p())
            }),
        }
    }

    /// ln E. 0 without data; large: the share is above the limit.
    pub fn ln_evidence(&self, total: Counts) -> f64 {
        let failed = total.failures as f64;
        let passed = total.trials.saturating_sub(total.failures) as f64;
        ln_mean_exp(
            self.steps
                .map(|(failure, pass)| failed * failure + passed * pass),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::split::tests::close;
    use proptest::prelude::*;

    fn counts(trials: u64, failures: u64) -> Counts {
        Counts { trials, failures }
    }

    fn ln_evidence(limit: f64, total: Counts) -> f64 {
        LimitTest::new(limit).ln_evidence(total)
    }

    #[test]
    fn matches_the_reference() {
        for (trials, failures, limit, expected) in [
            (2_000, 6, 0.0015, 0.231_145_299_889),
            (10_000, 30, 0.0015, 4.335_992_549_31),
            (1, 1, 0.0015, 2.558_518_467_13),
            (0, 0, 0.0015, 0.0),
            (312, 9, 0.005, 6.834_770_086_28),
            (5_000, 0, 0.0015, -5.525_772_096_82),
            (1_000_000, 1_600, 0.0015, -103.254_259_24),
            (20_000, 320, 0.01, 28.311_597_749_1),
        ] {
            close(ln_evidence(limit, counts(trials, failures)), expected);
        }
    }

    #[test]
    fn high_limits_are_still_tested_in_the_right_direction() {
        assert!(ln_evidence(0.6, counts(1_000, 700)) > 3.0);
        assert!(ln_evidence(0.6, counts(1_000, 600)) < 0.0);
    }

    proptest! {
        #[test]
        fn is_a_number_for_any_counts(trials in 0..10_000_000_000u64, failures in any::<u64>(), limit in -1.0..2.0f64) {
            prop_assert!(ln_evidence(limit, counts(trials, failures)).is_finite());
        }

        #[test]
        fn falls_with_the_limit_where_it_speaks_at_all(
            trials in 1..100_000u64, share in 0.0..1.0f64, low in 0.0001..0.9f64, step in 0.0..0.1f64,
        ) {
            let total = counts(trials, (share * trials as f64) as u64);
            let high = ln_evidence(low + step, total);
            prop_assert!(high <= 0.0 || ln_evidence(low, total) >= high - 1e-9);
        }

        #[test]
        fn one_failure_more_is_never_less_evidence(trials in 1..100_000u64, share in 0.0..1.0f64, limit in 0.0001..0.9f64) {
            let failures = (share * trials as f64) as u64;
            prop_assume!(failures < trials);
            prop_assert!(ln_evidence(limit, counts(trials, failures + 1)) >= ln_evidence(limit, counts(trials, failures)));
        }
    }
}
