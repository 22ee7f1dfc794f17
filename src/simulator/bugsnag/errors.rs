//! `GET …/errors` with filters, and an error's latest event.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Bugsnag, Page, Pairs, Refusal, STAGE, Shared};
use crate::domain::{Recurrence, Timestamp};
use crate::simulator::scenario::{AppPlan, IssuePlan, VersionPlan};
use crate::simulator::world::HISTORY;

const PAGE: usize = 30;

/// What an error is counted over.
#[derive(Clone, Copy, Default)]
struct Counts {
    events: u64,
    users: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// `filters[FIELD][][type]` and `filters[FIELD][][value]`, in pairs.
fn filters(pairs: &[(String, String)]) -> Result<Vec<(&str, &str)>, Refusal> {
    let bad = || {
        Refusal(
            StatusCode::BAD_REQUEST,
            "Improperly formatted filters".into(),
        )
    };
    let own = pairs.iter().filter(|(key, _)| key.starts_with("filters"));
    let own: Vec<_> = own.collect();
    let filter = |pair: &[&'_ (String, String)]| match pair {
        [(kind, eq), (value_key, value)] if eq == "eq" => {
            let field = kind.strip_prefix("filters[")?.strip_suffix("][][type]")?;
            let again = value_key.strip_prefix("filters[")?;
            (again.strip_suffix("][][value]")? == field).then_some((field.len(), value.len()))
        }
        _ => None,
    };
    let mut found = Vec::new();
    for pair in own.chunks(2) {
        filter(pair).ok_or_else(bad)?;
        let [(key, _), (_, value)] = pair else {
            return Err(bad());
        };
        let field = key.trim_start_matches("filters[");
        found.push((field.trim_end_matches("][][type]"), value.as_str()));
    }
    Ok(found)
}

pub(super) async fn list(
    State(bugsnag): Shared,
    Path(project): Path<String>,
    headers: HeaderMap,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let app = bugsnag.project(&project)?;
    let filters = filters(&pairs)?;
    let known = |field: &str| {
        [
            "app.release_stage",
            "event.severity",
            "version.seen_in",
            "version.introduced_in",
            "version_code.seen_in",
            "version_code.introduced_in",
        ]
        .contains(&field)
    };
    if let Some((field, _)) = filters.iter().find(|(field, _)| !known(field)) {
        let what = format!("Unknown filter: {field}");
        return Err(Refusal(StatusCode::BAD_REQUEST, what));
    }
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name);
    let size = get("per_page").and_then(|(_, raw)| raw.parse().ok());
    let mut found: Vec<(Counts, Value)> = Vec::new();
    for (index, issue) in app.issues.iter().enumerate() {
        let counts = bugsnag.counts(app, index, |plan| {
            admits(&filters, "version.seen_in", &plan.name)
                && admits(&filters, "version_code.seen_in", &plan.build)
        });
        let introduced = bugsnag.introduced(app, index, issue);
        let new = introduced.is_some_and(|plan| {
            admits(&filters, "version.introduced_in", &plan.name)
                && admits(&filters, "version_code.introduced_in", &plan.build)
        });
        let asked = filters
            .iter()
            .any(|(field, _)| field.ends_with("introduced_in"));
        let stage = admits(&filters, "app.release_stage", STAGE);
        let severe = admits(&filters, "event.severity", "error");
        if counts.events > 0 && (new || !asked) && stage && severe {
            found.push((counts, bugsnag.error(&project, app, index, counts)));
        }
    }
    let by = get("sort").map_or("last_seen", |(_, by)| by.as_str());
    let key = |counts: &Counts| match by {
        "users" => counts.users,
        "events" => counts.events,
        "first_seen" => seconds(counts.first),
        _ => seconds(counts.last),
    };
    found.sort_by_key(|(counts, _)| std::cmp::Reverse(key(counts)));
    let page = Page {
        all: found.into_iter().map(|(_, error)| error).collect(),
        size: size.unwrap_or(PAGE),
        pairs: &pairs,
        path: format!("/projects/{project}/errors"),
    };
    Ok(page.into_response(&headers))
}

fn admits(filters: &[(&str, &str)], field: &str, value: &str) -> bool {
    let mut own = filters.iter().filter(|(it, _)| *it == field).peekable();
    own.peek().is_none() || own.any(|(_, wanted)| *wanted == value)
}

