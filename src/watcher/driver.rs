//! The loop: what is due, what came back, what to do next.
//!
//! One task owns the state. On the wall clock many conversations run side by side; on a discrete clock one thing is done
//! after the other, and time moves only when nothing is left to do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::future::AbortHandle;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::app::WatchedApp;
use super::follow::Looked;
use super::gallery::Gallery;
use super::job::{self, Job, Lane, Running, StoreTalk};
use super::reminders::{Heart, Reminders};
use super::schedule::Place;
use super::trail::Trail;
use super::turn::EVENTS_SHOWN;
use super::{history, picture, schedule};
use crate::api::Snapshot;
use crate::api::client::{Client, Desk, Link, Question};
use crate::domain::{ActRequest, AppId, PlainText, Record, Timestamp};
use crate::engine::input::DisarmEntry;
use crate::engine::{self, Input, Plan, State};
use crate::ports::{Checker, Clock, HealthQuery, Journal, JournalError, Notifier, ahead};

/// How long the watcher leaves commands and the disarm file unread on the wall clock.
const HEARTBEAT: TimeDelta = TimeDelta::seconds(1);

/// How long a clean end waits for a write.
const LAST_WRITES: TimeDelta = TimeDelta::seconds(5);

/// The world around the watcher, from the composition root.
pub struct Outside {
    pub journal: Arc<dyn Journal>,
    pub clock: Arc<dyn Clock>,
    pub notifiers: Vec<Arc<dyn Notifier>>,
    pub checker: Arc<dyn Checker>,
    /// Reads the disarm file: the red button.
    pub disarm: Box<dyn Fn(Timestamp) -> Vec<DisarmEntry> + Send>,
    /// Carries out a person's disarm or arm in the file; does nothing for other acts.
    pub set_disarm: SetDisarm,
    /// Who is on call, as somebody finds out beside the loop.
    pub on_call: watch::Receiver<Option<PlainText>>,
    /// Where it tells that it lives, where it does.
    pub heart: Option<Heart>,
    /// Sees every event once it is durable.
    pub on_record: Box<dyn FnMut(&Record) + Send>,
}

/// Writes the disarm file; `Err` says in words why it could not.
pub type SetDisarm = Box<dyn Fn(&ActRequest) -> Result<(), String> + Send>;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Stopped,
    /// What it was run for has come.
    Done,
}

/// The watcher.
pub struct Watcher {
    pub(super) plan: Plan,
    pub(super) state: State,
    pub(super) apps: BTreeMap<AppId, WatchedApp>,
    /// In the order of the config.
    pub(super) order: Vec<AppId>,
    pub(super) outside: Outside,
    pub(super) poll: TimeDelta,
    /// Why haltline must not act now, where it must not.
    pub(super) distrust: Option<PlainText>,
    pub(super) events: VecDeque<Record>,
    /// For looks into the past.
    pub(super) trail: Arc<Trail>,
    pub(super) looked: Looked,
    pub(super) queue: VecDeque<Job>,
    /// What people will ask for, earliest first.
    asks: VecDeque<(Timestamp, ActRequest)>,
    pub(super) busy: Vec<Lane>,
    /// Busy with conversations of adapters that a reload has replaced.
    pub(super) stale: Vec<Lane>,
    /// Why room for records is running out, where it is.
    pub(super) short: Option<PlainText>,
    running: FuturesUnordered<Running>,
    /// How the last read of each store is broken off.
    reads: BTreeMap<AppId, AbortHandle>,
    next_heartbeat: Timestamp,
    pub(super) reminders: Reminders,
    pub(super) desk: Desk,
    /// For the charts.
    pub(super) read: history::Read,
    pub(super) gallery: Gallery,
}

