//! Another config while the watch goes on: new adapters, a new plan, the same state.
//!
//! Between two writes, and in one step: a write that is under way ends with the adapters that it began with. Reads and polls
//! of the old adapters may end after that; what they bring is not looked at, and until then their lane stays busy, so that no
//! two conversations about one app ever run side by side. Must not decide whether a config is right.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::watch;

use super::app::{Memory, WatchedApp};
use super::driver::Watcher;
use super::job::{Job, Lane};
use super::reminders::Heart;
use crate::domain::{AppId, PlainText, SourceId};
use crate::engine::{Input, Plan};
use crate::ports::{Checker, Notifier};

/// What a config makes of a watcher.
pub struct Setup {
    pub plan: Plan,
    /// In the order of the config.
    pub apps: Vec<WatchedApp>,
    pub poll: TimeDelta,
    pub notifiers: Vec<Arc<dyn Notifier>>,
    pub checker: Arc<dyn Checker>,
    pub heart: Option<Heart>,
    pub on_call: watch::Receiver<Option<PlainText>>,
}

/// What is different in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// In words, for the journal.
    pub words: Vec<PlainText>,
    /// Apps that are not in it any more, or are to be found elsewhere.
    pub left: BTreeSet<AppId>,
}

impl Watcher {
    /// No write is under way, nor about to be.
    pub fn is_between_writes(&self) -> bool {
        let writing = self.state.apps.values().any(|app| app.writing.is_some());
        !writing && !self.queue.iter().any(Job::is_urgent)
    }

    /// Goes on with this setup. `Err` says why not, in words that are journalled and told: the old one goes on.
    pub fn reload(&mut self, setup: Setup, changed: Changed) -> Result<(), PlainText> {
        if let Some(why) = self.keeps_from_leaving(&changed.left) {
            self.refuse_reload(&why);
            return Err(why);
        }
        let now = self.outside.clock.now();
        self.queue
            .retain(|job| matches!(job, Job::Tell { .. } | Job::Check { .. }));
        let asks = |lane: &&Lane| matches!(lane, Lane::Store(_) | Lane::Source(..));
        self.stale = self.busy.iter().filter(asks).cloned().collect();
        let mut before = std::mem::take(&mut self.apps);
        self.order = setup.apps.iter().map(|app| app.id.clone()).collect();
        for mut app in setup.apps {
            if let Some(known) = before.remove(&app.id) {
                app.memory = known.memory.with_other_adapters(&app);
            }
            let journal = Arc::clone(&self.outside.journal);
            if let Err(error) = app.recall(&self.state, journal.as_ref(), now) {
                self.lose_trust(&error.to_string());
            }
            self.apps.insert(app.id.clone(), app);
        }
        (self.plan, self.poll) = (setup.plan, setup.poll);
        self.gallery.forget();
        self.outside.notifiers = setup.notifiers;
        self.outside.checker = setup.checker;
        (self.outside.heart, self.outside.on_call) = (setup.heart, setup.on_call);
        self.reminders.begin_anew();
        let changes = changed.words;
        self.process(&Input::Reloaded { changes });
        Ok(())
    }

    /// A config that cannot be taken: written down and told.
    pub fn refuse_reload(&mut self, why: &PlainText) {
        self.process(&Input::ReloadRefused { why: why.clone() });
    }

    /// What is wanted of a store has to be seen there before anybody looks away.
    fn keeps_from_leaving(&self, left: &BTreeSet<AppId>) -> Option<PlainText> {
        if !self.is_between_writes() {
            return Some("a write to a store is under way".into());
        }
        let wants = |id: &&AppId| {
            let app = self.state.app(id);
            app.is_some_and(|app| app.desire.is_some())
        };
        let id = left.iter().find(wants)?;
        let verb = self.state.app(id)?.desire.as_ref()?.verb;
        Some(
            format!(
                "{id} is not in it any more, or on another store, while its {verb} is not confirmed: wait for that, or restart haltline"
            )
            .into(),
        )
    }

    /// A conversation of adapters that are not used any more has ended: nothing is to be done about it.
    pub(super) fn is_of_old_adapters(&mut self, lane: &Lane) -> bool {
        let known = self.stale.len();
        self.stale.retain(|stale| stale != lane);
        self.stale.len() < known
    }
}

impl Memory {
    /// What is still true where the same app is asked through other adapters: it is polled at once, and read in full.
    fn with_other_adapters(mut self, app: &WatchedApp) -> Self {
        let there = |id: &SourceId| app.sources.iter().any(|watched| watched.source.id() == id);
        self.reports.retain(|id, _| there(id));
        self.failures.retain(|id, _| there(id));
        self.answered.retain(|id, _| there(id));
        Self {
            polls: 0,
            next_poll: None,
            fingerprint: None,
            reads_failed: 0,
            read_not_before: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
