//! `reviews.list`: those with a text that were written within the last week, newest first, with a quota of their own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::store::Store;
use crate::domain::Timestamp;
use crate::simulator::world::Said;

/// Reads an hour, by app.
const HOURLY: usize = 200;
const WEEK: TimeDelta = TimeDelta::days(7);
const DEFAULT_PAGE: usize = 10;
const LARGEST_PAGE: usize = 100;
/// Of so many reviews one has no version: written in a browser.
const WITHOUT_VERSION: u64 = 11;
/// Of so many reviews one was given a title, which stands before a tab.
const TITLED: u64 = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asked {
    max_results: Option<usize>,
    token: Option<String>,
    start_index: Option<usize>,
    translation_language: Option<String>,
}

/// When the reads of the last hour came in, by package.
#[derive(Default)]
pub(super) struct Reads(BTreeMap<String, VecDeque<Timestamp>>);

impl Reads {
    fn count(&mut self, package: &str, now: Timestamp) -> Result<(), Refusal> {
        let reads = self.0.entry(package.to_owned()).or_default();
        while reads
            .front()
            .is_some_and(|at| *at + TimeDelta::hours(1) <= now)
        {
            reads.pop_front();
        }
        if reads.len() >= HOURLY {
            return Err(Refusal::quota());
        }
        reads.push_back(now);
        Ok(())
    }
}

pub(super) async fn list(
    State(store): State<Arc<Store>>,
    Path(package): Path<String>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(asked) = asked.map_err(|e| Refusal::invalid(&e.body_text()))?;
    let now = store.world.now();
    let app = {
        let mut state = store.lock();
        let app = state.app(&package)?.id.clone();
        state.review_reads.count(&package, now)?;
        app
    };
    let from = match &asked.token {
        None => asked.start_index.unwrap_or(0),
        Some(token) => token
            .strip_prefix("reviews-")
            .and_then(|place| place.parse().ok())
            .ok_or_else(|| Refusal::invalid("Invalid pagination token."))?,
    };
    let size = asked
        .max_results
        .unwrap_or(DEFAULT_PAGE)
        .clamp(1, LARGEST_PAGE);
    let mut all = store.world.reviews(&app, now - WEEK, now);
    // Who gives stars alone is not listed.
    all.retain(|said| !said.text.is_empty());
    all.reverse();
    let total = all.len();
    let translated = asked.translation_language.is_some();
    let page: Vec<Value> = all
        .iter()
        .skip(from)
        .take(size)
        .map(|said| review(said, translated))
        .collect();
    if page.is_empty() {
        return Ok(Json(json!({})).into_response());
    }
    let end = from + page.len();
    let mut body = json!({
        "pageInfo": { "totalResults": total, "resultPerPage": page.len(), "startIndex": from },
        "reviews": page,
    });
    if let (true, Some(body)) = (end < total, body.as_object_mut()) {
        let token = json!({ "nextPageToken": format!("reviews-{end}") });
        body.insert("tokenPagination".into(), token);
    }
    Ok(Json(body).into_response())
}

fn review(said: &Said, translated: bool) -> Value {
    let titled = said.id.is_multiple_of(TITLED) && !said.title.is_empty();
    let text = if titled {
        format!("{}\t{}", said.title, said.text)
    } else {
        said.text.clone()
    };
    let mut comment = json!({
        "text": text,
        "lastModified": {
            "seconds": said.at.timestamp().to_string(),
            "nanos": said.at.timestamp_subsec_nanos(),
        },
        "starRating": said.stars,
        "reviewerLanguage": "en",
        "device": "panther",
        "androidOsVersion": 34,
        "thumbsUpCount": 0,
        "thumbsDownCount": 0,
        "deviceMetadata": {
            "productName": "panther (Pixel 7)",
            "manufacturer": "Google",
            "deviceClass": "FORM_FACTOR_PHONE",
            "screenWidthPx": 1080,
            "screenHeightPx": 2400,
            "nativePlatform": "ABI_ARM64_V8,ABI_ARM_V7,ABI_ARM",
            "screenDensityDpi": 420,
            "ramMb": 8192,
        },
    });
    if let Some(comment) = comment.as_object_mut() {
        if !said.id.is_multiple_of(WITHOUT_VERSION)
            && let Ok(code) = said.build.parse::<u32>()
        {
            comment.insert("appVersionCode".into(), code.into());
        }
        if translated {
            comment.insert("originalText".into(), text.into());
        }
    }
    let answer = said.at.timestamp() + 3_600;
    let mut comments = vec![json!({ "userComment": comment })];
    if said.id.is_multiple_of(7) {
        comments.push(json!({ "developerComment": {
            "text": "Thank you for telling us.",
            "lastModified": { "seconds": answer.to_string() },
        } }));
    }
    json!({
        "reviewId": format!("gp:AOqpTO{:016x}", said.id),
        "authorName": format!("User {}", said.id % 1000),
        "comments": comments,
    })
}
