//! What channels hear by the clock: reminders of open incidents for those that forget, and the heartbeat, by whose silence somebody
//! else notices that nobody watches.
//!
//! No facts: nothing of it is journalled, and what fails is not tried again, since the next one comes soon. Must not keep an act or a
//! message waiting: it has lanes of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use super::driver::Watcher;
use super::job::Job;
use super::{schedule, words};
use crate::domain::{AppId, Failure, PlainText, Timestamp};
use crate::ports::Notifier;

/// When a channel that did not take what no journal knows is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

type Told = Result<Option<PlainText>, Failure>;

/// Where haltline tells that it lives.
pub struct Heart {
    pub notifier: Arc<dyn Notifier>,
    /// How often, where every cycle is a good one.
    pub every: TimeDelta,
}

/// When what was sent, and what has been read well since the last heartbeat.
#[derive(Default)]
pub(super) struct Reminders {
    /// Of the channels that are reminded of something: when they are next.
    next: BTreeMap<String, Timestamp>,
    /// A watcher that has just started does not know when they were reminded last: at once.
    started: bool,
    /// When the next heartbeat is due.
    beat: Option<Timestamp>,
    /// The channels that have not taken yet that haltline does not act, and when they are tried again.
    untold: BTreeMap<PlainText, Timestamp>,
    /// Stores (`None`) and sources that were read well.
    well: BTreeSet<(AppId, Option<usize>)>,
}

impl Reminders {
    /// Something was read well.
    pub(super) fn read_well(&mut self, app: &AppId, source: Option<usize>) {
        self.well.insert((app.clone(), source));
    }

    /// Other sources are asked from now on.
    pub(super) fn begin_anew(&mut self) {
        self.well.clear();
    }

    /// When somebody has to be reminded.
    pub(super) fn wakes(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.next.values().chain(self.untold.values()).copied()
    }
}

impl Watcher {
    /// Reminds whoever is due, and sends a heartbeat after a good cycle.
    pub(super) fn remind(&mut self, now: Timestamp) {
        let notifiers = self.outside.notifiers.clone();
        for notifier in notifiers {
            let Some(every) = notifier.reminded_every() else {
                continue;
            };
            let name = notifier.name();
            let open = words::incidents(self, name);
            if open.is_empty() {
                self.reminders.next.remove(name);
                continue;
            }
            // Whoever has just been told of it need not hear it again.
            let first = if self.reminders.started {
                now + every
            } else {
                now
            };
            let next = self.reminders.next.entry(name.to_owned()).or_insert(first);
            if schedule::is_due(Some(*next), now, every) {
                *next = now + every;
                let channel = name.into();
                self.enqueue(Job::Remind { channel, open });
            }
        }
        self.reminders.started = true;
        let due = self
            .reminders
            .untold
            .extract_if(.., |_channel, due| schedule::is_due(Some(*due), now, AGAIN));
        let due: Vec<PlainText> = due.map(|(channel, _)| channel).collect();
        self.tell_distrust_to(due);
        self.beat(now);
    }

    /// A channel heard that haltline does not act, or did not: of that no journal knows, so that it is remembered here.
    pub(super) fn told_beside_the_journal(&mut self, channel: PlainText, result: &Told) {
        let again = result.as_ref().err().filter(|why| why.kind.is_transient());
        if again.is_some() {
            let now = self.outside.clock.now();
            self.reminders.untold.insert(channel, now + AGAIN);
        }
    }

    fn beat(&mut self, now: Timestamp) {
        let Some(heart) = &self.outside.heart else {
            return;
        };
        let due = schedule::is_due(self.reminders.beat, now, heart.every);
        if due && self.is_well() {
            self.reminders.beat = Some(now + heart.every);
            self.reminders.well.clear();
            self.enqueue(Job::Beat);
        }
    }

    /// Every store, and every required source of what is watched, was read well since the last heartbeat, and haltline may act.
    fn is_well(&self) -> bool {
        let well = |key: (AppId, Option<usize>)| self.reminders.well.contains(&key);
        let app_is_well = |id: &AppId| {
            let watched = self.state.app(id).is_some_and(|app| app.release.is_some());
            let sources = self.apps.get(id).map_or(&[][..], |app| &app.sources);
            let required = sources.iter().enumerate();
            let mut required = required.filter(|(_, source)| source.required && watched);
            well((id.clone(), None)) && required.all(|(place, _)| well((id.clone(), Some(place))))
        };
        self.distrust.is_none() && !self.apps.is_empty() && self.apps.keys().all(app_is_well)
    }
}

/// What became of it: for the log alone.
pub(super) fn heard(what: &str, channel: &PlainText, result: &Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(%channel, %failure, "{what} was not taken; the next one comes");
    }
}

#[cfg(test)]
mod tests;
