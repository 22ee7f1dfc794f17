//! One metric's windows in order, and which of them have to be weighed again.

use super::Terms;
use super::asked::Tests;
use super::hours::{End, Hours};
use super::past::Past;
use crate::domain::{Metric, SourceId, Timestamp};
use crate::policy::observation::Paired;
use crate::policy::rule::{Policy, Rule};

/// Everything of one metric.
#[derive(Clone, Debug)]
pub struct Book {
    metric: Metric,
    source: SourceId,
    terms: Terms,
    /// The rules about this metric, with their places in the policy.
    rules: Vec<(usize, Rule)>,
    /// By end, start and stratum; start and stratum name a window.
    windows: Vec<Paired>,
    /// Start of the new version's first window with a trial.
    pub(super) first: Option<Timestamp>,
    pub(super) past: Past,
    /// How many windows ended by `first`.
    past_windows: usize,
    pub(super) asked: Tests,
    pub(super) hours: Hours,
}

/// Windows that took the place of others.
struct Change {
    /// The place of the first.
    from: usize,
    added: usize,
    removed: usize,
    /// The first and the last end of all these.
    least: Timestamp,
    most: Timestamp,
}

impl Book {
    pub(super) fn new(policy: &Policy, terms: Terms, metric: Metric, source: SourceId) -> Self {
        let rules = policy.rules.iter().cloned().enumerate();
        let rules: Vec<_> = rules.filter(|(_, rule)| rule.metric == metric).collect();
        let past = Past::unknown(metric.counts_users(), &terms);
        let asked = Tests::new(&rules, &metric, terms.baseline, &past);
        Self {
            metric,
            source,
            terms,
            rules,
            windows: Vec::new(),
            first: None,
            past,
            past_windows: 0,
            asked,
            hours: Hours::default(),
        }
    }

    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// By end, start and stratum.
    pub fn windows(&self) -> &[Paired] {
        &self.windows
    }

    /// What the baseline was before the new version came; nothing is known of it until then.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// From `since` on the windows are these; earlier ones stay.
    pub(super) fn set(&mut self, since: Option<Timestamp>, mut windows: Vec<Paired>) {
        let mut kept = 0;
        if let Some(since) = since {
            // What ends by then starts before it, and stays; and so does what reaches over it.
            let stays = |window: &Paired| (window.end(), window.start) < (since, since);
            kept = self.windows.partition_point(stays);
            windows.retain(|window| window.start >= since);
            let rest = self.windows.get(kept..).unwrap_or_default();
            windows.extend(rest.iter().filter(|window| window.start < since).cloned());
        }
        if !windows.is_sorted_by(|a, b| in_order(a, b).is_le()) {
            windows.sort_by(in_order);
        }
        let rest = self.windows.get(kept..).unwrap_or_default();
        let alike = |(a, b): &(&Paired, &Paired)| a == b;
        let same = rest.iter().zip(&windows).take_while(alike).count();
        let least = rest.len().min(windows.len()) - same;
        let backwards = rest.iter().rev().zip(windows.iter().rev());
        let same_again = backwards.take(least).take_while(alike).count();
        let old = same..rest.len() - same_again;
        let new = same..windows.len() - same_again;
        let Some(change) = Change::of(
            kept + same,
            rest.get(old.clone()).unwrap_or_default(),
            windows.get(new.clone()).unwrap_or_default(),
        ) else {
            return;
        };
        self.windows
            .splice(kept + old.start..kept + old.end, windows.drain(new));
        self.weigh(&change);
    }

    /// Adds one window.
    pub(super) fn push(&mut self, window: Paired) {
        let start = window.start;
        if self
            .windows
            .last()
            .is_none_or(|last| last.end() <= start && last.start < start)
        {
            let from = self.windows.len();
            let change = Change::of(from, &[], std::slice::from_ref(&window));
            self.windows.push(window);
            if let Some(change) = change {
                self.weigh(&change);
            }
            return;
        }
        let at = self
            .windows
            .binary_search_by(|other| in_order(other, &window));
        if let Some((from, known)) = at.ok().and_then(|at| Some((at, self.windows.get_mut(at)?))) {
            if *known != window {
                let change = Change::of(
                    from,
                    std::slice::from_ref(known),
                    std::slice::from_ref(&window),
                );
                *known = window;
                if let Some(change) = change {
                    self.weigh(&change);
                }
            }
            return;
        }
        // It may be one of another length now.
        let others = self.windows.iter().filter(|other| {
            other.start > start || (other.start == start && other.stratum != window.stratum)
        });
        let mut windows: Vec<_> = others.cloned().collect();
        windows.push(window);
        self.set(Some(start), windows);
    }

