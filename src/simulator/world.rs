//! The world behind the fake vendors: apps, what their versions were offered to, the sessions that follow from it, and the
//! people at the consoles. The stores write offers into it, the health source reads counts out of it; they meet nowhere else.
//!
//! The past never changes: a count is given only once its minute is over, and an offer acts on minutes that were not counted.

mod issues;
mod kpi;
mod reviews;
mod strata;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use serde::Serialize;

use super::fault::Faults;
use super::google_sign_in::Grants;
use super::scenario::{AppPlan, ConsoleAct, Role, Scenario, Scripted, VersionPlan};
use super::traffic::{Cell, Course, Line};
use crate::domain::{AppId, Exposure, StoreKind, Timestamp};
use crate::ports::Clock;
pub use issues::IssueCount;
pub use kpi::{Journeys, Timed};
pub use reviews::Said;
pub use strata::Parted;

/// How far before its start the world has sessions: two weeks before the beginning of the oldest rollout that is looked back on.
pub const HISTORY: TimeDelta = TimeDelta::days(30);
/// Days of Apple's phased release, as shares of the users.
pub const APPLE_DAYS: [f64; 7] = [0.01, 0.02, 0.05, 0.10, 0.20, 0.50, 1.0];

/// A store that a person can act on behind haltline's back, and that tests can look into.
pub trait Console: Send + Sync {
    /// Does what a person does; the message where this store refuses it.
    fn act(&self, app: &AppPlan, act: &ConsoleAct, at: Timestamp) -> Result<(), String>;

    /// All that the store holds of its apps, as JSON, for tests.
    fn state(&self) -> serde_json::Value;

    /// Sets what differs from account to account at this store; the message where there is no such switch.
    fn switch(&self, switches: serde_json::Value) -> Result<(), String> {
        Err(format!("this store has no switches: {switches}"))
    }
}

/// One change that a store took, for tests: whoever counts halts counts here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreWrite {
    pub at: Timestamp,
    pub app: AppId,
    pub build: String,
    /// `halted`, `inProgress 5%`, `PAUSED`.
    pub became: String,
    pub by: Author,
}

/// Who changed something at a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    Api,
    Console,
}

struct Traffic {
    lines: BTreeMap<AppId, Vec<Line>>,
    /// Counts were given up to here: what is offered until then is settled.
    told: Timestamp,
}

/// A simulated world. Cheap to share, safe to ask from anywhere.
pub struct World {
    scenario: Scenario,
    seed: u64,
    start: Timestamp,
    clock: Arc<dyn Clock>,
    faults: Faults,
    google: Grants,
    traffic: Mutex<Traffic>,
    consoles: Mutex<BTreeMap<StoreKind, Arc<dyn Console>>>,
    /// Held while a person acts, so that nobody overtakes them.
    script: Mutex<Vec<Scripted>>,
    writes: Mutex<Vec<StoreWrite>>,
}

