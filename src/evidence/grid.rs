//! The alternatives that evidence bets on, and how the bets are joined.

/// How many times worse a version might be. Uniform weights: each alternative starts with the same stake, and the best one
/// costs at most ln 6. The coarse steps lose little, since evidence is flat near its best alternative; the lowest, 1.5,
/// leaves ratios below 0.5/ln 1.5 ≈ 1.23 undetected on purpose.
pub const TIMES_WORSE: [f64; POINTS] = [1.5, 2.0, 3.0, 6.0, 15.0, 50.0];

/// Number of alternatives.
pub const POINTS: usize = 6;

/// ln of the mean of the exponentials: the evidence of a uniform mixture (the method of mixtures; Robbins 1970). The
/// mean of e-processes is one. Taking out the largest term first keeps any finite input from overflowing.
pub fn ln_mean_exp(terms: [f64; POINTS]) -> f64 {
    let top = terms.into_iter().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    let sum: f64 = terms.into_iter().map(|term| (term - top).exp()).sum();
    top + (sum / POINTS as f64).ln()
}
