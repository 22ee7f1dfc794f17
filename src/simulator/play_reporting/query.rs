//! `POST …/{set}:query`: rows of metrics, by window and dimensions.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Reporting;
use super::civil::{Period, SentTime};
use super::filter::Filter;
use super::measure::{self, Sum, Values};
use super::page::Wanted;
use super::refusal::Refusal;
use super::sets::Set;
use super::{errors, freshness};
use crate::domain::Timestamp;
use crate::simulator::scenario::AppPlan;

const USUAL_PAGE: usize = 1_000;
const MOST_ON_A_PAGE: usize = 10_000;
/// A timeline with more points than this is refused: a year of hours.
const MOST_WINDOWS: usize = 9_000;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[derive(Default)]
struct Sent {
    timeline_spec: SentTimeline,
    dimensions: Vec<String>,
    metrics: Vec<String>,
    filter: String,
    user_cohort: String,
    page_size: usize,
    page_token: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct SentTimeline {
    aggregation_period: String,
    start_time: SentTime,
    end_time: SentTime,
}

pub(super) fn answer(
    reporting: &Reporting,
    app: &AppPlan,
    set: Set,
    body: &str,
) -> Result<Value, Refusal> {
    let sent: Sent = serde_json::from_str(body)
        .map_err(|error| Refusal::invalid(format!("Invalid JSON payload received. {error}")))?;
    let period = Period::named(&sent.timeline_spec.aggregation_period);
    let period = period
        .filter(|period| freshness::offers(reporting, set, *period))
        .ok_or_else(Refusal::no_combination)?;
    let dimensions = known(&sent.dimensions, set.dimensions())?;
    let metrics = known(&sent.metrics, set.metrics())?;
    let lacks = set
        .required()
        .is_some_and(|required| !dimensions.contains(&required));
    if metrics.is_empty() || lacks {
        return Err(Refusal::no_combination());
    }
    match sent.user_cohort.as_str() {
        "" => {}
        _ if set == Set::ErrorCount => return Err(Refusal::unknown_field("userCohort")),
        "OS_PUBLIC" => {}
        _ => return Err(Refusal::no_combination()),
    }
    let fields: Vec<&str> = set
        .dimensions()
        .iter()
        .copied()
        .chain(["isUserPerceived"])
        .collect();
    let filter = Filter::parse(&sent.filter, &fields)?;
    let windows = windows(reporting, app, period, &sent.timeline_spec)?;
    let mut rows = Vec::new();
    for (start, end) in windows {
        let told = match set {
            Set::ErrorCount => errors::counted(reporting, app, (start, end), &dimensions, &filter),
            _ => measured(reporting, app, set, (start, end), &dimensions, &filter),
        };
        rows.extend(
            told.iter()
                .map(|(values, named)| row(period, start, values, named, &metrics)),
        );
    }
    let size = match sent.page_size {
        0 => USUAL_PAGE,
        size => size.min(MOST_ON_A_PAGE),
    };
    let mut question: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(question) = question.as_object_mut() {
        question.remove("pageToken");
    }
    let wanted = Wanted::new(
        &question.to_string(),
        &sent.page_token,
        size.min(reporting.server.page),
    )?;
    let (rows, next) = wanted.cut(rows);
    let mut told = serde_json::Map::new();
    if !rows.is_empty() {
        told.insert("rows".to_owned(), rows.into());
    }
    told.extend(next.map(|token| ("nextPageToken".to_owned(), token.into())));
    Ok(told.into())
}

/// Those of `known` that were named; a name that is not there, or that is there twice, matches nothing.
fn known(named: &[String], known: &[&'static str]) -> Result<Vec<&'static str>, Refusal> {
    let mut found = Vec::new();
    for name in named {
        let is = known.iter().find(|known| *known == name);
        let is = is.filter(|is| !found.contains(*is));
        found.push(*is.ok_or_else(Refusal::no_combination)?);
    }
    Ok(found)
}

fn windows(
    reporting: &Reporting,
    app: &AppPlan,
    period: Period,
    sent: &SentTimeline,
) -> Result<Vec<(Timestamp, Timestamp)>, Refusal> {
    let start = period.bound("timeline_spec.start_time", &sent.start_time)?;
    let end = period.bound("timeline_spec.end_time", &sent.end_time)?;
    let fresh = freshness::end(reporting, app, period);
    let written = |at: Timestamp| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    if end > fresh {
        let what = format!("timeline_spec.end_time {}", written(end));
        return Err(Refusal::beyond(&what, &written(fresh)));
    }
    if start >= end {
        let what = "timeline_spec.start_time must be before timeline_spec.end_time";
        return Err(Refusal::invalid(what));
    }
    let starts = std::iter::successors(Some(start), |start| Some(period.next(*start)));
    let windows = starts.take_while(|start| *start < end);
    let windows: Vec<_> = windows.map(|start| (start, period.next(start))).collect();
    if windows.len() > MOST_WINDOWS {
        return Err(Refusal::invalid("The requested timeline is too long"));
    }
    Ok(windows)
}

/// Metrics by name, as they are written.
pub(super) type Named = Vec<(&'static str, String)>;

fn measured(
    reporting: &Reporting,
    app: &AppPlan,
    set: Set,
    (start, end): (Timestamp, Timestamp),
    dimensions: &[&'static str],
    filter: &Filter,
) -> Vec<(Values, Named)> {
    let world = &reporting.world;
    let mut sums = BTreeMap::<Values, Sum>::new();
    for (version, _) in world.versions(&app.id) {
        if !filter.admits("versionCode", &version.build) {
            continue;
        }
        let starts = set == Set::SlowStart;
        let range = (start, end);
        for (values, sum) in measure::sums(world, app, &version.build, range, dimensions, starts) {
            if values
                .iter()
                .all(|(name, value)| filter.admits(name, value))
            {
                sums.entry(values).or_default().add(&sum);
            }
        }
    }
    let length: TimeDelta = end - start;
    sums.into_iter()
        .filter_map(|(values, sum)| Some((values, sum.metrics(set, length)?)))
        .collect()
}

fn row(
    period: Period,
    start: Timestamp,
    values: &Values,
    named: &Named,
    metrics: &[&'static str],
) -> Value {
    let dimensions: Vec<Value> = values
        .iter()
        .map(|(name, value)| match *name {
            "versionCode" | "deviceRamBucket" => {
                json!({ "dimension": name, "int64Value": value, "valueLabel": value })
            }
            _ => json!({ "dimension": name, "stringValue": value, "valueLabel": value }),
        })
        .collect();
    let metrics: Vec<Value> = named
        .iter()
        .filter(|(name, _)| metrics.contains(name))
        .map(|(name, value)| json!({ "metric": name, "decimalValue": { "value": value } }))
        .collect();
    let mut row = json!({
        "aggregationPeriod": period.word(),
        "startTime": period.json(start),
        "metrics": metrics,
    });
    if let Some(row) = row.as_object_mut().filter(|_| !dimensions.is_empty()) {
        row.insert("dimensions".to_owned(), dimensions.into());
    }
    row
}
