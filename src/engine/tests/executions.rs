//! Executions: where a rollout stands by the record is where it stands, whatever happens, and every standing has a way out.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::model;
use crate::domain::execution::Phase;
use crate::domain::rollout::{Applied, Order, Phased, ReleaseView};
use crate::domain::{
    Act, ActReply, ActRequest, Actor, AppId, Event, Exposure, Failure, FailureKind, PlainText,
    PolicyChange, Record, RuleOverride, Status, StoreKind, StoreView, Target, Timestamp, Verb,
    Version,
};
use crate::engine::step::tests_emit;
use crate::engine::{AppState, Context, Effect, Input, Plan, State, replay, step};
use crate::policy::Stage;
use crate::policy::stage::Approval;

pub(super) fn percent(percent: u32) -> Exposure {
    Exposure::from_percent(percent)
}

pub(super) fn person(name: &str) -> Actor {
    Actor::Person {
        name: name.into(),
        host: "laptop".into(),
    }
}

/// One app on one store, which does as it is told unless it is told not to; everything is looked at after each event.
pub(super) struct World {
    pub plan: Plan,
    pub state: State,
    pub journal: Vec<Record>,
    pub now: Timestamp,
    pub store: StoreView,
    pub store_kind: StoreKind,
    /// Writes fail.
    pub is_down: bool,
    releases: u32,
}

impl World {
    pub(super) fn new(store_kind: StoreKind) -> Self {
        let mut plan = model::plan(1, TimeDelta::zero(), None);
        let app = plan.apps.get_mut(&id()).unwrap();
        app.store = store_kind;
        let policy = Arc::make_mut(&mut app.policy);
        policy.stages = [5, 25, 100].map(|at| Stage::at(percent(at))).into();
        policy.stages[1].approval = Some(Approval {
            role: crate::policy::Role::Operator,
            persons: 1,
        });
        policy.hash = "file".into();
        let mut world = Self {
            plan,
            state: State::default(),
            journal: Vec::new(),
            now: model::start(),
            store: StoreView {
                release: None,
                waiting: None,
                previous: Some(Version::from_code(1)),
                others: 0,
            },
            store_kind,
            is_down: false,
            releases: 40,
        };
        let (term, haltline) = (1, "test".into());
        world.feed(&Input::Started { term, haltline });
        world
    }

    /// The same with a release in progress at 5 %, read.
    pub(super) fn rolling(store_kind: StoreKind) -> Self {
        let mut world = Self::new(store_kind);
        world.store.release = Some(world.release(Status::InProgress, percent(5)));
        world.read();
        world
    }

    pub(super) fn app(&self) -> AppState {
        self.state.app(&id()).cloned().unwrap_or_default()
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.app().execution.map(|execution| execution.phase)
    }

    fn release(&mut self, status: Status, exposure: Exposure) -> ReleaseView {
        self.releases += 1;
        let day = Phased {
            day: 3,
            start: Some(self.now),
            paused_days: 0,
        };
        ReleaseView {
            version: Version::from_code(self.releases),
            also: Vec::new(),
            label: PlainText::default(),
            status,
            exposure,
            in_review: false,
            phased: (self.store_kind == StoreKind::AppStore).then_some(day),
        }
    }

    pub(super) fn feed(&mut self, input: &Input) -> Option<ActReply> {
        let step = step(&self.plan, &self.state, input, &Context::at(self.now));
        let (events, effects, reply) = (step.events, step.effects, step.reply);
        self.take(events, &step.state);
        for effect in effects {
            let answer = match effect {
                Effect::Read { app } => Input::StoreRead {
                    app,
                    result: Ok(self.store.clone()),
                },
                Effect::Write {
                    app,
                    revision,
                    attempt,
                    order,
                } => Input::WriteDone {
                    app,
                    revision,
                    attempt,
                    result: self.write(&order),
                },
                Effect::Check { .. } | Effect::Tell { .. } => continue,
            };
            self.feed(&answer);
        }
        reply
    }

