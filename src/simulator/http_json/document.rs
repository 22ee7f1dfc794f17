//! `haltline/windows/v1` of the world, as its README describes the form.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::simulator::World;
use crate::simulator::scenario::{AppPlan, VersionPlan};
use crate::simulator::world::HISTORY;

const WIDTH: i64 = 300;
/// What is long ago is told by the hour, so that two weeks stay short.
const HOUR: i64 = 3600;
const RECENT: TimeDelta = TimeDelta::hours(3);
const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// Windows of `version` and `baseline` (keys: `84300`, or `8.43.0+84300`) that begin at `since` or later; without it all since
/// the version's beginning, and the baseline's two weeks before.
pub(super) fn of(world: &World, app: &AppPlan, asked: &BTreeMap<String, String>) -> Value {
    let now = world.now();
    let plan = |name: &str| {
        let key = asked.get(name)?;
        let is_it = |plan: &&VersionPlan| {
            plan.build == *key || format!("{}+{}", plan.name, plan.build) == *key
        };
        Some((key.as_str(), app.versions.iter().find(is_it)?))
    };
    let (version, baseline) = (plan("version"), plan("baseline"));
    let since: Option<Timestamp> = asked.get("since").and_then(|raw| raw.parse().ok());
    let first = version.and_then(|(_, plan)| first_session(world, app, plan));
    let began = first.unwrap_or(now).max(now - LOOK_BACK);
    let seam = since.map_or_else(|| floor(now - RECENT, HOUR), |since| floor(since, WIDTH));
    let aligned = |at: Timestamp| floor(at, if at < seam { HOUR } else { WIDTH });
    let from = aligned(since.unwrap_or(began));
    let before = match since {
        Some(_) => from,
        None => aligned(began) - LOOK_BACK,
    };
    let mut windows = Vec::new();
    for (key, plan, from) in version
        .map(|(key, plan)| (key, plan, from))
        .into_iter()
        .chain(baseline.map(|(key, plan)| (key, plan, before)))
    {
        windows.extend(told(world, app, (key, plan), (from, now), seam));
    }
    let mut document = json!({
        "schema": "haltline/windows/v1",
        "read_through": now,
        "windows": windows,
        "version_name": version.map(|(_, plan)| &plan.name),
        "shares": shares(world, app, [version, baseline]),
        "issues": version.map_or_else(Vec::new, |(_, plan)| issues(world, app, plan, (began, now))),
    });
    if let (Some(first), Some(document)) = (first, document.as_object_mut()) {
        document.insert("first_session".into(), json!(first));
        document.insert("past_from".into(), json!(floor(first, HOUR) - LOOK_BACK));
    }
    document
}

fn floor(at: Timestamp, width: i64) -> Timestamp {
    Timestamp::from_timestamp(at.timestamp().div_euclid(width) * width, 0).unwrap_or(at)
}

fn first_session(world: &World, app: &AppPlan, plan: &VersionPlan) -> Option<Timestamp> {
    let (from, to) = (world.now() - LOOK_BACK, world.now());
    let cells = world.cells(&app.id, &plan.build, from, to);
    let first = cells.iter().find(|cell| cell.sessions > 0)?;
    Some(floor(first.start, WIDTH))
}

fn told(
    world: &World,
    app: &AppPlan,
    (key, plan): (&str, &VersionPlan),
    (from, to): (Timestamp, Timestamp),
    seam: Timestamp,
) -> Vec<Value> {
    let mut sums: BTreeMap<(Timestamp, i64), [u64; 4]> = BTreeMap::new();
    for cell in world.cells(&app.id, &plan.build, from, to) {
        let width = if cell.start < seam { HOUR } else { WIDTH };
        let sum = sums.entry((floor(cell.start, width), width)).or_default();
        let (crashed, abnormal) = (cell.crashed.total(), cell.abnormal.total());
        let more = [
            cell.sessions,
            crashed,
            crashed + abnormal,
            cell.sessions - cell.healthy(),
        ];
        for (sum, more) in sum.iter_mut().zip(more) {
            *sum += more;
        }
    }
    let metrics = |((start, seconds), sums): ((Timestamp, i64), [u64; 4])| {
        let [trials, crashed, frustrated, errored] = sums;
        [
            ("crash_free_sessions", crashed),
            ("frustration_free_sessions", frustrated),
            ("error_free_sessions", errored),
        ]
        .map(|(metric, failures): (&str, u64)| {
            json!({
                "metric": metric, "version": key, "start": start, "seconds": seconds,
                "trials": trials, "failures": failures,
            })
        })
    };
    sums.into_iter().flat_map(metrics).collect()
}

fn shares(world: &World, app: &AppPlan, known: [Option<(&str, &VersionPlan)>; 2]) -> Vec<Value> {
    let (from, to) = (world.now() - TimeDelta::days(1), world.now());
    let share = |plan: &VersionPlan| {
        let cells = world.cells(&app.id, &plan.build, from, to);
        let sessions: u64 = cells.iter().map(|cell| cell.sessions).sum();
        let mut known = known.iter().flatten();
        let key = known.find(|(_, known)| known.build == plan.build);
        json!({
            "label": format!("{} ({})", plan.name, plan.build),
            "version": key.map(|(key, _)| key),
            "sessions": sessions,
        })
    };
    let offered = world.versions(&app.id);
    offered.iter().map(|(plan, _)| share(plan)).collect()
}

fn issues(
    world: &World,
    app: &AppPlan,
    plan: &VersionPlan,
    (from, to): (Timestamp, Timestamp),
) -> Vec<Value> {
    let from = from.max(world.start() - HISTORY);
    let counts = world.issues(&app.id, &plan.build, from, to);
    let seen = counts.iter().filter(|count| count.events > 0);
    seen.filter_map(|count| {
        let issue = app.issues.get(count.index)?;
        Some(json!({
            "id": (count.index + 1).to_string(),
            "title": issue.title,
            "place": issue.place,
            "recurrence": issue.kind,
            "events": count.events,
            "users": count.users,
            "first_seen": count.first_seen,
            "link": format!("https://health.example.com/issues/{}", count.index + 1),
        }))
    })
    .collect()
}
