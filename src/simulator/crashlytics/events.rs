//! `GET …/events:batchGet`: single events, with their stack.

use serde_json::{Value, json};

use super::params::Params;
use super::refusal::Refusal;
use super::versions::wire;
use super::{Crashlytics, PROJECT, application, issues};
use crate::domain::StoreKind;
use crate::simulator::scenario::AppPlan;

const MOST: usize = 100;

pub(super) fn batch(it: &Crashlytics, app: &AppPlan, params: &Params) -> Result<Value, Refusal> {
    let names: Vec<&str> = params.all("names").collect();
    if names.is_empty() || names.len() > MOST {
        return Err(Refusal::invalid(
            "Between 1 and 100 event names must be given.",
        ));
    }
    let events = names.into_iter().map(|name| event(it, app, name));
    let events = events.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "events": events }))
}

/// The one event that an issue has as a sample: `projects/{project or -}/apps/{app}/events/{issue}_1`.
fn event(it: &Crashlytics, app: &AppPlan, name: &str) -> Result<Value, Refusal> {
    let wrong = || Refusal::not_found("Requested entity was not found.");
    let parts: Vec<&str> = name.split('/').collect();
    let &["projects", project, "apps", of, "events", id] = parts.as_slice() else {
        return Err(Refusal::invalid(format!("Invalid event name: {name}")));
    };
    let own = (project == "-" || project == PROJECT.to_string()) && of == application(app);
    let issue = id.strip_suffix("_1").filter(|_| own).ok_or_else(wrong)?;
    let index = issues::index(app, issue).ok_or_else(wrong)?;
    let plan = app.issues.get(index).ok_or_else(wrong)?;
    let frames: Vec<Value> = it
        .world
        .stack(&app.id, index)
        .into_iter()
        .enumerate()
        .map(|(n, symbol)| {
            let mut frame =
                json!({"symbol": symbol, "owner": if n == 0 { "DEVELOPER" } else { "SYSTEM" }});
            if let (Some(frame), 0) = (frame.as_object_mut(), n) {
                frame.insert("blamed".into(), true.into());
                frame.insert("line".into(), "42".into());
                frame.insert("file".into(), file(app, &symbol).into());
            }
            frame
        })
        .collect();
    let (kind, message) = plan.title.split_once(": ").unwrap_or((&plan.title, ""));
    let trace = json!({"type": kind, "exceptionMessage": message, "title": plan.place, "subtitle": plan.title,
        "blamed": true, "frames": frames});
    let issue = issues::get(it, app, issue)?;
    let seen = issue.get("lastSeenTime").cloned();
    let mut out = json!({
        "name": name,
        "eventId": id,
        "platform": if app.store == StoreKind::GooglePlay { "ANDROID" } else { "IOS" },
        "bundleOrPackage": app.package,
        "eventTime": seen.unwrap_or_else(|| wire(it.through())),
        "issueTitle": plan.place,
        "issueSubtitle": plan.title,
        "blameFrame": frames.first(),
        "issue": issue,
    });
    if let Some(out) = out.as_object_mut() {
        match app.store {
            StoreKind::GooglePlay => out.insert("exceptions".into(), json!([trace])),
            // A fatal one of an Apple app is in its threads.
            StoreKind::AppStore => out.insert(
                "threads".into(),
                json!([{"name": "main", "frames": []}, {"crashed": true, "blamed": true, "frames": frames}]),
            ),
        };
    }
    Ok(out)
}

/// The file that a class of this name is in.
fn file(app: &AppPlan, symbol: &str) -> String {
    let class = symbol.split('(').next().unwrap_or_default();
    let class = class.rsplit('.').nth(1).unwrap_or("Main");
    match app.store {
        StoreKind::GooglePlay => format!("{class}.kt"),
        StoreKind::AppStore => format!("{class}.swift"),
    }
}
