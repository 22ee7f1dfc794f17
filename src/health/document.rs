//! `haltline/windows/v1`: the form in which a program or a server of one's own tells of health.
//!
//! Owns the reading of it, strictly: what is wrong is named with its place in the document. Must not know how it was got.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::reading::VersionShare;
use crate::domain::{
    Counts, Issue, Level, Metric, PlainText, Reading, Recurrence, SourceReport, Timestamp, Unit,
    Version,
};
use crate::ports::HealthQuery;

pub(crate) const SCHEMA: &str = "haltline/windows/v1";

/// Clocks differ by so much.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
const LONG_AGO: TimeDelta = TimeDelta::days(3653);
const LONGEST_WINDOW: u32 = 31 * 86_400;
const MOST_ISSUES: usize = 25;
const MOST_NOTES: usize = 20;

/// Why a document is none, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadDocument(String);

fn bad<T>(what: impl Into<String>) -> Result<T, BadDocument> {
    Err(BadDocument(what.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    read_through: Timestamp,
    windows: Vec<Value>,
    #[serde(default)]
    first_session: Option<Timestamp>,
    #[serde(default)]
    past_from: Option<Timestamp>,
    #[serde(default)]
    version_name: Option<PlainText>,
    #[serde(default)]
    shares: Vec<Value>,
    #[serde(default)]
    levels: Vec<Value>,
    #[serde(default)]
    issues: Vec<Value>,
    #[serde(default)]
    notes: Vec<PlainText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowEntry {
    metric: Metric,
    version: String,
    #[serde(default)]
    stratum: PlainText,
    start: Timestamp,
    seconds: u32,
    trials: u64,
    failures: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelEntry {
    metric: Metric,
    version: String,
    value: f64,
    #[serde(default)]
    unit: Unit,
    #[serde(default)]
    trials: Option<u64>,
    start: Timestamp,
    seconds: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareEntry {
    label: PlainText,
    #[serde(default)]
    version: Option<String>,
    sessions: u64,
    #[serde(default)]
    users: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueEntry {
    id: PlainText,
    title: PlainText,
    #[serde(default)]
    place: PlainText,
    recurrence: Recurrence,
    events: u64,
    users: u64,
    #[serde(default)]
    first_seen: Option<Timestamp>,
    #[serde(default)]
    link: Option<PlainText>,
}

/// The strata that are told apart: those that were biggest when there were first too many. Kept between documents, so that none
/// is counted by its name and among the others in turn.
#[derive(Debug, Default)]
pub(crate) struct Strata(BTreeMap<Metric, BTreeSet<String>>);

/// What the rest is counted as.
const OTHER: &str = "other";

/// Reads a document that answers this query.
pub(crate) fn read(
    text: &[u8],
    query: &HealthQuery,
    strata: &mut Strata,
) -> Result<SourceReport, BadDocument> {
    let document = parse(text)?;
    check_time("read_through", document.read_through, query.now)?;
    for (key, told) in [
        ("first_session", document.first_session),
        ("past_from", document.past_from),
    ] {
        told.map_or(Ok(()), |at| check_time(key, at, query.now))?;
    }
    let owners = owners(query);
    let mut strange: BTreeSet<String> = BTreeSet::new();
    let (mut windows, mut places) = (Windows::new(), BTreeMap::new());
    for (at, value) in document.windows.into_iter().enumerate() {
        let entry: WindowEntry = entry("windows", at, value)?;
        check_window(at, &entry, query.now)?;
        let Some(version) = owners.get(&entry.version) else {
            strange.insert(entry.version);
            continue;
        };
        take(&mut windows, &mut places, at, entry, version)?;
    }
    let mut report = SourceReport {
        read_through: Some(document.read_through.min(query.now)),
        first_session: document.first_session,
        past_from: document.past_from,
        version_name: document.version_name,
        notes: document.notes.into_iter().take(MOST_NOTES).collect(),
        ..SourceReport::default()
    };
    report.readings = readings(bounded(windows, strata))?;
    let key = query.version.key();
    let own = report.readings.iter().filter(|it| it.version == key);
    let first = own.map(|reading| reading.start).min();
    report.first_session = report.first_session.or(first);
    // One that says nothing of a past has none.
    report.past_from = report.past_from.or(report.first_session);
    for (at, value) in document.levels.into_iter().enumerate() {
        let entry: LevelEntry = entry("levels", at, value)?;
        check_time(&format!("levels[{at}]: its start"), entry.start, query.now)?;
        if let Some(version) = owners.get(&entry.version) {
            report.levels.push(level(at, entry, version)?);
        }
    }
    for (at, value) in document.shares.into_iter().enumerate() {
        let entry: ShareEntry = entry("shares", at, value)?;
        report.shares.push(VersionShare {
            version: entry.version.and_then(|told| owners.get(&told).cloned()),
            label: entry.label,
            sessions: entry.sessions,
            users: entry.users,
        });
    }
    for (at, value) in document.issues.into_iter().enumerate() {
        report.issues.push(issue(entry("issues", at, value)?));
    }
    report.issues.sort_by_key(|it| std::cmp::Reverse(it.users));
    report.issues.truncate(MOST_ISSUES);
    if let Some(version) = strange.first() {
        let note = format!(
            "windows of versions that were not asked for are not used, such as {version:?}"
        );
        report.notes.push(note.into());
    }
    Ok(report)
}

fn parse(text: &[u8]) -> Result<Document, BadDocument> {
    let start = text.trim_ascii_start();
    if start.is_empty() {
        return bad(
            "nothing was said, where a document of the schema haltline/windows/v1 is wanted",
        );
    }
    if start.first() == Some(&b'<') {
        return bad("HTML instead of JSON");
    }
    let value: Value =
        serde_json::from_slice(text).map_err(|error| BadDocument(format!("no JSON: {error}")))?;
    let schema = value.get("schema").and_then(Value::as_str);
    if schema != Some(SCHEMA) {
        let found = schema.map_or_else(|| "none".to_owned(), |schema| format!("{schema:?}"));
        return bad(format!("its schema is {found}, not \"{SCHEMA}\""));
    }
    let document: Document =
        serde_json::from_value(value).map_err(|error| BadDocument(error.to_string()))?;
    debug_assert_eq!(document.schema, SCHEMA);
    Ok(document)
}

fn entry<T: DeserializeOwned>(list: &str, at: usize, value: Value) -> Result<T, BadDocument> {
    serde_json::from_value(value).map_err(|error| BadDocument(format!("{list}[{at}]: {error}")))
}

/// By the key that the query told: whose it is. Further builds of the release are counted as the version.
fn owners(query: &HealthQuery) -> BTreeMap<String, String> {
    let key = query.version.key();
    let baseline = query.baseline.iter().map(|it| (it.key(), it.key()));
    let also = query.also.iter().map(|it| (it.key(), key.clone()));
    let own = std::iter::once((key.clone(), key.clone()));
    baseline.chain(also).chain(own).collect()
}

/// Not before there were apps, and not in the future.
fn check_time(what: &str, at: Timestamp, now: Timestamp) -> Result<(), BadDocument> {
    if at > now + AHEAD {
        return bad(format!("{what} is in the future"));
    }
    if at < now - LONG_AGO {
        return bad(format!("{what} is over ten years ago"));
    }
    Ok(())
}

fn check_window(at: usize, window: &WindowEntry, now: Timestamp) -> Result<(), BadDocument> {
    let WindowEntry {
        metric,
        trials,
        failures,
        ..
    } = window;
    let wrong = |what: String| bad(format!("windows[{at}]: {what}"));
    if metric.is_level() {
        return wrong(format!(
            "{metric} has no counts: it belongs among the levels"
        ));
    }
    if failures > trials {
        return wrong(format!("{failures} failures in {trials} trials"));
    }
    if !(1..=LONGEST_WINDOW).contains(&window.seconds) {
        return wrong(format!(
            "{} seconds is no length of a window",
            window.seconds
        ));
    }
    // The last window is open: it may end in the future, but not begin there.
    check_time(&format!("windows[{at}]: its start"), window.start, now)
}

/// Start and length.
type Stretch = (Timestamp, u32);
/// By metric, stratum and version.
type Windows = BTreeMap<(Metric, String, String), BTreeMap<Stretch, Counts>>;
/// Where each version as told has which window of a metric and stratum.
type Places = BTreeMap<(Metric, String, String, Stretch), usize>;

fn take(
    windows: &mut Windows,
    places: &mut Places,
    at: usize,
    entry: WindowEntry,
    version: &str,
) -> Result<(), BadDocument> {
    let stretch = (entry.start, entry.seconds);
    let stratum = entry.stratum.to_string();
    let place = (
        entry.metric.clone(),
        stratum.clone(),
        entry.version,
        stretch,
    );
    if let Some(first) = places.insert(place, at) {
        return bad(format!(
            "windows[{at}] is the same window as windows[{first}]"
        ));
    }
    // No trials are no window, and never 100 %.
    if entry.trials > 0 {
        let series = (entry.metric, stratum, version.to_owned());
        let counts = windows
            .entry(series)
            .or_default()
            .entry(stretch)
            .or_default();
        *counts = *counts
            + Counts {
                trials: entry.trials,
                failures: entry.failures,
            };
    }
    Ok(())
}

/// At most so many strata as may be told apart.
fn bounded(windows: Windows, strata: &mut Strata) -> Windows {
    let mut sizes: BTreeMap<Metric, BTreeMap<String, u64>> = BTreeMap::new();
    for ((metric, stratum, _), series) in &windows {
        let size = sizes.entry(metric.clone()).or_default();
        let size = size.entry(stratum.clone()).or_default();
        *size = series
            .values()
            .fold(*size, |sum, counts| sum.saturating_add(counts.trials));
    }
    for (metric, sizes) in sizes {
        let known = strata.0.get(&metric);
        if known.is_none() && sizes.len() <= SourceReport::MOST_STRATA {
            continue;
        }
        strata.0.entry(metric).or_insert_with(|| {
            let mut by_size: Vec<(String, u64)> = sizes.into_iter().collect();
            by_size.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let named = by_size.into_iter().map(|(stratum, _)| stratum);
            let named = named.filter(|stratum| stratum != OTHER);
            named.take(SourceReport::MOST_STRATA - 1).collect()
        });
    }
    let mut merged = Windows::new();
    for ((metric, stratum, version), series) in windows {
        let known = strata.0.get(&metric);
        let stratum = match known {
            Some(named) if !named.contains(&stratum) => OTHER.to_owned(),
            _ => stratum,
        };
        let into = merged.entry((metric, stratum, version)).or_default();
        for (stretch, counts) in series {
            let sum = into.entry(stretch).or_default();
            *sum = *sum + counts;
        }
    }
    merged
}

/// Windows that are told twice over count twice: none of a series may overlap, and strata part all of it or nothing.
fn readings(windows: Windows) -> Result<Vec<Reading>, BadDocument> {
    let mut readings = Vec::new();
    let parted: BTreeSet<&Metric> = windows
        .keys()
        .filter(|(_, stratum, _)| !stratum.is_empty())
        .map(|(metric, _, _)| metric)
        .collect();
    let whole = windows
        .keys()
        .find(|(metric, stratum, _)| stratum.is_empty() && parted.contains(metric));
    if let Some((metric, _, version)) = whole {
        return bad(format!(
            "windows of {metric} of {version:?} without a stratum beside those with one: strata part all the trials"
        ));
    }
    for ((metric, stratum, version), series) in windows {
        let mut until: Option<Timestamp> = None;
        for ((start, seconds), counts) in series {
            if until.is_some_and(|until| start < until) {
                let at = start.format("%Y-%m-%dT%H:%M:%SZ");
                return bad(format!(
                    "windows of {metric} of {version:?} overlap at {at}: their trials would count twice"
                ));
            }
            until = Some(start + TimeDelta::seconds(i64::from(seconds)));
            readings.push(Reading {
                metric: metric.clone(),
                version: version.clone(),
                stratum: stratum.clone(),
                start,
                seconds,
                counts,
            });
        }
    }
    Ok(readings)
}

fn level(at: usize, entry: LevelEntry, version: &str) -> Result<Level, BadDocument> {
    if !entry.metric.is_level() {
        let metric = entry.metric;
        return bad(format!(
            "levels[{at}]: {metric} has counts: it belongs among the windows"
        ));
    }
    Ok(Level {
        metric: entry.metric,
        version: version.to_owned(),
        value: entry.value,
        unit: entry.unit,
        trials: entry.trials,
        start: entry.start,
        seconds: entry.seconds,
    })
}

fn issue(entry: IssueEntry) -> Issue {
    let is_web = |link: &PlainText| {
        ["https://", "http://"]
            .iter()
            .any(|scheme| link.as_str().starts_with(scheme))
    };
    Issue {
        id: entry.id,
        title: entry.title,
        place: entry.place,
        recurrence: entry.recurrence,
        events: entry.events,
        users: entry.users,
        first_seen: entry.first_seen,
        link: entry.link.filter(is_web),
        told_by: Vec::new(),
    }
}

/// `haltline/query/v1`: what is wanted, for whoever answers with a document.
pub(crate) fn question(package: &str, query: &HealthQuery) -> Value {
    let version = |version: &Version| {
        serde_json::json!({
            "key": version.key(),
            "name": version.name,
            "build": version.build,
        })
    };
    serde_json::json!({
        "schema": "haltline/query/v1",
        "package": package,
        "version": version(&query.version),
        "also": query.also.iter().map(version).collect::<Vec<_>>(),
        "baseline": query.baseline.as_ref().map(version),
        "since": query.since,
        "past": query.past,
        "now": query.now,
    })
}

#[cfg(test)]
mod tests;
