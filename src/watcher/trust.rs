//! How far each source can be trusted now: how old its data are, and what its figures contradict.
//!
//! The rules are the policy's ([`quality`]); this brings them what was reported, stored and offered. Ages are told anew at
//! every look; what the windows say is found when they are read, and remembered until they are read again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::app::{Memory, WatchedApp};
use super::kept::Touched;
use crate::domain::reading::{Contradiction, VersionShare};
use crate::domain::{AppId, PlainText, Reading, SourceId, SourceReport, StoreKind, Timestamp};
use crate::engine::AppState;
use crate::policy::dark::{self, Expectation};
use crate::policy::quality::{self, Offer};
use crate::policy::{DataState, Ledger, MetricSeries, Observation, SourceState, explain};
use crate::ports::{Journal, JournalError};

/// A contradiction within a report is believed for so long: what follows it has to agree with itself first.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// How far back a report is compared with what was stored.
const COMPARED: TimeDelta = TimeDelta::hours(24);

/// Sources whose windows do not fit, and why.
pub(super) type Doubts = BTreeMap<SourceId, (DataState, PlainText)>;

/// The state of every source, in the order of the config.
pub(super) fn sources(
    app: &WatchedApp,
    state: &AppState,
    doubts: &Doubts,
    now: Timestamp,
) -> Vec<SourceState> {
    if let Some(then) = &app.memory.then {
        return then.clone();
    }
    let states = app.sources.iter().map(|watched| {
        let id = watched.source.id();
        let report = app.memory.reports.get(id).map(|latest| &latest.report);
        let read_through = report.and_then(|report| report.read_through);
        let aged = read_through.map_or(DataState::Missing, |through| {
            watched.ages.state(now - through)
        });
        let contradiction = report
            .and_then(|report| report.contradiction.as_ref())
            .filter(|found| now - found.at <= REMEMBERED)
            .map(|found| (DataState::Anomalous, found.what.clone()));
        let doubt = contradiction.or_else(|| doubts.get(id).cloned());
        let (data, why) = match (aged, doubt) {
            // What is old is old first: nobody knows whether it still contradicts itself.
            (DataState::Fresh | DataState::Late, Some((data, why))) => (data, Some(why)),
            (DataState::Fresh, None) => (DataState::Fresh, None),
            (aged, _) => (aged, Some(why_old(app, state, id, read_through))),
        };
        SourceState {
            id: id.clone(),
            required: watched.required,
            read_through,
            state: data,
            why,
            stale_after: u32::try_from(watched.ages.stale_after.num_seconds()).unwrap_or(u32::MAX),
            reach: watched.source.reach(),
        }
    });
    states.collect()
}

fn why_old(
    app: &WatchedApp,
    state: &AppState,
    id: &SourceId,
    read_through: Option<Timestamp>,
) -> PlainText {
    match (app.memory.failures.get(id), read_through) {
        (Some(failure), _) => failure.to_string().into(),
        (None, Some(through)) => {
            format!("its data end at {}", through.format("%Y-%m-%d %H:%M UTC")).into()
        }
        // What an earlier watcher journalled, for who only reads along.
        (None, None) => state
            .lost_sources
            .get(id)
            .map_or_else(|| "not read yet".into(), |lost| lost.why.clone()),
    }
}

