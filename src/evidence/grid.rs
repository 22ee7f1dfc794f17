//! The alternatives that evidence bets on, and how the bets are joined.
//!
//! Uniform weights: each alternative of a grid starts with the same stake, and the best one costs at most the logarithm of
//! their number. Coarse steps lose little, since evidence is flat near its best alternative.

/// How many times worse a version might be. The lowest, 1.5, leaves ratios below 0.5/ln 1.5 ≈ 1.23 undetected on purpose.
pub const TIMES_WORSE: [f64; POINTS] = [1.5, 2.0, 3.0, 6.0, 15.0, 50.0];

/// How many times better than a limit a healthy version might be: evidence of health.
pub const TIMES_BETTER: [f64; 4] = [2.0 / 3.0, 1.0 / 2.0, 1.0 / 3.0, 1.0 / 6.0];

/// How far a share that should stay up, such as conversions, might fall. Its steps near 1 are small, since a few percent of
/// revenue matter, and such events are frequent enough to see them.
pub const TIMES_FEWER: [f64; POINTS] = [0.97, 0.93, 0.87, 0.75, 0.5, 0.2];

/// Number of alternatives in the grids that look for a worse version.
pub const POINTS: usize = 6;

/// ln of the mean of the exponentials: the evidence of a uniform mixture (the method of mixtures; Robbins 1970). The
/// mean of e-processes is one.
pub fn ln_mean_exp<const N: usize>(terms: [f64; N]) -> f64 {
    ln_sum_exp(terms) - (N as f64).ln()
}

/// ln of the sum of the exponentials. Taking out the largest term first keeps any finite input from overflowing.
pub fn ln_sum_exp(terms: impl IntoIterator<Item = f64> + Clone) -> f64 {
    let top = terms.clone().into_iter().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    let sum: f64 = terms.into_iter().map(|term| (term - top).exp()).sum();
    top + sum.ln()
}
