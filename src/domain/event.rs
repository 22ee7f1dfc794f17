//! Events: the facts that the journal keeps, and whose fold is the engine's state.
//!
//! An event holds no port, duration of a request, or wall time of its own: the same run makes the same events. Readings
//! are not events. Adding a variant or an optional field is compatible; renaming or removing one needs a migration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execution::Phase;
use super::incident::IncidentNews;
use super::rollout::{Applied, ReleaseView};
use super::verdict::Health;
use super::{
    Actor, AppId, Counts, Exposure, Failure, Fix, Metric, PlainText, PolicyChange, RefusalKind,
    RuleOverride, SourceId, Standing, Target, Timestamp, Verb, Version,
};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// 1, 2, 3, … without gaps.
    pub seq: u64,
    pub at: Timestamp,
    /// `None` for what concerns the whole watcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    #[serde(flatten)]
    pub event: Event,
}

/// Why a rule fired, in numbers and in the sentence for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub sentence: PlainText,
    /// Of the version watched, over the windows that the rule looked at.
    pub new: Counts,
    /// Of the baseline over the same windows, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Counts>,
    /// Natural logarithm of the evidence, and of what the rule asks for; `None` for the plain comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ln_evidence: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ln_threshold: Option<f64>,
    /// How far the data behind it reach.
    pub through: Timestamp,
}

/// How urgent it is that a person hears of something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    Info,
    Warning,
    /// Wake somebody.
    Page,
}

/// Why the machine did not do what a rule asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum Withheld {
    /// `mode = "advise"`.
    Advise,
    Disarmed,
    /// The budget of automatic acts is spent: `used` of `limit`.
    Budget {
        used: u32,
        limit: u32,
        per: PlainText,
    },
    /// So many apps breach at once that the source is probably broken.
    Storm {
        apps: u32,
    },
    /// The journal cannot be trusted or written.
    Journal {
        why: PlainText,
    },
    /// The store has no such move in this state (completed on the App Store).
    Impossible {
        why: PlainText,
    },
}

/// What a write came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum WriteResult {
    Done { applied: Applied },
    Failed { failure: Failure },
}

