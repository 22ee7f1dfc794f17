//! The daemon's life: follow until nobody acts, act until asked to stop, and take a newer config in between.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::anew::Anew;
use super::reload::{self, Newer};
use super::systemd::{self, Watchdog};
use crate::api::Client;
use crate::cli::exit::Exit;
use crate::cli::house::{self, Claim, House, Role, Scope};
use crate::cli::meters::Meters;
use crate::cli::signals::{Call, Calls};
use crate::cli::{kept_picture, serve};
use crate::config::{Config, Surroundings};
use crate::domain::{PlainText, Urgency};
use crate::journal::{Holder, SqliteJournal, WatcherLock};
use crate::ports::{Clock, JournalError};
use crate::watcher::Watcher;

/// A daemon with what it goes by.
pub(super) struct Daemon<'a> {
    pub config: Config,
    pub around: &'a Surroundings,
    pub clock: Arc<dyn Clock>,
    /// Prints every event.
    pub json: bool,
    pub calls: Calls,
    pub watchdog: Watchdog,
    /// What is counted; the adapters of a newer config count on.
    pub meters: Meters,
}

/// Waits for the lock while somebody else has it.
type Waiting = oneshot::Receiver<io::Result<WatcherLock>>;

/// How following ended.
enum Followed {
    Stopped,
    /// Nobody acts any more.
    Free(WatcherLock),
    /// The journal is to be opened anew with the config as it is now.
    Reloaded,
}

