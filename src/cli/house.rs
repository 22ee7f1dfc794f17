//! A watcher with its journal, its lock and its red button, from a config.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::TimeDelta;

use super::compose;
use super::meters::Meters;
use crate::api::Client;
use crate::config::Config;
use crate::domain::{Act, ActRequest, AppId, PlainText, Record, Timestamp};
use crate::engine::input::DisarmEntry;
use crate::http::Tally;
use crate::journal::disarm::{self, Disarm};
use crate::journal::{Access, Holder, MemoryJournal, SqliteJournal, WatcherLock};
use crate::ports::{Clock, Journal, JournalError, WallClock};
use crate::watcher::{Outside, Setup, Watcher};

/// Sees every event once it is durable.
pub(super) type OnRecord = Box<dyn FnMut(&Record) + Send>;

/// A watcher that may be run, and what it may do.
pub(super) struct House {
    pub watcher: Watcher,
    pub client: Client,
    pub meters: Meters,
    pub role: Role,
}

/// What this process may do.
pub(super) enum Role {
    /// It holds the lock, and acts: the fencing number.
    Acting { term: u64, lock: WatcherLock },
    /// Another process does; this one shows, passes questions on, and may take over in the journal.
    Following {
        holder: Holder,
        journal: Arc<SqliteJournal>,
    },
}

/// Which apps, with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything that the config names.
    Whole,
    /// One app's store alone: to carry out a verb.
    StoreOf(AppId),
}

/// Who will act, known before the journal is opened: this process, or whoever holds the lock.
pub(super) type Claim = Result<WatcherLock, Holder>;