    fn write(&mut self, order: &Order) -> Result<Applied, Failure> {
        if self.is_down {
            return Err(Failure::new(FailureKind::Retry, "connection refused"));
        }
        let waits = self.store.waiting.as_ref();
        if waits.is_some_and(|it| it.version == order.version) {
            self.begin_waiting();
            return Ok(Applied::Written);
        }
        let release = self.store.release.as_mut();
        let Some(release) = release.filter(|it| it.version == order.version) else {
            return Err(Failure::new(
                FailureKind::NotFound,
                "there is no such release",
            ));
        };
        if release.status == Status::Completed && self.store_kind == StoreKind::AppStore {
            return Err(Failure::new(FailureKind::Unsupported, "everybody has it"));
        }
        release.status = match order.target {
            Target::Stopped => Status::Stopped,
            Target::Completed => Status::Completed,
            Target::InProgress { exposure } | Target::Started { exposure } => {
                release.exposure = exposure.unwrap_or(release.exposure);
                Status::InProgress
            }
        };
        if release.status == Status::Completed {
            release.exposure = Exposure::FULL;
        }
        Ok(Applied::Written)
    }

    /// Events made durable one by one, each prefix looked at.
    fn take(&mut self, events: Vec<(Option<AppId>, Event)>, after: &State) {
        let mut state = self.state.clone();
        for (app, event) in events {
            Self::look_at_raise(&state, &event);
            self.look_at_move(&state, &event);
            state.apply(self.now, app.as_ref(), &event);
            look_at_prefix(&state, &event);
            let (seq, at) = (state.seq, self.now);
            self.journal.push(Record {
                seq,
                at,
                app,
                event,
            });
        }
        assert_eq!(&state, after);
        self.state = state;
        self.look_at_whole();
    }

    fn look_at_move(&self, before: &State, event: &Event) {
        let Event::ExecutionMoved {
            number,
            version,
            from,
            to,
            reason,
            ..
        } = event
        else {
            return;
        };
        assert!(!reason.is_empty(), "{event:?}");
        let app = before.app(&id()).cloned().unwrap_or_default();
        let known = [&app.execution, &app.pending].into_iter().flatten();
        let known: Vec<_> = known.filter(|it| it.number == *number).collect();
        match from {
            None => assert_eq!((known.len(), *number), (0, app.executions + 1)),
            Some(from) => {
                assert!(from.may_become(*to, self.store_kind), "{from} → {to}");
                assert_eq!((&known[0].version, known[0].phase), (version, *from));
            }
        }
    }

    /// Exposure rises by a person or a gate, and by no gate after a stop.
    fn look_at_raise(before: &State, event: &Event) {
        let Event::DesireSet { verb, actor, .. } = event else {
            return;
        };
        let app = before.app(&id()).unwrap();
        match actor {
            _ if verb.lowers() => {}
            Actor::Person { .. } => {}
            Actor::Gate { .. } => {
                let by_gate = |actor: &Actor| matches!(actor, Actor::Gate { .. });
                assert!(!app.latched && app.stopped_by.as_ref().is_none_or(by_gate));
            }
            _ => panic!("{event:?}"),
        }
    }

    /// At the end of a step the record says what the state says.
    fn look_at_whole(&self) {
        let app = self.app();
        let derived = app
            .release
            .as_ref()
            .map(|release| crate::engine::execution::phase(self.store_kind, &app, release));
        let recorded = app.execution.as_ref().map(|it| it.phase);
        assert_eq!(recorded, derived, "{:?}", self.journal.last());
        let runs = recorded.is_some_and(|phase| phase != Phase::Pending);
        assert_eq!(app.pinned.is_some(), runs);
        let asked = app.starting.as_ref().map(|it| &it.version);
        assert_eq!(app.pending.as_ref().map(|it| &it.version), asked);
    }

    pub(super) fn read(&mut self) {
        let result = Ok(self.store.clone());
        self.feed(&Input::StoreRead { app: id(), result });
    }

    pub(super) fn ask(&mut self, actor: Actor, act: Act) -> ActReply {
        let request = ActRequest {
            id: format!("ask-{}", self.journal.len()),
            app: Some(id()),
            act,
            actor,
            reason: "asked".into(),
            expect: None,
        };
        self.feed(&Input::Asked { request }).unwrap()
    }

