//! The fold: how each event changes the state. Nothing else does.

use chrono::TimeDelta;

use super::state::{
    Announced, AppState, Breach, Desire, Disarm, LostSource, PendingTell, Phase, State,
    WithheldAct, backoff,
};
use crate::domain::event::WriteResult;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, AppId, Event, FailureKind, Status, Timestamp, Verb};

impl State {
    /// Folds one event into the state. Total: an event that does not fit changes only the counters.
    pub fn apply(&mut self, at: Timestamp, app: Option<&AppId>, event: &Event) {
        self.seq += 1;
        self.last_at = Some(at);
        self.apply_global(at, app, event);
        if let Some(id) = app {
            let state = self.apps.entry(id.clone()).or_default();
            state.revision += u64::from(matters(event));
            state.apply(at, event);
        }
    }

    fn apply_global(&mut self, at: Timestamp, app: Option<&AppId>, event: &Event) {
        match event {
            Event::WatcherStarted { term, .. } => (self.term, self.watched) = (*term, true),
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
                if let (Some(id), Actor::Rule { .. }, true) = (app, actor, verb.lowers()) {
                    self.acts
                        .retain(|(then, _)| *then > at - TimeDelta::days(1));
                    self.acts.push((at, id.clone()));
                }
            }
            Event::TellQueued { id, urgency, text } => {
                self.last_tell = self.last_tell.max(*id);
                let tell = PendingTell {
                    app: app.cloned(),
                    urgency: *urgency,
                    text: text.clone(),
                    tries: 0,
                    next: at,
                };
                self.tells.insert(*id, tell);
            }
            Event::Told { id, .. } => {
                self.tells.remove(id);
            }
            Event::TellFailed { id, .. } => {
                if let Some(tell) = self.tells.get_mut(id) {
                    tell.tries += 1;
                    tell.next = at + backoff(tell.tries + 2);
                }
            }
            _ => {}
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
            | Event::SourceBack { .. }
            | Event::DarkLaunch { .. }
            | Event::DarkLaunchOver
            | Event::Refused { .. }
            | Event::Acknowledged { .. }
            | Event::TellQueued { .. }
            | Event::Told { .. }
            | Event::TellFailed { .. }
    )
}

