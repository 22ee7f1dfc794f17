//! What charts are drawn of: both versions by the age of the rollout, from the journal.
//!
//! The journal is read on a thread of its own and in parts, so that neither the loop nor a write waits for a long past.
//! Must not decide, and keeps nothing but how far the record was read.

mod marks;
mod points;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tokio::sync::oneshot;

use super::driver::Watcher;
use super::kept::{LOOK_BACK, own_rollout};
use crate::api::wire::{AdoptionPoint, ChartLimit, History, MetricHistory, StageMark};
use crate::domain::{AppId, Counts, Exposure, Failure, FailureKind, Metric, SourceId, Timestamp};
use crate::engine;
use crate::policy::{Limit, Policy};
use crate::ports::{Adoption, Journal, JournalError, Series, Window};
use marks::Marks;
use points::Grid;

/// How much of the time before the beginning is shown: what testers ran.
const BEFORE: TimeDelta = TimeDelta::days(1);
/// Points of a line, about: a chart has no more columns.
const POINTS: usize = 200;
/// Records read at a time.
const PART: usize = 2_000;

/// What was read of each app's record so far: the record only grows.
pub(super) type Read = Arc<Mutex<BTreeMap<AppId, Marks>>>;

impl Watcher {
    /// Answers with the present rollout of `app` and the one before it, once the journal has been read.
    pub(super) fn tell_history(
        &self,
        app: &AppId,
        answer: oneshot::Sender<Result<History, Failure>>,
    ) {
        let asked = self.retrospect(app);
        let read = Arc::clone(&self.read);
        let journal = Arc::clone(&self.outside.journal);
        tokio::task::spawn_blocking(move || {
            let told = asked.and_then(|asked| {
                let told = asked.tell(journal.as_ref(), &read);
                told.map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))
            });
            // Whoever asked may have looked away.
            drop(answer.send(told));
        });
    }

    fn retrospect(&self, id: &AppId) -> Result<Retrospect, Failure> {
        let nothing = |what: &str| Failure::new(FailureKind::NotFound, format!("{id} {what}"));
        let watched = self.apps.get(id);
        let app = watched.ok_or_else(|| nothing("is not watched"))?;
        let known = self.state.app(id).and_then(|state| {
            let release = state.release.as_ref()?;
            Some((state, release))
        });
        let (state, release) = known.ok_or_else(|| nothing("has no release that is watched"))?;
        let seen = app.reports().filter_map(|(_, report)| report.first_session);
        let started = state.started.or_else(|| seen.min());
        let started = started.ok_or_else(|| nothing("has not begun its rollout yet"))?;
        let old = app.baseline_of(state.previous.as_ref());
        let old = old.map(|version| version.key());
        let carried = app.memory.assessment.iter().flat_map(|it| &it.metrics);
        let plan = self.plan.apps.get(id);
        Ok(Retrospect {
            app: id.clone(),
            at: self.outside.clock.now(),
            started,
            new: release.version.key(),
            old_seen: old.as_ref().and_then(|old| state.began.get(old).copied()),
            old,
            metrics: carried
                .map(|it| (it.metric.clone(), SourceId(it.source.clone())))
                .collect(),
            shares: app.shares_from().cloned(),
            policy: plan.map(|plan| engine::in_force(plan, state)),
            exposure: release.exposure,
        })
    }
}

/// What is to be looked back at.
struct Retrospect {
    app: AppId,
    at: Timestamp,
    started: Timestamp,
    /// Keys of the version watched and of its baseline.
    new: String,
    old: Option<String>,
    /// When the baseline's own rollout was seen to begin.
    old_seen: Option<Timestamp>,
    /// Each with the source that it comes from.
    metrics: Vec<(Metric, SourceId)>,
    /// Who tells which versions run.
    shares: Option<SourceId>,
    policy: Option<Arc<Policy>>,
    exposure: Exposure,
}

