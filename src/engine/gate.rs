//! The gate in front of a rollout, as far as it is the engine's: approval, window, freeze, outside check, plans. What the data say of it
//! comes with the assessment.

use super::draft::Draft;
use crate::domain::{AppId, Event, Exposure, PlainText};

/// An outside check answered.
pub(super) fn checked(
    draft: &mut Draft<'_>,
    id: &AppId,
    (stage, attempt): (Exposure, u32),
    result: &Result<PlainText, PlainText>,
) {
    let app = draft.app(id);
    let asked = app.checks.get(&stage);
    if asked.is_none_or(|check| check.attempt != attempt || check.passed.is_some()) {
        return;
    }
    let (passed, says) = match result {
        Ok(says) => (true, says.clone()),
        Err(says) => (false, says.clone()),
    };
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
