//! The ends of the windows, in hours: the evidence at each of them, with a checkpoint at the beginning of each hour.

use chrono::TimeDelta;

use super::asked::{Entry, Test, Tests, is_absent};
use super::running::{Moved, Running};
use crate::domain::{Counts, Timestamp};
use crate::evidence::bound;
use crate::policy::observation::Paired;

/// How far back the baseline's presence is judged: long enough to smooth a small app, short enough to notice that a rollout was
/// completed.
const LATELY: TimeDelta = TimeDelta::hours(6);

/// How many of the latest hours can be gone back to at once; of older ones one in [`APART`] can. Each keeps every test as it was
/// then, which is far more than its windows, and what is older is hardly ever told anew.
const NEAR: usize = 12;
const APART: usize = 24;

/// Everything that ends at one moment. There are thousands of them an app: what its windows tell is not said again.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub at: Timestamp,
    /// The place of its first window, and how many it has.
    from: usize,
    many: u32,
    /// Days that the new version had been out.
    age: u16,
    /// Hardly anybody ran the baseline lately, though it was read.
    absent: bool,
}

impl End {
    pub(super) fn windows<'a>(&self, windows: &'a [Paired]) -> &'a [Paired] {
        windows.get(self.from..self.until()).unwrap_or_default()
    }

    /// Counts of both versions.
    pub(super) fn counts(&self, windows: &[Paired]) -> (Counts, Counts) {
        both(self.windows(windows))
    }

    /// The place of its first window.
    pub(super) fn from(&self) -> usize {
        self.from
    }

    /// The place after its last window.
    pub(super) fn until(&self) -> usize {
        self.from + self.many as usize
    }

    pub(super) fn age(&self) -> usize {
        self.age.into()
    }
}

fn both(windows: &[Paired]) -> (Counts, Counts) {
    let new = windows.iter().map(|window| window.new).sum();
    let old = windows.iter().map(|window| window.old).sum();
    (new, old)
}

/// Counts of both versions that no number of windows overflows, so that differences of sums are exact.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    new: Sum,
    old: Sum,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    trials: u128,
    failures: u128,
}

impl Sums {
    fn with(self, (new, old): (Counts, Counts)) -> Self {
        Self {
            new: self.new.with(new),
            old: self.old.with(old),
        }
    }

    fn minus(self, before: Self) -> (Counts, Counts) {
        (self.new.minus(before.new), self.old.minus(before.old))
    }
}

impl Sum {
    fn with(self, counts: Counts) -> Self {
        Self {
            trials: self.trials + u128::from(counts.trials),
            failures: self.failures + u128::from(counts.failures),
        }
    }

    fn minus(self, before: Self) -> Counts {
        let count = |all: u128, gone| u64::try_from(all.saturating_sub(gone)).unwrap_or(u64::MAX);
        Counts {
            trials: count(self.trials, before.trials),
            failures: count(self.failures, before.failures),
        }
    }
}

/// The ends whose windows start within one hour of the evidence (or before, where they are longer).
#[derive(Clone, Debug)]
pub(super) struct Hour {
    pub number: u64,
    /// Its first end, and the start of that.
    pub end: usize,
    pub start: Timestamp,
    /// What it adds to the two sums of the Mantel–Haenszel ratio, and what came before it.
    pub mantel: (f64, f64),
    pub mantel_before: (f64, f64),
    /// What was counted before it.
    sums_before: Sums,
    /// By place in [`Tests::entries`]; empty where it cannot be gone back to.
    pub tests: Vec<Running>,
}

/// An hour before its last end.
#[derive(Clone, Debug, Default)]
struct Undo {
    /// The place of that end; `None`: of none.
    of: Option<usize>,
    mantel: (f64, f64),
    tests: Vec<Moved>,
}

impl Undo {
    /// Before the `k`-th end comes into this hour. Into the memory at hand, since this is done at every end.
    fn note(&mut self, k: usize, hour: &Hour) {
        self.of = Some(k);
        self.mantel = hour.mantel;
        self.tests.clear();
        let moved = hour.tests.iter().map(|running| running.moved);
        self.tests.extend(moved);
    }

