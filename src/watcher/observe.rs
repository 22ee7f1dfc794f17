//! From stored readings to the observation that an assessment looks at.
//!
//! Its windows are the journal's alone (see [`super::kept`]), so that neither the rhythm nor the order of polling changes a
//! verdict; beside them is how fresh each source is now.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::app::{BaselineChoice, WatchedApp};
use super::kept::Recipe;
use super::trust;
use crate::domain::{Metric, Timestamp, Version};
use crate::engine::{AppPlan, AppState};
use crate::policy::observation::{Baseline, Beside, LevelPair};
use crate::policy::{Ledger, MetricSeries, NextTrain, Observation};

/// What the app's ledger is made of now; `None` while no release is watched.
pub(super) fn recipe(app: &WatchedApp, state: &AppState) -> Option<Recipe> {
    let release = state.release.as_ref()?;
    let old = app.baseline_of(state.previous.as_ref());
    let reported = app
        .memory
        .reports
        .values()
        .any(|latest| latest.about.0 == release.version && latest.about.1 == old);
    let baseline = match (&app.baseline, &old) {
        (BaselineChoice::None, _) | (_, None) => Baseline::None,
        (_, Some(_)) if reported => Baseline::Read,
        (_, Some(_)) => Baseline::Unread,
    };
    let old = old.as_ref().map(Version::key);
    let ids = app.sources.iter().map(|watched| watched.source.id());
    Some(Recipe {
        app: app.id.clone(),
        sources: ids.cloned().collect(),
        new: release.version.key(),
        baseline,
        evidence_from: state.evidence_from,
        old_seen: old.as_ref().and_then(|old| state.began.get(old).copied()),
        old,
        as_of: None,
    })
}

/// Everything known about an app's health at `now`, given its windows; `None` while no release is watched.
pub(super) fn observe(
    app: &WatchedApp,
    state: &AppState,
    plan: &AppPlan,
    (ledger, seconds): (Arc<Ledger>, Arc<Vec<MetricSeries>>),
    next_train: NextTrain,
    now: Timestamp,
) -> Option<Observation> {
    let release = state.release.as_ref()?;
    let old = app.baseline_of(state.previous.as_ref());
    let doubts = trust::doubts(app, state, plan.store, (&ledger, &seconds), now);
    Some(Observation {
        at: now,
        store: plan.store,
        exposure: Some(release.exposure),
        exposed_since: state.exposed_since,
        dark: state.dark.clone(),
        new_name: app.version_name(&release.version),
        old_name: old.as_ref().map(|version| old_name(app, version)),
        resumes: state.resumes,
        ledger,
        sources: trust::sources(app, state, &doubts, now),
        issues: app.issues(),
        shares: app.shares(),
        out_since: state.started,
        beside: Beside {
            levels: levels(app, &release.version, old.as_ref()),
            seconds,
            disagreed: state.disagreements.keys().cloned().collect(),
        },
        next_train,
    })
}

/// The figures without counts of both versions: each from the first source that has any of it.
fn levels(app: &WatchedApp, new: &Version, old: Option<&Version>) -> Vec<LevelPair> {
    let (new, old) = (new.key(), old.map(Version::key));
    let mut pairs = BTreeMap::<Metric, LevelPair>::new();
    for (source, report) in app.reports() {
        for level in &report.levels {
            let is_old = old.as_ref() == Some(&level.version);
            if level.version != new && !is_old {
                continue;
            }
            let pair = pairs
                .entry(level.metric.clone())
                .or_insert_with(|| LevelPair {
                    metric: level.metric.clone(),
                    source: source.clone(),
                    unit: level.unit,
                    new: None,
                    old: None,
                    new_trials: None,
                    old_trials: None,
                    through: None,
                });
            // What the adapter cannot have meant is left out.
            let fits = pair.source == *source && pair.unit == level.unit;
            if !fits || !level.value.is_finite() {
                continue;
            }
            if is_old {
                (pair.old, pair.old_trials) = (Some(level.value), level.trials);
            } else {
                (pair.new, pair.new_trials) = (Some(level.value), level.trials);
                let length = TimeDelta::seconds(level.seconds.into());
                pair.through = level.start.checked_add_signed(length);
            }
        }
    }
    pairs.into_values().collect()
}

/// The baseline as people call it: by the name that a source gives its sessions.
pub(super) fn old_name(app: &WatchedApp, version: &Version) -> crate::domain::PlainText {
    let key = version.key();
    let named = app
        .reports()
        .flat_map(|(_, report)| &report.shares)
        .find(|share| share.version.as_deref() == Some(key.as_str()));
    named.map_or_else(|| version.to_string().into(), |share| share.label.clone())
}
