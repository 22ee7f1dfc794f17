//! Plans that tie apps together: what a step waits for, and what a halt of one app does to the others. Opens no gate by itself.

use chrono::TimeDelta;

use super::draft::Draft;
use super::gate::Entry;
use super::plan::Plan;
use super::state::{AppState, State};
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Actor, AppId, Event, Exposure, Health, PlainText, Status, Timestamp, Verb, Version,
};
use crate::policy::{After, CrossPlan, CrossStep, OnHalt, StepTo, Want, WantKind};

/// Two rollouts that began this close belong to one round, whichever was seen first.
const TOGETHER: TimeDelta = TimeDelta::hours(1);

/// The plan that an app is in.
fn plan_of<'a>(plan: &'a Plan, id: &AppId) -> Option<&'a CrossPlan> {
    plan.plans.iter().find(|plan| plan.apps.contains(id))
}

/// Whether a plan says when the app's release that waits begins.
pub(super) fn begins<'a>(plan: &'a Plan, id: &AppId) -> Option<&'a PlainText> {
    let cross = plan_of(plan, id)?;
    let mut steps = cross.steps.iter();
    steps
        .any(|step| step.app == *id && step.to == StepTo::Start)
        .then_some(&cross.name)
}

/// What the plan wants of other apps, and of the day, before this is entered.
pub(super) fn wants(
    plan: &Plan,
    state: &State,
    id: &AppId,
    entry: &Entry<'_>,
    now: Timestamp,
) -> Vec<Want> {
    let Some(cross) = plan_of(plan, id) else {
        return Vec::new();
    };
    let enters = |step: &&CrossStep| match step.to {
        StepTo::Start => entry.begins,
        StepTo::Stage(exposure) => entry.from < exposure && exposure <= entry.to,
    };
    let steps = cross
        .steps
        .iter()
        .filter(|step| step.app == *id)
        .filter(enters);
    let round = Round {
        cross,
        state,
        id,
        begins: entry.begins,
    };
    steps
        .flat_map(|step| {
            let after = step.after.as_ref().map(|after| round.after(after, now));
            let day = step.day.map(|day| round.day(day, now));
            after.into_iter().chain(day)
        })
        .collect()
}

/// One run of a plan: which rollouts of the other apps belong to the one at hand.
struct Round<'a> {
    cross: &'a CrossPlan,
    state: &'a State,
    id: &'a AppId,
    /// The app's release waits; the one watched is of the round before.
    begins: bool,
}

impl Round<'_> {
    fn started(&self, id: &AppId) -> Option<Timestamp> {
        self.state.app(id)?.started
    }

    /// Who goes first: the first app whose beginning waits for no step of the plan.
    fn leader(&self) -> Option<&AppId> {
        let waits = |id: &AppId| {
            let mut steps = self.cross.steps.iter();
            steps.any(|step| step.app == *id && step.to == StepTo::Start)
        };
        let mut apps = self.cross.apps.iter();
        apps.find(|id| !waits(id)).or(self.cross.apps.first())
    }

    /// When the round began, and whether it did: with the plan's first app.
    fn began(&self) -> Option<Timestamp> {
        let first = self.started(self.leader()?)?;
        // What began before the last release of this app did is of an earlier round.
        let last = self.started(self.id).filter(|_| self.begins);
        last.is_none_or(|last| first > last).then_some(first)
    }

    fn holds(&self, other: &AppState) -> bool {
        match (other.started, self.began()) {
            (Some(started), Some(began)) => started + TOGETHER >= began,
            _ => false,
        }
    }

    fn after(&self, after: &After, now: Timestamp) -> Want {
        let what = format!(
            "{} healthy for {} at {}",
            after.app,
            duration(after.healthy_for),
            after.at
        );
        let (met, said) = match self.state.app(&after.app) {
            Some(other) if self.holds(other) => since(other, after.at).map_or_else(
                |why| (Some(false), why),
                |since| {
                    let well = now - since;
                    (
                        Some(well >= after.healthy_for),
                        format!("for {}", duration(well)),
                    )
                },
            ),
            _ => (
                None,
                format!("no rollout of {} that belongs to this one", after.app),
            ),
        };
        want(what, met, said)
    }

    fn day(&self, day: u32, now: Timestamp) -> Want {
        let today = self.began().map(|began| (now - began).num_days() + 1);
        let now = today.map_or_else(
            || "no app of the plan has begun".to_owned(),
            |today| format!("day {today}"),
        );
        let met = today.map(|today| today >= i64::from(day));
        want(format!("day {day} of plan {}", self.cross.name), met, now)
    }
}

