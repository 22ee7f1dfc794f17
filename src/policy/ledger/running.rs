//! One test on its way through the windows: what each end changes, and what its highest evidence was.

use super::asked::plus;
use crate::evidence::Restarts;
use crate::evidence::grid::POINTS;

/// ln 20: evidence at which anything is worth a look.
pub(in crate::policy) const LN_NOTICE: f64 = 2.995_732_273_553_991;

/// Evidence that began later must be so much stronger (in nats) to be told as such.
const CLEARLY: f64 = 2.0;

/// The highest evidence so far, which stays whatever comes after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// ln E; 0 before the first window, since E starts at 1.
    pub highest: f64,
    /// The end it was at.
    pub at: usize,
    /// Its most likely beginning, as of then: the place of an hour.
    pub since: usize,
    /// The first end at which it was worth a look.
    pub noticed: Option<usize>,
    /// The earliest of all beginnings since then: whatever was counted from there only grows.
    pub earliest: usize,
    /// Most failures in an end that set a record worth a look.
    pub failures: u64,
}

/// A test within an hour. Its wealth when the hour began, the gains since then and the highest evidence before it are kept apart,
/// so that an hour can be weighed again, and so that it can be opened after another past without weighing its windows again.
///
/// All sums are made within hours first, and hours are then added: that they always are, in one order, is what makes the
/// numbers the same to the bit on every way to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    restarts: Restarts,
    /// The highest gains of each alternative at the ends of this hour.
    most: [f64; POINTS],
    /// Σ ℓ(g) before this hour, and where that was lowest at the beginning of an hour.
    sum: [f64; POINTS],
    lowest: [(f64, usize); POINTS],
    opened: Record,
    pub record: Record,
}

impl Running {
    /// Before the first hour.
    pub(super) fn new(stakes: Restarts) -> Self {
        let record = Record {
            highest: 0.0,
            at: 0,
            since: 0,
            noticed: None,
            earliest: 0,
            failures: 0,
        };
        Self {
            restarts: stakes,
            most: [f64::NEG_INFINITY; POINTS],
            sum: [0.0; POINTS],
            lowest: [(0.0, 0); POINTS],
            opened: record,
            record,
        }
    }

    /// The beginning of the hour with this `place`.
    pub(super) fn open(&self, place: usize, hour: u64) -> Self {
        let sum = plus(self.sum, self.restarts.gains());
        let mut lowest = self.lowest;
        for ((lowest, at), sum) in lowest.iter_mut().zip(sum) {
            if sum < *lowest {
                (*lowest, *at) = (sum, place);
            }
        }
        Self {
            restarts: self.restarts.open(hour),
            most: [f64::NEG_INFINITY; POINTS],
            sum,
            lowest,
            opened: self.record,
            record: self.record,
        }
    }

    /// The same hour, with all its gains, after another past.
    pub(super) fn reopen(&mut self, before: &Self, place: usize, hour: u64) {
        let (gains, most) = (self.restarts.gains(), self.most);
        *self = before.open(place, hour);
        self.restarts = self.restarts.with_gains(gains);
        self.most = most;
    }

    /// Back to the beginning of the hour.
    pub(super) fn rewind(&mut self) {
        self.restarts = self.restarts.with_gains([0.0; POINTS]);
        self.most = [f64::NEG_INFINITY; POINTS];
        self.record = self.opened;
    }

    /// Starts with these stakes alone, for a range that stands alone.
    pub(super) fn restart(&mut self, stakes: Restarts) {
        self.restarts = stakes;
    }

    /// Adds the gains of an end (`None`: nothing).
    pub(super) fn add(&mut self, gains: Option<[f64; POINTS]>) {
        if let Some(gains) = gains {
            self.restarts.gain(gains);
        }
        for (most, gain) in self.most.iter_mut().zip(self.restarts.gains()) {
            *most = most.max(gain);
        }
    }

    /// Takes the evidence at the `k`-th end into the record. Most ends are far below it, which a look at the largest term tells.
    pub(super) fn settle(&mut self, k: usize, cost: f64, failures: u64) {
        if self.restarts.ln_evidence_at_most() - cost > self.record.highest {
            self.note(k, self.now() - cost, failures);
        }
    }

    /// Takes this evidence at the `k`-th end into the record.
    pub(super) fn note(&mut self, k: usize, evidence: f64, failures: u64) {
        if evidence <= self.record.highest {
            return;
        }
        let since = self.began();
        let record = &mut self.record;
        (record.highest, record.at, record.since) = (evidence, k, since);
        if evidence >= LN_NOTICE {
            let earliest = record.noticed.map_or(since, |_| record.earliest.min(since));
            record.noticed.get_or_insert(k);
            record.earliest = earliest;
            record.failures = record.failures.max(failures);
        }
    }

    /// ln E now.
    pub(super) fn now(&self) -> f64 {
        self.restarts.ln_evidence()
    }

    /// What it surely is not above.
    pub(super) fn now_at_most(&self) -> f64 {
        self.restarts.ln_evidence_at_most()
    }

    /// What it surely was not above at any end of this hour.
    pub(super) fn highest_at_most(&self) -> f64 {
        self.restarts.with_gains(self.most).ln_evidence_at_most()
    }

    /// The most likely beginning of what is seen now: the start of an hour from which on the best alternative has gained most
    /// (the maximum-likelihood estimate of a change, Page 1954), where that is clearly more than from the first window on; else
    /// the first hour.
    pub(super) fn began(&self) -> usize {
        let now = plus(self.sum, self.restarts.gains());
        let from_start = now.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let (mut most, mut place) = (from_start, 0);
        for (now, (lowest, at)) in now.into_iter().zip(self.lowest) {
            if now - lowest > most {
                (most, place) = (now - lowest, at);
            }
        }
        if most >= from_start + CLEARLY {
            place
        } else {
            0
        }
    }
}
