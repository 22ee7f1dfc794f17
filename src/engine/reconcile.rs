//! A desire is carried out: written, read back, tried again until the store agrees, or a person has been told.

use super::draft::Draft;
use super::effect::Effect;
use super::guard::Guard;
use super::state::{Desire, Phase};
use super::{ladder, store};
use crate::domain::event::{Urgency, WriteResult};
use crate::domain::rollout::{Applied, Order, ReleaseView};
use crate::domain::{Actor, AppId, Event, Failure, FailureKind, PlainText, Target, Verb, Version};

/// Failed attempts after which a person is told, though haltline goes on.
const ATTEMPTS_BEFORE_TELLING: u32 = 4;

/// Sets a new desire for the release watched. See [`want_of`].
pub(super) fn want(
    draft: &mut Draft<'_>,
    id: &AppId,
    verb: Verb,
    target: Target,
    actor: Actor,
    reason: &PlainText,
) -> u64 {
    want_of(draft, id, (verb, target, None), actor, reason)
}

/// Sets a new desire, for the release that waits where its version is named. Raising exposure takes a person, or a gate that is open in
/// front of a rollout that nobody stopped: for anybody else this does nothing (invariant 2).
pub(super) fn want_of(
    draft: &mut Draft<'_>,
    id: &AppId,
    (verb, target, version): (Verb, Target, Option<Version>),
    actor: Actor,
    reason: &PlainText,
) -> u64 {
    let may = match actor {
        _ if verb.lowers() => true,
        Actor::Person { .. } => true,
        Actor::Gate { .. } => !ladder::barred(draft, id, version.is_some()),
        _ => !draft.plan.keeps(Guard::PersonRaises),
    };
    if !may {
        return draft.state.last_revision;
    }
    if let Some(old) = draft.app(id).desire.clone() {
        supersede(draft, id, &old, &format!("{verb} was asked for by {actor}"));
    }
    let void = draft.app(id).starting.clone();
    let revision = draft.state.last_revision + 1;
    draft.emit(
        Some(id),
        Event::DesireSet {
            revision,
            verb,
            target,
            version,
            actor,
            reason: reason.clone(),
        },
    );
    if let (Some(void), None) = (void, draft.app(id).starting.clone()) {
        let words = format!(
            "{id}: {} is not begun by itself any more, since the rollout before it was stopped: ask again",
            void.version
        );
        draft.tell(Some(id), Urgency::Warning, &words);
    }
    go_on(draft, id);
    revision
}

pub(super) fn supersede(draft: &mut Draft<'_>, id: &AppId, desire: &Desire, why: &str) {
    draft.emit(
        Some(id),
        Event::DesireSuperseded {
            revision: desire.revision,
            why: why.into(),
        },
    );
}

/// Takes the next step of the app's desire, if one is due now.
pub(super) fn go_on(draft: &mut Draft<'_>, id: &AppId) {
    let (app, now) = (draft.app(id), draft.now());
    let (Some(desire), Some(plan)) = (&app.desire, draft.app_plan(id)) else {
        return;
    };
    let watched = app.release.as_ref().map(|release| &release.version);
    let Some(version) = desire.version.as_ref().or(watched) else {
        return;
    };
    if desire.phase == Phase::Verify && app.writing.is_none() {
        return store::ask(draft, id);
    }
    let Phase::Due { at } = desire.phase else {
        return;
    };
    let keeps = |guard| draft.plan.keeps(guard);
    let automatic = !matches!(desire.actor, Actor::Person { .. });
    let off = automatic && draft.state.disarm_of(id, now).is_some() && keeps(Guard::Disarm);
    let busy = app.writing.is_some() && keeps(Guard::OneWrite);
    let distrusted = draft.context.distrust.is_some() && keeps(Guard::Distrust);
    let by_gate = matches!(desire.actor, Actor::Gate { .. }) && !desire.verb.lowers();
    if by_gate
        && !off
        && app.writing.is_none()
        && let Some(why) = ladder::against(draft, id, desire.version.is_some())
    {
        // What opened has shut since: nothing has been raised yet, and nothing is any more.
        return supersede(draft, id, desire, &format!("the gate is shut again: {why}"));
    }
    if at > now || busy || off || distrusted {
        return;
    }
    let order = Order {
        version: version.clone(),
        target: desire.target,
        in_review: plan.in_review,
        lifts: desire.verb == Verb::Resume || !keeps(Guard::YieldToStops),
    };
    let (revision, attempt) = (desire.revision, desire.attempts + 1);
    draft.emit(Some(id), Event::WriteStarted { revision, attempt });
    draft.effect(Effect::Write {
        app: id.clone(),
        revision,
        attempt,
        order,
    });
}

