//! What the store shows, and what stops and stages entered make of approvals, checks and gates.

use super::super::state::{AppState, passes};
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, Exposure, Status, Timestamp, Verb};

impl AppState {
    /// The store shows this now.
    pub(super) fn show(&mut self, at: Timestamp, release: &ReleaseView) {
        let known = self.release.take();
        let offered = known.as_ref().is_some_and(|known| self.offers(known));
        let reached = known
            .as_ref()
            .map_or(Exposure::NONE, |known| known.exposure);
        if release.status != Status::Stopped {
            (self.stopped_by, self.stopped_as) = (None, None);
        } else if self.stopped_by.is_none() {
            // Whose desire it was is known where there was one of this release.
            let stopper = self.desire.as_ref().filter(|desire| desire.verb.lowers());
            let verb = stopper.map(|desire| desire.verb);
            let actor = stopper.map_or(Actor::Outside, |desire| desire.actor.clone());
            self.stopped(at, &actor, verb);
        }
        let offers = self.offers(release);
        let same = offered && reached == release.exposure;
        self.exposed_since = match (offers, same) {
            (false, _) => None,
            (true, true) => self.exposed_since,
            (true, false) => Some(at),
        };
        if offers && release.exposure > self.reached.last().map_or(Exposure::NONE, |last| last.0) {
            self.reached.push((release.exposure, at));
        }
        if release.exposure > reached {
            // An approval was of entering the stage; the release that waits enters its first stage anew.
            let entered = |stage: Exposure| reached < stage && stage <= release.exposure;
            self.approvals.retain(|(stage, ..)| !entered(*stage));
            self.overruled.take_if(|stage| *stage <= release.exposure);
        }
        let stopped = release.status == Status::Stopped;
        self.stopped_since = stopped.then(|| self.stopped_since.unwrap_or(at));
        self.widest = self.widest.max(release.exposure);
        self.release = Some(release.clone());
        self.show_direct(at, release);
    }

    /// Users get it. While a change is reviewed, nobody gets what the store seems to offer already; while it waits at a gate,
    /// paused before Apple's daily step, as many get it as before.
    fn offers(&self, release: &ReleaseView) -> bool {
        let running = match release.status {
            Status::InProgress | Status::Completed => true,
            Status::Stopped => self.waits_at_gate(),
            Status::Draft | Status::Pending => false,
        };
        running && !release.in_review
    }

    /// Somebody stopped it, or wants it stopped. What was approved, asked for and checked was so before anybody knew why. A stop
    /// that ends by itself does nothing of that.
    pub(super) fn stopped(&mut self, at: Timestamp, actor: &Actor, verb: Option<Verb>) {
        let stopped = self
            .release
            .as_ref()
            .is_none_or(|release| release.status == Status::Stopped);
        if stopped && (self.stopped_by.is_none() || !passes(actor)) {
            self.stopped_by = Some(actor.clone());
            self.stopped_as = verb;
        }
        if passes(actor) {
            return;
        }
        if stopped {
            self.exposed_since = None;
        }
        self.gate = None;
        self.starting = None;
        self.overruled = None;
        self.approvals.clear();
        let checks = std::mem::take(&mut self.checks).into_iter();
        self.checks = checks
            .filter_map(|(stage, check)| Some((stage, check.cut_off(at)?)))
            .collect();
    }

    /// Another release waits, or none: what was approved and checked was so of another one.
    pub(super) fn waits(&mut self, at: Timestamp, release: Option<&ReleaseView>) {
        let before = self.waiting.take();
        self.waiting = release.cloned();
        let version =
            |release: Option<&ReleaseView>| release.map(|release| release.version.clone());
        if version(before.as_ref()) == version(release) {
            return;
        }
        self.starting = None;
        let reached = self
            .release
            .as_ref()
            .map_or(Exposure::FULL, |release| release.exposure);
        self.approvals.retain(|(stage, ..)| *stage > reached);
        let checks = std::mem::take(&mut self.checks).into_iter();
        self.checks = checks
            .filter_map(|(stage, check)| {
                let kept = if stage > reached {
                    Some(check)
                } else {
                    check.cut_off(at)
                };
                Some((stage, kept?))
            })
            .collect();
    }
}
