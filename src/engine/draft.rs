//! A step in the making: the state so far, and what has been decided. What every part of a step works on.

use std::collections::BTreeMap;

use super::effect::Effect;
use super::execution::{self, Cause};
use super::input::Context;
use super::plan::{AppPlan, Plan};
use super::state::{AppState, State};
use super::{incident, outbox};
use crate::domain::event::Urgency;
use crate::domain::{ActReply, AppId, Event, Shared, Timestamp};
use crate::policy::Assessment;

/// What came of one input.
#[derive(Debug)]
pub struct Step {
    /// The fold of the old state and `events`.
    pub state: State,
    /// To be made durable, in this order, before any effect runs.
    pub events: Vec<(Option<AppId>, Event)>,
    pub effects: Vec<Effect>,
    /// The answer to [`Input::Asked`].
    pub reply: Option<ActReply>,
    /// The assessment behind [`Input::Observed`], for the screen.
    pub assessment: Option<Assessment>,
}

/// A step in the making: the state so far, and what has been decided.
pub(super) struct Draft<'a> {
    pub plan: &'a Plan,
    pub context: &'a Context,
    pub state: State,
    pub(super) events: Vec<(Option<AppId>, Event)>,
    effects: Vec<Effect>,
    /// Whose doing it is, where an execution moves in this step.
    pub causes: BTreeMap<AppId, Cause>,
    pub reply: Option<ActReply>,
    pub assessment: Option<Assessment>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(plan: &'a Plan, state: State, context: &'a Context) -> Self {
        Self {
            plan,
            context,
            state,
            events: Vec::new(),
            effects: Vec::new(),
            causes: BTreeMap::new(),
            reply: None,
            assessment: None,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.context.now
    }

    pub(super) fn app_plan(&self, id: &AppId) -> Option<&'a AppPlan> {
        self.plan.apps.get(id)
    }

    /// The app's state; a default one where nothing has happened to it yet.
    pub(super) fn app(&self, id: &AppId) -> Shared<AppState> {
        self.state.apps.get(id).cloned().unwrap_or_default()
    }

    /// Records a fact and folds it at once, so that what follows sees it.
    pub(super) fn emit(&mut self, app: Option<&AppId>, event: Event) {
        if let Some(id) = app {
            incident::before(self, id, &event);
            execution::before(self, id, &event);
        }
        self.state.apply(self.context.now, app, &event);
        self.events.push((app.cloned(), event));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        if !self.effects.contains(&effect) {
            self.effects.push(effect);
        }
    }

    /// Tells people, durably: the event first, the effects at the end of the step.
    pub(super) fn tell(&mut self, app: Option<&AppId>, urgency: Urgency, text: &str) {
        outbox::tell(self, app, urgency, text);
    }

    pub(super) fn finish(mut self) -> Step {
        execution::settle(&mut self);
        incident::settle(&mut self);
        outbox::pump(&mut self);
        let Self {
            state,
            events,
            effects,
            reply,
            assessment,
            ..
        } = self;
        Step {
            state,
            events,
            effects,
            reply,
            assessment,
        }
    }
}
