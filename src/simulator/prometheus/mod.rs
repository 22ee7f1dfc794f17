//! A fake Prometheus: its query API over the counters that an exporter of the apps would have.
//!
//! Owns the routes, their parameters and the form of answers. Written from what Prometheus 2.42 answers: the same query over the
//! same samples gives the same here and there, and `tests/prometheus` holds it to that. With a token, as hosted ones have.

mod answer;
mod exporter;
mod promql;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde_json::json;

use super::fault::Vendor;
use super::{Keys, World};
use answer::{Answer, bad_data, success};
use exporter::{Exporter, Gauges};
use promql::{Found, Type, Value, evaluate, parse};

pub use exporter::APP_ID;
pub use promql::{Labels, Matcher, Series};

/// Points of one series that an answer may have.
const MOST_POINTS: i64 = 11_000;

/// Where samples come from.
pub trait Storage: Send + Sync {
    /// The series that all matchers admit, with their samples of this range, both ends included, in milliseconds.
    fn select(&self, matchers: &[Matcher], range: (i64, i64)) -> Vec<Series>;
}

impl Storage for Vec<Series> {
    fn select(&self, matchers: &[Matcher], (from, to): (i64, i64)) -> Vec<Series> {
        let picked = self.iter().filter(|series| {
            matchers
                .iter()
                .all(|matcher| matcher.admits(&series.labels))
        });
        let within = |series: &Series| {
            let samples = series.samples.iter().copied();
            Series {
                labels: series.labels.clone(),
                samples: samples.filter(|(at, _)| (from..=to).contains(at)).collect(),
            }
        };
        picked.map(within).collect()
    }
}

/// Who may ask.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// As bearer token, or as password of any user; nobody is asked where there is none.
    pub token: Option<String>,
    /// The only tenant, where it has tenants.
    pub tenant: Option<String>,
}

/// Prometheus at the base, and Embrace's metrics, which speak the same language, below `/metrics`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "every vendor's router is made alike"
)]
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    let server = Server {
        token: Some(keys.token(Vendor::Prometheus)),
        tenant: None,
    };
    let exporter = Exporter::new(Arc::clone(&world));
    let gauges = Gauges(Exporter::new(Arc::clone(&world)));
    let live = move |request: Request, next: Next| {
        world.catch_up();
        next.run(request)
    };
    router_over(server.clone(), Arc::new(exporter))
        .nest("/metrics", router_over(server, Arc::new(gauges)))
        .layer(middleware::from_fn(live))
}

/// A server over samples that are there.
pub fn router_over(server: Server, storage: Arc<dyn Storage>) -> Router {
    let may = move |headers: HeaderMap, request: Request, next: Next| {
        let refused = refusal(&server, &headers);
        async move {
            match refused {
                Some(refused) => refused,
                None => next.run(request).await,
            }
        }
    };
    Router::new()
        .route("/api/v1/query", get(instant).post(instant))
        .route("/api/v1/query_range", get(range).post(range))
        .route("/api/v1/label/{name}/values", get(values))
        .route("/api/v1/status/buildinfo", get(build_info))
        .fallback(async || (StatusCode::NOT_FOUND, "404 page not found\n"))
        .layer(middleware::from_fn(may))
        .with_state(storage)
}

/// What a gateway says to whom it does not know: plain text.
fn refusal(server: &Server, headers: &HeaderMap) -> Option<Response> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = header(header::AUTHORIZATION.as_str()).unwrap_or_default();
    let password = given.strip_prefix("Basic ").and_then(|pair| {
        let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
        Some(pair.split_once(':')?.1.to_owned())
    });
    let bearer = given.strip_prefix("Bearer ").map(str::to_owned);
    let fits = |token: &String| bearer.as_ref() == Some(token) || password.as_ref() == Some(token);
    if server.token.as_ref().is_some_and(|token| !fits(token)) {
        return Some((StatusCode::UNAUTHORIZED, "Unauthorized\n").into_response());
    }
    let tenant = header("x-scope-orgid");
    match &server.tenant {
        Some(_) if tenant.is_none() => {
            Some((StatusCode::UNAUTHORIZED, "no org id\n").into_response())
        }
        Some(only) if tenant != Some(only) => {
            Some((StatusCode::FORBIDDEN, "unknown tenant\n").into_response())
        }
        _ => None,
    }
}

type Stored = State<Arc<dyn Storage>>;

/// Parameters of the address, and of the form where there is one.
struct Params(Vec<(String, String)>);

