//! Tiers: which answer holds, by the numbers and by what people declare.

use super::draft::Draft;
use crate::domain::{ActReply, ActRequest, AppId, Fix, PlainText};

pub(super) fn declare(
    _draft: &mut Draft<'_>,
    _request: &ActRequest,
    _id: &AppId,
    _flow: &PlainText,
    _fix: Fix,
) -> Result<ActReply, String> {
    Err("not built yet".into())
}

pub(super) fn withdraw(
    _draft: &mut Draft<'_>,
    _request: &ActRequest,
    _id: &AppId,
    _flow: &PlainText,
) -> Result<ActReply, String> {
    Err("not built yet".into())
}
