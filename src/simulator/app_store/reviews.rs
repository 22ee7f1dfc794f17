//! Customer reviews, of an app and of one version. None of them says of which version it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::Desk;
use super::answers::{Answer, query};
use super::catalog::uuid;
use super::problem::Problem;
use super::query::Query;
use super::resources::date;
use crate::domain::AppId;
use crate::simulator::world::{HISTORY, Said};

/// Apple writes a country as three letters.
const TERRITORIES: [&str; 4] = ["USA", "DEU", "GBR", "FRA"];

pub(super) async fn of_app(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let app = {
        let catalog = desk.catalog();
        let app = catalog.app(&id);
        app.ok_or_else(|| Problem::not_found("apps", &id))?
            .plan
            .clone()
    };
    answer(&desk, &query(&uri, &headers), &app, None)
}

pub(super) async fn of_version(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let (app, build) = {
        let catalog = desk.catalog();
        let (app, version) = catalog
            .version(&id)
            .ok_or_else(|| Problem::not_found("appStoreVersions", &id))?;
        (app.plan.clone(), version.build.clone())
    };
    answer(&desk, &query(&uri, &headers), &app, Some(&build))
}

fn answer(desk: &Desk, query: &Query, app: &AppId, build: Option<&str>) -> Answer {
    query.allow(&[
        "filter[territory]",
        "filter[rating]",
        "exists[publishedResponse]",
        "sort",
        "limit",
        "cursor",
    ])?;
    let from = desk.world.start() - HISTORY;
    let mut all: Vec<Said> = desk.world.reviews(app, from, desk.world.now());
    all.retain(|said| {
        build.is_none_or(|build| said.build == build)
            && query.passes("filter[rating]", |stars| said.stars.to_string() == stars)
            && query.passes("filter[territory]", |t| territory(said) == t)
    });
    let page = match query.list("sort").first() {
        None => {
            // Without a wish there is no order.
            all.sort_by_cached_key(|said| uuid(&["order", &said.id.to_string()]));
            query.page_in_order(all)?
        }
        Some(&by) => {
            match by {
                "createdDate" => all.sort_by_key(|said| (said.at, said.id)),
                "-createdDate" => all.sort_by_key(|said| std::cmp::Reverse((said.at, said.id))),
                "rating" => all.sort_by_key(|said| (said.stars, said.id)),
                "-rating" => all.sort_by_key(|said| std::cmp::Reverse((said.stars, said.id))),
                other => {
                    let detail = format!("'{other}' is not a valid sort attribute");
                    return Err(Problem::parameter("sort", detail));
                }
            }
            query.page_in_order(all)?
        }
    };
    let data = page.items.iter().map(|said| resource(said, query.root()));
    Ok(Json(query.listing(&page, data, None)))
}

fn territory(said: &Said) -> &'static str {
    let place = usize::try_from(said.id % 4).unwrap_or(0);
    TERRITORIES.get(place).copied().unwrap_or("USA")
}

fn resource(said: &Said, root: &str) -> Value {
    let id = uuid(&["review", &said.id.to_string()]);
    let this = format!("{root}/v1/customerReviews/{id}");
    json!({
        "type": "customerReviews",
        "id": id,
        "attributes": {
            "rating": said.stars,
            "title": said.title,
            "body": said.text,
            "reviewerNickname": format!("user{}", said.id % 1000),
            "createdDate": date(said.at, &id),
            "territory": territory(said),
        },
        "relationships": { "response": { "links": {
            "self": format!("{this}/relationships/response"),
            "related": format!("{this}/response"),
        } } },
        "links": { "self": this },
    })
}
