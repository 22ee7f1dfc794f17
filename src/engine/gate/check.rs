//! Outside checks: asked once nothing else is missing, never two at a time.

use super::Entry;
use crate::domain::event::Urgency;
use crate::domain::rollout::ReleaseView;
use crate::domain::{AppId, Event, Exposure, PlainText};
use crate::engine::draft::Draft;
use crate::engine::effect::Effect;
use crate::engine::guard::Guard;
use crate::policy::{Want, WantKind};

/// Asks the outside check once everything else is met: never two at a time, and not again so soon after it said no.
pub(super) fn ask(
    draft: &mut Draft<'_>,
    id: &AppId,
    entry: &Entry<'_>,
    release: &ReleaseView,
    wants: &[Want],
) {
    let (app, now) = (draft.app(id), draft.now());
    let missing = wants
        .iter()
        .any(|want| want.kind != WantKind::Check && want.met != Some(true));
    let busy = app.checks.values().any(|check| check.passed.is_none());
    let off = draft.state.disarm_of(id, now).is_some() && draft.plan.keeps(Guard::Disarm);
    if missing || busy || off || draft.context.distrust.is_some() {
        return;
    }
    let due = entry.stages.iter().find_map(|stage| {
        let check = stage.check.as_ref()?;
        let attempt = match app.checks.get(&stage.exposure) {
            None => 1,
            Some(asked) if asked.passed == Some(false) && asked.at + check.every <= now => {
                asked.attempt + 1
            }
            Some(_) => return None,
        };
        Some((stage.exposure, attempt, check.clone()))
    });
    if let Some((stage, attempt, check)) = due {
        draft.emit(Some(id), Event::CheckStarted { stage, attempt });
        draft.effect(Effect::Check {
            app: id.clone(),
            version: release.version.clone(),
            stage,
            attempt,
            check,
        });
    }
}

/// The same for a release that waits.
pub(in crate::engine) fn ask_to_begin(draft: &mut Draft<'_>, id: &AppId, wants: &[Want]) {
    if let (Some(plan), Some(waiting)) = (draft.app_plan(id), draft.app(id).waiting.clone()) {
        ask(draft, id, &Entry::begin(plan), &waiting, wants);
    }
}

/// An outside check answered.
pub(in crate::engine) fn checked(
    draft: &mut Draft<'_>,
    id: &AppId,
    (stage, attempt): (Exposure, u32),
    result: &Result<PlainText, PlainText>,
) {
    let asked = draft.app(id).checks.remove(&stage);
    if asked.is_none_or(|check| check.attempt != attempt || check.passed.is_some()) {
        return;
    }
    let (passed, says) = match result {
        Ok(says) => (true, says.clone()),
        Err(says) => (false, says.clone()),
    };
    // Told once: it is asked again and again.
    if !passed && attempt == 1 {
        let words = format!("{id}: the check before {stage} says no: {says}");
        draft.tell(Some(id), Urgency::Info, &words);
    }
    draft.emit(
        Some(id),
        Event::CheckEnded {
            stage,
            attempt,
            passed,
            says,
        },
    );
}
