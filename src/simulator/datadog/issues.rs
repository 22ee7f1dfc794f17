//! Error Tracking: issues of crashes, searched and looked at, and the events behind them.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Datadog;
use super::aggregate::Filter;
use super::reply::Refusal;
use super::search::Query;
use crate::domain::{Recurrence, Timestamp};
use crate::simulator::scenario::{AppPlan, Ending, VersionPlan};
use crate::simulator::world::{HISTORY, IssueCount};

/// The most that one search gives.
const MOST: usize = 100;

#[derive(Deserialize)]
pub(super) struct Search {
    data: SearchData,
}

#[derive(Deserialize)]
struct SearchData {
    attributes: SearchAttributes,
}

#[derive(Deserialize)]
struct SearchAttributes {
    query: String,
    from: i64,
    to: i64,
    #[serde(default)]
    persona: Option<String>,
    #[serde(default)]
    track: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Events {
    filter: Filter,
}

struct Found<'a> {
    id: String,
    app: &'a AppPlan,
    index: usize,
    events: u64,
    users: u64,
    last: Option<Timestamp>,
}

pub(super) fn search(datadog: &Datadog, search: &Search) -> Result<Value, Refusal> {
    let asked = &search.data.attributes;
    if asked.persona.is_none() && asked.track.is_none() {
        return Err(Refusal::bad("either track or persona must be specified"));
    }
    let instant = |ms| {
        DateTime::from_timestamp_millis(ms)
            .ok_or_else(|| Refusal::bad("from and to are in milliseconds"))
    };
    let range = (instant(asked.from)?, instant(asked.to)?);
    let query =
        Query::parse(&asked.query).map_err(|why| Refusal::bad(&format!("Invalid query: {why}")))?;
    let mut found = found(datadog, &query, range);
    found.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| a.id.cmp(&b.id)));
    found.truncate(MOST);
    let data: Vec<Value> = found
        .iter()
        .map(|issue| {
            json!({
                "id": issue.id,
                "type": "error_tracking_search_result",
                "attributes": {
                    "total_count": issue.events,
                    "impacted_users": issue.users,
                    "impacted_sessions": issue.events,
                },
                "relationships": { "issue": { "data": { "id": issue.id, "type": "issue" } } },
            })
        })
        .collect();
    let included: Vec<Value> = found
        .iter()
        .map(|issue| resource(datadog, issue.app, issue.index))
        .collect();
    Ok(json!({ "data": data, "included": included }))
}

pub(super) fn one(datadog: &Datadog, id: &str) -> Option<Value> {
    let (app, index) = named(datadog, id)?;
    Some(json!({ "data": resource(datadog, app, index) }))
}

/// The newest event of the issue that the query names.
pub(super) fn events(datadog: &Datadog, events: &Events) -> Result<Value, Refusal> {
    let range = events.filter.range()?;
    let query = events.filter.query()?;
    let found = found(datadog, &query, range);
    let data: Vec<Value> = found
        .iter()
        .filter_map(|issue| {
            let frames = datadog.world.stack(&issue.app.id, issue.index);
            let plan = issue.app.issues.get(issue.index)?;
            let stack: Vec<String> = std::iter::once(plan.title.clone())
                .chain(frames.iter().map(|frame| format!("  at {frame}")))
                .collect();
            Some(json!({
                "id": format!("event-{}", issue.id),
                "type": "rum",
                "attributes": {
                    "timestamp": issue.last.map(|t| t.to_rfc3339()),
                    "attributes": { "error": { "stack": stack.join("\n"), "is_crash": true } },
                },
            }))
        })
        .take(1)
        .collect();
    Ok(json!({ "data": data, "meta": { "status": "done" } }))
}

fn id(datadog: &Datadog, app: &AppPlan, index: usize) -> String {
    let place = datadog
        .world
        .apps()
        .iter()
        .position(|a| a.id == app.id)
        .unwrap_or(0);
    format!("c0ffee00-0000-0000-{place:04x}-{index:012x}")
}

