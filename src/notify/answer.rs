//! What an answer of a channel means for the next move.
//!
//! [`FailureKind::Refused`], [`FailureKind::Credentials`] and [`FailureKind::Unsupported`] end it; everything else is tried again.

use crate::domain::{Failure, FailureKind, PlainText, Timestamp};
use crate::http::{Answer, HttpError};

/// No usable answer came. A redirect is not the end either: captive portals and proxies redirect for an hour, and a page outlives
/// them. `place` is ours, since the path of a webhook is a secret.
pub(super) fn none(error: &HttpError, place: &str) -> Failure {
    let (kind, hint) = match error {
        HttpError::NotSent { .. } => (
            FailureKind::Retry,
            "check the address, the network and the certificate",
        ),
        HttpError::NoAnswer { .. } => (FailureKind::Ambiguous, ""),
        HttpError::Redirected { .. } => (
            FailureKind::Retry,
            "give the address that it leads to, if that is the service itself and not a login page",
        ),
        HttpError::TooLarge { .. } | HttpError::Malformed { .. } => (
            FailureKind::Malformed,
            "is this really the service, and not a login page or a proxy?",
        ),
    };
    Failure::new(kind, error.to_string()).at(place).hint(hint)
}

/// It answered, and did not take the message; `said` are its own words, where they are for people.
pub(super) fn refusal(answer: &Answer, said: Option<&str>, place: &str, now: Timestamp) -> Failure {
    let said = said.map(PlainText::new).filter(|said| !said.is_empty());
    let what = match said {
        Some(said) => format!("it answered {}: {said}", answer.status),
        None => format!("it answered {}", answer.status),
    };
    let kind = match kind_of(answer.status) {
        // None of the services says no with a page: a proxy in between does, and may not for long. 401 is about our credentials,
        // whoever says it.
        FailureKind::Refused | FailureKind::Credentials
            if answer.status != 401 && answer.body.trim_ascii_start().starts_with(b"<") =>
        {
            FailureKind::Retry
        }
        kind => kind,
    };
    let mut failure = Failure::new(kind, what).at(place);
    failure.retry_after = answer.retry_after(now);
    failure
}

/// A success that is not the one that the service documents: somebody else may have answered.
pub(super) fn odd(answer: &Answer, service: &str, place: &str) -> Failure {
    let what = format!(
        "it answered {}, but not as {service} does when it takes a message",
        answer.status
    );
    let hint = format!("is this really {service}, and not a proxy or a login page?");
    Failure::new(FailureKind::Malformed, what)
        .at(place)
        .hint(hint)
}

fn kind_of(status: u16) -> FailureKind {
    match status {
        429 => FailureKind::Quota,
        401 | 403 => FailureKind::Credentials,
        408 | 425 | 500.. => FailureKind::Retry,
        400.. => FailureKind::Refused,
        _ => FailureKind::Malformed,
    }
}

/// A short text that people are meant to read: not a page, not a document.
pub(super) fn words(answer: &Answer) -> Option<&str> {
    const LONGEST: usize = 200;
    let text = std::str::from_utf8(&answer.body).ok()?.trim();
    let plain = !text.starts_with(['<', '{', '[']);
    (plain && !text.is_empty() && text.len() <= LONGEST).then_some(text)
}

/// A code such as `not_in_channel`; anything else might quote what was sent, and keys have digits in them.
pub(super) fn code(text: &str) -> Option<&str> {
    const LONGEST: usize = 60;
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphabetic() || c == '_';
    (!text.is_empty() && text.len() <= LONGEST && text.chars().all(fits)).then_some(text)
}
