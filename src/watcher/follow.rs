//! Following another watcher through the journal: the same picture a second later, and acts relayed to who may act.
//!
//! Costs next to nothing while nothing is written: what was read is read again only where the journal says that there is
//! more, and judged again only then, or as often as the acting watcher itself would.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;

use super::app::WatchedApp;
use super::driver::{Ended, Watcher};
use super::kept::{Kept, Recipe};
use super::observe;
use super::picture;
use crate::api::client::{Link, Question};
use crate::api::wire::WatcherState;
use crate::domain::{ActReply, ActRequest, AppId, Timestamp};
use crate::engine::{self, Plan, State};
use crate::ports::{Journal, JournalError};

/// How often the journal is looked at.
const RHYTHM: TimeDelta = TimeDelta::seconds(1);
/// How long the acting watcher has to answer: it looks for questions every second.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// What a follower has seen so far.
#[derive(Default)]
struct Seen {
    /// The mark of each app's reports when it was assessed last, and when that was.
    assessed: BTreeMap<AppId, (Option<i64>, Timestamp)>,
    /// Apps of which there are records since.
    due: BTreeSet<AppId>,
    /// Somebody acted, when that was looked at last.
    watched: Option<bool>,
    /// When the acting watcher was found to be gone; its last record may be much older.
    gone: Option<Timestamp>,
}

impl Watcher {
    /// Shows what the acting watcher writes until `stop` resolves. Once it is gone (`alive` says so) this ends with
    /// [`Ended::Done`] where `take_over` is wanted; else the picture says that nobody watches. A journal that cannot be read
    /// for now is tried again; one that cannot be believed ends it.
    pub async fn follow(
        &mut self,
        stop: impl Future<Output = ()>,
        alive: impl Fn() -> bool,
        take_over: bool,
    ) -> Result<Ended, JournalError> {
        let mut stop = std::pin::pin!(stop);
        let mut seen = Seen::default();
        loop {
            let watched = alive();
            if take_over && !watched {
                return Ok(Ended::Done);
            }
            match self.catch_up(watched, &mut seen) {
                Err(error @ JournalError::Unusable { .. }) => self.lose_sight(&error),
                caught_up => caught_up?,
            }
            let clock = Arc::clone(&self.outside.clock);
            let next = clock.now() + RHYTHM;
            tokio::select! {
                biased;
                () = &mut stop => return Ok(Ended::Stopped),
                Some(question) = self.desk.questions.recv() => match question {
                    Question::Act(request, answer) => {
                        let reply = self.relay(&request).await;
                        let reply = reply.unwrap_or_else(|error| ActReply::Refused {
                            why: format!("it cannot be passed on: {error}").into(),
                        });
                        // The asker may have given up; the act stands all the same.
                        drop(answer.send(reply));
                    }
                    Question::Issue(app, source, id, answer) => self.look_at(&app, &source, id, answer),
                    Question::Past(when, answer) => self.look_back(when, answer),
                    Question::History(app, answer) => drop(answer.send(self.history(&app))),
                },
                () = clock.sleep_until(next) => {}
            }
        }
    }

    /// Folds what was journalled since, and draws it where that changes the picture.
    fn catch_up(&mut self, watched: bool, seen: &mut Seen) -> Result<(), JournalError> {
        let now = self.outside.clock.now();
        let mut changed = *self.desk.link.borrow() != Link::Live;
        let before = seen.watched.replace(watched);
        if before != Some(watched) {
            seen.gone = (before == Some(true)).then_some(now);
            changed = true;
        }
        for app in self.read_on()? {
            match app {
                Some(app) => drop(seen.due.insert(app)),
                None => seen.due.extend(self.order.iter().cloned()),
            }
            changed = true;
        }
        let marks = self.outside.journal.reported()?;
        for id in self.order.clone() {
            let mark = marks.get(&id).copied();
            let known = seen.assessed.get(&id);
            let reported = known.is_none_or(|(known, _)| *known != mark);
            let old = known.is_none_or(|(_, at)| now >= *at + self.poll);
            if reported || old || seen.due.contains(&id) {
                self.assess_alone(&id, reported)?;
                seen.due.remove(&id);
                seen.assessed.insert(id, (mark, now));
                changed = true;
            }
        }
        if changed {
            let watching = if watched {
                WatcherState::Acting {
                    term: self.state.term,
                }
            } else {
                WatcherState::NobodySince {
                    since: seen.gone.or(self.state.last_at),
                }
            };
            self.publish(picture::draw(self, watching));
        }
        Ok(())
    }