/// What the windows of each source do not fit: the store, or their own past.
pub(super) fn doubts(
    app: &WatchedApp,
    state: &AppState,
    store: StoreKind,
    (ledger, seconds): (&Ledger, &[MetricSeries]),
    now: Timestamp,
) -> Doubts {
    let Some(release) = &state.release else {
        return Doubts::new();
    };
    let offer = Offer {
        store,
        exposure: release.exposure,
        widest: state.widest,
        since: state.exposed_since,
        found: state.found,
    };
    let doubt = |id: &SourceId| {
        let report = &app.memory.reports.get(id)?.report;
        // What it carries first, and what it says of metrics that another one carries.
        let books = || {
            let books = ledger.books().iter().filter(|book| book.source() == id);
            let books = books.map(|book| (book.metric(), book.windows()));
            let seconds = seconds.iter().filter(|series| series.source == *id);
            books.chain(seconds.map(|series| (&series.metric, &*series.windows)))
        };
        let key = release.version.key();
        let anomaly = quality::too_many(&report.shares, &key, &offer).or_else(|| {
            books().find_map(|(metric, windows)| quality::jump(metric, windows, now, &offer))
        });
        if let Some(why) = anomaly {
            return Some((DataState::Anomalous, why));
        }
        // Without a window of the version, though it was asked, and though there must be some by now.
        let (since, through) = (offer.since?, report.read_through?);
        let mut books = books();
        let told =
            |share: &VersionShare| share.version.as_ref() == Some(&key) && share.sessions > 0;
        let windows = books
            .find(|(metric, _)| metric.counts_sessions())
            .map(|(_, windows)| windows);
        // Who counts no sessions by the window says by the day whether there are any.
        if windows.is_none() && report.shares.iter().any(told) {
            return None;
        }
        let windows = windows.unwrap_or_default();
        let a_day = dark::a_day(&report.shares);
        let Expectation { seen, least } =
            dark::expectation(windows, a_day, offer.exposure, since, through);
        (seen == 0 && least >= dark::LEAST_EXPECTED).then(|| {
            let name = app.version_name(&release.version);
            let least = explain::count(least.floor() as u64);
            let why = format!(
                "no session of {name} where at least {least} were to be expected: nobody gets it, or it is named otherwise here"
            );
            (DataState::Missing, why.into())
        })
    };
    app.sources
        .iter()
        .filter_map(|watched| {
            let id = watched.source.id();
            Some((id.clone(), doubt(id)?))
        })
        .collect()
}

impl Memory {
    /// Keeps what the windows were found to contradict, for looks at the ages alone.
    pub(super) fn keep_doubts(&mut self, observation: &Observation) {
        let doubtful = observation.sources.iter().filter_map(|source| {
            let found = match source.state {
                DataState::Anomalous => true,
                DataState::Missing => source.read_through.is_some(),
                DataState::Fresh | DataState::Late | DataState::Stale => false,
            };
            let why = source.why.clone().filter(|_| found)?;
            Some((source.id.clone(), (source.state, why)))
        });
        self.doubts = doubtful.collect();
    }
}

/// What a new report contradicts: itself, or what it said before of the same time. To be asked before it is stored. An
/// earlier report's contradiction goes on until it is forgotten.
pub(super) fn contradiction(
    app: &AppId,
    source: &SourceId,
    report: &SourceReport,
    before: Option<&SourceReport>,
    journal: &dyn Journal,
    now: Timestamp,
) -> Result<Option<Contradiction>, JournalError> {
    let told = |what| Some(Contradiction { at: now, what });
    if let Some(what) = quality::impossible(&report.readings) {
        return Ok(told(what));
    }
    if let Some(what) = quality::shrunk(
        &stored(app, source, report, journal, now)?,
        &report.readings,
    ) {
        return Ok(told(what));
    }
    let earlier = before.and_then(|before| before.contradiction.clone());
    let earlier = earlier.filter(|found| now - found.at <= REMEMBERED);
    Ok(report.contradiction.clone().or(earlier))
}

/// What is stored of the time that the report covers, metric by metric: users are read by the day, sessions since a while ago.
fn stored(
    app: &AppId,
    source: &SourceId,
    report: &SourceReport,
    journal: &dyn Journal,
    now: Timestamp,
) -> Result<Vec<Reading>, JournalError> {
    let versions: BTreeSet<&String> = report.readings.iter().map(|read| &read.version).collect();
    let versions: Vec<String> = versions.into_iter().cloned().collect();
    let mut readings = Vec::new();
    for (from, metrics) in Touched::by(source, report).groups() {
        let since = from.max(now - COMPARED);
        let stored = journal.readings(app, &versions, Some(&metrics), since, None)?;
        let of_source = stored.iter().filter(|series| series.source == *source);
        readings.extend(of_source.flat_map(|series| {
            series.windows.iter().map(|window| Reading {
                metric: series.metric.clone(),
                version: series.version.clone(),
                stratum: series.stratum.clone(),
                start: window.start,
                seconds: window.seconds,
                counts: window.counts,
            })
        }));
    }
    Ok(readings)
}
