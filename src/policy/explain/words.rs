//! The words that sentences are put together from: what a version does, what a rule does, when.

use crate::domain::{Metric, Timestamp};
use crate::policy::rule::Action;

/// What a version does when it fails, for "3.5.0 crashes 12.4× as often".
pub(super) fn fails(metric: &Metric) -> &'static str {
    match metric {
        Metric::CrashFreeSessions | Metric::CrashFreeUsers => "crashes",
        Metric::FrustrationFreeSessions => "crashes or hangs",
        Metric::AnrFreeUsers => "hangs",
        Metric::ErrorFreeSessions => "meets errors",
        Metric::SlowColdStarts | Metric::SlowRequests => "is slow",
        Metric::JourneySuccess(_) | Metric::Custom(_) | Metric::Level(_) => "fails",
    }
}

pub(super) fn acts(action: Action) -> &'static str {
    match action {
        Action::Notify => "notifies",
        Action::Hold => "holds",
        Action::Pause => "pauses",
        Action::Halt => "halts",
    }
}

pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::Notify => "notify",
        Action::Hold => "hold",
        Action::Pause => "pause",
        Action::Halt => "halt",
    }
}

/// `14:00 UTC`, with its day where that is not the day of `now`: `12 Nov 14:00 UTC`.
pub(super) fn moment(at: Timestamp, now: Option<Timestamp>) -> String {
    let form = if now.is_some_and(|now| now.date_naive() == at.date_naive()) {
        "%H:%M UTC"
    } else {
        "%-d %b %H:%M UTC"
    };
    at.format(form).to_string()
}
