//! Telling people, durably: what is to be told is a fact before it is tried, and each channel is tried until it took it.
//!
//! Owns who gets what, what is said twice, and when what goes where ([`next`]). Must not know what a channel is:
//! [`crate::policy::Telling`] names them. Nothing here is remembered beside the events: a restart goes on where it was, and what is
//! under way is told by the driver ([`super::Context::busy`]).

mod next;
mod waiting;

use chrono::TimeDelta;

use super::draft::Draft;
use super::effect::Effect;
use super::incident;
use crate::domain::{
    AppId, Event, Failure, FailureKind, IncidentChange, IncidentNews, PlainText, Timestamp, Urgency,
};
use crate::policy::telling;

pub(super) use next::wakes;
pub use waiting::{Channel, PendingTell, Said};

/// The same words about the same app are told once in so long.
const SAID_ONCE_IN: TimeDelta = TimeDelta::minutes(10);

/// How long a message is tried.
const TRIED_FOR: TimeDelta = TimeDelta::hours(24);

/// After so many failures of a page (some three minutes) the other channels hear that this one takes none.
const TRIES_BEFORE_WARNING: u32 = 6;

/// Whether a failure is the channel's last word.
fn is_final(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Refused | FailureKind::Credentials | FailureKind::Unsupported
    )
}

/// Tells whoever wants to hear it. The first page about a release opens its incident; what follows belongs to it.
pub(super) fn tell(draft: &mut Draft<'_>, app: Option<&AppId>, urgency: Urgency, text: &str) {
    let news = app.and_then(|id| incident::news(&draft.state, id, urgency));
    let open = app.and_then(|id| draft.state.app(id)?.incident.as_ref());
    let level = open.map_or(0, |incident| incident.level);
    let to = wanting(draft, app, urgency, level);
    queue(draft, app, (urgency, text.into()), news, to);
}

/// The channels that want to hear of it.
pub(super) fn wanting(
    draft: &Draft<'_>,
    app: Option<&AppId>,
    urgency: Urgency,
    level: u32,
) -> Vec<PlainText> {
    let about = app.map(|id| (id, draft.app_plan(id).and_then(|plan| plan.owner.as_ref())));
    let channels = draft.plan.telling.channels.iter();
    channels
        .filter(|channel| channel.wants(urgency, about, level))
        .map(|channel| channel.name.clone())
        .collect()
}

/// Writes down what is told to whom. [`pump`] does the rest.
pub(super) fn queue(
    draft: &mut Draft<'_>,
    app: Option<&AppId>,
    (urgency, text): (Urgency, PlainText),
    incident: Option<IncidentNews>,
    mut to: Vec<PlainText>,
) {
    let change = incident.as_ref().map(|news| news.change);
    if matches!(change, None | Some(IncidentChange::Updated)) {
        let since = draft.now() - SAID_ONCE_IN;
        let said = draft.state.said.iter().filter(|said| {
            // What has become more urgent is said again.
            said.at > since && said.urgency >= urgency && said.app.as_ref() == app
        });
        let same: Vec<&Said> = said.filter(|said| said.text == text).collect();
        to.retain(|channel| !same.iter().any(|said| said.to.contains(channel)));
    }
    if to.is_empty() {
        return;
    }
    let id = draft.state.last_tell + 1;
    draft.emit(
        app,
        Event::TellQueued {
            id,
            urgency,
            text,
            to,
            incident,
        },
    );
}

/// A channel took a message, or did not.
pub(super) fn done(
    draft: &mut Draft<'_>,
    ids: &[u64],
    channel: &PlainText,
    result: &Result<Option<PlainText>, Failure>,
) {
    let tells = &draft.state.tells;
    let waits = |id: &&u64| tells.get(id).is_some_and(|tell| tell.waits_for(channel));
    let ids: Vec<u64> = ids.iter().filter(waits).copied().collect();
    match result {
        Ok(thread) => {
            for id in ids {
                let told = Event::Told {
                    id,
                    channel: channel.clone(),
                    thread: thread.clone(),
                };
                emit(draft, id, told);
            }
        }
        Err(failure) => failed(draft, &ids, channel, failure),
    }
}

fn emit(draft: &mut Draft<'_>, id: u64, event: Event) {
    let tell = draft.state.tells.get(&id);
    let app = tell.and_then(|tell| tell.app.clone());
    draft.emit(app.as_ref(), event);
}

