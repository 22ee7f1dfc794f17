//! Bugsnag's answers as they are on the wire: fields empty, null, missing or surplus.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::{PlainText, Timestamp};

/// A build: one element of `GET /projects/{id}/releases`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ReleaseBody {
    pub(super) id: String,
    /// First seen, or told of by whoever built it.
    #[serde(default)]
    pub(super) release_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) app_version: String,
    /// Android's version code; empty elsewhere.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) app_version_code: String,
    /// Apple's build number; empty elsewhere.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) app_bundle_version: String,
    #[serde(default, deserialize_with = "count")]
    pub(super) total_sessions_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) unhandled_sessions_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) sessions_count_in_last_24h: Option<u64>,
}

/// One element of `GET /projects/{id}/errors`. Counts are of what the filters let pass.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) id: PlainText,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) error_class: PlainText,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) message: PlainText,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) context: PlainText,
    #[serde(default, deserialize_with = "count")]
    pub(super) events: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) users: Option<u64>,
    #[serde(default)]
    pub(super) first_seen_unfiltered: Option<Timestamp>,
}

/// `GET /errors/{id}/latest_event`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct EventBody {
    #[serde(default)]
    pub(super) received_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) exceptions: Vec<ExceptionBody>,
}

/// Some answers spell the first key one way, some the other.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ExceptionBody {
    #[serde(default, alias = "errorClass", deserialize_with = "or_default")]
    pub(super) error_class: PlainText,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) message: PlainText,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) stacktrace: Vec<FrameBody>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct FrameBody {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) method: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) file: String,
    #[serde(default, alias = "lineNumber", deserialize_with = "count")]
    pub(super) line_number: Option<u64>,
}

/// `GET /projects/{id}`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ProjectBody {
    #[serde(default)]
    pub(super) html_url: Option<String>,
}

/// A number, a number as text, or nothing usable.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
