//! What can be read.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri, header};
use serde_json::Value;

use super::Desk;
use super::problem::Problem;
use super::query::Query;
use super::resources::{self, INCLUDABLE};

pub(super) type Answer = Result<Json<Value>, Problem>;

pub(super) fn query(uri: &Uri, headers: &HeaderMap) -> Query {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    Query::new(uri, host)
}

pub(super) async fn apps(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap) -> Answer {
    let query = query(&uri, &headers);
    query.allow(&[
        "filter[bundleId]",
        "filter[name]",
        "filter[sku]",
        "filter[id]",
        "sort",
        "limit",
        "cursor",
    ])?;
    let catalog = desk.catalog();
    let found = catalog
        .apps
        .iter()
        .filter(|app| {
            // Apple's filter also finds the apps whose bundle id only begins so.
            query.passes("filter[bundleId]", |id| app.bundle_id.starts_with(id))
                && query.passes("filter[name]", |name| app.name.contains(name))
                && query.passes("filter[sku]", |sku| app.plan.as_str() == sku)
                && query.passes("filter[id]", |id| app.id == id)
        })
        .collect();
    let page = query.page(found, |app| &app.id)?;
    let data = page
        .items
        .iter()
        .map(|app| resources::app(app, query.root()));
    Ok(Json(query.listing(&page, data, None)))
}

pub(super) async fn app(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = query(&uri, &headers);
    let catalog = desk.catalog();
    let app = catalog
        .app(&id)
        .ok_or_else(|| Problem::not_found("apps", &id))?;
    Ok(Json(
        query.single(Some(resources::app(app, query.root())), None),
    ))
}

pub(super) async fn versions(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = query(&uri, &headers);
    query.allow(&[
        "filter[platform]",
        "filter[versionString]",
        "filter[appStoreState]",
        "filter[appVersionState]",
        "filter[id]",
        "include",
        "limit",
        "cursor",
    ])?;
    let include = query.include(&INCLUDABLE)?;
    let catalog = desk.catalog();
    let app = catalog
        .app(&id)
        .ok_or_else(|| Problem::not_found("apps", &id))?;
    let found = app
        .versions
        .iter()
        .filter(|version| {
            query.passes("filter[platform]", |platform| platform == "IOS")
                && query.passes("filter[versionString]", |name| version.name == name)
                && query.passes("filter[appStoreState]", |s| version.state.old_word() == s)
                && query.passes("filter[appVersionState]", |s| version.state.word() == s)
                && query.passes("filter[id]", |id| version.id == id)
        })
        .collect();
    let page = query.page(found, |version| &version.id)?;
    let data = page
        .items
        .iter()
        .map(|version| resources::version(app, version, &include, query.root()));
    let included = resources::included(app, &page.items, &include, query.root());
    Ok(Json(query.listing(&page, data, included)))
}

pub(super) async fn version(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = query(&uri, &headers);
    query.allow(&["include"])?;
    let include = query.include(&INCLUDABLE)?;
    let catalog = desk.catalog();
    let (app, version) = catalog
        .version(&id)
        .ok_or_else(|| Problem::not_found("appStoreVersions", &id))?;
    let resource = resources::version(app, version, &include, query.root());
    let included = resources::included(app, &[version], &include, query.root());
    Ok(Json(query.single(Some(resource), included)))
}

/// `{"data":null}` where there is none, though the specification has no null there.
pub(super) async fn phased_release(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = query(&uri, &headers);
    let catalog = desk.catalog();
    let (_, version) = catalog
        .version(&id)
        .ok_or_else(|| Problem::not_found("appStoreVersions", &id))?;
    let phased = version.phased.as_ref();
    let resource = phased.map(|phased| resources::phased_release(phased, query.root()));
    Ok(Json(query.single(resource, None)))
}

pub(super) async fn build_of(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = query(&uri, &headers);
    let catalog = desk.catalog();
    let (_, version) = catalog
        .version(&id)
        .ok_or_else(|| Problem::not_found("appStoreVersions", &id))?;
    Ok(Json(query.single(
        Some(resources::build(version, query.root())),
        None,
    )))
}

pub(super) async fn build(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query = query(&uri, &headers);
    let catalog = desk.catalog();
    let version = catalog
        .apps
        .iter()
        .flat_map(|app| &app.versions)
        .find(|version| version.build_id == id)
        .ok_or_else(|| Problem::not_found("builds", &id))?;
    Ok(Json(query.single(
        Some(resources::build(version, query.root())),
        None,
    )))
}
