//! `POST /api/v2/rum/analytics/aggregate`: events counted, in total or over time, in nested groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::facts::{self, DURATION, LOADING_TIME};
use super::reply::Refusal;
use super::search::Query;
use super::{Datadog, EXACT};
use crate::domain::Timestamp;
use crate::simulator::events::{self, Ended, Event, Happened, Kind, Looked};
use crate::simulator::scenario::AppPlan;

#[derive(Deserialize)]
pub(super) struct Ask {
    compute: Vec<Compute>,
    filter: Filter,
    #[serde(default)]
    group_by: Vec<Group>,
    #[serde(default)]
    page: Page,
}

#[derive(Deserialize)]
struct Compute {
    aggregation: String,
    #[serde(default)]
    metric: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    interval: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Filter {
    from: String,
    to: String,
    query: String,
}

#[derive(Deserialize)]
struct Group {
    facet: String,
    #[serde(default = "ten")]
    limit: usize,
}

fn ten() -> usize {
    10
}

#[derive(Default, Deserialize)]
struct Page {
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    cursor: Option<String>,
}

/// What falls into one bucket and window.
#[derive(Clone, Copy, Default)]
struct Sum {
    events: u64,
    /// Of the whole group, for users.
    sessions: u64,
}

type Series = BTreeMap<Timestamp, Sum>;
/// App and build of what is in a group.
type Builds = BTreeSet<(String, String)>;
type Groups = BTreeMap<Vec<String>, (Series, Builds)>;

impl Filter {
    pub(super) fn range(&self) -> Result<(Timestamp, Timestamp), Refusal> {
        let instant = |raw: &str| {
            let time = DateTime::parse_from_rfc3339(raw).map(|t| t.with_timezone(&Utc));
            time.map_err(|_| Refusal::bad(&format!("Invalid time: {raw}")))
        };
        let (from, to) = (instant(&self.from)?, instant(&self.to)?);
        if from >= to {
            return Err(Refusal::bad("from must be before to"));
        }
        Ok((from, to))
    }

    pub(super) fn query(&self) -> Result<Query, Refusal> {
        Query::parse(&self.query).map_err(|why| Refusal::bad(&format!("Invalid query: {why}")))
    }
}

pub(super) fn answer(datadog: &Datadog, ask: &Ask) -> Result<Value, Refusal> {
    let range = ask.filter.range()?;
    let query = ask.filter.query()?;
    let step = step(&ask.compute)?;
    let known = [
        "count",
        "cardinality",
        "median",
        "pc75",
        "pc90",
        "pc95",
        "pc98",
        "pc99",
    ];
    for compute in &ask.compute {
        if !known.contains(&compute.aggregation.as_str()) {
            let what = format!("Unknown aggregation: {}", compute.aggregation);
            return Err(Refusal::bad(&what));
        }
    }
    let mut groups = Groups::new();
    for app in datadog.world.apps() {
        collect(datadog, app, ask, &query, (range, step), &mut groups);
    }
    let sizes: BTreeMap<Vec<String>, u64> = groups
        .iter()
        .map(|(key, (series, _))| (key.clone(), series.values().map(|sum| sum.events).sum()))
        .collect();
    let keys = limited(&sizes, &ask.group_by);
    let offset: usize = match &ask.page.cursor {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("sim-")
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| Refusal::bad("Invalid page cursor"))?,
    };
    let size = ask.page.limit.unwrap_or(10).min(datadog.server.page).max(1);
    let shown = keys.iter().skip(offset).take(size);
    let mut buckets = Vec::new();
    for key in shown {
        if let Some((series, of)) = groups.get(key) {
            let by = ask.group_by.iter().zip(key);
            let by: Map<String, Value> = by
                .map(|(group, value)| (group.facet.clone(), value.as_str().into()))
                .collect();
            let computes = computes(datadog, ask, (range, step), series, of);
            buckets.push(json!({ "by": by, "computes": computes }));
        }
    }
    let next = offset.saturating_add(size);
    let mut meta = json!({
        "elapsed": 132,
        "request_id": "sim",
        "status": if datadog.server.slow { "timeout" } else { "done" },
    });
    if let (true, Some(meta)) = (next < keys.len(), meta.as_object_mut()) {
        meta.insert("page".to_owned(), json!({ "after": format!("sim-{next}") }));
    }
    Ok(json!({ "data": { "buckets": buckets }, "meta": meta }))
}

