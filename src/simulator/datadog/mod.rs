//! A fake Datadog: RUM's aggregate and search endpoints and Error Tracking, a RUM application an app.
//!
//! Owns the routes, keys and rate limits. Written from the vendor's reference alone: it knows no adapter. The id of an
//! application is the app's own; its releases are called `8.43.0+84300`.

mod aggregate;
mod facts;
mod issues;
mod reply;
mod search;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::Vendor;
use super::{Keys, World};
use crate::domain::Timestamp;
use reply::Refusal;

/// Distinct values up to which a cardinality is exact.
const EXACT: u64 = 3000;

/// What kind of Datadog it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Of the application key.
    pub permissions: Vec<&'static str>,
    /// Requests an endpoint takes in a period of so long.
    pub limit: (u32, TimeDelta),
    /// Buckets on one page at most.
    pub page: usize,
    /// Events can be searched so much later.
    pub lag: TimeDelta,
    /// Crashes arrive so much later: at the app's next start.
    pub late_crashes: TimeDelta,
    /// Queries time out, and say so.
    pub slow: bool,
    /// A 429 says when to come back.
    pub says_when: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            permissions: vec!["rum_apps_read", "error_tracking_read"],
            limit: (300, TimeDelta::minutes(1)),
            page: usize::MAX,
            lag: TimeDelta::minutes(2),
            late_crashes: TimeDelta::zero(),
            slow: false,
            says_when: true,
        }
    }
}

/// A Datadog site.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

/// A site of this kind.
pub fn router_of(server: Server, world: Arc<World>, keys: Arc<Keys>) -> Router {
    let datadog = Arc::new(Datadog {
        server,
        world,
        keys,
        periods: Mutex::default(),
    });
    Router::new()
        .route("/api/v2/rum/analytics/aggregate", post(aggregate))
        .route("/api/v2/rum/events/search", post(search_events))
        .route("/api/v2/error-tracking/issues/search", post(search_issues))
        .route("/api/v2/error-tracking/issues/{id}", get(issue))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "Not found"))
        .layer(middleware::from_fn_with_state(datadog.clone(), frame))
        .with_state(datadog)
}

struct Datadog {
    server: Server,
    world: Arc<World>,
    keys: Arc<Keys>,
    /// Per endpoint: when the running period began, and the requests in it.
    periods: Mutex<BTreeMap<String, (Timestamp, u32)>>,
}

type Shared = State<Arc<Datadog>>;

impl Datadog {
    fn allow(&self, headers: &HeaderMap, permission: &str) -> Result<(), Refusal> {
        let given = |name| {
            headers
                .get(name)
                .and_then(|v: &HeaderValue| v.to_str().ok())
        };
        let api = given("dd-api-key") == Some(self.keys.token(Vendor::Datadog).as_str());
        let app = given("dd-application-key") == Some(self.keys.datadog_app_key().as_str());
        if given("dd-api-key").is_none() || given("dd-application-key").is_none() {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized"));
        }
        if !api || !app || !self.server.permissions.contains(&permission) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden"));
        }
        Ok(())
    }

    /// Counts a request; the requests left and the seconds until the period ends. Periods are aligned to the calendar.
    fn count(&self, path: &str) -> (Option<u32>, i64) {
        let (limit, length) = self.server.limit;
        let length = length.num_seconds().max(1);
        let now = self.world.now();
        let began = now.timestamp().div_euclid(length) * length;
        let period = DateTime::from_timestamp(began, 0).unwrap_or_default();
        let mut periods = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, seen) = periods.entry(path.to_owned()).or_insert((period, 0));
        if *start != period {
            (*start, *seen) = (period, 0);
        }
        *seen = seen.saturating_add(1);
        (limit.checked_sub(*seen), began + length - now.timestamp())
    }
}

/// The rate limit, which is looked at before anything else, and told with every answer.
async fn frame(State(datadog): Shared, request: Request, next: Next) -> Response {
    datadog.world.catch_up();
    let path = request.uri().path().to_owned();
    let (left, reset) = datadog.count(&path);
    let (limit, length) = datadog.server.limit;
    let mut response = match left {
        Some(_) => next.run(request).await,
        None => Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests").into_response(),
    };
    if left.is_none() && !datadog.server.says_when {
        return response;
    }
    for (name, value) in [
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-period", length.num_seconds().to_string()),
        ("x-ratelimit-remaining", left.unwrap_or(0).to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-ratelimit-name", "rum_analytics".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A body that is not what is documented is refused, with where.
fn read<T: DeserializeOwned>(body: &str) -> Result<T, Refusal> {
    serde_json::from_str(body).map_err(|why| Refusal::bad(&format!("Invalid request body: {why}")))
}

async fn aggregate(
    State(datadog): Shared,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Refusal> {
    datadog.allow(&headers, "rum_apps_read")?;
    aggregate::answer(&datadog, &read(&body)?).map(Json)
}

async fn search_events(
    State(datadog): Shared,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Refusal> {
    datadog.allow(&headers, "rum_apps_read")?;
    issues::events(&datadog, &read(&body)?).map(Json)
}

async fn search_issues(
    State(datadog): Shared,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Refusal> {
    datadog.allow(&headers, "error_tracking_read")?;
    issues::search(&datadog, &read(&body)?).map(Json)
}

async fn issue(
    State(datadog): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    datadog.allow(&headers, "error_tracking_read")?;
    let issue = issues::one(&datadog, &id);
    issue
        .map(Json)
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Issue not found"))
}
