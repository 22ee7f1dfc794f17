//! Everything that can happen to the engine.

use std::collections::BTreeSet;

use crate::domain::rollout::Applied;
use crate::domain::{
    ActRequest, Actor, AppId, Exposure, Failure, PlainText, StoreView, Timestamp, Urgency,
};
use crate::policy::Observation;

/// The circumstances of a step.
#[derive(Clone, Debug)]
pub struct Context {
    pub now: Timestamp,
    /// Why haltline must not act, where it must not (invariant 11: the journal cannot be trusted or written).
    pub distrust: Option<PlainText>,
    /// The channels that a message is on its way to: none gets another one meanwhile.
    pub busy: BTreeSet<PlainText>,
}

impl Context {
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            distrust: None,
            busy: BTreeSet::new(),
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A watcher starts on a replayed state.
    Started { term: u64, haltline: PlainText },
    /// A clean end.
    Stopping,
    /// Time passed.
    Tick,
    /// A full, fresh read of the store ended.
    StoreRead {
        app: AppId,
        result: Result<StoreView, Failure>,
    },
    /// A write ended.
    WriteDone {
        app: AppId,
        revision: u64,
        attempt: u32,
        result: Result<Applied, Failure>,
    },
    /// New readings: everything known about the app's health now.
    Observed {
        app: AppId,
        observation: Box<Observation>,
    },
    /// A person asks.
    Asked { request: ActRequest },
    /// The disarm file as it is now, one entry a scope; the file is the truth, the events its record.
    DisarmFile { entries: Vec<DisarmEntry> },
    /// The outside check of a stage answered; `says` is its last word.
    Checked {
        app: AppId,
        stage: Exposure,
        attempt: u32,
        result: Result<PlainText, PlainText>,
    },
    /// A channel took a message, and what it calls the conversation where it has any; or it did not.
    TellDone {
        ids: Vec<u64>,
        channel: PlainText,
        result: Result<Option<PlainText>, Failure>,
    },
    /// The plan is another one from now on: the config was read anew; what is different, in words.
    Reloaded { changes: Vec<PlainText> },
    /// A new config could not be taken, and why.
    ReloadRefused { why: PlainText },
    /// Something about the means of haltline itself that people have to know of.
    Says { urgency: Urgency, text: PlainText },
}

/// Automation is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisarmEntry {
    /// `None` is every app.
    pub app: Option<AppId>,
    /// `None` is until somebody arms it.
    pub until: Option<Timestamp>,
    pub actor: Actor,
    pub reason: PlainText,
}
