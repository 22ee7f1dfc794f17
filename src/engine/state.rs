//! The state: what the fold of the journal knows.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::event::{Urgency, Withheld};
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Actor, AppId, Exposure, Failure, Health, PlainText, SourceId, Target, Timestamp, Verb, Version,
};

/// Everything. Only [`State::apply`](super::fold) changes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Number of events folded.
    pub seq: u64,
    /// Fencing number of the watcher that wrote last.
    pub term: u64,
    /// Whether a watcher was running when the journal ended, and the time of the last event.
    pub watched: bool,
    pub last_at: Option<Timestamp>,
    /// Off for all apps.
    pub disarmed: Option<Disarm>,
    pub apps: BTreeMap<AppId, AppState>,
    /// Automatic acts that lowered exposure, of the last day.
    pub acts: Vec<(Timestamp, AppId)>,
    pub last_revision: u64,
    pub last_tell: u64,
    /// Messages that nobody has got yet.
    pub tells: BTreeMap<u64, PendingTell>,
}

/// Automation is off until then; `None` is until somebody arms it.
#[derive(Clone, Debug, PartialEq)]
pub struct Disarm {
    pub until: Option<Timestamp>,
    pub actor: Actor,
    pub reason: PlainText,
}

/// A message on its way to people.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingTell {
    pub app: Option<AppId>,
    pub urgency: Urgency,
    pub text: PlainText,
    pub tries: u32,
    pub next: Timestamp,
}

/// One app.
#[derive(Clone, Debug, PartialEq)]
pub struct AppState {
    /// Number of events of this app that matter to an act: what `--expect` and a dialog pin.
    pub revision: u64,
    pub release: Option<ReleaseView>,
    pub previous: Option<Version>,
    /// When this release was found.
    pub found: Option<Timestamp>,
    /// First seen in progress.
    pub started: Option<Timestamp>,
    /// When each release before this one was first seen in progress, by [`Version::key`].
    pub began: BTreeMap<String, Timestamp>,
    /// Since when it is offered to as many users as now; `None` while nobody new gets it.
    pub exposed_since: Option<Timestamp>,
    /// To how many users it was offered at most.
    pub widest: Exposure,
    pub store_failure: Option<Failure>,
    /// Evidence counts from here; `None` is from the first session.
    pub evidence_from: Option<Timestamp>,
    pub resumes: u32,
    pub lost_sources: BTreeMap<SourceId, LostSource>,
    /// It is offered and hardly seen, in words.
    pub dark: Option<PlainText>,
    pub health: Health,
    pub sentence: PlainText,
    /// Rules that are breached and have not fired yet.
    pub breaches: BTreeMap<PlainText, Breach>,
    /// Rules that have fired since the evidence started, and when.
    pub fired: BTreeMap<PlainText, Timestamp>,
    pub announced: Option<Announced>,
    /// The act that a rule asked for and that was not done.
    pub withheld: Option<WithheldAct>,
    pub hold: Option<Actor>,
    /// Stopped by a halt: only a person with a reason lifts it.
    pub latched: bool,
    pub desire: Option<Desire>,
    /// The write that is under way: revision and attempt.
    pub writing: Option<(u64, u32)>,
    pub disarmed: Option<Disarm>,
    pub needs_person: Option<PlainText>,
    pub acknowledged_by: Option<Actor>,
}

impl Default for AppState {
    fn default() -> Self {
        Self {
            revision: 0,
            release: None,
            previous: None,
            found: None,
            started: None,
            began: BTreeMap::new(),
            exposed_since: None,
            widest: Exposure::NONE,
            store_failure: None,
            evidence_from: None,
            resumes: 0,
            lost_sources: BTreeMap::new(),
            dark: None,
            health: Health::Unknown,
            sentence: PlainText::default(),
            breaches: BTreeMap::new(),
            fired: BTreeMap::new(),
            announced: None,
            withheld: None,
            hold: None,
            latched: false,
            desire: None,
            writing: None,
            disarmed: None,
            needs_person: None,
            acknowledged_by: None,
        }
    }
}

/// A source whose data cannot be trusted now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostSource {
    pub why: PlainText,
    pub since: Timestamp,
    /// Somebody has been woken for it.
    pub paged: bool,
}

/// A rule on its way to firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Polls with newer data in a row.
    pub polls: u32,
    pub through: Timestamp,
}

/// An act in its grace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    pub rule: PlainText,
    pub verb: Verb,
    pub due: Timestamp,
    pub reason: PlainText,
    pub held: bool,
}

/// An act that a rule asked for, and why it was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldAct {
    pub rule: PlainText,
    pub verb: Verb,
    pub why: Withheld,
}

/// What the store shall look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Desire {
    pub revision: u64,
    pub verb: Verb,
    pub target: Target,
    pub actor: Actor,
    pub reason: PlainText,
    pub since: Timestamp,
    /// Writes begun so far.
    pub attempts: u32,
    pub phase: Phase,
    pub failure: Option<Failure>,
    /// Somebody has been told that it does not succeed.
    pub failed: bool,
}

/// How far a desire has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The next write is due then.
    Due { at: Timestamp },
    /// A write is in flight.
    Writing,
    /// Written, or nobody knows: the store has to be read.
    Verify,
    /// It will not succeed without a person; the store's state may still come to agree.
    Blocked,
}

impl State {
    pub fn app(&self, id: &AppId) -> Option<&AppState> {
        self.apps.get(id)
    }

    /// Whether automation is off for this app at `now`, and by whom.
    pub fn disarm_of(&self, id: &AppId, now: Timestamp) -> Option<&Disarm> {
        let own = self.apps.get(id).and_then(|app| app.disarmed.as_ref());
        [self.disarmed.as_ref(), own]
            .into_iter()
            .flatten()
            .find(|disarm| disarm.is_active(now))
    }
}

impl Disarm {
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// Wait before attempt `n + 1`: 1, 2, 4, … seconds, at most five minutes.
pub(super) fn backoff(attempt: u32) -> TimeDelta {
    TimeDelta::seconds((1_i64 << attempt.saturating_sub(1).min(9)).min(300))
}
