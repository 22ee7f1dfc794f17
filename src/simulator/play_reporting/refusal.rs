//! The bodies in which the API refuses.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal: `{"error": {"code", "message", "status", "details"}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    status: &'static str,
    message: String,
    details: Vec<Value>,
}

impl Refusal {
    fn new(code: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            status,
            message: message.into(),
            details: Vec::new(),
        }
    }

    fn because(mut self, reason: &str) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": { "service": "playdeveloperreporting.googleapis.com" },
        }));
        self
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    pub(super) fn unknown_field(name: &str) -> Self {
        Self::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
        ))
    }

    pub(super) fn no_combination() -> Self {
        Self::invalid(
            "The requested metrics, dimensions and aggregation_period do not match any possible combination",
        )
    }

    pub(super) fn beyond(what: &str, freshness: &str) -> Self {
        Self::invalid(format!(
            "{what} should be before the current freshness {freshness}"
        ))
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
             authentication credential.",
        )
        .because("ACCESS_TOKEN_EXPIRED")
    }

    pub(super) fn other_scope() -> Self {
        let message = "Request had insufficient authentication scopes.";
        Self::new(403, "PERMISSION_DENIED", message).because("ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    }

    pub(super) fn no_right() -> Self {
        Self::new(
            403,
            "PERMISSION_DENIED",
            "The caller does not have permission",
        )
    }

    pub(super) fn disabled() -> Self {
        Self::new(
            403,
            "PERMISSION_DENIED",
            "Google Play Developer Reporting API has not been used in project 100000000001 before or it is disabled. Enable \
             it by visiting the API library of the project, then retry.",
        )
        .because("SERVICE_DISABLED")
    }

    pub(super) fn no_such_method() -> Self {
        Self::new(404, "NOT_FOUND", "Method not found.")
    }

    pub(super) fn quota() -> Self {
        Self::new(
            429,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per second' of service \
             'playdeveloperreporting.googleapis.com' for consumer 'project_number:100000000001'.",
        )
        .because("RATE_LIMIT_EXCEEDED")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "status": self.status,
        });
        if let Some(error) = error.as_object_mut().filter(|_| !self.details.is_empty()) {
            error.insert("details".to_owned(), self.details.into());
        }
        (code, Json(json!({ "error": error }))).into_response()
    }
}
