//! Apple's measurements of launches and hangs, by version: `xcodeMetrics`, in a form of its own.
//!
//! A version has points once two days of it are measured; a point is of the versions' last day but one.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Desk;
use super::answers::query;
use super::problem::Problem;
use crate::domain::{AppId, Timestamp};
use crate::simulator::scenario::VersionPlan;
use crate::simulator::world::World;

const FORM: &str = "application/vnd.apple.xcode-metrics+json";
/// How late a point is.
const LAG: TimeDelta = TimeDelta::days(2);
const DAY: TimeDelta = TimeDelta::days(1);
const TYPES: [&str; 8] = [
    "DISK",
    "HANG",
    "BATTERY",
    "LAUNCH",
    "MEMORY",
    "ANIMATION",
    "TERMINATION",
    "STORAGE",
];
const PERCENTILES: [(&str, f64); 2] = [("percentile.fifty", 0.5), ("percentile.ninety", 0.9)];

pub(super) async fn of_app(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = query(&uri, &headers);
    query.allow(&[
        "filter[platform]",
        "filter[metricType]",
        "filter[deviceType]",
    ])?;
    if let Some(other) = query.list("filter[platform]").iter().find(|p| **p != "IOS") {
        let detail = format!("'{other}' is not a valid platform");
        return Err(Problem::parameter("filter[platform]", detail));
    }
    let wanted = query.list("filter[metricType]");
    if let Some(other) = wanted.iter().find(|name| !TYPES.contains(name)) {
        let detail = format!("'{other}' is not a valid metric type");
        return Err(Problem::parameter("filter[metricType]", detail));
    }
    let app = {
        let catalog = desk.catalog();
        let app = catalog.app(&id);
        app.ok_or_else(|| Problem::not_found("apps", &id))?
            .plan
            .clone()
    };
    let takes = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if !takes.is_some_and(|takes| takes.contains(FORM) || takes.contains("*/*")) {
        return Err(Problem::not_acceptable());
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
    let mut categories = Vec::new();
    if is_wanted("HANG") {
        let unit = json!({ "identifier": "seconds_per_hour", "displayName": "s/hr" });
        categories.push(category(
            &desk.world,
            &app,
            ("HANG", "hangRate", &unit),
            hangs,
        ));
    }
    if is_wanted("LAUNCH") {
        let unit = json!({ "identifier": "ms", "displayName": "ms" });
        categories.push(category(
            &desk.world,
            &app,
            ("LAUNCH", "launchTime", &unit),
            launches,
        ));
    }
    let body = json!({
        "version": "1.0",
        "insights": { "trendingUp": [], "regressions": [] },
        "productData": [{ "platform": "IOS", "metricCategories": categories }],
    });
    Ok(([(header::CONTENT_TYPE, FORM)], body.to_string()).into_response())
}

type Range = (Timestamp, Timestamp);
type Measure = fn(&World, &AppId, &VersionPlan, Range, f64) -> Option<f64>;

fn category(
    world: &World,
    app: &AppId,
    (identifier, metric, unit): (&str, &str, &Value),
    measure: Measure,
) -> Value {
    let to = world.now() - LAG;
    let dataset = |(percentile, share): (&str, f64)| {
        let points: Vec<Value> = world
            .versions(app)
            .iter()
            .filter(|(_, started)| *started <= to - DAY)
            .filter_map(|(version, _)| {
                let value = measure(world, app, version, (to - DAY, to), share)?;
                Some(json!({
                    "version": version.name,
                    "value": value,
                    "errorMargin": (value / 10.0).round(),
                    "goal": "",
                }))
            })
            .collect();
        json!({
            "filterCriteria": {
                "percentile": percentile,
                "device": "all_iphones",
                "deviceMarketingName": "All iPhones",
            },
            "points": points,
        })
    };
    json!({
        "identifier": identifier,
        "metrics": [{
            "identifier": metric,
            "unit": unit,
            "datasets": PERCENTILES.map(dataset),
        }],
    })
}

/// Whole milliseconds.
fn launches(
    world: &World,
    app: &AppId,
    version: &VersionPlan,
    range: Range,
    share: f64,
) -> Option<f64> {
    let seconds = world.quantile(app, &version.build, range, share, true)?;
    Some((seconds * 1000.0).round())
}

/// Seconds of hanging in an hour of use, at sixty sessions an hour and five seconds a hang: half as much where half of the
/// devices are better off.
fn hangs(
    world: &World,
    app: &AppId,
    version: &VersionPlan,
    (from, to): Range,
    share: f64,
) -> Option<f64> {
    let cells = world.cells(app, &version.build, from, to);
    let sessions: u64 = cells.iter().map(|cell| cell.sessions).sum();
    let hung: u64 = cells.iter().map(|cell| cell.abnormal.total()).sum();
    let rate = (sessions > 0).then(|| hung as f64 / sessions as f64)?;
    Some((rate * 300.0 * share * 200.0).round() / 100.0)
}
