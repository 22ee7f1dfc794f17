//! What people ask for: checked, then wanted, or refused with the reason.

use chrono::TimeDelta;

use super::draft::Draft;
use super::plan::Plan;
use super::reconcile;
use super::state::AppState;
use super::{gate, incident, ladder, ratchet, report, tiers};
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Act, ActReply, ActRequest, Actor, AppId, Event, Exposure, PlainText, Status, StoreKind, Target,
    Verb,
};
use crate::policy::Role;

/// The longest that an announced act may be held.
const LONGEST_POSTPONEMENT: TimeDelta = TimeDelta::minutes(15);

/// The longest note, in characters.
const LONGEST_NOTE: usize = 500;

/// Whether this person may press the red button, and the like, at all: what is done outside the engine is asked for before.
/// The watcher's own user could press it in its file as well.
///
/// # Errors
/// What it takes, and whom to ask.
pub fn may(plan: &Plan, request: &ActRequest) -> Result<(), String> {
    let what = match &request.act {
        Act::Disarm { .. } => "stopping automation",
        Act::Arm => "arming automation",
        Act::Acknowledge => "acknowledging",
        Act::Note { .. } => "a note",
        _ => return Ok(()),
    };
    if request.standing.own {
        return Ok(());
    }
    let asker = (&request.actor, &request.standing);
    plan.access.permit(asker, Role::Operator, what)
}

/// Answers a request.
pub(super) fn asked(draft: &mut Draft<'_>, request: &ActRequest) {
    if let Err(why) = may(draft.plan, request) {
        draft.reply = Some(refused(draft, request, &why));
        return;
    }
    let reply = match (&request.act, &request.app) {
        (Act::Disarm { until }, scope) => {
            let (until, actor, reason) =
                (Some(*until), request.actor.clone(), request.reason.clone());
            draft.emit(
                scope.as_ref(),
                Event::Disarmed {
                    until,
                    actor,
                    reason,
                },
            );
            Ok(ActReply::Done)
        }
        (Act::Arm, scope) => {
            let (actor, reason) = (request.actor.clone(), request.reason.clone());
            draft.emit(scope.as_ref(), Event::Armed { actor, reason });
            Ok(ActReply::Done)
        }
        (_, None) => Err("name an app".to_owned()),
        (_, Some(id)) if draft.app_plan(id).is_none() => Err(format!(
            "there is no app {id:?} in the config",
            id = id.as_str()
        )),
        (act, Some(id)) => about_app(draft, request, act, id),
    };
    draft.reply = Some(reply.unwrap_or_else(|why| refused(draft, request, &why)));
}

fn refused(draft: &mut Draft<'_>, request: &ActRequest, why: &str) -> ActReply {
    if let (Act::Do { verb, .. }, Some(id)) = (&request.act, &request.app)
        && draft.app_plan(id).is_some()
    {
        draft.emit(
            Some(id),
            Event::Refused {
                verb: *verb,
                actor: request.actor.clone(),
                why: why.into(),
            },
        );
    }
    ActReply::Refused { why: why.into() }
}