    /// By alice, and waits until nothing is left to do.
    pub(super) fn verb(&mut self, verb: Verb) -> ActReply {
        let reply = self.ask(person("alice"), Act::Do { verb, to: None });
        self.tick(TimeDelta::minutes(5));
        reply
    }

    pub(super) fn tick(&mut self, later: TimeDelta) {
        self.now += later;
        self.feed(&Input::Tick);
    }

    pub(super) fn restart(&mut self) {
        let rebuilt = replay(&self.journal);
        assert_eq!(rebuilt, self.state);
        let (term, haltline) = (self.state.term + 1, "test".into());
        self.feed(&Input::Started { term, haltline });
    }

    /// As the part of the engine would that carries the stages out.
    pub(super) fn emit(&mut self, event: Event) {
        let step = tests_emit(&self.plan, &self.state, &id(), event, self.now);
        self.take(step.events, &step.state);
    }

    /// Somebody outside.
    pub(super) fn console(&mut self, n: u8) {
        let next = self.release(Status::InProgress, percent(5));
        let apple = self.store_kind == StoreKind::AppStore;
        let Some(release) = &mut self.store.release else {
            self.store.release = Some(next);
            return;
        };
        let is_final = apple && release.status == Status::Completed;
        match n % 8 {
            0 | 1 if !is_final => release.status = Status::Stopped,
            2 if !is_final => {
                release.status = Status::InProgress;
                release.exposure = percent(10 + u32::from(n) % 60);
            }
            3 => (release.status, release.exposure) = (Status::Completed, Exposure::FULL),
            4 => self.store.release = Some(next),
            5 => self.store.release = None,
            6 => self.begin_waiting(),
            _ => {}
        }
    }

    fn begin_waiting(&mut self) {
        if let Some(waiting) = self.store.waiting.take() {
            let (status, exposure) = (Status::InProgress, percent(5));
            let begun = ReleaseView {
                status,
                exposure,
                ..waiting
            };
            self.store.release = Some(begun);
        }
    }

    /// A release that waits comes, goes, or shall begin.
    pub(super) fn wait(&mut self, n: u8) {
        match n % 3 {
            0 => self.store.waiting = Some(self.release(Status::Draft, Exposure::NONE)),
            1 => self.store.waiting = None,
            _ => drop(self.verb(Verb::Start)),
        }
        self.read();
    }

    fn change(&mut self, n: u8) {
        let rule = PlainText::from("floor");
        let with = match n % 3 {
            0 => RuleOverride::Off,
            1 => RuleOverride::Limit {
                limit: "99.9%".into(),
            },
            _ => RuleOverride::Action {
                action: "notify".into(),
            },
        };
        let change = match n % 5 {
            0 => PolicyChange::EndOverride { rule },
            1 => PolicyChange::Apply {
                name: "other".into(),
                toml: crate::policy::presets::source("canary").unwrap().into(),
            },
            _ => PolicyChange::Override {
                rule,
                with,
                seconds: 3_600,
            },
        };
        let name = if n.is_multiple_of(2) { "alice" } else { "bob" };
        self.ask(person(name), Act::Change { change });
    }

    fn one(&mut self, (what, n): (u8, u8)) {
        let verbs = [
            Verb::Hold,
            Verb::Pause,
            Verb::Halt,
            Verb::Resume,
            Verb::Advance,
            Verb::Complete,
        ];
        match what % 16 {
            0..=2 => self.console(n),
            3 | 4 => self.wait(n),
            5..=8 => drop(self.ask(
                person("alice"),
                Act::Do {
                    verb: verbs[usize::from(n) % verbs.len()],
                    to: None,
                },
            )),
            9 => self.tick(TimeDelta::hours(n.into())),
            10 => self.restart(),
            11 => self.is_down = n.is_multiple_of(3),
            12 => self.change(n),
            13 => drop(self.ask(person("carol"), Act::Approve)),
            _ => self.read(),
        }
    }
}

pub(super) fn id() -> AppId {
    model::app_id(0)
}

