//! The one shape of every answer that is an error.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Failure, FailureKind, PlainText};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    pub error: Trouble,
}

/// For people, and for programs to tell apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    pub kind: Kind,
    /// One sentence without a full stop.
    pub what: PlainText,
    /// What to do about it; empty where there is nothing.
    pub hint: PlainText,
}

/// What it means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 400: it is not understood.
    BadRequest,
    /// 403: not for this user.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 413: too much.
    TooLarge,
    /// 429: too often; it says when to ask again.
    TooMany,
    /// 503: not now; asking again later may help.
    Unavailable,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Problem {
    pub fn new(kind: Kind, what: impl Into<PlainText>) -> Self {
        Self {
            error: Trouble {
                kind,
                what: what.into(),
                hint: PlainText::default(),
            },
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<PlainText>) -> Self {
        self.error.hint = hint.into();
        self
    }

    /// The watcher has ended, or does not answer in time.
    pub(super) fn no_answer() -> Self {
        Self::new(Kind::Unavailable, "the watcher does not answer").hint("ask again")
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::NotFound | FailureKind::Unsupported => Kind::NotFound,
            _ => Kind::Unavailable,
        };
        Self::new(kind, failure.what).hint(failure.hint)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = self.error.kind;
        let mut response = (kind.status(), Json(self)).into_response();
        if matches!(kind, Kind::TooMany | Kind::Unavailable) {
            let again = HeaderValue::from_static("5");
            response.headers_mut().insert(header::RETRY_AFTER, again);
        }
        response
    }
}
