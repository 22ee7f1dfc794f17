//! What came back from outside, turned into inputs of the engine.

use std::sync::Arc;

use super::app::LatestReport;
use super::driver::Watcher;
use super::job::{Job, Lane, Outcome, StoreTalk};
use super::kept::{Kept, Touched};
use super::{observe, reminders, schedule, trust};
use crate::domain::{AppId, Failure, FailureKind, SourceReport, StoreView, Timestamp};
use crate::engine::Input;
use crate::policy::quality;
use crate::ports::{HealthQuery, JournalError};

impl Watcher {
    pub(super) fn came_back(&mut self, lane: &Lane, outcome: Outcome) {
        self.busy.retain(|busy| busy != lane);
        if self.is_of_old_adapters(lane) {
            return;
        }
        match outcome {
            Outcome::Glanced {
                app,
                result: Ok(glance),
            } => {
                self.reminders.read_well(&app, None);
                let lost = self
                    .state
                    .app(&app)
                    .is_some_and(|state| state.store_failure.is_some());
                let known = self
                    .apps
                    .get(&app)
                    .and_then(|app| app.memory.fingerprint.clone());
                if lost || known.as_ref() != Some(&glance.fingerprint) {
                    self.enqueue(Job::Store {
                        app: app.clone(),
                        talk: StoreTalk::Read,
                    });
                }
                if let Some(app) = self.apps.get_mut(&app) {
                    app.memory.fingerprint = Some(glance.fingerprint);
                }
            }
            Outcome::Glanced {
                app,
                result: Err(failure),
            } => {
                self.process(&Input::StoreRead {
                    app,
                    result: Err(failure),
                });
            }
            Outcome::Read { app, result } => self.store_read(&app, result),
            Outcome::Polled {
                app,
                source,
                query,
                result,
            } => self.polled(&app, source, &query, result),
            Outcome::Written {
                app,
                revision,
                attempt,
                result,
            } => {
                self.process(&Input::WriteDone {
                    app,
                    revision,
                    attempt,
                    result,
                });
            }
            Outcome::BrokenOff => {}
            Outcome::Checked {
                app,
                stage,
                attempt,
                result,
            } => {
                self.process(&Input::Checked {
                    app,
                    stage,
                    attempt,
                    result,
                });
            }
            Outcome::Told {
                ids,
                channel,
                result,
            } => {
                if ids.is_empty() {
                    return self.told_beside_the_journal(channel, &result);
                }
                self.process(&Input::TellDone {
                    ids,
                    channel,
                    result,
                });
            }
            Outcome::Reminded { channel, result } => {
                reminders::heard("a reminder", &channel, &result);
            }
            Outcome::Beaten { channel, result } => {
                reminders::heard("a heartbeat", &channel, &result);
            }
        }
    }

    fn store_read(&mut self, id: &AppId, result: Result<StoreView, Failure>) {
        let before = self
            .state
            .app(id)
            .and_then(|state| state.release.as_ref())
            .map(|release| release.version.clone());
        let now = self.outside.clock.now();
        if let Some(app) = self.apps.get_mut(id) {
            let memory = &mut app.memory;
            memory.edition += 1;
            if result.is_ok() {
                self.reminders.read_well(id, None);
                memory.store_read_at = Some(now);
                (memory.reads_failed, memory.read_not_before) = (0, None);
            } else {
                memory.reads_failed = memory.reads_failed.saturating_add(1);
                memory.read_not_before = Some(schedule::read_again(memory.reads_failed, now));
            }
        }
        self.process(&Input::StoreRead {
            app: id.clone(),
            result,
        });
        let after = self
            .state
            .app(id)
            .and_then(|state| state.release.as_ref())
            .map(|release| release.version.clone());
        if after.is_some() && after != before {
            let sources = self.apps.get(id).map_or(0, |app| app.sources.len());
            for source in 0..sources {
                self.enqueue(Job::Health {
                    app: id.clone(),
                    source,
                });
            }
        }
    }

