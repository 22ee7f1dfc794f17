//! The limit test: is a share above a fixed limit? Or evidently below it?

use super::grid::{POINTS, TIMES_BETTER, TIMES_FEWER, TIMES_WORSE, ln_mean_exp};
use crate::domain::Counts;

/// Chances of a block whose percentile is above the bound, against one half.
const SIGNS: [f64; 3] = [0.7, 0.85, 0.97];

/// Evidence against "the share of failures is at most the limit", from all trials so far.
///
/// The likelihood ratio of p = g·limit to p = limit for X failures in N Bernoulli trials,
///
/// L(g) = X ln(p/limit) + (N − X) ln((1−p)/(1−limit)),
///
/// averaged over the grid g: a mixture of Wald's sequential probability ratios (Wald 1945). It only grows in expectation
/// where the share is above the limit; a bet on 0/1 data in the sense of Waudby-Smith and Ramdas (2024). p is capped
/// at one half, and for limits above a quarter at (1 + 2·limit)/3, so that it always lies between the limit and 1. With
/// g < 1 the hypothesis is "at least the limit", and evidence grows where the share is below it.
///
/// A percentile has a limit too: "99 % are faster than 2 s" holds where the share of slower ones is at most 1 %. Count
/// those, and test the share.
///
/// As a function of the limit, evidence above 1 falls: where it is `e` at some limit, it is at least `e` at every smaller one
/// (for g < 1, at every larger one).
#[derive(Clone, Debug, PartialEq)]
pub struct LimitTest<const N: usize = POINTS> {
    /// What one failure and one passed trial add, for each alternative.
    steps: [(f64, f64); N],
}

impl LimitTest<POINTS> {
    /// Evidence that the share is above `limit` (0..1, both excluded), by [`TIMES_WORSE`].
    pub fn new(limit: f64) -> Self {
        Self::times(limit, TIMES_WORSE)
    }

    /// Evidence that the share of what should stay up (conversions among attempts) is below `limit`, by [`TIMES_FEWER`].
    pub fn fewer(limit: f64) -> Self {
        Self::times(limit, TIMES_FEWER)
    }
}

impl LimitTest<{ TIMES_BETTER.len() }> {
    /// Evidence of health: that the share is below `limit`, by [`TIMES_BETTER`].
    pub fn health(limit: f64) -> Self {
        Self::times(limit, TIMES_BETTER)
    }
}

impl LimitTest<{ SIGNS.len() }> {
    /// For sources that give nothing but the percentile's value: a sequential sign test (Dixon and Mood 1946). The trials
    /// are blocks of so many measurements (1,000 and more) that the block's value is above the true percentile at most
    /// every other time; its failures are the blocks above the bound. Much weaker than counting measurements.
    pub fn signs() -> Self {
        Self::between(0.5, SIGNS)
    }
}

impl<const N: usize> LimitTest<N> {
    fn times(limit: f64, grid: [f64; N]) -> Self {
        let limit = limit.clamp(1e-12, 1.0 - 1e-12);
        let cap = f64::max(0.5, (1.0 + 2.0 * limit) / 3.0);
        Self::between(limit, grid.map(|times| (times * limit).min(cap)))
    }

    fn between(limit: f64, alternatives: [f64; N]) -> Self {
        let step = |p: f64| ((p / limit).ln(), (-(p - limit) / (1.0 - limit)).ln_1p());
        Self {
            steps: alternatives.map(step),
        }
    }

    /// Divides all evidence by `dispersion`, as [`SplitTest::with_dispersion`](super::SplitTest::with_dispersion) does.
    #[must_use]
    pub fn with_dispersion(mut self, dispersion: f64) -> Self {
        let divisor = dispersion.max(1.0);
        self.steps = self
            .steps
            .map(|(failure, pass)| (failure / divisor, pass / divisor));
        self
    }

    /// L(g) of one window, for each alternative. Those of several windows or strata add up.
    pub fn gains(&self, total: Counts) -> [f64; N] {
        let failed = total.failures as f64;
        let passed = total.trials.saturating_sub(total.failures) as f64;
        self.of(failed, passed)
    }

    /// What one trial is expected to add for each alternative, where it fails with probability `share`.
    pub fn growth(&self, share: f64) -> [f64; N] {
        self.of(share, 1.0 - share)
    }

    /// ln E. 0 without data; large: the hypothesis is refuted.
    pub fn ln_evidence(&self, total: Counts) -> f64 {
        ln_mean_exp(self.gains(total))
    }

    fn of(&self, failed: f64, passed: f64) -> [f64; N] {
        self.steps
            .map(|(failure, pass)| failed * failure + passed * pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(trials: u64, failures: u64) -> Counts {
        Counts { trials, failures }
    }

    fn ln_evidence(limit: f64, total: Counts) -> f64 {
        LimitTest::new(limit).ln_evidence(total)
    }

    #[test]
    fn high_limits_are_still_tested_in_the_right_direction() {
        assert!(ln_evidence(0.6, counts(1_000, 700)) > 3.0);
        assert!(ln_evidence(0.6, counts(1_000, 600)) < 0.0);
    }

    proptest! {
        #[test]
        fn is_a_number_for_any_counts(trials in 0..10_000_000_000u64, failures in any::<u64>(), limit in -1.0..2.0f64) {
            let total = counts(trials, failures);
            prop_assert!(ln_evidence(limit, total).is_finite());
            prop_assert!(LimitTest::health(limit).ln_evidence(total).is_finite());
            prop_assert!(LimitTest::fewer(limit).ln_evidence(total).is_finite());
            prop_assert!(LimitTest::signs().ln_evidence(total).is_finite());
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