fn want(what: String, met: Option<bool>, now: String) -> Want {
    Want {
        kind: WantKind::Plan,
        what: what.into(),
        met,
        now: now.into(),
    }
}

/// Since when it has been offered to so many and healthy without a break; else what is in the way.
fn since(other: &AppState, at: Exposure) -> Result<Timestamp, String> {
    let release = other.release.as_ref().ok_or("no release")?;
    let offered = matches!(release.status, Status::InProgress | Status::Completed);
    if other.latched || !offered {
        return Err("it is stopped".to_owned());
    }
    let mut reached = other.reached.iter();
    let reached = reached
        .find(|(exposure, _)| *exposure >= at)
        .filter(|_| release.exposure >= at)
        .ok_or_else(|| format!("it is at {}", release.exposure))?;
    match (other.health, other.healthy_since) {
        (Health::Healthy, Some(since)) => Ok(since.max(reached.1)),
        (health, _) => Err(format!("it is {health}")),
    }
}

/// Who is halted, or paused by a rule, holds the others; they are let go once nobody is any more. `before` is the state before this
/// step: what was so already is not done again, so that a person may lift it.
pub(super) fn hold_others(draft: &mut Draft<'_>, before: &State) {
    if draft.context.distrust.is_some() {
        return;
    }
    for cross in draft
        .plan
        .plans
        .iter()
        .filter(|plan| plan.on_halt == OnHalt::Hold)
    {
        for id in &cross.apps {
            hold(draft, cross, id, before);
        }
    }
}

fn hold(draft: &mut Draft<'_>, cross: &CrossPlan, id: &AppId, before: &State) {
    let actor = Actor::Plan {
        name: cross.name.clone(),
    };
    let stopped = stopper(&draft.state, cross, id);
    let now = at_stake(&draft.state, id);
    let news = stopper(before, cross, id) != stopped || at_stake(before, id) != now;
    match (draft.app(id).hold.clone(), stopped) {
        (None, Some(other)) if news && now.is_some() => {
            let reason = format!("{other} of plan {} was stopped", cross.name);
            draft.tell(Some(id), Urgency::Warning, &format!("{id}: hold: {reason}"));
            let reason = reason.into();
            draft.emit(Some(id), Event::HoldSet { actor, reason });
        }
        (Some(holder), None) if holder == actor => {
            let reason = format!("nobody of plan {} is stopped any more", cross.name);
            let words = format!("{id}: no longer held: {reason}");
            draft.tell(Some(id), Urgency::Info, &words);
            let reason = reason.into();
            draft.emit(Some(id), Event::HoldLifted { actor, reason });
        }
        _ => {}
    }
}

/// Another app of the plan that is halted, or paused by a rule.
fn stopper<'a>(state: &State, cross: &'a CrossPlan, id: &AppId) -> Option<&'a AppId> {
    let by_rule = |actor: &Actor| matches!(actor, Actor::Rule { .. });
    let stopped = |app: &AppState| {
        let wanted = app.desire.as_ref().is_some_and(|desire| {
            matches!(desire.verb, Verb::Pause | Verb::Halt) && by_rule(&desire.actor)
        });
        wanted || app.latched || app.stopped_by.as_ref().is_some_and(by_rule)
    };
    let mut others = cross.apps.iter().filter(|other| *other != id);
    others.find(|other| state.app(other).is_some_and(stopped))
}

/// The releases that a hold would keep from going on.
fn at_stake<'a>(
    state: &'a State,
    id: &AppId,
) -> Option<(Option<&'a Version>, Option<&'a Version>)> {
    let app = state.app(id)?;
    let staged =
        |release: &&ReleaseView| matches!(release.status, Status::InProgress | Status::Stopped);
    let running = app
        .release
        .as_ref()
        .filter(staged)
        .map(|release| &release.version);
    let waiting = app.waiting.as_ref().map(|release| &release.version);
    (running.is_some() || waiting.is_some()).then_some((running, waiting))
}

/// `1d 12h`
fn duration(time: TimeDelta) -> String {
    let minutes = time.num_minutes().max(0).unsigned_abs();
    humantime::format_duration(std::time::Duration::from_secs(minutes * 60)).to_string()
}