fn about_app(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    act: &Act,
    id: &AppId,
) -> Result<ActReply, String> {
    let app = draft.app(id);
    if let Some(expected) = request.expect.filter(|expected| *expected != app.revision) {
        return Err(format!(
            "{id} is at revision {}, not {expected}: look again, then ask again",
            app.revision
        ));
    }
    permit(draft, &app, request)?;
    let actor = request.actor.clone();
    match act {
        Act::Do { verb, to } => carry_out(draft, request, id, &app, *verb, *to),
        Act::Postpone => {
            let Some(pending) = app.announced.clone() else {
                return Err("no act is announced".into());
            };
            if pending.held {
                return Err("it was held once already".into());
            }
            let (rule, reason) = (pending.rule, request.reason.clone());
            let until = pending.due.max(draft.now()) + LONGEST_POSTPONEMENT;
            let words = format!(
                "{id}: {} held until {} by {actor}: {reason}",
                pending.verb,
                until.format("%H:%M UTC")
            );
            draft.emit(
                Some(id),
                Event::ActPostponed {
                    rule,
                    until,
                    actor,
                    reason,
                },
            );
            draft.tell(Some(id), Urgency::Warning, &words);
            Ok(ActReply::Done)
        }
        Act::Acknowledge => {
            incident::acknowledge(draft, id, &actor, &request.reason);
            Ok(ActReply::Done)
        }
        Act::Note { text } => note(draft, id, text, actor),
        Act::Approve => ratchet::approve(draft, request, id),
        Act::Declare { flow, fix } => tiers::declare(draft, request, id, flow, *fix),
        Act::Withdraw { flow } => tiers::withdraw(draft, request, id, flow),
        Act::Change { change } => ratchet::ask(draft, request, id, change),
        Act::Report { verb, at, outcome } => {
            report::take(draft, request, id, (*verb, *at, outcome))
        }
        Act::Disarm { .. } | Act::Arm => Ok(ActReply::Done),
    }
}

/// It changes nothing else.
fn note(
    draft: &mut Draft<'_>,
    id: &AppId,
    text: &PlainText,
    actor: Actor,
) -> Result<ActReply, String> {
    trusts(draft)?;
    let long = text.as_str().chars().count();
    if text.as_str().trim().is_empty() {
        return Err("a note needs words".into());
    }
    if long > LONGEST_NOTE {
        return Err(format!(
            "a note has at most {LONGEST_NOTE} characters, and this one has {long}: put the rest behind a link"
        ));
    }
    let text = text.clone();
    draft.emit(Some(id), Event::Noted { text, actor });
    Ok(ActReply::Done)
}

/// Who may ask for this. Approvals and changes of the policy are weighed where they are understood; for what [`may`] has
/// said, nothing more is needed.
fn permit(draft: &Draft<'_>, app: &AppState, request: &ActRequest) -> Result<(), String> {
    let (needed, what) = match &request.act {
        Act::Do { verb, .. } if *verb == Verb::Resume && app.latched => {
            (Role::Admin, "lifting a halt".to_owned())
        }
        Act::Do {
            verb: verb @ (Verb::Advance | Verb::Complete),
            to,
        } => {
            let needed = passing(draft, app, request, *verb, *to);
            let what = match needed {
                Role::Admin => format!("to {verb} past a gate that an admin opens"),
                Role::Viewer | Role::Operator => format!("to {verb} a rollout"),
            };
            (needed, what)
        }
        Act::Do { verb, .. } => (Role::Operator, format!("to {verb} a rollout")),
        Act::Postpone => (Role::Operator, "holding an announced act".to_owned()),
        Act::Declare { .. } | Act::Withdraw { .. } => {
            (Role::Operator, "declaring a critical flow".to_owned())
        }
        Act::Acknowledge
        | Act::Note { .. }
        | Act::Disarm { .. }
        | Act::Arm
        | Act::Approve
        | Act::Change { .. } => return Ok(()),
        // Whoever could do it at the store may say so.
        Act::Report { .. } => (
            Role::Operator,
            "telling what was done at the store".to_owned(),
        ),
    };
    let asker = (&request.actor, &request.standing);
    draft.plan.access.permit(asker, needed, &what)
}

/// Going past a gate takes the role of whoever would open it.
fn passing(
    draft: &Draft<'_>,
    app: &AppState,
    request: &ActRequest,
    verb: Verb,
    to: Option<Exposure>,
) -> Role {
    let plan = request.app.as_ref().and_then(|id| draft.app_plan(id));
    let (Some(plan), Some(release)) = (plan, &app.release) else {
        return Role::Operator;
    };
    let policy = super::ratchet::in_force(plan, app);
    let ahead = policy
        .stages
        .iter()
        .filter(|stage| stage.exposure > release.exposure);
    let passed = ahead.enumerate().filter(|(place, stage)| match to {
        Some(to) => stage.exposure <= to,
        None => verb == Verb::Complete || *place == 0,
    });
    passed
        .filter_map(|(_, stage)| Some(stage.approval?.role))
        .fold(Role::Operator, Role::max)
}

