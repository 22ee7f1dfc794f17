//! The fold: how each event changes the state. Nothing else does.

mod act;
mod climb;
mod clock;
mod direct;
mod health;
mod run;

use chrono::TimeDelta;

use super::state::{AppState, Disarm, Phase, Remark, State, backoff};
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, AppId, Event, RefusalKind, Status, Timestamp};

impl State {
    /// Folds one event into the state. Total: an event that does not fit changes only the counters.
    pub fn apply(&mut self, at: Timestamp, app: Option<&AppId>, event: &Event) {
        self.seq += 1;
        let last = self.last_at.replace(at);
        if matches!(event, Event::WatcherStarted { .. }) {
            self.mind_clock(last, at);
        }
        self.apply_global(at, app, event);
        if let Some(id) = app {
            let state: &mut AppState = self.apps.entry(id.clone()).or_default();
            state.revision += u64::from(matters(event));
            state.apply(at, event);
        }
    }

    fn apply_global(&mut self, at: Timestamp, app: Option<&AppId>, event: &Event) {
        match event {
            Event::WatcherStarted { term, .. } => {
                (self.term, self.watched) = (*term, true);
                // What a gate was while nobody looked is not known, and a check that was cut off has to be asked again.
                for app in self.apps.values_mut() {
                    app.gate = None;
                    app.checks.retain(|_, check| check.passed.is_some());
                }
            }
            Event::WatcherStopped => self.watched = false,
            Event::Disarmed {
                until,
                actor,
                reason,
            } if app.is_none() => {
                self.disarmed = Some(Disarm {
                    until: *until,
                    actor: actor.clone(),
                    reason: reason.clone(),
                });
            }
            Event::Armed { .. } if app.is_none() => self.disarmed = None,
            Event::DesireSet {
                revision,
                verb,
                actor,
                ..
            } => {
                self.last_revision = self.last_revision.max(*revision);
                let acts = match actor {
                    Actor::Rule { .. } if verb.lowers() => Some(&mut self.acts),
                    Actor::Gate { .. } => Some(&mut self.gate_acts),
                    _ => None,
                };
                if let (Some(id), Some(acts)) = (app, acts) {
                    acts.retain(|(then, _)| *then > at - TimeDelta::days(1));
                    acts.push((at, id.clone()));
                }
            }
            Event::Refused {
                actor,
                kind: RefusalKind::Rights,
                ..
            } => self.turn_away(at, actor),
            Event::HandedOver { train, to, .. } => {
                self.on_watch.insert(train.clone(), to.clone());
            }
            Event::TrainDue { train, due, .. } => {
                self.due_told.insert(train.clone(), *due);
            }
            _ => self.apply_telling(at, app, event),
        }
    }
}

/// Whether an event changes what a person would decide: a dialog that was opened before it has to be looked at again.
fn matters(event: &Event) -> bool {
    !matches!(
        event,
        Event::RuleBreached { .. }
            | Event::RuleCleared { .. }
            | Event::SourceLost { .. }
            | Event::SourcePaged { .. }
            | Event::StorePaged { .. }
            | Event::SourceBack { .. }
            | Event::SourcesDisagree { .. }
            | Event::SourcesAgree { .. }
            | Event::DarkLaunch { .. }
            | Event::DarkLaunchOver
            | Event::GateMoved { .. }
            | Event::CheckStarted { .. }
            | Event::CheckEnded { .. }
            | Event::Stalled { .. }
            | Event::StallOver
            | Event::PolicyDiffers { .. }
            | Event::TierChanged { .. }
            | Event::HandedOver { .. }
            | Event::TrainDue { .. }
            | Event::Refused { .. }
            | Event::Acknowledged { .. }
            | Event::Noted { .. }
            | Event::TellQueued { .. }
            | Event::Told { .. }
            | Event::TellFailed { .. }
            | Event::TellDropped { .. }
            | Event::Escalated { .. }
            | Event::ConfigReloaded { .. }
            | Event::ConfigRefused { .. }
    )
}