    fn restore(&self, hour: &mut Hour) {
        hour.mantel = self.mantel;
        for (running, moved) in hour.tests.iter_mut().zip(&self.tests) {
            running.moved = *moved;
        }
    }
}

impl Hour {
    /// Weighs the `k`-th end, with its own windows; `sums` are from the first end to this one.
    fn weigh(&mut self, asked: &Tests, k: usize, end: &End, windows: &[Paired], sums: Sums) {
        for window in windows {
            let (above, below) = bound::mantel_haenszel(window.new, window.old);
            self.mantel = (self.mantel.0 + above, self.mantel.1 + below);
        }
        let mut noticed = None;
        for (entry, running) in asked.entries.iter().zip(&mut self.tests) {
            running.add(asked.gains(&entry.test, end.age(), windows));
            let own = both(windows);
            settle(asked, (entry, running), k, (end, own, sums), noticed);
            if entry.rule.is_none() {
                noticed = running.record().noticed;
            }
        }
    }
}

/// Takes the evidence at the `k`-th end into the record of a test where it counts; `noticed` is the first end at which the new
/// version was evidently worse. Of the end: what it counts, and what was counted up to it.
fn settle(
    asked: &Tests,
    (entry, running): (&Entry, &mut Running),
    k: usize,
    (end, own, sums): (&End, (Counts, Counts), Sums),
    noticed: Option<usize>,
) {
    let to_blame = end.absent || noticed.is_some_and(|noticed| noticed <= k);
    if entry.blamed && !to_blame {
        return;
    }
    let cost = asked.cost(k);
    if let Test::Drop { points, divisor } = entry.test {
        let counts = if asked.ranges {
            own
        } else {
            sums.minus(Sums::default())
        };
        if let Some(evidence) = asked.drop(points, divisor, counts) {
            running.note(k, evidence - cost, own.0.failures);
        }
    } else {
        running.settle(k, cost, own.0.failures);
    }
}

/// All ends and all hours.
#[derive(Clone, Debug, Default)]
pub(super) struct Hours {
    pub ends: Vec<End>,
    pub all: Vec<Hour>,
    /// The last hour before the last end, where that is not its first.
    undo: Undo,
    /// The first end that the baseline's presence is judged by at the last one.
    lately: usize,
}

impl Hours {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Makes room for so many more ends.
    pub(super) fn reserve(&mut self, ends: usize) {
        self.ends.reserve_exact(ends);
    }

    /// Adds the windows that end at one moment, the first of which has the place `from`; `all` are the windows of the ends before
    /// it at least. The new version came at `first`.
    pub(super) fn append(
        &mut self,
        asked: &Tests,
        from: usize,
        windows: &[Paired],
        all: &[Paired],
        first: Timestamp,
    ) {
        let Some(window) = windows.first() else {
            return;
        };
        // Those that end together are ordered by their starts.
        let (at, start) = (window.end(), window.start);
        let k = self.ends.len();
        let hour = if asked.ranges {
            k as u64
        } else {
            let began = self.all.first().map_or(start, |hour| hour.start);
            u64::try_from((start - began).num_hours()).unwrap_or(0)
        };
        let own = both(windows);
        let before = self.sums(k, all);
        let sums = before.with(own);
        let end = End {
            at,
            from,
            many: u32::try_from(windows.len()).unwrap_or(u32::MAX),
            age: u16::try_from((start - first).num_days().max(0)).unwrap_or(u16::MAX),
            absent: self.is_absent(asked, at, own, sums, all),
        };
        match self.all.last() {
            Some(last) if hour <= last.number => self.undo.note(k, last),
            last => {
                let place = self.all.len();
                let entries = asked.entries.iter();
                let mut tests: Vec<Running> = match last {
                    Some(last) => {
                        let tests = last.tests.iter();
                        tests.map(|running| running.open(place, hour)).collect()
                    }
                    None => entries.map(|_| Running::new(asked.stakes())).collect(),
                };
                for running in tests.iter_mut().filter(|_| asked.ranges) {
                    running.restart(asked.stakes());
                }
                self.all.push(Hour {
                    number: hour,
                    end: k,
                    start,
                    mantel: (0.0, 0.0),
                    mantel_before: self.mantel(),
                    sums_before: before,
                    tests,
                });
                self.thin_out(asked, place);
            }
        }
        if let Some(last) = self.all.last_mut() {
            last.weigh(asked, k, &end, windows, sums);
        }
        self.ends.push(end);
    }

