//! The split test: is the new version worse than the baseline that runs beside it? Or evidently not worse?

use super::grid::{POINTS, TIMES_BETTER, TIMES_FEWER, TIMES_WORSE, ln_mean_exp};
use crate::domain::Counts;

/// Bets against "the new version fails at most `margin` times as often as the baseline", for one window of one stratum.
///
/// Given the S = x₁ + x₀ failures of a window, and the share q = n₁/(n₁+n₀) of the new version's trials in it, the
/// failures of the new version are binomial: x₁ | S ~ Bin(S, θq/(1 + q(θ−1))) under ratio θ (Przyborowski and Wilenski
/// 1940, the conditional test of two Poisson rates). The rate itself cancels out, window by window: a weekend, an outage
/// or a growing share of the new version that hit both alike are no evidence. The likelihood ratio of θ = margin·g to
/// θ = margin is, per window,
///
/// ℓ(g) = x₁ ln g − S ln((1 + q(margin·g − 1)) / (1 + q(margin − 1))).
///
/// Its sum over windows and strata is the logarithm of a martingale at ratio = margin, and of a supermartingale on the
/// other side of it from the grid (below it for g > 1, where x₁ is stochastically smaller; above it for g < 1); so is the
/// mean over the grid g. For exact Bernoulli trials the conditional law
/// is hypergeometric, less variable than the binomial (Hoeffding 1963, Theorem 4), which keeps the guarantee. A window
/// without trials of one version has q = 0 or 1, and adds exactly 0, as does one without failures.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitTest<const N: usize = POINTS> {
    margin: f64,
    dispersion: f64,
    /// Each alternative g, and its logarithm.
    grid: [(f64, f64); N],
}

impl SplitTest<POINTS> {
    /// Evidence that the new version is worse, by [`TIMES_WORSE`]. `margin` is a positive ratio: 1 for "no worse".
    pub fn new(margin: f64) -> Self {
        Self::on(margin, TIMES_WORSE)
    }

    /// Evidence that the new version has fewer, by [`TIMES_FEWER`], against "at least `margin` times the baseline's share".
    /// What is counted is what should stay up: the conversions among the attempts, not the failures.
    pub fn fewer(margin: f64) -> Self {
        Self::on(margin, TIMES_FEWER)
    }
}

impl SplitTest<{ TIMES_BETTER.len() }> {
    /// Evidence of health, by [`TIMES_BETTER`], against "the new version fails at least `margin` times as often".
    pub fn health(margin: f64) -> Self {
        Self::on(margin, TIMES_BETTER)
    }
}

impl<const N: usize> SplitTest<N> {
    fn on(margin: f64, grid: [f64; N]) -> Self {
        Self {
            margin,
            dispersion: 1.0,
            grid: grid.map(|times| (times, times.ln())),
        }
    }

    /// Divides all evidence by `dispersion` (1 or more; see [`divisor`](super::dispersion::divisor)): for failures that
    /// come in clusters, such as crash loops, whose variance is so many times the binomial one (quasi-likelihood;
    /// Wedderburn 1974).
    #[must_use]
    pub fn with_dispersion(mut self, dispersion: f64) -> Self {
        self.dispersion = dispersion.max(1.0);
        self
    }

    /// ℓ(g) of one window of one stratum, for each alternative. Those of several strata add up.
    pub fn gains(&self, new: Counts, old: Counts) -> [f64; N] {
        self.of(
            (new.trials as f64, new.failures as f64),
            (old.trials as f64, old.failures as f64),
        )
    }

    /// What one trial of the new version is expected to add for each alternative, where it fails with probability `new`
    /// and the baseline, with `per_new` as many trials, with probability `old`.
    pub fn growth(&self, new: f64, old: f64, per_new: f64) -> [f64; N] {
        self.of((1.0, new), (per_new, per_new * old))
    }

    fn of(&self, (n1, x1): (f64, f64), (n0, x0): (f64, f64)) -> [f64; N] {
        let failures = x1 + x0;
        if n1 <= 0.0 || n0 <= 0.0 || failures <= 0.0 {
            return [0.0; N];
        }
        // q·margin / (1 + q(margin − 1)) with the fraction n₁/(n₁+n₀) cleared, so that tiny shares keep their digits.
        let stake = n1 * self.margin / (n0 + n1 * self.margin);
        self.grid.map(|(times, ln_times)| {
            (x1 * ln_times - failures * (stake * (times - 1.0)).ln_1p()) / self.dispersion
        })
    }
}

/// The split test over windows and strata whose counts have one law from beginning to end: the sum of its bets. Where a
/// change may come later, [`Restarts`](super::Restarts) finds it sooner.
#[derive(Clone, Debug, PartialEq)]
pub struct Split<const N: usize = POINTS> {
    test: SplitTest<N>,
    sums: [f64; N],
}

impl Split<POINTS> {
    /// `margin` is a positive ratio: 1 for "no worse".
    pub fn new(margin: f64) -> Self {
        SplitTest::new(margin).into()
    }
}

impl<const N: usize> From<SplitTest<N>> for Split<N> {
    fn from(test: SplitTest<N>) -> Self {
        let sums = [0.0; N];
        Self { test, sums }
    }
}

impl<const N: usize> Split<N> {
    /// Adds one window of one stratum.
    pub fn add(&mut self, new: Counts, old: Counts) {
        for (sum, gain) in self.sums.iter_mut().zip(self.test.gains(new, old)) {
            *sum += gain;
        }
    }

    /// ln E. 0 without data; large: the hypothesis is refuted; negative: the data speak for it.
    pub fn ln_evidence(&self) -> f64 {
        ln_mean_exp(self.sums)
    }

    /// Σ ℓ(g) for each alternative.
    pub fn sums(&self) -> [f64; N] {
        self.sums
    }
}

#[cfg(test)]
pub(super) mod tests;
