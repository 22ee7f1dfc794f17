//! Apple's public lookup of an app: its mean rating at the store of one country, to whoever asks.
//!
//! The rating of the current version and that of all versions are one and the same, as in every answer that was recorded.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::scenario::AppPlan;
use super::{Keys, World};
use crate::domain::StoreKind;

/// Everything below `https://itunes.apple.com/` that is needed. It has no keys.
pub fn router(world: Arc<World>, _keys: Arc<Keys>) -> Router {
    Router::new()
        .route("/lookup", get(lookup))
        .with_state(world)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    bundle_id: Option<String>,
}

async fn lookup(State(world): State<Arc<World>>, Query(asked): Query<Asked>) -> Response {
    let found: Vec<Value> = world
        .apps()
        .iter()
        .filter(|app| app.store == StoreKind::AppStore)
        .filter(|app| asked.bundle_id.as_deref() == Some(&app.package))
        .filter_map(|app| result(&world, app))
        .collect();
    let body = json!({ "resultCount": found.len(), "results": found });
    // Apple calls its JSON JavaScript.
    let form = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (form, format!("\n\n\n{body}\n")).into_response()
}

/// An app that is on sale. Rated by nobody it has a rating of 0.
fn result(world: &World, app: &AppPlan) -> Option<Value> {
    let (version, released) = world.versions(&app.id).pop()?;
    let (mean, count) = world.rating(&app.id).unwrap_or((0.0, 0));
    // Five decimals, as the answers have them.
    let mean = (mean * 1e5).round() / 1e5;
    Some(json!({
        "wrapperType": "software",
        "kind": "software",
        "trackName": app.name,
        "bundleId": app.package,
        "version": version.name,
        "currentVersionReleaseDate": released.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "averageUserRating": mean,
        "userRatingCount": count,
        "averageUserRatingForCurrentVersion": mean,
        "userRatingCountForCurrentVersion": count,
    }))
}

#[cfg(test)]
mod tests;