impl Params {
    async fn of(request: Request) -> Self {
        let (mut parts, body) = request.into_parts();
        let own = Query::<Vec<(String, String)>>::from_request_parts(&mut parts, &()).await;
        let mut pairs = own.map(|query| query.0).unwrap_or_default();
        let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
        let form = format!("/?{}", String::from_utf8_lossy(&body));
        if let Ok(form) = form.parse::<Uri>()
            && let Ok(Query(more)) = Query::<Vec<(String, String)>>::try_from_uri(&form)
        {
            pairs.extend(more);
        }
        Self(pairs)
    }

    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Milliseconds.
    fn time(&self, name: &str) -> Result<i64, Answer> {
        let raw = self.get(name);
        let seconds = raw
            .parse::<f64>()
            .ok()
            .filter(|seconds| seconds.is_finite());
        let seconds = seconds.map(|seconds| (seconds * 1000.0).round() as i64);
        let written = || Some(DateTime::parse_from_rfc3339(raw).ok()?.timestamp_millis());
        seconds.or_else(written).ok_or_else(|| {
            bad_data(&format!(
                "invalid parameter {name:?}: cannot parse {raw:?} to a valid timestamp"
            ))
        })
    }

    fn step(&self) -> Result<i64, Answer> {
        let raw = self.get("step");
        let seconds = raw
            .parse::<f64>()
            .ok()
            .filter(|seconds| seconds.is_finite());
        let step = seconds.map(|seconds| (seconds * 1000.0).round() as i64);
        let step = step.or_else(|| promql::duration(raw)).ok_or_else(|| {
            bad_data(&format!(
                "invalid parameter \"step\": cannot parse {raw:?} to a valid duration"
            ))
        })?;
        if step > 0 {
            return Ok(step);
        }
        Err(bad_data(
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
        ))
    }
}

async fn range(State(storage): Stored, request: Request) -> Answer {
    let params = Params::of(request).await;
    range_of(storage.as_ref(), &params).unwrap_or_else(|refused| refused)
}

fn range_of(storage: &dyn Storage, params: &Params) -> Result<Answer, Answer> {
    let (start, end) = (params.time("start")?, params.time("end")?);
    if end < start {
        return Err(bad_data(
            "invalid parameter \"end\": end timestamp must not be before start time",
        ));
    }
    let step = params.step()?;
    if (end - start) / step > MOST_POINTS {
        return Err(bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let expr = parse(params.get("query"))?;
    if !matches!(expr.kind(), Type::Scalar | Type::Vector) {
        let kind = expr.kind().name();
        return Err(bad_data(&format!(
            "invalid expression type {kind:?} for range query, must be Scalar or instant Vector"
        )));
    }
    let found = found(storage, &expr, (start, end));
    let mut matrix = BTreeMap::<Arc<Labels>, Vec<(i64, f64)>>::new();
    let mut at = start;
    while at <= end {
        let values = match evaluate(&expr, &found, at)? {
            Value::Scalar(number) => vec![(Arc::default(), number)],
            Value::Vector(values) => values,
            Value::Text(_) => Vec::new(),
        };
        for (labels, value) in values {
            matrix.entry(labels).or_default().push((at, value));
        }
        at += step;
    }
    Ok(answer::matrix(&matrix))
}

/// The samples that a query needs between two times.
fn found(storage: &dyn Storage, expr: &promql::Expr, (start, end): (i64, i64)) -> Found {
    let selected = expr.selectors().into_iter().map(|selector| {
        let from = start - Series::reach(selector.range);
        storage.select(&selector.matchers, (from, end))
    });
    Found::of_selectors(selected)
}

async fn instant(State(storage): Stored, request: Request) -> Answer {
    let params = Params::of(request).await;
    instant_of(storage.as_ref(), &params).unwrap_or_else(|refused| refused)
}

fn instant_of(storage: &dyn Storage, params: &Params) -> Result<Answer, Answer> {
    let at = params.time("time")?;
    let expr = parse(params.get("query")).map_err(answer::of_parameter)?;
    let found = found(storage, &expr, (at, at));
    Ok(answer::instant(at, evaluate(&expr, &found, at)?))
}

async fn values(State(storage): Stored, Path(name): Path<String>, request: Request) -> Answer {
    let params = Params::of(request).await;
    values_of(storage.as_ref(), &name, &params).unwrap_or_else(|refused| refused)
}

fn values_of(storage: &dyn Storage, name: &str, params: &Params) -> Result<Answer, Answer> {
    let time_or = |name: &str, other: i64| {
        if params.get(name).is_empty() {
            Ok(other)
        } else {
            params.time(name)
        }
    };
    let range = (
        time_or("start", i64::MIN / 2)?,
        time_or("end", i64::MAX / 2)?,
    );
    let only = params.get("match[]");
    let matchers = if only.is_empty() {
        Vec::new()
    } else {
        let expr = parse(only).map_err(answer::of_match)?;
        let selectors = expr.selectors();
        selectors
            .first()
            .map(|selector| selector.matchers.clone())
            .unwrap_or_default()
    };
    let series = storage.select(&matchers, range);
    let with_samples = series.iter().filter(|series| !series.samples.is_empty());
    let values: BTreeSet<&String> = with_samples.filter_map(|s| s.labels.get(name)).collect();
    Ok(success(&json!(values)))
}

async fn build_info() -> Answer {
    success(
        &json!({"version": "2.42.0", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "go1.19.8"}),
    )
}
