//! Following another watcher through the journal: the same picture a second later, and acts relayed to who may act.

use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;

use super::app::WatchedApp;
use super::driver::{Ended, Watcher};
use super::kept::{Kept, Recipe};
use super::observe;
use super::picture;
use crate::api::client::Question;
use crate::api::wire::WatcherState;
use crate::domain::{ActReply, ActRequest, Timestamp};
use crate::engine::{self, Plan, State};
use crate::ports::{Journal, JournalError};

/// How often the journal is looked at.
const RHYTHM: TimeDelta = TimeDelta::seconds(1);
/// How long the acting watcher has to answer: it looks for questions every second.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

impl Watcher {
    /// Shows what the acting watcher writes until `stop` resolves. Once it is gone (`alive` says so) this ends with
    /// [`Ended::Done`] where `take_over` is wanted; else the picture says that nobody watches.
    pub async fn follow(
        &mut self,
        stop: impl Future<Output = ()>,
        alive: impl Fn() -> bool,
        take_over: bool,
    ) -> Result<Ended, JournalError> {
        let mut stop = std::pin::pin!(stop);
        loop {
            let watched = alive();
            if take_over && !watched {
                return Ok(Ended::Done);
            }
            self.catch_up(watched)?;
            let clock = Arc::clone(&self.outside.clock);
            let next = clock.now() + RHYTHM;
            tokio::select! {
                biased;
                () = &mut stop => return Ok(Ended::Stopped),
                Some(question) = self.questions.recv() => match question {
                    Question::Act(request, answer) => {
                        let reply = self.relay(&request).await?;
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

    /// Folds what was journalled since, and draws it.
    fn catch_up(&mut self, watched: bool) -> Result<(), JournalError> {
        self.read_on()?;
        self.assess_offline()?;
        let watching = if watched {
            WatcherState::Acting {
                term: self.state.term,
            }
        } else {
            WatcherState::NobodySince {
                since: self.state.last_at,
            }
        };
        self.publish
            .send_replace(Arc::new(picture::draw(self, watching)));
        Ok(())
    }

    /// Folds what others have journalled since.
    pub(super) fn read_on(&mut self) -> Result<(), JournalError> {
        let news = self.outside.journal.records_after(self.state.seq)?;
        for record in &news {
            self.state
                .apply(record.at, record.app.as_ref(), &record.event);
        }
        self.durable(news);
        Ok(())
    }

    /// Looks at the stored readings without deciding anything.
    pub(super) fn assess_offline(&mut self) -> Result<(), JournalError> {
        let (now, journal) = (self.outside.clock.now(), Arc::clone(&self.outside.journal));
        for app in self.apps.values_mut() {
            super::driver::recall(app, &self.state, journal.as_ref())?;
            assess(app, (&self.plan, &self.state), journal.as_ref(), now, None)?;
        }
        Ok(())
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

/// Looks at what the journal has of an app, or had of it by `as_of`, without deciding anything.
pub(super) fn assess(
    app: &mut WatchedApp,
    (plan, whole): (&Plan, &State),
    journal: &dyn Journal,
    now: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<(), JournalError> {
    app.memory.assessment = None;
    let (Some(state), Some(own)) = (whole.app(&app.id), plan.apps.get(&app.id)) else {
        return Ok(());
    };
    let Some(recipe) = observe::recipe(app, state) else {
        return Ok(());
    };
    let policy = engine::in_force(own, state);
    let kept = Kept::anew(Recipe { as_of, ..recipe }, &policy, journal, now)?;
    let next_train = plan.next_train(own, now);
    let seen = observe::observe(app, state, own, kept.told(), next_train, now);
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
