//! What can go wrong with Apple's reviews, rating and measurements, and what it means for people.

use serde::Deserialize;

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::apple_auth::BadKey;
use crate::http::{Answer, HttpError};

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    Connect,
    Lookup,
}

impl Whom {
    fn name(self) -> &'static str {
        match self {
            Self::Connect => "App Store Connect",
            Self::Lookup => "Apple's lookup",
        }
    }
}

/// A refusal in Apple's words.
#[derive(Debug)]
pub(super) struct Refused {
    whom: Whom,
    status: u16,
    /// `FORBIDDEN_ERROR`; empty where the body was not Apple's.
    code: String,
    said: PlainText,
    place: String,
    pub(super) wait: Option<u32>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ReviewsError {
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{} answered {}: {}", .0.whom.name(), .0.status, .0.said)]
    Refused(Box<Refused>),
    /// Not sent: a quota is used up.
    #[error("the quota of {} is used up", .whom.name())]
    Quiet { whom: Whom, wait: u32 },
    #[error("the link to the next page does not lead to this API")]
    Astray,
    #[error("App Store Connect shows this key no app with bundle id {0}")]
    NoApp(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    errors: Vec<Said>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

impl Refused {
    pub(super) fn of(whom: Whom, answer: &Answer) -> Self {
        let first = answer
            .json::<Body>()
            .unwrap_or_default()
            .errors
            .into_iter()
            .next();
        let said = first.unwrap_or_default();
        let words = said.detail.or(said.title);
        Self {
            whom,
            status: answer.status,
            code: said.code.unwrap_or_default(),
            said: words.as_deref().unwrap_or("no reason given").into(),
            place: answer.place().to_owned(),
            wait: None,
        }
    }

    pub(super) fn kind(&self) -> FailureKind {
        match (self.status, self.whom) {
            (401, _) => FailureKind::Credentials,
            // The lookup has no keys: it refuses whoever asks too often, with 403 too.
            (429, _) | (403, Whom::Lookup) => FailureKind::Quota,
            (403, _) => FailureKind::Rights,
            (404, _) => FailureKind::NotFound,
            (408 | 500.., _) => FailureKind::Retry,
            _ if self.code.starts_with("RATE_LIMIT_EXCEEDED") => FailureKind::Quota,
            _ => FailureKind::Refused,
        }
    }

    fn hint(&self) -> &'static str {
        match self.kind() {
            FailureKind::Credentials => {
                "check key_id, issuer_id (a team key needs it, an individual key must not have it) and this machine's clock"
            }
            FailureKind::Rights if self.code.contains("AGREEMENTS") => {
                "the Account Holder has to accept the new agreement in App Store Connect under Business"
            }
            FailureKind::Rights => {
                "give the key a role that may read customer reviews, such as Customer Support or App Manager, and access to this app"
            }
            FailureKind::NotFound => "check bundle_id, and that the key has access to this app",
            FailureKind::Retry => "Apple has a problem; haltline goes on trying",
            _ => "",
        }
    }
}

impl From<ReviewsError> for Failure {
    fn from(error: ReviewsError) -> Self {
        let what = error.to_string();
        match error {
            ReviewsError::Key(bad) => bad.into(),
            ReviewsError::Http(error) => error.into_failure(false),
            ReviewsError::Quiet { wait, .. } => quota(what, Some(wait)),
            ReviewsError::Astray => Self::new(FailureKind::Malformed, what),
            ReviewsError::NoApp(_) => Self::new(FailureKind::NotFound, what)
                .at("GET /v1/apps")
                .hint("check bundle_id, and that the key has access to this app"),
            ReviewsError::Refused(refused) if refused.kind() == FailureKind::Quota => {
                quota(what, refused.wait).at(refused.place)
            }
            ReviewsError::Refused(refused) => Self::new(refused.kind(), what)
                .hint(refused.hint())
                .at(refused.place),
        }
    }
}

fn quota(what: String, wait: Option<u32>) -> Failure {
    let mut failure = Failure::new(FailureKind::Quota, what)
        .hint("other tools ask too: give haltline a key of its own");
    failure.retry_after = wait;
    failure
}
