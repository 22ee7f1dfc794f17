//! What can be changed: phased releases, and the release of a version that waits for its developer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Desk;
use super::catalog::{VersionState, uuid};
use super::phased::{Phase, Phased, Refusal};
use super::problem::Problem;
use super::resources;
use crate::simulator::world::Author;

const PHASED_RELEASES: &str = "appStoreVersionPhasedReleases";
const RELEASE_REQUESTS: &str = "appStoreVersionReleaseRequests";

/// `PATCH`: the only pause there is.
pub(super) async fn change_phased_release(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let data = read(
        &headers,
        &body,
        PHASED_RELEASES,
        &["type", "id", "attributes"],
    )?;
    if data.get("id").and_then(Value::as_str) != Some(&id) {
        return Err(Problem::attribute(
            "/data/id",
            "The id does not match the resource of the path".into(),
        ));
    }
    let wanted = wanted_phase(&data)?;
    let now = desk.world.now();
    let mut catalog = desk.catalog();
    let (app, place) = catalog
        .phased_mut(&id)
        .ok_or_else(|| Problem::not_found(PHASED_RELEASES, &id))?;
    if let Some(wanted) = wanted {
        let state = app.versions.get(place).map(|version| version.state);
        if !matches!(state, Some(VersionState::Ready | VersionState::Replaced)) {
            return Err(Problem::version_state());
        }
        app.change_phase(place, wanted, (now, Author::Api), &desk.world)
            .map_err(|refusal| match refusal {
                Refusal::Same => Problem::same_value(),
                Refusal::Final => Problem::final_state(),
                Refusal::Transition(from, to) => Problem::transition(from.word(), to.word()),
            })?;
    }
    let phased = app.versions.get(place).and_then(|v| v.phased.as_ref());
    let phased = phased.ok_or_else(|| Problem::not_found(PHASED_RELEASES, &id))?;
    Ok(document(phased, &headers))
}

/// `POST`: plans a phased release for a version that is not out yet.
pub(super) async fn create_phased_release(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let known = ["type", "attributes", "relationships"];
    let data = read(&headers, &body, PHASED_RELEASES, &known)?;
    if !matches!(
        wanted_phase(&data)?,
        None | Some(Phase::Inactive | Phase::Active)
    ) {
        return Err(Problem::attribute(
            "/data/attributes/phasedReleaseState",
            "A phased release cannot begin in this state".into(),
        ));
    }
    let version_id = related_version(&data)?;
    let mut catalog = desk.catalog();
    let (app, place) = catalog
        .version_mut(&version_id)
        .ok_or_else(|| Problem::relationship("There is no such appStoreVersions"))?;
    let is_first = place == 0;
    let Some(version) = app.versions.get_mut(place) else {
        return Err(Problem::relationship("There is no such appStoreVersions"));
    };
    if version.phased.is_some() {
        return Err(Problem::relationship(
            "The version has a phased release already",
        ));
    }
    if matches!(
        version.state,
        VersionState::Processing(_) | VersionState::Ready | VersionState::Replaced
    ) {
        return Err(Problem::state("The version has been released"));
    }
    if is_first {
        return Err(Problem::state(
            "The first version of an app cannot be released in phases",
        ));
    }
    let id = uuid(&[&version.id, "phased release"]);
    let phased = version.phased.insert(Phased::planned(id));
    Ok((StatusCode::CREATED, document(phased, &headers)))
}

/// `DELETE`: only what has not begun.
pub(super) async fn delete_phased_release(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut catalog = desk.catalog();
    let (app, place) = catalog
        .phased_mut(&id)
        .ok_or_else(|| Problem::not_found(PHASED_RELEASES, &id))?;
    if let Some(version) = app.versions.get_mut(place) {
        if version.phased.as_ref().map(|phased| phased.phase) != Some(Phase::Inactive) {
            return Err(Problem::state("The phased release has begun"));
        }
        version.phased = None;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST`: releases what waits for its developer.
pub(super) async fn release(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let data = read(
        &headers,
        &body,
        RELEASE_REQUESTS,
        &["type", "relationships"],
    )?;
    let version_id = related_version(&data)?;
    let now = desk.world.now();
    let mut catalog = desk.catalog();
    let (app, place) = catalog
        .version_mut(&version_id)
        .ok_or_else(|| Problem::relationship("There is no such appStoreVersions"))?;
    let state = app.versions.get(place).map(|version| version.state);
    if state != Some(VersionState::PendingDeveloperRelease) {
        return Err(Problem::state(
            "The version does not wait for its developer",
        ));
    }
    app.release(place, (now, Author::Api), &desk.world);
    let id = uuid(&[&version_id, "release request"]);
    let this = format!("{}/v1/{RELEASE_REQUESTS}/{id}", root(&headers));
    let answer = json!({
        "data": { "type": RELEASE_REQUESTS, "id": id, "links": { "self": this } },
        "links": { "self": this },
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `data` of a request body: of the right type, with no member that the schema does not have.
fn read(
    headers: &HeaderMap,
    body: &Bytes,
    kind: &str,
    known: &[&str],
) -> Result<Map<String, Value>, Problem> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if !is_json {
        return Err(Problem::unprocessable(
            "The Content-Type is not application/json",
        ));
    }
    let mut document: Value = serde_json::from_slice(body)
        .map_err(|_error| Problem::unprocessable("The request body is not JSON"))?;
    let Some(Value::Object(data)) = document.get_mut("data").map(Value::take) else {
        return Err(Problem::unprocessable("The document has no 'data' object"));
    };
    if let Some(name) = data.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Problem::unprocessable(&format!(
            "'{name}' is not allowed here"
        )));
    }
    if data.get("type").and_then(Value::as_str) != Some(kind) {
        return Err(Problem::attribute(
            "/data/type",
            format!("The type has to be '{kind}'"),
        ));
    }
    Ok(data)
}

fn wanted_phase(data: &Map<String, Value>) -> Result<Option<Phase>, Problem> {
    let Some(attributes) = data.get("attributes").and_then(Value::as_object) else {
        return Ok(None);
    };
    if let Some(name) = attributes.keys().find(|name| *name != "phasedReleaseState") {
        return Err(Problem::attribute(
            &format!("/data/attributes/{name}"),
            format!("The attribute '{name}' cannot be set"),
        ));
    }
    let Some(value) = attributes.get("phasedReleaseState") else {
        return Ok(None);
    };
    let phase = value.as_str().and_then(Phase::from_word);
    phase.map(Some).ok_or_else(|| {
        Problem::attribute(
            "/data/attributes/phasedReleaseState",
            format!("{value} is not one of INACTIVE, ACTIVE, PAUSED, COMPLETE"),
        )
    })
}

fn related_version(data: &Map<String, Value>) -> Result<String, Problem> {
    let part = |name| data.get("relationships")?.pointer(name)?.as_str();
    let kind = part("/appStoreVersion/data/type");
    part("/appStoreVersion/data/id")
        .filter(|_| kind == Some("appStoreVersions"))
        .map(str::to_owned)
        .ok_or_else(|| Problem::relationship("'appStoreVersion' is required"))
}

fn document(phased: &Phased, headers: &HeaderMap) -> Json<Value> {
    let resource = resources::phased_release(phased, &root(headers));
    Json(json!({ "links": resource.get("links"), "data": resource }))
}

fn root(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}
