//! The test of non-inferiority: does the new version keep at least a given part of the baseline's good share?
//!
//! A split test cannot ask this. Its alternatives are half as much again and more, and of a share of 95 % there is nothing above
//! 1.05 times; a few percent of the orders are what a business cares for.

use std::collections::BTreeMap;

use super::grid::ln_mean_exp;
use crate::domain::Counts;

/// Bets against "the new version's good share s₁ is at most m times the baseline's s₀", m = 1 − loss, window by window of one
/// stratum each.
///
/// The bet of a window is on shares (a₁, a₀) against the nearest ones that the hypothesis allows, (mt, t), where t minimises
/// n₁ KL(a₁‖mt) + n₀ KL(a₀‖t) (the reverse information projection; Turner, Ly and Grünwald, "Generic e-variables for exact sequential
/// k-sample tests that allow for optional stopping", 2024). With x good ones of n trials,
///
/// ℓ = x₁ ln(a₁/mt) + (n₁−x₁) ln((1−a₁)/(1−mt)) + x₀ ln(a₀/t) + (n₀−x₀) ln((1−a₀)/(1−t)).
///
/// E[exp ℓ] ≤ 1 under the hypothesis: a trial of the new version has the mean 1 + (s₁−mt)D₁ with D₁ = (a₁−mt)/(mt(1−mt)), one of the
/// baseline 1 + (s₀−t)D₀ with D₀ = (a₀−t)/(t(1−t)); t is where n₀D₀ = −n₁mD₁, so that by 1+y ≤ exp y the mean of exp ℓ is at most
/// exp(n₁D₁(s₁ − m s₀)), and D₁ ≥ 0. This asks for nothing but independent trials within a window: both shares may change from window to
/// window, and with them the part of the users who have the new version.
///
/// a₀ is the good share of all trials in the windows of the stratum before this one, a₁ the same or less by half of the loss, with
/// equal stakes. A first window only teaches it: a bet on shares that are far from the truth is mostly lost.
#[derive(Clone, Debug, PartialEq)]
pub struct NonInferiority<'a> {
    loss: f64,
    dispersion: f64,
    sums: [f64; BETS],
    /// Both versions in the windows so far, by stratum.
    known: BTreeMap<&'a str, Arm>,
}

/// As good as the baseline, and halfway from there to the limit.
const BETS: usize = 2;

impl<'a> NonInferiority<'a> {
    /// `loss` is the part of the baseline's good share that may be lost, 0..1, both excluded.
    pub fn new(loss: f64) -> Self {
        Self {
            loss: loss.clamp(1e-12, 1.0 - 1e-12),
            dispersion: 1.0,
            sums: [0.0; BETS],
            known: BTreeMap::new(),
        }
    }

    /// Divides all evidence by `dispersion`, as [`SplitTest::with_dispersion`](super::SplitTest::with_dispersion) does.
    #[must_use]
    pub fn with_dispersion(mut self, dispersion: f64) -> Self {
        self.dispersion = dispersion.max(1.0);
        self
    }

    /// Adds one window of one stratum. One without trials of either version adds no evidence.
    pub fn add(&mut self, stratum: &'a str, new: Counts, old: Counts) {
        let (new, old) = (Arm::of(new), Arm::of(old));
        let known = self.known.entry(stratum).or_default();
        if new.trials > 0.0 && old.trials > 0.0 && known.trials > 0.0 {
            let usual = (known.good + 0.5) / (known.trials + 1.0);
            let part = new.trials / (new.trials + old.trials);
            for (sum, kept) in self.sums.iter_mut().zip([1.0, 1.0 - self.loss / 2.0]) {
                *sum += gain(1.0 - self.loss, (kept * usual, usual), part, new, old);
            }
        }
        known.good += new.good + old.good;
        known.trials += new.trials + old.trials;
    }

    /// ln E. 0 without data; large: no more than the loss is lost.
    pub fn ln_evidence(&self) -> f64 {
        ln_mean_exp(self.sums.map(|sum| sum / self.dispersion))
    }
}

/// Trials, and the good ones among them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Arm {
    trials: f64,
    good: f64,
}

impl Arm {
    fn of(counts: Counts) -> Self {
        Self {
            trials: counts.trials as f64,
            good: counts.trials.saturating_sub(counts.failures) as f64,
        }
    }

    /// The likelihood ratio of the share `bet` to `null`.
    fn ln_ratio(self, bet: f64, null: f64) -> f64 {
        self.good * (bet / null).ln()
            + (self.trials - self.good) * ((1.0 - bet) / (1.0 - null)).ln()
    }
}

fn gain(kept: f64, bet: (f64, f64), part: f64, new: Arm, old: Arm) -> f64 {
    let null = nearest(kept, bet, part);
    new.ln_ratio(bet.0, kept * null) + old.ln_ratio(bet.1, null)
}

/// t, the nearest share of the baseline: the smaller root of m t² − (A(1+m) + K)t + A = 0, with A = q a₁ + (1−q) a₀,
/// K = q(1−a₁)m + (1−q)(1−a₀), and q the new version's part of the trials.
fn nearest(kept: f64, (new, old): (f64, f64), part: f64) -> f64 {
    let good = part * new + (1.0 - part) * old;
    let bad = part * (1.0 - new) * kept + (1.0 - part) * (1.0 - old);
    let middle = good * (1.0 + kept) + bad;
    let root = (middle * middle - 4.0 * kept * good).max(0.0).sqrt();
    2.0 * good / (middle + root)
}

#[cfg(test)]
mod tests;
