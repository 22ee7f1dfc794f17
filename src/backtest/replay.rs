//! One rollout through the code that a watcher decides with: the same ledger, the same rules, the same engine.
//!
//! Windows are pushed into a ledger in the order of their ends, at the poll that would have seen them first. At each poll the
//! policy is asked whether everything stands as at the last one; only where it does not, or where the engine is counting polls,
//! does the engine take a step. A test holds that this changes nothing.
//!
//! What the engine does to the store is done at once and confirmed, but the recorded data go on as recorded: after a pause the
//! rollout's numbers are still those of a rollout that nobody paused, so that the halt that would have come is seen too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::TimeDelta;

use super::meter::Meter;
use super::run::Options;
use super::{Mark, Outcome, Rollout};
use crate::domain::event::Finding;
use crate::domain::rollout::{Applied, InReview, ReleaseView};
use crate::domain::{
    Actor, AppId, Event, Exposure, Health, PlainText, SourceId, Status, StoreView, Timestamp, Verb,
    Version,
};
use crate::engine::{self, AppPlan, AppState, Context, Effect, Input, Plan, State};
use crate::policy::Start;
use crate::policy::assess::{Standing, is_quiet, standing};
use crate::policy::{
    Action, Assessment, Budgets, DataState, Ledger, Observation, Paired, Policy, SourceState,
};

/// A source is stale once its data end so many seconds ago, as a watcher's is by default, and a window more: what was recorded shows a
/// window only when it is over.
const STALE_AFTER: u32 = 1_800;

/// What `policy` would have done with `rollout`.
pub(super) fn replay(policy: &Arc<Policy>, rollout: &Rollout, options: &Options) -> Outcome {
    walk(policy, rollout, options, Pace::Skipping)
}

/// Whether polls at which nothing changes are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Skipping,
    #[cfg(test)]
    EveryPoll,
}

fn walk(policy: &Arc<Policy>, rollout: &Rollout, options: &Options, pace: Pace) -> Outcome {
    let id = AppId::try_from("rollout".to_owned());
    let (Some(meter), Some(end), Ok(id)) = (Meter::new(rollout), rollout.ended(), id) else {
        return Outcome::nothing(rollout);
    };
    let mut replay = Replay::new(policy, rollout, meter, id);
    let mut now = replay.meter.began();
    while now < end && (options.trail || !replay.is_over()) {
        now += options.step();
        replay.poll(now, pace);
        if options.trail {
            replay.mark(now);
        }
    }
    replay.outcome
}

/// A rollout on its way.
struct Replay<'a> {
    policy: &'a Policy,
    rollout: &'a Rollout,
    plan: Plan,
    id: AppId,
    state: State,
    observation: Observation,
    feeds: Vec<Feed<'a>>,
    meter: Meter<'a>,
    outcome: Outcome,
    /// What the policy said when the engine took its last step; `None`: it has to take one.
    stood: Option<Standing>,
    /// Why each rule fired.
    findings: BTreeMap<PlainText, Finding>,
    /// There is a rule that may halt.
    halts: bool,
}

/// One metric's windows that are still to come.
struct Feed<'a> {
    metric: &'a crate::domain::Metric,
    source: &'a SourceId,
    /// With their ends, by which they are ordered; the next one first.
    windows: VecDeque<(Timestamp, &'a Paired)>,
}

impl<'a> Replay<'a> {
    fn new(policy: &'a Arc<Policy>, rollout: &'a Rollout, meter: Meter<'a>, id: AppId) -> Self {
        let app = AppPlan {
            name: rollout.app.clone(),
            store: rollout.store,
            policy: Arc::clone(policy),
            advise: false,
            in_review: InReview::Cancel,
            start: Start::Manual,
            train: None,
            owner: None,
            stalled_after: TimeDelta::MAX,
        };
        let feeds = rollout.metrics.iter().map(|series| {
            let with_end = series.windows.iter().map(|window| (window.end(), window));
            let mut windows: Vec<_> = with_end.collect();
            windows.sort_by(|(a, one), (b, other)| {
                (a, one.start, &one.stratum).cmp(&(b, other.start, &other.stratum))
            });
            Feed {
                metric: &series.metric,
                source: &series.source,
                windows: windows.into(),
            }
        });
        let ids: BTreeSet<&SourceId> = rollout
            .metrics
            .iter()
            .map(|series| &series.source)
            .collect();
        let source = |id: &SourceId| {
            let own = rollout.metrics.iter().filter(|series| series.source == *id);
            let windows = own.flat_map(|series| &series.windows);
            let shortest = windows.map(|window| window.seconds).min().unwrap_or(0);
            SourceState {
                id: id.clone(),
                required: true,
                read_through: None,
                state: DataState::Missing,
                why: None,
                stale_after: STALE_AFTER + shortest,
                reach: crate::domain::Reach::Halt,
            }
        };
        let sources = ids.into_iter().map(source).collect();
        let offered = rollout.exposure_at(meter.began());
        let observation = Observation {
            at: meter.began(),
            store: rollout.store,
            exposure: offered.map(|(_, exposure)| exposure),
            exposed_since: offered.map(|(since, _)| since),
            dark: None,
            new_name: rollout.version.clone(),
            old_name: rollout.baseline.clone(),
            resumes: 0,
            ledger: Arc::new(Ledger::new(policy, rollout.terms)),
            sources,
            issues: Vec::new(),
            shares: Vec::new(),
            out_since: offered.map(|(since, _)| since),
            beside: crate::policy::Beside::default(),
            next_train: crate::policy::NextTrain::Unsaid,
        };
        let mut replay = Self {
            policy,
            rollout,
            plan: Plan::new(BTreeMap::from([(id.clone(), app)]), Budgets::default()),
            id,
            state: State::default(),
            observation,
            feeds: feeds.collect(),
            outcome: meter.outcome(),
            meter,
            stood: None,
            findings: BTreeMap::new(),
            halts: policy.rules.iter().any(|rule| rule.action == Action::Halt),
        };
        let started = Input::Started {
            term: 1,
            haltline: "backtest".into(),
        };
        let began = replay.meter.began();
        replay.step(began, started);
        replay
    }