/// Takes the watch where nobody has it. Quick, and makes the state folder.
pub(super) fn claim(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Claim> {
    let dir = &config.watcher.state;
    WatcherLock::try_lock(dir, clock.now())
        .with_context(|| format!("cannot use the state folder {}", dir.display()))
}

/// Opens the house: acts where nobody else does, else follows.
pub(super) fn open(
    config: &Config,
    clock: &Arc<dyn Clock>,
    scope: &Scope,
    on_record: OnRecord,
) -> anyhow::Result<House> {
    enter(config, clock, scope, on_record, claim(config, clock)?)
}

/// Opens, verifies and replays the journal: takes the longer the more is in it.
pub(super) fn enter(
    config: &Config,
    clock: &Arc<dyn Clock>,
    scope: &Scope,
    on_record: OnRecord,
    claim: Claim,
) -> anyhow::Result<House> {
    let dir = &config.watcher.state;
    let now = clock.now();
    let lock = match claim {
        Ok(lock) => lock,
        Err(holder) => {
            let journal = Arc::new(SqliteJournal::open(dir, Access::Write)?);
            let shared = Arc::<SqliteJournal>::clone(&journal);
            let (watcher, client, meters) =
                watcher(config, clock, scope, shared, None, on_record, true)?;
            return Ok(House {
                watcher,
                client,
                meters,
                role: Role::Following { holder, journal },
            });
        }
    };
    let taken = SqliteJournal::open(dir, Access::Write).and_then(|journal| {
        let term = journal.take_lease(now, &who())?;
        Ok((journal, term))
    });
    let (journal, term, distrust): (Arc<dyn Journal>, u64, Option<PlainText>) = match taken {
        Ok((journal, term)) => (Arc::new(journal), term, None),
        // Without a journal that can be trusted: watch and tell, not act (invariant 11).
        Err(error) => {
            tracing::error!("{error}");
            (
                Arc::new(MemoryJournal::default()),
                0,
                Some(error.to_string().into()),
            )
        }
    };
    let (watcher, client, meters) =
        watcher(config, clock, scope, journal, distrust, on_record, true)?;
    Ok(House {
        watcher,
        client,
        meters,
        role: Role::Acting { term, lock },
    })
}

/// Opens a house that nobody else can be in (a demo's own folder), and takes the watch.
pub(super) fn open_own(
    config: &Config,
    clock: &Arc<dyn Clock>,
    on_record: OnRecord,
) -> anyhow::Result<(Watcher, Client, WatcherLock)> {
    let House {
        mut watcher,
        client,
        role,
        ..
    } = open(config, clock, &Scope::Whole, on_record)?;
    let Role::Acting { term, lock } = role else {
        anyhow::bail!("somebody else uses {}", config.watcher.state.display());
    };
    watcher.start(term);
    Ok((watcher, client, lock))
}

/// A watcher on the journal as it is, for looking only: takes no lock, writes nothing, presses no button.
pub(super) fn look(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Watcher> {
    let dir = &config.watcher.state;
    let journal: Arc<dyn Journal> = if SqliteJournal::exists(dir) {
        Arc::new(SqliteJournal::open(dir, Access::ReadOnly)?)
    } else {
        Arc::new(MemoryJournal::default())
    };
    let on_record: OnRecord = Box::new(|_record| {});
    let scope = &Scope::Whole;
    Ok(watcher(config, clock, scope, journal, None, on_record, false)?.0)
}

fn watcher(
    config: &Config,
    clock: &Arc<dyn Clock>,
    scope: &Scope,
    journal: Arc<dyn Journal>,
    distrust: Option<PlainText>,
    on_record: OnRecord,
    may_ask: bool,
) -> anyhow::Result<(Watcher, Client, Meters)> {
    let meters = Meters::default();
    // Whoever only looks, or carries out a verb, names nobody who is on call, and need not ask who is.
    let mut setup = if may_ask && *scope == Scope::Whole {
        setup(config, clock, &meters.tally)?
    } else {
        quiet_setup(config, clock, &meters.tally)?
    };
    if let Scope::StoreOf(id) = scope {
        setup.apps.retain(|app| app.id == *id);
        for app in &mut setup.apps {
            app.sources.clear();
        }
    }
    let dir = config.watcher.state.clone();
    let (button, press, time) = (dir.clone(), dir, Arc::clone(clock));
    let outside = Outside {
        journal,
        clock: Arc::clone(clock),
        notifiers: setup.notifiers,
        checker: setup.checker,
        disarm: Box::new(move |now| entries(&button, now)),
        set_disarm: Box::new(move |request| {
            if may_ask {
                set_disarm(&press, request, time.now())
            } else {
                Err("this process only looks on".into())
            }
        }),
        on_call: setup.on_call,
        heart: setup.heart,
        on_record: meters.counts.before(on_record),
    };
    let (watcher, client) = Watcher::new(setup.plan, setup.apps, outside, setup.poll, distrust)?;
    Ok((watcher, client, meters))
}

/// Everything that a config makes of a watcher, and that a running one may take from a newer config.
pub(super) fn setup(
    config: &Config,
    clock: &Arc<dyn Clock>,
    tally: &Tally,
) -> anyhow::Result<Setup> {
    Ok(Setup {
        on_call: compose::on_call(config, clock)?,
        ..quiet_setup(config, clock, tally)?
    })
}

/// The same, asking nobody who is on call.
fn quiet_setup(config: &Config, clock: &Arc<dyn Clock>, tally: &Tally) -> anyhow::Result<Setup> {
    let notifiers = compose::channels(config, clock)?;
    Ok(Setup {
        plan: compose::plan(config),
        apps: compose::counted_apps(config, clock, tally)?,
        poll: config.watcher.poll,
        on_call: compose::nobody_on_call(),
        heart: compose::heart(config, &notifiers),
        notifiers,
        checker: Arc::new(compose::checks(config)?),
    })
}

/// Who takes the lease, for people.
pub(super) fn who() -> String {
    format!("pid {}", std::process::id())
}

fn entries(dir: &Path, now: Timestamp) -> Vec<DisarmEntry> {
    let entry = |Disarm {
                     app,
                     until,
                     actor,
                     reason,
                 }| DisarmEntry {
        app,
        until,
        actor,
        reason,
    };
    disarm::read(dir, now).into_iter().map(entry).collect()
}

/// Carries out a disarm or arm in the file; nothing else.
pub(super) fn set_disarm(dir: &Path, request: &ActRequest, now: Timestamp) -> Result<(), String> {
    match &request.act {
        Act::Disarm { until } => {
            let pressed = Disarm {
                app: request.app.clone(),
                until: Some(*until),
                actor: request.actor.clone(),
                reason: request.reason.clone(),
            };
            disarm::disarm(dir, pressed, now)
                .map_err(|error| format!("the red button cannot be written: {error}"))
        }
        Act::Arm => {
            let left =
                disarm::arm(dir, request.app.as_ref(), now).map_err(|error| error.to_string())?;
            let stays = left
                .iter()
                .find(|entry| request.app.is_none() || entry.app.is_none());
            stays.map_or(Ok(()), |entry| {
                Err(format!("still disarmed: {}", entry.reason))
            })
        }
        _ => Ok(()),
    }
}

/// Who watches now, for people: `pid 4711 since 02:14 UTC`.
pub(super) fn holder_words(holder: &Holder) -> String {
    let pid = holder
        .pid
        .map_or_else(|| "another process".to_owned(), |pid| format!("pid {pid}"));
    match holder.since {
        Some(since) => format!("{pid} since {}", since.format("%Y-%m-%d %H:%M UTC")),
        None => pid,
    }
}

/// Maps an unusable journal to words for people where a command needs it.
pub(super) fn journal_hint(error: &JournalError) -> &'static str {
    match error {
        JournalError::BehindAnchor { .. } | JournalError::Damaged { .. } => {
            "haltline audit --verify says more; restore a copy, or accept it as it is: haltline journal accept --reason …"
        }
        _ => "free the cause, then try again",
    }
}

/// A deadline for a person or a cron job, so on the wall.
pub(super) fn after(seconds: i64) -> Timestamp {
    WallClock.now() + TimeDelta::seconds(seconds)
}
