//! The planner: how many trials a question takes, how long they take to come, and what can be seen by then.
//!
//! Sizes are real numbers of trials of the new version; round them up. `None` means "never".

use statrs::distribution::{ContinuousCDF, Normal};

use super::LimitTest;
use super::grid::ln_mean_exp;
use crate::domain::Counts;

/// The errors a test of fixed size allows, as quantiles of the normal distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// z of a false alarm.
    pub z_alarm: f64,
    /// z of a regression that is missed.
    pub z_miss: f64,
}

impl Errors {
    /// One-sided, with `alarm` the chance of a false alarm and `power` that of seeing a true regression, both 0..1. For a
    /// two-sided test halve `alarm`. `None` outside of 0..1.
    pub fn new(alarm: f64, power: f64) -> Option<Self> {
        let inside = |share: f64| share > 0.0 && share < 1.0;
        let z = |share| Normal::standard().inverse_cdf(share);
        (inside(alarm) && inside(power)).then(|| Self {
            z_alarm: z(1.0 - alarm),
            z_miss: z(power),
        })
    }
}

/// Two versions that differ: their true shares of failures, and how many trials of the baseline there are for one of the new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    pub new: f64,
    pub old: f64,
    pub old_per_new: f64,
}

impl Pair {
    /// Trials for a z-test that looks once, with unpooled variance (Fleiss, Levin and Paik, "Statistical Methods for Rates and
    /// Proportions", 2003, §4): (z_α + z_β)²(p₁q₁ + p₀q₀/r)/(p₁ − p₀)².
    pub fn fixed_unpooled(self, errors: Errors) -> Option<f64> {
        let z = errors.z_alarm + errors.z_miss;
        self.squared(z * self.variance().sqrt())
    }

    /// The same with the variance pooled under the hypothesis, p̄ = (p₁ + r p₀)/(1 + r):
    /// (z_α √((1 + 1/r) p̄q̄) + z_β √(p₁q₁ + p₀q₀/r))²/(p₁ − p₀)². Optimistic where the baseline has few failures.
    pub fn fixed_pooled(self, errors: Errors) -> Option<f64> {
        let pooled = self.pooled();
        let under = (1.0 + 1.0 / self.old_per_new) * pooled * (1.0 - pooled);
        self.squared(errors.z_alarm * under.sqrt() + errors.z_miss * self.variance().sqrt())
    }

    /// Trials for one version against a known share, looked at once: (z_α √(p₀q₀) + z_β √(p₁q₁))²/(p₁ − p₀)².
    pub fn fixed_against_known(self, errors: Errors) -> Option<f64> {
        let deviation = |p: f64| (p * (1.0 - p)).sqrt();
        self.squared(errors.z_alarm * deviation(self.old) + errors.z_miss * deviation(self.new))
    }

    /// No test that raises a false alarm with probability `alpha` needs fewer trials on average, even with a perfectly known
    /// baseline: ln(1/α)/KL(p₁‖p₀) (Wald 1945).
    pub fn floor_against_known(self, alpha: f64) -> Option<f64> {
        trials(-alpha.ln(), kl(self.new, self.old))
    }

    /// The same floor where the baseline is only known by the trials beside: the information in one trial of the new version
    /// and r of the old is KL(p₁‖p*) + r KL(p₀‖p*) with p* = (p₁ + r p₀)/(1 + r), the nearest share that both could have.
    pub fn floor(self, alpha: f64) -> Option<f64> {
        let both = self.pooled();
        trials(
            -alpha.ln(),
            kl(self.new, both) + self.old_per_new * kl(self.old, both),
        )
    }

    fn pooled(self) -> f64 {
        (self.new + self.old_per_new * self.old) / (1.0 + self.old_per_new)
    }

    fn variance(self) -> f64 {
        self.new * (1.0 - self.new) + self.old * (1.0 - self.old) / self.old_per_new
    }

    fn squared(self, deviations: f64) -> Option<f64> {
        let size = (deviations / (self.new - self.old)).powi(2);
        size.is_finite().then_some(size)
    }
}

/// Kullback–Leibler divergence of two chances of failure, in nats: p ln(p/q) + (1−p) ln((1−p)/(1−q)).
pub fn kl(p: f64, q: f64) -> f64 {
    let failed = if p > 0.0 { p * (p / q).ln() } else { 0.0 };
    let passed = if p < 1.0 {
        (1.0 - p) * ((-p).ln_1p() - (-q).ln_1p())
    } else {
        0.0
    };
    failed + passed
}

