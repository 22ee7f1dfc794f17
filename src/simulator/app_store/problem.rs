//! Refusals in Apple's form.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::catalog::uuid;

/// One error object, and the status of the answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    source: Option<Value>,
}

/// For attributes that another state would take.
const BAD_STATE: &str = "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE";
const BAD_STATE_TITLE: &str =
    "An attribute value is not acceptable for the current resource state.";

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            source: None,
        }
    }

    fn pointer(mut self, pointer: &str) -> Self {
        self.source = Some(json!({ "pointer": pointer }));
        self
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "NOT_AUTHORIZED",
            "Authentication credentials are missing or invalid.",
            "Provide a properly configured and signed bearer token, and make sure that it has not expired.",
        )
    }

    pub(super) fn rate_limit() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMIT_EXCEEDED",
            "The request rate limit has been reached.",
            "The hourly limit of requests has been reached; wait before you try again.",
        )
    }

    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "The specified resource does not exist",
            format!("There is no resource of type '{kind}' with id '{id}'"),
        )
    }

    pub(super) fn path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "The URL path is not valid",
            "The path does not match a resource",
        )
    }

    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "The request method is not valid for the resource path.",
            "This resource does not take this method",
        )
    }

    pub(super) fn not_acceptable() -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            "The request is not acceptable",
            "The Accept header does not name a form that this resource has",
        )
    }

    pub(super) fn parameter(name: &str, detail: String) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "PARAMETER_ERROR.INVALID",
            "A parameter has an invalid value",
            detail,
        );
        problem.source = Some(json!({ "parameter": name }));
        problem
    }

    pub(super) fn unprocessable(detail: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "ENTITY_UNPROCESSABLE",
            "The request entity is not a valid request document object",
            detail,
        )
    }

    /// Something in the body that no state would take.
    pub(super) fn attribute(pointer: &str, detail: String) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "ENTITY_ERROR.ATTRIBUTE.INVALID",
            "An attribute in the provided entity has an invalid value",
            detail,
        )
        .pointer(pointer)
    }

    pub(super) fn relationship(detail: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "ENTITY_ERROR.RELATIONSHIP.INVALID",
            "A relationship in the provided entity is not acceptable",
            detail,
        )
        .pointer("/data/relationships/appStoreVersion")
    }

    pub(super) fn state(detail: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "STATE_ERROR.ENTITY_STATE_INVALID",
            "The entity is not in a valid state for this request",
            detail,
        )
    }

    /// The text is as it was seen live; the code that came with it was not.
    pub(super) fn same_value() -> Self {
        Self::bad_state("The phased release already has this value")
            .pointer("/data/attributes/phasedReleaseState")
    }

    /// As [`Self::same_value`].
    pub(super) fn final_state() -> Self {
        Self::bad_state("You cannot change the state of a phased release that is in a final state")
            .pointer("/data/attributes/phasedReleaseState")
    }

    /// As [`Self::same_value`]; the pointer to an attribute that does not exist is Apple's.
    pub(super) fn version_state() -> Self {
        Self::bad_state(
            "You cannot change the state of a phased release in the current version state.",
        )
        .pointer("/data/attributes/pendingDeveloperRelease")
    }

    pub(super) fn transition(from: &str, to: &str) -> Self {
        Self::bad_state(&format!("A phased release cannot go from {from} to {to}"))
            .pointer("/data/attributes/phasedReleaseState")
    }

    fn bad_state(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, BAD_STATE, BAD_STATE_TITLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut error = json!({
            "id": uuid(&[self.code, &self.detail]),
            "status": self.status.as_u16().to_string(),
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
        });
        if let (Some(source), Some(error)) = (self.source, error.as_object_mut()) {
            error.insert("source".into(), source);
        }
        (self.status, Json(json!({ "errors": [error] }))).into_response()
    }
}
