//! The bodies in which Google's newer APIs refuse.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// `{"error": {"code", "message", "status", "details"}}`
#[derive(Debug)]
pub(super) struct Refusal {
    code: StatusCode,
    status: &'static str,
    message: String,
    details: Vec<Value>,
}

impl Refusal {
    fn new(code: StatusCode, status: &'static str, message: &str) -> Self {
        Self {
            code,
            status,
            message: message.to_owned(),
            details: Vec::new(),
        }
    }

    pub(super) fn invalid(message: impl AsRef<str>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            message.as_ref(),
        )
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
             authentication credential.",
        )
    }

    pub(super) fn scope() -> Self {
        let mut refusal = Self::new(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "Request had insufficient authentication scopes.",
        );
        refusal
            .details
            .push(info("ACCESS_TOKEN_SCOPE_INSUFFICIENT"));
        refusal
    }

    pub(super) fn no_right() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "The caller does not have permission",
        )
    }

    /// With seconds until the next try.
    pub(super) fn quota(left: i64) -> Self {
        let mut refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service \
             'firebasecrashlytics.googleapis.com'.",
        );
        refusal.details.push(info("RATE_LIMIT_EXCEEDED"));
        let delay = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{left}s")});
        refusal.details.push(delay);
        refusal
    }
}

fn info(reason: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "firebasecrashlytics.googleapis.com"},
    })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({
            "code": self.code.as_u16(),
            "message": self.message,
            "status": self.status,
        });
        if let (Some(error), false) = (error.as_object_mut(), self.details.is_empty()) {
            error.insert("details".into(), self.details.into());
        }
        (self.code, Json(json!({ "error": error }))).into_response()
    }
}
