//! `GET …/issues/{id}/events/`: events of one crash group, the newest first, with their tags; with `full=true` the stack too.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Sentry;
use super::issues::{of_id, release, wire};
use super::params::{Params, search};
use super::reply::{Page, Refusal};
use crate::domain::{Recurrence, StoreKind, Timestamp};
use crate::simulator::scenario::{AppPlan, Ending, IssuePlan};

const MAX_LIMIT: usize = 100;
/// Of those whom the world does not tell apart.
const ANYBODY: [(&str, &str); 3] = [("14", "Pixel 8"), ("13", "SM-A536B"), ("14", "SM-S911B")];

struct Event {
    at: Timestamp,
    release: String,
    os: String,
    device: String,
}

pub(super) fn answer(sentry: &Sentry, id: &str, params: &Params) -> Result<Page, Refusal> {
    let (project, app, index) = of_id(sentry, id).ok_or_else(Refusal::not_found)?;
    let plan = app.issues.get(index).ok_or_else(Refusal::not_found)?;
    let (start, end) = params.range(sentry.now(), TimeDelta::days(90))?;
    let terms = search(params.one("query").unwrap_or_default())?;
    if let Some(term) = terms.iter().find(|term| term.key != "release") {
        return Err(Refusal::bad(format!("Invalid search filter: {}", term.key)));
    }
    let offset = params.offset()?;
    let size = params
        .number("per_page")?
        .unwrap_or(MAX_LIMIT)
        .clamp(1, MAX_LIMIT);
    let mut events = Vec::new();
    for (version, _) in sentry.world.versions(&app.id) {
        let name = release(app, &version);
        if params.is_production() && terms.iter().all(|term| term.admits(&name)) {
            let wanted = offset + size + 1;
            collect(
                sentry,
                app,
                (plan, &version.build),
                &name,
                (start, end),
                wanted,
                &mut events,
            );
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    let full = params
        .one("full")
        .is_some_and(|full| full == "true" || full == "1");
    let shown = events.iter().enumerate().skip(offset).take(size);
    let body = shown
        .map(|(n, event)| show(sentry, (project, app, index, plan), (n, event), full))
        .collect();
    Ok(Page {
        body: Value::Array(body),
        question: params.question(),
        offset,
        size,
        more: events.len() > offset.saturating_add(size),
        hits: None,
    })
}

/// The latest events of a version that are of its crashes, one after the other through the strata of each cell.
fn collect(
    sentry: &Sentry,
    app: &AppPlan,
    (plan, build): (&IssuePlan, &str),
    release: &str,
    (start, end): (Timestamp, Timestamp),
    wanted: usize,
    events: &mut Vec<Event>,
) {
    let parts = sentry.world.parted(&app.id, build, (start, end));
    let mut found = 0;
    for part in parts.iter().rev() {
        let bad = match plan.of {
            Ending::Crash => part.cell.crashed,
            Ending::Abnormal => part.cell.abnormal,
        };
        let count = match plan.kind {
            _ if plan.outage => bad.outage,
            Recurrence::Recurring => bad.usual,
            Recurrence::New | Recurrence::Regressed => bad.own,
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for (os, device) in ANYBODY.iter().cycle().take(count.min(wanted - found)) {
            let kind = |kind: &str, otherwise: &str| {
                let known = part.stratum.get(kind);
                known.map_or_else(|| otherwise.to_owned(), Clone::clone)
            };
            events.push(Event {
                at: part.cell.start,
                release: release.to_owned(),
                os: kind("os", os),
                device: kind("device", device),
            });
            found += 1;
        }
        if found >= wanted {
            return;
        }
    }
}

fn show(
    sentry: &Sentry,
    (project, app, index, plan): (u64, &AppPlan, usize, &IssuePlan),
    (n, event): (usize, &Event),
    full: bool,
) -> Value {
    let (system, platform) = match app.store {
        StoreKind::GooglePlay => ("Android", "java"),
        StoreKind::AppStore => ("iOS", "cocoa"),
    };
    let (kind, value) = plan.title.split_once(": ").unwrap_or((&plan.title, ""));
    let id = format!("{:016x}{:08x}{n:08x}", event.at.timestamp(), index);
    let tag = |key: &str, value: &str| json!({"key": key, "value": value});
    let mut shown = json!({
        "id": id,
        "eventID": id,
        "groupID": (super::issues::FIRST_ISSUE + index as u64).to_string(),
        "projectID": project.to_string(),
        "event.type": "error",
        "title": plan.title,
        "message": plan.title,
        "location": null,
        "culprit": plan.place,
        "user": null,
        "platform": platform,
        "dateCreated": wire(event.at),
        "crashFile": null,
        "metadata": {"type": kind, "value": value},
        "tags": [
            tag("device", &event.device),
            tag("environment", "production"),
            tag("level", "fatal"),
            tag("os", &format!("{system} {}", event.os)),
            tag("os.name", system),
            tag("release", &event.release),
        ],
    });
    if full {
        // The oldest call first.
        let stack = sentry.world.stack(&app.id, index);
        let frames: Vec<Value> = stack
            .iter()
            .rev()
            .map(|frame| of_stack(frame, app))
            .collect();
        let entries = json!([{
            "type": "exception",
            "data": {"values": [{
                "type": kind, "value": value, "module": null, "stacktrace": {"frames": frames, "hasSystemFrames": true},
            }]},
        }]);
        if let Some(object) = shown.as_object_mut() {
            object.insert("entries".into(), entries);
        }
    }
    shown
}

/// Java and Kotlin know a class and a function, Apple's languages a function alone.
fn of_stack(frame: &str, app: &AppPlan) -> Value {
    let (module, function) = match (app.store, frame.rsplit_once('.')) {
        (StoreKind::GooglePlay, Some((module, function))) => (Some(module), function),
        _ => (None, frame),
    };
    let file = module.and_then(|module| module.rsplit('.').next());
    let own = frame.starts_with(&app.package);
    json!({
        "function": function,
        "module": module,
        "filename": file.map(|class| format!("{class}.kt")),
        "absPath": null,
        "lineNo": if own { json!(40 + frame.len()) } else { Value::Null },
        "inApp": own,
        "context": [],
        "vars": null,
    })
}