/// What is decided has to be made durable.
pub(super) fn trusts(draft: &Draft<'_>) -> Result<(), String> {
    match &draft.context.distrust {
        None => Ok(()),
        Some(why) => Err(format!(
            "haltline must not act, since its journal cannot be trusted ({why}): use the store's own console"
        )),
    }
}

fn carry_out(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    app: &AppState,
    verb: Verb,
    to: Option<Exposure>,
) -> Result<ActReply, String> {
    let Some(plan) = draft.app_plan(id) else {
        return Err("there is no such app".into());
    };
    trusts(draft)?;
    // What concerns the release that waits needs none that is watched.
    if verb == Verb::Start && (app.waiting.is_some() || app.release.is_none()) {
        return ladder::start(draft, request, id, to);
    }
    if verb == Verb::Advance
        && let Some(reply) = ladder::begin_past_gate(draft, request, id)
    {
        return Ok(reply);
    }
    let Some(release) = &app.release else {
        return Err(app.store_failure.as_ref().map_or_else(
            || "the store shows no release to act on".to_owned(),
            |failure| format!("the store cannot be read: {failure}"),
        ));
    };
    let (store, actor, reason) = (plan.store, request.actor.clone(), request.reason.clone());
    let stages = super::ratchet::in_force(plan, app)
        .stages
        .iter()
        .map(|stage| stage.exposure)
        .collect::<Vec<_>>();
    let target = match verb {
        Verb::Start => {
            let further = to.filter(|to| *to > release.exposure);
            let target = further.map(|_| advance_target(store, app, release, &stages, to));
            let target = target.transpose()?;
            let reply = ladder::start(draft, request, id, to)?;
            match target {
                Some(target) => target,
                None => return Ok(reply),
            }
        }
        Verb::Hold => {
            draft.emit(Some(id), Event::HoldSet { actor, reason });
            super::acts::hold_before_daily_step(draft, id);
            reconcile::go_on(draft, id);
            return Ok(ActReply::Done);
        }
        Verb::Pause | Verb::Halt => stoppable(store, release)?,
        Verb::Resume => {
            let target = resumable(app, release)?;
            if app.hold.is_some() {
                let (actor, reason) = (actor.clone(), reason.clone());
                draft.emit(Some(id), Event::HoldLifted { actor, reason });
            }
            if release.status != Status::Stopped && app.desire.is_none() {
                // Held, but never stopped: the store has nothing to resume, and the evidence goes on.
                return Ok(ActReply::Done);
            }
            if app.waits_at_gate() {
                let to = gate::daily_step(release).unwrap_or(release.exposure);
                ladder::overrule(draft, id, to, (actor.clone(), reason.clone()));
            }
            target
        }
        Verb::Advance if to.is_none() && lets_through(store, app, release, &stages) => {
            let to = gate::daily_step(release).unwrap_or(release.exposure);
            ladder::overrule(draft, id, to, (actor, reason));
            return Ok(ActReply::Done);
        }
        Verb::Advance => advance_target(store, app, release, &stages, to)?,
        Verb::Complete => {
            runs(app, release)?;
            Target::Completed
        }
    };
    let verb = if verb == Verb::Start {
        Verb::Advance
    } else {
        verb
    };
    let raised = match (verb, target) {
        (Verb::Advance, Target::InProgress { exposure }) => exposure,
        (Verb::Advance | Verb::Complete, Target::Completed) => Some(Exposure::FULL),
        _ => None,
    };
    if let Some(to) = raised {
        ladder::overrule(draft, id, to, (actor.clone(), reason.clone()));
    }
    let words = format!("{id}: {verb} asked for by {actor}: {reason}");
    let revision = reconcile::want(draft, id, verb, target, actor, &reason);
    draft.tell(Some(id), Urgency::Info, &words);
    Ok(ActReply::Taken { revision })
}