impl AppState {
    fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ReleaseFound { release, previous } => {
                // The execution of a release that waited goes on.
                let begun = self
                    .pending
                    .take_if(|pending| pending.version == release.version);
                *self = Self {
                    execution: begun,
                    found: Some(at),
                    started: (release.status == Status::InProgress).then_some(at),
                    previous: previous.clone(),
                    ..self.outlive(at, Some(release))
                };
                self.show(at, release);
            }
            Event::ReleaseGone => *self = self.outlive(at, None),
            Event::ReadBackDiffers { release, .. } if !self.watches(release) => self.try_again(at),
            Event::StoreChanged { release }
            | Event::Drift { release, .. }
            | Event::ReadBackDiffers { release, .. } => {
                if release.status == Status::InProgress && self.started.is_none() {
                    self.started = Some(at);
                }
                self.show(at, release);
                if matches!(event, Event::ReadBackDiffers { .. }) {
                    self.try_again(at);
                }
            }
            Event::StoreLost { failure } => {
                self.store_failure = Some(failure.clone());
                self.store_lost.get_or_insert((at, false));
            }
            Event::StorePaged { .. } => self.store_lost = self.store_lost.map(|(at, _)| (at, true)),
            Event::StoreBack => (self.store_failure, self.store_lost) = (None, None),
            Event::Disarmed {
                until,
                actor,
                reason,
            } => {
                self.disarmed = Some(Disarm {
                    until: *until,
                    actor: actor.clone(),
                    reason: reason.clone(),
                });
            }
            Event::Armed { .. } => self.disarmed = None,
            Event::Acknowledged { actor } => {
                self.acknowledged_by = Some(actor.clone());
                self.apply_incident(at, event);
            }
            Event::TellQueued { .. } | Event::Escalated { .. } => self.apply_incident(at, event),
            Event::Noted { text, actor } => {
                let (text, actor) = (text.clone(), actor.clone());
                self.remarks.push(Remark { at, actor, text });
                let surplus = self.remarks.len().saturating_sub(Remark::MOST);
                self.remarks.drain(..surplus);
            }
            _ => {
                self.apply_health(at, event);
                self.apply_act(at, event);
                self.apply_run(at, event);
                self.apply_direct(at, event);
            }
        }
    }

    /// Keeps when the release began, for the one that will be compared with it.
    fn remember(&mut self) {
        if let (Some(release), Some(started)) = (&self.release, self.started) {
            self.began.entry(release.version.key()).or_insert(started);
        }
    }

    /// What is known of the app whichever release is watched, and of a release that goes on waiting beside `found`.
    fn outlive(&mut self, at: Timestamp, found: Option<&ReleaseView>) -> Self {
        self.remember();
        let waits = self
            .waiting
            .take()
            .filter(|waits| found.is_none_or(|found| found.version != waits.version));
        let checks = std::mem::take(&mut self.checks).into_iter();
        Self {
            revision: self.revision,
            disarmed: self.disarmed.take(),
            writing: self.writing,
            began: std::mem::take(&mut self.began),
            executions: self.executions,
            // Who rolls another release out by hand has decided about the one that waits: its start has to be asked for again.
            starting: self
                .starting
                .take()
                .filter(|_| waits.is_some() && found.is_none()),
            pending: self.pending.take().filter(|_| waits.is_some()),
            waiting: waits,
            checks: checks
                .filter_map(|(stage, check)| Some((stage, check.cut_off(at)?)))
                .collect(),
            ..Self::default()
        }
    }

    fn watches(&self, release: &ReleaseView) -> bool {
        let watched = self.release.as_ref();
        watched.is_some_and(|watched| watched.version == release.version)
    }

    /// What was written is not what is there.
    fn try_again(&mut self, at: Timestamp) {
        if let Some(desire) = &mut self.desire {
            desire.phase = Phase::Due {
                at: at + backoff(desire.attempts),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::ReleaseView;
    use crate::domain::{Exposure, Version};

    #[test]
    fn when_a_release_began_is_remembered_for_the_one_after_it() {
        let id = AppId::try_from("shop".to_owned()).unwrap();
        let at = |day: i64| Timestamp::from_timestamp(day * 86_400, 0).unwrap();
        let release = |code: u32, status| ReleaseView {
            version: Version::from_code(code),
            also: Vec::new(),
            label: "".into(),
            status,
            exposure: Exposure::FULL,
            in_review: false,
            phased: None,
        };
        let found = |code, previous: u32| Event::ReleaseFound {
            release: release(code, Status::InProgress),
            previous: Some(Version::from_code(previous)),
        };
        let mut state = State::default();
        let mut apply = |day, event| state.apply(at(day), Some(&id), &event);
        // The first one was complete when it was found: nobody saw it begin.
        let release = release(1, Status::Completed);
        apply(
            0,
            Event::ReleaseFound {
                release,
                previous: None,
            },
        );
        apply(1, found(2, 1));
        apply(5, Event::ReleaseGone);
        apply(6, found(2, 1));
        apply(20, found(3, 2));
        let app = state.app(&id).unwrap();
        let began: Vec<_> = app
            .began
            .iter()
            .map(|(key, at)| (key.as_str(), *at))
            .collect();
        assert_eq!(began, [("2", at(1))], "first seen on the first day");
        assert_eq!(app.started, Some(at(20)));
    }

    #[test]
    fn notes_are_those_of_the_release_and_the_latest() {
        let id = AppId::try_from("shop".to_owned()).unwrap();
        let at = Timestamp::from_timestamp(0, 0).unwrap();
        let mut state = State::default();
        for n in 0..60 {
            let text = format!("note {n}").into();
            let actor = Actor::Haltline;
            state.apply(at, Some(&id), &Event::Noted { text, actor });
        }
        let app = state.app(&id).unwrap();
        assert_eq!((app.remarks.len(), app.revision), (Remark::MOST, 0));
        assert_eq!(app.remarks.last().unwrap().text.as_str(), "note 59");
        state.apply(at, Some(&id), &Event::ReleaseGone);
        assert!(state.app(&id).unwrap().remarks.is_empty());
    }
}