    /// The hour at this place is the last one: one that is not near any more is not gone back to. Ranges are few.
    fn thin_out(&mut self, asked: &Tests, place: usize) {
        let far = place
            .checked_sub(NEAR)
            .filter(|far| !far.is_multiple_of(APART));
        if let Some(hour) = far.and_then(|far| self.all.get_mut(far))
            && !asked.ranges
        {
            hour.tests = Vec::new();
        }
    }

    /// From where on ends can be weighed again where those from the `k`-th on have to: what came before that is at hand.
    fn back_to(&self, k: usize) -> usize {
        let place = self.all.partition_point(|hour| hour.end < k);
        let before = self.all.get(..place).unwrap_or_default();
        let far = before.iter().rev().take_while(|hour| hour.tests.is_empty());
        match far.last() {
            Some(hour) => hour.end,
            None => k,
        }
    }

    /// Forgets all ends from the `k`-th on, or from where they can be weighed again. `windows` are those of the others.
    pub(super) fn cut(&mut self, asked: &Tests, k: usize, windows: &[Paired]) {
        let many = self.ends.len();
        let k = self.back_to(k);
        if k >= many {
            return;
        }
        self.lately = 0;
        let place = self.all.partition_point(|hour| hour.end < k);
        let is_whole = self.all.get(place).is_some_and(|hour| hour.end == k);
        self.all.truncate(place);
        self.ends.truncate(k);
        let Some(last) = self.all.last_mut().filter(|_| !is_whole) else {
            return;
        };
        if self.undo.of == Some(k) && k + 1 == many {
            self.undo.restore(last);
            return;
        }
        last.tests.iter_mut().for_each(Running::rewind);
        last.mantel = (0.0, 0.0);
        let mut sums = last.sums_before;
        for (k, end) in self.ends.iter().enumerate().skip(last.end) {
            sums = sums.with(end.counts(windows));
            last.weigh(asked, k, end, end.windows(windows), sums);
        }
    }

    /// Takes out the hours that begin after the ends up to `through`, for [`Hours::attach`]; none where some of them cannot be
    /// gone back to: they are weighed again.
    pub(super) fn detach(&mut self, through: Timestamp) -> (Vec<End>, Vec<Hour>) {
        let k = self.ends.partition_point(|end| end.at <= through);
        let place = self.all.partition_point(|hour| hour.end < k);
        let far = |hour: &Hour| hour.tests.is_empty();
        if self.all.iter().skip(place).any(far) {
            return Default::default();
        }
        let hours = self.all.split_off(place);
        let Some(first) = hours.first() else {
            return Default::default();
        };
        (self.undo.of, self.lately) = (None, 0);
        (self.ends.split_off(first.end), hours)
    }

