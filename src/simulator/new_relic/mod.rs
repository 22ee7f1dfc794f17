//! A fake New Relic: NerdGraph with NRQL over the mobile events of one account, an application an app.
//!
//! Owns the route, the key and the limit. Written from the vendor's reference alone: it knows no adapter. An application is
//! called like its app; a journey's steps are `MobileUserAction`s.

mod count;
mod crashes;
mod graph;
mod nrql;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::Vendor;
use super::{Keys, World};
use crate::domain::Timestamp;

/// Number of the one account.
pub const ACCOUNT: u64 = 1_234_567;
/// Distinct values up to which `uniqueCount` is exact.
const EXACT: u64 = 256;

/// What kind of New Relic it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Queries an account may run in a minute.
    pub limit: u32,
    /// Events can be queried so much later: the agents send what they gathered once a minute.
    pub lag: TimeDelta,
    /// Crashes arrive so much later: at the app's next start.
    pub late_crashes: TimeDelta,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            limit: 3000,
            lag: TimeDelta::minutes(2),
            late_crashes: TimeDelta::zero(),
        }
    }
}

/// NerdGraph.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

/// NerdGraph of this kind.
pub fn router_of(server: Server, world: Arc<World>, keys: Arc<Keys>) -> Router {
    let new_relic = Arc::new(NewRelic {
        server,
        world,
        keys,
        minute: Mutex::default(),
    });
    Router::new()
        .route("/graphql", post(graphql))
        .fallback(async || (StatusCode::NOT_FOUND, "Not Found"))
        .layer(middleware::from_fn_with_state(new_relic.clone(), frame))
        .with_state(new_relic)
}

struct NewRelic {
    server: Server,
    world: Arc<World>,
    keys: Arc<Keys>,
    /// The running minute, and the queries in it.
    minute: Mutex<(Timestamp, u32)>,
}

type Shared = State<Arc<NewRelic>>;

#[derive(Deserialize)]
struct Body {
    query: String,
}

impl NewRelic {
    /// Whether one more query may run in this minute.
    fn may_run(&self) -> bool {
        let now = self.world.now().timestamp();
        let minute = DateTime::from_timestamp(now.div_euclid(60) * 60, 0).unwrap_or_default();
        let mut running = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if running.0 != minute {
            *running = (minute, 0);
        }
        running.1 = running.1.saturating_add(1);
        running.1 <= self.server.limit
    }

    fn run(&self, nrql: &str) -> Result<Vec<Value>, (String, &'static str)> {
        if !self.may_run() {
            let what = "You have exceeded your NRQL query rate limit".to_owned();
            return Err((what, "TOO_MANY_REQUESTS"));
        }
        let query = nrql::parse(nrql, self.world.now()).map_err(|why| (why, "INVALID_INPUT"))?;
        Ok(count::results(self, &query))
    }
}

async fn frame(State(new_relic): Shared, request: Request, next: Next) -> Response {
    new_relic.world.catch_up();
    next.run(request).await
}

/// Errors come with status 200, beside what could be answered.
async fn graphql(State(new_relic): Shared, headers: HeaderMap, body: String) -> Response {
    let key = headers.get(HeaderName::from_static("api-key"));
    let key = key.and_then(|key| key.to_str().ok());
    if key != Some(new_relic.keys.token(Vendor::NewRelic).as_str()) {
        let why = match key {
            None => "An API key is required to access this service.",
            Some(_) => "The API key provided is invalid.",
        };
        let body = json!({ "errors": [{ "message": why }] });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let asked = serde_json::from_str::<Body>(&body).ok();
    let Some(asked) = asked.and_then(|body| graph::read(&body.query)) else {
        let why = "the query is not one that this server knows";
        return Json(json!({ "errors": [{ "message": why }] })).into_response();
    };
    if asked.account != ACCOUNT {
        let error = json!({
            "message": "Not authorized for account",
            "path": ["actor", "account"],
            "extensions": { "errorClass": "ACCESS_DENIED" },
        });
        let body = json!({ "data": { "actor": { "account": null } }, "errors": [error] });
        return Json(body).into_response();
    }
    let (mut account, mut errors) = (Map::new(), Vec::new());
    for (alias, query) in asked.queries {
        match new_relic.run(&query) {
            Ok(results) => drop(account.insert(alias, json!({ "results": results }))),
            Err((message, class)) => {
                errors.push(json!({
                    "message": message,
                    "path": ["actor", "account", alias],
                    "extensions": { "errorClass": class },
                }));
                account.insert(alias, Value::Null);
            }
        }
    }
    let mut body = json!({ "data": { "actor": { "account": account } } });
    if let (false, Some(body)) = (errors.is_empty(), body.as_object_mut()) {
        body.insert("errors".to_owned(), Value::Array(errors));
    }
    Json(body).into_response()
}
