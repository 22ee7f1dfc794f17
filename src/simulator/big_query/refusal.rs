//! The bodies in which BigQuery refuses: the reason says more than the status.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `{"error": {"code", "message", "errors": [{"reason", …}], "status"}}`
#[derive(Debug)]
pub(super) struct Refusal {
    code: StatusCode,
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Refusal {
    fn new(
        code: StatusCode,
        status: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            status,
            reason,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        let code = StatusCode::BAD_REQUEST;
        Self::new(code, "INVALID_ARGUMENT", "invalid", message)
    }

    pub(super) fn query(message: impl Into<String>) -> Self {
        let code = StatusCode::BAD_REQUEST;
        Self::new(code, "INVALID_ARGUMENT", "invalidQuery", message)
    }

    pub(super) fn too_dear(limit: u64, needed: u64) -> Self {
        let message =
            format!("Query exceeded limit for bytes billed: {limit}. {needed} or higher required.");
        let code = StatusCode::BAD_REQUEST;
        Self::new(
            code,
            "INVALID_ARGUMENT",
            "bytesBilledLimitExceeded",
            message,
        )
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "notFound", message)
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        let code = StatusCode::FORBIDDEN;
        Self::new(code, "PERMISSION_DENIED", "accessDenied", message)
    }

    pub(super) fn scope() -> Self {
        let message = "Request had insufficient authentication scopes.";
        let code = StatusCode::FORBIDDEN;
        Self::new(
            code,
            "PERMISSION_DENIED",
            "insufficientPermissions",
            message,
        )
    }

    pub(super) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
                       valid authentication credential.";
        let code = StatusCode::UNAUTHORIZED;
        Self::new(code, "UNAUTHENTICATED", "authError", message)
    }

    pub(super) fn rate() -> Self {
        let message =
            "Exceeded rate limits: too many api requests per user per method for this user_method.";
        let code = StatusCode::FORBIDDEN;
        Self::new(code, "PERMISSION_DENIED", "rateLimitExceeded", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut one = json!({"message": self.message, "domain": "global", "reason": self.reason});
        if let (Some(one), "invalidQuery") = (one.as_object_mut(), self.reason) {
            one.insert("location".into(), "q".into());
            one.insert("locationType".into(), "parameter".into());
        }
        let error = json!({
            "code": self.code.as_u16(),
            "message": self.message,
            "errors": [one],
            "status": self.status,
        });
        (self.code, Json(json!({ "error": error }))).into_response()
    }
}
