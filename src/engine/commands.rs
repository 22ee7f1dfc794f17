//! What people ask for: checked, then wanted, or refused with the reason.

use chrono::TimeDelta;

use super::draft::Draft;
use super::reconcile;
use super::state::AppState;
use super::{gate, incident, ladder, ratchet, report, rights, tiers, turned_away};
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{
    Act, ActReply, ActRequest, Actor, AppId, Event, Exposure, PlainText, Refusal, RefusalKind,
    Status, StoreKind, Target, Verb,
};

/// The longest that an announced act may be held.
const LONGEST_POSTPONEMENT: TimeDelta = TimeDelta::minutes(15);

/// The longest note, in characters.
const LONGEST_NOTE: usize = 500;

/// Answers a request.
pub(super) fn asked(draft: &mut Draft<'_>, request: &ActRequest) {
    let reply = rights::may(draft.plan, &draft.state, request);
    let reply = reply.and_then(|()| answer(draft, request));
    draft.reply = Some(match reply {
        Ok(reply) => reply,
        Err(refusal) => refused(draft, request, refusal),
    });
}

fn answer(draft: &mut Draft<'_>, request: &ActRequest) -> Result<ActReply, Refusal> {
    match (&request.act, &request.app) {
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
        (_, None) => Err("name an app".into()),
        (_, Some(id)) if draft.app_plan(id).is_none() => {
            let what = format!("there is no app {id:?} in the config", id = id.as_str());
            Err(Refusal::new(RefusalKind::NotFound, what))
        }
        (act, Some(id)) => about_app(draft, request, act, id),
    }
}

/// Written down where somebody wanted a rollout moved; of whoever may not, no more than they shall fill a journal with.
fn refused(draft: &mut Draft<'_>, request: &ActRequest, refusal: Refusal) -> ActReply {
    if let (Act::Do { verb, .. }, Some(id)) = (&request.act, &request.app)
        && draft.app_plan(id).is_some()
        && let Some(why) = turned_away::worth_writing(&draft.state, request, &refusal, draft.now())
    {
        let refused = Event::Refused {
            verb: *verb,
            actor: request.actor.clone(),
            kind: refusal.kind,
            why,
        };
        draft.emit(Some(id), refused);
    }
    ActReply::Refused(refusal)
}

fn about_app(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    act: &Act,
    id: &AppId,
) -> Result<ActReply, Refusal> {
    let app = draft.app(id);
    if let Some(expected) = request.expect.filter(|expected| *expected != app.revision) {
        let is = app.revision;
        let what = format!("{id} is at revision {is}, not {expected}: look again, then ask again");
        return Err(Refusal::new(RefusalKind::Stale, what));
    }
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
) -> Result<ActReply, Refusal> {
    trusts(draft)?;
    let long = text.as_str().chars().count();
    if text.as_str().trim().is_empty() {
        return Err("a note needs words".into());
    }
    if long > LONGEST_NOTE {
        let most = format!("a note has at most {LONGEST_NOTE} characters, and this one has {long}");
        return Err(format!("{most}: put the rest behind a link").into());
    }
    let text = text.clone();
    draft.emit(Some(id), Event::Noted { text, actor });
    Ok(ActReply::Done)
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
) -> Result<ActReply, Refusal> {
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
        return Err(match &app.store_failure {
            None => "the store shows no release to act on".into(),
            Some(failure) => format!("the store cannot be read: {failure}").into(),
        });
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
