//! What can go wrong with a collector of events, and what it means for people.

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::HttpError;

/// A question that gave nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RumError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The vendor says no, by a status or inside an answer.
    #[error("{vendor} answered: {detail}")]
    Refused {
        vendor: &'static str,
        kind: FailureKind,
        detail: PlainText,
        place: String,
        hint: String,
        /// Seconds, where a limit is used up.
        wait: Option<u32>,
    },
    /// Not sent: a rate limit is used up.
    #[error("{vendor}'s rate limit is used up")]
    Quiet { vendor: &'static str, wait: u32 },
    /// An answer whose content contradicts itself or the vendor's documentation.
    #[error("the answer is not what {vendor} documents: {why}")]
    Nonsense {
        vendor: &'static str,
        place: String,
        why: String,
    },
}

impl RumError {
    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Http(error) => error.into_failure(false),
            Self::Quiet { wait, .. } => quota(Failure::new(FailureKind::Quota, what), Some(wait)),
            Self::Nonsense { place, .. } => Failure::new(FailureKind::Malformed, what).at(place),
            Self::Refused {
                kind: FailureKind::Quota,
                place,
                wait,
                ..
            } => quota(Failure::new(FailureKind::Quota, what).at(place), wait),
            Self::Refused {
                kind, place, hint, ..
            } => Failure::new(kind, what).at(place).hint(hint),
        }
    }
}

fn quota(failure: Failure, wait: Option<u32>) -> Failure {
    let mut failure = failure.hint("poll less often, or use a key of its own for haltline");
    failure.retry_after = wait;
    failure
}

/// What an HTTP status says of the next move.
pub(super) fn kind_of(status: u16) -> FailureKind {
    match status {
        401 => FailureKind::Credentials,
        403 => FailureKind::Rights,
        404 => FailureKind::NotFound,
        429 => FailureKind::Quota,
        408 | 500..=599 => FailureKind::Retry,
        _ => FailureKind::Refused,
    }
}
