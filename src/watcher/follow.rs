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
use crate::domain::{ActReply, ActRequest, AppId, Refusal, RefusalKind, Timestamp};
use crate::engine::{self, Plan, State};
use crate::ports::{Journal, JournalError};

/// How often the journal is looked at.
const RHYTHM: TimeDelta = TimeDelta::seconds(1);
/// How long the acting watcher has to answer: it looks for questions every second.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// What of the journal was looked at so far.
#[derive(Default)]
pub(super) struct Looked {
    /// The mark of each app's reports when it was assessed last, and when that was.
    assessed: BTreeMap<AppId, (Option<i64>, Timestamp)>,
    /// Apps of which there are records since.
    due: BTreeSet<AppId>,
}

/// What a follower has seen of who acts.
#[derive(Default)]
struct Seen {
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
            self.desk.pulse.beat();
            let watched = alive();
            if take_over && !watched {
                return Ok(Ended::Done);
            }
            let looked = self.look(watched, &mut seen);
            self.bear(looked)?;
            let clock = Arc::clone(&self.outside.clock);
            let next = clock.now() + RHYTHM;
            tokio::select! {
                biased;
                () = &mut stop => return Ok(Ended::Stopped),
                Some(question) = self.desk.questions.recv() => match question {
                    Question::Act(request, answer) => {
                        let reply = self.relay(&request).await;
                        let reply = reply.unwrap_or_else(|error| {
                            let why = format!("it cannot be passed on: {error}");
                            ActReply::Refused(why.into())
                        });
                        // The asker may have given up; the act stands all the same.
                        drop(answer.send(reply));
                    }
                    Question::Issue(app, source, id, answer) => self.look_at(&app, &source, id, answer),
                    Question::Past(when, answer) => self.look_back(when, answer),
                    Question::History(app, answer) => self.tell_history(&app, answer),
                    Question::Records(which, answer) => self.tell_records(which, answer),
                },
                () = clock.sleep_until(next) => {}
            }
        }
    }

    /// Reads on, and draws what it came to where that is another picture.
    fn look(&mut self, watched: bool, seen: &mut Seen) -> Result<(), JournalError> {
        let before = seen.watched.replace(watched);
        if before != Some(watched) {
            let now = self.outside.clock.now();
            seen.gone = (before == Some(true)).then_some(now);
        }
        let live = *self.desk.link.borrow() == Link::Live;
        if self.catch_up()? || before != Some(watched) || !live {
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

    /// Where the journal cannot be read for now, the picture stays and says that it is not a live one.
    fn bear(&self, caught_up: Result<(), JournalError>) -> Result<(), JournalError> {
        let Err(error @ JournalError::Unusable { .. }) = caught_up else {
            return caught_up;
        };
        if !matches!(*self.desk.link.borrow(), Link::Reconnecting { .. }) {
            tracing::warn!("{error}: trying again");
            let since = self.outside.clock.now();
            self.reached(Link::Reconnecting { since });
        }
        Ok(())
    }

    /// Folds what others have journalled since, and assesses without deciding anything: every app of which there may be something
    /// new, and every other as often as it is polled, since data age. False where nothing of it changed the picture.
    pub fn catch_up(&mut self) -> Result<bool, JournalError> {
        let (now, journal) = (self.outside.clock.now(), Arc::clone(&self.outside.journal));
        let news = journal.records_after(self.state.seq)?;
        for record in &news {
            self.state
                .apply(record.at, record.app.as_ref(), &record.event);
            match &record.app {
                Some(app) => drop(self.looked.due.insert(app.clone())),
                None => self.looked.due.extend(self.order.iter().cloned()),
            }
        }
        let mut changed = !news.is_empty();
        self.durable(news);
        let marks = journal.reported()?;
        for (id, app) in &mut self.apps {
            let mark = marks.get(id).copied();
            let known = self.looked.assessed.get(id);
            let reported = known.is_none_or(|(known, _)| *known != mark);
            let old = known.is_none_or(|(_, at)| now >= *at + self.poll);
            if reported {
                app.recall(&self.state, journal.as_ref(), now)?;
                app.memory.kept = None;
            }
            if reported || old || self.looked.due.contains(id) {
                assess(app, (&self.plan, &self.state), journal.as_ref(), now, None)?;
                self.looked.due.remove(id);
                self.looked.assessed.insert(id.clone(), (mark, now));
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Puts a request before the acting watcher and waits for its answer.
    async fn relay(&mut self, request: &ActRequest) -> Result<ActReply, JournalError> {
        let (clock, journal) = (
            Arc::clone(&self.outside.clock),
            Arc::clone(&self.outside.journal),
        );
        if let Err(refusal) = engine::may(&self.plan, &self.state, request) {
            return Ok(ActReply::Refused(refusal));
        }
        if let Err(why) = (self.outside.set_disarm)(request) {
            return Ok(ActReply::Refused(why.into()));
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
        let why = "the watcher did not answer within 10 s: is it alive?";
        Ok(ActReply::Refused(Refusal::new(
            RefusalKind::Unanswered,
            why,
        )))
    }
}

/// Looks at what the journal has of an app, or had of it by `as_of`, without deciding anything. What is kept of it must be of
/// the readings as they are.
pub(super) fn assess(
    app: &mut WatchedApp,
    (plan, whole): (&Plan, &State),
    journal: &dyn Journal,
    now: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<(), JournalError> {
    app.memory.assessment = None;
    app.memory.edition += 1;
    let (Some(state), Some(own)) = (whole.app(&app.id), plan.apps.get(&app.id)) else {
        return Ok(());
    };
    let Some(recipe) = observe::recipe(app, state) else {
        return Ok(());
    };
    let policy = engine::in_force(own, state);
    let recipe = Recipe { as_of, ..recipe };
    let kept = Kept::after(app.memory.kept.take(), recipe, &policy, journal, None, now)?;
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

#[cfg(test)]
mod tests;
