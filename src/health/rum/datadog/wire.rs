//! Datadog's answers as they are on the wire, and their cleaning into rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{PlainText, Timestamp};
use crate::health::rum::collector::{Of, Question, Row, What};
use crate::health::rum::error::RumError;

use super::query::{VERSION, facet};
use super::{NAME, cut_short};

/// `POST /api/v2/rum/analytics/aggregate`
#[derive(Debug, Deserialize)]
pub(super) struct Aggregate {
    data: Buckets,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
struct Buckets {
    buckets: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    #[serde(default)]
    by: BTreeMap<String, Value>,
    #[serde(default)]
    computes: BTreeMap<String, Computed>,
}

/// One figure, or one a window.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Computed {
    Points(Vec<Point>),
    One(Value),
}

#[derive(Debug, Deserialize)]
struct Point {
    time: String,
    #[serde(default)]
    value: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    page: Option<Page>,
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    after: Option<String>,
}

impl Aggregate {
    /// Cursor of the next page; an answer that is not whole is an error.
    pub(super) fn after(&self, place: &str) -> Result<Option<String>, RumError> {
        let meta = self.meta.as_ref();
        if meta.and_then(|meta| meta.status.as_deref()) == Some("timeout") {
            return Err(cut_short(place));
        }
        let page = meta.and_then(|meta| meta.page.as_ref());
        Ok(page
            .and_then(|page| page.after.clone())
            .filter(|after| !after.is_empty()))
    }

    pub(super) fn rows(self, question: &Question, place: &str) -> Result<Vec<Row>, RumError> {
        let mut rows = Vec::new();
        for bucket in self.data.buckets {
            let named = |facet: &str| {
                let value = bucket.by.get(facet).ok_or_else(|| {
                    nonsense(
                        place,
                        format!("a bucket has no {facet}, which it was grouped by"),
                    )
                })?;
                text(value).ok_or_else(|| nonsense(place, format!("{facet} is not a text")))
            };
            let release = match question.of {
                Of::Everything => String::new(),
                _ => named(VERSION)?,
            };
            let stratum: Result<Vec<String>, RumError> =
                question.by.iter().map(|kind| named(facet(kind))).collect();
            let row = Row {
                release,
                stratum: stratum?,
                start: question.range.0,
                values: Vec::new(),
            };
            match question.step {
                Some(_) => rows.extend(series(&bucket, question, &row, place)?),
                None => {
                    let values = bucket.computes.values().map(|computed| match computed {
                        Computed::One(value) => scaled(&question.what, number(value)),
                        Computed::Points(_) => None,
                    });
                    let values: Option<Vec<f64>> = values.collect();
                    let why = "a figure is not a number";
                    let values = values.ok_or_else(|| nonsense(place, why.to_owned()))?;
                    rows.push(Row { values, ..row });
                }
            }
        }
        Ok(rows)
    }
}

/// One row a window.
fn series(
    bucket: &Bucket,
    question: &Question,
    row: &Row,
    place: &str,
) -> Result<Vec<Row>, RumError> {
    let Some(Computed::Points(points)) = bucket.computes.get("c0") else {
        return Err(nonsense(
            place,
            "a series was asked for, and none came".to_owned(),
        ));
    };
    let step = question.step.map_or(1, |step| step.num_seconds().max(1));
    let mut rows = Vec::new();
    for point in points {
        let start = instant(&point.time)
            .ok_or_else(|| nonsense(place, "a point is at no time".to_owned()))?;
        if start.timestamp().rem_euclid(step) != 0 {
            let why = "windows do not begin where they were asked to".to_owned();
            return Err(nonsense(place, why));
        }
        // A window without an event may be there as null or nought.
        if let Some(value) = point.value.filter(|value| *value > 0.0) {
            rows.push(Row {
                start,
                values: vec![value],
                ..row.clone()
            });
        }
    }
    Ok(rows)
}

/// Times are nanoseconds on the wire.
fn scaled(what: &What, value: Option<f64>) -> Option<f64> {
    match what {
        What::ColdStartTimes | What::RequestTimes => Some(value? / 1e9),
        _ => value,
    }
}

/// A number, or a number as text; null is none at all.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn instant(raw: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(raw).ok()?;
    Some(time.with_timezone(&Utc))
}

pub(super) fn nonsense(place: &str, why: String) -> RumError {
    RumError::Nonsense {
        vendor: NAME,
        place: place.to_owned(),
        why,
    }
}

/// Datadog's own words: `{"errors": ["…"]}`, or a list of objects with a detail or a title.
pub(super) fn detail(status: u16, body: &[u8]) -> PlainText {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let first = body.get("errors").and_then(|errors| errors.get(0));
    let said = first.and_then(|error| match error {
        Value::String(text) => Some(text.as_str()),
        error => ["detail", "title"]
            .into_iter()
            .find_map(|key| error.get(key)?.as_str()),
    });
    match said.map(PlainText::new).filter(|said| !said.is_empty()) {
        Some(said) => format!("{status}: {said}").into(),
        None => format!("{status}, without a reason").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_every_shape() {
        for (body, wanted) in [
            (r#"{"errors":["Forbidden"]}"#, "403: Forbidden"),
            (
                r#"{"errors":[{"title":"Bad","detail":"no facet"}]}"#,
                "403: no facet",
            ),
            (r#"{"errors":[]}"#, "403, without a reason"),
            ("<html>", "403, without a reason"),
        ] {
            assert_eq!(detail(403, body.as_bytes()).as_str(), wanted);
        }
    }
}
