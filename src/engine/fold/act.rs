//! What acts, of rules and of people, do to the state of an app.

use chrono::TimeDelta;

use super::super::acts::withheld_words;
use super::super::state::{Announced, AppState, Desire, Phase, WithheldAct, backoff};
use crate::domain::event::WriteResult;
use crate::domain::{Actor, Event, FailureKind, Timestamp, Verb};

/// A store may ask for a day of silence: a halt is tried again all the same, and somebody is told after some times.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);

impl AppState {
    pub(super) fn apply_act(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::HoldSet { actor, .. } => self.hold = Some(actor.clone()),
            Event::HoldLifted { .. } => self.hold = None,
            Event::DesireSet {
                revision,
                verb,
                target,
                version,
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
                if verb.lowers() {
                    self.stopped(at, actor, Some(*verb));
                }
                // Who moves the release that is out has decided about the one that waits: its start has to be asked for again.
                if version.is_none() && matches!(actor, Actor::Person { .. }) {
                    self.starting = None;
                }
                self.desire = Some(Desire {
                    revision: *revision,
                    verb: *verb,
                    target: *target,
                    version: version.clone(),
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
            _ => self.apply_proposal(event),
        }
    }

    /// What a rule wants before it is done.
    fn apply_proposal(&mut self, event: &Event) {
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
            Event::ActCancelled { rule, .. } => {
                self.announced = None;
                let cancelled = self.withheld.take_if(|act| act.rule == *rule);
                let told = cancelled.map(|act| withheld_words(act.verb, &act.why).into());
                if told.is_some() && self.needs_person == told {
                    self.needs_person = None;
                }
            }
            Event::ActWithheld { rule, verb, why } => {
                let withheld = WithheldAct {
                    rule: rule.clone(),
                    verb: *verb,
                    why: why.clone(),
                };
                self.announced.take_if(|_| !withheld.of_gate());
                self.needs_person = Some(withheld_words(*verb, why).into());
                self.withheld = Some(withheld);
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
                    .map_or(TimeDelta::zero(), |wait| TimeDelta::seconds(wait.into()))
                    .min(LONGEST_WAIT);
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
            at: at + LONGEST_WAIT,
        },
    }
}
