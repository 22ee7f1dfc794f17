//! What answers look like.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Body, json};

use super::promql::{Labels, Refused, Sample, Value};

/// A status and a body in JSON.
pub(super) struct Answer(StatusCode, Body);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Query(what) => bad_data(&what),
            Refused::Execution(what) => Self(
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({"status": "error", "errorType": "execution", "error": what}),
            ),
        }
    }
}

pub(super) fn bad_data(what: &str) -> Answer {
    Answer(
        StatusCode::BAD_REQUEST,
        json!({"status": "error", "errorType": "bad_data", "error": what}),
    )
}

/// A query that an instant query was refused for: that one names the parameter.
pub(super) fn of_parameter(refused: Refused) -> Answer {
    named("query", refused)
}

pub(super) fn of_match(refused: Refused) -> Answer {
    named("match[]", refused)
}

fn named(parameter: &str, refused: Refused) -> Answer {
    match refused {
        Refused::Query(what) => bad_data(&format!("invalid parameter {parameter:?}: {what}")),
        other @ Refused::Execution(_) => other.into(),
    }
}

pub(super) fn success(data: &Body) -> Answer {
    Answer(StatusCode::OK, json!({"status": "success", "data": data}))
}

pub(super) fn matrix(of: &BTreeMap<Arc<Labels>, Vec<(i64, f64)>>) -> Answer {
    let series = of.iter().map(|(labels, samples)| {
        let values: Vec<Body> = samples
            .iter()
            .map(|(at, value)| sample(*at, *value))
            .collect();
        json!({"metric": labels.as_ref(), "values": values})
    });
    let result: Vec<Body> = series.collect();
    success(&json!({"resultType": "matrix", "result": result}))
}

pub(super) fn instant(at: i64, value: Value) -> Answer {
    success(&match value {
        Value::Scalar(number) => json!({"resultType": "scalar", "result": sample(at, number)}),
        Value::Text(text) => json!({"resultType": "string", "result": [seconds(at), text]}),
        Value::Vector(values) => {
            let of = |(labels, value): &Sample| json!({"metric": labels.as_ref(), "value": sample(at, *value)});
            let result: Vec<Body> = values.iter().map(of).collect();
            json!({"resultType": "vector", "result": result})
        }
    })
}

fn sample(at: i64, value: f64) -> Body {
    json!([seconds(at), written(value)])
}

/// Whole seconds have no point.
fn seconds(millis: i64) -> Body {
    if millis % 1000 == 0 {
        json!(millis / 1000)
    } else {
        json!(millis as f64 / 1000.0)
    }
}

/// As Go writes a number.
fn written(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".into(),
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        value => format!("{value}"),
    }
}
