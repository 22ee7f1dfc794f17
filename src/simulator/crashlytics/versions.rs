//! Counts of a version by interval: events, who they hit, and out of how many.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::Crashlytics;
use super::params::{Grain, Params};
use super::refusal::Refusal;
use crate::domain::Timestamp;
use crate::simulator::scenario::{AppPlan, VersionPlan};
use crate::simulator::traffic::{self, Cell};

pub(super) const FATAL: &str = "FATAL";
pub(super) const NON_FATAL: &str = "NON_FATAL";
pub(super) const ANR: &str = "ANR";

pub(super) fn display_name(version: &VersionPlan) -> String {
    format!("{} ({})", version.name, version.build)
}

pub(super) fn version_json(version: &VersionPlan) -> Value {
    json!({
        "displayVersion": version.name,
        "buildVersion": version.build,
        "displayName": display_name(version),
        "tracks": [{"title": "prod", "type": "TRACK_TYPE_PROD"}],
    })
}

/// The versions that pass the filter, oldest first.
pub(super) fn wanted(it: &Crashlytics, app: &AppPlan, params: &Params) -> Vec<VersionPlan> {
    let all = it.world.versions(&app.id).into_iter();
    all.map(|(version, _)| version)
        .filter(|version| params.admits("filter.version.displayNames", &display_name(version)))
        .collect()
}

/// Events of the error types asked for. A session has one at most.
pub(super) fn events(cell: &Cell, params: &Params) -> u64 {
    let of = [
        (FATAL, cell.crashed),
        (ANR, cell.abnormal),
        (NON_FATAL, cell.errored),
    ];
    of.into_iter()
        .filter(|(kind, _)| params.admits("filter.issue.errorTypes", kind))
        .map(|(_, bad)| bad.total())
        .sum()
}

/// A zero is not written.
pub(super) fn put(map: &mut Map<String, Value>, name: &str, count: u64) {
    if count > 0 {
        map.insert(name.into(), count.to_string().into());
    }
}

pub(super) fn wire(t: Timestamp) -> Value {
    t.format("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

/// The intervals of a grain within the range; those at its ends are cut.
pub(super) fn intervals(
    it: &Crashlytics,
    grain: Grain,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<(Timestamp, Timestamp)>, Refusal> {
    let width = match grain {
        Grain::Whole => return Ok(vec![(start, end)]),
        Grain::Hour if it.server.hours => TimeDelta::hours(1),
        Grain::Day if it.server.days => TimeDelta::days(1),
        _ => {
            return Err(Refusal::invalid(
                "The requested granularity is not supported for this report.",
            ));
        }
    };
    let seconds = width.num_seconds();
    let mut intervals = Vec::new();
    let mut from = start;
    while from < end {
        let next = (from.timestamp().div_euclid(seconds) + 1) * seconds;
        let next = Timestamp::from_timestamp(next, 0).unwrap_or(end).min(end);
        intervals.push((from, next));
        from = next;
    }
    Ok(intervals)
}

/// One version as a group; `None` without events in the range.
pub(super) fn group(
    it: &Crashlytics,
    app: &AppPlan,
    version: &VersionPlan,
    params: &Params,
    intervals: &[(Timestamp, Timestamp)],
) -> Option<(u64, Value)> {
    let (start, end) = (intervals.first()?.0, intervals.last()?.1.min(it.through()));
    let cells = it.world.cells(&app.id, &version.build, start, end);
    let whole: u64 = cells.iter().map(|cell| events(cell, params)).sum();
    if whole == 0 {
        return None;
    }
    let mut metrics = Vec::new();
    for (from, to) in intervals {
        let first = cells.partition_point(|cell| cell.start < *from);
        let last = cells.partition_point(|cell| cell.start < *to);
        let own = cells.get(first..last.max(first)).unwrap_or_default();
        let sessions: u64 = own.iter().map(|cell| cell.sessions).sum();
        let events: u64 = own.iter().map(|cell| events(cell, params)).sum();
        if it.server.sparse && events == 0 && intervals.len() > 1 {
            continue;
        }
        let users = traffic::users(sessions, (*to).min(end) - *from);
        metrics.push(interval(it, (*from, *to), (events, users, sessions)));
    }
    let group = json!({"version": version_json(version), "metrics": metrics});
    Some((whole, group))
}

fn interval(
    it: &Crashlytics,
    (from, to): (Timestamp, Timestamp),
    (events, users, sessions): (u64, u64, u64),
) -> Value {
    let mut out = Map::new();
    out.insert("startTime".into(), wire(from));
    out.insert("endTime".into(), wire(to));
    let hit = traffic::affected(events, users);
    put(&mut out, "eventsCount", events);
    put(&mut out, "impactedUsersCount", hit);
    put(&mut out, "impactedSessionsCount", events);
    put(&mut out, "sessionsCount", events);
    if it.server.totals {
        put(&mut out, "totalUsersCount", users);
        put(&mut out, "totalSessionsCount", sessions);
        let free = |bad: u64, all: u64| {
            // A 32-bit number.
            (all > 0).then(|| ((all.saturating_sub(bad)) as f64 / all as f64 * 100.0) as f32)
        };
        if let Some(share) = free(events, sessions) {
            out.insert("crashFreeSessionsPercentage".into(), share.into());
        }
        if let Some(share) = free(hit, users) {
            out.insert("crashFreeUsersPercentage".into(), share.into());
        }
    }
    Value::Object(out)
}