/// What holds after each event, in the middle of a step too.
fn look_at_prefix(state: &State, event: &Event) {
    for app in state.apps.values() {
        let watched = app.release.as_ref().map(|release| &release.version);
        if let Some(execution) = &app.execution {
            assert!(watched == Some(&execution.version), "{event:?}");
            assert!(execution.number <= app.executions);
        }
        if let Some(pending) = &app.pending {
            assert_eq!(pending.phase, Phase::Pending);
            assert_ne!(watched, Some(&pending.version), "{event:?}");
        }
        let stopped = app
            .release
            .as_ref()
            .is_some_and(|it| it.status == Status::Stopped);
        assert_eq!(app.stopped_by.is_some(), stopped);
        assert!(stopped || app.stopped_as.is_none());
        assert!(!app.latched || app.release.is_some());
        let laid = !app.overrides.is_empty() || app.proposal.is_some();
        assert!(!laid || app.pinned.is_some(), "{event:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every step is looked at as it is taken; at the end, a journal of an older haltline tells the same.
    #[test]
    fn whatever_happens_the_record_says_where_it_stands(
        apple in any::<bool>(),
        two_person in any::<bool>(),
        what in prop::collection::vec(any::<(u8, u8)>(), 1..60),
    ) {
        let kind = if apple { StoreKind::AppStore } else { StoreKind::GooglePlay };
        let mut world = World::rolling(kind);
        world.plan.access.two_person = two_person;
        for what in what {
            world.one(what);
        }
        let kept = |record: &&Record| !matches!(
            record.event,
            Event::ExecutionMoved { .. } | Event::PolicyPinned { .. } | Event::OverrideSet { .. }
                | Event::ChangeProposed { .. }
        );
        let old: Vec<Record> = world.journal.iter().filter(kept).cloned().collect();
        let mut older = World { state: replay(&old), journal: old, ..world };
        let numbers = older.app().executions;
        prop_assert_eq!(numbers, 0);
        older.restart();
    }
}

/// A way into each phase, on a store that can be there.
fn into(phase: Phase, kind: StoreKind) -> Option<World> {
    let mut world = World::rolling(kind);
    if phase == Phase::Pending {
        let app = world.plan.apps.get_mut(&id()).unwrap();
        Arc::make_mut(&mut app.policy).stages[0].approval = Some(Approval {
            role: crate::policy::Role::Operator,
            persons: 1,
        });
        world.verb(Verb::Complete);
        world.wait(0);
        world.wait(2);
        let pending = world.app().pending.map(|pending| pending.phase);
        assert_eq!(pending, Some(Phase::Pending));
        return Some(world);
    }
    let verbs: &[Verb] = match phase {
        Phase::Rolling => &[],
        Phase::Holding => &[Verb::Hold],
        Phase::Paused => &[Verb::Pause],
        Phase::Halted => &[Verb::Halt],
        Phase::Completed => &[Verb::Complete],
        Phase::RolledBack => &[Verb::Complete, Verb::Pause],
        Phase::Pending | Phase::Superseded | Phase::Cancelled => return None,
    };
    for verb in verbs {
        if let ActReply::Refused { .. } = world.verb(*verb) {
            return None;
        }
    }
    assert_eq!(world.phase(), Some(phase), "{kind:?}");
    Some(world)
}

#[test]
fn every_phase_is_left_by_the_verbs_that_are_documented_and_by_a_new_release() {
    use Phase::{Completed, Halted, Holding, Paused, RolledBack, Rolling};
    for kind in [StoreKind::GooglePlay, StoreKind::AppStore] {
        for phase in [Rolling, Holding, Paused, Halted, Completed, RolledBack] {
            if into(phase, kind).is_none() {
                assert_eq!((phase, kind), (RolledBack, StoreKind::AppStore));
                continue;
            }
            let mut left = BTreeSet::new();
            for verb in phase.ways_out(kind) {
                let mut world = into(phase, kind).unwrap();
                let to = (kind == StoreKind::AppStore && *verb == Verb::Advance)
                    .then_some(Exposure::FULL);
                let reply = world.ask(person("alice"), Act::Do { verb: *verb, to });
                assert!(
                    !matches!(reply, ActReply::Refused { .. }),
                    "{kind:?} {phase} {verb}: {reply:?}"
                );
                world.tick(TimeDelta::minutes(5));
                if world.phase() != Some(phase) {
                    left.insert(*verb);
                }
            }
            let is_final = phase == Completed && kind == StoreKind::AppStore;
            assert_eq!(left.is_empty(), is_final, "{kind:?} {phase}");
            // All of them lead out, but for advancing, which may stay on the way.
            let stays = phase
                .ways_out(kind)
                .iter()
                .filter(|verb| !left.contains(verb));
            assert!(
                stays.copied().all(|verb| verb == Verb::Advance),
                "{kind:?} {phase}"
            );

            let mut world = into(phase, kind).unwrap();
            world.console(4);
            world.read();
            let ended = world
                .journal
                .iter()
                .rev()
                .find_map(|record| match &record.event {
                    Event::ExecutionMoved {
                        number: 1,
                        from,
                        to,
                        actor,
                        ..
                    } => Some((*from, *to, actor.clone())),
                    _ => None,
                });
            assert_eq!(
                ended,
                Some((Some(phase), Phase::Superseded, Actor::Outside))
            );
            assert_eq!(world.app().executions, 2);
        }
    }
}

#[test]
fn a_release_that_waits_begins_on_a_persons_word_once_approved_or_past_its_gate() {
    for kind in [StoreKind::GooglePlay, StoreKind::AppStore] {
        for verb in Phase::Pending.ways_out(kind) {
            let mut world = into(Phase::Pending, kind).unwrap();
            if *verb == Verb::Start {
                assert_eq!(world.ask(person("bob"), Act::Approve), ActReply::Done);
            }
            world.verb(*verb);
            assert_eq!(world.app().pending, None, "{kind:?} {verb}");
            assert_eq!(world.phase(), Some(Phase::Rolling), "{kind:?} {verb}");
            assert_eq!(world.app().execution.unwrap().number, 2);
        }
        let mut world = into(Phase::Pending, kind).unwrap();
        world.store.waiting = None;
        world.read();
        assert!(moves(&world).pop().unwrap().contains("pending → cancelled"));
    }
}

/// From, to, by whom, why.
fn moves(world: &World) -> Vec<String> {
    let moved = world
        .journal
        .iter()
        .filter_map(|record| match &record.event {
            Event::ExecutionMoved {
                number,
                version,
                from,
                to,
                actor,
                reason,
            } => {
                let from = from.map_or("nothing", Phase::name);
                Some(format!(
                    "{number} {version}: {from} → {to} by {actor}: {reason}"
                ))
            }
            Event::PolicyPinned { name, actor, .. } => Some(format!("{name} by {actor}")),
            _ => None,
        });
    moved.collect()
}

#[test]
fn a_release_that_waited_goes_on_in_its_own_execution() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.verb(Verb::Complete);
    world.wait(0);
    world.wait(2);
    assert_eq!(
        moves(&world),
        [
            "1 41: nothing → rolling by somebody outside haltline: found in progress at 5%",
            "model by somebody outside haltline",
            "1 41: rolling → completed by @alice on laptop: asked",
            "2 42: nothing → pending by @alice on laptop: asked",
            "1 41: completed → superseded by @alice on laptop: 42 took its place",
            "2 42: pending → rolling by @alice on laptop: asked",
            "model by @alice on laptop",
        ]
    );
}

#[test]
fn whose_doing_it_is_is_told() {
    let mut world = World::rolling(StoreKind::GooglePlay);
    world.store.release.as_mut().unwrap().status = Status::Stopped;
    world.read();
    world.verb(Verb::Halt);
    world.store.release.as_mut().unwrap().status = Status::InProgress;
    world.read();
    world.verb(Verb::Hold);
    world.store.release = None;
    world.read();
    assert_eq!(
        moves(&world)[2..],
        [
            "1 41: rolling → paused by somebody outside haltline: in progress at 5% → halted at 5%",
            "1 41: paused → halted by @alice on laptop: asked",
            "1 41: halted → rolling by somebody outside haltline: halted at 5% → in progress at 5%",
            "1 41: rolling → holding by @alice on laptop: asked",
            "1 41: holding → cancelled by somebody outside haltline: the release is gone from the store",
        ]
    );
}
