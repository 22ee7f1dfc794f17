//! Cold starts, requests and journeys from the spans that Sentry stores.
//!
//! What a cold start and a request are is what Sentry's own dashboards take for one. Counts are of the spans stored, not
//! scaled up to what there may have been: a sample of a tenth is evidence of a tenth. Asked for only what the config names.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use crate::domain::reading::{Level, Unit};
use crate::domain::{Counts, Metric, PlainText, Reading, Timestamp};

use super::api::{Api, Endpoint, Params};
use super::error::SentryError;
use super::poll::missing;
use super::windows::{COARSE, Owners, floor, interval, range, release_query};
use super::wire::{Number, SeriesBody, TableBody};

const COLD_START: &str =
    "span.op:app.start.cold span.description:[\"Cold Start\",\"Cold App Start\"]";
const REQUEST: &str = "span.op:http.client";
const COUNT: &str = "count(span.duration)";
/// Releases of one question: the most groups that Sentry gives.
const MOST_GROUPS: usize = 10;
/// Percentiles are of so long.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// What is asked of the spans; nothing by default, since each figure costs two requests a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// From which duration on a cold start is slow.
    pub slow_cold_start: Option<TimeDelta>,
    pub slow_request: Option<TimeDelta>,
    /// By name: what finds its beginnings among the spans, and what finds its ends.
    pub journeys: BTreeMap<String, (String, String)>,
}

/// One proportion: how all are found, and those that failed, or else those that did not.
struct Figure {
    metric: Metric,
    all: String,
    part: String,
    part_failed: bool,
}

impl Figures {
    fn all(&self) -> Vec<Figure> {
        let slow = |metric, all: &str, bound: TimeDelta| Figure {
            metric,
            all: all.to_owned(),
            part: format!("{all} span.duration:>{}ms", bound.num_milliseconds()),
            part_failed: true,
        };
        let cold = self
            .slow_cold_start
            .map(|bound| slow(Metric::SlowColdStarts, COLD_START, bound));
        let requests = self
            .slow_request
            .map(|bound| slow(Metric::SlowRequests, REQUEST, bound));
        let journeys = self
            .journeys
            .iter()
            .map(|(name, (started, completed))| Figure {
                metric: Metric::JourneySuccess(name.clone()),
                all: started.clone(),
                part: completed.clone(),
                part_failed: false,
            });
        cold.into_iter().chain(requests).chain(journeys).collect()
    }

    /// Name, percentile and what it is of.
    fn levels(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let cold = ("cold_start_p99", "p99(span.duration)", COLD_START);
        let requests = ("request_p95", "p95(span.duration)", REQUEST);
        let cold = self.slow_cold_start.map(|_| cold);
        cold.into_iter()
            .chain(self.slow_request.map(|_| requests))
            .collect()
    }
}

/// What the spans gave.
#[derive(Default)]
pub(super) struct Read {
    pub(super) readings: Vec<Reading>,
    pub(super) levels: Vec<Level>,
    pub(super) notes: Vec<PlainText>,
}

/// Hours of every figure since `from`, and percentiles of the last day. What cannot be had is a note.
pub(super) async fn read(
    api: &Api,
    figures: &Figures,
    owners: &Owners,
    (from, to): (Timestamp, Timestamp),
) -> Read {
    let mut read = Read::default();
    let from = floor(from, COARSE);
    for figure in figures.all() {
        let (all, part) = match counts(api, &figure, owners, (from, to)).await {
            Ok(counts) => counts,
            Err(error) => {
                read.notes.push(missing(&figure.metric.label(), error));
                continue;
            }
        };
        if all.is_empty() {
            let note = format!(
                "Sentry stored no span that {} could be read from",
                figure.metric.label()
            );
            read.notes.push(note.into());
        }
        read.readings.extend(readings(&figure, &all, &part));
    }
    for (name, percentile, of) in figures.levels() {
        let since = from.max(to - A_DAY);
        match level(api, name, percentile, of, owners, (since, to)).await {
            Ok(levels) => read.levels.extend(levels),
            Err(error) => read.notes.push(missing(name, error)),
        }
    }
    read
}

/// Spans by version and hour; hours without any are not there.
type Hours = BTreeMap<(String, Timestamp), u64>;

async fn counts(
    api: &Api,
    figure: &Figure,
    owners: &Owners,
    range: (Timestamp, Timestamp),
) -> Result<(Hours, Hours), SentryError> {
    let all = hours(api, &figure.all, owners, range).await?;
    let part = if all.is_empty() {
        Hours::new()
    } else {
        hours(api, &figure.part, owners, range).await?
    };
    Ok((all, part))
}

