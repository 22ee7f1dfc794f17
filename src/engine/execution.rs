//! Executions: where the run of a policy for a release stands, and who moved it there.
//!
//! A phase is derived from the state at the end of each step, never kept by hand: whatever brought the rollout there, console or
//! desire, is seen. Who and why come from what happened in that step. Must not decide anything.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::ratchet;
use super::state::{AppState, Execution};
use crate::domain::execution::Phase;
use crate::domain::rollout::ReleaseView;
use crate::domain::{Actor, AppId, Event, Exposure, PlainText, Status, StoreKind, Verb, Version};

/// Whose doing a change is, and why.
pub(super) type Cause = (Actor, PlainText);

/// Where the execution of the release watched stands by the state alone.
pub(super) fn phase(store: StoreKind, app: &AppState, release: &ReleaseView) -> Phase {
    match release.status {
        Status::Draft | Status::Pending => Phase::Pending,
        Status::Completed => Phase::Completed,
        Status::InProgress if app.hold.is_some() => Phase::Holding,
        // A stop that is wanted is no stop yet: it is proven by reading the store.
        Status::InProgress => Phase::Rolling,
        // Play's `halted` keeps a fraction below 1 unless everybody had it.
        Status::Stopped if store == StoreKind::GooglePlay && release.exposure == Exposure::FULL => {
            Phase::RolledBack
        }
        Status::Stopped if app.latched => Phase::Halted,
        Status::Stopped if app.stopped_as == Some(Verb::Hold) => Phase::Holding,
        Status::Stopped => Phase::Paused,
    }
}

/// A fact is about to be recorded. Notes whose doing it is; and what another release wipes away ends before it does.
pub(super) fn before(draft: &mut Draft<'_>, id: &AppId, event: &Event) {
    let Some(app) = draft.state.app(id) else {
        if let Event::ReleaseFound { release, .. } = event {
            let cause = found(draft, id, release);
            draft.causes.insert(id.clone(), cause);
        }
        return;
    };
    let cause = match event {
        Event::ReleaseFound { release, .. } => {
            let cause = match begun_by(app, release) {
                Some(own) => draft.causes.get(id).cloned().unwrap_or(own),
                None => {
                    began_now(draft, id, app, release).unwrap_or_else(|| found(draft, id, release))
                }
            };
            let why = format!("{} took its place", release.version);
            end(draft, id, Phase::Superseded, cause.0.clone(), &why);
            Some(cause)
        }
        Event::ReleaseGone => {
            let why = "the release is gone from the store";
            end(draft, id, Phase::Cancelled, Actor::Outside, why);
            None
        }
        _ => cause(app, event),
    };
    if let Some(cause) = cause {
        draft.causes.insert(id.clone(), cause);
    }
}

/// The end of a step: executions move to where the state says that they are.
pub(super) fn settle(draft: &mut Draft<'_>) {
    for id in draft.touched() {
        follow_waiting(draft, &id);
        follow_watched(draft, &id);
    }
}

fn cause(app: &AppState, event: &Event) -> Option<Cause> {
    match event {
        Event::DesireConfirmed { .. } => {
            let desire = app.desire.as_ref()?;
            Some((desire.actor.clone(), desire.reason.clone()))
        }
        Event::DesireSet { actor, reason, .. }
        | Event::HoldSet { actor, reason }
        | Event::HoldLifted { actor, reason }
        | Event::StartAsked { actor, reason, .. }
        | Event::DoneDirectly { actor, reason, .. } => Some((actor.clone(), reason.clone())),
        Event::Drift { what, .. } => Some((Actor::Outside, what.clone())),
        Event::StoreChanged { release } => {
            let direct = app.direct.as_ref();
            let direct = direct.filter(|_| release.status == Status::Stopped)?;
            Some((direct.actor.clone(), direct.reason.clone()))
        }
        _ => None,
    }
}

/// Who began the release that waited, where haltline has just seen that its own start succeeded.
fn began_now(
    draft: &Draft<'_>,
    id: &AppId,
    app: &AppState,
    release: &ReleaseView,
) -> Option<Cause> {
    let waited = app.waiting.as_ref();
    waited.filter(|waited| waited.version == release.version)?;
    draft.causes.get(id).cloned()
}

/// Who asked haltline to begin this release, if anybody did.
fn begun_by(app: &AppState, release: &ReleaseView) -> Option<Cause> {
    let pending = app.pending.as_ref();
    let pending = pending.filter(|pending| pending.version == release.version)?;
    Some((pending.actor.clone(), pending.reason.clone()))
}

