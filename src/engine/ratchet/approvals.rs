//! Approvals: of the gate in front of a rollout, and of a change that waits for a second person.

use std::collections::BTreeSet;

use super::super::commands::trusts;
use super::super::draft::Draft;
use super::super::plan::AppPlan;
use super::super::state::AppState;
use super::{changes, in_force};
use crate::domain::event::Urgency;
use crate::domain::{
    ActReply, ActRequest, Actor, AppId, Event, Exposure, PlainText, Refusal, RefusalKind, Status,
};
use crate::policy::access::ROOT;
use crate::policy::stage::Approval;
use crate::policy::{Access, Role};

/// A person approves. A change that waits for this person comes first: who asked for it, and who may not agree to it, can only
/// mean the gate.
pub(in super::super) fn approve(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
) -> Result<ActReply, Refusal> {
    trusts(draft)?;
    let (Some(plan), app) = (draft.app_plan(id), draft.app(id)) else {
        return Err("there is no such app".into());
    };
    let access = &draft.plan.access;
    let actor = &request.actor;
    let asker = (actor, &request.standing);
    let wanted = wanted(plan, &app);
    if let Some(proposal) = app.proposal.clone() {
        let own = name(actor) == name(&proposal.actor);
        let may = access.permit(asker, Role::Admin, "agreeing to a looser policy");
        let may = may.and_then(|()| by_own_name(actor, "agreeing to a looser policy"));
        match (own, may, &wanted) {
            (false, Ok(()), _) => return changes::agree(draft, request, id, proposal),
            (_, _, Ok(_)) => {}
            (true, _, _) => {
                return Err("you asked for this change: another person has to agree to it".into());
            }
            (_, Err(why), _) => return Err(why),
        }
    }
    let (stage, approval) = wanted?;
    if approval.persons > 1 {
        by_own_name(actor, &format!("approving {stage}"))?;
    }
    let before = approved_by(access, &app, stage, approval.role);
    if name(actor).is_some_and(|name| before.contains(name)) {
        let wants = approval.persons;
        let have = before.len();
        return Err(format!("you approved {stage} already: {have} of {wants} persons").into());
    }
    let have = before.len() as u32 + 1;
    let words = format!("{id}: {stage} approved by {actor}: {}", request.reason);
    let approved = Event::Approved {
        stage,
        actor: actor.clone(),
        standing: request.standing.clone(),
        reason: request.reason.clone(),
    };
    draft.emit(Some(id), approved);
    draft.tell(Some(id), Urgency::Info, &words);
    if have >= approval.persons {
        return Ok(ActReply::Done);
    }
    let what = format!(
        "{have} of {} persons have approved {stage}",
        approval.persons
    );
    Ok(ActReply::Waits { what: what.into() })
}

/// The different persons of at least this role who approved entering this stage since the last stop.
pub(in super::super) fn approved_by<'a>(
    access: &Access,
    app: &'a AppState,
    stage: Exposure,
    role: Role,
) -> BTreeSet<&'a PlainText> {
    let of_stage = app.approvals.iter().filter(|(at, ..)| *at == stage);
    let able = of_stage.filter(|(_, actor, standing)| access.role_of(actor, standing) >= role);
    able.filter_map(|(_, actor, _)| name(actor)).collect()
}

/// The next stage that an approval could be for, and what it wants.
pub(in super::super) fn wanted(
    plan: &AppPlan,
    app: &AppState,
) -> Result<(Exposure, Approval), String> {
    let policy = in_force(plan, app);
    let release = app.release.as_ref();
    let ahead = release.and_then(|release| {
        let mut stages = policy.stages.iter();
        let goes = matches!(release.status, Status::InProgress | Status::Stopped);
        stages.find(|stage| goes && stage.exposure > release.exposure)
    });
    // A release that waits is not pinned yet: it will begin by the file.
    let first = app
        .waiting
        .as_ref()
        .and_then(|_| plan.policy.stages.first());
    let order = if app.starting.is_some() {
        [first, ahead]
    } else {
        [ahead, first]
    };
    let mut order = order.into_iter().flatten();
    let Some(next) = order.clone().next() else {
        return Err("there is no stage in front of it".into());
    };
    let Some(stage) = order.find(|stage| stage.approval.is_some()) else {
        return Err(format!("{} takes no approval", next.exposure));
    };
    let by_gate = |actor: &Actor| matches!(actor, Actor::Gate { .. });
    let stopped = app.latched || app.stopped_by.as_ref().is_some_and(|actor| !by_gate(actor));
    if stopped && ahead.is_some_and(|ahead| ahead.exposure == stage.exposure) {
        return Err("it is stopped: resume it first, then approve".into());
    }
    let approval = stage.approval.ok_or("it takes no approval")?;
    Ok((stage.exposure, approval))
}

/// Root is whoever has become it, perhaps the same person again: where two are wanted it is nobody.
///
/// # Errors
/// Of root.
pub(super) fn by_own_name(actor: &Actor, what: &str) -> Result<(), Refusal> {
    if name(actor).is_some_and(|name| name.as_str() == ROOT) {
        let why = format!(
            "{what} takes people by their own names, and root may be anybody: ask as yourself"
        );
        return Err(Refusal::new(RefusalKind::Rights, why));
    }
    Ok(())
}

fn name(actor: &Actor) -> Option<&PlainText> {
    match actor {
        Actor::Person { name, .. } => Some(name),
        _ => None,
    }
}
