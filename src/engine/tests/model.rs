//! The model world: small, honest, and able to lose a request, lose a reply, take a write without doing it, and crash.

mod health;
mod people;
mod store;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::telling::Listener;
use super::witness::Witness;
use crate::domain::rollout::{Applied, Order, Phased, ReleaseView};
use crate::domain::{
    Act, ActRequest, Actor, AppId, Counts, Event, Exposure, Failure, FailureKind, Metric,
    PlainText, Record, SourceId, Status, StoreKind, StoreView, Target, Timestamp, Verb, Version,
};
use crate::engine::guard::Guard;
use crate::engine::input::DisarmEntry;
use crate::engine::{AppPlan, Context, Effect, Input, Plan, State, Step, replay, step};
use crate::policy::observation::{Baseline, NextTrain};
use crate::policy::{
    Action, Budgets, DataState, Evidence, Ledger, Limit, MetricSeries, Observation, Paired, Policy,
    Rule, SourceState, Stage, Start, Terms,
};

use self::telling::tell;
pub(super) use self::telling::telling;

pub(super) fn start() -> Timestamp {
    chrono::DateTime::from_timestamp(1_760_000_000, 0).unwrap()
}

pub(super) fn app_id(n: usize) -> AppId {
    AppId::try_from(format!("app-{n}")).unwrap()
}

/// How long a stage of the climbing lives lasts at least.
const SOAK: TimeDelta = TimeDelta::minutes(5);

/// The same plan, with stages that haltline carries out: on Play from 5 %, on the App Store from Apple's fifth day, whose next step
/// comes in two hours.
pub(super) fn climbing(store: StoreKind, grace: TimeDelta, without: Option<Guard>) -> Plan {
    let mut plan = plan(1, grace, without);
    for app in plan.apps.values_mut() {
        let mut policy = (*app.policy).clone();
        policy.stages = [5, 25, 50, 100]
            .map(|percent| Stage {
                soak: SOAK,
                complete_early: true,
                ..Stage::at(Exposure::from_percent(percent))
            })
            .to_vec();
        app.policy = Arc::new(policy);
        app.store = store;
        app.start = Start::Automatic;
    }
    plan
}

/// A policy with one halt rule at a floor of 99.5 %.
pub(super) fn policy(grace: TimeDelta) -> Arc<Policy> {
    let rule = Rule {
        id: "floor".into(),
        metric: Metric::CrashFreeSessions,
        limit: Limit::Failures { at_most: 0.005 },
        action: Action::Halt,
        during: None,
        evidence: Evidence::Sequential,
        grace,
        insist: false,
        of_tier: false,
        unless_train: None,
    };
    Arc::new(Policy {
        name: "model".into(),
        description: PlainText::default(),
        stages: Vec::new(),
        rules: vec![rule],
        tiers: Vec::new(),
        hash: String::new(),
    })
}

pub(super) fn plan(apps: usize, grace: TimeDelta, without: Option<Guard>) -> Plan {
    let app = AppPlan {
        name: "App".into(),
        store: StoreKind::GooglePlay,
        policy: policy(grace),
        advise: false,
        in_review: crate::domain::rollout::InReview::Ask,
        start: Start::Manual,
        train: None,
        owner: None,
        stalled_after: TimeDelta::days(3),
    };
    let apps = (0..apps).map(|n| (app_id(n), app.clone())).collect();
    Plan {
        without,
        ..Plan::new(apps, Budgets::default())
    }
}

/// What a write may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Works,
    /// The request never arrives.
    LostRequest,
    /// Applied, but nobody hears of it.
    LostReply,
    /// Answered with success, and nothing is done.
    EmptyPromise,
    Conflict,
}

/// One write as it arrived at the store.
#[derive(Clone, Debug)]
pub(super) struct StoreWrite {
    pub revision: u64,
    pub attempt: u32,
    pub changed: bool,
    /// How often people had been at the console by then.
    pub hands: u32,
}