/// Length of the windows; the same for all that is computed.
fn step(computes: &[Compute]) -> Result<Option<TimeDelta>, Refusal> {
    let Some(first) = computes.first() else {
        return Err(Refusal::bad("compute must not be empty"));
    };
    match first.kind.as_deref() {
        None | Some("total") => Ok(None),
        Some("timeseries") => {
            let raw = first.interval.as_deref().unwrap_or("5m");
            let interval = interval(raw);
            interval
                .map(Some)
                .ok_or_else(|| Refusal::bad(&format!("Invalid interval: {raw}")))
        }
        Some(other) => Err(Refusal::bad(&format!("Unknown compute type: {other}"))),
    }
}

fn interval(raw: &str) -> Option<TimeDelta> {
    let (number, unit) = raw.split_at_checked(raw.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|n| *n > 0)?;
    match unit {
        "s" => Some(TimeDelta::seconds(number)),
        "m" => Some(TimeDelta::minutes(number)),
        "h" => Some(TimeDelta::hours(number)),
        "d" => Some(TimeDelta::days(number)),
        _ => None,
    }
}

fn collect(
    datadog: &Datadog,
    app: &AppPlan,
    ask: &Ask,
    query: &Query,
    ((from, to), step): ((Timestamp, Timestamp), Option<TimeDelta>),
    groups: &mut Groups,
) {
    let bound = [LOADING_TIME, DURATION].iter().find_map(|m| query.above(m));
    let strata = facts::STRATA
        .iter()
        .any(|key| query.asks(key) || ask.group_by.iter().any(|group| group.facet == *key));
    let start = |t: Timestamp| match step {
        None => from,
        Some(step) => {
            let seconds = step.num_seconds().max(1);
            let start = t.timestamp().div_euclid(seconds) * seconds;
            DateTime::from_timestamp(start, 0).unwrap_or(t)
        }
    };
    for (version, _) in datadog.world.versions(&app.id) {
        // What a query is not about need not be drawn.
        let about = |what: Happened| {
            let event = Event {
                what,
                version: &version,
                stratum: Arc::default(),
                counts: Vec::new(),
            };
            facts::types(&event).iter().any(|kind| {
                query.matches(&|key, wanted| match key {
                    "@type" | "version" | "@application.id" => {
                        facts::attribute(app, &event, kind, key).is_some_and(|v| wanted.text(&v))
                    }
                    _ => true,
                })
            })
        };
        let journey = Happened::Journey {
            name: String::new(),
            completed: true,
        };
        let kinds = [
            (Kind::Sessions, about(Happened::Session(Ended::Crashed))),
            (Kind::ColdStarts, about(Happened::ColdStart { slow: true })),
            (Kind::Requests, about(Happened::Request { slow: true })),
            (Kind::Journeys, about(journey)),
        ];
        let kinds = kinds.into_iter().filter(|(_, about)| *about);
        let kinds: Vec<Kind> = kinds.map(|(kind, _)| kind).collect();
        let looked = Looked {
            from,
            to,
            lag: datadog.server.lag,
            late_crashes: datadog.server.late_crashes,
            bound: TimeDelta::nanoseconds(bound.unwrap_or(1)),
            kinds: &kinds,
            strata,
        };
        for event in events::of(&datadog.world, app, &version, looked) {
            for kind in facts::types(&event) {
                let value = |group: &Group| facts::attribute(app, &event, kind, &group.facet);
                let key: Option<Vec<String>> = ask.group_by.iter().map(value).collect();
                let Some(key) = key else { continue };
                let hit = facts::matches(app, &event, kind, query);
                // Users are drawn from all sessions of the group, whatever the query picks of them.
                let is_session = *kind == "session";
                if !hit && !is_session {
                    continue;
                }
                let (series, of) = groups.entry(key).or_default();
                for (at, count) in &event.counts {
                    let sum = series.entry(start(*at)).or_default();
                    sum.events += if hit { *count } else { 0 };
                    sum.sessions += if is_session { *count } else { 0 };
                }
                if hit {
                    of.insert((app.id.to_string(), version.build.clone()));
                }
            }
        }
    }
    groups.retain(|_, (series, _)| series.values().any(|sum| sum.events > 0));
}