    /// Nothing that counts can happen any more.
    fn is_over(&self) -> bool {
        self.outcome.halt.is_some() || (self.outcome.pause.is_some() && !self.halts)
    }

    fn poll(&mut self, now: Timestamp, pace: Pace) {
        self.take_in(now);
        let offered = self.rollout.exposure_at(now);
        if self.observation.exposure != offered.map(|(_, exposure)| exposure) {
            self.look(now);
        }
        let due = |app: &AppState| {
            app.announced.as_ref().is_some_and(|act| act.due <= now) || app.hold.is_some()
        };
        if self.app().is_some_and(due) {
            self.step(now, Input::Tick);
            self.stood = None;
        }
        let stands = if is_quiet(self.policy, &self.observation) {
            Standing::Quiet
        } else {
            standing(self.policy, &self.observation)
        };
        let counting = self.app().is_some_and(|app| !app.breaches.is_empty());
        if pace != Pace::Skipping || counting || self.stood.as_ref() != Some(&stands) {
            let input = Input::Observed {
                app: self.id.clone(),
                observation: Box::new(self.observation.clone()),
            };
            self.step(now, input);
            self.stood = Some(stands);
            self.observation.dark = self.app().and_then(|app| app.dark.clone());
        }
        self.outcome.polls += 1;
        self.outcome.unknown += u32::from(self.health() == Health::Unknown);
    }

    fn app(&self) -> Option<&AppState> {
        self.state.app(&self.id)
    }

    fn health(&self) -> Health {
        self.app().map_or(Health::Unknown, |app| app.health)
    }

    /// The windows that have ended by now, and how fresh that leaves each source.
    fn take_in(&mut self, now: Timestamp) {
        self.meter.reach(now);
        self.observation.at = now;
        // Nobody else holds the ledger between two polls.
        let ledger = Arc::make_mut(&mut self.observation.ledger);
        for feed in &mut self.feeds {
            let source = self
                .observation
                .sources
                .iter_mut()
                .find(|source| source.id == *feed.source);
            let Some(source) = source else { continue };
            while let Some((end, window)) = feed.windows.pop_front_if(|(end, _)| *end <= now) {
                source.read_through = source.read_through.max(Some(end));
                ledger.push(self.policy, feed.metric, feed.source, window.clone());
            }
        }
        for source in &mut self.observation.sources {
            let stale_after = TimeDelta::seconds(source.stale_after.into());
            source.state = match source.read_through {
                Some(through) if now - through <= stale_after => DataState::Fresh,
                Some(_) => DataState::Stale,
                None => DataState::Missing,
            };
        }
    }

    /// A read of the store, as it was recorded but for what the engine has done to it.
    fn look(&mut self, now: Timestamp) {
        let offered = self.rollout.exposure_at(now);
        self.observation.exposure = offered.map(|(_, exposure)| exposure);
        self.observation.exposed_since = offered.map(|(since, _)| since);
        let stopped = self
            .app()
            .and_then(|app| app.release.as_ref())
            .is_some_and(|release| release.status == Status::Stopped);
        let view = self.view(stopped);
        self.read(now, view);
    }

    fn view(&self, stopped: bool) -> StoreView {
        let exposure = self.observation.exposure.unwrap_or(Exposure::NONE);
        let status = match exposure {
            _ if stopped => Status::Stopped,
            Exposure::FULL => Status::Completed,
            _ => Status::InProgress,
        };
        let release = ReleaseView {
            version: Version::from_code(&self.rollout.version),
            also: Vec::new(),
            label: self.rollout.version.clone(),
            status,
            exposure,
            in_review: false,
            phased: None,
        };
        StoreView {
            waiting: None,
            release: Some(release),
            previous: self.rollout.baseline.as_ref().map(Version::from_code),
            others: 0,
        }
    }

