//! The API's requests: from the wire to the store and back.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::edits::InReview;
use super::refusal::Refusal;
use super::release::{Release, Status};
use super::store::Store;
use super::track::Track;
use crate::domain::Timestamp;
use crate::simulator::google_sign_in::ANDROID_PUBLISHER;

type Shared = State<Arc<Store>>;
type Answer = Result<Response, Refusal>;

/// `Track` as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentTrack {
    track: Option<String>,
    releases: Option<Vec<Release>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitParams {
    changes_not_sent_for_review: Option<bool>,
    changes_in_review_behavior: Option<InReview>,
}

/// Lets nobody in without a token that lives, and counts who is let in.
pub(super) async fn sign_in(
    State(store): Shared,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Answer {
    let now = store.world.now();
    let scopes = [ANDROID_PUBLISHER];
    match store.world.google().lets_in(&headers, &scopes, now) {
        Some(true) => store.lock().count_query(now)?,
        _ => return Err(Refusal::unauthenticated()),
    }
    Ok(next.run(request).await)
}

pub(super) async fn insert(
    State(store): Shared,
    Path(package): Path<String>,
    body: Bytes,
) -> Answer {
    parse::<Value>(if body.is_empty() { b"{}" } else { &body })?;
    let (id, expires) = store.lock().open_edit(&package, store.world.now())?;
    Ok(app_edit(&id, expires))
}

pub(super) async fn get(
    State(store): Shared,
    Path((package, id)): Path<(String, String)>,
) -> Answer {
    let expires = store.lock().edit(&package, &id, store.world.now())?.expires;
    Ok(app_edit(&id, expires))
}

pub(super) async fn delete(
    State(store): Shared,
    Path((package, id)): Path<(String, String)>,
) -> Answer {
    store.lock().delete_edit(&package, &id, store.world.now())?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /edits/{id}:validate` and `:commit`.
pub(super) async fn custom(
    State(store): Shared,
    Path((package, target)): Path<(String, String)>,
    params: Result<Query<CommitParams>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let now = store.world.now();
    let (id, verb) = target.split_once(':').unwrap_or((&target, ""));
    let Query(params) = params.map_err(|e| Refusal::invalid(&e.body_text()))?;
    let expires = store.lock().edit(&package, id, now)?.expires;
    match verb {
        "validate" => {}
        "commit" => store.commit(
            &package,
            id,
            params.changes_in_review_behavior.unwrap_or_default(),
            params.changes_not_sent_for_review,
            now,
        )?,
        _ => return Err(Refusal::not_found("Not Found")),
    }
    Ok(app_edit(id, expires))
}

pub(super) async fn list_tracks(
    State(store): Shared,
    Path((package, id)): Path<(String, String)>,
) -> Answer {
    let mut state = store.lock();
    let turned = turned(&id);
    let tracks = &state.edit(&package, &id, store.world.now())?.tracks;
    let tracks: Vec<_> = tracks.iter().map(|(n, t)| wire(n, t, turned)).collect();
    let body = json!({ "kind": "androidpublisher#tracksListResponse", "tracks": tracks });
    Ok(Json(body).into_response())
}

pub(super) async fn get_track(
    State(store): Shared,
    Path((package, id, name)): Path<(String, String, String)>,
) -> Answer {
    let name = canonical(&name);
    let mut state = store.lock();
    let edit = state.edit(&package, &id, store.world.now())?;
    let track = edit.tracks.get(name).ok_or_else(|| no_track(name))?;
    Ok(Json(wire(name, track, turned(&id))).into_response())
}

/// `PUT` and `PATCH`: the only field of a track that can differ is `releases`.
pub(super) async fn update_track(
    State(store): Shared,
    Path((package, id, name)): Path<(String, String, String)>,
    body: Bytes,
) -> Answer {
    let sent: SentTrack = parse(&body)?;
    let name = canonical(&name);
    if sent.track.as_deref().is_some_and(|t| canonical(t) != name) {
        return Err(Refusal::invalid(
            "Track in the body does not match the track in the URL.",
        ));
    }
    let mut state = store.lock();
    let empty = state.switches.empty_updates;
    let wanted = sent.releases.unwrap_or_default();
    let track = state.update_track(&package, &id, name, wanted, store.world.now())?;
    if empty {
        return Ok(StatusCode::OK.into_response());
    }
    Ok(Json(wire(name, track, turned(&id))).into_response())
}

/// `applications.tracks.releases.list`: no edit, no fraction, and no word on whether a release is halted.
pub(super) async fn list_releases(
    State(store): Shared,
    Path((package, name)): Path<(String, String)>,
) -> Answer {
    let name = canonical(&name);
    let state = store.lock();
    let app = state.app(&package)?;
    let track = app.tracks.get(name).ok_or_else(|| no_track(name))?;
    let summary = |release: &Release| {
        let lifecycle = match release.status {
            Status::Draft => "DRAFT",
            _ if app.in_review == Some(release.code()) => "IN_REVIEW",
            _ => "PUBLISHED",
        };
        let artifacts = release
            .version_codes
            .iter()
            .filter_map(|c| c.parse::<u32>().ok());
        json!({
            "releaseName": release.name,
            "track": name,
            "releaseLifecycleState": format!("RELEASE_LIFECYCLE_STATE_{lifecycle}"),
            "activeArtifacts": artifacts.map(|c| json!({ "versionCode": c })).collect::<Vec<_>>(),
        })
    };
    let releases: Vec<_> = track.releases.iter().take(20).map(summary).collect();
    let body = if releases.is_empty() {
        json!({})
    } else {
        json!({ "releases": releases })
    };
    Ok(Json(body).into_response())
}

fn app_edit(id: &str, expires: Timestamp) -> Response {
    Json(json!({ "id": id, "expiryTimeSeconds": expires.timestamp().to_string() })).into_response()
}

/// A track without releases has no such key. The order of the releases is not promised, so every other edit turns it.
fn wire(name: &str, track: &Track, turned: bool) -> Value {
    let mut releases: Vec<_> = track.releases.iter().collect();
    if turned {
        releases.reverse();
    }
    if releases.is_empty() {
        json!({ "track": name })
    } else {
        json!({ "track": name, "releases": releases })
    }
}

fn turned(edit: &str) -> bool {
    edit.ends_with(['0', '2', '4', '6', '8'])
}

/// The documentation calls the internal track `qa`, the wire `internal`: both are taken.
fn canonical(track: &str) -> &str {
    if track == "qa" { "internal" } else { track }
}

fn no_track(name: &str) -> Refusal {
    Refusal::not_found(&format!("Track not found: {name}."))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|e| Refusal::invalid(&format!("Invalid JSON payload received. {e}")))
}
