//! The split test: is the new version worse than the baseline that runs beside it?

use super::grid::{POINTS, TIMES_WORSE, ln_mean_exp};
use crate::domain::Counts;

/// Evidence against "the new version fails at most `margin` times as often as the baseline", over windows and strata.
///
/// Given the S = x₁ + x₀ failures of a window, and the share q = n₁/(n₁+n₀) of the new version's trials in it, the
/// failures of the new version are binomial: x₁ | S ~ Bin(S, θq/(1 + q(θ−1))) under ratio θ (Przyborowski and Wilenski
/// 1940, the conditional test of two Poisson rates). The rate itself cancels out, window by window: a weekend, an outage
/// or a growing share of the new version that hit both alike are no evidence. The likelihood ratio of θ = margin·g to
/// θ = margin is, per window,
///
/// ℓ(g) = x₁ ln g − S ln((1 + q(margin·g − 1)) / (1 + q(margin − 1))).
///
/// Its sum over windows and strata is the logarithm of a martingale at ratio = margin, and of a supermartingale below
/// it, where x₁ is stochastically smaller; so is the mean over the grid g. For exact Bernoulli trials the conditional law
/// is hypergeometric, less variable than the binomial (Hoeffding 1963, Theorem 4), which keeps the guarantee. A window
/// without trials of one version has q = 0 or 1, and adds exactly 0, as does one without failures.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    margin: f64,
    dispersion: f64,
    /// Failures of the new version in windows that count, and what is taken off for the totals, for each point of the grid.
    failures: f64,
    totals: [f64; POINTS],
}

impl Split {
    /// `margin` is a positive ratio: 1 for "no worse".
    pub fn new(margin: f64) -> Self {
        Self {
            margin,
            dispersion: 1.0,
            failures: 0.0,
            totals: [0.0; POINTS],
        }
    }

    /// Divides all evidence by `dispersion` (1 or more): for failures that come in clusters, such as crash loops, whose
    /// variance is so many times the binomial one (quasi-likelihood; Wedderburn 1974).
    #[must_use]
    pub fn with_dispersion(mut self, dispersion: f64) -> Self {
        self.dispersion = dispersion.max(1.0);
        self
    }

    /// Adds one window of one stratum.
    pub fn add(&mut self, new: Counts, old: Counts) {
        if new.trials == 0 || old.trials == 0 {
            return;
        }
        let failures = new.failures as f64 + old.failures as f64;
        if failures == 0.0 {
            return;
        }
        let (n1, n0) = (new.trials as f64, old.trials as f64);
        // q·margin / (1 + q(margin − 1)) with the fraction n₁/(n₁+n₀) cleared, so that tiny shares keep their digits.
        let stake = n1 * self.margin / (n0 + n1 * self.margin);
        self.failures += new.failures as f64;
        for (total, times) in self.totals.iter_mut().zip(TIMES_WORSE) {
            *total += failures * (stake * (times - 1.0)).ln_1p();
        }
    }

    /// ln E. 0 without data; large: the new version is worse; negative: the data speak for the hypothesis.
    pub fn ln_evidence(&self) -> f64 {
        ln_mean_exp(self.terms().map(|term| term / self.dispersion))
    }

    /// Σ ℓ(g) for each point of the grid.
    fn terms(&self) -> [f64; POINTS] {
        let mut terms = TIMES_WORSE.map(|times| self.failures * times.ln());
        for (term, total) in terms.iter_mut().zip(self.totals) {
            *term -= total;
        }
        terms
    }
}

#[cfg(test)]
pub(super) mod tests;