fn seconds(at: Option<Timestamp>) -> u64 {
    at.map_or(0, |at| at.timestamp().unsigned_abs())
}

pub(super) async fn latest_event(
    State(bugsnag): Shared,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let world = &bugsnag.world;
    let mut found = world.apps().iter().enumerate().flat_map(|(place, app)| {
        let issues = app.issues.iter().enumerate();
        issues.map(move |(index, issue)| (id_of(place, index), app, index, issue))
    });
    let (_, app, index, issue) = found
        .find(|(known, ..)| *known == id)
        .ok_or_else(|| Refusal(StatusCode::NOT_FOUND, "Error not found".into()))?;
    let last = bugsnag.counts(app, index, |_| true).last;
    let (class, message) = split(&issue.title);
    let frames: Vec<Value> = world
        .stack(&app.id, index)
        .into_iter()
        .zip(1_u32..)
        .map(|(method, line)| {
            json!({ "method": method, "file": "Shop.kt", "line_number": line * 7, "in_project": line == 1 })
        })
        .collect();
    Ok(Json(json!({
        "id": format!("59ad773d{index:016x}"),
        "error_id": id,
        "is_full_report": true,
        "received_at": last,
        "exceptions": [{ "error_class": class, "message": message, "type": "android", "stacktrace": frames }],
        "severity": "error",
        "unhandled": true,
        "context": issue.place,
        "app": { "releaseStage": STAGE },
        "device": {},
    })))
}

fn id_of(place: usize, index: usize) -> String {
    format!("59ad7722{place:08x}{index:08x}")
}

fn split(title: &str) -> (&str, &str) {
    title.split_once(": ").unwrap_or((title, ""))
}

impl Bugsnag {
    fn counts(&self, app: &AppPlan, index: usize, of: impl Fn(&VersionPlan) -> bool) -> Counts {
        let (from, to) = (self.world.start() - HISTORY, self.world.now());
        let mut sum = Counts::default();
        for (plan, _) in self.world.versions(&app.id) {
            if !of(&plan) {
                continue;
            }
            let counts = self.world.issues(&app.id, &plan.build, from, to);
            for count in counts
                .iter()
                .filter(|it| it.index == index && it.events > 0)
            {
                sum.events += count.events;
                sum.users += count.users;
                sum.first = [sum.first, count.first_seen].into_iter().flatten().min();
                sum.last = sum.last.max(count.last_seen);
            }
        }
        sum
    }

    /// The version that an error was first seen in; for one that is not new that is the oldest one.
    fn introduced(&self, app: &AppPlan, index: usize, issue: &IssuePlan) -> Option<VersionPlan> {
        let versions = self.world.versions(&app.id);
        let mut plans = versions.into_iter().map(|(plan, _)| plan);
        if issue.kind != Recurrence::New {
            return plans.next();
        }
        plans
            .filter_map(|plan| {
                let counts = self.counts(app, index, |it| it.build == plan.build);
                (counts.events > 0).then_some((counts.first, plan))
            })
            .min_by_key(|(first, _)| *first)
            .map(|(_, plan)| plan)
    }

    fn error(&self, project: &str, app: &AppPlan, index: usize, counts: Counts) -> Value {
        let place = self.world.apps().iter().position(|it| it.id == app.id);
        let id = id_of(place.unwrap_or(0), index);
        let issue = app.issues.get(index);
        let (class, message) = split(issue.map_or("", |issue| issue.title.as_str()));
        let ever = self.counts(app, index, |_| true);
        json!({
            "id": id,
            "project_id": project,
            "error_class": class,
            "message": message,
            "context": issue.map(|issue| issue.place.as_str()),
            "severity": "error",
            "original_severity": "error",
            "overridden_severity": null,
            "events": counts.events,
            "unthrottled_occurrence_count": ever.events,
            "users": counts.users,
            "first_seen": counts.first,
            "last_seen": counts.last,
            "first_seen_unfiltered": ever.first,
            "last_seen_unfiltered": ever.last,
            "status": "open",
            "release_stages": [STAGE],
            "url": format!("https://api.bugsnag.com/projects/{project}/errors/{id}"),
            "project_url": format!("https://api.bugsnag.com/projects/{project}"),
        })
    }
}