pub(super) struct Model {
    pub plan: Plan,
    pub now: Timestamp,
    /// The journal: what a crash leaves.
    pub journal: Vec<Record>,
    pub state: State,
    pub pending: Vec<Effect>,
    /// What came of the effect that was carried out last, where haltline has not heard of it yet.
    pub transit: Option<Input>,
    pub store: ReleaseView,
    /// As the read showed it that haltline heard of last.
    seen: Option<Status>,
    /// A draft, or a version that waits for its developer.
    pub waiting: Option<ReleaseView>,
    pub witness: Witness,
    pub writes: Vec<StoreWrite>,
    hands: u32,
    pub windows: Vec<Paired>,
    pub disarm: Option<DisarmEntry>,
    pub rng: StdRng,
    /// The latest moment at which a person resumed, in the store or through haltline.
    pub resumed_at: Option<Timestamp>,
    in_flight: bool,
    pub(super) listener: Listener,
    pub violations: Vec<String>,
}

impl Model {
    pub(super) fn new(plan: Plan, seed: u64) -> Self {
        let apple = plan.apps.values().next().map(|app| app.store) == Some(StoreKind::AppStore);
        let store = ReleaseView {
            also: Vec::new(),
            version: Version::from_code(42),
            label: PlainText::default(),
            status: Status::InProgress,
            exposure: Exposure::from_percent(if apple { 20 } else { 5 }),
            in_review: false,
            phased: apple.then(|| Phased {
                day: 5,
                start: Some(start() + TimeDelta::hours(2) - TimeDelta::days(5)),
                paused_days: 0,
            }),
        };
        let mut model = Self {
            plan,
            now: start(),
            journal: Vec::new(),
            state: State::default(),
            pending: Vec::new(),
            transit: None,
            store,
            seen: None,
            waiting: None,
            witness: Witness::of(SOAK),
            writes: Vec::new(),
            hands: 0,
            windows: Vec::new(),
            disarm: None,
            rng: StdRng::seed_from_u64(seed),
            resumed_at: None,
            in_flight: false,
            listener: Listener::default(),
            violations: Vec::new(),
        };
        model.feed(&Input::Started {
            term: 1,
            haltline: "test".into(),
        });
        model
    }

    /// One step.
    pub(super) fn feed(&mut self, input: &Input) {
        let context = Context {
            busy: self.busy(),
            ..Context::at(self.now)
        };
        self.took(input);
        if let Input::StoreRead {
            result: Ok(view), ..
        } = input
        {
            self.seen = view.release.as_ref().map(|release| release.status);
        }
        let step = step(&self.plan, &self.state, input, &context);
        self.take(step);
    }

    /// Makes what came of a step durable; effects wait in `pending`.
    pub(super) fn take(&mut self, step: Step) {
        let before = std::mem::replace(&mut self.state, step.state);
        for (app, event) in step.events {
            let seq = self.journal.len() as u64 + 1;
            self.check_event(&before, &event);
            self.journal.push(Record {
                seq,
                at: self.now,
                app,
                event,
            });
        }
        self.pending.extend(step.effects);
    }

    fn check_event(&mut self, before: &State, event: &Event) {
        self.violations.extend(self.witness.event(event, self.now));
        self.violations.extend(self.listener.event(event));
        match event {
            Event::RuleFired { finding, .. } => {
                if self
                    .resumed_at
                    .is_some_and(|resumed| finding.through <= resumed)
                {
                    self.violations
                        .push("I2: a rule fired on data from before a person's resume".into());
                }
                let app = before.apps.get(&app_id(0));
                if app.is_some_and(|app| app.fired.contains_key(&PlainText::from("floor"))) {
                    self.violations
                        .push("I4: one rule fired twice on one evidence".into());
                }
            }
            Event::DesireConfirmed {
                verb: Verb::Halt, ..
            } if self.seen != Some(Status::Stopped) => {
                self.violations
                    .push("I1: a halt was confirmed that the store does not have".into());
            }
            Event::WriteEnded { .. } => self.in_flight = false,
            Event::WriteStarted { revision, .. } => {
                if std::mem::replace(&mut self.in_flight, true) {
                    self.violations.push("I4: two writes in flight".into());
                }
                let disarmed = before.disarm_of(&app_id(0), self.now).is_some();
                let automatic = self.journal.iter().any(|record| {
                    let by_rule = Actor::Rule { id: "floor".into() };
                    matches!(&record.event, Event::DesireSet { revision: r, actor, .. }
                        if r == revision && *actor == by_rule)
                });
                if disarmed && automatic {
                    self.violations
                        .push("I12: an automatic write began while disarmed".into());
                }
            }
            _ => {}
        }
    }

