//! A server that an app's own team might have written: figures of a build as plain JSON, behind a token of its own.
//!
//! Three ways to tell of one world: counts of a stretch of time, sums since ever, and a document of windows.

mod document;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::fault::Vendor;
use super::scenario::AppPlan;
use super::world::HISTORY;
use super::{Keys, World};
use crate::domain::{AppId, Timestamp};

/// The header that the token is in.
pub const TOKEN_HEADER: &str = "x-health-token";
/// A cold start that takes longer is slow.
const SLOW: TimeDelta = TimeDelta::seconds(5);

/// Everything below the server's base URL.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    let server = Arc::new(Server { world, keys });
    Router::new()
        .route("/apps/{app}/figures", get(figures))
        .route("/apps/{app}/totals", get(totals))
        .route("/apps/{app}/windows", get(windows))
        .fallback(async || Refusal(StatusCode::NOT_FOUND, "nothing is here"))
        .layer(middleware::from_fn_with_state(server.clone(), frame))
        .with_state(server)
}

struct Server {
    world: Arc<World>,
    keys: Arc<Keys>,
}

type Shared = State<Arc<Server>>;
type Asked = Query<BTreeMap<String, String>>;

/// `{"error": …}`
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

async fn frame(State(server): Shared, request: Request, next: Next) -> Response {
    server.world.catch_up();
    let given = token(request.headers());
    if given != Some(server.keys.token(Vendor::HttpJson)) {
        return Refusal(StatusCode::UNAUTHORIZED, "no such token").into_response();
    }
    next.run(request).await
}

fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(TOKEN_HEADER)?.to_str().ok()?;
    Some(value.to_owned())
}

impl Server {
    fn app(&self, raw: &str) -> Result<&AppPlan, Refusal> {
        let id = AppId::try_from(raw.to_owned()).ok();
        id.and_then(|id| self.world.app(&id))
            .ok_or(Refusal(StatusCode::NOT_FOUND, "no such app"))
    }

    /// Sessions and cold starts of a build that began in this stretch and are over; null where there are none.
    fn counted(&self, app: &AppPlan, build: &str, (from, to): (Timestamp, Timestamp)) -> Value {
        let cells = self.world.cells(&app.id, build, from, to);
        let all: u64 = cells.iter().map(|cell| cell.sessions).sum();
        let crashed: u64 = cells.iter().map(|cell| cell.crashed.total()).sum();
        let starts = self.world.cold_starts(&app.id, build, (from, to), SLOW);
        let count: u64 = starts.iter().map(|it| it.count).sum();
        let slow: u64 = starts.iter().map(|it| it.slow).sum();
        let p99 = self.world.quantile(&app.id, build, (from, to), 0.99, true);
        json!({
            // As some do: the big one as text.
            "sessions": (all > 0).then(|| json!({ "all": all.to_string(), "crashed": crashed })),
            "cold_starts": (count > 0).then(|| json!({
                "all": count, "slow": slow, "p99_ms": p99.map(|p99| (p99 * 1000.0).round()),
            })),
        })
    }
}

fn time(asked: &BTreeMap<String, String>, name: &str) -> Result<Timestamp, Refusal> {
    asked
        .get(name)
        .and_then(|raw| raw.parse().ok())
        .ok_or(Refusal(
            StatusCode::BAD_REQUEST,
            "start and end are times as of RFC 3339",
        ))
}

async fn figures(
    State(server): Shared,
    Path(app): Path<String>,
    Query(asked): Asked,
) -> Result<Json<Value>, Refusal> {
    let app = server.app(&app)?;
    let (start, end) = (time(&asked, "start")?, time(&asked, "end")?);
    let build = asked.get("build").map_or("", String::as_str);
    Ok(Json(json!({
        "app": app.id,
        "build": build,
        "figures": server.counted(app, build, (start, end)),
    })))
}

async fn totals(
    State(server): Shared,
    Path(app): Path<String>,
    Query(asked): Asked,
) -> Result<Json<Value>, Refusal> {
    let app = server.app(&app)?;
    let build = asked.get("build").map_or("", String::as_str);
    let world = &server.world;
    let ever = (world.start() - HISTORY, world.now());
    let cells = world.cells(&app.id, build, ever.0, ever.1);
    let all: u64 = cells.iter().map(|cell| cell.sessions).sum();
    let crashed: u64 = cells.iter().map(|cell| cell.crashed.total()).sum();
    Ok(Json(
        json!({ "build": build, "sessions": all, "crashed": crashed }),
    ))
}

async fn windows(
    State(server): Shared,
    Path(app): Path<String>,
    Query(asked): Asked,
) -> Result<Json<Value>, Refusal> {
    let app = server.app(&app)?;
    Ok(Json(document::of(&server.world, app, &asked)))
}
