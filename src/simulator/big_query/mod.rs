//! A fake BigQuery with the exports of Crashlytics and of Firebase's sessions of the world's apps, streamed.
//!
//! Owns the routes, sign-in, rights, quota and jobs. Written from the vendor's reference: it knows no adapter. It understands
//! a part of GoogleSQL, which [`sql`] documents, and refuses the rest as BigQuery refuses what it cannot parse.

mod eval;
mod facts;
mod jobs;
mod refusal;
mod sql;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::TimeDelta;

use super::google_sign_in::{BIG_QUERY, CLOUD_PLATFORM, CLOUD_READ_ONLY};
use super::scenario::AppPlan;
use super::{Keys, World};
use crate::domain::{StoreKind, Timestamp};
use jobs::Jobs;
use refusal::Refusal;

/// The project that has the datasets.
pub const PROJECT: &str = "sim-project";
pub const LOCATION: &str = "US";
const SESSIONS: &str = "firebase_sessions";
const CRASHES: &str = "firebase_crashlytics";

/// Name of an app's tables, the same in both datasets.
pub fn table(app: &AppPlan) -> String {
    let platform = match app.store {
        StoreKind::GooglePlay => "ANDROID",
        StoreKind::AppStore => "IOS",
    };
    let package = app.package.replace(['.', '-'], "_");
    format!("{package}_{platform}_REALTIME")
}

/// What kind of BigQuery it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// The account may create jobs, may read the tables.
    pub may_run: bool,
    pub may_read: bool,
    /// Rows come so much after their event.
    pub lag: TimeDelta,
    /// No row of an event from then on.
    pub sessions_until: Option<Timestamp>,
    pub crashes_until: Option<Timestamp>,
    /// Looks at a job that finds it running still.
    pub slow: u32,
    /// Rows on one page at most.
    pub page: usize,
    /// Bytes that any query reads.
    pub bytes: u64,
    /// Requests that are taken in a window of so long.
    pub limit: (u32, TimeDelta),
}

impl Default for Server {
    fn default() -> Self {
        Self {
            may_run: true,
            may_read: true,
            lag: TimeDelta::minutes(2),
            sessions_until: None,
            crashes_until: None,
            slow: 0,
            page: usize::MAX,
            bytes: 25_165_824,
            limit: (600, TimeDelta::minutes(1)),
        }
    }
}

/// A project that streams.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

/// A project of this kind. Tokens are those of [`super::play`]'s token endpoint, which all of Google takes.
pub fn router_of(server: Server, world: Arc<World>, _keys: Arc<Keys>) -> Router {
    let big_query = Arc::new(BigQuery {
        server,
        world,
        jobs: Jobs::default(),
        window: Mutex::default(),
    });
    Router::new()
        .route(
            "/bigquery/v2/projects/{project}/queries",
            post(jobs::insert),
        )
        .route(
            "/bigquery/v2/projects/{project}/queries/{job}",
            get(jobs::results),
        )
        .fallback(async || Refusal::not_found("Not Found"))
        .layer(middleware::from_fn_with_state(big_query.clone(), frame))
        .with_state(big_query)
}

struct BigQuery {
    server: Server,
    world: Arc<World>,
    jobs: Jobs,
    /// When the running window of the quota began, and the requests in it.
    window: Mutex<(Timestamp, u32)>,
}

type Shared = State<Arc<BigQuery>>;

impl BigQuery {
    fn is_over(&self) -> bool {
        let (limit, length) = self.server.limit;
        let now = self.world.now();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= window.0 + length {
            *window = (now, 0);
        }
        window.1 = window.1.saturating_add(1);
        window.1 > limit
    }

    fn allow(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let scopes = [BIG_QUERY, CLOUD_PLATFORM, CLOUD_READ_ONLY];
        let now = self.world.now();
        match self.world.google().lets_in(headers, &scopes, now) {
            None => Err(Refusal::unauthenticated()),
            Some(false) => Err(Refusal::scope()),
            Some(true) if self.is_over() => Err(Refusal::rate()),
            Some(true) => Ok(()),
        }
    }
}

/// Sign-in and quota are looked at before anything else; every answer has the server's time.
async fn frame(State(big_query): Shared, request: Request, next: Next) -> Response {
    big_query.world.catch_up();
    let mut response = match big_query.allow(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let now = big_query.world.now();
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert("date", date);
    }
    response
}

#[cfg(test)]
mod tests;