    /// The process dies: only the journal and the disarm file are left. Then it starts again.
    pub(super) fn crash(&mut self) {
        let rebuilt = replay(&self.journal);
        if rebuilt != self.state {
            self.violations
                .push("I6: the fold of the journal is not the state".into());
        }
        let cut = self.rng.random_range(0..=self.journal.len());
        let (head, tail) = self.journal.split_at(cut);
        let mut prefix = replay(head);
        for record in tail {
            prefix.apply(record.at, record.app.as_ref(), &record.event);
        }
        if prefix != rebuilt {
            self.violations
                .push("I6: a prefix folded further is not the whole".into());
        }
        self.state = rebuilt;
        self.pending.clear();
        self.transit = None;
        let term = self.state.term + 1;
        self.feed(&Input::Started {
            term,
            haltline: "test".into(),
        });
    }

    /// Carries out a pending effect; a write meets `fate`. Returns the answer that is still to be delivered, so that a crash
    /// may come between.
    pub(super) fn carry_out(&mut self, effect: Effect, fate: Fate) -> Input {
        match effect {
            Effect::Read { app } => Input::StoreRead {
                app,
                result: Ok(self.read()),
            },
            Effect::Check {
                app,
                stage,
                attempt,
                ..
            } => Input::Checked {
                app,
                stage,
                attempt,
                result: Ok("fine".into()),
            },
            Effect::Tell { ids, channel } => tell(ids, channel, fate),
            Effect::Write {
                app,
                revision,
                attempt,
                order,
            } => {
                let result = self.write(revision, attempt, &order, fate);
                Input::WriteDone {
                    app,
                    revision,
                    attempt,
                    result,
                }
            }
        }
    }

    pub(super) fn read(&self) -> StoreView {
        StoreView {
            waiting: self.waiting.clone(),
            release: Some(self.store.clone()),
            previous: Some(Version::from_code(41)),
            others: 0,
        }
    }

    /// Lets time pass and everything work until nothing is left to do.
    pub(super) fn settle(&mut self) {
        for _ in 0..40 {
            self.now += TimeDelta::seconds(60);
            self.feed(&Input::Tick);
            self.drain();
        }
    }

    /// Carries out everything that is pending, without faults.
    pub(super) fn drain(&mut self) {
        // A storm on a channel that leaves the config is told on the log one by one.
        for _ in 0..1_000 {
            if let Some(answer) = self.transit.take() {
                self.feed(&answer);
            }
            if self.pending.is_empty() {
                return;
            }
            let effect = self.pending.remove(0);
            let answer = self.carry_out(effect, Fate::Works);
            self.feed(&answer);
        }
        self.violations
            .push("the engine never comes to rest".into());
    }

    pub(super) fn count(&self, matches: impl Fn(&Event) -> bool) -> usize {
        self.journal
            .iter()
            .filter(|record| matches(&record.event))
            .count()
    }

    /// Every halt that was decided is confirmed, superseded, or somebody has been told that it failed.
    pub(super) fn lost_desires(&self) -> Vec<u64> {
        let mut open: BTreeMap<u64, bool> = BTreeMap::new();
        for record in &self.journal {
            match &record.event {
                Event::DesireSet { revision, .. } => drop(open.insert(*revision, true)),
                Event::DesireConfirmed { revision, .. } | Event::DesireFailed { revision, .. } => {
                    open.insert(*revision, false);
                }
                Event::DesireSuperseded { revision, why } => {
                    // Only a person, another desire or another release may take its place.
                    let may = [
                        "asked for by",
                        "release",
                        "the gate is shut again",
                        "stopped outside",
                        "stopped it directly",
                    ];
                    let fine = may.iter().any(|word| why.as_str().contains(word));
                    if fine {
                        open.insert(*revision, false);
                    }
                }
                _ => {}
            }
        }
        open.into_iter()
            .filter(|(_, open)| *open)
            .map(|(revision, _)| revision)
            .collect()
    }
}
