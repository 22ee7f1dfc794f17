//! One step: an input in, events and effects out.

use super::draft::{Draft, Step};
use super::effect::Effect;
use super::guard::Guard;
use super::input::{Context, DisarmEntry, Input};
use super::plan::Plan;
use super::state::{Phase, State};
use super::{
    acts, commands, cross, gate, health, incident, ladder, outbox, ratchet, reconcile, reload,
    stall, store, tiers, trains,
};
use crate::domain::event::{Urgency, WriteResult};
use crate::domain::{Actor, AppId, Event, Failure, FailureKind, Record, Timestamp};

/// Decides. Never fails and never panics, whatever the input.
pub fn step(plan: &Plan, state: &State, input: &Input, context: &Context) -> Step {
    let mut draft = Draft::new(plan, state.clone(), context);
    match input {
        Input::Started { term, haltline } => {
            draft.emit(
                None,
                Event::WatcherStarted {
                    term: *term,
                    haltline: haltline.clone(),
                },
            );
            recover(&mut draft);
        }
        Input::Stopping => draft.emit(None, Event::WatcherStopped),
        Input::Tick => tick(&mut draft),
        Input::StoreRead { app, result } => store::read(&mut draft, app, result.clone()),
        Input::WriteDone {
            app,
            revision,
            attempt,
            result,
        } => {
            reconcile::write_done(&mut draft, app, (*revision, *attempt), result);
        }
        Input::Observed { app, observation } => health::observed(&mut draft, app, observation),
        Input::Asked { request } => commands::asked(&mut draft, request),
        Input::DisarmFile { entries } => disarm_file(&mut draft, entries),
        Input::Checked {
            app,
            stage,
            attempt,
            result,
        } => gate::checked(&mut draft, app, (*stage, *attempt), result),
        Input::TellDone {
            ids,
            channel,
            result,
        } => outbox::done(&mut draft, ids, channel, result),
        Input::Reloaded { changes } => reload::taken(&mut draft, changes),
        Input::ReloadRefused { why } => reload::refused(&mut draft, why),
        Input::Says { urgency, text } => draft.tell(None, *urgency, text.as_str()),
    }
    cross::hold_others(&mut draft, state);
    for id in plan.apps.keys() {
        ladder::begin(&mut draft, id);
    }
    draft.finish()
}

/// The state at the end of these records.
pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>) -> State {
    let mut state = State::default();
    for record in records {
        state.apply(record.at, record.app.as_ref(), &record.event);
    }
    state
}

/// When the engine next has something to do by itself, after `now`. What is due by then was done by the tick at `now`, or
/// waits for something else.
pub fn next_wake(plan: &Plan, state: &State, now: Timestamp) -> Option<Timestamp> {
    let apps = plan
        .apps
        .iter()
        .filter_map(|(id, app_plan)| Some((id, app_plan, state.app(id)?)));
    let app_wakes = apps.flat_map(|(id, app_plan, app)| {
        let due = app.desire.as_ref().and_then(|desire| match desire.phase {
            Phase::Due { at } if app.writing.is_none() => Some(at),
            _ => None,
        });
        let armed = app.disarmed.as_ref().and_then(|disarm| disarm.until);
        [
            due,
            armed,
            app.announced.as_ref().map(|act| act.due),
            acts::hold_due(app_plan, app, now),
            ratchet::next_expiry(app),
            store::page_due(app),
            incident::wakes(plan, app),
        ]
        .into_iter()
        .chain(ladder::wakes(plan, id, app, now))
    });
    let armed = state.disarmed.as_ref().and_then(|disarm| disarm.until);
    app_wakes
        .chain([armed])
        .flatten()
        .chain(outbox::wakes(&plan.telling.channels, state, now))
        .chain(stall::wakes(plan, state, now))
        .chain(trains::wakes(plan, now))
        .filter(|wake| *wake > now)
        .min()
}

/// After a restart: a write that was under way may or may not have happened, so look first.
fn recover(draft: &mut Draft<'_>) {
    let ids: Vec<AppId> = draft.plan.apps.keys().cloned().collect();
    for id in ids {
        let app = draft.app(&id);
        if let Some((revision, attempt)) = app.writing.filter(|_| draft.plan.keeps(Guard::Recover))
        {
            let failure = Failure::new(
                FailureKind::Ambiguous,
                "haltline was stopped while the write was under way",
            );
            let result = WriteResult::Failed { failure };
            draft.emit(
                Some(&id),
                Event::WriteEnded {
                    revision,
                    attempt,
                    result,
                },
            );
        }
        ratchet::started(draft, &id);
        ladder::take_found(draft, &id);
        draft.effect(Effect::Read { app: id });
    }
}