fn named<'a>(datadog: &'a Datadog, wanted: &str) -> Option<(&'a AppPlan, usize)> {
    let apps = datadog.world.apps().iter();
    let all = apps.flat_map(|app| (0..app.issues.len()).map(move |index| (app, index)));
    all.into_iter()
        .find(|(app, index)| id(datadog, app, *index) == wanted)
}

fn release(version: &VersionPlan) -> String {
    format!("{}+{}", version.name, version.build)
}

fn found<'a>(
    datadog: &'a Datadog,
    query: &Query,
    (from, to): (Timestamp, Timestamp),
) -> Vec<Found<'a>> {
    let mut all = Vec::new();
    for app in datadog.world.apps() {
        let mut of_app: Vec<Found<'_>> = Vec::new();
        for (version, _) in datadog.world.versions(&app.id) {
            for count in datadog.world.issues(&app.id, &version.build, from, to) {
                let Some(plan) = app.issues.get(count.index) else {
                    continue;
                };
                let issue = id(datadog, app, count.index);
                let hit = query.matches(&|key, wanted| match key {
                    "@type" => wanted.text("error"),
                    "@application.id" => wanted.text(app.id.as_str()),
                    "@session.type" => wanted.text("user"),
                    "env" => wanted.text("production"),
                    "version" => wanted.text(&release(&version)),
                    "@error.is_crash" => wanted.text(&(plan.of == Ending::Crash).to_string()),
                    "@issue.id" => wanted.text(&issue),
                    _ => false,
                });
                if hit && count.events > 0 {
                    add(&mut of_app, issue, app, &count);
                }
            }
        }
        all.extend(of_app);
    }
    all
}

fn add<'a>(found: &mut Vec<Found<'a>>, id: String, app: &'a AppPlan, count: &IssueCount) {
    if let Some(known) = found.iter_mut().find(|known| known.id == id) {
        known.events += count.events;
        known.users += count.users;
        known.last = known.last.max(count.last_seen);
        return;
    }
    found.push(Found {
        id,
        app,
        index: count.index,
        events: count.events,
        users: count.users,
        last: count.last_seen,
    });
}

/// The issue itself, over all time and versions.
fn resource(datadog: &Datadog, app: &AppPlan, index: usize) -> Value {
    let world = &datadog.world;
    let Some(plan) = app.issues.get(index) else {
        return Value::Null;
    };
    let mut seen: Vec<(Timestamp, Timestamp, String)> = Vec::new();
    for (version, _) in world.versions(&app.id) {
        let counts = world.issues(
            &app.id,
            &version.build,
            world.start() - HISTORY,
            world.now(),
        );
        for count in counts.iter().filter(|c| c.index == index && c.events > 0) {
            if let (Some(first), Some(last)) = (count.first_seen, count.last_seen) {
                seen.push((first, last, release(&version)));
            }
        }
    }
    // What is not new was there before all versions: the oldest had it first.
    let oldest = world.versions(&app.id).into_iter().next();
    let first_version = match (plan.kind, oldest) {
        (Recurrence::Regressed | Recurrence::Recurring, Some((version, _))) => {
            Some(release(&version))
        }
        _ => seen.iter().min().map(|(.., release)| release.clone()),
    };
    let first = seen.iter().min();
    let last = seen.iter().max_by_key(|(_, last, _)| *last);
    let (kind, message) = plan.title.split_once(": ").unwrap_or((&plan.title, ""));
    let back = first.map(|(first, ..)| first.timestamp_millis());
    let regressed = plan.kind == Recurrence::Regressed;
    json!({
        "id": id(datadog, app, index),
        "type": "issue",
        "attributes": {
            "error_type": kind,
            "error_message": message,
            "function_name": plan.place,
            "first_seen": first.map(|(first, ..)| first.timestamp_millis()),
            "first_seen_version": first_version,
            "last_seen": last.map(|(_, last, _)| last.timestamp_millis()),
            "last_seen_version": last.map(|(.., release)| release.clone()),
            "is_crash": plan.of == Ending::Crash,
            "languages": [],
            "platform": "ANDROID",
            "service": app.id,
            "state": "OPEN",
            "regression": if regressed { json!({ "regressed_at": back }) } else { Value::Null },
        },
    })
}