/// The biggest of the first facet, of these the biggest of the next, and so on.
fn limited(sizes: &BTreeMap<Vec<String>, u64>, by: &[Group]) -> Vec<Vec<String>> {
    let mut kept: BTreeSet<Vec<String>> = BTreeSet::from([Vec::new()]);
    for (depth, group) in by.iter().enumerate() {
        let mut next = BTreeSet::new();
        for prefix in &kept {
            let mut values = BTreeMap::<&String, u64>::new();
            for (key, size) in sizes.iter().filter(|(key, _)| key.starts_with(prefix)) {
                if let Some(value) = key.get(depth) {
                    *values.entry(value).or_default() += size;
                }
            }
            let mut values: Vec<(&String, u64)> = values.into_iter().collect();
            values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
            for (value, _) in values.into_iter().take(group.limit) {
                next.insert([prefix.as_slice(), std::slice::from_ref(value)].concat());
            }
        }
        kept = next;
    }
    let mut keys: Vec<Vec<String>> = kept
        .into_iter()
        .filter(|key| sizes.contains_key(key))
        .collect();
    keys.sort_by_key(|key| (std::cmp::Reverse(sizes.get(key).copied()), key.clone()));
    keys
}

fn computes(
    datadog: &Datadog,
    ask: &Ask,
    ((from, to), step): ((Timestamp, Timestamp), Option<TimeDelta>),
    series: &Series,
    of: &Builds,
) -> Map<String, Value> {
    let now = datadog.world.now();
    let figure = |compute: &Compute, sum: Sum, length: TimeDelta| match (
        compute.aggregation.as_str(),
        compute.metric.as_deref(),
    ) {
        ("cardinality", Some("@usr.id")) => {
            let whole = sum.events == sum.sessions;
            let hits = (!whole).then_some(sum.events);
            let users = events::users(sum.sessions.max(sum.events), hits, length);
            json!(events::estimate(users, EXACT))
        }
        ("cardinality", _) => json!(events::estimate(sum.events, EXACT)),
        ("count", _) => json!(sum.events),
        (quantile, metric) => {
            let share = match quantile {
                "median" => 0.5,
                other => {
                    other
                        .trim_start_matches("pc")
                        .parse::<f64>()
                        .unwrap_or(50.0)
                        / 100.0
                }
            };
            let cold = metric == Some(LOADING_TIME);
            let mut all = of.iter().filter_map(|(app, build)| {
                let app = datadog.world.apps().iter().find(|a| a.id.as_str() == app)?;
                let range = (from, to.min(now));
                datadog.world.quantile(&app.id, build, range, share, cold)
            });
            all.next()
                .map_or(Value::Null, |seconds| json!((seconds * 1e9).round()))
        }
    };
    let names = (0..).map(|n| format!("c{n}"));
    let values = ask.compute.iter().map(|compute| match step {
        None => {
            let all = series.values().fold(Sum::default(), |a, b| Sum {
                events: a.events + b.events,
                sessions: a.sessions + b.sessions,
            });
            figure(compute, all, to.min(now) - from)
        }
        Some(step) => {
            let points = series.iter().map(|(start, sum)| {
                let length = (*start + step).min(to).min(now) - (*start).max(from);
                json!({
                    "time": start.to_rfc3339_opts(SecondsFormat::Millis, true),
                    "value": figure(compute, *sum, length),
                })
            });
            Value::Array(points.collect())
        }
    });
    names.zip(values).collect()
}
