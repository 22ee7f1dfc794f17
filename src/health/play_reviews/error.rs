//! What can go wrong with Play's reviews, and what it means for people.

use serde::Deserialize;

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::google_auth::CallError;
use crate::http::google_auth::error::AuthError;
use crate::http::{Answer, HttpError};

use super::RIGHT;

#[derive(Debug, thiserror::Error)]
pub(super) enum ReviewsError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("Google Play answered {status}: {said}")]
    Refused {
        status: u16,
        /// The older word for it, which alone tells a quota from a right.
        reason: String,
        said: PlainText,
        place: String,
        wait: Option<u32>,
    },
    /// Not sent: the quota of reviews is used up.
    #[error("Google Play's quota of reviews is used up")]
    Quiet { wait: u32 },
}

impl From<CallError> for ReviewsError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Auth(error) => error.into(),
            CallError::Http(error) => error.into(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Said,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    errors: Vec<Reason>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
}

impl ReviewsError {
    pub(super) fn refused(answer: &Answer) -> Self {
        let said = answer.json::<Body>().unwrap_or_default().error;
        let reason = said.errors.into_iter().map(|e| e.reason).next();
        let said = PlainText::new(&said.message);
        Self::Refused {
            status: answer.status,
            reason: reason.unwrap_or_default(),
            said: if said.is_empty() {
                "no reason given".into()
            } else {
                said
            },
            place: answer.place().to_owned(),
            wait: None,
        }
    }

    /// Google says so with 429, and with 403 where a daily or hourly quota is used up.
    pub(super) fn is_for_quota(&self) -> bool {
        match self {
            Self::Refused { status: 429, .. } => true,
            Self::Refused {
                status: 403,
                reason,
                ..
            } => matches!(
                reason.as_str(),
                "quotaExceeded"
                    | "rateLimitExceeded"
                    | "userRateLimitExceeded"
                    | "dailyLimitExceeded"
            ),
            _ => false,
        }
    }

    pub(super) fn wait(mut self, seconds: u32) -> Self {
        if let Self::Refused { wait, .. } = &mut self {
            *wait = Some(seconds);
        }
        self
    }
}

impl From<ReviewsError> for Failure {
    fn from(error: ReviewsError) -> Self {
        let what = error.to_string();
        let for_quota = error.is_for_quota();
        match error {
            ReviewsError::Auth(error) => error.into(),
            ReviewsError::Http(error) => error.into_failure(false),
            ReviewsError::Quiet { wait } => quota(what, Some(wait)),
            ReviewsError::Refused { place, wait, .. } if for_quota => quota(what, wait).at(place),
            ReviewsError::Refused {
                status,
                said,
                place,
                ..
            } => {
                let (kind, hint) = meaning(status, said.as_str());
                Self::new(kind, what).at(place).hint(hint)
            }
        }
    }
}

fn quota(what: String, wait: Option<u32>) -> Failure {
    let mut failure = Failure::new(FailureKind::Quota, what)
        .hint("another tool reads this app's reviews too: Play allows 200 requests an hour");
    failure.retry_after = wait;
    failure
}

fn meaning(status: u16, said: &str) -> (FailureKind, String) {
    match status {
        401 => (
            FailureKind::Credentials,
            "Play does not take the token: is the key still valid?".into(),
        ),
        403 if said.contains("has not been used") || said.contains("is disabled") => (
            FailureKind::Rights,
            "enable the Google Play Android Developer API in the service account's project".into(),
        ),
        403 => (
            FailureKind::Rights,
            format!(
                "in the Play Console, under Users and permissions, give the service account \"{RIGHT}\" for this app"
            ),
        ),
        404 => (
            FailureKind::NotFound,
            "check package, and that the service account was invited in the Play Console".into(),
        ),
        408 | 500.. => (
            FailureKind::Retry,
            "Google has a problem; haltline goes on trying".into(),
        ),
        _ => (FailureKind::Refused, String::new()),
    }
}
