//! Executions: where a rollout stands by the record is where it stands, whatever happens, and every standing has a way out.

mod ways;

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
            standing: crate::domain::Standing::default(),
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
