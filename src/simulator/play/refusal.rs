//! The bodies in which Google Play refuses.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal: status, the word for it, the older word for it, and the message, by which alone most clients can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    status: &'static str,
    reason: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn new(code: u16, status: &'static str, reason: &'static str, message: &str) -> Self {
        Self {
            code,
            status,
            reason,
            message: message.to_owned(),
        }
    }

    /// The request makes no sense as it is.
    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "INVALID_ARGUMENT", "badRequest", message)
    }

    /// It would, were the app or edit in another state.
    pub(super) fn precondition(message: &str) -> Self {
        Self::new(400, "FAILED_PRECONDITION", "failedPrecondition", message)
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(404, "NOT_FOUND", "notFound", message)
    }

    pub(super) fn nothing_to_halt() -> Self {
        Self::new(
            400,
            "INVALID_ARGUMENT",
            "releaseToHaltNotFound",
            "Cannot halt release, no matching in progress release found.",
        )
    }

    pub(super) fn edit_deleted() -> Self {
        Self::precondition("This Edit has been deleted.")
    }

    pub(super) fn edit_expired() -> Self {
        Self::precondition("This edit has expired please create a new Edit.")
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "authError",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
             authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )
    }

    pub(super) fn no_right() -> Self {
        Self::new(
            403,
            "PERMISSION_DENIED",
            "forbidden",
            "The caller does not have permission",
        )
    }

    pub(super) fn api_off() -> Self {
        Self::new(
            403,
            "PERMISSION_DENIED",
            "accessNotConfigured",
            "Google Play Android Developer API has not been used in project 100000000001 before or it is disabled. Enable it \
             by visiting the API library of the project, then retry.",
        )
    }

    pub(super) fn quota() -> Self {
        Self::new(
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service \
             'androidpublisher.googleapis.com'.",
        )
    }

    /// What Play says where a completed release has nothing to fall back on, and only when committing.
    pub(super) fn internal() -> Self {
        Self::new(
            500,
            "INTERNAL",
            "backendError",
            "Internal error encountered.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "error": {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "errors": [{ "message": self.message, "domain": "androidpublisher", "reason": self.reason }],
        }});
        let mut response = (code, Json(body)).into_response();
        if code == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(
                    "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"",
                ),
            );
        }
        response
    }
}
