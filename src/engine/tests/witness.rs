//! Who watches the gates: what may raise exposure, told from the journal and the store alone, by other words than the engine's.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, Event, Exposure, Status, Timestamp, Verb};

/// What was seen so far.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Witness {
    /// The stage to which the gate leads, while it is open.
    open: Option<Exposure>,
    /// Stopped by a rule, a person, or outside; halted.
    stopped: bool,
    halted: bool,
    held: bool,
    /// A person asked for the release that waits to be begun, since the last stop.
    asked: bool,
    shown: Option<Status>,
    desires: BTreeMap<u64, (Verb, Actor)>,
    pending: Option<u64>,
    exposure: Option<Exposure>,
    /// Since when the store shows that exposure.
    moved_at: Option<Timestamp>,
    /// The data of the last poll were fresh.
    pub fresh: bool,
    soak: TimeDelta,
}

impl Witness {
    pub(super) fn of(soak: TimeDelta) -> Self {
        Self {
            soak,
            ..Self::default()
        }
    }

    /// Takes in an event; what is wrong with it, if anything.
    pub(super) fn event(&mut self, event: &Event, now: Timestamp) -> Option<String> {
        match event {
            Event::WatcherStarted { .. } => self.open = None,
            Event::GateMoved { next, open, .. } => self.open = open.then_some(*next),
            Event::HoldSet { .. } => self.held = true,
            Event::HoldLifted { .. } => self.held = false,
            Event::StartAsked { .. } => self.asked = true,
            Event::EvidenceRestarted { .. } => (self.halted, self.stopped) = (false, false),
            Event::ReleaseFound { release, .. } => {
                *self = Self {
                    fresh: self.fresh,
                    soak: self.soak,
                    ..Self::default()
                };
                self.show(release, now);
            }
            Event::StoreChanged { release }
            | Event::Drift { release, .. }
            | Event::ReadBackDiffers { release, .. } => self.show(release, now),
            Event::DesireSet {
                revision,
                verb,
                actor,
                ..
            } => {
                self.desires.insert(*revision, (*verb, actor.clone()));
                self.pending = Some(*revision);
                let passes = matches!(actor, Actor::Gate { .. } | Actor::Plan { .. });
                if verb.lowers() && !passes {
                    (self.stopped, self.asked) = (true, false);
                    self.halted |= *verb == Verb::Halt;
                }
                return self.may(*verb, actor, now);
            }
            Event::WriteStarted { revision, .. } => {
                let (verb, actor) = self.desires.get(revision)?.clone();
                return self.may(verb, &actor, now);
            }
            Event::DesireConfirmed { revision, .. } => {
                self.pending = None;
                let by_person = |(verb, actor): &(Verb, Actor)| {
                    !verb.lowers() && matches!(actor, Actor::Person { .. })
                };
                if self.desires.get(revision).is_some_and(by_person) {
                    self.stopped = false;
                }
            }
            Event::DesireSuperseded { .. } => self.pending = None,
            _ => {}
        }
        None
    }

    /// Whether what a gate wants is its to want.
    fn may(&self, verb: Verb, actor: &Actor, now: Timestamp) -> Option<String> {
        let stage = match actor {
            _ if verb.lowers() => return None,
            Actor::Person { .. } => return None,
            Actor::Gate { stage } => *stage,
            other => return Some(format!("I2: {verb} by {other}")),
        };
        let wrong = |what: &str| Some(format!("I2: {verb} by the gate to {stage}, {what}"));
        if self.held {
            return wrong("which is held");
        }
        if verb == Verb::Start {
            return (!self.asked).then(|| "I2: a start that nobody asked for".to_owned());
        }
        let soaked = self.moved_at.is_none_or(|moved| now - moved >= self.soak);
        match () {
            () if self.halted => wrong("after a latched halt"),
            () if self.stopped => wrong("after a stop"),
            () if self.open != Some(stage) => wrong("which is shut"),
            () if !self.fresh => wrong("on stale data"),
            () if !soaked => wrong("before its time"),
            () => None,
        }
    }

    fn show(&mut self, release: &ReleaseView, now: Timestamp) {
        if self.exposure.replace(release.exposure) != Some(release.exposure) {
            self.moved_at = Some(now);
        }
        let before = self.shown.replace(release.status);
        if release.status != Status::Stopped {
            return;
        }
        let lowers = |revision: u64| {
            self.desires
                .get(&revision)
                .is_some_and(|(verb, _)| verb.lowers())
        };
        if before != Some(Status::Stopped) && !self.pending.is_some_and(lowers) {
            (self.stopped, self.asked) = (true, false);
        }
    }

    /// A write came to raise exposure in the store, which showed `before`.
    pub(super) fn raised(&self, revision: u64, before: Status) -> Option<String> {
        let known = self.desires.get(&revision);
        if let Some((verb @ (Verb::Advance | Verb::Complete), actor)) = known
            && before == Status::Stopped
        {
            return Some(format!("I2: {verb} by {actor} let go what was stopped"));
        }
        let fine = known
            .is_some_and(|(_, actor)| matches!(actor, Actor::Person { .. } | Actor::Gate { .. }));
        (!fine).then(|| format!("I2: the store was raised by {known:?}"))
    }
}
