//! Why a conversation with Play came to nothing, and what that means for the next move.

use serde::Deserialize;

use super::case::Case;
use super::track::TrackError;
use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::google_auth::{AuthError, CallError};
use crate::http::{Answer, HttpError};

/// The step of a conversation in which something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    ListReleases,
    InsertEdit,
    GetTrack,
    PutTrack,
    Validate,
    Commit,
    DeleteEdit,
}

/// Why a conversation with Play came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error("{error}")]
    Http { step: Step, error: HttpError },
    #[error(transparent)]
    Track(#[from] TrackError),
    #[error("{}", refusal.sentence())]
    Refused { place: String, refusal: Refusal },
}

/// An answer of Play that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub case: Case,
    pub status: u16,
    /// Play's own words.
    pub said: PlainText,
    /// Seconds.
    pub retry_after: Option<u32>,
}

/// `{"error":{"code","message","status","errors":[{"reason"}]}}`, any of it absent.
#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: Option<String>,
    status: Option<String>,
    errors: Option<Vec<Detail>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    reason: Option<String>,
}

impl Refusal {
    /// Reads an answer that is no success.
    pub(super) fn read(step: Step, answer: &Answer, now: Timestamp) -> Self {
        let body = serde_json::from_slice::<Envelope>(&answer.body)
            .unwrap_or_default()
            .error;
        let message = body.message.unwrap_or_default();
        let mut words = format!("{message}\n{}", body.status.unwrap_or_default());
        for reason in body
            .errors
            .unwrap_or_default()
            .into_iter()
            .filter_map(|detail| detail.reason)
        {
            words.push('\n');
            words.push_str(&reason);
        }
        let words = words.to_lowercase();
        Self {
            case: Case::of(step, answer.status, &words),
            status: answer.status,
            said: message.into(),
            retry_after: answer.retry_after(now),
        }
    }

    /// Whether these words could be how Play refuses to commit during a review, which no source has written down.
    pub(super) fn may_mean_review(&self) -> bool {
        matches!(self.case, Case::Other | Case::Concurrent)
    }

    /// Whether the words themselves speak of a review.
    pub(super) fn speaks_of_review(&self) -> bool {
        let said = self.said.as_str().to_lowercase();
        said.contains("in review") || said.contains("in_review")
    }

    fn sentence(&self) -> String {
        match self.case.words() {
            Some(words) => words.to_owned(),
            None if self.said.is_empty() => format!("Google Play answers HTTP {}", self.status),
            None => format!("Google Play refuses (HTTP {}): {}", self.status, self.said),
        }
    }
}

impl PlayError {
    /// From a call that was not answered; the place without the edit's id.
    pub(super) fn unanswered(step: Step, place: &str, error: CallError) -> Self {
        match error {
            CallError::Auth(error) => Self::Auth(error),
            CallError::Http(error) => Self::Http {
                step,
                error: error.at(place),
            },
        }
    }
}

impl From<PlayError> for Failure {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::Auth(error) => error.into(),
            // Before the commit nothing is live, so only the commit's lost answer is ambiguous.
            PlayError::Http { step, error } => error.into_failure(step == Step::Commit),
            PlayError::Track(error) => error.into(),
            PlayError::Refused { place, refusal } => Self {
                retry_after: refusal.retry_after,
                ..Self::new(refusal.case.kind(), refusal.sentence())
                    .at(place)
                    .hint(refusal.case.hint())
            },
        }
    }
}

impl From<TrackError> for Failure {
    fn from(error: TrackError) -> Self {
        let (kind, hint) = match &error {
            TrackError::Malformed(_) | TrackError::UnknownStatus { .. } => (
                FailureKind::Malformed,
                "is base_url really Google Play's API? If so, this haltline is too old for it",
            ),
            TrackError::Gone(_) => (
                FailureKind::NotFound,
                "it was replaced by a newer release, or version_code names one that is not there",
            ),
            TrackError::Draft(_) => (
                FailureKind::Refused,
                "begin it first: haltline start APP --reason TEXT",
            ),
            TrackError::Stopped(_) => (
                FailureKind::Conflict,
                "if it shall go on: haltline resume APP --reason TEXT",
            ),
            TrackError::FullyReleased(_) => (
                FailureKind::Refused,
                "halt it, or release a fixed version with a higher version code",
            ),
            TrackError::NoFraction(_) => (
                FailureKind::Refused,
                "complete it, or go on at a share that you name: advance --to 50%",
            ),
            TrackError::NotStaged(_) => (FailureKind::Refused, "for everybody, complete it"),
            TrackError::OtherInProgress { .. } => (
                FailureKind::Refused,
                "halt or complete the other one first, then ask again",
            ),
            TrackError::Begun(_) => (
                FailureKind::Refused,
                "go on with it: haltline resume APP --reason TEXT",
            ),
            TrackError::Unpublished(_) => (
                FailureKind::Refused,
                "publish it in the Play Console under Publishing overview; it is watched from then on",
            ),
        };
        Self::new(kind, error.to_string()).hint(hint)
    }
}

#[cfg(test)]
mod tests;
