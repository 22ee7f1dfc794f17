//! NerdGraph's answers as they are on the wire: errors come with status 200, beside what could be answered.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{FailureKind, PlainText};
use crate::health::rum::collector::{Of, Question, Row};
use crate::health::rum::error::RumError;

use super::NAME;

#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Option<Vec<Refusal>>,
}

/// One element of `errors`.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) message: String,
    /// `["actor", "account", "q0"]`; shorter where it is about all of them.
    #[serde(default)]
    path: Option<Vec<Value>>,
    #[serde(default)]
    extensions: Value,
}

impl Refusal {
    pub(super) fn kind(&self) -> FailureKind {
        let class = self.extensions.get("errorClass").and_then(Value::as_str);
        let message = self.message.to_lowercase();
        match class {
            Some("ACCESS_DENIED" | "FORBIDDEN") => FailureKind::Rights,
            Some("UNAUTHORIZED") => FailureKind::Credentials,
            Some("TOO_MANY_REQUESTS") => FailureKind::Quota,
            Some("TIMEOUT" | "SERVER_ERROR") => FailureKind::Retry,
            _ if message.contains("rate limit") || message.contains("too many") => {
                FailureKind::Quota
            }
            _ if message.contains("timed out") || message.contains("timeout") => FailureKind::Retry,
            _ if message.contains("not authorized") || message.contains("access denied") => {
                FailureKind::Rights
            }
            _ if message.contains("api key") => FailureKind::Credentials,
            _ => FailureKind::Refused,
        }
    }
}

impl Graph {
    /// Of the n-th query.
    pub(super) fn results(&self, n: usize) -> Option<&Vec<Value>> {
        let path = format!("/actor/account/q{n}/results");
        self.data.pointer(&path)?.as_array()
    }

    /// Why the n-th query has no results.
    pub(super) fn refusal(&self, n: usize) -> Option<&Refusal> {
        let own = format!("q{n}");
        let mut errors = self.errors.iter().flatten();
        errors.find(|error| {
            let of = error.path.as_ref().and_then(|path| path.get(2));
            of.is_none_or(|of| of.as_str() == Some(&own))
        })
    }
}

pub(super) fn first_message(body: &[u8]) -> Option<PlainText> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let said = body.pointer("/errors/0/message")?.as_str()?;
    Some(PlainText::new(said)).filter(|said| !said.is_empty())
}

/// Rows of one query: its figure is called `n`, its groups are in `facet`, its windows begin at `beginTimeSeconds`.
pub(super) fn rows(question: &Question, results: &[Value]) -> Result<Vec<Row>, RumError> {
    let bad = |why: &str| nonsense("", why);
    let step = question.step.map_or(1, |step| step.num_seconds().max(1));
    let mut rows = Vec::new();
    for result in results {
        let mut groups = groups(result).into_iter();
        let release = if question.of == Of::Everything {
            String::new()
        } else {
            let (version, build) = (groups.next(), groups.next());
            let (Some(version), Some(build)) = (version, build) else {
                return Err(bad("a group does not say its version and build"));
            };
            format!("{version}+{build}")
        };
        let stratum: Vec<String> = groups.take(question.by.len()).collect();
        if stratum.len() < question.by.len() {
            return Err(bad("a group does not say its stratum"));
        }
        let start = if question.step.is_some() {
            let begin = result.get("beginTimeSeconds").and_then(Value::as_i64);
            let begin = begin.ok_or_else(|| bad("a window has no beginning"))?;
            if begin.rem_euclid(step) != 0 {
                return Err(bad("windows do not begin where they were asked to"));
            }
            DateTime::from_timestamp(begin, 0).ok_or_else(|| bad("a window is at no time"))?
        } else {
            question.range.0
        };
        let value = figure(result.get("n")).ok_or_else(|| bad("a figure is not a number"))?;
        if value > 0.0 {
            rows.push(Row {
                release,
                stratum,
                start,
                values: vec![value],
            });
        }
    }
    Ok(rows)
}

/// A number; of a percentile the only one that was asked for: `{"95": 1.2}`. Null is none at all.
fn figure(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Null => Some(0.0),
        Value::Number(number) => number.as_f64(),
        Value::Object(percentiles) => {
            let first = percentiles.values().next();
            first.map_or(Some(0.0), |value| figure(Some(value)))
        }
        _ => None,
    }
}

/// One group is a text, several are a list.
pub(super) fn groups(result: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match result.get("facet") {
        Some(Value::Array(many)) => many.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

pub(super) fn nonsense(place: &str, why: &str) -> RumError {
    RumError::Nonsense {
        vendor: NAME,
        place: if place.is_empty() {
            "POST /graphql".to_owned()
        } else {
            place.to_owned()
        },
        why: why.to_owned(),
    }
}
