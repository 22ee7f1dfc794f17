//! Apple's daily step: paused before it where it would enter a stage whose gate is shut.

use chrono::TimeDelta;

use super::{allowed, joined};
use crate::domain::{Actor, AppId, Status, StoreKind, Target, Timestamp, Verb};
use crate::engine::acts::next_daily_step;
use crate::engine::draft::Draft;
use crate::engine::plan::AppPlan;
use crate::engine::ratchet::in_force;
use crate::engine::state::AppState;
use crate::engine::{gate, reconcile};
use crate::policy::Policy;

/// How long before Apple's daily step a rollout is paused whose gate is shut.
const BEFORE_DAILY_STEP: TimeDelta = TimeDelta::hours(2);

/// The same where nobody has judged the gate since the watcher started: the data may be on their way.
const UNJUDGED: TimeDelta = TimeDelta::hours(1);

/// When a rollout on the App Store has to be paused, should its gate be shut then; `None` where Apple's next step enters no stage.
pub(in crate::engine) fn pause_due(
    plan: &AppPlan,
    app: &AppState,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    let release = app.release.as_ref()?;
    let start = release.phased.as_ref()?.start?;
    let next = gate::next_stage(policy, release)?.exposure;
    let free = plan.store == StoreKind::AppStore
        && release.status == Status::InProgress
        && app.ladder.is_some()
        && app.desire.is_none()
        && app.hold.is_none();
    let enters = gate::daily_step(release)? >= next;
    let let_go = app.overruled.is_some_and(|stage| stage >= next);
    let judged = app.gate.as_ref().is_some_and(|gate| gate.next == next);
    let before = if judged { BEFORE_DAILY_STEP } else { UNJUDGED };
    (free && enters && !let_go).then(|| next_daily_step(start, now) - before)
}

/// Pauses before Apple's next daily step where that would enter a stage whose gate is shut.
pub(in crate::engine) fn pause_before_daily_step(draft: &mut Draft<'_>, id: &AppId) {
    let (app, now) = (draft.app(id), draft.now());
    let (Some(plan), Some(release)) = (draft.app_plan(id), &app.release) else {
        return;
    };
    if app.ladder.is_none() || plan.store != StoreKind::AppStore {
        return;
    }
    let policy = in_force(plan, &app);
    if pause_due(plan, &app, &policy, now).is_none_or(|due| due > now) {
        return;
    }
    let shut = gate::shut(draft.plan, &draft.state, id, now);
    let next = gate::next_stage(&policy, release).map(|stage| stage.exposure);
    let (false, Some(stage)) = (shut.is_empty(), next) else {
        return;
    };
    if allowed(draft, id, stage, Verb::Hold) {
        let reason = format!(
            "before Apple's daily step, the gate to {stage}: {}",
            joined(&shut)
        );
        reconcile::want(
            draft,
            id,
            Verb::Hold,
            Target::Stopped,
            Actor::Gate { stage },
            &reason.into(),
        );
    }
}
