//! What can go wrong with the Reporting API, and what it means for people.
//!
//! Owns the reading of Google's error bodies: `{"error": {"code", "message", "status", "details": […]}}`.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::google_auth::AuthError;
use crate::http::google_auth::CallError;
use crate::http::{Answer, HttpError};

/// The name under which Google Cloud lists the API.
const API: &str = "Google Play Developer Reporting API (playdeveloperreporting.googleapis.com)";
/// In the Play Console's words.
pub(super) const RIGHT: &str = "View app information (read-only)";

/// A request that gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub(super) enum VitalsError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("Google Play answered {status}: {said}")]
    Refused {
        status: u16,
        said: PlainText,
        /// The API is not enabled in the service account's project.
        disabled: bool,
        place: String,
        wait: Option<u32>,
    },
    /// Not sent: the quota is used up.
    #[error("the quota of Google Play's vitals is used up")]
    Quiet { wait: u32 },
    /// A 2xx whose content contradicts itself.
    #[error("the answer is not what Google Play documents: {why}")]
    Nonsense { place: String, why: String },
    #[error(
        "{0} is not a version code: Google Play's vitals are told apart by version codes alone"
    )]
    NoCode(PlainText),
}

impl From<CallError> for VitalsError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Auth(error) => error.into(),
            CallError::Http(error) => error.into(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    details: Vec<Value>,
}

impl VitalsError {
    /// From an answer that is no success.
    pub(super) fn refused(answer: &Answer, now: Timestamp) -> Self {
        let Envelope { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
        let detail = |field: &str| {
            let found = error.details.iter().find_map(|detail| detail.get(field));
            found.and_then(Value::as_str).map(str::to_owned)
        };
        let reason = detail("reason").unwrap_or_default();
        let disabled =
            reason == "SERVICE_DISABLED" || error.message.contains("has not been used in project");
        let limited = answer.status == 429;
        let told = || detail("retryDelay")?.strip_suffix('s')?.parse::<f64>().ok();
        let wait = limited.then(|| {
            let told = answer.retry_after(now).map(f64::from).or_else(told);
            told.unwrap_or(60.0).ceil().clamp(1.0, 86_400.0) as u32
        });
        let said = PlainText::new(&error.message);
        Self::Refused {
            status: answer.status,
            said: if said.is_empty() {
                "no reason given".into()
            } else {
                said
            },
            disabled,
            place: answer.place().to_owned(),
            wait,
        }
    }

    /// The range that was asked for ends after what has been computed: the freshness has moved back, or was of another set.
    pub(super) fn is_beyond_freshness(&self) -> bool {
        matches!(self, Self::Refused { status: 400, said, .. } if said.as_str().to_lowercase().contains("freshness"))
    }

    /// Understood, and not taken as it is.
    pub(super) fn is_bad_request(&self) -> bool {
        matches!(self, Self::Refused { status: 400, .. })
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Auth(error) => error.into(),
            Self::Http(error) => error.into_failure(false),
            Self::Quiet { wait } => quota(Failure::new(FailureKind::Quota, what), Some(wait)),
            Self::Nonsense { place, .. } => Failure::new(FailureKind::Malformed, what).at(place),
            Self::NoCode(_) => Failure::new(FailureKind::Refused, what)
                .hint("write the baseline as a version code, such as 84200"),
            Self::Refused {
                status,
                disabled,
                place,
                wait,
                ..
            } => {
                let kind = match status {
                    401 => FailureKind::Credentials,
                    403 => FailureKind::Rights,
                    404 => FailureKind::NotFound,
                    429 => FailureKind::Quota,
                    408 | 500..=599 => FailureKind::Retry,
                    _ => FailureKind::Refused,
                };
                let failure = Failure::new(kind, what).at(place);
                if status == 429 {
                    quota(failure, wait)
                } else {
                    failure.hint(hint(status, disabled))
                }
            }
        }
    }
}

fn quota(failure: Failure, wait: Option<u32>) -> Failure {
    let mut failure = failure.hint(
        "all tools of a Google Cloud project share its quota: give haltline a project of its own",
    );
    failure.retry_after = wait;
    failure
}

fn hint(status: u16, disabled: bool) -> String {
    match status {
        401 => "make a new JSON key for the service account".into(),
        403 if disabled => {
            format!("enable the {API} in the service account's Google Cloud project")
        }
        403 => format!(
            "in the Play Console, Users and permissions, give the service account \"{RIGHT}\" for this app"
        ),
        404 => "check package; the app must be in the Play Console of the service account".into(),
        500..=599 => "Google Play has a problem; haltline goes on trying".into(),
        _ => String::new(),
    }
}