/// Everything that can be a fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    // ---- the watcher itself
    /// A watcher took the lease; `term` is the fencing number.
    WatcherStarted {
        term: u64,
        haltline: PlainText,
    },
    WatcherStopped,
    /// Automation is off until then (`None`: until somebody arms it), for one app or (record without app) for all.
    Disarmed {
        until: Option<Timestamp>,
        actor: Actor,
        reason: PlainText,
    },
    Armed {
        actor: Actor,
        reason: PlainText,
    },

    // ---- what the store shows
    /// A release to watch was found: everything known about another one is forgotten.
    ReleaseFound {
        release: ReleaseView,
        previous: Option<Version>,
    },
    /// The track or app has no release to watch any more.
    ReleaseGone,
    /// Another release waits to be begun, or none any more.
    WaitingChanged {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release: Option<ReleaseView>,
    },
    /// The store shows something else than before, and haltline's own act or the store's own course explains it.
    StoreChanged {
        release: ReleaseView,
    },
    /// The store shows something that nobody asked haltline for: a person at a console, or a CI job.
    Drift {
        release: ReleaseView,
        what: PlainText,
    },
    /// The store cannot be read since.
    StoreLost {
        failure: Failure,
    },
    /// Not read for so long while a rollout goes on that somebody was woken, once.
    StorePaged {
        why: PlainText,
    },
    StoreBack,

    // ---- health
    /// Evidence counts from here; a resume spends half of the error share before it.
    EvidenceRestarted {
        from: Timestamp,
        resumes: u32,
    },
    SourceLost {
        source: SourceId,
        why: PlainText,
    },
    /// Blind for three times as long as its data may be old: somebody was woken, once.
    SourcePaged {
        source: SourceId,
        why: PlainText,
    },
    /// Fresh again, or not asked any more.
    SourceBack {
        source: SourceId,
    },
    /// Two sources that carry the same metric do not agree on how the versions compare; the first one decides.
    SourcesDisagree {
        metric: Metric,
        first: SourceId,
        second: SourceId,
        sentence: PlainText,
    },
    /// They do again, or one of them does not carry it any more.
    SourcesAgree {
        metric: Metric,
        second: SourceId,
    },
    /// The store offers the version, and hardly a session of it is seen: it may crash before it is counted.
    DarkLaunch {
        sentence: PlainText,
    },
    /// Sessions have come.
    DarkLaunchOver,
    VerdictChanged {
        from: Health,
        to: Health,
        sentence: PlainText,
    },
    /// A rule is breached by data newer than the last time; `polls` in a row so far.
    RuleBreached {
        rule: PlainText,
        polls: u32,
        through: Timestamp,
        sentence: PlainText,
    },
    /// Breached no more before it fired, or changed by a person: it may fire anew.
    RuleCleared {
        rule: PlainText,
    },
    /// Once, and once more for each stronger act that it may not do at first.
    RuleFired {
        rule: PlainText,
        verb: Option<Verb>,
        finding: Finding,
    },

    // ---- acts
    /// A rule's act will be done at `due` unless somebody holds it.
    ActAnnounced {
        rule: PlainText,
        verb: Verb,
        due: Timestamp,
        reason: PlainText,
    },
    /// A person postponed the announced act, once.
    ActPostponed {
        rule: PlainText,
        until: Timestamp,
        actor: Actor,
        reason: PlainText,
    },
    /// An announced act has become needless.
    ActCancelled {
        rule: PlainText,
        why: PlainText,
    },
    ActWithheld {
        rule: PlainText,
        verb: Verb,
        why: Withheld,
    },
    /// haltline stops advancing by itself; on the App Store it pauses before Apple's next daily step.
    HoldSet {
        actor: Actor,
        reason: PlainText,
    },
    HoldLifted {
        actor: Actor,
        reason: PlainText,
    },
    /// What the store shall look like, from now on until it does or somebody is told that it cannot.
    DesireSet {
        revision: u64,
        verb: Verb,
        target: Target,
        /// Of the release that waits; none: of the one watched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Version>,
        actor: Actor,
        reason: PlainText,
    },
    /// Written down before the store is touched.
    WriteStarted {
        revision: u64,
        attempt: u32,
    },
    WriteEnded {
        revision: u64,
        attempt: u32,
        #[serde(flatten)]
        result: WriteResult,
    },
    /// The store was read and agrees: settled.
    DesireConfirmed {
        revision: u64,
        verb: Verb,
        exposure: Exposure,
    },
    DesireSuperseded {
        revision: u64,
        why: PlainText,
    },
    /// The store was read after a write and shows something else: the write is tried again.
    ReadBackDiffers {
        revision: u64,
        release: ReleaseView,
    },
    /// It cannot be done without a person; who has to be told is told.
    DesireFailed {
        revision: u64,
        failure: Failure,
    },

    // ---- executions: one run of a policy for one release
    /// `from` is none where it begins. `number` counts the executions of the app.
    ExecutionMoved {
        number: u64,
        version: Version,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Phase>,
        to: Phase,
        actor: Actor,
        reason: PlainText,
    },
    /// haltline carries the stages of the release watched out from now on.
    LadderTaken {
        actor: Actor,
        reason: PlainText,
    },
    /// The release that waits shall be begun once nothing is in the way; `to`: at so many instead of at the first stage.
    StartAsked {
        version: Version,
        actor: Actor,
        reason: PlainText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Exposure>,
    },
    /// The gate from `stage` to `next` opened or shut, and what it still wants, or what it found, in words.
    GateMoved {
        stage: Exposure,
        next: Exposure,
        open: bool,
        why: Vec<PlainText>,
    },
    /// A person went past a gate that was shut, and what it still wanted.
    GateOverruled {
        stage: Exposure,
        next: Exposure,
        unmet: Vec<PlainText>,
        actor: Actor,
        reason: PlainText,
    },
    /// A person opened the gate to `stage` as far as approval goes.
    Approved {
        stage: Exposure,
        actor: Actor,
        #[serde(default)]
        standing: Standing,
        reason: PlainText,
    },
    /// The outside check of `stage` was begun.
    CheckStarted {
        stage: Exposure,
        attempt: u32,
    },
    CheckEnded {
        stage: Exposure,
        attempt: u32,
        passed: bool,
        says: PlainText,
    },
    /// It stands still for too long, in words.
    Stalled {
        why: PlainText,
    },
    StallOver,

    // ---- the policy that a rollout is pinned to
    /// From now on the rollout goes by this policy: `toml` is the content of its table, `changes` the difference in words.
    PolicyPinned {
        name: PlainText,
        hash: String,
        toml: String,
        actor: Actor,
        reason: PlainText,
        changes: Vec<PlainText>,
    },
    OverrideSet {
        rule: PlainText,
        with: RuleOverride,
        until: Timestamp,
        actor: Actor,
        reason: PlainText,
        changes: Vec<PlainText>,
    },
    OverrideEnded {
        rule: PlainText,
        actor: Actor,
        reason: PlainText,
    },
    /// A loosening that waits for a second person.
    ChangeProposed {
        change: PolicyChange,
        actor: Actor,
        reason: PlainText,
        changes: Vec<PlainText>,
    },
    /// Nobody agreed in time, or the rollout is over.
    ProposalEnded {
        why: PlainText,
    },
    /// The file's policy is not the one that the rollout is pinned to; told once a difference.
    PolicyDiffers {
        hash: String,
        changes: Vec<PlainText>,
    },

    // ---- tiers
    Declared {
        flow: PlainText,
        fix: Fix,
        actor: Actor,
        reason: PlainText,
    },
    Withdrawn {
        flow: PlainText,
        actor: Actor,
        reason: PlainText,
    },
    /// Another answer holds: its name, what it says, and what it does; none: it tells.
    TierChanged {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<PlainText>,
        say: PlainText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verb: Option<Verb>,
    },

    // ---- trains (records without app)
    /// The watch goes from one owner to the next.
    HandedOver {
        train: PlainText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<PlainText>,
        to: PlainText,
    },
    /// A date of a train has come.
    TrainDue {
        train: PlainText,
        what: PlainText,
        due: Timestamp,
    },

    // ---- people
    Refused {
        verb: Verb,
        actor: Actor,
        #[serde(default, skip_serializing_if = "RefusalKind::is_usual")]
        kind: RefusalKind,
        why: PlainText,
    },
    Acknowledged {
        actor: Actor,
    },
    /// A person wrote something down.
    Noted {
        text: PlainText,
        actor: Actor,
    },

    /// A person did this at the store by themselves while the watcher could not be reached, at that time.
    DoneDirectly {
        verb: Verb,
        done: Timestamp,
        outcome: Result<Exposure, Failure>,
        actor: Actor,
        reason: PlainText,
    },

    // ---- the watcher's config (records without app)
    /// Another config holds from now on; what is different, in words.
    ConfigReloaded {
        changes: Vec<PlainText>,
    },
    /// A new config could not be taken, and why: the old one holds.
    ConfigRefused {
        why: PlainText,
    },

    // ---- telling people
    /// `to` names the channels; empty in journals of haltline 0.1: the log.
    TellQueued {
        id: u64,
        urgency: Urgency,
        text: PlainText,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        to: Vec<PlainText>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<IncidentNews>,
    },
    /// The channel took it; `thread` is what the channel calls the conversation, to go on in it.
    Told {
        id: u64,
        channel: PlainText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<PlainText>,
    },
    TellFailed {
        id: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<PlainText>,
        failure: Failure,
    },
    /// It will not be tried on this channel again: the channel says so, or it is not in the config any more.
    TellDropped {
        id: u64,
        channel: PlainText,
        why: PlainText,
    },
    /// Nobody acknowledged a page in time: it is told to more people. Counts from 1.
    Escalated {
        level: u32,
    },
}
