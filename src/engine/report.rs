//! What a person did at the store by themselves while the watcher could not be reached: written down, theirs, and never fought.
//!
//! Wants nothing of the store: it was done, and the next read shows whether it still is so.

use super::draft::Draft;
use super::{commands, reconcile, store};
use crate::domain::event::Urgency;
use crate::domain::{
    ActReply, ActRequest, AppId, Event, Exposure, Failure, FailureKind, Refusal, Status, Target,
    Timestamp, Verb,
};

/// What is told of an act of that time.
pub(super) type Told<'a> = (Verb, Timestamp, &'a Result<Exposure, Failure>);

pub(super) fn take(
    draft: &mut Draft<'_>,
    request: &ActRequest,
    id: &AppId,
    (verb, done, outcome): Told<'_>,
) -> Result<ActReply, Refusal> {
    if !matches!(verb, Verb::Pause | Verb::Halt) {
        return Err("only a pause or a halt is done without haltline".into());
    }
    commands::trusts(draft)?;
    let (actor, reason) = (request.actor.clone(), request.reason.clone());
    let when = done.format("%Y-%m-%d %H:%M UTC");
    let what = match outcome {
        Ok(exposure) => format!("{} at {exposure}, directly at the store", verb.past()),
        Err(failure) => format!("{verb} was tried directly at the store: {failure}"),
    };
    let words = format!("{id}: {what}, by {actor} ({when}): {reason}");
    draft.emit(
        Some(id),
        Event::DoneDirectly {
            verb,
            done,
            outcome: outcome.clone(),
            actor: actor.clone(),
            reason: reason.clone(),
        },
    );
    if may_be_done(outcome) {
        keep_still(draft, id, request);
    }
    draft.tell(Some(id), Urgency::Warning, &words);
    store::ask(draft, id);
    Ok(ActReply::Done)
}

/// It was, or nobody knows that it was not.
pub(super) fn may_be_done(outcome: &Result<Exposure, Failure>) -> bool {
    outcome
        .as_ref()
        .map_or_else(|failure| failure.kind == FailureKind::Ambiguous, |_| true)
}

/// Until the store is read again haltline raises nothing that a person has stopped.
fn keep_still(draft: &mut Draft<'_>, id: &AppId, request: &ActRequest) {
    let app = draft.app(id);
    let raises = |target| target != Target::Stopped;
    if let Some(desire) = app.desire.as_ref().filter(|desire| raises(desire.target)) {
        let why = format!("{} stopped it directly at the store", request.actor);
        reconcile::supersede(draft, id, desire, &why);
    }
    let seen = app.release.as_ref().map(|release| release.status);
    if app.hold.is_none() && seen != Some(Status::Stopped) {
        let (actor, reason) = (request.actor.clone(), request.reason.clone());
        draft.emit(Some(id), Event::HoldSet { actor, reason });
    }
}
