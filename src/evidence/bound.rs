//! Effect sizes: how many times worse, at least how many times, and how bad the baseline may really be.

use super::split::{Split, SplitTest};
use crate::domain::Counts;

/// How many times as often the new version fails, over windows of (new, old) counts: the Mantel–Haenszel estimate of a
/// common ratio (Rothman and Boice 1979), Σ x₁n₀/(n₁+n₀) over Σ x₀n₁/(n₁+n₀). Each window is compared with itself, so
/// that a growing share of the new version during a bad hour does not look like a difference. For one window it is the
/// plain ratio of the rates. `None` without failures of the baseline beside the new version: no number is honest there.
pub fn ratio<'a>(windows: impl IntoIterator<Item = &'a (Counts, Counts)>) -> Option<f64> {
    let (mut above, mut below) = (0.0, 0.0);
    for (new, old) in windows {
        let (over, under) = mantel_haenszel(*new, *old);
        (above, below) = (above + over, below + under);
    }
    (below > 0.0).then(|| above / below)
}

/// What one window adds to the two sums of [`ratio`].
pub fn mantel_haenszel(new: Counts, old: Counts) -> (f64, f64) {
    let (n1, n0) = (new.trials as f64, old.trials as f64);
    let trials = n1 + n0;
    if trials > 0.0 {
        (
            new.failures as f64 * (n0 / trials),
            old.failures as f64 * (n1 / trials),
        )
    } else {
        (0.0, 0.0)
    }
}

/// The lower bound of that ratio with confidence 1 − `alpha` (0..1), valid at any time: the margin at which the [`Split`]
/// evidence is just 1/α. Smaller margins are refuted; inverting tests into bounds that hold at all times at once goes back to
/// Darling and Robbins (1967). Evidence falls as the margin grows, so that the solution is unique. `None` where even a margin of
/// 0 is not refuted. `dispersion` is what the evidence is divided by (1: nothing).
pub fn ratio_lower_bound(windows: &[(Counts, Counts)], alpha: f64, dispersion: f64) -> Option<f64> {
    let target = -alpha.ln();
    let telling: Vec<_> = windows
        .iter()
        .filter(|(new, old)| new.failures > 0 || old.failures > 0)
        .collect();
    // In ln(margin), where evidence is close to a straight line.
    let surplus = |ln_margin: f64| {
        let test = SplitTest::new(ln_margin.exp()).with_dispersion(dispersion);
        let mut split = Split::from(test);
        for (new, old) in &telling {
            split.add(*new, *old);
        }
        split.ln_evidence() - target
    };
    let (mut low, mut high) = (-1.0, 1.0);
    let mut above = surplus(low);
    while above < 0.0 {
        low *= 2.0;
        if low < -64.0 {
            return None;
        }
        above = surplus(low);
    }
    let mut below = surplus(high);
    while below >= 0.0 {
        high *= 2.0;
        if high > 64.0 {
            return Some(high.exp());
        }
        below = surplus(high);
    }
    Some(root(surplus, (low, above), (high, below)).exp())
}

/// Where `f` crosses zero between a point above and a point below it: false position with the Illinois halving (Dowell and
/// Jarratt 1971), which takes some ten evaluations where bisection takes forty.
fn root(f: impl Fn(f64) -> f64, above: (f64, f64), below: (f64, f64)) -> f64 {
    let ((mut low, mut over), (mut high, mut under)) = (above, below);
    let mut last_was_over = None;
    for _ in 0..200 {
        let middle = (low * under - high * over) / (under - over);
        let middle = if middle > low && middle < high {
            middle
        } else {
            f64::midpoint(low, high)
        };
        let value = f(middle);
        if value >= 0.0 {
            (low, over) = (middle, value);
            if last_was_over == Some(true) {
                under /= 2.0;
            }
            last_was_over = Some(true);
        } else {
            (high, under) = (middle, value);
            if last_was_over == Some(false) {
                over /= 2.0;
            }
            last_was_over = Some(false);
        }
        if high - low < 1e-12 || value.abs() < 1e-12 {
            break;
        }
    }
    if over.abs() < under.abs() { low } else { high }
}

/// An upper bound of the true share of failures, missed with a probability of at most `beta` at any one look.
///
/// Chernoff's bound of the lower tail, P(X ≤ (1−ε)μ) ≤ exp(−ε²μ/2) (Mitzenmacher and Upfal, "Probability and Computing",
/// Theorem 4.5), solved for μ: μ ≤ X + L + √(L² + 2XL) with L = ln(1/β). A closed form, never below the exact
/// Clopper–Pearson bound. 1 without trials: nothing is known.
pub fn share_upper_bound(total: Counts, beta: f64) -> f64 {
    if total.trials == 0 {
        return 1.0;
    }
    let (failures, slack) = (total.failures as f64, -beta.ln());
    let most = failures + slack + (slack * slack + 2.0 * failures * slack).sqrt();
    (most / total.trials as f64).min(1.0)
}