/// Trials until a test with [`Restarts`](super::Restarts) is expected to reach `ln_threshold`: what it asks for, the price of
/// its J alternatives and of the first stake, over what the best alternative gains with one trial,
///
/// n ≈ (ln threshold + ln J + ln 2) / max ℓ(g),
///
/// Wald's equation (1945) without the overshoot. `growth` is [`SplitTest::growth`](super::SplitTest::growth) or
/// [`LimitTest::growth`] at the true shares. `None` where no alternative gains: this is never seen.
pub fn sequential<const N: usize>(growth: [f64; N], ln_threshold: f64) -> Option<f64> {
    let best = growth.into_iter().fold(f64::NEG_INFINITY, f64::max);
    trials(price::<N>(ln_threshold), best)
}

/// The smallest share of failures that a test with restarts would be expected to see within so many `trials`.
///
/// What a trial gains grows in a straight line with the new version's share, so that two points of it (`growth` at 0 and at 1)
/// give the share at which each alternative gains enough; the smallest of them is the answer. `None`: not even a version that
/// always fails.
pub fn smallest_visible<const N: usize>(
    growth: impl Fn(f64) -> [f64; N],
    trials: f64,
    ln_threshold: f64,
) -> Option<f64> {
    let needed = price::<N>(ln_threshold) / trials;
    let (never, always) = (growth(0.0), growth(1.0));
    never
        .into_iter()
        .zip(always)
        .map(|(low, high)| (needed - low) / (high - low))
        .filter(|share| (0.0..=1.0).contains(share))
        .reduce(f64::min)
}

/// Trials until a test without restarts reaches `ln_threshold` where the counts are what is expected of them: the n at which
/// the mean over alternatives of exp(n·growth) is the threshold. Closer than [`sequential`] where no alternative is near the
/// truth, since each adds to the mean. `None`: never.
pub fn expected<const N: usize>(growth: [f64; N], ln_threshold: f64) -> Option<f64> {
    // A mean of exponentials is convex and begins at 1: it passes the threshold once, and by the time its best term has
    // passed N times the threshold.
    let most = trials(
        ln_threshold + (N as f64).ln(),
        growth.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )?;
    let (mut few, mut many) = (0.0, most);
    for _ in 0..60 {
        let middle = f64::midpoint(few, many);
        if ln_mean_exp(growth.map(|gain| middle * gain)) >= ln_threshold {
            many = middle;
        } else {
            few = middle;
        }
    }
    Some(many)
}

fn price<const N: usize>(ln_threshold: f64) -> f64 {
    ln_threshold + (N as f64).ln() + std::f64::consts::LN_2
}

fn trials(needed: f64, gain: f64) -> Option<f64> {
    let size = needed / gain;
    (gain > 0.0 && size.is_finite()).then_some(size)
}

/// Trials without a single failure that rule out a share of `limit` and more, looked at once with a chance of `alpha` to be
/// wrong: ln α / ln(1 − limit), the "rule of three" (Hanley and Lippman-Hand 1983) before rounding.
pub fn clean_fixed(limit: f64, alpha: f64) -> Option<f64> {
    trials(-alpha.ln(), -(-limit).ln_1p())
}

/// Trials without a single failure until `test` reaches `ln_threshold`, such as the least that opens a gate. `None`: more than
/// 2⁵³, or never.
pub fn clean_sequential<const N: usize>(test: &LimitTest<N>, ln_threshold: f64) -> Option<u64> {
    more_clean(test, Counts::default(), ln_threshold)
}

/// The same after what was seen so far: how many more.
pub fn more_clean<const N: usize>(
    test: &LimitTest<N>,
    so_far: Counts,
    ln_threshold: f64,
) -> Option<u64> {
    let enough = |more: u64| {
        let trials = so_far.trials.saturating_add(more);
        test.ln_evidence(Counts { trials, ..so_far }) >= ln_threshold
    };
    let (mut few, mut many) = (0_u64, 1_u64 << 53);
    if !enough(many) {
        return None;
    }
    while few < many {
        let middle = u64::midpoint(few, many);
        if enough(middle) {
            many = middle;
        } else {
            few = middle + 1;
        }
    }
    Some(many)
}

/// Hours until the new version has so many trials, at `a_day` trials of both versions a day of which it has the share
/// `exposure` (0..=1). `None`: never.
pub fn hours(size: f64, a_day: f64, exposure: f64) -> Option<f64> {
    trials(size, a_day * exposure / 24.0)
}

#[cfg(test)]
mod tests;
