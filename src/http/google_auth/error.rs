//! What Google's token endpoint refuses, told apart by its description, since the code is `invalid_grant` for nearly all.

use chrono::TimeDelta;

use super::key::KeyError;
use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::{Answer, HttpError};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("Google does not accept the key's signature")]
    Signature { place: String },
    #[error("Google does not accept the key's token_uri as the assertion's audience")]
    Audience { place: String },
    /// `skew`: this machine's clock minus Google's, where the answer told.
    #[error("Google does not accept the time in the assertion{}", describe(*.skew))]
    Clock {
        place: String,
        skew: Option<TimeDelta>,
    },
    #[error("Google does not know the service account {email}")]
    UnknownAccount { place: String, email: PlainText },
    #[error("Google does not accept the scope asked for")]
    Scope { place: String },
    #[error("too many token requests")]
    Quota {
        place: String,
        retry_after: Option<u32>,
    },
    #[error("Google's token service failed (HTTP {status})")]
    Unavailable { place: String, status: u16 },
    #[error("Google gives no token (HTTP {status}): {said}")]
    Refused {
        place: String,
        status: u16,
        said: PlainText,
    },
}

#[derive(serde::Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

impl AuthError {
    /// From an answer that is no success. `now` is `None` on simulated time, which no `Date` header can be compared with.
    pub(super) fn from_answer(answer: &Answer, email: &str, now: Option<Timestamp>) -> Self {
        let (place, status) = (answer.place().to_owned(), answer.status);
        match status {
            429 => {
                return Self::Quota {
                    place,
                    retry_after: now.and_then(|now| answer.retry_after(now)),
                };
            }
            500.. => return Self::Unavailable { place, status },
            _ => {}
        }
        let refusal = match answer.json::<Refusal>() {
            Ok(refusal) => refusal,
            Err(malformed) => return malformed.into(),
        };
        let description = refusal.error_description.unwrap_or_default();
        let says = |part: &str| description.to_lowercase().contains(part);
        if refusal.error == "invalid_scope" || says("invalid oauth scope") {
            Self::Scope { place }
        } else if says("signature") {
            Self::Signature { place }
        } else if says("audience") {
            Self::Audience { place }
        } else if says("short-lived") || says("timeframe") {
            Self::Clock {
                place,
                skew: now.and_then(|now| Some(now - answer.date()?)),
            }
        } else if says("account not found") {
            Self::UnknownAccount {
                place,
                email: email.into(),
            }
        } else {
            Self::Refused {
                place,
                status,
                said: format!("{}: {description}", refusal.error).into(),
            }
        }
    }

    fn place(&self) -> &str {
        match self {
            Self::Key(_) => "",
            Self::Http(error) => error.place(),
            Self::Signature { place }
            | Self::Audience { place }
            | Self::Clock { place, .. }
            | Self::UnknownAccount { place, .. }
            | Self::Scope { place }
            | Self::Quota { place, .. }
            | Self::Unavailable { place, .. }
            | Self::Refused { place, .. } => place,
        }
    }
}

/// The difference in whole minutes, so that two failures of one minute read the same.
fn describe(skew: Option<TimeDelta>) -> String {
    match skew.map(|skew| skew.num_minutes()) {
        Some(ahead @ 1..) => format!(": this machine's clock is {ahead} min ahead of Google's"),
        Some(behind @ ..=-1) => {
            format!(": this machine's clock is {} min behind Google's", -behind)
        }
        Some(0) => ", though this machine's clock agrees with Google's".into(),
        None => String::new(),
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        let kind = match &error {
            AuthError::Quota { .. } => FailureKind::Quota,
            AuthError::Unavailable { .. } => FailureKind::Retry,
            _ => FailureKind::Credentials,
        };
        let hint = match &error {
            AuthError::Signature { .. } => {
                "the key was deleted or replaced: make a new JSON key for the service account"
            }
            AuthError::Audience { .. } => {
                "token_uri in the key file must be https://oauth2.googleapis.com/token"
            }
            AuthError::Clock { .. } => "set this machine's clock (NTP)",
            AuthError::UnknownAccount { .. } => {
                "the service account was deleted or disabled: make a new one and invite it in the Play Console"
            }
            AuthError::Scope { .. } => {
                "the service account's project may not use this API: enable it in Google Cloud"
            }
            _ => "",
        };
        let (what, place) = (error.to_string(), error.place().to_owned());
        match error {
            // A token grant writes nothing: a lost answer is no ambiguity.
            AuthError::Http(error) => error.into_failure(false),
            AuthError::Key(error) => error.into(),
            AuthError::Quota { retry_after, .. } => Self {
                retry_after,
                ..Self::new(kind, what).at(place)
            },
            _ => Self::new(kind, what).at(place).hint(hint),
        }
    }
}
