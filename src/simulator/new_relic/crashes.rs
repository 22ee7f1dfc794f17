//! Queries about single crash groups: `MobileCrash` by fingerprint, with what is known of each.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::NewRelic;
use super::nrql::{Item, Query};
use crate::domain::Timestamp;
use crate::simulator::scenario::{AppPlan, Ending, VersionPlan};

/// One crash group of one version over the range of the query.
struct Crash<'a> {
    app: &'a AppPlan,
    version: VersionPlan,
    index: usize,
    events: u64,
    users: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// Whether a query is about groups of crashes rather than about crashed sessions.
pub(super) fn wanted(query: &Query) -> bool {
    let of_groups = |name: &String| {
        matches!(
            name.as_str(),
            "crashFingerprint" | "deviceModel" | "osVersion"
        )
    };
    query.facets.iter().any(of_groups) || query.select.iter().any(|item| item.function == "latest")
}

pub(super) fn results(new_relic: &NewRelic, query: &Query) -> Vec<Value> {
    let mut groups = BTreeMap::<Vec<String>, Vec<Crash<'_>>>::new();
    for crash in crashes(new_relic, query) {
        let value = |name: &str| attribute(&crash, name);
        if !query.condition.holds(&value, &|_, _| false) {
            continue;
        }
        let key: Option<Vec<String>> = query.facets.iter().map(|name| value(name)).collect();
        if let Some(key) = key {
            groups.entry(key).or_default().push(crash);
        }
    }
    let mut rows: Vec<(f64, Value)> = groups
        .into_iter()
        .map(|(key, crashes)| {
            let mut row = Map::new();
            match key.as_slice() {
                [] => {}
                [one] => drop(row.insert("facet".to_owned(), one.as_str().into())),
                many => drop(row.insert("facet".to_owned(), json!(many))),
            }
            for item in &query.select {
                row.insert(item.name.clone(), figure(item, &crashes));
            }
            let first = query
                .select
                .first()
                .and_then(|item| row.get(&item.name)?.as_f64());
            (first.unwrap_or(0.0), Value::Object(row))
        })
        .collect();
    // The first figure decides which groups are listed.
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.into_iter()
        .take(query.limit)
        .map(|(_, row)| row)
        .collect()
}

fn crashes<'a>(new_relic: &'a NewRelic, query: &Query) -> Vec<Crash<'a>> {
    let world = &new_relic.world;
    let mut all = Vec::new();
    for app in world.apps() {
        for (version, _) in world.versions(&app.id) {
            for count in world.issues(&app.id, &version.build, query.since, query.until) {
                let plan = app.issues.get(count.index);
                if count.events > 0 && plan.is_some_and(|plan| plan.of == Ending::Crash) {
                    all.push(Crash {
                        app,
                        version: version.clone(),
                        index: count.index,
                        events: count.events,
                        users: count.users,
                        first: count.first_seen.map(|t| t.max(query.since)),
                        last: count.last_seen,
                    });
                }
            }
        }
    }
    all
}

fn attribute(crash: &Crash<'_>, name: &str) -> Option<String> {
    let plan = crash.app.issues.get(crash.index)?;
    let (exception, message) = plan.title.split_once(": ").unwrap_or((&plan.title, ""));
    Some(match name {
        "appName" => crash.app.name.clone(),
        "appVersion" => crash.version.name.clone(),
        "appBuild" => crash.version.build.clone(),
        "crashFingerprint" => format!("{:032x}", 0xf1_9e00 + crash.index),
        "crashException" => exception.to_owned(),
        "crashMessage" => message.to_owned(),
        "crashLocation" => plan.place.clone(),
        "deviceModel" => "Pixel 8".to_owned(),
        "osVersion" => "15".to_owned(),
        _ => return None,
    })
}

fn figure(item: &Item, crashes: &[Crash<'_>]) -> Value {
    let milliseconds = |at: Option<Timestamp>| json!(at.map(|at| at.timestamp_millis()));
    let first = crashes
        .iter()
        .filter_map(|c| Some((c.first?, c)))
        .min_by_key(|(at, _)| *at);
    let last = crashes
        .iter()
        .filter_map(|c| Some((c.last?, c)))
        .max_by_key(|(at, _)| *at);
    match item.function.as_str() {
        "count" => json!(crashes.iter().map(|crash| crash.events).sum::<u64>()),
        "uniquecount" => json!(crashes.iter().map(|crash| crash.users).sum::<u64>()),
        "min" => milliseconds(first.map(|(at, _)| at)),
        "max" => milliseconds(last.map(|(at, _)| at)),
        "earliest" => json!(first.and_then(|(_, crash)| attribute(crash, &item.attribute))),
        _ => json!(last.and_then(|(_, crash)| attribute(crash, &item.attribute))),
    }
}
