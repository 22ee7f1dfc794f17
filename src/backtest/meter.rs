//! How far a rollout has come at a moment, by its principal metric: what every contender's moments are measured with.

use chrono::TimeDelta;

use super::{Moment, Outcome, Rollout};
use crate::domain::{Counts, PlainText, Timestamp, Verb};
use crate::policy::Paired;

/// The time over which the new version's share of the trials is taken.
const LATELY: TimeDelta = TimeDelta::hours(1);

/// Goes through the windows with time.
pub(super) struct Meter<'a> {
    rollout: &'a Rollout,
    began: Timestamp,
    /// With their ends, by which they are ordered; from the beginning of the new version on.
    windows: Vec<(Timestamp, &'a Paired)>,
    /// So many have ended, and so many of those before the last hour.
    seen: usize,
    left: usize,
    new: Counts,
    old: Counts,
    recent: (u64, u64),
    /// Of the new version at the end, and how often the baseline failed meanwhile.
    total: Counts,
    old_rate: f64,
    /// Unique users do not add up: the last window says how many there are.
    ranges: bool,
}

impl<'a> Meter<'a> {
    /// `None` where nobody ran the version.
    pub(super) fn new(rollout: &'a Rollout) -> Option<Self> {
        let began = rollout.began()?;
        let series = rollout.principal()?;
        let with_end = series.windows.iter().map(|window| (window.end(), window));
        let mut windows: Vec<_> = with_end.filter(|(end, _)| *end > began).collect();
        windows.sort_by_key(|(end, _)| *end);
        let ranges = series.metric.counts_users();
        let sum = |of: fn(&Paired) -> Counts| {
            let counts = windows.iter().map(|(_, window)| of(window));
            counts.sum::<Counts>()
        };
        let last = windows.last();
        let last = last.map_or(Counts::default(), |(_, window)| window.new);
        Some(Self {
            rollout,
            began,
            total: if ranges {
                last
            } else {
                sum(|window| window.new)
            },
            old_rate: sum(|window| window.old).failure_rate().unwrap_or(0.0),
            windows,
            seen: 0,
            left: 0,
            new: Counts::default(),
            old: Counts::default(),
            recent: (0, 0),
            ranges,
        })
    }

    pub(super) fn began(&self) -> Timestamp {
        self.began
    }

    /// Takes in what has ended by `now`.
    pub(super) fn reach(&mut self, now: Timestamp) {
        while let Some((_, window)) = self.windows.get(self.seen).filter(|(end, _)| *end <= now) {
            (self.new, self.old) = if self.ranges {
                (window.new, window.old)
            } else {
                (self.new + window.new, self.old + window.old)
            };
            self.recent.0 += window.new.trials;
            self.recent.1 += window.old.trials;
            self.seen += 1;
        }
        let long_ago = |end: Timestamp| now - end >= LATELY;
        // The last window always counts, however long ago it was.
        while self.left + 1 < self.seen
            && let Some((_, window)) = self
                .windows
                .get(self.left)
                .filter(|(end, _)| long_ago(*end))
        {
            self.recent.0 = self.recent.0.saturating_sub(window.new.trials);
            self.recent.1 = self.recent.1.saturating_sub(window.old.trials);
            self.left += 1;
        }
    }

    /// Both versions since the beginning.
    pub(super) fn totals(&self) -> (Counts, Counts) {
        (self.new, self.old)
    }

    /// As [`Moment::exposed`].
    pub(super) fn exposed(&self, now: Timestamp) -> f64 {
        let (new, old) = self.recent;
        if old > 0 {
            return new as f64 / (new as f64 + old as f64);
        }
        let offered = self.rollout.exposure_at(now);
        offered.map_or(f64::from(u8::from(new > 0)), |(_, exposure)| {
            exposure.fraction()
        })
    }

    /// Something is decided now.
    pub(super) fn moment(
        &self,
        at: Timestamp,
        verb: Option<Verb>,
        rule: Option<PlainText>,
        sentence: PlainText,
        ln_evidence: Option<f64>,
    ) -> Moment {
        let after = Counts {
            trials: self.total.trials.saturating_sub(self.new.trials),
            failures: self.total.failures.saturating_sub(self.new.failures),
        };
        Moment {
            at,
            verb,
            rule,
            sentence,
            ln_evidence,
            trials: self.new.trials,
            failures: self.new.failures,
            hours: (at - self.began).as_seconds_f64() / 3_600.0,
            exposed: self.exposed(at),
            exposure: self.rollout.exposure_at(at).map(|(_, exposure)| exposure),
            avoidable: after.failures as f64 - self.old_rate * after.trials as f64,
        }
    }

    /// An outcome in which nothing has been decided yet.
    pub(super) fn outcome(&self) -> Outcome {
        let onset = self.rollout.onset;
        let before = self
            .windows
            .iter()
            .filter(|(_, window)| onset.is_some_and(|onset| window.start < onset));
        Outcome {
            trials_at_onset: before.map(|(_, window)| window.new.trials).sum(),
            trials: self.total.trials,
            ..Outcome::nothing(self.rollout)
        }
    }
}

impl Outcome {
    /// Of a rollout in which nothing was decided.
    pub(super) fn nothing(rollout: &Rollout) -> Self {
        Self {
            app: rollout.app.clone(),
            version: rollout.version.clone(),
            began: rollout.began(),
            ended: rollout.ended(),
            onset: rollout.onset,
            polls: 0,
            unknown: 0,
            notice: None,
            pause: None,
            halt: None,
            withheld: None,
            trials_at_onset: 0,
            trials: 0,
            trail: Vec::new(),
        }
    }
}
