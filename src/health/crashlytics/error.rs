//! What can go wrong with the Crashlytics API, and what it means for people.
//!
//! Owns the reading of Google's error bodies: `{"error": {"code", "message", "status", "details": [{"reason", "retryDelay"}]}}`.

use serde::Deserialize;

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::google_auth::{AuthError, CallError};
use crate::http::{Answer, HttpError};

/// A request that gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub(super) enum CrashlyticsError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer other than 2xx.
    #[error("Crashlytics answered {status}: {message}")]
    Refused {
        status: u16,
        message: PlainText,
        /// Of the first detail: `SERVICE_DISABLED`, `RATE_LIMIT_EXCEEDED`.
        reason: String,
        place: String,
        /// Seconds, where a limit is used up.
        wait: Option<u32>,
    },
    /// Not sent: the quota is used up.
    #[error("the quota of the Crashlytics API is used up")]
    Quiet { wait: u32 },
    /// A 2xx whose content contradicts itself.
    #[error("the answer is not what Crashlytics documents: {why}")]
    Nonsense { why: &'static str },
}

impl From<CallError> for CrashlyticsError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Auth(error) => Self::Auth(error),
            CallError::Http(error) => Self::Http(error),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Inner,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inner {
    message: String,
    status: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    reason: String,
    /// `30s`, `1.5s`
    retry_delay: String,
}

/// Seconds to be quiet where a refusal for too many requests names none.
const PAUSE: u32 = 60;

impl CrashlyticsError {
    pub(super) fn refused(answer: &Answer, now: crate::domain::Timestamp) -> Self {
        let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Inner {
            message,
            status: word,
            details,
        } = body.error;
        let mut reasons = details.iter().map(|detail| detail.reason.as_str());
        let reason = reasons.find(|r| !r.is_empty()).unwrap_or_default();
        let limited = answer.status == 429
            || word == "RESOURCE_EXHAUSTED"
            || reason.eq_ignore_ascii_case("rateLimitExceeded")
            || reason == "RATE_LIMIT_EXCEEDED";
        let delay = details.iter().find_map(|detail| {
            let seconds: f64 = detail.retry_delay.strip_suffix('s')?.parse().ok()?;
            (0.0..=3600.0)
                .contains(&seconds)
                .then(|| seconds.ceil() as u32)
        });
        let asked = answer
            .retry_after(now)
            .or(delay)
            .unwrap_or(PAUSE)
            .clamp(1, 3600);
        Self::Refused {
            status: answer.status,
            message: if message.is_empty() {
                "no reason given".into()
            } else {
                message.into()
            },
            reason: reason.to_owned(),
            place: answer.place().to_owned(),
            wait: limited.then_some(asked),
        }
    }

    /// Seconds to be quiet.
    pub(super) fn wait(&self) -> Option<u32> {
        match self {
            Self::Refused { wait, .. } => *wait,
            _ => None,
        }
    }

    /// True where the server understood the question and does not take it as it is: what feature probing looks for.
    pub(super) fn is_bad_request(&self) -> bool {
        matches!(self, Self::Refused { status: 400, .. })
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Auth(error) => error.into(),
            Self::Http(error) => error.into_failure(false),
            Self::Nonsense { .. } => Failure::new(FailureKind::Malformed, what),
            Self::Quiet { wait } => quota(Failure::new(FailureKind::Quota, what), wait),
            Self::Refused {
                place,
                wait: Some(wait),
                ..
            } => quota(Failure::new(FailureKind::Quota, what).at(place), wait),
            Self::Refused {
                status,
                reason,
                place,
                ..
            } => {
                let kind = match status {
                    401 => FailureKind::Credentials,
                    403 => FailureKind::Rights,
                    404 => FailureKind::NotFound,
                    408 | 500..=599 => FailureKind::Retry,
                    _ => FailureKind::Refused,
                };
                Failure::new(kind, what)
                    .at(place)
                    .hint(hint(status, &reason))
            }
        }
    }
}

fn quota(mut failure: Failure, wait: u32) -> Failure {
    failure.retry_after = Some(wait);
    failure.hint("poll less often, or use a Google Cloud project of its own for haltline")
}

fn hint(status: u16, reason: &str) -> &'static str {
    match (status, reason) {
        (_, "SERVICE_DISABLED") => {
            "enable the Firebase Crashlytics API in the Google Cloud project of the service account"
        }
        (401, _) => "Google takes no token of this service account: make a new JSON key",
        (403, _) => {
            "give the service account a role that reads Crashlytics, such as Firebase Crashlytics Viewer, in the app's project"
        }
        (404, _) => {
            "check application, which is the App ID of the Firebase console; this API is an alpha and may have moved"
        }
        (500..=599, _) => "Google has a problem; haltline goes on trying",
        _ => "",
    }
}
