//! What waits to be told, and how each channel is: the outbox part of the state. Only the fold changes it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::TimeDelta;

use super::super::state::{State, backoff};
use super::{SAID_ONCE_IN, is_final, log, rest};
use crate::domain::{
    AppId, Event, Failure, FailureKind, IncidentChange, IncidentNews, PlainText, Timestamp,
    Urgency, Version,
};

/// Rates are counted over so long.
pub(super) const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// A message on its way to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingTell {
    pub app: Option<AppId>,
    pub urgency: Urgency,
    pub text: PlainText,
    pub incident: Option<IncidentNews>,
    /// The release that the app's store showed then.
    pub version: Option<Version>,
    pub queued: Timestamp,
    /// The channels that have not taken it yet.
    pub waiting: BTreeMap<PlainText, Delivery>,
}

/// How far a message is on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How often it failed.
    pub tries: u32,
    pub next: Timestamp,
    /// Refused together with others: it is tried by itself.
    pub alone: bool,
    /// What the channel calls the conversation about the incident, where it has begun one.
    pub thread: Option<PlainText>,
}

/// How a channel is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// When it took messages, in the last minute before the latest of them.
    pub taken: VecDeque<Timestamp>,
    /// It takes nothing now.
    pub failing: Option<Failing>,
    /// How it has refused messages since it took one: people are told once of each.
    pub refusals: Vec<FailureKind>,
}

/// A channel that takes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub since: Timestamp,
    pub latest: Timestamp,
    /// How often in a row.
    pub times: u32,
    /// It is left alone until then.
    pub next: Timestamp,
    pub why: PlainText,
}

/// What was said not long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub at: Timestamp,
    pub app: Option<AppId>,
    pub urgency: Urgency,
    pub text: PlainText,
    pub to: Vec<PlainText>,
}

impl PendingTell {
    pub(super) fn waits_for(&self, channel: &PlainText) -> bool {
        self.waiting.contains_key(channel)
    }

    /// It says how an incident goes on: it rings nowhere, never waits for the minute to be over, and is told by itself.
    pub(super) fn is_course(&self) -> bool {
        self.changes(IncidentChange::Acknowledged) || self.is_over()
    }

    /// It says that an incident is over.
    pub(super) fn is_over(&self) -> bool {
        self.changes(IncidentChange::Resolved)
    }

    fn changes(&self, change: IncidentChange) -> bool {
        let news = self.incident.as_ref();
        news.is_some_and(|news| news.change == change)
    }
}

impl State {
    pub(in crate::engine) fn apply_telling(
        &mut self,
        at: Timestamp,
        app: Option<&AppId>,
        event: &Event,
    ) {
        match event {
            Event::TellQueued {
                id,
                urgency,
                text,
                to,
                incident,
            } => {
                self.last_tell = self.last_tell.max(*id);
                // As journals of haltline 0.1 have it.
                let log = [log()];
                let to = if to.is_empty() { &log } else { to.as_slice() };
                let said = Said {
                    at,
                    app: app.cloned(),
                    urgency: *urgency,
                    text: text.clone(),
                    to: to.to_vec(),
                };
                let all = Arc::make_mut(&mut self.said);
                all.retain(|said| said.at > at - SAID_ONCE_IN);
                all.push_back(said);
                let state = app.and_then(|id| self.apps.get(id));
                let open = state.and_then(|app| app.incident.as_ref());
                let thread = |channel| open?.threads.get(channel).cloned();
                let delivery = |channel| Delivery {
                    tries: 0,
                    next: at,
                    alone: false,
                    thread: incident.as_ref().and_then(|_| thread(channel)),
                };
                let release = state.and_then(|app| app.release.as_ref());
                let waiting = to.iter().map(|name| (name.clone(), delivery(name)));
                let tell = PendingTell {
                    app: app.cloned(),
                    urgency: *urgency,
                    text: text.clone(),
                    incident: incident.clone(),
                    version: release.map(|release| release.version.clone()),
                    queued: at,
                    waiting: waiting.collect(),
                };
                Arc::make_mut(&mut self.tells).insert(*id, tell);
            }
            Event::Told {
                id,
                channel,
                thread,
            } => self.told(at, *id, channel, thread.as_ref()),
            Event::TellDropped { id, channel, .. } => {
                self.take(*id, channel);
            }
            Event::TellFailed {
                id,
                channel,
                failure,
            } => self.not_told(at, *id, channel.as_ref(), failure),
            _ => {}
        }
    }

    /// It waits for this channel no more.
    fn take(&mut self, id: u64, channel: &PlainText) -> Option<PendingTell> {
        let tells = Arc::make_mut(&mut self.tells);
        let tell = tells.get_mut(&id)?;
        tell.waiting.remove(channel)?;
        if tell.waiting.is_empty() {
            tells.remove(&id)
        } else {
            Some(tell.clone())
        }
    }

    fn told(&mut self, at: Timestamp, id: u64, channel: &PlainText, thread: Option<&PlainText>) {
        let Some(tell) = self.take(id, channel) else {
            return;
        };
        let known = Arc::make_mut(&mut self.channels);
        let known = known.entry(channel.clone()).or_default();
        known.failing = None;
        known.refusals.clear();
        if !tell.is_course() {
            known.taken.retain(|then| *then > at - MINUTE);
            known.taken.push_back(at);
        }
        let Some(news) = &tell.incident else { return };
        let state = tell.app.as_ref().and_then(|id| self.apps.get_mut(id));
        if let Some(open) = state.and_then(|app| app.incident.as_mut())
            && open.key == news.key
        {
            open.told.insert(channel.clone());
            if let Some(thread) = thread {
                let threads = &mut open.threads;
                threads.entry(channel.clone()).or_insert(thread.clone());
            }
        }
        if let Some(thread) = thread {
            // What waits, and began before anybody knew of the conversation.
            let of_it = |tell: &&mut PendingTell| {
                let other = tell.incident.as_ref();
                other.is_some_and(|other| other.key == news.key)
            };
            let tells = Arc::make_mut(&mut self.tells).values_mut();
            for tell in tells.filter(of_it) {
                if let Some(delivery) = tell.waiting.get_mut(channel) {
                    delivery.thread.get_or_insert(thread.clone());
                }
            }
        }
    }

    fn not_told(&mut self, at: Timestamp, id: u64, channel: Option<&PlainText>, failure: &Failure) {
        let tells = Arc::make_mut(&mut self.tells);
        let Some(tell) = tells.get_mut(&id) else {
            return;
        };
        let longest = if tell.urgency == Urgency::Page || tell.is_course() {
            MINUTE
        } else {
            TimeDelta::minutes(5)
        };
        let channels = Arc::make_mut(&mut self.channels);
        let waiting = tell.waiting.iter_mut();
        for (name, delivery) in waiting.filter(|(name, _)| channel.is_none_or(|it| it == *name)) {
            delivery.tries += 1;
            delivery.alone |= failure.kind == FailureKind::Refused;
            delivery.next = rest(failure, backoff(delivery.tries + 2).min(longest), at);
            let known = channels.entry(name.clone()).or_default();
            if is_final(failure.kind) && !known.refusals.contains(&failure.kind) {
                known.refusals.push(failure.kind);
            }
            let failing = known.failing.get_or_insert_with(|| Failing {
                since: at,
                latest: at - MINUTE,
                times: 0,
                next: at,
                why: PlainText::default(),
            });
            // Many messages in one fail as one.
            if failing.latest != at {
                failing.times += 1;
            }
            failing.latest = at;
            failing.next = rest(failure, backoff(failing.times).min(MINUTE), at);
            failing.why = failure.to_string().into();
        }
    }
}
