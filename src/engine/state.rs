//! The state: what the fold of the journal knows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::TimeDelta;

pub use super::incident::Incident;
pub use super::outbox::{Channel, PendingTell, Said};
use crate::domain::event::Withheld;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Actor, AppId, Exposure, Failure, Fix, Health, Metric, PlainText, PolicyChange, RuleOverride,
    Shared, SourceId, Standing, Target, Timestamp, Verb, Version, execution,
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
    /// Shared with the states before and after: a step changes few of them.
    pub apps: BTreeMap<AppId, Shared<AppState>>,
    /// Automatic acts that lowered exposure, of the last day.
    pub acts: Vec<(Timestamp, AppId)>,
    /// Raises through gates, gate pauses and their resumes, of the last day.
    pub gate_acts: Vec<(Timestamp, AppId)>,
    /// Who is on watch, by train, as people were told last.
    pub on_watch: BTreeMap<PlainText, PlainText>,
    /// Dates of trains up to which people were told.
    pub due_told: BTreeMap<PlainText, Timestamp>,
    /// When people were refused what they may not, by name, in the last hour before the latest of them.
    pub turned_away: BTreeMap<PlainText, Vec<Timestamp>>,
    pub last_revision: u64,
    pub last_tell: u64,
    /// Messages that some channel has not taken yet.
    pub tells: Arc<BTreeMap<u64, PendingTell>>,
    /// How each channel is, once it was told or could not be.
    pub channels: Arc<BTreeMap<PlainText, Channel>>,
    /// What was told in the last minutes, oldest first.
    pub said: Arc<VecDeque<Said>>,
}

/// Automation is off until then; `None` is until somebody arms it.
#[derive(Clone, Debug, PartialEq)]
pub struct Disarm {
    pub until: Option<Timestamp>,
    pub actor: Actor,
    pub reason: PlainText,
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
    /// Since when the store cannot be read, and whether somebody has been woken for it.
    pub store_lost: Option<(Timestamp, bool)>,
    /// Evidence counts from here; `None` is from the first session.
    pub evidence_from: Option<Timestamp>,
    pub resumes: u32,
    pub lost_sources: BTreeMap<SourceId, LostSource>,
    /// Second opinions that differ, by metric and source, and whose opinion they differ from.
    pub disagreements: BTreeMap<(Metric, SourceId), SourceId>,
    /// It is offered and hardly seen, in words.
    pub dark: Option<PlainText>,
    pub health: Health,
    pub sentence: PlainText,
    /// Rules that are breached and have not fired yet, or not as strongly as they are breached now.
    pub breaches: BTreeMap<PlainText, Breach>,
    /// Rules that have fired since the evidence started.
    pub fired: BTreeMap<PlainText, Fired>,
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
    /// What people were paged for, until it is over.
    pub incident: Option<Incident>,
    /// What people wrote down about this release, oldest first, the latest [`Remark::MOST`].
    pub remarks: Vec<Remark>,

    /// The run of the policy for this release.
    pub execution: Option<Execution>,
    /// How many executions there have been.
    pub executions: u64,
    /// Who said that haltline carries the stages out, where it does.
    pub ladder: Option<Actor>,
    /// The release that waits to be begun, the run of the policy for it, and who said that it shall begin.
    pub waiting: Option<ReleaseView>,
    pub pending: Option<Execution>,
    pub starting: Option<Starting>,
    /// The policy that the rollout is pinned to.
    pub pinned: Option<Pinned>,
    pub overrides: BTreeMap<PlainText, Override>,
    pub proposal: Option<Proposal>,
    /// Hash of the file's policy of which people were told that it differs.
    pub differs: Option<String>,
    /// The gate in front of the rollout as it was judged last; none since a watcher started.
    pub gate: Option<Gate>,
    /// Who approved entering which stage, since the last stop.
    pub approvals: Vec<(Exposure, Actor, Standing)>,
    /// The stage up to which a person let Apple's daily steps go past the gate, until it is reached or somebody stops it.
    pub overruled: Option<Exposure>,
    /// The latest check before each stage.
    pub checks: BTreeMap<Exposure, CheckState>,
    /// When it was first offered to at least so many, ascending.
    pub reached: Vec<(Exposure, Timestamp)>,
    /// Healthy at every look since.
    pub healthy_since: Option<Timestamp>,
    /// Who stopped it, while it is stopped, and since when it is.
    pub stopped_by: Option<Actor>,
    pub stopped_since: Option<Timestamp>,
    /// The verb that stopped it, while it is stopped; none: somebody outside.
    pub stopped_as: Option<Verb>,
    /// What a person says they stopped directly at the store, until that shows it.
    pub direct: Option<StoppedDirectly>,
    pub declared: BTreeMap<PlainText, (Fix, Actor)>,
    /// The answer that holds.
    pub tier: Option<TierAnswer>,
    pub stalled: Option<PlainText>,
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
            store_lost: None,
            evidence_from: None,
            resumes: 0,
            lost_sources: BTreeMap::new(),
            disagreements: BTreeMap::new(),
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
            incident: None,
            remarks: Vec::new(),
            execution: None,
            executions: 0,
            ladder: None,
            waiting: None,
            pending: None,
            starting: None,
            pinned: None,
            overrides: BTreeMap::new(),
            proposal: None,
            differs: None,
            gate: None,
            approvals: Vec::new(),
            overruled: None,
            checks: BTreeMap::new(),
            reached: Vec::new(),
            healthy_since: None,
            stopped_by: None,
            stopped_since: None,
            stopped_as: None,
            direct: None,
            declared: BTreeMap::new(),
            tier: None,
            stalled: None,
        }
    }
}

