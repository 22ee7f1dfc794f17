//! Channels that fail, and a witness of who was told what.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::{IncidentChange, IncidentNews, Urgency};
use crate::policy::Telling;
use crate::policy::telling::Channel;

/// A log, a pager that bears three messages a minute, and those who are told once nobody has acknowledged for five minutes.
pub(in crate::engine::tests) fn telling() -> Telling {
    let pager = Channel {
        least: Urgency::Page,
        most: 3,
        ..Channel::new("pager")
    };
    let leads = Channel {
        least: Urgency::Warning,
        level: 1,
        ..Channel::new("leads")
    };
    let mut telling = Telling {
        escalate_after: Some(TimeDelta::minutes(5)),
        ..Telling::default()
    };
    telling.channels.extend([pager, leads]);
    telling
}

/// What rings nowhere.
const COURSE: [IncidentChange; 2] = [IncidentChange::Acknowledged, IncidentChange::Resolved];

/// What became of one message on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fared {
    Waits,
    Told,
    Dropped,
}

/// Counts by itself, from the events and the channels alone.
#[derive(Default)]
pub(in crate::engine::tests) struct Listener {
    messages: BTreeMap<(PlainText, u64), Fared>,
    news: BTreeMap<u64, IncidentNews>,
    /// When each channel took something that rings.
    rang: BTreeMap<PlainText, Vec<Timestamp>>,
}

impl Listener {
    /// What is wrong with this event.
    pub(super) fn event(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::TellQueued {
                id, to, incident, ..
            } => {
                self.news
                    .extend(incident.clone().map(|incident| (*id, incident)));
                let waits = to.iter().map(|to| ((to.clone(), *id), Fared::Waits));
                self.messages.extend(waits);
                None
            }
            Event::Told { id, channel, .. } => {
                let order = self.out_of_order(*id, channel);
                self.settles(*id, channel, Fared::Told).or(order)
            }
            Event::TellDropped { id, channel, why } => {
                let silent = why
                    .is_empty()
                    .then(|| format!("{id} dropped without a reason"));
                self.settles(*id, channel, Fared::Dropped).or(silent)
            }
            _ => None,
        }
    }

    fn settles(&mut self, id: u64, channel: &PlainText, how: Fared) -> Option<String> {
        let before = self.messages.insert((channel.clone(), id), how);
        (before != Some(Fared::Waits))
            .then(|| format!("telling {id} on {channel}: {before:?} and then {how:?}"))
    }

    /// That an incident is over is told after what it is.
    fn out_of_order(&self, id: u64, channel: &PlainText) -> Option<String> {
        let key = &self.news.get(&id)?.key;
        let is = |id: &u64, changes: &[IncidentChange]| {
            let news = self.news.get(id);
            news.is_some_and(|news| changes.contains(&news.change))
        };
        let of_it = self.news.range(..id).filter(|(_, news)| news.key == *key);
        let waits = of_it.map(|(id, _)| id).find(|earlier| {
            let fared = self.messages.get(&(channel.clone(), **earlier));
            let over = is(earlier, &[IncidentChange::Resolved]);
            fared == Some(&Fared::Waits) && (over || is(&id, &COURSE))
        });
        waits.map(|earlier| format!("{channel} was told {id} before {earlier}"))
    }

    /// A channel takes these, in one message.
    pub(super) fn takes(
        &mut self,
        ids: &[u64],
        channel: &Channel,
        now: Timestamp,
    ) -> Option<String> {
        let rings = |id: &u64| {
            let news = self.news.get(id);
            news.is_none_or(|news| !COURSE.contains(&news.change))
        };
        // What was given up meanwhile, with a channel that left the config, haltline counts no more.
        let waits = |id: &&u64| {
            let fared = self.messages.get(&(channel.name.clone(), **id));
            fared == Some(&Fared::Waits)
        };
        if !ids.iter().filter(waits).any(rings) {
            return None;
        }
        let rang = self.rang.entry(channel.name.clone()).or_default();
        rang.retain(|then| *then > now - TimeDelta::minutes(1));
        rang.push(now);
        let often = rang.len();
        (often > channel.most as usize).then(|| format!("{} rang {often} times", channel.name))
    }

    /// Those that nobody got, and that nobody gave up.
    pub(in crate::engine::tests) fn lost(&self) -> Vec<&(PlainText, u64)> {
        let waits = self.messages.iter();
        let waits = waits.filter(|(_, fared)| **fared == Fared::Waits);
        waits.map(|(message, _)| message).collect()
    }
}