fn stoppable(store: StoreKind, release: &ReleaseView) -> Result<Target, String> {
    match release.status {
        Status::Draft | Status::Pending => Err("the release is not out yet: there is nothing to stop".into()),
        Status::Completed if store == StoreKind::AppStore => {
            Err("everybody has it: the App Store stops nothing after COMPLETE; ship a fix and ask for an expedited review".into())
        }
        _ => Ok(Target::Stopped),
    }
}

fn resumable(app: &AppState, release: &ReleaseView) -> Result<Target, String> {
    match release.status {
        // A release halted after it was complete has no fraction to go on with.
        Status::Stopped if release.exposure == Exposure::FULL => Ok(Target::Completed),
        Status::Stopped => Ok(Target::InProgress { exposure: None }),
        Status::InProgress if stop_under_way(app).is_some() || app.hold.is_some() => {
            Ok(Target::InProgress { exposure: None })
        }
        // Nothing runs that could be resumed, but a hold keeps the next release from beginning.
        Status::Completed if app.hold.is_some() && app.desire.is_none() => Ok(Target::Completed),
        _ => Err("it is not stopped: there is nothing to resume".into()),
    }
}

/// The verb of a stop that the store does not show yet.
fn stop_under_way(app: &AppState) -> Option<Verb> {
    let desire = app.desire.as_ref();
    let stop = desire.filter(|desire| desire.target == Target::Stopped);
    stop.map(|desire| desire.verb)
}

/// The release is out, staged, and nobody stopped it.
fn runs(app: &AppState, release: &ReleaseView) -> Result<(), String> {
    match release.status {
        Status::InProgress if app.latched => Err("a halt is under way: resume it first".into()),
        Status::InProgress => match stop_under_way(app) {
            Some(verb) => Err(format!("a {verb} is under way: resume it first")),
            None => Ok(()),
        },
        Status::Stopped => Err("it is stopped: resume it first".into()),
        Status::Completed => Err("everybody has it already".into()),
        Status::Draft | Status::Pending => Err("the release is not out yet".into()),
    }
}

/// Between daily steps the App Store cannot be advanced; but haltline can let Apple's next step go past a gate that it would pause
/// before.
fn lets_through(
    store: StoreKind,
    app: &AppState,
    release: &ReleaseView,
    stages: &[Exposure],
) -> bool {
    let next = stages.iter().find(|stage| **stage > release.exposure);
    store == StoreKind::AppStore
        && app.ladder.is_some()
        && release.status == Status::InProgress
        && next.is_some_and(|next| *next < Exposure::FULL)
}

fn advance_target(
    store: StoreKind,
    app: &AppState,
    release: &ReleaseView,
    stages: &[Exposure],
    to: Option<Exposure>,
) -> Result<Target, String> {
    runs(app, release)?;
    let next = to.or_else(|| {
        stages
            .iter()
            .copied()
            .find(|stage| *stage > release.exposure)
    });
    let Some(next) = next else {
        return Err("the policy has no further stage: say --to PERCENT, or complete".into());
    };
    if next <= release.exposure {
        return Err(format!(
            "it is at {} already: exposure cannot be lowered to {next}, only stopped",
            release.exposure
        ));
    }
    match (store, next == Exposure::FULL) {
        (_, true) => Ok(Target::Completed),
        (StoreKind::GooglePlay, false) => Ok(Target::InProgress {
            exposure: Some(next),
        }),
        (StoreKind::AppStore, false) => Err(
            "between daily steps the App Store knows only one way forward: complete, to everyone"
                .into(),
        ),
    }
}
