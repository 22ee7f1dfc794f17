//! Telling people, durably: what is to be told is a fact before it is tried, and each channel is tried until it took it.
//!
//! Owns who gets what and when it is tried again. Must not know what a channel is: [`crate::policy::Telling`] names them.

use super::draft::Draft;
use super::effect::Effect;
use super::state::State;
use crate::domain::{AppId, Event, Failure, PlainText, Timestamp, Urgency};

/// Tells people: the event first, then the effects.
pub(super) fn tell(draft: &mut Draft<'_>, app: Option<&AppId>, urgency: Urgency, text: &str) {
    let id = draft.state.last_tell + 1;
    let about = app.map(|id| (id, draft.app_plan(id).and_then(|plan| plan.owner.as_ref())));
    let channels = draft.plan.telling.channels.iter();
    let to: Vec<PlainText> = channels
        .filter(|channel| channel.wants(urgency, about, 0))
        .map(|channel| channel.name.clone())
        .collect();
    draft.emit(
        app,
        Event::TellQueued {
            id,
            urgency,
            text: text.into(),
            to: to.clone(),
            incident: None,
        },
    );
    for channel in to {
        let ids = vec![id];
        draft.effect(Effect::Tell { ids, channel });
    }
}

/// A channel took a message, or did not.
pub(super) fn done(
    draft: &mut Draft<'_>,
    ids: &[u64],
    channel: &PlainText,
    result: &Result<Option<PlainText>, Failure>,
) {
    for id in ids {
        let Some(app) = draft.state.tells.get(id).map(|tell| tell.app.clone()) else {
            continue;
        };
        let event = match result {
            Ok(thread) => Event::Told {
                id: *id,
                channel: channel.clone(),
                thread: thread.clone(),
            },
            Err(failure) => Event::TellFailed {
                id: *id,
                channel: Some(channel.clone()),
                failure: failure.clone(),
            },
        };
        draft.emit(app.as_ref(), event);
    }
}

/// After a restart: what nobody is known to have got is sent again.
pub(super) fn recover(draft: &mut Draft<'_>) {
    send(draft, |_tries, _next| true);
}

/// What failed is tried again when it is due.
pub(super) fn tick(draft: &mut Draft<'_>) {
    let now = draft.now();
    send(draft, |tries, next| tries > 0 && next <= now);
}

/// When the next message is tried again.
pub(super) fn wakes(state: &State) -> impl Iterator<Item = Timestamp> + '_ {
    let waiting = state.tells.values().flat_map(|tell| tell.waiting.values());
    let failed = waiting.filter(|delivery| delivery.tries > 0);
    failed.map(|delivery| delivery.next)
}

fn send(draft: &mut Draft<'_>, which: impl Fn(u32, Timestamp) -> bool) {
    let tells = draft.state.tells.iter().flat_map(|(id, tell)| {
        let waiting = tell.waiting.iter();
        waiting.map(|(channel, delivery)| (*id, channel.clone(), delivery.tries, delivery.next))
    });
    let due: Vec<(u64, PlainText)> = tells
        .filter(|(_, _, tries, next)| which(*tries, *next))
        .map(|(id, channel, _, _)| (id, channel))
        .collect();
    for (id, channel) in due {
        let ids = vec![id];
        draft.effect(Effect::Tell { ids, channel });
    }
}