    fn polled(
        &mut self,
        id: &AppId,
        source: usize,
        query: &HealthQuery,
        result: Result<SourceReport, Failure>,
    ) {
        let now = self.outside.clock.now();
        let place = source;
        let Some(app) = self.apps.get_mut(id) else {
            return;
        };
        let Some(source) = app
            .sources
            .get(source)
            .map(|watched| watched.source.id().clone())
        else {
            return;
        };
        let mut touched = None;
        app.memory.edition += 1;
        match result {
            Ok(mut report) => {
                self.reminders.read_well(id, Some(place));
                let journal = self.outside.journal.as_ref();
                let before = app.memory.reports.get(&source);
                let earlier = before.map(|latest| &latest.report);
                match trust::contradiction(id, &source, &report, earlier, journal, now) {
                    Ok(found) => report.contradiction = found,
                    Err(error) => return self.lose_trust(&error.to_string()),
                }
                quality::drop_impossible(&mut report.readings);
                let about = (query.version.clone(), query.baseline.clone());
                if let Some(latest) = before.filter(|latest| latest.about == about) {
                    latest.carry_over(&mut report);
                }
                let saved = self.outside.journal.save_report(id, &source, now, &report);
                // Not known, rather than not trusted: acts still have room.
                if let Err(full @ JournalError::Full { .. }) = saved {
                    let failure = Failure::new(FailureKind::Internal, full.to_string());
                    app.memory.failures.insert(source, failure);
                    return self.assess(id, None, now);
                }
                touched = Some(Touched::by(&source, &report));
                // The journal has them. Cleared alone, the room that they took would be kept with the report: a megabyte an app.
                report.readings = Vec::new();
                app.memory.failures.remove(&source);
                app.memory.answered.insert(source.clone(), now);
                app.memory
                    .reports
                    .insert(source, LatestReport { report, about });
                if let Err(error) = saved {
                    self.lose_trust(&error.to_string());
                }
                self.keep_up(id, now);
            }
            Err(failure) => {
                tracing::warn!(app = %id, source = %source, failure = %failure, "health source failed");
                app.memory.failures.insert(source, failure);
            }
        }
        self.assess(id, touched.as_ref(), now);
    }

    /// Reads anew how the version spreads, where there is news. That is for the eye: a picture without it is none worse.
    fn keep_up(&mut self, id: &AppId, now: Timestamp) {
        let journal = Arc::clone(&self.outside.journal);
        if let Some(app) = self.apps.get_mut(id)
            && let Err(error) = app.keep_up(journal.as_ref(), now)
        {
            tracing::warn!(app = %id, %error, "who runs what cannot be read");
        }
    }

    /// Puts everything known about an app's health before the engine.
    fn assess(&mut self, id: &AppId, touched: Option<&Touched>, now: Timestamp) {
        let (Some(app), journal) = (self.apps.get_mut(id), self.outside.journal.as_ref()) else {
            return;
        };
        // Nothing is kept of an app that is not assessed, or whose journal fails: it might miss a report.
        let kept = app.memory.kept.take();
        let (Some(state), Some(plan)) = (self.state.app(id), self.plan.apps.get(id)) else {
            return;
        };
        // Who has not been asked yet is not missing.
        if !app.has_heard_of_all() {
            return;
        }
        let Some(recipe) = observe::recipe(app, state) else {
            return;
        };
        let policy = crate::engine::in_force(plan, state);
        match Kept::after(kept, recipe, &policy, journal, touched, now) {
            Ok(kept) => {
                let next_train = self.plan.next_train(plan, now);
                let observation = observe::observe(app, state, plan, kept.told(), next_train, now);
                app.memory.kept = Some(kept);
                if let Some(observation) = observation.map(Box::new) {
                    app.memory.keep_doubts(&observation);
                    let app = id.clone();
                    self.process(&Input::Observed { app, observation });
                }
            }
            Err(error) => self.lose_trust(&error.to_string()),
        }
    }
}
