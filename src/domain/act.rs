//! What a person asks of haltline: from a key, a command line, a file or the local API, always in this form.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Actor, AppId, Exposure, Failure, Fix, PlainText, PolicyChange, Refusal, Timestamp, Verb,
};

/// An act that a person asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActRequest {
    /// Chosen by the asker; asking twice with one id is asking once.
    pub id: String,
    /// `None` is every app: for disarm and arm alone.
    pub app: Option<AppId>,
    pub act: Act,
    pub actor: Actor,
    /// What the operating system says of the actor; never what the asker claims.
    #[serde(default)]
    pub standing: Standing,
    pub reason: PlainText,
    /// Refuse unless the app still is at this revision.
    pub expect: Option<u64>,
}

/// What the operating system of the watcher's host says of a person, found out when they asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The user that the watcher runs as, or root: they could write its journal and its config as well.
    pub own: bool,
    /// Names of the groups that the person is in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<PlainText>,
}

impl Default for Standing {
    /// Of whoever writes into the journal's folder: that takes the watcher's own user, or root.
    fn default() -> Self {
        Self {
            own: true,
            groups: BTreeSet::new(),
        }
    }
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    Do {
        verb: Verb,
        to: Option<Exposure>,
    },
    /// Hold an announced act once, at most 15 minutes.
    Postpone,
    Acknowledge,
    /// Words for the audit log.
    Note {
        text: PlainText,
    },
    Disarm {
        until: Timestamp,
    },
    Arm,
    /// Opens the gate in front of the rollout as far as approval goes, or agrees to a change that waits for a second person.
    Approve,
    /// A critical flow is broken, whatever the numbers say.
    Declare {
        flow: PlainText,
        fix: Fix,
    },
    /// It works again.
    Withdraw {
        flow: PlainText,
    },
    /// Change the policy that the rollout runs under.
    Change {
        change: PolicyChange,
    },
    /// What was done at the store with the asker's own credentials while the watcher could not be reached: it is written down,
    /// and what the store shows is theirs.
    Report {
        verb: Verb,
        at: Timestamp,
        /// What the store showed when it was read back; else why it is not known.
        outcome: Result<Exposure, Failure>,
    },
}

/// The answer to an act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum ActReply {
    /// Taken; the desire with this revision carries it out.
    Taken {
        revision: u64,
    },
    Done,
    /// Taken; it waits for something or somebody.
    Waits {
        what: PlainText,
    },
    Refused(Refusal),
}
