//! The picture of a moment of the past, from the journal alone. Must not touch the present state.
//!
//! State is the fold of the records up to then, and the readings are those that had been observed by then. Of what a source
//! reports beside its readings only the latest is kept: it is left out, and the picture says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::app::{LatestReport, WatchedApp, WatchedSource};
use super::driver::Watcher;
use super::trail::Trail;
use super::turn::EVENTS_SHOWN;
use super::{follow, picture};
use crate::api::Snapshot;
use crate::api::wire::{WatcherState, When};
use crate::domain::reading::VersionShare;
use crate::domain::{
    AppId, Event, Failure, FailureKind, PlainText, SourceId, SourceReport, Timestamp, Version,
};
use crate::engine::state::LostSource;
use crate::engine::{Plan, State};
use crate::policy::{DataState, SourceState};
use crate::ports::{Heard, Journal, JournalError};

/// What a picture of the past says of itself.
const NOTE: &str = "the journal keeps no crashes, reviews, versions in use or figures without counts: those of then are not shown";

type Picture = Result<Arc<Snapshot>, Failure>;

/// Everything that is needed to look back, apart from the watcher.
struct LookBack {
    plan: Plan,
    apps: BTreeMap<AppId, WatchedApp>,
    order: Vec<AppId>,
    /// The versions watched now, of which the latest reports are.
    present: BTreeMap<AppId, Version>,
    journal: Arc<dyn Journal>,
    trail: Arc<Trail>,
    now: Timestamp,
    poll: TimeDelta,
}

impl Watcher {
    /// The picture as it was right after a record, or at a time. It is made beside the loop and through another handle on the
    /// journal, so that neither polls nor acts wait for it.
    pub fn past(&self, when: When) -> BoxFuture<'static, Picture> {
        let version = |id: &AppId| Some(self.state.app(id)?.release.as_ref()?.version.clone());
        let present = self.order.iter();
        let present = present.filter_map(|id| Some((id.clone(), version(id)?)));
        let apps = self.apps.iter();
        let look = LookBack {
            plan: self.plan.clone(),
            apps: apps.map(|(id, app)| (id.clone(), app.anew())).collect(),
            order: self.order.clone(),
            present: present.collect(),
            journal: Arc::clone(&self.outside.journal),
            trail: Arc::clone(&self.trail),
            now: self.outside.clock.now(),
            poll: self.poll,
        };
        Box::pin(async move {
            let drawn = tokio::task::spawn_blocking(move || look.picture(when)).await;
            drawn.unwrap_or_else(|_panicked| {
                let what = "the picture of the past could not be made: a mistake of ours";
                Err(Failure::new(FailureKind::Internal, what))
            })
        })
    }

    /// Looks back for somebody; polls do not wait for it.
    pub(super) fn look_back(&self, when: When, answer: oneshot::Sender<Picture>) {
        let past = self.past(when);
        tokio::spawn(async move {
            // Whoever asked may have gone on.
            drop(answer.send(past.await));
        });
    }
}

impl WatchedApp {
    /// The same app without any memory.
    fn anew(&self) -> Self {
        let sources = self.sources.iter().map(|watched| WatchedSource {
            source: Arc::clone(&watched.source),
            required: watched.required,
            ages: watched.ages,
        });
        Self::new(
            self.id.clone(),
            self.name.clone(),
            Arc::clone(&self.store),
            sources.collect(),
            self.baseline.clone(),
        )
    }
}

impl LookBack {
    fn picture(mut self, when: When) -> Picture {
        if let When::At(time) = when
            && time > self.now
        {
            let what = format!("{} has not come yet", time.format("%Y-%m-%d %H:%M UTC"));
            return Err(Failure::new(FailureKind::NotFound, what));
        }
        let unreadable =
            |error: JournalError| Failure::new(FailureKind::Internal, error.to_string());
        let journal = self.journal.reader().map_err(unreadable)?;
        let journal = journal.as_ref();
        let state = self.trail.at(journal, when).map_err(unreadable)?;
        let Some(last) = state.last_at.filter(|_| state.seq > 0) else {
            return Err(before_all(journal).unwrap_or_else(unreadable));
        };
        let then = match when {
            When::Seq(seq) if seq > state.seq => {
                let end = state.seq;
                let what = format!("there is no record {seq} yet: the journal ends at {end}");
                return Err(Failure::new(FailureKind::NotFound, what));
            }
            When::Seq(_) => last,
            When::At(time) => time,
        };
        self.draw(journal, &state, last, then).map_err(unreadable)
    }