impl AppState {
    fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ReleaseFound { release, previous } => {
                self.remember();
                *self = Self {
                    revision: self.revision,
                    disarmed: self.disarmed.take(),
                    writing: self.writing,
                    began: std::mem::take(&mut self.began),
                    found: Some(at),
                    started: (release.status == Status::InProgress).then_some(at),
                    previous: previous.clone(),
                    ..Self::default()
                };
                self.show(at, release);
            }
            Event::ReleaseGone => {
                self.remember();
                *self = Self {
                    revision: self.revision,
                    disarmed: self.disarmed.take(),
                    writing: self.writing,
                    began: std::mem::take(&mut self.began),
                    ..Self::default()
                };
            }
            Event::StoreChanged { release }
            | Event::Drift { release, .. }
            | Event::ReadBackDiffers { release, .. } => {
                if release.status == Status::InProgress && self.started.is_none() {
                    self.started = Some(at);
                }
                self.show(at, release);
                if let (Event::ReadBackDiffers { .. }, Some(desire)) = (event, &mut self.desire) {
                    desire.phase = Phase::Due {
                        at: at + backoff(desire.attempts),
                    };
                }
            }
            Event::StoreLost { failure } => self.store_failure = Some(failure.clone()),
            Event::StoreBack => self.store_failure = None,
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
            Event::Acknowledged { actor } => self.acknowledged_by = Some(actor.clone()),
            _ => {
                self.apply_health(at, event);
                self.apply_act(at, event);
            }
        }
    }

    /// Keeps when the release began, for the one that will be compared with it.
    fn remember(&mut self) {
        if let (Some(release), Some(started)) = (&self.release, self.started) {
            self.began.entry(release.version.key()).or_insert(started);
        }
    }

    /// The store shows this now.
    fn show(&mut self, at: Timestamp, release: &ReleaseView) {
        // While a change is reviewed, nobody gets what the store seems to offer already.
        let offers = |release: &ReleaseView| {
            let running = matches!(release.status, Status::InProgress | Status::Completed);
            running && !release.in_review
        };
        let same = self
            .release
            .as_ref()
            .is_some_and(|known| offers(known) && known.exposure == release.exposure);
        self.exposed_since = match (offers(release), same) {
            (false, _) => None,
            (true, true) => self.exposed_since,
            (true, false) => Some(at),
        };
        self.widest = self.widest.max(release.exposure);
        self.release = Some(release.clone());
    }

    fn apply_health(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::EvidenceRestarted { from, resumes } => {
                (self.evidence_from, self.resumes) = (Some(*from), *resumes);
                self.breaches.clear();
                self.fired.clear();
                self.announced = None;
                self.withheld = None;
                self.needs_person = None;
                self.acknowledged_by = None;
                self.latched = false;
            }
            Event::SourceLost { source, why } => {
                let lost = LostSource {
                    why: why.clone(),
                    since: at,
                    paged: false,
                };
                self.lost_sources.insert(source.clone(), lost);
            }
            Event::SourcePaged { source, .. } => {
                if let Some(lost) = self.lost_sources.get_mut(source) {
                    lost.paged = true;
                }
            }
            Event::DarkLaunch { sentence } => self.dark = Some(sentence.clone()),
            Event::DarkLaunchOver => self.dark = None,
            Event::SourceBack { source } => {
                self.lost_sources.remove(source);
            }
            Event::VerdictChanged { to, sentence, .. } => {
                (self.health, self.sentence) = (*to, sentence.clone());
            }
            Event::RuleBreached {
                rule,
                polls,
                through,
                ..
            } => {
                self.breaches.insert(
                    rule.clone(),
                    Breach {
                        polls: *polls,
                        through: *through,
                    },
                );
            }
            Event::RuleCleared { rule } => {
                self.breaches.remove(rule);
            }
            Event::RuleFired { rule, .. } => {
                self.breaches.remove(rule);
                self.fired.insert(rule.clone(), at);
            }
            _ => {}
        }
    }

    fn apply_act(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::ActAnnounced {
                rule,
                verb,
                due,
                reason,
            } => {
                self.announced = Some(Announced {
                    rule: rule.clone(),
                    verb: *verb,
                    due: *due,
                    reason: reason.clone(),
                    held: false,
                });
            }
            Event::ActPostponed { until, .. } => {
                if let Some(act) = &mut self.announced {
                    (act.due, act.held) = (*until, true);
                }
            }
            Event::ActCancelled { .. } => self.announced = None,
            Event::ActWithheld { rule, verb, why } => {
                self.announced = None;
                self.needs_person = Some(super::acts::withheld_words(*verb, why).into());
                self.withheld = Some(WithheldAct {
                    rule: rule.clone(),
                    verb: *verb,
                    why: why.clone(),
                });
            }
            Event::HoldSet { actor, .. } => self.hold = Some(actor.clone()),
            Event::HoldLifted { .. } => self.hold = None,
            Event::DesireSet {
                revision,
                verb,
                target,
                actor,
                reason,
            } => {
                // A pause does not end the grace of a halt: the halt still latches it.
                let pauses = matches!(verb, Verb::Hold | Verb::Pause);
                self.announced
                    .take_if(|act| !(pauses && act.verb == Verb::Halt));
                self.withheld = None;
                self.needs_person = None;
                self.latched |= *verb == Verb::Halt;
                self.desire = Some(Desire {
                    revision: *revision,
                    verb: *verb,
                    target: *target,
                    actor: actor.clone(),
                    reason: reason.clone(),
                    since: at,
                    attempts: 0,
                    phase: Phase::Due { at },
                    failure: None,
                    failed: false,
                });
            }
            Event::WriteStarted { revision, attempt } => {
                self.writing = Some((*revision, *attempt));
                if let Some(desire) = self
                    .desire
                    .as_mut()
                    .filter(|desire| desire.revision == *revision)
                {
                    (desire.phase, desire.attempts) = (Phase::Writing, *attempt);
                }
            }
            Event::WriteEnded {
                revision, result, ..
            } => {
                self.writing = None;
                if let Some(desire) = self
                    .desire
                    .as_mut()
                    .filter(|desire| desire.revision == *revision)
                {
                    desire.write_ended(at, result);
                }
            }
            Event::DesireConfirmed { revision, .. } | Event::DesireSuperseded { revision, .. } => {
                let settled = self.desire.take_if(|desire| desire.revision == *revision);
                if settled.is_some() {
                    self.needs_person = None;
                }
            }
            Event::DesireFailed { revision, failure } => {
                self.needs_person = Some(failure.to_string().into());
                if let Some(desire) = self
                    .desire
                    .as_mut()
                    .filter(|desire| desire.revision == *revision)
                {
                    desire.failed = true;
                    desire.phase = after_failure(at, failure.kind);
                }
            }
            _ => {}
        }
    }
}

impl Desire {
    fn write_ended(&mut self, at: Timestamp, result: &WriteResult) {
        match result {
            WriteResult::Done { .. } => (self.phase, self.failure) = (Phase::Verify, None),
            WriteResult::Failed { failure } => {
                let asked = failure
                    .retry_after
                    .map_or(TimeDelta::zero(), |wait| TimeDelta::seconds(wait.into()));
                self.phase = match failure.kind {
                    // Whether it was applied, or who was quicker, only the store can tell.
                    FailureKind::Ambiguous | FailureKind::Conflict => Phase::Verify,
                    _ => Phase::Due {
                        at: at + backoff(self.attempts).max(asked),
                    },
                };
                self.failure = Some(failure.clone());
            }
        }
    }
}

/// What a desire does after somebody has been told that it failed: where a person can mend it (rights, a review that
/// ends), it is tried again now and then, since a halt is never given up; where the store refused, only the store's own
/// state can settle it.
fn after_failure(at: Timestamp, kind: FailureKind) -> Phase {
    match kind {
        FailureKind::Refused | FailureKind::Unsupported | FailureKind::NotFound => Phase::Blocked,
        _ => Phase::Due {
            at: at + TimeDelta::minutes(5),
        },
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
}