fn found(draft: &Draft<'_>, id: &AppId, release: &ReleaseView) -> Cause {
    let words = draft.app_plan(id).map(|plan| shown(plan.store, release));
    let words = format!("found {}", words.unwrap_or_default());
    (Actor::Outside, words.into())
}

fn shown(store: StoreKind, release: &ReleaseView) -> String {
    format!("{} at {}", release.status.word(store), release.exposure)
}

/// The execution of the release watched is over, and with it what was laid over its policy.
fn end(draft: &mut Draft<'_>, id: &AppId, to: Phase, actor: Actor, why: &str) {
    let running = draft.state.app(id).and_then(|app| app.execution.as_ref());
    let Some(old) = running.filter(|old| !old.phase.is_over()).cloned() else {
        return;
    };
    ratchet::over(draft, id);
    move_on(draft, id, &old, to, (actor, why.into()));
}

fn move_on(draft: &mut Draft<'_>, id: &AppId, old: &Execution, to: Phase, (actor, reason): Cause) {
    let moved = Event::ExecutionMoved {
        number: old.number,
        version: old.version.clone(),
        from: Some(old.phase),
        to,
        actor,
        reason,
    };
    draft.emit(Some(id), moved);
}

fn begin(draft: &mut Draft<'_>, id: &AppId, version: Version, to: Phase, (actor, reason): Cause) {
    let number = draft.state.app(id).map_or(0, |app| app.executions) + 1;
    let moved = Event::ExecutionMoved {
        number,
        version,
        from: None,
        to,
        actor,
        reason,
    };
    draft.emit(Some(id), moved);
}

fn follow_watched(draft: &mut Draft<'_>, id: &AppId) {
    let (Some(plan), Some(app)) = (draft.app_plan(id), draft.state.app(id)) else {
        return;
    };
    let Some(release) = &app.release else { return };
    let to = phase(plan.store, app, release);
    let running = app.execution.as_ref();
    let running = running.filter(|running| !running.phase.is_over());
    let cause = || {
        let known = draft.causes.get(id).cloned();
        known.unwrap_or_else(|| (Actor::Haltline, shown(plan.store, release).into()))
    };
    match running {
        Some(running) if running.phase == to => {}
        Some(running) => {
            let (running, cause) = (running.clone(), cause());
            move_on(draft, id, &running, to, cause);
        }
        None => {
            let (version, cause) = (release.version.clone(), cause());
            begin(draft, id, version, to, cause);
        }
    }
    ratchet::pin(draft, id);
}

/// The release that waits has an execution from the moment on at which somebody said that it shall begin.
fn follow_waiting(draft: &mut Draft<'_>, id: &AppId) {
    let Some(app) = draft.state.app(id) else {
        return;
    };
    let (starting, pending) = (app.starting.clone(), app.pending.clone());
    let waits = app.waiting.as_ref().map(|release| release.version.clone());
    let version = starting.as_ref().map(|starting| &starting.version);
    if let Some(old) = pending.as_ref().filter(|old| version != Some(&old.version)) {
        let outside = |why: &str| (Actor::Outside, why.into());
        let (to, cause) = match waits {
            Some(waits) if waits == old.version => {
                let stop = draft.causes.get(id).cloned();
                let stop = stop.unwrap_or_else(|| outside("it shall not begin any more"));
                (Phase::Cancelled, stop)
            }
            Some(_) => (
                Phase::Superseded,
                outside("another release waits in its place"),
            ),
            None => (
                Phase::Cancelled,
                outside("the release does not wait any more"),
            ),
        };
        move_on(draft, id, old, to, cause);
    }
    let new = starting.filter(|new| pending.is_none_or(|pending| pending.version != new.version));
    if let Some(new) = new {
        begin(
            draft,
            id,
            new.version,
            Phase::Pending,
            (new.actor, new.reason),
        );
    }
}

impl Draft<'_> {
    /// The apps of this step's events; all of them where a watcher starts, for a journal may be older than executions.
    pub(super) fn touched(&self) -> BTreeSet<AppId> {
        let started = |(_, event): &(_, Event)| matches!(event, Event::WatcherStarted { .. });
        if self.events.iter().any(started) {
            return self.plan.apps.keys().cloned().collect();
        }
        let apps = self.events.iter().filter_map(|(app, _)| app.clone());
        apps.collect()
    }
}
