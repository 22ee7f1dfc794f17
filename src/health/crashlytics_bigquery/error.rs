//! What can go wrong with BigQuery, and what it means for people.
//!
//! Owns the reading of its error bodies: `{"error": {"code", "message", "errors": [{"reason", "message"}]}}`. The reason tells
//! more than the status: 400 is a wrong query and a query that is too dear, 403 a missing right and a used-up quota.

use serde::Deserialize;

use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::google_auth::{AuthError, CallError};
use crate::http::{Answer, HttpError};

use super::wire::SoftError;

/// A question that gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub(super) enum BigQueryError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Refused, at once or by the job. `status` is 200 for a job that failed.
    #[error("BigQuery refuses{}: {message}", of(reason))]
    Refused {
        status: u16,
        reason: String,
        message: PlainText,
        place: String,
        /// Seconds, where a limit is used up.
        wait: Option<u32>,
    },
    /// Not sent: a limit is used up.
    #[error("BigQuery's quota is used up")]
    Quiet { wait: u32 },
    #[error("BigQuery did not finish the query in {} s", super::api::PATIENCE)]
    TooLong,
    /// A 2xx whose content contradicts itself.
    #[error("the answer is not what BigQuery documents: {0}")]
    Nonsense(&'static str),
}

fn of(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}

impl From<CallError> for BigQueryError {
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
    errors: Vec<SoftError>,
}

/// Seconds to be quiet where a used-up limit names none.
const PAUSE: u32 = 60;

fn is_quota(reason: &str) -> bool {
    matches!(
        reason,
        "quotaExceeded" | "rateLimitExceeded" | "jobRateLimitExceeded"
    )
}

impl BigQueryError {
    pub(super) fn refused(answer: &Answer, now: Timestamp) -> Self {
        let Body { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
        let first = error.errors.into_iter().next().unwrap_or_default();
        let limited = answer.status == 429 || is_quota(&first.reason);
        let asked = answer.retry_after(now).unwrap_or(PAUSE).clamp(1, 3600);
        let said = [error.message, first.message]
            .into_iter()
            .find(|said| !said.is_empty());
        Self::Refused {
            status: answer.status,
            reason: first.reason,
            message: said
                .unwrap_or_else(|| format!("HTTP {}", answer.status))
                .into(),
            place: answer.place().to_owned(),
            wait: limited.then_some(asked),
        }
    }

    /// A job that ended without a result.
    pub(super) fn failed(error: SoftError, place: &str) -> Self {
        Self::Refused {
            status: 200,
            wait: is_quota(&error.reason).then_some(PAUSE),
            reason: error.reason,
            message: error.message.into(),
            place: place.to_owned(),
        }
    }

    /// Seconds to be quiet.
    pub(super) fn wait(&self) -> Option<u32> {
        match self {
            Self::Refused { wait, .. } => *wait,
            _ => None,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Auth(error) => error.into(),
            Self::Http(error) => error.into_failure(false),
            Self::Nonsense(_) => Failure::new(FailureKind::Malformed, what),
            Self::TooLong => Failure::new(FailureKind::Retry, what)
                .hint("BigQuery is busy; haltline goes on trying"),
            Self::Quiet { wait } => quota(Failure::new(FailureKind::Quota, what), wait),
            Self::Refused {
                place,
                wait: Some(wait),
                ..
            } => quota(Failure::new(FailureKind::Quota, what).at(place), wait),
            Self::Refused {
                status,
                reason,
                message,
                place,
                ..
            } => {
                let (kind, hint) = meaning(status, &reason, message.as_str());
                Failure::new(kind, what).at(place).hint(hint)
            }
        }
    }
}

fn quota(mut failure: Failure, wait: u32) -> Failure {
    failure.retry_after = Some(wait);
    failure.hint("ask less often (every = \"30m\"), or raise the project's quota of BigQuery")
}

fn meaning(status: u16, reason: &str, message: &str) -> (FailureKind, &'static str) {
    match (status, reason) {
        (_, "backendError" | "internalError" | "jobBackendError" | "jobInternalError")
        | (408 | 500..=599, _) => (
            FailureKind::Retry,
            "Google has a problem; haltline goes on trying",
        ),
        (_, "bytesBilledLimitExceeded") => (
            FailureKind::Refused,
            "the tables are larger than max_billed lets a query read: raise max_billed, or have them partitioned by event_timestamp",
        ),
        // The message names the permission that is missing.
        (_, "accessDenied") if message.contains("bigquery.jobs.create") => (
            FailureKind::Rights,
            "give the service account the role BigQuery Job User (roles/bigquery.jobUser) in the project",
        ),
        (_, "accessDenied") => (
            FailureKind::Rights,
            "give the service account the role BigQuery Data Viewer (roles/bigquery.dataViewer) on both datasets",
        ),
        (_, "notFound") | (404, _) => (
            FailureKind::NotFound,
            "check project, sessions_table, crashes_table and location; streaming to BigQuery is switched on in the Firebase console, for Crashlytics and for sessions",
        ),
        (_, "invalidQuery") => (
            FailureKind::Refused,
            "are sessions_table and crashes_table really the exports of Firebase sessions and of Crashlytics?",
        ),
        (_, "billingNotEnabled" | "billingTierLimitExceeded") => (
            FailureKind::Refused,
            "enable billing in the project: streaming and queries of streamed tables need it",
        ),
        (403, _) => (
            FailureKind::Rights,
            "the service account needs the roles BigQuery Job User in the project and BigQuery Data Viewer on both datasets, and the BigQuery API must be enabled",
        ),
        (401, _) => (
            FailureKind::Credentials,
            "Google takes no token of this service account: make a new JSON key",
        ),
        _ => (FailureKind::Refused, ""),
    }
}
