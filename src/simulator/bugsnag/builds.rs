//! `GET …/releases`: builds, newest first, with sums since ever.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Bugsnag, Page, Pairs, Refusal, STAGE, Shared};
use crate::domain::{StoreKind, Timestamp};
use crate::simulator::scenario::{AppPlan, VersionPlan};
use crate::simulator::traffic::{self, Cell};
use crate::simulator::world::HISTORY;

const MOST_A_PAGE: usize = 10;
const DAY: TimeDelta = TimeDelta::days(1);

pub(super) async fn list(
    State(bugsnag): Shared,
    Path(project): Path<String>,
    headers: HeaderMap,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let app = bugsnag.project(&project)?;
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name);
    let size = match get("per_page") {
        Some((_, raw)) => raw.parse().unwrap_or(0),
        None => bugsnag.server.page,
    };
    if !(1..=MOST_A_PAGE).contains(&size) {
        let what = format!("per_page must be between 1 and {MOST_A_PAGE}");
        return Err(Refusal(StatusCode::BAD_REQUEST, what));
    }
    let stage = get("release_stage").is_none_or(|(_, stage)| stage == STAGE);
    let mut builds = bugsnag.builds(app);
    builds.retain(|_| stage);
    builds.sort_by_key(|(plan, started)| (std::cmp::Reverse(*started), plan.build.clone()));
    let page = Page {
        all: builds
            .iter()
            .map(|(plan, started)| bugsnag.build(app, plan, *started))
            .collect(),
        size,
        pairs: &pairs,
        path: format!("/projects/{project}/releases"),
    };
    Ok(page.into_response(&headers))
}

pub(super) async fn one(
    State(bugsnag): Shared,
    Path((project, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let app = bugsnag.project(&project)?;
    let builds = bugsnag.builds(app);
    let mut found = builds.iter().filter(|(plan, _)| id_of(plan) == id);
    let (plan, started) = found
        .next()
        .ok_or_else(|| Refusal(StatusCode::NOT_FOUND, "Release not found".into()))?;
    Ok(Json(bugsnag.build(app, plan, *started)))
}

fn id_of(plan: &VersionPlan) -> String {
    let hash = plan.build.bytes().fold(7_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    format!("60a236a0{hash:016x}")
}

impl Bugsnag {
    /// Those that had a session: until then Bugsnag has not heard of them.
    fn builds(&self, app: &AppPlan) -> Vec<(VersionPlan, Timestamp)> {
        let seen = |(plan, started): (VersionPlan, Timestamp)| {
            let cells = self.cells(app, &plan);
            let first = cells.iter().find(|cell| cell.sessions > 0)?;
            Some((plan, first.start.max(started)))
        };
        let offered = self.world.versions(&app.id);
        offered.into_iter().filter_map(seen).collect()
    }

    fn cells(&self, app: &AppPlan, plan: &VersionPlan) -> Vec<Cell> {
        let (from, to) = (self.world.start() - HISTORY, self.world.now());
        self.world.cells(&app.id, &plan.build, from, to)
    }

    fn build(&self, app: &AppPlan, plan: &VersionPlan, started: Timestamp) -> Value {
        let cells = self.cells(app, plan);
        // An ANR is an unhandled error, too.
        let unhandled = |cell: &Cell| cell.crashed.total() + cell.abnormal.total();
        let now = self.world.now();
        let lately = cells.iter().filter(|cell| cell.start >= now - DAY);
        let (mut users, mut affected) = (0, 0);
        for day in cells.chunk_by(|a, b| a.start.date_naive() == b.start.date_naive()) {
            let seen = traffic::users(day.iter().map(|cell| cell.sessions).sum(), DAY);
            users += seen;
            affected += traffic::affected(day.iter().map(unhandled).sum(), seen);
        }
        let (code, bundle) = match app.store {
            StoreKind::GooglePlay => (plan.build.as_str(), ""),
            StoreKind::AppStore => ("", plan.build.as_str()),
        };
        json!({
            "id": id_of(plan),
            "project_id": super::project_of(app.id.as_str()),
            "release_group_id": "60a236a0373c863538dc968a",
            "release_time": started.to_rfc3339(),
            "release_source": "session",
            "app_version": plan.name,
            "app_version_code": code,
            "app_bundle_version": bundle,
            "build_label": format!("{} ({})", plan.name, plan.build),
            "builder_name": "",
            "build_tool": "",
            "errors_introduced_count": 0,
            "errors_seen_count": app.issues.len(),
            "sessions_count_in_last_24h": lately.map(|cell| cell.sessions).sum::<u64>(),
            "total_sessions_count": cells.iter().map(|cell| cell.sessions).sum::<u64>(),
            "unhandled_sessions_count": cells.iter().map(unhandled).sum::<u64>(),
            "accumulative_daily_users_seen": users,
            "accumulative_daily_users_with_unhandled": affected,
            "metadata": {},
            "release_stage": { "name": STAGE },
        })
    }
}