/// A write came back, or did not.
pub(super) fn write_done(
    draft: &mut Draft<'_>,
    id: &AppId,
    (revision, attempt): (u64, u32),
    result: &Result<Applied, Failure>,
) {
    let before = draft.app(id);
    if before.writing != Some((revision, attempt)) {
        return;
    }
    let result = match result {
        Ok(applied) => WriteResult::Done { applied: *applied },
        Err(failure) => WriteResult::Failed {
            failure: addressed(failure, id),
        },
    };
    let failure = match &result {
        WriteResult::Failed { failure } => Some(failure.clone()),
        WriteResult::Done { .. } => None,
    };
    draft.emit(
        Some(id),
        Event::WriteEnded {
            revision,
            attempt,
            result,
        },
    );
    let told_of = before.desire.as_ref().filter(|desire| desire.failed);
    let told_of = told_of.and_then(|desire| Some(desire.failure.as_ref()?.kind));
    let current = draft
        .app(id)
        .desire
        .clone()
        .filter(|desire| desire.revision == revision);
    match (current, failure) {
        (Some(desire), Some(_)) if !draft.plan.keeps(Guard::KeepWanting) => {
            let revision = desire.revision;
            draft.emit(
                Some(id),
                Event::DesireSuperseded {
                    revision,
                    why: "it failed".into(),
                },
            );
        }
        (Some(desire), Some(failure)) => {
            failed(draft, id, &desire, failure, told_of);
        }
        (Some(desire), None) if !draft.plan.keeps(Guard::ReadBack) => {
            if let Some(release) = draft.app(id).release.clone() {
                confirmed(draft, id, &desire, &release);
            }
        }
        _ => {}
    }
    go_on(draft, id);
}

/// A hint that shows a command names the app in it.
fn addressed(failure: &Failure, id: &AppId) -> Failure {
    let hint = failure.hint.as_str().replace(" APP ", &format!(" {id} "));
    Failure {
        hint: hint.into(),
        ..failure.clone()
    }
}

/// `told_of`: what somebody has been told of before.
fn failed(
    draft: &mut Draft<'_>,
    id: &AppId,
    desire: &Desire,
    failure: Failure,
    told_of: Option<FailureKind>,
) {
    let hopeless = !failure.kind.is_transient();
    if hopeless {
        let known = told_of == Some(failure.kind);
        let words = format!("{id}: {} FAILED: {failure}", desire.verb);
        // Nobody is woken because a rollout does not go up.
        let by_gate = matches!(desire.actor, Actor::Gate { .. }) && !desire.verb.lowers();
        let urgency = if by_gate {
            Urgency::Warning
        } else {
            Urgency::Page
        };
        draft.emit(
            Some(id),
            Event::DesireFailed {
                revision: desire.revision,
                failure,
            },
        );
        if !known {
            draft.tell(Some(id), urgency, &words);
        }
    } else if desire.attempts == ATTEMPTS_BEFORE_TELLING {
        let words = format!(
            "{id}: {} has failed {} times and goes on: {failure}",
            desire.verb, desire.attempts
        );
        draft.tell(Some(id), Urgency::Page, &words);
    }
}

/// The store was read and agrees: the desire is settled and forgotten.
pub(super) fn confirmed(draft: &mut Draft<'_>, id: &AppId, desire: &Desire, release: &ReleaseView) {
    let Some(plan) = draft.app_plan(id) else {
        return;
    };
    let (revision, verb) = (desire.revision, desire.verb);
    draft.emit(
        Some(id),
        Event::DesireConfirmed {
            revision,
            verb,
            exposure: release.exposure,
        },
    );
    // A gate resumes what was never in doubt.
    let lifted = verb == Verb::Resume && !matches!(desire.actor, Actor::Gate { .. });
    if lifted && draft.plan.keeps(Guard::RestartEvidence) {
        let (from, resumes) = (draft.now(), draft.app(id).resumes + 1);
        draft.emit(Some(id), Event::EvidenceRestarted { from, resumes });
    }
    let words = format!(
        "{id}: {} confirmed: {} reads {} at {} ({}, {})",
        verb,
        plan.store.name(),
        release.status.word(plan.store),
        release.exposure,
        desire.actor,
        desire.reason
    );
    let urgency = if matches!(desire.actor, Actor::Rule { .. }) {
        Urgency::Page
    } else {
        Urgency::Info
    };
    draft.tell(Some(id), urgency, &words);
}
