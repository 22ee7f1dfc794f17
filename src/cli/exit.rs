//! Exit codes: what a script learns of a run.

use crate::api::{AppSnapshot, Snapshot};
use crate::domain::{Health, RefusalKind, Status};

/// The codes of the command line. Several apps: the worst, in the order 10, 11, 15, 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, healthy.
    Fine,
    Internal,
    /// Wrong use or config.
    Usage,
    /// Credentials or rights.
    Credentials,
    Halted,
    /// Paused, held, or waiting for a person.
    Waiting,
    /// Waiting or working was cut short; what is told is a part, and says so.
    TimedOut,
    /// Role, stale revision, policy, conflict.
    Refused,
    /// The watcher that was asked for by its socket does not answer.
    Unreachable,
    /// Health unknown.
    Unknown,
    /// The screen was ended by a signal or a terminal that is gone, a daemon by a second one: 128 and the signal's number.
    Ended(u8),
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Credentials => 3,
            Self::Halted => 10,
            Self::Waiting => 11,
            Self::TimedOut => 12,
            Self::Refused => 13,
            Self::Unreachable => 14,
            Self::Unknown => 15,
            Self::Ended(code) => code,
        }
    }
}

/// The code of an act that is refused.
pub(super) fn of_refusal(kind: RefusalKind) -> Exit {
    match kind {
        RefusalKind::Rights | RefusalKind::Stale | RefusalKind::State => Exit::Refused,
        RefusalKind::NotFound => Exit::Usage,
        RefusalKind::Unanswered => Exit::TimedOut,
    }
}

/// The code of a picture: the worst of its apps.
pub(super) fn of_snapshot(snapshot: &Snapshot) -> Exit {
    let severity = |exit: &Exit| match exit {
        Exit::Halted => 3,
        Exit::Waiting => 2,
        Exit::Unknown => 1,
        _ => 0,
    };
    snapshot
        .apps
        .iter()
        .map(of_app)
        .max_by_key(severity)
        .unwrap_or(Exit::Unknown)
}

/// The code of one app. A warning is 0: somebody was told, nothing has to be done.
pub(super) fn of_app(app: &AppSnapshot) -> Exit {
    let stopped = app
        .release
        .as_ref()
        .is_some_and(|release| release.status == Status::Stopped);
    let waits = app.hold.is_some()
        || app.announced.is_some()
        || app.desire.is_some()
        || app.needs_person.is_some();
    match app.health {
        _ if stopped && app.latched => Exit::Halted,
        _ if stopped || app.latched || waits => Exit::Waiting,
        Health::Breached => Exit::Waiting,
        Health::Unknown => Exit::Unknown,
        Health::Healthy | Health::Warning => Exit::Fine,
    }
}
