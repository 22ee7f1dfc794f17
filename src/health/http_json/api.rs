//! Conversations with the server: one GET at a time, its rate limit obeyed.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use reqwest::Url;
use secrecy::SecretString;

use crate::domain::{Failure, FailureKind, Timestamp};
use crate::health::document::BadDocument;
use crate::http::{Answer, Call, Client, HttpError};
use crate::ports::Clock;

/// After a 429 that names no time.
const WAIT: u32 = 60;
const LONGEST_WAIT: u32 = 3600;

/// A request that gave nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HttpJsonError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the server answered {status}")]
    Refused {
        status: u16,
        place: String,
        wait: Option<u32>,
    },
    /// Not sent.
    #[error("the server's rate limit is used up")]
    Quiet { wait: u32 },
    #[error("the address is no URL for this version")]
    NoUrl,
    /// An answer without the figures that are looked for in it.
    #[error("the answer cannot be used: {why}")]
    Nonsense { place: String, why: String },
}

impl HttpJsonError {
    pub(super) fn document(place: &str, error: &BadDocument) -> Self {
        Self::Nonsense {
            place: place.to_owned(),
            why: error.to_string(),
        }
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    pub(super) fn into_failure(self) -> Failure {
        let what = self.to_string();
        match self {
            Self::Http(error) => error.into_failure(false),
            Self::NoUrl => Failure::new(FailureKind::Refused, what).hint("check url"),
            Self::Nonsense { place, .. } => Failure::new(FailureKind::Malformed, what)
                .at(place)
                .hint("check the pointers under [app.health.metric] against an answer"),
            Self::Quiet { wait } => quota(Failure::new(FailureKind::Quota, what), wait),
            Self::Refused {
                status,
                place,
                wait,
            } => {
                let (kind, hint) = match status {
                    401 => (
                        FailureKind::Credentials,
                        "check the token under [app.health.headers]",
                    ),
                    403 => (FailureKind::Rights, "the token may not read this"),
                    404 => (FailureKind::NotFound, "check url"),
                    429 => (FailureKind::Quota, ""),
                    408 | 500..=599 => (FailureKind::Retry, ""),
                    _ => (FailureKind::Refused, "check url"),
                };
                let failure = Failure::new(kind, what).at(place).hint(hint);
                match wait {
                    Some(wait) => quota(failure, wait),
                    None => failure,
                }
            }
        }
    }
}

fn quota(failure: Failure, wait: u32) -> Failure {
    let mut failure = failure.hint("poll less often, or set a longer window");
    failure.retry_after = Some(wait);
    failure
}

/// Whom to ask.
pub(super) struct Api {
    client: Client,
    headers: Vec<(String, SecretString)>,
    clock: Arc<dyn Clock>,
    /// Until when it must not be asked.
    quiet: Mutex<Option<Timestamp>>,
}

impl Api {
    pub(super) fn new(
        client: Client,
        headers: Vec<(String, SecretString)>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            headers,
            clock,
            quiet: Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A complete answer of 2xx.
    pub(super) async fn ask(&self, url: Option<Url>) -> Result<Answer, HttpJsonError> {
        let url = url.ok_or(HttpJsonError::NoUrl)?;
        self.may_ask()?;
        let call = Call::get(url).header("accept", "application/json");
        let call = self
            .headers
            .iter()
            .fold(call, |call, (name, value)| call.secret_header(name, value));
        let answer = self.client.send(call).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        let now = self.clock.now();
        let wait = (answer.status == 429).then(|| {
            answer
                .retry_after(now)
                .unwrap_or(WAIT)
                .clamp(1, LONGEST_WAIT)
        });
        if let Some(wait) = wait {
            let until = now + TimeDelta::seconds(i64::from(wait));
            *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        Err(HttpJsonError::Refused {
            status: answer.status,
            place: answer.place().to_owned(),
            wait,
        })
    }

    fn may_ask(&self) -> Result<(), HttpJsonError> {
        let quiet = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let left = quiet.map(|until| until - self.clock.now());
        match left.filter(|left| *left > TimeDelta::zero()) {
            Some(left) => {
                let seconds = left.num_milliseconds().saturating_add(999).div_euclid(1000);
                let wait = u32::try_from(seconds).unwrap_or(LONGEST_WAIT);
                Err(HttpJsonError::Quiet { wait })
            }
            None => Ok(()),
        }
    }
}
