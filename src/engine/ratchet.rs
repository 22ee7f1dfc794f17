//! The ratchet: a rollout goes by the policy that it is pinned to. Tightening it is an operator's act, loosening it an admin's.
//!
//! A change wipes no evidence and takes back no act: what a rule has stopped stays stopped until a person resumes it. Must not
//! judge what is looser: that is the policy's.

mod approvals;
mod changes;

use std::sync::Arc;

use chrono::TimeDelta;

use super::draft::Draft;
use super::plan::AppPlan;
use super::state::{AppState, Pinned};
use crate::domain::event::Urgency;
use crate::domain::execution::Phase;
use crate::domain::{Actor, AppId, Event, PlainText, Timestamp};
use crate::policy::change::{compare, with_overrides};
use crate::policy::{Policy, RawPolicy, written};

pub(super) use approvals::{approve, approved_by, wanted};
pub(super) use changes::{ask, expire};

/// How long a change waits for a second person.
const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// The policy that the rollout goes by: the one it is pinned to, else the file's, with what people laid over its rules. What the
/// journal has and cannot be read any more gives way to the file's.
pub fn in_force(plan: &AppPlan, app: &AppState) -> Arc<Policy> {
    let pinned = pinned(plan, app);
    if app.overrides.is_empty() {
        return pinned;
    }
    let overrides = app.overrides.iter().map(|(rule, over)| (rule, &over.with));
    Arc::new(with_overrides(&pinned, overrides))
}

/// The same without what people laid over it.
fn pinned(plan: &AppPlan, app: &AppState) -> Arc<Policy> {
    let other = app.pinned.as_ref().filter(|it| it.hash != plan.policy.hash);
    let read = other.and_then(|pinned| read(pinned.name.as_str(), &pinned.toml).ok());
    read.map_or_else(|| Arc::clone(&plan.policy), Arc::new)
}

/// The content of a policy's table.
fn read(name: &str, text: &str) -> Result<Policy, String> {
    let raw: RawPolicy = toml::from_str(text).map_err(|error| error.to_string())?;
    let (policy, _warnings) = raw.resolve(name).map_err(|error| error.to_string())?;
    Ok(policy)
}

/// A rollout that runs is pinned to the policy that it began with.
pub(super) fn pin(draft: &mut Draft<'_>, id: &AppId) {
    let (Some(plan), Some(app)) = (draft.app_plan(id), draft.state.app(id)) else {
        return;
    };
    let runs = |phase: Phase| phase != Phase::Pending && !phase.is_over();
    let running = app.execution.as_ref().filter(|it| runs(it.phase));
    if let (Some(running), None) = (running, &app.pinned) {
        let (actor, reason) = (running.actor.clone(), running.reason.clone());
        pin_to(draft, id, &plan.policy, actor, reason);
    }
}

fn pin_to(draft: &mut Draft<'_>, id: &AppId, policy: &Policy, actor: Actor, reason: PlainText) {
    let pinned = Event::PolicyPinned {
        name: policy.name.clone(),
        hash: policy.hash.clone(),
        toml: written::toml(policy),
        actor,
        reason,
        changes: Vec::new(),
    };
    draft.emit(Some(id), pinned);
}

/// A watcher starts, perhaps with another file: the rollout goes on as it began, and people are told once.
pub(super) fn started(draft: &mut Draft<'_>, id: &AppId) {
    let (Some(plan), Some(app)) = (draft.app_plan(id), draft.state.app(id)) else {
        return;
    };
    let Some(Pinned { name, hash, toml }) = app.pinned.clone() else {
        return;
    };
    let file = &plan.policy;
    let told = app.differs.as_ref();
    if hash == file.hash && told.is_none() || told == Some(&file.hash) {
        return;
    }
    let old = match read(name.as_str(), &toml) {
        Ok(old) => old,
        Err(why) => {
            let words = format!(
                "{id}: the policy {name} that the rollout was pinned to cannot be read any more ({why}): it goes by the file's from now on"
            );
            let reason = "the policy that it was pinned to cannot be read any more";
            pin_to(draft, id, file, Actor::Haltline, reason.into());
            return draft.tell(Some(id), Urgency::Warning, &words);
        }
    };
    let changes: Vec<PlainText> = changes::words(&compare(&old, file));
    if changes.is_empty() && told.is_none() {
        return;
    }
    let words = format!(
        "{id}: the file's policy {} is not the one that the rollout began with, which it goes on with: {}; to go by the file's: haltline policy apply {id} --reason …",
        file.name,
        changes::joined(&changes)
    );
    let differs = !changes.is_empty();
    let hash = file.hash.clone();
    draft.emit(Some(id), Event::PolicyDiffers { hash, changes });
    if differs {
        draft.tell(Some(id), Urgency::Warning, &words);
    }
}

/// The release is over: nothing lies over its policy any more, and nothing waits for a second person.
pub(super) fn over(draft: &mut Draft<'_>, id: &AppId) {
    let Some(app) = draft.state.app(id) else {
        return;
    };
    let (overrides, proposed) = (app.overrides.clone(), app.proposal.is_some());
    for rule in overrides.into_keys() {
        let (actor, reason) = (Actor::Haltline, "the rollout is over".into());
        draft.emit(
            Some(id),
            Event::OverrideEnded {
                rule,
                actor,
                reason,
            },
        );
    }
    if proposed {
        let why = "the rollout is over".into();
        draft.emit(Some(id), Event::ProposalEnded { why });
    }
}

/// When something that waits or lies over a rule ends by itself.
pub(super) fn next_expiry(app: &AppState) -> Option<Timestamp> {
    let overrides = app.overrides.values().map(|over| over.until);
    let proposal = app.proposal.as_ref().map(|it| it.since + PATIENCE);
    overrides.chain(proposal).min()
}