fn failed(draft: &mut Draft<'_>, ids: &[u64], channel: &PlainText, failure: &Failure) {
    let known = draft.state.channels.get(channel);
    let known = known.is_some_and(|channel| channel.refusals.contains(&failure.kind));
    let app = ids.first().and_then(|id| draft.state.tells.get(id));
    let app = app.and_then(|tell| tell.app.clone());
    // Of many in one it may be a single one that is refused: each is tried alone.
    let alone = ids.len() == 1 || failure.kind != FailureKind::Refused;
    let (mut dropped, mut late) = (0, false);
    for id in ids {
        let event = Event::TellFailed {
            id: *id,
            channel: Some(channel.clone()),
            failure: failure.clone(),
        };
        emit(draft, *id, event);
        if is_final(failure.kind) && alone {
            drop_one(draft, *id, channel, &failure.to_string());
            dropped += 1;
        }
        let tell = draft.state.tells.get(id);
        let page = tell.filter(|tell| tell.urgency == Urgency::Page);
        let delivery = page.and_then(|page| page.waiting.get(channel));
        let failing = draft.state.channels.get(channel);
        let failing = failing.and_then(|channel| channel.failing.as_ref());
        let in_a_row = failing.map_or(0, |failing| failing.times);
        late |= delivery.is_some_and(|delivery| {
            delivery.tries == TRIES_BEFORE_WARNING || in_a_row == TRIES_BEFORE_WARNING
        });
    }
    let words = match dropped {
        0 if late => format!("{channel} takes no page, which is tried on: {failure}"),
        1 if !known => format!("{channel} refuses a message, which is not told there: {failure}"),
        2.. if !known => {
            format!("{channel} refuses {dropped} messages, which are not told there: {failure}")
        }
        _ => return,
    };
    warn(draft, channel, app.as_ref(), words);
}

/// Tells the other channels what one of them does not do. A warning that is itself refused warns of that channel, once a cause, so
/// that two broken ones do not tell each other forever.
fn warn(draft: &mut Draft<'_>, channel: &PlainText, app: Option<&AppId>, words: String) {
    let mut to = wanting(draft, app, Urgency::Warning, 0);
    to.retain(|other| other != channel);
    queue(draft, None, (Urgency::Warning, words.into()), None, to);
}

fn drop_one(draft: &mut Draft<'_>, id: u64, channel: &PlainText, why: &str) {
    let event = Event::TellDropped {
        id,
        channel: channel.clone(),
        why: why.into(),
    };
    emit(draft, id, event);
}

/// The end of every step: each channel that is free gets what is next for it.
pub(super) fn pump(draft: &mut Draft<'_>) {
    if draft.state.tells.is_empty() {
        return;
    }
    give_up(draft);
    let (plan, now) = (draft.plan, draft.now());
    for channel in &plan.telling.channels {
        if draft.context.busy.contains(&channel.name) {
            continue;
        }
        if let Some(ids) = next::of(&draft.state, channel, now) {
            let channel = channel.name.clone();
            draft.effect(Effect::Tell { ids, channel });
        }
    }
}

/// What has been tried for long enough, and what is meant for a channel that is not there any more. A page is never given up in
/// silence.
fn give_up(draft: &mut Draft<'_>) {
    let (plan, now) = (draft.plan, draft.now());
    let exists = |name: &PlainText| {
        plan.telling
            .channels
            .iter()
            .any(|known| known.name == *name)
    };
    let mut lost: Vec<(u64, PlainText, String)> = Vec::new();
    for (id, tell) in draft.state.tells.iter() {
        let old = now >= tell.queued + TRIED_FOR;
        for channel in tell.waiting.keys() {
            let failing = draft.state.channels.get(channel);
            let failing = failing.and_then(|channel| channel.failing.as_ref());
            let why = match (exists(channel), failing) {
                (false, _) => "the config has no such channel any more".to_owned(),
                (true, Some(failing)) if old => format!("not taken for 24 h: {}", failing.why),
                (true, None) if old => "not taken for 24 h".to_owned(),
                (true, _) => continue,
            };
            lost.push((*id, channel.clone(), why));
        }
    }
    for (id, channel, why) in lost {
        let page = draft.state.tells.get(&id);
        let page = page.filter(|tell| tell.urgency == Urgency::Page);
        let page = page.map(|tell| (tell.app.clone(), tell.text.clone()));
        drop_one(draft, id, &channel, &why);
        if let Some((app, text)) = page {
            let words = format!("{channel} never took a page ({why}): {text}");
            warn(draft, &channel, app.as_ref(), words);
        }
    }
}

/// The channel that always is.
pub(super) fn log() -> PlainText {
    telling::LOG.into()
}

/// Seconds that a channel may ask for quiet. What it is tried with then is one message, and a page may be waiting.
const LONGEST_QUIET: u32 = 300;

/// How long a channel is left alone after so many failures in a row, and a message after so many of its own.
fn rest(failure: &Failure, own: TimeDelta, at: Timestamp) -> Timestamp {
    let asked = failure.retry_after.unwrap_or(0).min(LONGEST_QUIET);
    at + own.max(TimeDelta::seconds(asked.into()))
}