impl Daemon<'_> {
    pub(super) async fn run(mut self) -> anyhow::Result<Exit> {
        let mut claim = house::claim(&self.config, &self.clock)?;
        let (mut waiting, mut news) = (None, None);
        loop {
            let Some(house) = self.enter(claim).await? else {
                return Ok(Exit::Fine);
            };
            let House {
                mut watcher,
                client,
                meters,
                role,
            } = house;
            self.meters = meters;
            let (holder, journal) = match role {
                Role::Acting { term, lock } => {
                    match self.act(watcher, client, (term, lock), news.take()).await? {
                        Acted::Ended(exit) => return Ok(exit),
                        Acted::Anew(lock, why) => (claim, news) = (Ok(lock), why),
                    }
                    continue;
                }
                Role::Following { holder, journal } => (holder, journal),
            };
            claim = match self.follow(&mut watcher, &holder, &mut waiting).await? {
                Followed::Stopped => return Ok(Exit::Fine),
                Followed::Reloaded => Err(holder),
                Followed::Free(lock) => match self.take_over(&mut watcher, &journal) {
                    Ok(term) => match self.act(watcher, client, (term, lock), None).await? {
                        Acted::Ended(exit) => return Ok(exit),
                        Acted::Anew(lock, why) => {
                            news = why;
                            Ok(lock)
                        }
                    },
                    // Opened anew it says what is wrong, and watches only.
                    Err(error) => {
                        tracing::error!("{error}");
                        Ok(lock)
                    }
                },
            };
        }
    }

    /// Opens the journal beside the runtime; `None` where that was not waited for.
    async fn enter(&mut self, claim: Claim) -> anyhow::Result<Option<House>> {
        let (config, clock) = (self.config.clone(), Arc::clone(&self.clock));
        let on_record = super::printer(self.json);
        let opening = tokio::task::spawn_blocking(move || {
            house::enter(&config, &clock, &Scope::Whole, on_record, claim)
        });
        tokio::select! {
            () = self.calls.stop() => Ok(None),
            opened = opening => Ok(Some(opened??)),
        }
    }

    async fn follow(
        &mut self,
        watcher: &mut Watcher,
        holder: &Holder,
        waiting: &mut Option<Waiting>,
    ) -> anyhow::Result<Followed> {
        let words = format!("following {}", house::holder_words(holder));
        tracing::info!("{words}");
        systemd::ready();
        systemd::status(&words.into());
        loop {
            let free = if let Some(waiting) = waiting {
                waiting
            } else {
                let dir = &self.config.watcher.state;
                let wait = WatcherLock::wait(dir, Arc::clone(&self.clock));
                waiting.insert(wait.context("cannot wait for the acting watcher's end")?)
            };
            let (mut call, mut taken) = (None, None);
            let ends = async {
                tokio::select! {
                    biased;
                    came = self.calls.next() => call = Some(came),
                    lock = free => taken = Some(lock),
                }
            };
            let watchdog = RefCell::new(&mut self.watchdog);
            let alive = || {
                watchdog.borrow_mut().beat();
                true
            };
            watcher.follow(ends, alive, false).await?;
            if let Some(lock) = taken {
                *waiting = None;
                let lock = lock.context("the thread that waits for the lock is gone")?;
                return Ok(Followed::Free(lock.context("cannot take the lock")?));
            }
            match call {
                Some(Call::Reload) => {
                    if let Some(config) = self.newer().await? {
                        self.config = config;
                        return Ok(Followed::Reloaded);
                    }
                }
                Some(Call::Stop) | None => {
                    systemd::stopping();
                    return Ok(Followed::Stopped);
                }
            }
        }
    }

    /// A newer config for who only follows: nothing is written down, the acting watcher reads it by itself.
    async fn newer(&self) -> anyhow::Result<Option<Config>> {
        systemd::reloading();
        let (old, around) = (self.config.clone(), self.around.clone());
        let (clock, tally) = (Arc::clone(&self.clock), self.meters.tally.clone());
        let read = tokio::task::spawn_blocking(move || reload::read(&old, &around, &clock, &tally));
        let read = read.await?;
        systemd::ready();
        Ok(match read {
            Ok(newer) => Some(newer.config),
            Err(why) => {
                tracing::error!("the new config is refused, the old one holds: {why}");
                None
            }
        })
    }

    /// What was followed until now is this watcher's own: it knows the journal already, and so acts at once.
    fn take_over(
        &self,
        watcher: &mut Watcher,
        journal: &SqliteJournal,
    ) -> Result<u64, JournalError> {
        tracing::warn!("the acting watcher is gone: taking over");
        let term = journal.take_over(self.clock.now(), &house::who())?;
        watcher.catch_up()?;
        Ok(term)
    }

    async fn act(
        &mut self,
        mut watcher: Watcher,
        client: Client,
        (term, lock): (u64, WatcherLock),
        news: Option<PlainText>,
    ) -> anyhow::Result<Acted> {
        tracing::info!(term, apps = self.config.apps.len(), "watching");
        let dir = self.config.watcher.state.clone();
        let served = serve::start(&self.config, &client, &self.meters);
        let keeper = tokio::spawn(kept_picture::keep(client.clone(), dir));
        watcher.start(term);
        // One that still must not act says that instead.
        if let Some(news) = news.filter(|_| watcher.may_act()) {
            tracing::warn!("{news}");
            watcher.say(Urgency::Warning, news);
        }
        let state = self.config.watcher.state.clone();
        let mut anew = Anew::look_from_now(state, Arc::clone(&self.clock));
        let mut is_anew;
        let teller = tokio::spawn(systemd::tell(client));
        systemd::ready();
        loop {
            let called = self.calls.next();
            let due = |watcher: &Watcher| anew.is_due(watcher);
            let call = watch(&mut watcher, &mut self.watchdog, called, due).await;
            is_anew = call.is_none();
            if call != Some(Call::Reload) || self.reload(&mut watcher).await? == Goes::Ends {
                break;
            }
            served.reload(&self.config);
        }
        if is_anew {
            tracing::warn!("beginning anew");
        } else {
            tracing::info!("stopping");
            systemd::stopping();
        }
        teller.abort();
        let ends = async {
            served.end().await;
            watcher.finish().await;
            drop(watcher);
            keeper.await
        };
        // What is under way is looked after by the next start.
        tokio::select! {
            biased;
            code = self.calls.insists() => return Ok(Acted::Ended(Exit::Ended(code))),
            kept = ends => kept?,
        }
        Ok(if is_anew {
            Acted::Anew(lock, anew.why())
        } else {
            Acted::Ended(Exit::Fine)
        })
    }

    /// Takes a newer config between two writes, or refuses it. Watches all the while.
    async fn reload(&mut self, watcher: &mut Watcher) -> anyhow::Result<Goes> {
        systemd::reloading();
        let Self {
            calls, watchdog, ..
        } = self;
        let (old, around) = (self.config.clone(), self.around.clone());
        let (clock, tally) = (Arc::clone(&self.clock), self.meters.tally.clone());
        let reading =
            tokio::task::spawn_blocking(move || reload::read(&old, &around, &clock, &tally));
        // Asked for again meanwhile, it is read again after this.
        let read = async {
            tokio::select! {
                biased;
                () = calls.stop() => None,
                read = reading => Some(read),
            }
        };
        let read = watch(watcher, watchdog, read, |_watcher| false).await;
        let newer = match read.flatten() {
            None => return Ok(Goes::Ends),
            Some(read) => read?,
        };
        let newer = match newer {
            Ok(newer) => newer,
            Err(why) => {
                tracing::error!("the new config is refused, the old one holds: {why}");
                watcher.refuse_reload(&why);
                systemd::ready();
                return Ok(Goes::On);
            }
        };
        let quiet = Watcher::is_between_writes;
        if watch(watcher, watchdog, calls.stop(), quiet)
            .await
            .is_some()
        {
            return Ok(Goes::Ends);
        }
        let Newer {
            config,
            setup,
            changed,
        } = newer;
        let words = changed.words.clone();
        match watcher.reload(setup, changed) {
            Ok(()) => {
                self.config = config;
                tracing::info!(changes = ?words, "the config was read anew");
            }
            Err(why) => tracing::error!("the new config is refused, the old one holds: {why}"),
        }
        systemd::ready();
        Ok(Goes::On)
    }
}

/// How acting ended.
enum Acted {
    Ended(Exit),
    /// The journal is to be opened anew, and what people are told then.
    Anew(WatcherLock, Option<PlainText>),
}

/// Whether the daemon goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    On,
    Ends,
}

/// Watches until `event` comes, or until `done` says so (`None`); each turn of the loop tells the watchdog.
async fn watch<T>(
    watcher: &mut Watcher,
    watchdog: &mut Watchdog,
    event: impl Future<Output = T>,
    mut done: impl FnMut(&Watcher) -> bool,
) -> Option<T> {
    let mut came = None;
    let turned = |watcher: &Watcher| {
        watchdog.beat();
        done(watcher)
    };
    watcher
        .run(async { came = Some(event.await) }, turned)
        .await;
    came
}