    fn read(&mut self, now: Timestamp, view: StoreView) {
        let input = Input::StoreRead {
            app: self.id.clone(),
            result: Ok(view),
        };
        self.step(now, input);
        self.stood = None;
    }

    /// A step of the engine, and of all that its effects lead to.
    fn step(&mut self, now: Timestamp, input: Input) {
        let context = Context::at(now);
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let step = engine::step(&self.plan, &self.state, &input, &context);
            self.state = step.state;
            for (_, event) in &step.events {
                self.happened(now, event, step.assessment.as_ref());
            }
            inputs.extend(step.effects.into_iter().map(|effect| self.answer(effect)));
        }
    }

    /// What the world answers to an effect: everything works at once.
    fn answer(&self, effect: Effect) -> Input {
        match effect {
            Effect::Write {
                app,
                revision,
                attempt,
                ..
            } => Input::WriteDone {
                app,
                revision,
                attempt,
                result: Ok(Applied::Written),
            },
            // The engine lowers exposure alone, by stopping.
            // A replayed rollout goes as it was recorded: nobody takes its ladder, so that no check is asked.
            Effect::Check {
                app,
                stage,
                attempt,
                ..
            } => Input::Checked {
                app,
                stage,
                attempt,
                result: Ok(PlainText::default()),
            },
            Effect::Read { app } => {
                let wants = self.app().is_some_and(|known| {
                    let stopped = known
                        .release
                        .as_ref()
                        .is_some_and(|release| release.status == Status::Stopped);
                    known.desire.is_some() || stopped
                });
                Input::StoreRead {
                    app,
                    result: Ok(self.view(wants)),
                }
            }
            Effect::Tell { ids, channel } => Input::TellDone {
                ids,
                channel,
                result: Ok(None),
            },
        }
    }

    /// Keeps the first of each kind.
    fn happened(&mut self, now: Timestamp, event: &Event, assessment: Option<&Assessment>) {
        let moment = |verb, rule: Option<&PlainText>, sentence: &PlainText, evidence| {
            self.meter
                .moment(now, verb, rule.cloned(), sentence.clone(), evidence)
        };
        match event {
            Event::VerdictChanged {
                to: Health::Warning | Health::Breached,
                sentence,
                ..
            } if self.outcome.notice.is_none() => {
                let strongest = assessment.and_then(|assessment| {
                    let evidence = assessment
                        .metrics
                        .iter()
                        .filter_map(|metric| metric.ln_evidence);
                    evidence.max_by(f64::total_cmp)
                });
                self.outcome.notice = Some(moment(None, None, sentence, strongest));
            }
            Event::RuleFired {
                rule,
                verb,
                finding,
            } => {
                if self.outcome.notice.is_none() && matches!(verb, None | Some(Verb::Hold)) {
                    let notice = moment(*verb, Some(rule), &finding.sentence, finding.ln_evidence);
                    self.outcome.notice = Some(notice);
                }
                self.findings.insert(rule.clone(), finding.clone());
            }
            Event::DesireSet {
                verb,
                actor: Actor::Rule { id },
                reason,
                ..
            } => {
                let evidence = self
                    .findings
                    .get(id)
                    .and_then(|finding| finding.ln_evidence);
                let stop = moment(Some(*verb), Some(id), reason, evidence);
                let place = if *verb == Verb::Halt {
                    &mut self.outcome.halt
                } else {
                    &mut self.outcome.pause
                };
                place.get_or_insert(stop);
            }
            Event::ActWithheld { rule, verb, why } if self.outcome.withheld.is_none() => {
                let evidence = self
                    .findings
                    .get(rule)
                    .and_then(|finding| finding.ln_evidence);
                let words = PlainText::from(engine::withheld_words(*verb, why));
                self.outcome.withheld = Some(moment(Some(*verb), Some(rule), &words, evidence));
            }
            _ => {}
        }
    }

    /// An entry of the trail, where the verdict or the stage changed, or an hour began.
    fn mark(&mut self, now: Timestamp) {
        let mark = Mark {
            at: now,
            health: self.health(),
            exposed: self.meter.exposed(now),
            exposure: self.observation.exposure,
        };
        let hour = |at: Timestamp| (at - self.meter.began()).num_hours();
        let same = self.outcome.trail.last().is_some_and(|last| {
            (last.health, last.exposure, hour(last.at)) == (mark.health, mark.exposure, hour(now))
        });
        if !same {
            self.outcome.trail.push(mark);
        }
    }
}

#[cfg(test)]
mod tests;
