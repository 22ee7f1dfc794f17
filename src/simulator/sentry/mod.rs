//! A fake Sentry: one organization, a project an app, release health and issues of the world's versions.
//!
//! Owns the routes, tokens, rate limits and what all answers have in common. Written from the vendor's reference alone: it
//! knows no adapter. Faults are done around it.

mod events;
mod issues;
mod params;
mod reply;
mod sessions;
mod spans;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta};

use super::{Keys, World};
use crate::domain::Timestamp;
use params::Params;
use reply::Refusal;

/// Slug of the one organization.
pub const ORGANIZATION: &str = "acme";
/// Number of the first app's project; its slug is the app's id.
pub const FIRST_PROJECT: u64 = 4_505_001;

/// What kind of Sentry it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Of the token.
    pub scopes: Vec<&'static str>,
    /// An older server: no windows under an hour, no `unhandled`, no newer rates, projects by number only.
    pub older: bool,
    /// The organization has ANR rates.
    pub anr: bool,
    /// Requests an endpoint takes in a window of so long.
    pub limit: (u32, TimeDelta),
    /// Groups on one page of sessions at most, beside the limit on data points.
    pub page: usize,
    /// Sessions that ended in a crash arrive so much later: at the app's next start.
    pub late_crashes: TimeDelta,
    /// Share of the spans that is stored; 0: this server has none, and no such endpoints either.
    pub sampled: f64,
    /// This server's clock less the world's.
    pub skew: TimeDelta,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            scopes: vec!["org:read", "event:read", "project:read"],
            older: false,
            anr: true,
            limit: (1000, TimeDelta::minutes(1)),
            page: usize::MAX,
            late_crashes: TimeDelta::zero(),
            sampled: 1.0,
            skew: TimeDelta::zero(),
        }
    }
}

/// A current server.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

/// A server of this kind.
pub fn router_of(server: Server, world: Arc<World>, keys: Arc<Keys>) -> Router {
    let sentry = Arc::new(Sentry {
        server,
        world,
        keys,
        windows: Mutex::default(),
    });
    Router::new()
        .route(
            "/api/0/organizations/{organization}/sessions/",
            get(sessions),
        )
        .route("/api/0/organizations/{organization}/issues/", get(issues))
        .route(
            "/api/0/organizations/{organization}/events-timeseries/",
            get(series),
        )
        .route("/api/0/organizations/{organization}/events/", get(table))
        .route(
            "/api/0/organizations/{organization}/issues/{id}/events/",
            get(events),
        )
        .route("/api/0/organizations/{organization}/sessions", get(slash))
        .route("/api/0/organizations/{organization}/issues", get(slash))
        .fallback(async || Refusal::not_found())
        .layer(middleware::from_fn_with_state(sentry.clone(), frame))
        .with_state(sentry)
}

struct Sentry {
    server: Server,
    world: Arc<World>,
    keys: Arc<Keys>,
    /// Per endpoint: when the running window began, and the requests in it.
    windows: Mutex<std::collections::BTreeMap<String, (Timestamp, u32)>>,
}

type Shared = State<Arc<Sentry>>;

impl Sentry {
    fn now(&self) -> Timestamp {
        self.world.now() + self.server.skew
    }

    fn allow(&self, headers: &HeaderMap, scope: &str, organization: &str) -> Result<(), Refusal> {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        match given {
            None => Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "Authentication credentials were not provided.",
            )),
            Some(token) if token != self.keys.sentry_token => {
                Err(Refusal::new(StatusCode::UNAUTHORIZED, "Invalid token"))
            }
            Some(_) if organization != ORGANIZATION => Err(Refusal::not_found()),
            Some(_) if !self.server.scopes.contains(&scope) => Err(Refusal::forbidden()),
            Some(_) => Ok(()),
        }
    }

    /// Counts a request; the requests left and when the window ends.
    fn count(&self, path: &str) -> (Option<u32>, Timestamp) {
        let (limit, length) = self.server.limit;
        let length = length.num_seconds().max(1);
        let began = self.now().timestamp().div_euclid(length) * length;
        let window = DateTime::from_timestamp(began, 0).unwrap_or_default();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, seen) = windows.entry(path.to_owned()).or_insert((window, 0));
        if *start != window {
            (*start, *seen) = (window, 0);
        }
        *seen = seen.saturating_add(1);
        (
            limit.checked_sub(*seen),
            window + TimeDelta::seconds(length),
        )
    }
}

/// What every answer has: the server's time, and the rate limit, which is looked at before anything else.
async fn frame(State(sentry): Shared, request: Request, next: Next) -> Response {
    sentry.world.catch_up();
    let (left, reset) = sentry.count(request.uri().path());
    let (limit, length) = sentry.server.limit;
    let mut response = if left.is_some() {
        next.run(request).await
    } else {
        Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            &format!(
                "You are attempting to use this endpoint too frequently. Limit is {limit} requests in {} seconds",
                length.num_seconds()
            ),
        )
        .into_response()
    };
    let date = sentry.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (name, value) in [
        ("date", date),
        ("x-sentry-rate-limit-limit", limit.to_string()),
        (
            "x-sentry-rate-limit-remaining",
            left.unwrap_or(0).to_string(),
        ),
        ("x-sentry-rate-limit-reset", reset.timestamp().to_string()),
        ("x-sentry-rate-limit-concurrentlimit", "25".to_owned()),
        ("x-sentry-rate-limit-concurrentremaining", "24".to_owned()),
    ] {
        reply::set(response.headers_mut(), name, &value);
    }
    response
}

async fn sessions(
    State(sentry): Shared,
    Path(organization): Path<String>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    sentry.allow(&headers, "org:read", &organization)?;
    sessions::answer(&sentry, &Params(pairs)).map(|page| page.into_response("sessions", &headers))
}

async fn issues(
    State(sentry): Shared,
    Path(organization): Path<String>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    sentry.allow(&headers, "event:read", &organization)?;
    issues::answer(&sentry, &Params(pairs)).map(|page| page.into_response("issues", &headers))
}

async fn series(
    State(sentry): Shared,
    Path(organization): Path<String>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    sentry.allow(&headers, "org:read", &organization)?;
    spans::series(&sentry, &Params(pairs)).map(|body| Json(body).into_response())
}

async fn table(
    State(sentry): Shared,
    Path(organization): Path<String>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    sentry.allow(&headers, "org:read", &organization)?;
    spans::table(&sentry, &Params(pairs)).map(|body| Json(body).into_response())
}

async fn events(
    State(sentry): Shared,
    Path((organization, id)): Path<(String, String)>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    sentry.allow(&headers, "event:read", &organization)?;
    let endpoint = format!("issues/{id}/events");
    events::answer(&sentry, &id, &Params(pairs)).map(|page| page.into_response(&endpoint, &headers))
}

async fn slash(request: Request) -> Redirect {
    let query = request.uri().query().unwrap_or_default();
    Redirect::permanent(&format!("{}/?{query}", request.uri().path()))
}

#[cfg(test)]
mod tests;