fn readings(figure: &Figure, all: &Hours, part: &Hours) -> Vec<Reading> {
    let of = |((version, start), trials): (&(String, Timestamp), &u64)| {
        let part = part.get(&(version.clone(), *start)).copied().unwrap_or(0);
        // A journey may end in the hour after the one that it began in.
        let part = part.min(*trials);
        let failures = if figure.part_failed {
            part
        } else {
            trials - part
        };
        Some(Reading {
            metric: figure.metric.clone(),
            version: version.clone(),
            stratum: String::new(),
            start: *start,
            seconds: 3_600,
            counts: Counts::new(*trials, failures)?,
        })
    };
    all.iter().filter_map(of).collect()
}

fn ask(query: &str, releases: &[String], (from, to): (Timestamp, Timestamp)) -> Params {
    let mut params = range(from, to);
    params.extend([
        ("dataset", "spans".to_owned()),
        ("query", format!("{} {query}", release_query(releases))),
        ("disableAggregateExtrapolation", "1".to_owned()),
    ]);
    params
}

async fn hours(
    api: &Api,
    query: &str,
    owners: &Owners,
    range: (Timestamp, Timestamp),
) -> Result<Hours, SentryError> {
    let mut hours = Hours::new();
    let releases: Vec<String> = owners.keys().cloned().collect();
    for releases in releases.chunks(MOST_GROUPS) {
        let mut params = ask(query, releases, range);
        params.extend([
            ("yAxis", COUNT.to_owned()),
            ("interval", interval(COARSE)),
            ("groupBy", "release".to_owned()),
            ("topEvents", releases.len().to_string()),
            ("excludeOther", "1".to_owned()),
        ]);
        let (answer, body) = api.spans::<SeriesBody>(Endpoint::Spans, &params).await?;
        let nonsense = |why: &str| SentryError::Nonsense {
            place: answer.place().to_owned(),
            why: why.to_owned(),
        };
        for series in body.series.iter().filter(|series| !series.meta.other) {
            let named = series.group.iter().find(|group| group.key == "release");
            let Some(owner) = named
                .and_then(|group| group.value.as_str())
                .and_then(|release| owners.get(release))
            else {
                continue;
            };
            for point in &series.values {
                let count = point.value.count().map_err(|why| nonsense(&why))?;
                let at = point.timestamp.value().map(|millis| millis as i64);
                let at = at.and_then(Timestamp::from_timestamp_millis);
                let at = at.ok_or_else(|| nonsense("a point without a time"))?;
                if at != floor(at, COARSE) {
                    return Err(nonsense("its points are not whole hours"));
                }
                if count > 0 && (range.0..range.1).contains(&at) {
                    *hours.entry((owner.clone(), at)).or_default() += count;
                }
            }
        }
    }
    Ok(hours)
}

/// A percentile of each version: that of its release with the most spans, since percentiles cannot be added.
async fn level(
    api: &Api,
    name: &str,
    percentile: &str,
    query: &str,
    owners: &Owners,
    range: (Timestamp, Timestamp),
) -> Result<Vec<Level>, SentryError> {
    let releases: Vec<String> = owners.keys().cloned().collect();
    let mut params = ask(query, &releases, range);
    params.extend([
        ("field", "release".to_owned()),
        ("field", COUNT.to_owned()),
        ("field", percentile.to_owned()),
        ("per_page", "100".to_owned()),
    ]);
    let (_answer, body) = api.spans::<TableBody>(Endpoint::SpanTable, &params).await?;
    let mut most: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    for row in &body.data {
        let number = |field: &str| {
            let value = row.get(field).cloned().unwrap_or(Value::Null);
            serde_json::from_value::<Number>(value).unwrap_or_default()
        };
        let owner = row.get("release").and_then(Value::as_str);
        let owner = owner.and_then(|release| owners.get(release));
        let millis = number(percentile).value().filter(|millis| *millis >= 0.0);
        let count = number(COUNT).count().unwrap_or(0);
        if let (Some(owner), Some(millis)) = (owner, millis.filter(|_| count > 0)) {
            let found = most.entry(owner.clone()).or_default();
            if count > found.0 {
                *found = (count, millis / 1000.0);
            }
        }
    }
    let level = |(version, (trials, value))| Level {
        metric: Metric::Level(name.to_owned()),
        version,
        value,
        unit: Unit::Seconds,
        trials: Some(trials),
        start: range.0,
        seconds: u32::try_from((range.1 - range.0).num_seconds()).unwrap_or(0),
    };
    Ok(most.into_iter().map(level).collect())
}
