//! A release begins: on a person's word, or where a plan says so, once nothing is in the way.

use super::overrule::{overruled, passed_over};
use super::{against, allowed, joined, take};
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    ActReply, ActRequest, Actor, AppId, Event, Exposure, PlainText, Refusal, Status, StoreKind,
    Target, Verb,
};
use crate::engine::draft::Draft;
use crate::engine::plan::AppPlan;
use crate::engine::ratchet::in_force;
use crate::engine::state::AppState;
use crate::engine::{cross, gate, reconcile};
use crate::policy::Start;

/// A person starts the rollout: the release that waits, else haltline takes the ladder of the one that runs.
pub(in crate::engine) fn start(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    to: Option<Exposure>,
) -> Result<ActReply, Refusal> {
    let app = draft.app(id);
    let Some(plan) = draft.app_plan(id) else {
        return Err("there is no such app".into());
    };
    if let Some(waiting) = &app.waiting {
        return start_waiting(draft, request, id, (plan, &app, waiting), to);
    }
    let Some(release) = &app.release else {
        return Err("no release waits to be begun, and none is rolled out".into());
    };
    if release.status == Status::Completed {
        return Err("everybody has it already, and no other release waits to be begun".into());
    }
    if in_force(plan, &app).stages.is_empty() {
        return Err("the policy has no stages to carry out".into());
    }
    let further = to.filter(|to| *to > release.exposure);
    if app.ladder.is_some() && further.is_none() {
        return Err("haltline carries its stages out already".into());
    }
    if app.ladder.is_none() {
        take(draft, id, request.actor.clone(), &request.reason);
    }
    Ok(ActReply::Done)
}

fn start_waiting(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    (plan, app, waiting): (&AppPlan, &AppState, &ReleaseView),
    to: Option<Exposure>,
) -> Result<ActReply, Refusal> {
    match (plan.store, to, plan.policy.stages.is_empty()) {
        (StoreKind::AppStore, Some(_), _) => {
            return Err("Apple chooses the share of each day: leave --to out".into());
        }
        (StoreKind::GooglePlay, None, true) => {
            return Err("the policy has no stages: say with --to how many get it first".into());
        }
        _ => {}
    }
    if let Some(desire) = &app.desire {
        let verb = desire.verb;
        return Err(format!("{verb} is under way: wait until it is confirmed").into());
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    draft.emit(
        Some(id),
        Event::StartAsked {
            version: waiting.version.clone(),
            actor: actor.clone(),
            reason: reason.clone(),
            to,
        },
    );
    let words = format!(
        "{id}: start of {} asked for by {actor}: {reason}",
        waiting.version
    );
    let missing = missing_to_begin(draft, id);
    if missing.is_empty() {
        draft.tell(Some(id), Urgency::Info, &words);
        passed_over(draft, id, &plan.policy, to, request);
        let revision = begin_as(draft, id, actor, &reason);
        return Ok(ActReply::Taken { revision });
    }
    let what = joined(&missing);
    draft.tell(
        Some(id),
        Urgency::Info,
        &format!("{words}; it waits: {what}"),
    );
    begin(draft, id);
    Ok(ActReply::Waits { what: what.into() })
}

/// What keeps a release that waits from being begun.
fn missing_to_begin(draft: &Draft<'_>, id: &AppId) -> Vec<PlainText> {
    let gate = gate::to_begin(draft.plan, &draft.state, id, draft.now());
    let mut missing = gate.map_or_else(Vec::new, |gate| gate::unmet(&gate.wants));
    let held = |actor| PlainText::from(format!("held by {actor}"));
    missing.extend(draft.app(id).hold.as_ref().map(held));
    missing
}

/// A person goes past the gate in front of a release that waits.
pub(in crate::engine) fn begin_past_gate(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
) -> Option<ActReply> {
    let app = draft.app(id);
    let (plan, starting) = (draft.app_plan(id)?, app.starting.clone()?);
    if !app.begins_past_gate() {
        return None;
    }
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    let next = starting.to.unwrap_or(gate::first_share(plan));
    let unmet = missing_to_begin(draft, id);
    overruled(draft, id, (Exposure::NONE, next), unmet, (&actor, &reason));
    let revision = begin_as(draft, id, actor, &reason);
    Some(ActReply::Taken { revision })
}

/// Begins a release that waits, where a person asked for it or a plan says so, and nothing is in the way any more.
pub(in crate::engine) fn begin(draft: &mut Draft<'_>, id: &AppId) {
    let free = |app: &AppState| app.waiting.is_some() && app.desire.is_none();
    let (Some(plan), true) = (draft.app_plan(id), draft.state.app(id).is_some_and(free)) else {
        return;
    };
    let app = draft.app(id);
    let by_plan = cross::begins(draft.plan, id).filter(|_| plan.start == Start::Automatic);
    let reason = match (&app.starting, by_plan) {
        (Some(starting), _) => format!("asked for by {}: {}", starting.actor, starting.reason),
        (None, Some(name)) => format!("plan {name}"),
        (None, None) => return,
    };
    let Some(status) = gate::to_begin(draft.plan, &draft.state, id, draft.now()) else {
        return;
    };
    gate::ask_to_begin(draft, id, &status.wants);
    let stage = status.next;
    if against(draft, id, true).is_none() && allowed(draft, id, stage, Verb::Start) {
        begin_as(draft, id, Actor::Gate { stage }, &reason.into());
    }
}

fn begin_as(draft: &mut Draft<'_>, id: &AppId, actor: Actor, reason: &PlainText) -> u64 {
    let app = draft.app(id);
    let (Some(plan), Some(waiting)) = (draft.app_plan(id), app.waiting.clone()) else {
        return draft.state.last_revision;
    };
    let asked = app.starting.as_ref().and_then(|starting| starting.to);
    let share = asked.unwrap_or(gate::first_share(plan));
    let exposure = (plan.store == StoreKind::GooglePlay && share < Exposure::FULL).then_some(share);
    let target = Target::Started { exposure };
    reconcile::want_of(
        draft,
        id,
        (Verb::Start, target, Some(waiting.version)),
        actor,
        reason,
    )
}
