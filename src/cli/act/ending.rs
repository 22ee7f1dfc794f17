//! How an act of the command line ended, in words, as JSON and as an exit code.

use serde::Serialize;

use super::PATIENCE;
use crate::cli::exit::{Exit, of_refusal};
use crate::domain::{
    AppId, Exposure, Failure, FailureKind, PlainText, Refusal, RefusalKind, StoreKind, Verb,
};

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(in crate::cli) enum Ending {
    /// The store was read and agrees.
    Confirmed {
        /// What was wanted of it.
        #[serde(skip)]
        act: Verb,
        exposure: Exposure,
    },
    /// Done without the store (hold on Play).
    Done,
    /// Taken; it waits for something or somebody.
    Waits {
        what: PlainText,
    },
    Refused(Refusal),
    Failed {
        failure: Failure,
    },
    /// Taken, but not confirmed yet: it goes on while somebody watches.
    Waiting {
        revision: u64,
    },
}

/// `haltline/act/v1`
#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub schema: &'static str,
    pub app: &'a AppId,
    /// The command's name.
    pub verb: &'static str,
    #[serde(flatten)]
    pub ending: &'a Ending,
}

impl Ending {
    /// For people: `name` is the command's, `done` says it of what is done: `halted`, `approved`.
    pub(super) fn words(&self, (id, store): (&AppId, StoreKind), name: &str, done: &str) -> String {
        let store = store.name();
        match self {
            Self::Confirmed { act, exposure } => {
                let past = act.past();
                let done = if done == past {
                    done.to_owned()
                } else {
                    format!("{done}; {past}")
                };
                format!("{id}: {done} at {exposure}: {store} was read back and agrees")
            }
            Self::Done => format!("{id}: {done}"),
            Self::Waits { what } => format!("{id}: {name} is taken and waits for {what}"),
            Self::Refused(refusal) => match refusal.kind {
                RefusalKind::Unanswered => {
                    format!("{id}: {name} is not known to be done: {refusal}; haltline status {id}")
                }
                _ => format!("{id}: {name} refused: {refusal}"),
            },
            Self::Failed { failure } => format!("{id}: {name} FAILED: {failure}"),
            Self::Waiting { .. } => {
                format!(
                    "{id}: {name} is not confirmed after {PATIENCE} s; it goes on while a watcher runs: haltline status {id}"
                )
            }
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Confirmed { .. } | Self::Done => Exit::Fine,
            Self::Refused(refusal) => of_refusal(refusal.kind),
            Self::Waits { .. } => Exit::Waiting,
            Self::Waiting { .. } => Exit::TimedOut,
            Self::Failed { failure } => match failure.kind {
                FailureKind::Credentials | FailureKind::Rights => Exit::Credentials,
                FailureKind::Internal => Exit::Internal,
                FailureKind::Retry | FailureKind::Quota | FailureKind::Ambiguous => Exit::TimedOut,
                _ => Exit::Refused,
            },
        }
    }

    /// It goes on, or may, once somebody watches.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self, Self::Waits { .. } | Self::Waiting { .. })
    }
}
