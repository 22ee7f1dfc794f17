//! Past a gate by a person: written down with what it still wanted.

use crate::domain::{ActRequest, Actor, AppId, Event, Exposure, PlainText};
use crate::engine::draft::Draft;
use crate::engine::gate;
use crate::engine::ratchet::in_force;
use crate::policy::Policy;

/// A person raises exposure to `to`: every gate on the way that is shut, or was never judged, is written down with what it wanted.
pub(in crate::engine) fn overrule(
    draft: &mut Draft<'_>,
    id: &AppId,
    to: Exposure,
    (actor, reason): (Actor, PlainText),
) {
    let app = draft.app(id);
    let (Some(plan), Some(release)) = (draft.app_plan(id), &app.release) else {
        return;
    };
    let policy = in_force(plan, &app);
    let below = policy.stages.iter().rev();
    let mut stage = below
        .map(|stage| stage.exposure)
        .find(|exposure| *exposure <= release.exposure)
        .unwrap_or(release.exposure);
    let first = gate::next_stage(&policy, release).map(|next| next.exposure);
    for next in policy.stages.iter().map(|stage| stage.exposure) {
        if next <= release.exposure || next > to {
            continue;
        }
        let unmet = if Some(next) == first {
            gate::shut(draft.plan, &draft.state, id, draft.now())
        } else {
            vec!["it was passed over".into()]
        };
        overruled(draft, id, (stage, next), unmet, (&actor, &reason));
        stage = next;
    }
}

/// A release that is begun above the first stage never waits at the gates before it.
pub(super) fn passed_over(
    draft: &mut Draft<'_>,
    id: &AppId,
    policy: &Policy,
    to: Option<Exposure>,
    request: &ActRequest,
) {
    let stages = policy.stages.iter().map(|stage| stage.exposure);
    for (stage, next) in stages.clone().zip(stages.skip(1)) {
        if to.is_some_and(|to| to >= next) {
            let unmet = vec!["it was passed over".into()];
            overruled(
                draft,
                id,
                (stage, next),
                unmet,
                (&request.actor, &request.reason),
            );
        }
    }
}

pub(super) fn overruled(
    draft: &mut Draft<'_>,
    id: &AppId,
    (stage, next): (Exposure, Exposure),
    unmet: Vec<PlainText>,
    (actor, reason): (&Actor, &PlainText),
) {
    if unmet.is_empty() {
        return;
    }
    let (actor, reason) = (actor.clone(), reason.clone());
    draft.emit(
        Some(id),
        Event::GateOverruled {
            stage,
            next,
            unmet,
            actor,
            reason,
        },
    );
}
