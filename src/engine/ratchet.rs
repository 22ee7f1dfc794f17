//! The ratchet: a rollout goes by the policy that it is pinned to. Tightening it is an operator's act, loosening it an admin's.

use std::sync::Arc;

use super::draft::Draft;
use super::plan::AppPlan;
use super::state::AppState;
use crate::domain::{ActReply, ActRequest, AppId, PolicyChange};
use crate::policy::{Policy, RawPolicy};

/// The policy that the rollout goes by: the one it is pinned to, else the file's. What the journal has and cannot be read any more
/// gives way to the file's.
pub fn in_force(plan: &AppPlan, app: &AppState) -> Arc<Policy> {
    let pinned = app
        .pinned
        .as_ref()
        .filter(|pinned| pinned.hash != plan.policy.hash);
    let read = pinned.and_then(|pinned| {
        let raw: RawPolicy = toml::from_str(&pinned.toml).ok()?;
        let (policy, _warnings) = raw.resolve(pinned.name.as_str()).ok()?;
        Some(Arc::new(policy))
    });
    read.unwrap_or_else(|| Arc::clone(&plan.policy))
}

/// A person asks for a change of the policy.
pub(super) fn ask(
    _draft: &mut Draft<'_>,
    _request: &ActRequest,
    _id: &AppId,
    _change: &PolicyChange,
) -> Result<ActReply, String> {
    Err("not built yet".into())
}

/// A person approves the gate in front of the rollout, or a change that waits for a second person.
pub(super) fn approve(
    _draft: &mut Draft<'_>,
    _request: &ActRequest,
    _id: &AppId,
) -> Result<ActReply, String> {
    Err("not built yet".into())
}
