//! What a person did at the store by themselves does to the state of an app: the stop is theirs, once the store shows it.

use chrono::TimeDelta;

use super::super::report::may_be_done;
use super::super::state::{AppState, StoppedDirectly};
use crate::domain::rollout::ReleaseView;
use crate::domain::{Event, Status, Timestamp, Verb};

/// A stop that the store shows only so long after it was told of is somebody else's.
const SHOWN_WITHIN: TimeDelta = TimeDelta::minutes(15);

impl AppState {
    pub(super) fn apply_direct(&mut self, at: Timestamp, event: &Event) {
        let Event::DoneDirectly {
            verb,
            outcome,
            actor,
            reason,
            ..
        } = event
        else {
            return;
        };
        if !may_be_done(outcome) {
            return;
        }
        let shown = self.release.as_ref().map(|release| release.status);
        self.stopped(at, actor, Some(*verb));
        if shown == Some(Status::Stopped) {
            self.latched |= *verb == Verb::Halt;
        } else {
            self.direct = Some(StoppedDirectly {
                verb: *verb,
                actor: actor.clone(),
                reason: reason.clone(),
                until: at + SHOWN_WITHIN,
            });
        }
    }

    /// The store shows this: whether it is the stop that was told of.
    pub(super) fn show_direct(&mut self, at: Timestamp, release: &ReleaseView) {
        let Some(direct) = self
            .direct
            .take()
            .filter(|direct| direct.holds(at, release))
        else {
            return;
        };
        self.latched |= direct.verb == Verb::Halt;
        self.stopped_by = Some(direct.actor);
        self.stopped_as = Some(direct.verb);
    }
}

impl StoppedDirectly {
    /// It is what stopped this release.
    pub fn holds(&self, at: Timestamp, release: &ReleaseView) -> bool {
        release.status == Status::Stopped && at <= self.until
    }
}