impl Watcher {
    /// A watcher on a replayed journal. `distrust` says why it must not act from the start, where it must not.
    pub fn new(
        plan: Plan,
        apps: Vec<WatchedApp>,
        outside: Outside,
        poll: TimeDelta,
        distrust: Option<PlainText>,
    ) -> Result<(Self, Client), JournalError> {
        let records = outside.journal.records_after(0)?;
        let state = engine::replay(&records);
        let events = records.into_iter().rev().take(EVENTS_SHOWN).rev().collect();
        let now = outside.clock.now();
        let order: Vec<AppId> = apps.iter().map(|app| app.id.clone()).collect();
        let mut apps: BTreeMap<AppId, WatchedApp> =
            apps.into_iter().map(|app| (app.id.clone(), app)).collect();
        for app in apps.values_mut() {
            app.recall(&state, outside.journal.as_ref(), now)?;
        }
        let (desk, client) = Client::desk(picture::empty(now), Link::Live);
        let watcher = Self {
            plan,
            state,
            apps,
            order,
            outside,
            poll,
            distrust,
            events,
            trail: Arc::default(),
            looked: Looked::default(),
            queue: VecDeque::new(),
            asks: VecDeque::new(),
            busy: Vec::new(),
            stale: Vec::new(),
            short: None,
            running: FuturesUnordered::new(),
            reads: BTreeMap::new(),
            next_heartbeat: now,
            reminders: Reminders::default(),
            desk,
            read: history::Read::default(),
            gallery: Gallery::default(),
        };
        watcher.show();
        Ok((watcher, client))
    }

    /// Shows its next pictures at another desk, and answers there: for a screen that was there before the journal was read.
    pub fn sit_at(&mut self, desk: Desk) {
        self.desk = desk;
    }

    /// People will ask for these, each at its time, earliest first: for a simulated world, whose people are simulated too.
    pub fn expect(&mut self, asks: impl IntoIterator<Item = (Timestamp, ActRequest)>) {
        self.asks.extend(asks);
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn snapshot(&self) -> Snapshot {
        picture::of(self)
    }

    /// The picture from the journal alone, for when nobody watches: assessed anew, nothing decided, nothing written.
    pub fn offline(&mut self) -> Result<Snapshot, JournalError> {
        self.catch_up()?;
        Ok(picture::offline(self))
    }

    /// Takes the watch: `term` is the fencing number that the journal gave.
    pub fn start(&mut self, term: u64) {
        self.tell_distrust();
        let haltline = env!("CARGO_PKG_VERSION").into();
        self.process(&Input::Started { term, haltline });
    }

    /// Runs until `stop` resolves or `done` says so of the state after an input.
    pub async fn run(
        &mut self,
        stop: impl Future<Output = ()>,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Ended {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.desk.pulse.beat();
            if done(self) {
                self.show_last();
                return Ended::Done;
            }
            self.show_if_due();
            self.start_jobs();
            let discrete = self.outside.clock.is_discrete();
            let idle = self.running.is_empty();
            if idle || !discrete {
                self.heartbeat();
                if self.start_jobs() {
                    continue;
                }
            }
            let wake = self.next_wake();
            let clock = Arc::clone(&self.outside.clock);
            let may_sleep = idle || !discrete;
            tokio::select! {
                biased;
                () = &mut stop => {
                    self.show_last();
                    return Ended::Stopped;
                }
                Some((lane, outcome)) = self.running.next(), if !idle => self.came_back(&lane, outcome),
                Some(question) = self.desk.questions.recv() => match question {
                    Question::Act(request, answer) => {
                        let reply = self.ask(request);
                        // The asker may have given up; the act stands all the same.
                        drop(answer.send(reply));
                    }
                    Question::Issue(app, source, id, answer) => self.look_at(&app, &source, id, answer),
                    Question::Past(when, answer) => self.look_back(when, answer),
                    Question::History(app, answer) => self.tell_history(&app, answer),
                    Question::Records(which, answer) => self.tell_records(which, answer),
                },
                () = clock.sleep_until(wake), if may_sleep => {}
            }
        }
    }

    /// One full cycle: every store and source read once, every act that came of it carried as far as it goes now.
    pub async fn run_once(&mut self, stop: impl Future<Output = ()>) -> Ended {
        let now = self.outside.clock.now();
        for app in self.apps.values_mut() {
            app.memory.next_poll = Some(now);
        }
        self.run(stop, |watcher| {
            let polled = watcher.apps.values().all(|app| app.memory.polls > 0);
            let settled = watcher.state.apps.values().all(|app| {
                app.writing.is_none() && app.desire.as_ref().is_none_or(|desire| desire.failed)
            });
            polled && settled && watcher.is_idle()
        })
        .await
    }

    /// The app's store has been asked since this watcher started; once nothing is under way any more, it answered or could
    /// not. What an earlier watcher could not read says nothing.
    pub fn has_asked(&self, id: &AppId) -> bool {
        self.apps.get(id).is_some_and(|app| app.memory.polls > 0)
    }

    /// The latest events, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = &Record> {
        self.events.iter()
    }

