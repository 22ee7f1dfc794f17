//! From stored readings to the observation that an assessment looks at.
//!
//! Built from the journal alone (plus how fresh each source is now), so that neither the rhythm nor the order of polling
//! changes a verdict.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::app::{BaselineChoice, WatchedApp};
use crate::domain::{Counts, Metric, Reading, SourceId, StoreKind, Timestamp};
use crate::engine::AppState;
use crate::policy::observation::Baseline;
use crate::policy::{MetricSeries, Observation, Paired, SourceState};
use crate::ports::{Journal, JournalError};

/// How far back evidence may reach.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// Everything known about an app's health at `now`; `None` while no release is watched.
pub(super) fn observe(
    app: &WatchedApp,
    state: &AppState,
    store: StoreKind,
    journal: &dyn Journal,
    now: Timestamp,
) -> Result<Option<Observation>, JournalError> {
    let Some(release) = &state.release else {
        return Ok(None);
    };
    let old = app.baseline_of(state.previous.as_ref());
    let (new_key, old_key) = (
        release.version.key(),
        old.as_ref().map(crate::domain::Version::key),
    );
    let keys: Vec<String> = std::iter::once(new_key.clone())
        .chain(old_key.clone())
        .collect();
    let readings = journal.readings(&app.id, &keys, now - LOOK_BACK)?;
    let memory = &app.memory;
    let reported = memory
        .reports
        .values()
        .any(|latest| latest.about.0 == release.version && latest.about.1 == old);
    let baseline = match (&app.baseline, &old) {
        (BaselineChoice::None, _) | (_, None) => Baseline::None,
        (_, Some(_)) if reported => Baseline::Read,
        (_, Some(_)) => Baseline::Unread,
    };
    Ok(Some(Observation {
        at: now,
        store,
        exposure: Some(release.exposure),
        new_name: memory.version_name(&release.version),
        old_name: old.as_ref().map(|version| old_name(app, version)),
        baseline,
        evidence_from: state.evidence_from,
        resumes: state.resumes,
        metrics: series(app, readings, &new_key, old_key.as_deref()),
        sources: sources(app, state, now),
        issues: memory.issues(),
        shares: memory
            .reports
            .values()
            .flat_map(|latest| latest.report.shares.clone())
            .collect(),
    }))
}

/// The baseline as people call it: by the name that a source gives its sessions.
pub(super) fn old_name(
    app: &WatchedApp,
    version: &crate::domain::Version,
) -> crate::domain::PlainText {
    let key = version.key();
    let shares = app
        .memory
        .reports
        .values()
        .flat_map(|latest| &latest.report.shares);
    let named = shares
        .into_iter()
        .find(|share| share.version.as_deref() == Some(key.as_str()));
    named.map_or_else(|| version.to_string().into(), |share| share.label.clone())
}

/// One series a metric, from the first source (in the order of the config) that carries it, both versions side by side.
fn series(
    app: &WatchedApp,
    readings: Vec<(SourceId, Reading)>,
    new: &str,
    old: Option<&str>,
) -> Vec<MetricSeries> {
    type Windows = BTreeMap<(Timestamp, String), Paired>;
    let mut by_metric: BTreeMap<Metric, BTreeMap<SourceId, Windows>> = BTreeMap::new();
    for (source, reading) in readings {
        let windows = by_metric
            .entry(reading.metric)
            .or_default()
            .entry(source)
            .or_default();
        let paired = windows
            .entry((reading.start, reading.stratum.clone()))
            .or_insert_with(|| Paired {
                start: reading.start,
                seconds: reading.seconds,
                stratum: reading.stratum,
                new: Counts::default(),
                old: Counts::default(),
            });
        if reading.version == new {
            paired.new = reading.counts;
        } else if Some(reading.version.as_str()) == old {
            paired.old = reading.counts;
        }
    }
    let order: Vec<&SourceId> = app
        .sources
        .iter()
        .map(|watched| watched.source.id())
        .collect();
    by_metric
        .into_iter()
        .filter_map(|(metric, mut by_source)| {
            let source = order.iter().find(|id| by_source.contains_key(**id))?;
            let windows = by_source.remove(*source)?.into_values().collect();
            Some(MetricSeries {
                metric,
                source: (*source).clone(),
                windows,
            })
        })
        .collect()
}

/// How far each source can be trusted now: by how far it has been read, not by whether it answers.
pub(super) fn sources(app: &WatchedApp, state: &AppState, now: Timestamp) -> Vec<SourceState> {
    app.sources
        .iter()
        .map(|watched| {
            let id = watched.source.id();
            let latest = app.memory.reports.get(id);
            let read_through = latest.and_then(|latest| latest.report.read_through);
            let fresh = read_through.is_some_and(|through| now - through <= watched.stale_after);
            let why = (!fresh).then(|| match (app.memory.failures.get(id), read_through) {
                (Some(failure), _) => failure.to_string().into(),
                (None, Some(through)) => {
                    format!("its data end at {}", through.format("%Y-%m-%d %H:%M UTC")).into()
                }
                // What an earlier watcher journalled, for who only reads along.
                (None, None) => state
                    .lost_sources
                    .get(id)
                    .cloned()
                    .unwrap_or_else(|| "not read yet".into()),
            });
            SourceState {
                id: id.clone(),
                required: watched.required,
                read_through,
                fresh,
                why,
            }
        })
        .collect()
}
