//! What can go wrong with Bugsnag, and what it means for people.
//!
//! Owns the reading of its error bodies: `{"errors": ["…"]}`.

use serde_json::Value;

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::{Answer, HttpError};

/// A request to Bugsnag that gave nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BugsnagError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer other than 2xx. `wait` is what a 429 asks for, in seconds.
    #[error("Bugsnag answered {status}: {detail}")]
    Refused {
        status: u16,
        detail: PlainText,
        place: String,
        wait: Option<u32>,
    },
    /// Not sent.
    #[error("Bugsnag's rate limit is used up")]
    Quiet { wait: u32 },
}

impl BugsnagError {
    pub(super) fn refused(answer: &Answer, wait: Option<u32>) -> Self {
        Self::Refused {
            status: answer.status,
            detail: detail(&answer.body),
            place: answer.place().to_owned(),
            wait,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Http(error) => error.into_failure(false),
            Self::Quiet { wait } => quota(Failure::new(FailureKind::Quota, what), Some(wait)),
            Self::Refused {
                status,
                place,
                wait,
                ..
            } => {
                let (kind, hint) = match status {
                    401 => (
                        FailureKind::Credentials,
                        "the token is missing, wrong or revoked: make a personal auth token under My account",
                    ),
                    403 => (
                        FailureKind::Rights,
                        "the token's user must see the project, and the plan must have this",
                    ),
                    404 => (
                        FailureKind::NotFound,
                        "project is the project's id, not its name; whoever owns the token must see it",
                    ),
                    429 => (FailureKind::Quota, ""),
                    408 | 500..=599 => (FailureKind::Retry, ""),
                    _ => (FailureKind::Refused, ""),
                };
                let failure = Failure::new(kind, what).at(place);
                if status == 429 {
                    quota(failure, wait)
                } else {
                    failure.hint(hint)
                }
            }
        }
    }
}

fn quota(failure: Failure, wait: Option<u32>) -> Failure {
    let mut failure = failure.hint("poll less often, or use a token of its own for haltline");
    failure.retry_after = wait;
    failure
}

fn detail(body: &[u8]) -> PlainText {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let first = value.pointer("/errors/0").and_then(Value::as_str);
    let only = value.get("error").and_then(Value::as_str);
    first
        .or(only)
        .map(PlainText::new)
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "no reason given".into())
}
