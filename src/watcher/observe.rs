//! From stored readings to the observation that an assessment looks at.
//!
//! Built from the journal alone (plus how fresh each source is now), so that neither the rhythm nor the order of polling
//! changes a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;

use super::app::{BaselineChoice, WatchedApp};
use super::trust;
use crate::domain::{Counts, Metric, Timestamp};
use crate::engine::{AppPlan, AppState};
use crate::policy::observation::Baseline;
use crate::policy::{Ledger, MetricSeries, Observation, Paired, Terms};
use crate::ports::{Journal, JournalError, Series};

/// How far back evidence may reach.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::days(14);

/// Everything known about an app's health at `now`; `None` while no release is watched.
pub(super) fn observe(
    app: &WatchedApp,
    state: &AppState,
    plan: &AppPlan,
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
    let stored = journal.readings(&app.id, &keys, now - LOOK_BACK)?;
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
    let terms = Terms {
        from: state.evidence_from,
        ..Terms::of(baseline)
    };
    let ledger = Ledger::of(&plan.policy, terms, series(app, &stored, &new_key));
    let doubts = trust::doubts(app, state, plan.store, &ledger, now);
    Ok(Some(Observation {
        at: now,
        store: plan.store,
        exposure: Some(release.exposure),
        exposed_since: state.exposed_since,
        dark: state.dark.clone(),
        new_name: memory.version_name(&release.version),
        old_name: old.as_ref().map(|version| old_name(app, version)),
        resumes: state.resumes,
        ledger: Arc::new(ledger),
        sources: trust::sources(app, state, &doubts, now),
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
fn series(app: &WatchedApp, stored: &[Series], new: &str) -> Vec<MetricSeries> {
    let metrics: BTreeSet<&Metric> = stored.iter().map(|series| &series.metric).collect();
    let paired = |metric: &Metric| {
        let of_metric = || stored.iter().filter(|series| series.metric == *metric);
        let mut ids = app.sources.iter().map(|watched| watched.source.id());
        let source = ids.find(|id| of_metric().any(|series| series.source == **id))?;
        let carried = of_metric().filter(|series| series.source == *source);
        Some(MetricSeries {
            metric: metric.clone(),
            source: source.clone(),
            windows: side_by_side(carried, new),
        })
    };
    metrics.into_iter().filter_map(paired).collect()
}

/// The windows of both versions by start and stratum, one that both have as one.
fn side_by_side<'a>(stored: impl Iterator<Item = &'a Series>, new: &str) -> Vec<Paired> {
    let mut windows: Vec<Paired> = stored
        .flat_map(|series| {
            let is_new = series.version == new;
            series.windows.iter().map(move |window| {
                let none = Counts::default();
                let (new, old) = if is_new {
                    (window.counts, none)
                } else {
                    (none, window.counts)
                };
                Paired {
                    start: window.start,
                    seconds: window.seconds,
                    stratum: series.stratum.clone(),
                    new,
                    old,
                }
            })
        })
        .collect();
    windows.sort_by(|a, b| (a.start, &a.stratum).cmp(&(b.start, &b.stratum)));
    windows.dedup_by(|again, first| {
        let same = (again.start, &again.stratum) == (first.start, &first.stratum);
        if same {
            // A version has one window a start and stratum, so that one of the two is nought.
            (first.new, first.old) = (first.new + again.new, first.old + again.old);
        }
        same
    });
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PlainText;
    use crate::ports::Window;

    fn stored(version: &str, stratum: &str, windows: &[(i64, u64)]) -> Series {
        let window = |(minute, trials): &(i64, u64)| Window {
            start: Timestamp::from_timestamp(minute * 60, 0).unwrap(),
            seconds: 300,
            counts: Counts::new(*trials, 0).unwrap(),
        };
        Series {
            source: crate::domain::SourceId(PlainText::new("sentry")),
            metric: Metric::CrashFreeSessions,
            version: version.into(),
            stratum: stratum.into(),
            windows: windows.iter().map(window).collect(),
        }
    }

    #[test]
    fn windows_of_both_versions_meet_by_start_and_stratum_in_any_order() {
        let mut series = [
            stored("84300", "", &[(5, 3), (10, 4)]),
            stored("84200", "", &[(0, 50), (10, 60)]),
            stored("84200", "wifi", &[(10, 7)]),
        ];
        let expected = [
            (0, "", 0, 50),
            (5, "", 3, 0),
            (10, "", 4, 60),
            (10, "wifi", 0, 7),
        ];
        for _ in 0..series.len() {
            series.rotate_left(1);
            let paired = side_by_side(series.iter(), "84300");
            let found: Vec<_> = paired
                .iter()
                .map(|pair| {
                    let minute = pair.start.timestamp() / 60;
                    let (new, old) = (pair.new.trials, pair.old.trials);
                    (minute, pair.stratum.as_str(), new, old)
                })
                .collect();
            assert_eq!(found, expected);
        }
    }
}
