//! Google Play's Developer Reporting API v1beta1: vitals, error issues and reports, anomalies.
//!
//! Owns the routes, sign-in, quota and what kind of account it is. Written from the vendor's reference alone: it knows no
//! adapter. Late as measured, rounded as documented. Faults are done around it.

mod anomalies;
mod civil;
mod errors;
mod filter;
mod freshness;
mod measure;
mod page;
mod query;
mod refusal;
mod sets;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta};

use super::google_sign_in::PLAY_REPORTING;
use super::scenario::AppPlan;
use super::{Keys, World};
use crate::domain::{StoreKind, Timestamp};
use refusal::Refusal;
use sets::Set;

/// What kind of account and app it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Crash and ANR rates come by the hour too.
    pub hours: bool,
    /// The service account may see the app.
    pub may_read: bool,
    /// The API is enabled in the service account's project.
    pub enabled: bool,
    /// Requests of a project in a window of so long.
    pub limit: (u32, TimeDelta),
    /// Rows on one page at most, beside what is asked for.
    pub page: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            hours: true,
            may_read: true,
            enabled: true,
            // 10 a second; by the minute, for simulated time stands still within a poll.
            limit: (600, TimeDelta::minutes(1)),
            page: usize::MAX,
        }
    }
}

/// Everything below `https://playdeveloperreporting.googleapis.com/` that is needed.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

/// Of an account of this kind.
pub fn router_of(server: Server, world: Arc<World>, _keys: Arc<Keys>) -> Router {
    let reporting = Arc::new(Reporting {
        server,
        world,
        window: Mutex::default(),
    });
    Router::new()
        .route("/v1beta1/apps/{package}/{resource}", get(read))
        .route("/v1beta1/apps/{package}/{resource}", post(ask))
        .fallback(async || Refusal::no_such_method())
        .layer(middleware::from_fn_with_state(reporting.clone(), sign_in))
        .with_state(reporting)
}

struct Reporting {
    server: Server,
    world: Arc<World>,
    /// When the running window of the quota began, and the requests in it.
    window: Mutex<(Timestamp, u32)>,
}

type Pairs = Vec<(String, String)>;

impl Reporting {
    fn app(&self, package: &str) -> Result<&AppPlan, Refusal> {
        let on_play = |app: &&AppPlan| app.store == StoreKind::GooglePlay && app.package == package;
        let found = self.world.apps().iter().find(on_play);
        found
            .filter(|_| self.server.may_read)
            .ok_or_else(Refusal::no_right)
    }

    fn count(&self) -> Result<(), Refusal> {
        let (limit, length) = self.server.limit;
        let length = length.num_seconds().max(1);
        let began = self.world.now().timestamp().div_euclid(length) * length;
        let began = DateTime::from_timestamp(began, 0).unwrap_or_default();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0 != began {
            *window = (began, 0);
        }
        window.1 = window.1.saturating_add(1);
        if window.1 > limit {
            return Err(Refusal::quota());
        }
        Ok(())
    }
}

/// Lets nobody in without a token of this API that lives, and counts who is let in.
async fn sign_in(
    State(reporting): State<Arc<Reporting>>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let world = &reporting.world;
    match world
        .google()
        .lets_in(&headers, &[PLAY_REPORTING], world.now())
    {
        None => return Err(Refusal::unauthenticated()),
        Some(false) => return Err(Refusal::other_scope()),
        Some(true) if !reporting.server.enabled => return Err(Refusal::disabled()),
        Some(true) => reporting.count()?,
    }
    Ok(next.run(request).await)
}

/// Everything that is read with GET.
async fn read(
    State(reporting): State<Arc<Reporting>>,
    Path((package, resource)): Path<(String, String)>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let app = reporting.app(&package)?;
    let body = match resource.as_str() {
        "errorIssues:search" => errors::issues(&reporting, app, &pairs)?,
        "errorReports:search" => errors::reports(&reporting, app, &pairs)?,
        "anomalies" => anomalies::list(&reporting, app, &pairs)?,
        name => {
            let set = Set::named(name).ok_or_else(Refusal::no_such_method)?;
            page::refuse_parameters(&pairs, &[])?;
            freshness::of(&reporting, app, set)
        }
    };
    Ok(Json(body).into_response())
}

/// `POST …/{set}:query`
async fn ask(
    State(reporting): State<Arc<Reporting>>,
    Path((package, resource)): Path<(String, String)>,
    body: String,
) -> Result<Response, Refusal> {
    let set = resource.strip_suffix(":query").and_then(Set::named);
    let set = set.ok_or_else(Refusal::no_such_method)?;
    let app = reporting.app(&package)?;
    Ok(Json(query::answer(&reporting, app, set, &body)?).into_response())
}

#[cfg(test)]
mod tests;