fn tick(draft: &mut Draft<'_>) {
    let ids: Vec<AppId> = draft.plan.apps.keys().cloned().collect();
    for id in &ids {
        ratchet::expire(draft, id);
        acts::announced_due(draft, id);
        acts::hold_before_daily_step(draft, id);
        tiers::tick(draft, id);
        ladder::pause_before_daily_step(draft, id);
        reconcile::go_on(draft, id);
        stall::tick(draft, id);
        store::tick(draft, id);
        incident::tick(draft, id);
    }
    trains::tick(draft);
}

/// Brings the record of who is disarmed into line with the file.
fn disarm_file(draft: &mut Draft<'_>, entries: &[DisarmEntry]) {
    let now = draft.now();
    let scopes = std::iter::once(None)
        .chain(draft.plan.apps.keys().cloned().map(Some))
        .collect::<Vec<_>>();
    for scope in scopes {
        // Of several entries for one scope the one that lasts longest counts; `None` lasts longest of all.
        let entry = entries
            .iter()
            .filter(|entry| entry.app == scope)
            .max_by_key(|entry| entry.until.map_or((1, now), |until| (0, until)));
        let known = match &scope {
            None => draft.state.disarmed.clone(),
            Some(id) => draft.app(id).disarmed.clone(),
        };
        match (entry, known) {
            (Some(entry), known)
                if known
                    .as_ref()
                    .is_none_or(|known| known.until != entry.until) =>
            {
                let DisarmEntry {
                    until,
                    actor,
                    reason,
                    ..
                } = entry.clone();
                let end = until.map_or_else(
                    || "somebody arms it".to_owned(),
                    |until| until.format("%Y-%m-%d %H:%M UTC").to_string(),
                );
                let words = format!("automation is off until {end} ({reason}, {actor})");
                draft.emit(
                    scope.as_ref(),
                    Event::Disarmed {
                        until,
                        actor,
                        reason,
                    },
                );
                draft.tell(scope.as_ref(), Urgency::Warning, &words);
            }
            (None, Some(known)) => {
                let reason = if known.is_active(now) {
                    "the disarm file was lifted"
                } else {
                    "the time is over"
                };
                let armed = Event::Armed {
                    actor: Actor::Haltline,
                    reason: reason.into(),
                };
                draft.emit(scope.as_ref(), armed);
                draft.tell(
                    scope.as_ref(),
                    Urgency::Info,
                    &format!("automation is on again: {reason}"),
                );
            }
            _ => {}
        }
    }
}

/// Sets a desire in the name of anybody, for the test of who may.
#[cfg(test)]
pub(super) fn tests_want(
    plan: &Plan,
    state: &State,
    id: &AppId,
    verb: crate::domain::Verb,
    actor: Actor,
    now: Timestamp,
) -> Vec<Event> {
    let context = Context::at(now);
    let mut draft = Draft::new(plan, state.clone(), &context);
    let target = crate::domain::Target::InProgress { exposure: None };
    reconcile::want(&mut draft, id, verb, target, actor, &"test".into());
    draft
        .finish()
        .events
        .into_iter()
        .map(|(_, event)| event)
        .collect()
}

/// A step in which something is told, for the test of who hears of it.
#[cfg(test)]
pub(super) fn tests_tell(
    plan: &Plan,
    state: &State,
    (id, urgency, text): (&AppId, Urgency, &str),
    context: &Context,
) -> Step {
    let mut draft = Draft::new(plan, state.clone(), context);
    draft.tell(Some(id), urgency, text);
    draft.finish()
}

/// A step of one fact, for the test of what follows from it.
#[cfg(test)]
pub(super) fn tests_emit(
    plan: &Plan,
    state: &State,
    id: &AppId,
    event: Event,
    now: Timestamp,
) -> Step {
    let context = Context::at(now);
    let mut draft = Draft::new(plan, state.clone(), &context);
    draft.emit(Some(id), event);
    draft.finish()
}
