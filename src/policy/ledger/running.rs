//! One test on its way through the windows: what each end changes, and what its highest evidence was.

use super::asked::plus;
use crate::evidence::Restarts;
use crate::evidence::grid::POINTS;

/// ln 20: evidence at which anything is worth a look.
pub(in crate::policy) const LN_NOTICE: f64 = 2.995_732_273_553_991;

/// Evidence that began later must be so much stronger (in nats) to be told as such.
const CLEARLY: f64 = 2.0;

/// What rounding may add to evidence, relative to it and at least.
const ROUNDING: f64 = 1e-6;

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

/// What the ends of an hour change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// Σ ℓ(g) since the hour began, and the highest of that at its ends.
    gains: [f64; POINTS],
    most: [f64; POINTS],
    /// What ln E is not above. A window cannot add more than its best alternative gains, so that most ends need no exponentials to
    /// tell that they set no record.
    ceiling: f64,
    record: Record,
}

/// A test within an hour. Its wealth when the hour began, the gains since then and the highest evidence before it are kept apart,
/// so that an hour can be weighed again, and so that it can be opened after another past without weighing its windows again.
///
/// All sums are made within hours first, and hours are then added: that they always are, in one order, is what makes the
/// numbers the same to the bit on every way to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    /// At the beginning of the hour.
    opened: Restarts,
    before: Record,
    /// Σ ℓ(g) before this hour, and where that was lowest at the beginning of an hour.
    sum: [f64; POINTS],
    lowest: [(f64, usize); POINTS],
    pub moved: Moved,
}

impl Moved {
    fn new(record: Record) -> Self {
        Self {
            gains: [0.0; POINTS],
            most: [f64::NEG_INFINITY; POINTS],
            ceiling: f64::INFINITY,
            record,
        }
    }
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
            opened: stakes,
            before: record,
            sum: [0.0; POINTS],
            lowest: [(0.0, 0); POINTS],
            moved: Moved::new(record),
        }
    }

    pub(super) fn record(&self) -> &Record {
        &self.moved.record
    }

    /// The beginning of the hour with this `place`.
    pub(super) fn open(&self, place: usize, hour: u64) -> Self {
        let sum = plus(self.sum, self.moved.gains);
        let mut lowest = self.lowest;
        for ((lowest, at), sum) in lowest.iter_mut().zip(sum) {
            if sum < *lowest {
                (*lowest, *at) = (sum, place);
            }
        }
        Self {
            opened: self.restarts().open(hour),
            before: self.moved.record,
            sum,
            lowest,
            // Placing a stake changes no evidence.
            moved: Moved {
                ceiling: self.moved.ceiling,
                ..Moved::new(self.moved.record)
            },
        }
    }

    /// The same hour, with all its gains, after another past. Its own highest evidence remains to be found.
    pub(super) fn reopen(&mut self, before: &Self, place: usize, hour: u64) {
        let Moved { gains, most, .. } = self.moved;
        *self = before.open(place, hour);
        (self.moved.gains, self.moved.most) = (gains, most);
        self.moved.ceiling = f64::INFINITY;
    }

    /// Back to the beginning of the hour.
    pub(super) fn rewind(&mut self) {
        self.moved = Moved::new(self.before);
    }

    /// Starts with these stakes alone, for a range that stands alone.
    pub(super) fn restart(&mut self, stakes: Restarts) {
        self.opened = stakes;
        self.moved.ceiling = f64::INFINITY;
    }

    /// Adds the gains of an end (`None`: nothing).
    pub(super) fn add(&mut self, gains: Option<[f64; POINTS]>) {
        let moved = &mut self.moved;
        if let Some(gains) = gains {
            let mut best = 0.0_f64;
            for (sum, gain) in moved.gains.iter_mut().zip(gains) {
                *sum += gain;
                best = best.max(gain);
            }
            moved.ceiling += best;
        }
        for (most, gain) in moved.most.iter_mut().zip(moved.gains) {
            *most = most.max(gain);
        }
    }

    /// Takes the evidence at the `k`-th end into the record.
    pub(super) fn settle(&mut self, k: usize, cost: f64, failures: u64) {
        if is_above(self.moved.ceiling - cost, self.record().highest) {
            let now = self.now();
            self.moved.ceiling = now;
            self.note(k, now - cost, failures);
        }
    }

    /// Takes this evidence at the `k`-th end into the record.
    pub(super) fn note(&mut self, k: usize, evidence: f64, failures: u64) {
        if evidence <= self.record().highest {
            return;
        }
        let since = self.began();
        let record = &mut self.moved.record;
        (record.highest, record.at, record.since) = (evidence, k, since);
        if evidence >= LN_NOTICE {
            let earliest = record.noticed.map_or(since, |_| record.earliest.min(since));
            record.noticed.get_or_insert(k);
            record.earliest = earliest;
            record.failures = record.failures.max(failures);
        }
    }

    fn restarts(&self) -> Restarts {
        self.opened.with_gains(self.moved.gains)
    }

    /// ln E now.
    pub(super) fn now(&self) -> f64 {
        self.restarts().ln_evidence()
    }

    /// Whether ln E is that large now.
    pub(super) fn reaches(&self, evidence: f64) -> bool {
        is_above(self.moved.ceiling, evidence) && self.now() >= evidence
    }

    /// Whether some end of this hour may set a record: no alternative ever gained more than its most.
    pub(super) fn may_set_record(&self) -> bool {
        let most = self.opened.with_gains(self.moved.most).ln_evidence();
        is_above(most, self.record().highest)
    }

    /// The most likely beginning of what is seen now: the start of an hour from which on the best alternative has gained most
    /// (the maximum-likelihood estimate of a change, Page 1954), where that is clearly more than from the first window on; else
    /// the first hour.
    pub(super) fn began(&self) -> usize {
        let now = plus(self.sum, self.moved.gains);
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

/// Whether it is, or may be but for rounding.
fn is_above(ceiling: f64, evidence: f64) -> bool {
    ceiling + ROUNDING * ceiling.abs().max(1.0) > evidence
}
