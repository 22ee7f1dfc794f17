//! Who may ask for what: what an act takes as things are, and whether this person has it.

use super::gate;
use super::plan::{AppPlan, Plan};
use super::ratchet::{in_force, wanted};
use super::state::{AppState, State};
use crate::domain::rollout::ReleaseView;
use crate::domain::{Act, ActRequest, AppId, Exposure, Refusal, Status, StoreKind};
use crate::policy::rights::takes;
use crate::policy::{Role, Stage, Stakes};

/// Whether this person may ask for this at all. What is done outside the engine, such as pressing the red button, is asked for
/// here before. Loosening a policy takes more, which shows when the change is weighed.
///
/// # Errors
/// What it takes, and whom to ask.
pub fn may(plan: &Plan, state: &State, request: &ActRequest) -> Result<(), Refusal> {
    let to = match request.act {
        Act::Do { to, .. } => to,
        _ => None,
    };
    let id = request.app.as_ref();
    let stakes = id.and_then(|id| stakes(plan, state, id, to));
    let latched = id
        .and_then(|id| state.app(id))
        .is_some_and(|app| app.latched);
    let takes = takes(&request.act, latched, &stakes.unwrap_or_default());
    if takes.own && request.standing.own {
        return Ok(());
    }
    let asker = (&request.actor, &request.standing);
    plan.access.permit(asker, takes.role, &takes.what)
}

/// What of an app decides who may act on it; `to`: where somebody says how far to go. `None` where there is no such app.
pub fn stakes(plan: &Plan, state: &State, id: &AppId, to: Option<Exposure>) -> Option<Stakes> {
    let plan = plan.apps.get(id)?;
    let nothing = AppState::default();
    let app = state.app(id).unwrap_or(&nothing);
    let gates = Gates { plan, app };
    let approval = wanted(plan, app).ok();
    // Who may not open the gate could still agree to a change; who may can do either.
    let approve = approval.map(|(_, approval)| approval.role);
    let agree = app.proposal.as_ref().map(|_| Role::Admin);
    Some(Stakes {
        start: gates.start(to),
        advance: gates.advance(to),
        complete: gates.watched(|_| true),
        resume: gates.resume(),
        approve: approve.or(agree).unwrap_or(Role::Operator),
        approves: approval.map(|(stage, _)| stage),
    })
}

/// The gates ahead of an app: going past one takes the role of whoever would open it.
struct Gates<'a> {
    plan: &'a AppPlan,
    app: &'a AppState,
}

impl Gates<'_> {
    /// Of the stages ahead of the release watched.
    fn watched(&self, passed: impl Fn(&Stage) -> bool) -> Role {
        let Some(release) = &self.app.release else {
            return Role::Operator;
        };
        let policy = in_force(self.plan, self.app);
        let ahead = policy
            .stages
            .iter()
            .filter(|stage| stage.exposure > release.exposure);
        opener(ahead.filter(|stage| passed(stage)))
    }

    fn start(&self, to: Option<Exposure>) -> Role {
        let Some(to) = to else {
            return Role::Operator;
        };
        if self.app.waiting.is_none() {
            return self.watched(|stage| stage.exposure <= to);
        }
        // It waits at the gate to the first stage itself, and passes those after it.
        let later = self.plan.policy.stages.iter().skip(1);
        opener(later.filter(|stage| stage.exposure <= to))
    }

    fn advance(&self, to: Option<Exposure>) -> Role {
        let app = self.app;
        if app.begins_past_gate() {
            return opener(self.plan.policy.stages.first());
        }
        let Some(release) = &app.release else {
            return Role::Operator;
        };
        let next = gate::next_stage(&in_force(self.plan, app), release).map(|it| it.exposure);
        let to = to.or_else(|| next.max(self.daily(release)));
        self.watched(|stage| to.is_some_and(|to| stage.exposure <= to))
    }

    /// Out of a stop by a gate the next step goes past that gate.
    fn resume(&self) -> Role {
        let app = self.app;
        let release = app.release.as_ref().filter(|_| app.waits_at_gate());
        let to = release.map(|release| self.daily(release).unwrap_or(release.exposure));
        self.watched(|stage| to.is_some_and(|to| stage.exposure <= to))
    }

    /// Where Apple's next step leads.
    fn daily(&self, release: &ReleaseView) -> Option<Exposure> {
        let steps = self.plan.store == StoreKind::AppStore;
        steps.then(|| gate::daily_step(release)).flatten()
    }
}

fn opener<'a>(passed: impl IntoIterator<Item = &'a Stage>) -> Role {
    passed
        .into_iter()
        .filter_map(|stage| Some(stage.approval?.role))
        .fold(Role::Operator, Role::max)
}

impl AppState {
    /// An advance begins the release that waits, past its gate: its start was asked for, and nothing else is rolled out.
    pub(super) fn begins_past_gate(&self) -> bool {
        let runs = self
            .release
            .as_ref()
            .is_some_and(|release| matches!(release.status, Status::InProgress | Status::Stopped));
        self.starting.is_some() && !runs && self.desire.is_none()
    }
}