/// A stop that a person carried out without haltline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedDirectly {
    pub verb: Verb,
    pub actor: Actor,
    pub reason: PlainText,
    pub until: Timestamp,
}

/// A note of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub at: Timestamp,
    pub actor: Actor,
    pub text: PlainText,
}

impl Remark {
    pub(super) const MOST: usize = 50;
}

/// The answer of a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierAnswer {
    pub name: PlainText,
    pub say: PlainText,
    /// What it does; none: it tells.
    pub verb: Option<Verb>,
}

/// One run of a policy for one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    pub number: u64,
    pub version: Version,
    pub phase: execution::Phase,
    pub since: Timestamp,
    pub actor: Actor,
    pub reason: PlainText,
}

/// A release that waits shall begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starting {
    pub version: Version,
    pub actor: Actor,
    pub reason: PlainText,
    /// Instead of at the first stage.
    pub to: Option<Exposure>,
}

/// The policy that a rollout is pinned to, as the journal has it. See [`super::ratchet::in_force`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    pub name: PlainText,
    pub hash: String,
    /// Content of its table.
    pub toml: Arc<str>,
}

/// What lies over a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub with: RuleOverride,
    pub until: Timestamp,
    pub actor: Actor,
    pub reason: PlainText,
    /// The difference in words.
    pub changes: Vec<PlainText>,
}

/// A loosening that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub change: PolicyChange,
    pub actor: Actor,
    pub reason: PlainText,
    pub changes: Vec<PlainText>,
    pub since: Timestamp,
}

/// The gate in front of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    pub stage: Exposure,
    pub next: Exposure,
    pub open: bool,
    pub since: Timestamp,
    /// What it still wants, or what it found.
    pub why: Vec<PlainText>,
}

/// An outside check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckState {
    pub attempt: u32,
    /// `None` while it runs.
    pub passed: Option<bool>,
    pub says: PlainText,
    pub at: Timestamp,
}

impl CheckState {
    /// Asked for another release, or before it was stopped: what was found then says nothing now. One that is still under way is
    /// not forgotten, so that its answer is not taken for that of the next.
    pub(super) fn cut_off(self, at: Timestamp) -> Option<Self> {
        self.passed.is_none().then_some(Self {
            passed: Some(false),
            says: "cut off".into(),
            at,
            ..self
        })
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

/// A rule that has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The last time, where it fired anew because it may do more by now.
    pub at: Timestamp,
    /// What it did at most; none: it told.
    pub verb: Option<Verb>,
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

impl WithheldAct {
    /// What kept it back may go by itself; else a person was asked to decide.
    pub(super) fn is_passing(&self) -> bool {
        match self.why {
            Withheld::Disarmed | Withheld::Journal { .. } | Withheld::Impossible { .. } => true,
            Withheld::Advise | Withheld::Budget { .. } | Withheld::Storm { .. } => false,
        }
    }

    /// A gate wanted it: rules pause and halt.
    pub fn of_gate(&self) -> bool {
        !matches!(self.verb, Verb::Pause | Verb::Halt)
    }
}

/// What the store shall look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Desire {
    pub revision: u64,
    pub verb: Verb,
    pub target: Target,
    /// Of the release that waits; none: of the one watched.
    pub version: Option<Version>,
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

impl AppState {
    /// Stopped, and not for anything that was found in it: an open gate may resume it.
    pub fn waits_at_gate(&self) -> bool {
        self.stopped_by.as_ref().is_some_and(passes)
    }
}

/// Whether a stop by this actor ends by itself: a gate opens, another app of the plan goes on.
pub(super) fn passes(stopper: &Actor) -> bool {
    matches!(stopper, Actor::Gate { .. } | Actor::Plan { .. })
}

impl State {
    pub fn app(&self, id: &AppId) -> Option<&AppState> {
        self.apps.get(id).map(|app| &**app)
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