    /// The picture stays, and says that it is not a live one.
    fn lose_sight(&self, error: &JournalError) {
        if !matches!(*self.desk.link.borrow(), Link::Reconnecting { .. }) {
            tracing::warn!("{error}: trying again");
            let since = self.outside.clock.now();
            self.reached(Link::Reconnecting { since });
        }
    }

    /// Folds what others have journalled since; returns whom each record is about.
    pub(super) fn read_on(&mut self) -> Result<Vec<Option<AppId>>, JournalError> {
        let news = self.outside.journal.records_after(self.state.seq)?;
        for record in &news {
            self.state
                .apply(record.at, record.app.as_ref(), &record.event);
        }
        let about = news.iter().map(|record| record.app.clone()).collect();
        self.durable(news);
        Ok(about)
    }

    /// Looks at the stored readings of every app without deciding anything.
    pub fn assess_offline(&mut self) -> Result<(), JournalError> {
        for id in self.order.clone() {
            self.assess_alone(&id, true)?;
        }
        Ok(())
    }

    /// Looks at an app's stored readings without deciding anything; `reported`: there may be others than last time.
    fn assess_alone(&mut self, id: &AppId, reported: bool) -> Result<(), JournalError> {
        let (now, journal) = (self.outside.clock.now(), Arc::clone(&self.outside.journal));
        let Some(app) = self.apps.get_mut(id) else {
            return Ok(());
        };
        if reported {
            super::driver::recall(app, &self.state, journal.as_ref())?;
            app.memory.kept = None;
        }
        assess(app, (&self.plan, &self.state), journal.as_ref(), now, None)
    }

    /// Puts a request before the acting watcher and waits for its answer.
    async fn relay(&mut self, request: &ActRequest) -> Result<ActReply, JournalError> {
        let (clock, journal) = (
            Arc::clone(&self.outside.clock),
            Arc::clone(&self.outside.journal),
        );
        if let Err(why) = (self.outside.set_disarm)(request) {
            return Ok(ActReply::Refused { why: why.into() });
        }
        journal.ask(request, clock.now())?;
        let deadline = clock.now() + PATIENCE;
        while clock.now() < deadline {
            if let Some(reply) = journal.reply_to(&request.id)? {
                return Ok(reply);
            }
            clock
                .sleep_until(clock.now() + TimeDelta::milliseconds(100))
                .await;
        }
        Ok(ActReply::Refused {
            why: "the watcher did not answer within 10 s: is it alive?".into(),
        })
    }
}

/// Looks at what the journal has of an app, or had of it by `as_of`, without deciding anything. What the app has kept of it
/// is weighed on from.
pub(super) fn assess(
    app: &mut WatchedApp,
    (plan, whole): (&Plan, &State),
    journal: &dyn Journal,
    now: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<(), JournalError> {
    app.memory.assessment = None;
    let kept = app.memory.kept.take();
    let (Some(state), Some(own)) = (whole.app(&app.id), plan.apps.get(&app.id)) else {
        return Ok(());
    };
    let Some(recipe) = observe::recipe(app, state) else {
        return Ok(());
    };
    let policy = engine::in_force(own, state);
    let recipe = Recipe { as_of, ..recipe };
    let kept = Kept::after(kept, recipe, &policy, journal, None, now)?;
    let next_train = plan.next_train(own, now);
    let seen = observe::observe(app, state, own, kept.told(), next_train, now);
    app.memory.kept = Some(kept);
    if let Some(observation) = &seen {
        app.memory.keep_doubts(observation);
    }
    app.memory.assessment = seen.map(|observation| {
        let mut seen = crate::policy::assess(&policy, &observation);
        seen.gate = engine::ahead(plan, whole, &app.id, &policy, &seen, now);
        seen
    });
    Ok(())
}
