//! A machine whose clock is put back: what waits for a time waits for as long as it had to, and not for hours more.
//!
//! Known to a watcher that starts before the last record was written; one that runs starts anew when it finds its clock put back.
//! What was, was at the latest now; what is due, is due by so much earlier. Dates (a disarm's end, a freeze, a train) stay.

use std::sync::Arc;

use chrono::TimeDelta;

use super::super::state::{AppState, Phase, State};
use crate::domain::Timestamp;

/// Less than this is nothing that anybody would wait for in vain.
const LEAST: TimeDelta = TimeDelta::minutes(1);

impl State {
    /// A watcher starts `at`, the record before it was written at `last`.
    pub(super) fn mind_clock(&mut self, last: Option<Timestamp>, at: Timestamp) {
        let Some(by) = last.map(|last| last - at).filter(|by| *by > LEAST) else {
            return;
        };
        for (then, _) in self.acts.iter_mut().chain(&mut self.gate_acts) {
            *then = (*then).min(at);
        }
        for tell in Arc::make_mut(&mut self.tells).values_mut() {
            tell.queued = tell.queued.min(at);
            for delivery in tell.waiting.values_mut() {
                delivery.next -= by;
            }
        }
        for channel in Arc::make_mut(&mut self.channels).values_mut() {
            for taken in &mut channel.taken {
                *taken = (*taken).min(at);
            }
            if let Some(failing) = &mut channel.failing {
                failing.since = failing.since.min(at);
                failing.latest = failing.latest.min(at);
                failing.next -= by;
            }
        }
        for said in Arc::make_mut(&mut self.said) {
            said.at = said.at.min(at);
        }
        for app in self.apps.values_mut() {
            let app: &mut AppState = app;
            app.mind_clock(by, at);
        }
    }
}

impl AppState {
    fn mind_clock(&mut self, by: TimeDelta, at: Timestamp) {
        if let Some(announced) = &mut self.announced {
            announced.due -= by;
        }
        if let Some(desire) = &mut self.desire {
            desire.since = desire.since.min(at);
            if let Phase::Due { at: due } = &mut desire.phase {
                *due -= by;
            }
        }
        let lost = self.store_lost.iter_mut().map(|(since, _)| since);
        let sources = self.lost_sources.values_mut();
        let incident = self.incident.iter_mut();
        let since = [
            &mut self.exposed_since,
            &mut self.evidence_from,
            &mut self.healthy_since,
            &mut self.stopped_since,
        ];
        let past = since
            .into_iter()
            .flatten()
            .chain(lost)
            .chain(sources.map(|lost| &mut lost.since))
            .chain(incident.map(|incident| &mut incident.since))
            .chain(self.fired.values_mut().map(|fired| &mut fired.at))
            .chain(self.checks.values_mut().map(|check| &mut check.at));
        for then in past {
            *then = (*then).min(at);
        }
    }
}
