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

/// ln of the sum of the exponentials. Taking out the largest term first keeps any finite input from overflowing; terms that
/// are too small to change it by one bit are left out.
pub fn ln_sum_exp(terms: impl IntoIterator<Item = f64> + Clone) -> f64 {
    let top = terms.clone().into_iter().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    let mut sum = 0.0;
    for term in terms {
        let below = term - top;
        if below >= 0.0 {
            sum += 1.0;
        } else if below > NEGLIGIBLE {
            sum += below.exp();
        }
    }
    top + sum.ln()
}

/// ln of the sum of two exponentials.
pub fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (top, below) = if a >= b { (a, b - a) } else { (b, a - b) };
    if below > NEGLIGIBLE {
        top + below.exp().ln_1p()
    } else {
        top
    }
}

/// e to the power of this is below 2⁻⁵⁷: seven of them are no more than half a bit of 1.
const NEGLIGIBLE: f64 = -40.0;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_sums_to_nothing() {
        let none = f64::NEG_INFINITY;
        for sum in [ln_sum_exp([]), ln_sum_exp([none]), ln_add_exp(none, none)] {
            assert_eq!(sum.total_cmp(&none), std::cmp::Ordering::Equal);
        }
        assert_eq!(ln_add_exp(3.0, none).to_bits(), 3.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn two_are_added_as_many_are(a in -1e6..1e6f64, apart in -60.0..60.0f64) {
            let (pair, sum) = (ln_add_exp(a, a + apart), ln_sum_exp([a, a + apart]));
            prop_assert!((pair - sum).abs() <= 1e-12 * sum.abs().max(1.0), "{pair} {sum}");
        }

        #[test]
        fn what_is_left_out_is_not_missed(top in -100.0..100.0f64, below in proptest::collection::vec(0.0..80.0f64, 0..7)) {
            let terms: Vec<_> = below.iter().map(|below| top - below).chain([top]).collect();
            let whole = top + terms.iter().map(|term| (term - top).exp()).sum::<f64>().ln();
            prop_assert!((ln_sum_exp(terms) - whole).abs() < 1e-12);
        }
    }
}
