//! Issues: the report of the top ones, and one by its id.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::params::Params;
use super::refusal::Refusal;
use super::versions::{self, ANR, FATAL, put, wire};
use super::{Crashlytics, PROJECT, application};
use crate::domain::{Recurrence, Timestamp};
use crate::simulator::scenario::{AppPlan, Ending, IssuePlan};
use crate::simulator::world::{HISTORY, IssueCount};

/// An issue is fresh for so long.
const FRESH_FOR: TimeDelta = TimeDelta::days(7);

/// 32 digits, as the console's addresses have them.
pub(super) fn id(index: usize) -> String {
    format!("{:032x}", 0x5eed_0000_u64 + index as u64)
}

pub(super) fn index(app: &AppPlan, wanted: &str) -> Option<usize> {
    (0..app.issues.len()).find(|index| id(*index) == wanted)
}

fn kind(plan: &IssuePlan) -> &'static str {
    match plan.of {
        Ending::Crash => FATAL,
        Ending::Abnormal => ANR,
    }
}

/// Counts of one issue over the versions of a filter.
fn counts(
    it: &Crashlytics,
    app: &AppPlan,
    params: &Params,
    (from, to): (Timestamp, Timestamp),
) -> Vec<Vec<IssueCount>> {
    let to = to.min(it.through());
    let versions = versions::wanted(it, app, params);
    let of = versions.iter();
    of.map(|version| it.world.issues(&app.id, &version.build, from, to))
        .collect()
}

fn sum(counts: &[Vec<IssueCount>], index: usize) -> (u64, u64) {
    let own = counts.iter().flatten().filter(|count| count.index == index);
    own.fold((0, 0), |(events, users), count| {
        (events + count.events, users + count.users)
    })
}

/// Events of one issue in a range.
pub(super) fn events_of(
    it: &Crashlytics,
    app: &AppPlan,
    params: &Params,
    range: (Timestamp, Timestamp),
    wanted: &str,
) -> u64 {
    let counts = counts(it, app, params, range);
    index(app, wanted).map_or(0, |index| sum(&counts, index).0)
}

pub(super) fn groups(
    it: &Crashlytics,
    app: &AppPlan,
    params: &Params,
    range: (Timestamp, Timestamp),
) -> Vec<(u64, Value)> {
    let counts = counts(it, app, params, range);
    let mut groups = Vec::new();
    for (index, plan) in app.issues.iter().enumerate() {
        let (events, users) = sum(&counts, index);
        let wanted = params.admits("filter.issue.errorTypes", kind(plan))
            && params.admits("filter.issue.id", &id(index));
        let issue = json(it, app, index, plan);
        let signals = issue.get("signals").and_then(Value::as_array);
        let signals = signals.into_iter().flatten();
        let mut signals = signals.filter_map(|s| s.get("signal")?.as_str());
        let marked = params.one("filter.issue.signals").is_none()
            || signals.any(|signal| params.admits("filter.issue.signals", signal));
        let open = params.admits("filter.issue.states", "OPEN");
        if events == 0 || !(wanted && marked && open) {
            continue;
        }
        let mut metrics = Map::new();
        metrics.insert("startTime".into(), wire(range.0));
        metrics.insert("endTime".into(), wire(range.1));
        put(&mut metrics, "eventsCount", events);
        put(&mut metrics, "impactedUsersCount", users);
        put(&mut metrics, "impactedSessionsCount", events);
        groups.push((events, json!({"issue": issue, "metrics": [metrics]})));
    }
    groups
}

pub(super) fn get(it: &Crashlytics, app: &AppPlan, wanted: &str) -> Result<Value, Refusal> {
    let found = index(app, wanted).and_then(|index| Some((index, app.issues.get(index)?)));
    let (index, plan) =
        found.ok_or_else(|| Refusal::not_found("Requested entity was not found."))?;
    Ok(json(it, app, index, plan))
}

fn json(it: &Crashlytics, app: &AppPlan, index: usize, plan: &IssuePlan) -> Value {
    let world = &it.world;
    let began = world.start() - HISTORY;
    let mut seen = Vec::new();
    for (version, _) in world.versions(&app.id) {
        let counts = world.issues(&app.id, &version.build, began, it.through());
        let own = counts.into_iter().find(|count| count.index == index);
        if let Some(own) = own.filter(|count| count.events > 0) {
            seen.push((version, own));
        }
    }
    let known = plan.kind != Recurrence::New;
    let oldest = world.versions(&app.id).into_iter().next();
    let first = seen.iter().min_by_key(|(_, own)| own.first_seen);
    let first_version = match (known, oldest, first) {
        (true, Some((oldest, _)), _) => Some(oldest.name),
        (_, _, Some((version, _))) => Some(version.name.clone()),
        _ => None,
    };
    let first_seen = first.and_then(|(_, own)| own.first_seen);
    let last = seen.iter().max_by_key(|(_, own)| own.last_seen);
    let young = first_seen.is_some_and(|first| world.now() - first < FRESH_FOR);
    let signal = match plan.kind {
        Recurrence::New if young => Some("SIGNAL_FRESH"),
        Recurrence::Regressed => Some("SIGNAL_REGRESSED"),
        _ => None,
    };
    let (id, application) = (id(index), application(app));
    let resource = format!("projects/{PROJECT}/apps/{application}");
    let mut out = json!({
        "name": format!("{resource}/issues/{id}"),
        "id": id,
        "title": plan.place,
        "subtitle": plan.title,
        "errorType": kind(plan),
        "state": "OPEN",
        "uri": format!("https://console.firebase.google.com/project/sim-project/crashlytics/app/{application}/issues/{id}"),
        "sampleEvent": format!("{resource}/events/{id}_1"),
        "signals": signal.map(|signal| json!({"signal": signal})).into_iter().collect::<Vec<_>>(),
    });
    if let Some(out) = out.as_object_mut() {
        let facts = [
            ("firstSeenVersion", first_version.map(Value::from)),
            ("firstSeenTime", first_seen.map(wire)),
            (
                "lastSeenVersion",
                last.map(|(version, _)| version.name.clone().into()),
            ),
            (
                "lastSeenTime",
                last.and_then(|(_, own)| own.last_seen).map(wire),
            ),
        ];
        for (name, value) in facts {
            out.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    out
}
