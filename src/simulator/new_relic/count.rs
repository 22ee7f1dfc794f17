//! What a query counts: the mobile events of the world, in groups and windows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};

use super::nrql::{Item, Query};
use super::{EXACT, NewRelic, crashes};
use crate::domain::Timestamp;
use crate::simulator::events::{self, Ended, Event, Happened, Kind, Looked};
use crate::simulator::scenario::AppPlan;

/// Types of the events that one thing that happened leaves. A session that crashed never sends its `MobileSession`.
fn types(event: &Event<'_>) -> &'static [&'static str] {
    match event.what {
        Happened::Session(Ended::Well | Ended::Frozen) => &["MobileSession"],
        Happened::Session(Ended::Errored) => &["MobileSession", "MobileHandledException"],
        Happened::Session(Ended::Crashed) => &["MobileCrash"],
        Happened::ColdStart { .. } => &[],
        Happened::Request { .. } => &["MobileRequest"],
        Happened::Journey { .. } => &["MobileUserAction"],
    }
}

/// Attributes of who had a session.
const STRATA: [&str; 3] = ["osMajorVersion", "countryCode", "deviceGroup"];

fn attribute(app: &AppPlan, event: &Event<'_>, name: &str) -> Option<String> {
    Some(match name {
        "appName" => app.name.clone(),
        "appVersion" => event.version.name.clone(),
        "appBuild" => event.version.build.clone(),
        "osMajorVersion" => event.stratum.get("os")?.clone(),
        "countryCode" => event.stratum.get("country")?.clone(),
        "deviceGroup" => event.stratum.get("device")?.clone(),
        "name" => match &event.what {
            Happened::Journey { name, completed } => {
                format!(
                    "{name}_{}",
                    if *completed { "completed" } else { "started" }
                )
            }
            _ => return None,
        },
        _ => return None,
    })
}

#[derive(Clone, Copy, Default)]
struct Sum {
    /// Distinct sessions, or events of things that are none.
    hits: u64,
    /// Of the group, whatever the query picks of them.
    sessions: u64,
}

type Groups = BTreeMap<Vec<String>, BTreeMap<Timestamp, Sum>>;

pub(super) fn results(new_relic: &NewRelic, query: &Query) -> Vec<Value> {
    if query.from == ["MobileCrash"] && crashes::wanted(query) {
        return crashes::results(new_relic, query);
    }
    let mut groups = Groups::new();
    let mut builds = BTreeMap::<Vec<String>, BTreeSet<(String, String)>>::new();
    for app in new_relic.world.apps() {
        collect(new_relic, app, query, &mut groups, &mut builds);
    }
    let mut sizes: Vec<(u64, Vec<String>)> = groups
        .iter()
        .map(|(key, series)| (series.values().map(|sum| sum.hits).sum(), key.clone()))
        .filter(|(size, _)| *size > 0 || query.facets.is_empty())
        .collect();
    sizes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    sizes.truncate(if query.facets.is_empty() {
        1
    } else {
        query.limit
    });
    let mut rows = Vec::new();
    if query.facets.is_empty() && sizes.is_empty() {
        sizes.push((0, Vec::new()));
    }
    for (_, key) in sizes {
        let nothing = BTreeMap::new();
        let series = groups.get(&key).unwrap_or(&nothing);
        let of = builds.get(&key);
        for (start, end, sum) in windows(query, series) {
            let mut row = Map::new();
            match key.as_slice() {
                [] => {}
                [one] => drop(row.insert("facet".to_owned(), one.as_str().into())),
                many => drop(row.insert("facet".to_owned(), json!(many))),
            }
            let named = query.facets.iter().zip(&key);
            row.extend(named.map(|(name, value)| (name.clone(), value.as_str().into())));
            if query.step.is_some() {
                row.insert("beginTimeSeconds".to_owned(), start.timestamp().into());
                row.insert("endTimeSeconds".to_owned(), end.timestamp().into());
            }
            for item in &query.select {
                let value = figure(new_relic, item, sum, (start, end), of);
                row.insert(item.name.clone(), value);
            }
            rows.push(Value::Object(row));
        }
    }
    rows
}

/// Every window of the range, counted or not; the whole range where it is not cut.
fn windows(query: &Query, series: &BTreeMap<Timestamp, Sum>) -> Vec<(Timestamp, Timestamp, Sum)> {
    let Some(step) = query.step else {
        let all = series.values().fold(Sum::default(), |a, b| Sum {
            hits: a.hits + b.hits,
            sessions: a.sessions + b.sessions,
        });
        return vec![(query.since, query.until, all)];
    };
    let starts = std::iter::successors(Some(query.since), |start| Some(*start + step));
    let starts = starts.take_while(|start| *start < query.until);
    starts
        .map(|start| {
            let sum = series.get(&start).copied().unwrap_or_default();
            (start, (start + step).min(query.until), sum)
        })
        .collect()
}

fn collect(
    new_relic: &NewRelic,
    app: &AppPlan,
    query: &Query,
    groups: &mut Groups,
    builds: &mut BTreeMap<Vec<String>, BTreeSet<(String, String)>>,
) {
    let of_sessions = |kind: &String| {
        matches!(
            kind.as_str(),
            "MobileSession" | "MobileCrash" | "MobileHandledException"
        )
    };
    let asked = |wanted: &str| query.from.iter().any(|kind| kind == wanted);
    let kinds = [
        (Kind::Sessions, query.from.iter().any(of_sessions)),
        (Kind::Requests, asked("MobileRequest")),
        (Kind::Journeys, asked("MobileUserAction")),
    ];
    let kinds = kinds.into_iter().filter(|(_, asked)| *asked);
    let kinds: Vec<Kind> = kinds.map(|(kind, _)| kind).collect();
    let strata = STRATA
        .iter()
        .any(|name| query.condition.asks(name) || query.facets.iter().any(|facet| facet == name));
    let bound = query.condition.bound("responseTime").unwrap_or(0.0);
    // Windows begin where the query does.
    let start = |t: Timestamp| match query.step {
        None => query.since,
        Some(step) => {
            let seconds = step.num_seconds().max(1);
            let since = query.since.timestamp();
            let start = since + (t.timestamp() - since).div_euclid(seconds) * seconds;
            DateTime::from_timestamp(start, 0).unwrap_or(t)
        }
    };
    for (version, _) in new_relic.world.versions(&app.id) {
        let known = |name: &str| match name {
            "appName" => Some(app.name.clone()),
            "appVersion" => Some(version.name.clone()),
            "appBuild" => Some(version.build.clone()),
            _ => None,
        };
        if !query.condition.may_hold(&known) {
            continue;
        }
        let looked = Looked {
            from: query.since,
            to: query.until,
            lag: new_relic.server.lag,
            late_crashes: new_relic.server.late_crashes,
            bound: TimeDelta::milliseconds(((bound * 1000.0) as i64).max(1)),
            kinds: &kinds,
            strata,
        };
        for event in events::of(&new_relic.world, app, &version, looked) {
            let value = |name: &str| attribute(app, &event, name);
            let key: Option<Vec<String>> = query.facets.iter().map(|name| value(name)).collect();
            let Some(key) = key else { continue };
            let slow = event.what == Happened::Request { slow: true };
            let above = |name: &str, _: f64| name == "responseTime" && slow;
            let fits = query.condition.holds(&value, &above);
            let hit = fits
                && types(&event)
                    .iter()
                    .any(|kind| query.from.iter().any(|f| f == kind));
            let is_session = matches!(event.what, Happened::Session(_)) && fits;
            if !hit && !is_session {
                continue;
            }
            if hit {
                let of = (app.id.to_string(), version.build.clone());
                builds.entry(key.clone()).or_default().insert(of);
            }
            let series = groups.entry(key).or_default();
            for (at, count) in &event.counts {
                let sum = series.entry(start(*at)).or_default();
                sum.hits += if hit { *count } else { 0 };
                sum.sessions += if is_session { *count } else { 0 };
            }
        }
    }
}

fn figure(
    new_relic: &NewRelic,
    item: &Item,
    sum: Sum,
    (start, end): (Timestamp, Timestamp),
    of: Option<&BTreeSet<(String, String)>>,
) -> Value {
    match (item.function.as_str(), item.attribute.as_str()) {
        ("uniquecount", "uuid") => {
            let hits = (sum.hits != sum.sessions).then_some(sum.hits);
            let length = end.min(new_relic.world.now()) - start;
            json!(events::estimate(
                events::users(sum.sessions, hits, length),
                EXACT
            ))
        }
        ("uniquecount", _) => json!(events::estimate(sum.hits, EXACT)),
        ("percentile", "responseTime") => {
            let percent = item.number.unwrap_or(50.0);
            let share = percent / 100.0;
            let seconds = of.into_iter().flatten().find_map(|(app, build)| {
                let app = new_relic
                    .world
                    .apps()
                    .iter()
                    .find(|a| a.id.as_str() == app)?;
                let until = end.min(new_relic.world.now());
                new_relic
                    .world
                    .quantile(&app.id, build, (start, until), share, false)
            });
            json!({ format!("{percent}"): seconds })
        }
        ("count", _) => json!(sum.hits),
        _ => Value::Null,
    }
}
