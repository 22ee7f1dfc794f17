//! The control port: `/_sim/` endpoints with which a test or a person breaks things, moves time and looks behind the scenes.
//! No vendor has them.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::FaultRule;
use super::scenario::{ConsoleAct, Span};
use super::traffic::{Cell, users};
use super::{SimTime, World};
use crate::domain::{AppId, StoreKind, Timestamp};

#[derive(Clone)]
struct Control {
    world: Arc<World>,
    time: SimTime,
}

/// The endpoints:
/// - `GET /_sim/clock`, `POST /_sim/clock {"advance": "10m"}`
/// - `GET /_sim/faults`, `POST` a [`FaultRule`] to it, `DELETE` all of them
/// - `POST /_sim/console {"app": "shop-android", "do": "resume"}`: a person acts at the store, [`ConsoleAct`]
/// - `POST /_sim/switches/google-play`: what differs from account to account
/// - `GET /_sim/state`: what the stores hold, and every change they took
/// - `GET /_sim/counts?app=&build=&from=&to=`: the true sessions of a version, from the start of the world where not said
pub fn router(world: Arc<World>, time: SimTime) -> Router {
    Router::new()
        .route("/_sim/clock", get(clock).post(advance))
        .route(
            "/_sim/faults",
            get(faults).post(set_fault).delete(clear_faults),
        )
        .route("/_sim/console", post(act))
        .route("/_sim/switches/{store}", post(switch))
        .route("/_sim/state", get(state))
        .route("/_sim/counts", get(counts))
        .with_state(Control { world, time })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: Span,
}

#[derive(Deserialize)]
struct Act {
    app: AppId,
    #[serde(flatten)]
    act: ConsoleAct,
}

#[derive(Deserialize)]
struct Wanted {
    app: AppId,
    build: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

async fn clock(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "now": control.world.now(), "speed": control.time.speed() }))
}

async fn advance(State(control): State<Control>, Json(order): Json<Advance>) -> Json<Value> {
    control.time.advance(order.advance.0);
    control.world.catch_up();
    clock(State(control)).await
}

async fn faults(State(control): State<Control>) -> Json<Vec<FaultRule>> {
    Json(control.world.faults().list())
}

async fn set_fault(State(control): State<Control>, Json(rule): Json<FaultRule>) -> StatusCode {
    control.world.faults().set(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.world.faults().clear();
    StatusCode::NO_CONTENT
}

async fn act(State(control): State<Control>, Json(wanted): Json<Act>) -> Response {
    control.world.catch_up();
    done(control.world.act(&wanted.app, &wanted.act))
}

async fn switch(
    State(control): State<Control>,
    Path(store): Path<StoreKind>,
    Json(switches): Json<Value>,
) -> Response {
    done(control.world.switch(store, switches))
}

async fn state(State(control): State<Control>) -> Json<Value> {
    control.world.catch_up();
    let world = &control.world;
    let stores: serde_json::Map<_, _> = world
        .states()
        .into_iter()
        .filter_map(|(kind, state)| Some((json!(kind).as_str()?.to_owned(), state)))
        .collect();
    Json(json!({ "now": world.now(), "stores": stores, "writes": world.writes() }))
}

async fn counts(State(control): State<Control>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let world = &control.world;
    world.catch_up();
    let from = wanted.from.unwrap_or(world.start());
    let to = wanted.to.unwrap_or(world.now()).min(world.now());
    let cells = world.cells(&wanted.app, &wanted.build, from, to);
    let sum = |of: fn(&Cell) -> u64| cells.iter().map(of).sum::<u64>();
    let sessions = sum(|c| c.sessions);
    Json(json!({
        "from": from,
        "to": to,
        "sessions": sessions,
        "users": users(sessions, to - from),
        "crashed": sum(|c| c.crashed.total()),
        "abnormal": sum(|c| c.abnormal.total()),
        "errored": sum(|c| c.errored.total()),
    }))
}

fn done(result: Result<(), String>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => (StatusCode::CONFLICT, Json(json!({ "error": why }))).into_response(),
    }
}

#[cfg(test)]
mod tests;
