//! What answers are made of: refusals, pages and their `Link` header.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::ORGANIZATION;

/// `{"detail": …}`
#[derive(Debug)]
pub(super) struct Refusal(StatusCode, String);

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self(status, detail.to_owned())
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, detail.into())
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "The requested resource does not exist",
        )
    }

    pub(super) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "You do not have permission to perform this action.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "detail": self.1 }))).into_response()
    }
}

/// A part of a listing.
pub(super) struct Page {
    pub(super) body: Value,
    /// The question without its cursor.
    pub(super) question: String,
    pub(super) offset: usize,
    pub(super) size: usize,
    pub(super) more: bool,
    /// How many there are in all, where the endpoint tells.
    pub(super) hits: Option<usize>,
}

impl Page {
    pub(super) fn into_response(self, endpoint: &str, request: &HeaderMap) -> Response {
        let host = request
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or("sentry.io");
        let link = |rel: &str, offset: usize, results: bool| {
            let cursor = format!("0:{offset}:{}", u8::from(rel == "previous"));
            let question = &self.question;
            format!(
                "<http://{host}/api/0/organizations/{ORGANIZATION}/{endpoint}/?{question}&cursor={cursor}>; \
                 rel=\"{rel}\"; results=\"{results}\"; cursor=\"{cursor}\""
            )
        };
        let links = format!(
            "{}, {}",
            link(
                "previous",
                self.offset.saturating_sub(self.size),
                self.offset > 0
            ),
            link("next", self.offset.saturating_add(self.size), self.more)
        );
        let mut response = Json(self.body).into_response();
        set(response.headers_mut(), "link", &links);
        if let Some(hits) = self.hits {
            set(response.headers_mut(), "x-hits", &hits.to_string());
        }
        response
    }
}

/// Sets a header, replacing it; a value that no header can have is left out.
pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