    /// Puts them back after another past, in which ends up to `changed` are not what they were, and the windows have moved
    /// `by` so many places. The windows of an hour are weighed again only where its evidence might be a new record.
    pub(super) fn attach(
        &mut self,
        asked: &Tests,
        (ends, hours): (Vec<End>, Vec<Hour>),
        changed: Timestamp,
        by: isize,
        windows: &[Paired],
        first: Timestamp,
    ) {
        let mut ends = ends.into_iter().peekable();
        let mut hours = hours.into_iter().peekable();
        while let Some(mut hour) = hours.next() {
            let many = hours.peek().map_or(usize::MAX, |next| next.end - hour.end);
            // Longer windows before it may reach into its hour now.
            let is_same = self.all.last().is_none_or(|last| last.number < hour.number);
            hour.end = self.ends.len();
            for _ in 0..many {
                let Some(mut end) = ends.next() else {
                    break;
                };
                end.from = end.from.saturating_add_signed(by);
                if !is_same {
                    self.append(asked, end.from, end.windows(windows), windows, first);
                    continue;
                }
                if end.at - changed <= LATELY {
                    let own = end.counts(windows);
                    let sums = self.sums(self.ends.len(), windows).with(own);
                    end.absent = self.is_absent(asked, end.at, own, sums, windows);
                }
                self.ends.push(end);
            }
            if is_same {
                self.reopen(asked, &mut hour, windows);
                self.all.push(hour);
            }
        }
    }

    fn reopen(&self, asked: &Tests, hour: &mut Hour, windows: &[Paired]) {
        hour.mantel_before = self.mantel();
        hour.sums_before = self.sums(hour.end, windows);
        let own = || self.ends.iter().enumerate().skip(hour.end);
        let nobody = !own().any(|(_, end)| end.absent);
        let mut noticed = None;
        let before = self.all.last().into_iter().flat_map(|last| &last.tests);
        for ((entry, running), before) in asked.entries.iter().zip(&mut hour.tests).zip(before) {
            running.reopen(before, self.all.len(), hour.number);
            let is_drop = matches!(entry.test, Test::Drop { .. });
            let blameless = entry.blamed && nobody && noticed.is_none();
            if !blameless && (is_drop || running.may_set_record()) {
                running.rewind();
                let mut sums = hour.sums_before;
                for (k, end) in own() {
                    let counts = end.counts(windows);
                    sums = sums.with(counts);
                    running.add(asked.gains(&entry.test, end.age(), end.windows(windows)));
                    settle(asked, (entry, running), k, (end, counts, sums), noticed);
                }
            }
            if entry.rule.is_none() {
                noticed = running.record().noticed;
            }
        }
    }

    /// The two sums of the Mantel–Haenszel ratio, so far.
    pub(super) fn mantel(&self) -> (f64, f64) {
        let last = self.all.last();
        last.map_or((0.0, 0.0), |last| {
            let (above, below) = last.mantel_before;
            (above + last.mantel.0, below + last.mantel.1)
        })
    }

    /// What was counted before the `k`-th end.
    fn sums(&self, k: usize, windows: &[Paired]) -> Sums {
        let place = self.all.partition_point(|hour| hour.end <= k);
        let hour = place.checked_sub(1).and_then(|place| self.all.get(place));
        let (before, from) =
            hour.map_or_else(Default::default, |hour| (hour.sums_before, hour.end));
        let ends = self.ends.get(from..k).unwrap_or_default();
        let counts = ends.iter().map(|end| end.counts(windows));
        counts.fold(before, Sums::with)
    }

    /// Whether the baseline is too small to compare with, at an end that is not in yet: what it counts, and what was counted up
    /// to it.
    fn is_absent(
        &mut self,
        asked: &Tests,
        at: Timestamp,
        (new, old): (Counts, Counts),
        sums: Sums,
        windows: &[Paired],
    ) -> bool {
        if asked.ranges {
            return is_absent(new, old);
        }
        let long_ago = |before: &End| at - before.at > LATELY;
        if self.lately == 0 {
            self.lately = self.ends.partition_point(long_ago);
        }
        while self.ends.get(self.lately).is_some_and(long_ago) {
            self.lately += 1;
        }
        let (new, old) = sums.minus(self.sums(self.lately, windows));
        is_absent(new, old)
    }

    /// Whether it was so at the last end.
    pub(super) fn is_baseline_absent(&self) -> bool {
        self.ends.last().is_some_and(|end| end.absent)
    }

    /// Counts of both versions from the `k`-th end on.
    pub(super) fn counts(&self, k: usize, windows: &[Paired]) -> (Counts, Counts) {
        let all = self.sums(self.ends.len(), windows);
        all.minus(self.sums(k, windows))
    }
}