impl Retrospect {
    fn tell(&self, journal: &dyn Journal, read: &Read) -> Result<History, JournalError> {
        let age = self.at - self.started;
        let mut previous_started = None;
        let mut windows = Vec::new();
        for (metric, source) in &self.metrics {
            let of = |version: &String, since: Timestamp| {
                let (versions, metrics) =
                    (std::slice::from_ref(version), std::slice::from_ref(metric));
                let mut stored =
                    journal.readings(&self.app, versions, Some(metrics), since, None)?;
                stored.retain(|series| series.source == *source);
                Ok::<_, JournalError>(stored)
            };
            let new = flat(&of(&self.new, self.started - BEFORE)?);
            let old = match &self.old {
                Some(old) => {
                    let beside = self.started - BEFORE;
                    let own = self.old_seen.map(|seen| seen - LOOK_BACK);
                    of(old, own.map_or(beside, |own| own.min(beside)))?
                }
                None => Vec::new(),
            };
            // Where the journal has the baseline's own rollout from its beginning on.
            if previous_started.is_none() && own_rollout(&old, self.old_seen).is_some() {
                previous_started = self.old_seen;
            }
            windows.push((metric, new, flat(&old)));
        }
        let grid = Grid::of(age, POINTS);
        let old_zero = previous_started.unwrap_or(self.started);
        let metrics = windows.into_iter().map(|(metric, new, old)| {
            let (from, to) = (-BEFORE.num_seconds(), age.num_seconds());
            let old = grid.points(metric, &old, old_zero, from..to);
            let base = old.iter().map(|point| Counts {
                trials: point.trials,
                failures: point.failures,
            });
            MetricHistory {
                metric: metric.clone(),
                new: grid.points(metric, &new, self.started, from..to),
                limits: self.limits(metric, base.sum::<Counts>().failure_rate()),
                old,
            }
        });
        Ok(History {
            app: self.app.clone(),
            at: self.at,
            started: self.started,
            previous_started,
            metrics: metrics.collect(),
            adoption: self.adoption(journal)?,
            marks: self.marks(journal, read)?,
        })
    }

    /// What the rules bear that are live at this exposure, as shares of failures; `base` is the baseline's.
    fn limits(&self, metric: &Metric, base: Option<f64>) -> Vec<ChartLimit> {
        let rules = self.policy.iter().flat_map(|policy| &policy.rules);
        let live = |during: &Option<(Exposure, Exposure)>| {
            during.is_none_or(|(from, to)| (from..=to).contains(&self.exposure))
        };
        let of_metric = rules.filter(|rule| rule.metric == *metric && live(&rule.during));
        let limits = of_metric.filter_map(|rule| {
            let share = match rule.limit {
                Limit::Failures { at_most } => at_most,
                Limit::TimesBaseline { ratio } if metric.counts_successes() => {
                    1.0 - (1.0 - base?) / ratio
                }
                Limit::TimesBaseline { ratio } => base? * ratio,
                Limit::WorseByPoints { points } => base? + points,
                Limit::LevelAtMost { .. } | Limit::LevelAtLeast { .. } => return None,
            };
            Some(ChartLimit {
                rule: rule.id.clone(),
                share: share.clamp(0.0, 1.0),
            })
        });
        limits.collect()
    }

    /// At most about [`POINTS`] moments, evenly, the latest one among them.
    fn adoption(&self, journal: &dyn Journal) -> Result<Vec<AdoptionPoint>, JournalError> {
        let Some(source) = &self.shares else {
            return Ok(Vec::new());
        };
        let told = journal.adoption(&self.app, source, self.started - BEFORE)?;
        let every = told.len().div_ceil(POINTS).max(1);
        let point = |told: &Adoption| AdoptionPoint {
            at: told.at,
            sessions: told
                .shares
                .iter()
                .map(|share| (share.label.clone(), share.sessions))
                .collect(),
        };
        let mut points: Vec<_> = told.iter().rev().step_by(every).map(point).collect();
        points.reverse();
        Ok(points)
    }

    fn marks(&self, journal: &dyn Journal, read: &Read) -> Result<Vec<StageMark>, JournalError> {
        // Taken out meanwhile: who asks at the same time reads for itself.
        let known = || read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks = known().remove(&self.app).unwrap_or_default();
        loop {
            let part = journal.some_after(marks.seq(), PART)?;
            for record in &part {
                marks.take(&self.app, record);
            }
            if part.len() < PART {
                break;
            }
        }
        let list = marks.list().to_vec();
        known().insert(self.app.clone(), marks);
        Ok(list)
    }
}

/// Windows of all strata.
fn flat(stored: &[Series]) -> Vec<Window> {
    let windows = stored.iter().flat_map(|series| series.windows.iter());
    windows.copied().collect()
}

#[cfg(test)]
mod tests;
