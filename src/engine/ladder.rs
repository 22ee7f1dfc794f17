//! Climbing: a release begins, goes up a stage through an open gate, and is paused before a daily step whose gate is shut.

use super::draft::Draft;
use crate::domain::{ActReply, ActRequest, AppId, Exposure};

/// A person starts the rollout.
pub(super) fn start(
    _draft: &mut Draft<'_>,
    _request: &ActRequest,
    _id: &AppId,
    _to: Option<Exposure>,
) -> Result<ActReply, String> {
    Err("not built yet".into())
}
