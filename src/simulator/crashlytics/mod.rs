//! A fake Firebase Crashlytics: the reports, issues and events of its v1alpha API, an app of the world each.
//!
//! Owns the routes, sign-in, quota and what all answers have in common. Written from the API's discovery document alone: it
//! knows no adapter. Zeros are left out, as this wire does; 64-bit numbers are text.

mod events;
mod issues;
mod params;
mod refusal;
mod reports;
mod versions;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::TimeDelta;
use serde_json::Value;

use super::google_sign_in::{CLOUD_PLATFORM, FIREBASE};
use super::scenario::AppPlan;
use super::{Keys, World};
use crate::domain::{StoreKind, Timestamp};
use params::Params;
use refusal::Refusal;

/// Number of the Firebase project that all apps are in.
pub const PROJECT: u64 = 100_000_000_001;

/// The App ID that Firebase gave an app: project, platform, and a number that follows from the app.
pub fn application(app: &AppPlan) -> String {
    let platform = match app.store {
        StoreKind::GooglePlay => "android",
        StoreKind::AppStore => "ios",
    };
    let mixed = app
        .id
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("1:{PROJECT}:{platform}:{mixed:016x}")
}

/// What kind of Crashlytics it is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Intervals have totals of sessions and users, as since September 2026.
    pub totals: bool,
    /// Takes a granularity of an hour, of a day.
    pub hours: bool,
    pub days: bool,
    /// Intervals in which nothing happened are left out.
    pub sparse: bool,
    /// The account may read Crashlytics.
    pub reader: bool,
    /// What is younger is not counted yet.
    pub lag: TimeDelta,
    /// Requests that are taken in a window of so long.
    pub limit: (u32, TimeDelta),
    /// Groups on one page at most.
    pub page: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            totals: true,
            hours: true,
            days: true,
            sparse: false,
            reader: true,
            lag: TimeDelta::minutes(4),
            limit: (600, TimeDelta::minutes(1)),
            page: 100,
        }
    }
}

/// A current server.
pub fn router(world: Arc<World>, keys: Arc<Keys>) -> Router {
    router_of(Server::default(), world, keys)
}

/// A server of this kind. Tokens are those of [`super::play`]'s token endpoint, which all of Google takes.
pub fn router_of(server: Server, world: Arc<World>, _keys: Arc<Keys>) -> Router {
    let crashlytics = Arc::new(Crashlytics {
        server,
        world,
        window: Mutex::default(),
    });
    let app = "/v1alpha/projects/{project}/apps/{app}";
    Router::new()
        .route(&format!("{app}/reports"), get(list))
        .route(&format!("{app}/reports/{{report}}"), get(report))
        .route(&format!("{app}/issues/{{issue}}"), get(issue))
        .route(&format!("{app}/events:batchGet"), get(batch))
        .fallback(async || Refusal::not_found("Requested entity was not found."))
        .layer(middleware::from_fn_with_state(crashlytics.clone(), frame))
        .with_state(crashlytics)
}

struct Crashlytics {
    server: Server,
    world: Arc<World>,
    /// When the running window of the quota began, and the requests in it.
    window: Mutex<(Timestamp, u32)>,
}

type Shared = State<Arc<Crashlytics>>;
type Pairs = Query<Vec<(String, String)>>;

impl Crashlytics {
    /// How far events and sessions are counted.
    fn through(&self) -> Timestamp {
        self.world.now() - self.server.lag
    }

    fn app(&self, project: &str, app: &str) -> Result<&AppPlan, Refusal> {
        let own = project == PROJECT.to_string();
        let mut apps = self.world.apps().iter();
        apps.find(|plan| own && application(plan) == app)
            .ok_or_else(|| Refusal::not_found("Requested entity was not found."))
    }

    /// Seconds until the quota is renewed, where it is used up.
    fn over(&self) -> Option<i64> {
        let (limit, length) = self.server.limit;
        let now = self.world.now();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= window.0 + length {
            *window = (now, 0);
        }
        window.1 = window.1.saturating_add(1);
        (window.1 > limit).then(|| (window.0 + length - now).num_seconds().max(1))
    }

    fn allow(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let scopes = [CLOUD_PLATFORM, FIREBASE];
        let now = self.world.now();
        match self.world.google().lets_in(headers, &scopes, now) {
            None => Err(Refusal::unauthenticated()),
            Some(false) => Err(Refusal::scope()),
            Some(true) => match self.over() {
                Some(left) => Err(Refusal::quota(left)),
                None if !self.server.reader => Err(Refusal::no_right()),
                None => Ok(()),
            },
        }
    }
}

/// Sign-in and quota are looked at before anything else; every answer has the server's time.
async fn frame(State(crashlytics): Shared, request: Request, next: Next) -> Response {
    crashlytics.world.catch_up();
    let mut response = match crashlytics.allow(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let now = crashlytics.world.now();
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert("date", date);
    }
    response
}

type Answer = Result<Json<Value>, Refusal>;

async fn list(State(it): Shared, Path((project, app)): Path<(String, String)>) -> Answer {
    it.app(&project, &app)?;
    Ok(Json(reports::list(&app)))
}

async fn report(
    State(it): Shared,
    Path((project, app, name)): Path<(String, String, String)>,
    Query(pairs): Pairs,
) -> Answer {
    let plan = it.app(&project, &app)?;
    reports::get(&it, plan, &name, &Params(pairs)).map(Json)
}

async fn issue(
    State(it): Shared,
    Path((project, app, id)): Path<(String, String, String)>,
) -> Answer {
    let plan = it.app(&project, &app)?;
    issues::get(&it, plan, &id).map(Json)
}

async fn batch(
    State(it): Shared,
    Path((project, app)): Path<(String, String)>,
    Query(pairs): Pairs,
) -> Answer {
    let plan = it.app(&project, &app)?;
    events::batch(&it, plan, &Params(pairs)).map(Json)
}

#[cfg(test)]
mod tests;