/// A lower bound of the true share, missed with a probability of at most `beta` at any one look.
///
/// Chernoff's bound of the upper tail, P(X ≥ (1+ε)μ) ≤ exp(−ε²μ/(2+ε)) (the same, Theorem 4.4), solved for μ:
/// μ ≥ X − (√(L² + 8XL) − L)/2 with L = ln(1/β). 0 without trials.
pub fn share_lower_bound(total: Counts, beta: f64) -> f64 {
    if total.trials == 0 {
        return 0.0;
    }
    let (failures, slack) = (total.failures as f64, -beta.ln());
    let least = failures - ((slack * slack + 8.0 * failures * slack).sqrt() - slack) / 2.0;
    (least / total.trials as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_failures_there_is_no_bound() {
        let counts = |trials, failures| Counts { trials, failures };
        assert_eq!(ratio_lower_bound(&[], 0.05, 1.0), None);
        assert_eq!(
            ratio_lower_bound(&[(counts(1_000, 0), counts(9_000, 4))], 0.05, 1.0),
            None
        );
        assert_eq!(ratio(&[(counts(1_000, 3), counts(9_000, 0))]), None);
        assert_eq!(ratio(&[(counts(1_000, 3), counts(0, 0))]), None);
    }

    #[test]
    fn the_ratio_ignores_what_hits_both_while_the_share_grows() {
        let counts = |trials, failures| Counts { trials, failures };
        // Both fail alike in each window; pooled rates would differ by a factor of four.
        let windows = [
            (counts(100, 1), counts(9_900, 99)),
            (counts(9_000, 900), counts(1_000, 100)),
        ];
        assert!((ratio(&windows).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_share_bound_lies_above_the_exact_one() {
        use statrs::distribution::{Beta, ContinuousCDF};
        for (trials, failures) in [(100, 0), (30_888, 48), (1_000, 500), (10, 10)] {
            let bound = share_upper_bound(Counts { trials, failures }, 0.001);
            let exact = if failures == trials {
                1.0
            } else {
                Beta::new(failures as f64 + 1.0, (trials - failures) as f64)
                    .unwrap()
                    .inverse_cdf(0.999)
            };
            assert!(bound >= exact - 1e-9 && bound <= 1.0, "{bound} {exact}");
            let bound = share_lower_bound(Counts { trials, failures }, 0.001);
            let exact = if failures == 0 {
                0.0
            } else {
                Beta::new(failures as f64, (trials - failures) as f64 + 1.0)
                    .unwrap()
                    .inverse_cdf(0.001)
            };
            assert!(bound <= exact + 1e-9 && bound >= 0.0, "{bound} {exact}");
        }
    }

    proptest! {
        #[test]
        fn bounds_are_numbers_for_any_counts(
            raw in proptest::collection::vec((0..10_000_000_000u64, 0..10_000_000_000u64, 0.0..1.0f64, 0.0..1.0f64), 0..8),
        ) {
            let windows: Vec<_> = raw
                .into_iter()
                .map(|(n1, n0, r1, r0)| (
                    Counts { trials: n1, failures: (n1 as f64 * r1 * r1) as u64 },
                    Counts { trials: n0, failures: (n0 as f64 * r0 * r0) as u64 },
                ))
                .collect();
            for dispersion in [1.0, 1.5, 40.0, 1e9] {
                if let Some(bound) = ratio_lower_bound(&windows, 0.05, dispersion) {
                    prop_assert!(bound.is_finite() && bound > 0.0);
                }
            }
            for (new, old) in &windows {
                let (least, most) = (share_lower_bound(*new, 0.001), share_upper_bound(*new, 0.001));
                prop_assert!((0.0..=1.0).contains(&least) && least <= most && most <= 1.0, "{least} {most}");
                prop_assert!(share_upper_bound(*old, 1e-12) >= share_upper_bound(*old, 0.5));
            }
            if let Some(ratio) = ratio(&windows) {
                prop_assert!(ratio.is_finite() && ratio >= 0.0);
            }
        }

        /// Between the bound and no difference, the evidence that it inverts is on the right side of 1/α.
        #[test]
        fn the_bound_is_where_the_evidence_is_just_enough(
            x1 in 3..200_u64, x0 in 1..200_u64, n0 in 1_000..100_000_u64, dispersion in 1.0..20.0f64, alpha in 0.001..0.2f64,
        ) {
            let windows = [(Counts { trials: 1_000, failures: x1 }, Counts { trials: n0, failures: x0.min(n0) })];
            let evidence = |margin: f64| {
                let mut split = Split::from(SplitTest::new(margin).with_dispersion(dispersion));
                split.add(windows[0].0, windows[0].1);
                split.ln_evidence()
            };
            if let Some(bound) = ratio_lower_bound(&windows, alpha, dispersion) {
                prop_assert!((evidence(bound) + alpha.ln()).abs() < 1e-6, "{bound}");
                prop_assert!(evidence(0.9 * bound) > -alpha.ln() && evidence(1.1 * bound) < -alpha.ln());
                // More clustered failures say less.
                prop_assert!(ratio_lower_bound(&windows, alpha, 2.0 * dispersion).is_none_or(|less| less <= bound));
            }
        }
    }
}
