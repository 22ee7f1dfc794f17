//! Evidence that forgives a quiet beginning: a change on the third day is found about as fast as one on the first.
//!
//! Must not know which test it bets on, nor what an hour is counted from.

use super::grid::{POINTS, ln_add_exp, ln_sum_exp};

/// Share of the money at hand that is staked at the beginning of each hour: a change is expected about once a week.
const RATE: f64 = 1.0 / 168.0;

/// Share that is staked before the first window.
const AT_ONCE: f64 = 0.5;

/// A test that starts anew every hour, with one evidence for all its starts, in constant memory.
///
/// Each start is a bet with its own stake: w₀ = ½ before the first window, wᵢ = ½ρ(1−ρ)^(i−1) with ρ = 1/168 before the
/// first window that starts at or after hour i. Until its hour a stake lies idle. With mⱼ the wealth of alternative j over all
/// starts so far, of which there are J, and U the stakes not yet placed,
///
/// ln mⱼ ← ln(mⱼ + wᵢ/J) at hour i,  ln mⱼ ← ln mⱼ + ℓⱼ with every window,  ln E = ln(Σ mⱼ + U).
///
/// This is the Shiryaev–Roberts sum over starts (Shiryaev 1963; Roberts 1966) with weights that add up to one, which makes it
/// a mean of martingales, hence an e-process (Shin, Ramdas and Rinaldo, "E-detectors", 2023): Ville's inequality holds for
/// the whole rollout, not just on average. Starts belong to hours, not to polls, so that polling more often changes nothing.
/// It costs at most ln 2 where the change was there from the start, and some 6 to 6.5 where it came days later.
///
/// Feed windows in the order of their starts: those of one hour may come in any order, but a stake placed too early is lost
/// to what comes late. To take in a late window, go back to a clone made before its hour, and feed the rest again: the wealth
/// at the beginning of an hour and the gains since then are kept apart, so that of later hours their sums are enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Restarts<const N: usize = POINTS> {
    /// At the beginning of the hour, its stakes placed.
    ln_wealth: [f64; N],
    /// Σ ℓⱼ of the windows of the hour so far.
    gains: [f64; N],
    /// The stakes of hours 0 to this one are placed, and these are left.
    hour: u64,
    ln_unspent: f64,
}

impl<const N: usize> Default for Restarts<N> {
    fn default() -> Self {
        Self::on(AT_ONCE, 0)
    }
}

impl<const N: usize> Restarts<N> {
    /// Everything on the first start, and none later: for counts that stand alone, which no later change can hide behind.
    pub fn at_once() -> Self {
        Self::on(1.0, u64::MAX)
    }

    fn on(stake: f64, hour: u64) -> Self {
        Self {
            ln_wealth: [(stake / N as f64).ln(); N],
            gains: [0.0; N],
            hour,
            ln_unspent: ln_unspent(hour),
        }
    }

    /// Adds the bets of one window (of all its strata, or one after the other) that started in `hour`, counted from 0 at the
    /// beginning of the evidence.
    pub fn add(&mut self, hour: u64, gains: [f64; N]) {
        if hour > self.hour {
            *self = self.open(hour);
        }
        self.gain(gains);
    }

    /// Adds the bets of one window of the hour reached.
    pub fn gain(&mut self, gains: [f64; N]) {
        for (sum, gain) in self.gains.iter_mut().zip(gains) {
            *sum += gain;
        }
    }

    /// The beginning of a later hour, after the windows so far. Of an hour that has begun: the same.
    ///
    /// The stakes of the hours a+1 to b add up to ½(1−ρ)^a·(1 − (1−ρ)^(b−a)).
    #[must_use]
    pub fn open(&self, hour: u64) -> Self {
        if hour <= self.hour {
            return *self;
        }
        let hours = (hour - self.hour) as f64;
        let placed = -(hours * (-RATE).ln_1p()).exp_m1();
        let stake = self.ln_unspent + (placed / N as f64).ln();
        Self {
            ln_wealth: self.wealth().map(|wealth| ln_add_exp(wealth, stake)),
            gains: [0.0; N],
            hour,
            ln_unspent: ln_unspent(hour),
        }
    }

    /// These gains of the hour reached instead.
    #[must_use]
    pub fn with_gains(self, gains: [f64; N]) -> Self {
        Self { gains, ..self }
    }

    /// Σ ℓⱼ of the windows of the hour so far.
    pub fn gains(&self) -> [f64; N] {
        self.gains
    }

    /// ln E. 0 without data; large: the hypothesis is refuted.
    pub fn ln_evidence(&self) -> f64 {
        ln_sum_exp(self.wealth().into_iter().chain([self.ln_unspent]))
    }

    /// The hour of the latest window.
    pub fn hour(&self) -> u64 {
        self.hour
    }

    fn wealth(&self) -> [f64; N] {
        let mut wealth = self.ln_wealth;
        for (wealth, gain) in wealth.iter_mut().zip(self.gains) {
            *wealth += gain;
        }
        wealth
    }
}

/// The stake of the start before this hour (0: before the first window), all alternatives together: ½, then ½ρ(1−ρ)^(hour−1).
/// The evidence of all starts together is never below that of one of them times its stake.
pub fn stake(hour: u64) -> f64 {
    match hour.checked_sub(1) {
        None => AT_ONCE,
        Some(before) => RATE * ln_unspent(before).exp(),
    }
}

/// ln of what is not staked by `hour`: ½(1−ρ)^hour.
fn ln_unspent(hour: u64) -> f64 {
    (1.0 - AT_ONCE).ln() + hour as f64 * (-RATE).ln_1p()
}

#[cfg(test)]
mod tests;