    fn draw(
        &mut self,
        journal: &dyn Journal,
        state: &State,
        last: Timestamp,
        then: Timestamp,
    ) -> Result<Arc<Snapshot>, JournalError> {
        let mut heard = BTreeMap::new();
        for id in &self.order {
            heard.insert(id.clone(), journal.heard(id, then)?);
        }
        let news = heard.values().flatten().map(|heard| heard.at);
        let last = news.fold(last, Timestamp::max);
        let watching = self.watching(journal, state, last, then)?;
        let watched = !matches!(watching, WatcherState::NobodySince { .. });
        for (id, app) in &mut self.apps {
            let said = heard.get(id).map_or(&[] as &[Heard], Vec::as_slice);
            app.memory.then = Some(sources(app, state, said, watched, then));
            names(app, state, self.present.get(id), said, journal)?;
            // Before its first verdict nothing had been assessed.
            let Some(known) = state.app(id).filter(|known| !known.sentence.is_empty()) else {
                continue;
            };
            follow::assess(app, (&self.plan, state), journal, then, Some(then))?;
            // The verdict of then is in the journal.
            if let Some(seen) = &mut app.memory.assessment
                && seen.health != known.health
            {
                seen.sentence = known.sentence.clone();
            }
        }
        let before = state.seq.saturating_sub(EVENTS_SHOWN as u64);
        let shown = usize::try_from(state.seq - before).unwrap_or(EVENTS_SHOWN);
        let scene = picture::Scene {
            plan: &self.plan,
            state,
            apps: &self.apps,
            order: &self.order,
            events: journal.some_after(before, shown)?,
            now: then,
            told: Vec::new(),
            discrete: false,
            gallery: None,
        };
        let mut picture = picture::of_scene(scene, watching);
        for app in &mut picture.apps {
            // Only names are left in them.
            app.shares.clear();
            app.gaining = None;
            app.notes = vec![NOTE.into()];
        }
        Ok(Arc::new(picture))
    }

    /// Whether somebody watched. A watcher that was killed did not say so; then the next one's start, and that nothing was
    /// heard any more, tell it.
    fn watching(
        &self,
        journal: &dyn Journal,
        state: &State,
        last: Timestamp,
        then: Timestamp,
    ) -> Result<WatcherState, JournalError> {
        let next = journal.some_after(state.seq, 1)?;
        let next = next.first().map(|record| &record.event);
        let died = matches!(next, Some(Event::WatcherStarted { .. }));
        Ok(if state.watched && !(died && then - last > self.poll * 3) {
            WatcherState::Acting { term: state.term }
        } else {
            WatcherState::NobodySince { since: Some(last) }
        })
    }
}

/// Why there is nothing to show of a time before the first record.
fn before_all(journal: &dyn Journal) -> Result<Failure, JournalError> {
    let what = journal.some_after(0, 1)?.first().map_or_else(
        || "the journal has no record yet".to_owned(),
        |first| {
            let at = first.at.format("%Y-%m-%d %H:%M:%S UTC");
            format!("the journal begins at {at}")
        },
    );
    Ok(Failure::new(FailureKind::NotFound, what))
}

/// What the journal says of the sources of then. While somebody watches, each loss is told in it, so that what is not lost was
/// good; how far a source had been read is not kept, but it had at least said what it had.
fn sources(
    app: &WatchedApp,
    state: &State,
    said: &[Heard],
    watched: bool,
    then: Timestamp,
) -> Vec<SourceState> {
    let lost_of = |id: &SourceId| state.app(&app.id)?.lost_sources.get(id);
    let states = app.sources.iter().map(|source| {
        let id = source.source.id();
        let heard = said.iter().find(|heard| heard.source == *id);
        let read_through = heard.map(|heard| heard.through.min(heard.at));
        let aged = read_through.map_or(DataState::Missing, |at| source.ages.state(then - at));
        let (data, why) = match (lost_of(id), heard) {
            (Some(LostSource { why, .. }), Some(_)) if !aged.is_told() => {
                (DataState::Anomalous, Some(why.clone()))
            }
            (Some(LostSource { why, .. }), _) => (aged, Some(why.clone())),
            (None, None) => (DataState::Missing, Some("not read yet".into())),
            (None, Some(_)) if watched => (DataState::Fresh, None),
            (None, Some(_)) => (aged, Some(PlainText::new("nobody watched"))),
        };
        SourceState {
            id: id.clone(),
            required: source.required,
            read_through,
            state: data,
            why,
            stale_after: u32::try_from(source.ages.stale_after.num_seconds()).unwrap_or(u32::MAX),
            reach: source.source.reach(),
        }
    });
    states.collect()
}

/// What sources call the versions, which does not change: all that is taken of their latest reports.
fn names(
    app: &mut WatchedApp,
    state: &State,
    present: Option<&Version>,
    said: &[Heard],
    journal: &dyn Journal,
) -> Result<(), JournalError> {
    let Some(known) = state.app(&app.id) else {
        return Ok(());
    };
    let Some(release) = &known.release else {
        return Ok(());
    };
    let about = (
        release.version.clone(),
        app.baseline_of(known.previous.as_ref()),
    );
    for (source, _observed_at, report) in journal.latest_reports(&app.id)? {
        let Some(heard) = said.iter().find(|heard| heard.source == source) else {
            continue;
        };
        let labels = report.shares.into_iter().map(|share| VersionShare {
            sessions: 0,
            users: None,
            ..share
        });
        let report = SourceReport {
            read_through: Some(heard.through.min(heard.at)),
            version_name: report
                .version_name
                .filter(|_| present == Some(&release.version)),
            shares: labels.collect(),
            ..SourceReport::default()
        };
        let about = about.clone();
        app.memory
            .reports
            .insert(source, LatestReport { report, about });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
