//! Looking again and again: at the journal, read along, or at what the watcher shows on its socket.

use std::sync::Arc;

use anyhow::Context as _;

use super::attach::Reach;
use super::house;
use crate::api::client::Link;
use crate::api::remote::{self, Line, Patience};
use crate::api::wire::{Disarmed, WatcherState};
use crate::api::{Client, Snapshot};
use crate::config::Config;
use crate::domain::AppId;
use crate::journal::disarm::{self, Disarm};
use crate::journal::{SqliteJournal, WatcherLock};
use crate::ports::{Clock, WallClock};
use crate::watcher::Watcher;

/// See the module.
pub(super) enum Eyes {
    /// Opened and verified once, then read on.
    Journal {
        config: Box<Config>,
        clock: Arc<dyn Clock>,
        /// None before there is a journal, and after one that could not be read.
        watcher: Option<Box<Watcher>>,
    },
    Socket(Client),
}

impl Eyes {
    pub(super) async fn of(reach: Reach) -> anyhow::Result<Self> {
        match reach {
            Reach::Journal(config, clock) => Ok(Self::Journal {
                config,
                clock,
                watcher: None,
            }),
            Reach::Socket(line) => {
                let first = line.snapshot().await.context("no picture")?;
                Ok(Self::Socket(attend(line, first, Arc::new(WallClock))))
            }
        }
    }

    pub(super) fn on_journal(config: &Config, clock: &Arc<dyn Clock>) -> Self {
        Self::Journal {
            config: Box::new(config.clone()),
            clock: Arc::clone(clock),
            watcher: None,
        }
    }

    /// What is known now; of a watcher that cannot be reached its last picture, which nobody keeps any more.
    ///
    /// # Errors
    /// The journal cannot be read now; looking again may help.
    pub(super) fn look(&mut self) -> anyhow::Result<Snapshot> {
        match self {
            Self::Journal {
                config,
                clock,
                watcher: kept,
            } => {
                let mut watcher = match kept.take() {
                    Some(watcher) => watcher,
                    None => Box::new(house::look(config, clock)?),
                };
                let snapshot = offline(&mut watcher, config, clock)?;
                if SqliteJournal::exists(&config.watcher.state) == (watcher.state().seq > 0) {
                    *kept = Some(watcher);
                }
                Ok(snapshot)
            }
            // The first picture was fetched before there was a link.
            Self::Socket(client) => {
                let mut snapshot = Snapshot::clone(&client.snapshot());
                if let Link::Reconnecting { since } | Link::Lost { since } = client.link() {
                    let since = Some(since);
                    snapshot.watcher = WatcherState::NobodySince { since };
                }
                Ok(snapshot)
            }
        }
    }
}

/// A client that is kept up to date for as long as somebody holds it; `first` is what it shows until then.
pub(super) fn attend(line: Line, first: Snapshot, clock: Arc<dyn Clock>) -> Client {
    let (desk, client) = Client::desk(first, Link::Opening);
    let forever = std::future::pending();
    tokio::spawn(remote::run(desk, line, clock, Patience::default(), forever));
    client
}

/// The picture from the journal, and what files say beside it: whether somebody watches, and the red button.
fn offline(
    watcher: &mut Watcher,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Snapshot> {
    let mut snapshot = watcher.offline()?;
    if WatcherLock::is_locked(&config.watcher.state).unwrap_or(false) {
        snapshot.watcher = WatcherState::Acting {
            term: watcher.state().term,
        };
    }
    pressed(
        &mut snapshot,
        &disarm::read(&config.watcher.state, clock.now()),
    );
    Ok(snapshot)
}

/// The red button as its files say now: the journal learns of it only where somebody watches.
fn pressed(snapshot: &mut Snapshot, entries: &[Disarm]) {
    let of = |app: Option<&AppId>| {
        let entry = entries.iter().find(|entry| entry.app.as_ref() == app)?;
        Some(Disarmed {
            until: entry.until,
            actor: entry.actor.clone(),
            reason: entry.reason.clone(),
        })
    };
    snapshot.disarmed = of(None);
    for app in &mut snapshot.apps {
        app.disarmed = of(Some(&app.id));
    }
}