impl World {
    /// A world that starts at the clock's now, less the scenario's `at`.
    pub fn new(scenario: Scenario, seed: u64, clock: Arc<dyn Clock>) -> Arc<Self> {
        let start = clock.now() - scenario.at.0;
        let lines = scenario
            .apps
            .iter()
            .map(|app| {
                let lines = app.versions.iter().map(|plan| {
                    let mut line = Line::new(seed, app, plan.clone());
                    line.offers = first_offers(app, plan, start);
                    line
                });
                (app.id.clone(), lines.collect())
            })
            .collect();
        Arc::new(Self {
            seed,
            start,
            clock,
            faults: Faults::planned(&scenario.faults),
            google: Grants::default(),
            traffic: Mutex::new(Traffic { lines, told: start }),
            consoles: Mutex::default(),
            script: Mutex::new(scenario.events.clone()),
            writes: Mutex::default(),
            scenario,
        })
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn start(&self) -> Timestamp {
        self.start
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn apps(&self) -> &[AppPlan] {
        &self.scenario.apps
    }

    pub fn app(&self, id: &AppId) -> Option<&AppPlan> {
        self.scenario.app(id)
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Who has signed in at Google.
    pub fn google(&self) -> &Grants {
        &self.google
    }

    /// The versions of an app that were ever offered to anybody, oldest first, each with when that began.
    pub fn versions(&self, app: &AppId) -> Vec<(VersionPlan, Timestamp)> {
        let now = self.now();
        let traffic = lock(&self.traffic);
        let offered = traffic
            .lines
            .get(app)
            .into_iter()
            .flatten()
            .filter_map(|line| {
                let started = line.started().filter(|at| *at <= now)?;
                Some((line.plan.clone(), started))
            });
        offered.collect()
    }

    /// `build` is offered to these shares of the users, each from its time on: one entry for a store that stands still until
    /// somebody acts, several for one that goes on by itself. Replaces what was planned from the first of them on. What
    /// was counted already stays: times before that count as its end.
    pub fn serve(&self, app: &AppId, build: &str, plan: &[(Timestamp, f64)]) {
        let mut traffic = lock(&self.traffic);
        let told = traffic.told;
        let line = traffic
            .lines
            .get_mut(app)
            .and_then(|lines| lines.iter_mut().find(|l| l.plan.build == build));
        if let (Some(line), Some((first, _))) = (line, plan.first()) {
            let from = told.max(*first);
            line.offers.retain(|(at, _)| *at < from);
            line.offers
                .extend(plan.iter().map(|(at, share)| ((*at).max(told), *share)));
        }
    }

    /// What `build` is offered to now, 0..=1.
    pub fn offered(&self, app: &AppId, build: &str) -> f64 {
        let now = self.now();
        let traffic = lock(&self.traffic);
        traffic
            .lines
            .get(app)
            .and_then(|lines| lines.iter().find(|l| l.plan.build == build))
            .and_then(|line| line.offers.iter().rfind(|(at, _)| *at <= now))
            .map_or(0.0, |(_, share)| *share)
    }

    /// The cells of a version that begin in `from..to` and are over now, oldest first, without gaps. Empty before the
    /// version was offered, and earlier than [`HISTORY`] before the start.
    pub fn cells(&self, app: &AppId, build: &str, from: Timestamp, to: Timestamp) -> Vec<Cell> {
        self.with_cells(app, build, from, to, |cells| cells.copied().collect())
            .unwrap_or_default()
    }

    /// Lets a store take part in what people do at consoles.
    pub fn attach(&self, store: StoreKind, console: Arc<dyn Console>) {
        lock(&self.consoles).insert(store, console);
    }

    /// What each attached store holds.
    pub fn states(&self) -> BTreeMap<StoreKind, serde_json::Value> {
        let consoles = lock(&self.consoles).clone();
        consoles
            .iter()
            .map(|(kind, c)| (*kind, c.state()))
            .collect()
    }

    /// Sets the switches of a store.
    pub fn switch(&self, store: StoreKind, switches: serde_json::Value) -> Result<(), String> {
        let console = lock(&self.consoles).get(&store).cloned();
        console
            .ok_or_else(|| format!("no {} is running", store.name()))?
            .switch(switches)
    }

    /// A person acts at the console of the app's store, now.
    pub fn act(&self, app: &AppId, act: &ConsoleAct) -> Result<(), String> {
        self.act_at(app, act, self.now())
    }

    fn act_at(&self, app: &AppId, act: &ConsoleAct, at: Timestamp) -> Result<(), String> {
        let plan = self
            .app(app)
            .ok_or_else(|| format!("there is no app {app}"))?;
        let console = lock(&self.consoles).get(&plan.store).cloned();
        console
            .ok_or_else(|| format!("no {} is running", plan.store.name()))?
            .act(plan, act, at)
    }

    /// Lets the people of the script act who should have by now. Every vendor calls it before it answers anything.
    pub fn catch_up(&self) {
        let now = self.now();
        let mut script = lock(&self.script);
        let due = script.partition_point(|e| self.start + e.after.0 <= now);
        for event in script.drain(..due) {
            // Whoever wrote the script sees in the state what came of it; the world has nobody to tell.
            drop(self.act_at(&event.app, &event.act, self.start + event.after.0));
        }
    }

    /// Keeps a change for [`World::writes`].
    pub fn record(&self, write: StoreWrite) {
        lock(&self.writes).push(write);
    }

    /// Every change that the stores took, oldest first.
    pub fn writes(&self) -> Vec<StoreWrite> {
        lock(&self.writes).clone()
    }

    fn with_cells<T>(
        &self,
        app: &AppId,
        build: &str,
        from: Timestamp,
        to: Timestamp,
        read: impl FnOnce(&mut dyn Iterator<Item = &Cell>) -> T,
    ) -> Option<T> {
        let course = Course {
            app: self.app(app)?,
            start: self.start,
        };
        // A count never begins before a cell does, and never includes one that is not over.
        let from = from.max(self.start - HISTORY);
        let to = to.min(course.floor(self.now()));
        let mut traffic = lock(&self.traffic);
        traffic.told = traffic.told.max(to);
        let lines = traffic.lines.get_mut(app)?;
        let which = lines.iter().position(|l| l.plan.build == build)?;
        course.draw(lines, which, from, to);
        Some(read(&mut lines.get(which)?.drawn(from, to)))
    }
}

/// What a version was offered to before the world began.
fn first_offers(app: &AppPlan, plan: &VersionPlan, start: Timestamp) -> Vec<(Timestamp, f64)> {
    let started = plan.started.map(|s| start + s.0);
    match plan.role {
        Role::Old | Role::Baseline => vec![(started.unwrap_or(start - HISTORY), 1.0)],
        Role::Next => Vec::new(),
        Role::New => {
            let started = started.unwrap_or(start);
            match (app.store, plan.exposure) {
                (StoreKind::AppStore, None) => (0..)
                    .zip(APPLE_DAYS)
                    .map(|(day, share)| (started + TimeDelta::days(day), share))
                    .collect(),
                (_, exposure) => vec![(started, exposure.map_or(1.0, Exposure::fraction))],
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
