//! What can go wrong with Sentry, and what it means for people.
//!
//! Owns the reading of Sentry's error bodies: `{"detail": …}`, where the detail is a text or an object with a message.

use serde_json::Value;

use crate::domain::{Failure, FailureKind, PlainText};
use crate::http::{Answer, HttpError};

use super::api::Endpoint;

/// A request to Sentry that gave nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SentryError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer other than 2xx. `wait` is what a 429 asks for, in seconds.
    #[error("Sentry answered {status}: {detail}")]
    Refused {
        endpoint: Endpoint,
        status: u16,
        detail: PlainText,
        place: String,
        wait: Option<u32>,
    },
    /// Not sent: the rate limit of this endpoint is used up.
    #[error("Sentry's rate limit is used up")]
    Quiet { endpoint: Endpoint, wait: u32 },
    /// A 2xx whose content contradicts itself.
    #[error("the answer is not what Sentry documents: {why}")]
    Nonsense { place: String, why: String },
}

impl SentryError {
    pub(super) fn refused(endpoint: Endpoint, answer: &Answer, wait: Option<u32>) -> Self {
        Self::Refused {
            endpoint,
            status: answer.status,
            detail: detail(&answer.body),
            place: answer.place().to_owned(),
            wait,
        }
    }

    /// True where the server understood the request and does not take it as it is: what feature probing looks for.
    pub(super) fn is_bad_request(&self) -> bool {
        matches!(self, Self::Refused { status: 400, .. })
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Http(error) => error.into_failure(false),
            Self::Quiet { wait, .. } => quota(Failure::new(FailureKind::Quota, what), Some(wait)),
            Self::Nonsense { place, .. } => Failure::new(FailureKind::Malformed, what).at(place),
            Self::Refused {
                endpoint,
                status,
                detail,
                place,
                wait,
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
                    failure.hint(hint(status, endpoint, detail.as_str()))
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

fn hint(status: u16, endpoint: Endpoint, detail: &str) -> String {
    match status {
        400 if detail.to_lowercase().contains("project") => {
            "check project; older servers want its number, not its slug".into()
        }
        401 => {
            "the token is missing, wrong or revoked: make one under Settings, Custom Integrations"
                .into()
        }
        403 => format!(
            "the token needs the scope {} for {}, and its user or integration must see the project",
            endpoint.scope(),
            endpoint.feeds()
        ),
        404 => "check organization and project (their slugs are in the web address), and base_url"
            .into(),
        500..=599 => "Sentry has a problem; haltline goes on trying".into(),
        _ => String::new(),
    }
}

/// The server's own words: `{"detail": "…"}`, `{"detail": {"message": "…"}}`, a bare JSON text, or nothing usable.
fn detail(body: &[u8]) -> PlainText {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let detail = value.get("detail").unwrap_or(&value);
    let text = match detail {
        Value::String(text) => Some(text.as_str()),
        Value::Object(object) => ["message", "code"]
            .into_iter()
            .find_map(|key| object.get(key)?.as_str()),
        _ => None,
    };
    text.map(PlainText::new)
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "no reason given".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_every_shape() {
        for (body, wanted) in [
            (r#"{"detail":"Invalid token"}"#, "Invalid token"),
            (
                r#"{"detail":{"code":"sso-required","message":"Must login via SSO"}}"#,
                "Must login via SSO",
            ),
            (r#"{"detail":{"code":"sso-required"}}"#, "sso-required"),
            (r#""too fast""#, "too fast"),
            (r#"{"detail":null}"#, "no reason given"),
            ("<html>", "no reason given"),
            ("", "no reason given"),
            ("{\"detail\":\"\\u001b[31mred\"}", "[31mred"),
        ] {
            assert_eq!(detail(body.as_bytes()).as_str(), wanted, "{body}");
        }
    }
}