    /// Weighs what has changed.
    fn weigh(&mut self, change: &Change) {
        let added = self.windows.get(change.from..change.from + change.added);
        let came = |window: &Paired| window.new.trials > 0;
        match (self.first, self.hours.ends.first()) {
            // Before the first end everything is past, and the evidence starts with it.
            (Some(first), Some(end)) if change.least > end.at => self.weigh_again(change, first),
            // Nobody runs the new version yet.
            (None, _) if !added.unwrap_or_default().iter().any(came) => {}
            _ => self.begin(change.from),
        }
    }

    fn weigh_again(&mut self, change: &Change, first: Timestamp) {
        let last = self.hours.ends.last();
        if last.is_some_and(|last| last.at < change.least) {
            return self.feed(change.from, self.windows.len(), first);
        }
        // Every range stands alone, and costs by its place.
        let tail = if self.asked.ranges {
            Default::default()
        } else {
            self.hours.detach(change.most)
        };
        let by = change.added.cast_signed() - change.removed.cast_signed();
        let until = tail.0.first().map_or(self.windows.len(), |end| {
            end.from().saturating_add_signed(by)
        });
        let ends = &self.hours.ends;
        let k = ends.partition_point(|end| end.at < change.least);
        self.hours.cut(&self.asked, k, &self.windows);
        let last = self.hours.ends.last();
        self.feed(last.map_or(0, End::until), until, first);
        self.hours
            .attach(&self.asked, tail, change.most, by, &self.windows, first);
    }

    /// Weighs everything; windows before the place `same` are what they were.
    fn begin(&mut self, same: usize) {
        self.hours.clear();
        let mut came = self.windows.iter().filter(|window| window.new.trials > 0);
        let first = came.next().map(|first| {
            let together = came.take_while(|window| window.end() == first.end());
            together
                .map(|window| window.start)
                .fold(first.start, Timestamp::min)
        });
        let Some(first) = first else {
            self.first = None;
            self.past = Past::unknown(self.metric.counts_users(), &self.terms);
            return;
        };
        let past = self.windows.partition_point(|window| window.end() <= first);
        if self.first != Some(first) || past != self.past_windows || same < past {
            self.past_windows = past;
            let past = self.windows.get(..past).unwrap_or_default();
            self.past = Past::new(past, first, self.metric.counts_users(), &self.terms);
            let baseline = self.terms.baseline;
            self.asked = Tests::new(&self.rules, &self.metric, baseline, &self.past);
        }
        self.first = Some(first);
        let counts = |window: &&Paired| window.new.trials > 0 && self.counts(window);
        if let Some(end) = self.windows.iter().find(counts).map(Paired::end) {
            let from = self.windows.partition_point(|window| window.end() < end);
            let rest = self.windows.get(from..).unwrap_or_default();
            let together = rest.chunk_by(|a, b| a.end() == b.end());
            self.hours.reserve(together.count());
            self.feed(from, self.windows.len(), first);
        }
    }

    /// Whether it is evidence: it started after the last resume.
    fn counts(&self, window: &Paired) -> bool {
        self.terms.from.is_none_or(|from| window.start >= from)
    }

    /// Weighs the windows of these places, end by end.
    fn feed(&mut self, from: usize, until: usize, first: Timestamp) {
        let mut from = from;
        while let Some(at) = self
            .windows
            .get(from)
            .map(Paired::end)
            .filter(|_| from < until)
        {
            let rest = self.windows.get(from..until).unwrap_or_default();
            let many = rest.iter().take_while(|window| window.end() == at).count();
            let group = rest.get(..many).unwrap_or_default();
            // Of an end that reaches over a resume, what began after it counts.
            let skip = group.iter().position(|window| self.counts(window));
            if let Some(skip) = skip {
                let own = group.get(skip..).unwrap_or_default();
                self.hours
                    .append(&self.asked, from + skip, own, &self.windows, first);
            }
            from += many;
        }
    }
}

impl Change {
    /// `old` windows from the place `from` on became `new` ones; `None` where there are neither.
    fn of(from: usize, old: &[Paired], new: &[Paired]) -> Option<Self> {
        let end = |window: Option<&Paired>| window.map(Paired::end);
        let ends = [
            end(old.first()),
            end(new.first()),
            end(old.last()),
            end(new.last()),
        ];
        Some(Self {
            from,
            added: new.len(),
            removed: old.len(),
            least: ends.into_iter().flatten().min()?,
            most: ends.into_iter().flatten().max()?,
        })
    }
}

fn in_order(a: &Paired, b: &Paired) -> std::cmp::Ordering {
    (a.end(), a.start, &a.stratum).cmp(&(b.end(), b.start, &b.stratum))
}