    /// Nothing is under way and nothing waits to be started.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.is_empty()
    }

    /// Ends cleanly: a write that is under way and what people are to be told is waited for, though not for long (the next start
    /// looks after both), then the end is journalled. Reads are let go.
    pub async fn finish(&mut self) {
        let clock = Arc::clone(&self.outside.clock);
        let limit = clock.now() + LAST_WRITES;
        loop {
            // Who is told of a halt is not told of it when the next watcher starts, but now.
            self.queue.retain(|job| job.channel().is_some());
            self.start_jobs();
            let writing = self.state.apps.values().any(|app| app.writing.is_some());
            if !writing && self.busy_channels().is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some((lane, outcome)) = self.running.next() => self.came_back(&lane, outcome),
                () = clock.sleep_until(limit), if !clock.is_discrete() => break,
                else => break,
            }
        }
        self.queue.clear();
        self.process(&Input::Stopping);
        self.show_last();
    }

    fn next_wake(&self) -> Timestamp {
        let now = self.outside.clock.now();
        let polls = self.apps.values().filter_map(|app| app.memory.next_poll);
        let own = engine::next_wake(&self.plan, &self.state, now);
        let heartbeat = (!self.outside.clock.is_discrete()).then_some(self.next_heartbeat);
        let asked = self.asks.front().map(|(at, _)| *at);
        polls
            .chain(own)
            .chain(heartbeat)
            .chain(asked)
            .chain(self.next_picture())
            .chain(self.reminders.wakes())
            .min()
            .unwrap_or(now + HEARTBEAT)
            .max(now)
    }

    /// What has come due: the red button, commands of other processes, polls, and the engine's own time.
    fn heartbeat(&mut self) {
        let now = self.outside.clock.now();
        self.next_heartbeat = now + HEARTBEAT;
        let entries = (self.outside.disarm)(now);
        self.process(&Input::DisarmFile { entries });
        self.mind_room();
        for request in self.outside.journal.open_requests().unwrap_or_default() {
            let id = request.id.clone();
            let reply = self.ask(request);
            if let Err(error) = self.outside.journal.answer(&id, &reply) {
                self.lose_trust(&error.to_string());
            }
        }
        while let Some((_, request)) = self.asks.pop_front_if(|(at, _)| *at <= now) {
            let reply = self.ask(request.clone());
            tracing::info!(?request, ?reply, "somebody asked");
        }
        for (index, id) in self.order.clone().iter().enumerate() {
            self.poll_if_due(id, self.place(index), now);
        }
        self.process(&Input::Tick);
        self.remind(now);
    }

    /// The place among all apps of the one with this index. In a simulation one thing is done after the other anyhow.
    fn place(&self, index: usize) -> Place {
        if self.outside.clock.is_discrete() {
            Place::ALONE
        } else {
            Place::among(index, self.order.len())
        }
    }

    fn poll_if_due(&mut self, id: &AppId, place: Place, now: Timestamp) {
        let Some(app) = self.apps.get_mut(id) else {
            return;
        };
        let memory = &mut app.memory;
        memory.place = place;
        let first = || now + place.delay(self.poll);
        let next = *memory.next_poll.get_or_insert_with(first);
        if !schedule::is_due(Some(next), now, self.poll) {
            return;
        }
        let talk = if place.has_turn(memory.polls, schedule::FULL_READ_EVERY) {
            StoreTalk::Read
        } else {
            StoreTalk::Glance
        };
        memory.next_poll = Some(schedule::next_poll(id, memory.polls, now, self.poll));
        memory.polls += 1;
        let sources = app.sources.len();
        self.enqueue(Job::Store {
            app: id.clone(),
            talk,
        });
        for source in 0..sources {
            self.enqueue(Job::Health {
                app: id.clone(),
                source,
            });
        }
    }

    /// The channels that a message is on its way to.
    pub(super) fn busy_channels(&self) -> BTreeSet<PlainText> {
        let queued = self.queue.iter().filter_map(Job::channel);
        let busy = self.busy.iter().filter_map(Lane::channel);
        queued.chain(busy).cloned().collect()
    }

    pub(super) fn enqueue(&mut self, job: Job) {
        if self.queue.contains(&job) {
            return;
        }
        if job.is_urgent() {
            // A read may be waiting for its turn at the rate limit; what it would tell is old after the write anyhow.
            if let Lane::Store(app) = job.lane()
                && let Some(read) = self.reads.remove(&app)
            {
                read.abort();
            }
            self.queue.push_front(job);
        } else {
            self.queue.push_back(job);
        }
    }

    /// Starts what may start now. True where something was started.
    fn start_jobs(&mut self) -> bool {
        let (mut waiting, mut started) = (VecDeque::new(), false);
        while let Some(job) = self.queue.pop_front() {
            let lane = job.lane();
            let one_at_a_time = self.outside.clock.is_discrete() && !self.running.is_empty();
            let blocked = waiting.iter().any(|earlier: &Job| earlier.lane() == lane);
            if one_at_a_time || blocked || self.busy.contains(&lane) {
                waiting.push_back(job);
            } else if let Some(running) = self.future_of(job) {
                self.busy.push(lane);
                self.running.push(running);
                started = true;
            }
        }
        self.queue = waiting;
        started
    }

    /// The conversation of a job; `None` where it has become needless.
    fn future_of(&mut self, job: Job) -> Option<Running> {
        match job {
            Job::Store { app, talk } => {
                let store = Arc::clone(&self.apps.get(&app)?.store);
                let (handle, off) = AbortHandle::new_pair();
                self.reads.insert(app.clone(), handle);
                // What is to be done or proven waits for nobody's reading.
                let known = self.state.app(&app);
                let awaited = known.is_some_and(|known| known.desire.is_some());
                let running = job::on_store(store, app, talk, off);
                Some(if awaited {
                    Box::pin(ahead(running))
                } else {
                    running
                })
            }
            Job::Health { app, source } => {
                let watched = self.apps.get(&app)?;
                let state = self.state.app(&app)?;
                let release = state.release.as_ref()?;
                let version = release.version.clone();
                let health = Arc::clone(&watched.sources.get(source)?.source);
                let baseline = watched.baseline_of(state.previous.as_ref());
                let now = self.outside.clock.now();
                let about = (version.clone(), baseline.clone());
                let (since, past) = watched.memory.wants(health.id(), &about, now);
                let query = HealthQuery {
                    also: release.also.clone(),
                    version,
                    baseline,
                    since,
                    past,
                    now,
                };
                Some(job::on_source(health, app, source, query))
            }
            Job::Check { request, attempt } => {
                let checker = Arc::clone(&self.outside.checker);
                Some(job::on_check(checker, request, attempt))
            }
            Job::Tell { channel, message } => {
                let mut all = self.outside.notifiers.iter();
                let notifier = all.find(|notifier| notifier.name() == channel.as_str());
                Some(job::on_people(notifier.cloned(), channel, message))
            }
            Job::Remind { channel, open } => {
                let mut all = self.outside.notifiers.iter();
                let notifier = all.find(|notifier| notifier.name() == channel.as_str())?;
                let now = self.outside.clock.now();
                Some(job::on_reminder(Arc::clone(notifier), channel, open, now))
            }
            Job::Beat => {
                let heart = self.outside.heart.as_ref()?;
                let now = self.outside.clock.now();
                Some(job::on_heart(Arc::clone(&heart.notifier), now))
            }
        }
    }
}

#[cfg(test)]
mod tests;