impl Model {
    /// Many pages at once, as of a source that lies about everything.
    pub(in crate::engine::tests) fn storm(&mut self) {
        for n in 0..self.rng.random_range(1..12) {
            let text = format!("app-0: page {n} of {}", self.journal.len());
            self.say(Urgency::Page, &text);
        }
    }

    /// Tells something in a step of its own.
    pub(in crate::engine::tests) fn say(&mut self, urgency: Urgency, text: &str) {
        self.say_of(&app_id(0), urgency, text);
    }

    pub(in crate::engine::tests) fn say_of(&mut self, app: &AppId, urgency: Urgency, text: &str) {
        let context = Context {
            busy: self.busy(),
            ..Context::at(self.now)
        };
        let told = (app, urgency, text);
        let step = crate::engine::step::tests_tell(&self.plan, &self.state, told, &context);
        self.take(step);
    }

    pub(in crate::engine::tests) fn acknowledge(&mut self, reason: &str) {
        let request = ActRequest {
            id: format!("ack-{}", self.journal.len()),
            app: Some(app_id(0)),
            act: Act::Acknowledge,
            actor: Actor::Person {
                name: "alice".into(),
                host: PlainText::default(),
            },
            standing: crate::domain::Standing::default(),
            reason: reason.into(),
            expect: None,
        };
        self.feed(&Input::Asked { request });
    }

    /// The channels that a message is on its way to; two to one channel are one too many.
    pub(in crate::engine::tests) fn busy(&mut self) -> BTreeSet<PlainText> {
        let mut busy = BTreeSet::new();
        if let Some(Input::TellDone { channel, .. }) = &self.transit {
            busy.insert(channel.clone());
        }
        for effect in &self.pending {
            if let Effect::Tell { channel, .. } = effect
                && !busy.insert(channel.clone())
            {
                let words = format!("two messages on their way to {channel}");
                self.violations.push(words);
            }
        }
        busy
    }

    /// A channel took a message, and haltline has heard of it: what it has not heard of is told again, and no rate knows it.
    pub(super) fn took(&mut self, input: &Input) {
        let Input::TellDone {
            ids,
            channel,
            result: Ok(_),
        } = input
        else {
            return;
        };
        let plan = self.plan.telling.channels.iter();
        let mut plan = plan.filter(|known| known.name == *channel);
        let known = plan.next().cloned();
        let found = match known {
            Some(known) => self.listener.takes(ids, &known, self.now),
            // It was on its way when the config changed.
            None => None,
        };
        self.violations.extend(found);
    }
}

/// What the channel answers.
pub(super) fn tell(ids: Vec<u64>, channel: PlainText, fate: Fate) -> Input {
    let failed = |kind, what: &str| Err(Failure::new(kind, what));
    let result = match fate {
        Fate::Works => Ok(Some("thread".into())),
        Fate::LostReply => failed(FailureKind::Ambiguous, "no answer"),
        Fate::LostRequest => failed(FailureKind::Retry, "connection refused"),
        Fate::EmptyPromise => failed(FailureKind::Refused, "channel_is_archived"),
        Fate::Conflict => Err(Failure {
            retry_after: Some(90),
            ..Failure::new(FailureKind::Quota, "slow down")
        }),
    };
    Input::TellDone {
        ids,
        channel,
        result,
    }
}
