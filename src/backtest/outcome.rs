//! What one contender would have done with one rollout.
//!
//! Facts of one replay; what they amount to over many is [`score`](super::score)'s.

use serde::Serialize;

use crate::domain::{Exposure, Health, PlainText, Timestamp, Verb};

/// One rollout, as one contender would have lived it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    pub app: PlainText,
    pub version: PlainText,
    /// Start of the version's first window with a trial; `None`: nobody ever ran it, and nothing was decided.
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// Since when the version is known to be bad, by whoever labelled it.
    pub onset: Option<Timestamp>,
    /// Polls looked at, and those of them with the verdict *unknown*. Without a trail the replay ends where nothing new can
    /// happen, so that these are fewer than the rollout has.
    pub polls: u32,
    pub unknown: u32,
    /// The first time that the verdict was a warning or worse, or a rule that notifies or holds fired.
    pub notice: Option<Moment>,
    /// The first pause. `None` where the halt came first, or at the same poll.
    pub pause: Option<Moment>,
    /// The first halt. The recorded data go on as recorded after a pause, so that it is seen although the pause would have kept
    /// most of its users away.
    pub halt: Option<Moment>,
    /// The first stop that a rule asked for and that the machine would not have been able or allowed to do, and why.
    pub withheld: Option<Moment>,
    /// Trials of the version up to the onset and to the end; 0 for the first without an onset.
    pub trials_at_onset: u64,
    pub trials: u64,
    /// The verdict over time: an entry at every change, and one an hour. Empty where no trail was asked for.
    pub trail: Vec<Mark>,
}

impl Outcome {
    /// The first stop, pause or halt.
    pub fn stopped(&self) -> Option<&Moment> {
        match (&self.pause, &self.halt) {
            (Some(pause), Some(halt)) if halt.at < pause.at => Some(halt),
            (Some(pause), _) => Some(pause),
            (None, halt) => halt.as_ref(),
        }
    }

    /// From when on a delay is counted: the onset, or the first trial where that is later.
    pub fn bad_since(&self) -> Option<Timestamp> {
        Some(self.onset?.max(self.began?))
    }
}

/// The first time that something was decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    pub at: Timestamp,
    /// What would have been done; `None` for a notice.
    pub verb: Option<Verb>,
    /// The rule that asked for it; `None` for a verdict that is no rule's.
    pub rule: Option<PlainText>,
    /// Why, in the words that people would have got.
    pub sentence: PlainText,
    /// Natural logarithm of the evidence; `None` for the plain comparison.
    pub ln_evidence: Option<f64>,
    /// Trials (sessions) and failures of the version up to then.
    pub trials: u64,
    pub failures: u64,
    /// Since the first trial.
    pub hours: f64,
    /// Share of the users on the version, 0..=1: its share of the trials within the last hour; where there is no baseline to
    /// share with, what the store offered.
    pub exposed: f64,
    /// What the store offered, where that was recorded.
    pub exposure: Option<Exposure>,
    /// Failures after this moment above what the baseline's share would have brought: what an act could spare at most, since
    /// those who have the version keep it.
    pub avoidable: f64,
}

/// The verdict at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mark {
    pub at: Timestamp,
    pub health: Health,
    /// As in [`Moment`].
    pub exposed: f64,
    pub exposure: Option<Exposure>,
}
