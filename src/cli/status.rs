//! `haltline status`: what is known, in words or JSON; the exit code is the verdict. With `--watch` what changes.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::args::StatusArgs;
use super::exit::{self, Exit};
use super::plain::Plain;
use super::{house, load, say, signals, words};
use crate::api::Snapshot;
use crate::api::wire::{Disarmed, WatcherState};
use crate::config::{Config, Surroundings};
use crate::domain::AppId;
use crate::journal::disarm::{self, Disarm};
use crate::journal::{SqliteJournal, WatcherLock};
use crate::ports::{Clock, WallClock};
use crate::watcher::Watcher;

/// How often `--watch` looks.
const RHYTHM: TimeDelta = TimeDelta::seconds(2);

pub(super) async fn run(
    path: Option<&Path>,
    args: &StatusArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Some(wanted) = &args.app
        && let Err(exit) = load::known(&wanted.0, config.apps.iter().map(|app| &app.id))
    {
        return Ok(exit);
    }
    let mut looker = Looker {
        only: args.app.as_ref().map(|app| &app.0),
        config: &config,
        clock: &clock,
        watcher: None,
    };
    let snapshot = looker.look()?;
    if args.watch {
        return watch(&mut looker, args, snapshot).await;
    }
    if args.json {
        say::json(&snapshot);
    } else {
        for line in words::lines(&snapshot, clock.now()) {
            say::out(&line);
        }
    }
    Ok(exit::of_snapshot(&snapshot))
}

/// Goes on until somebody stops it, or nobody reads it any more: what has changed, and every now and then that nothing has.
async fn watch(
    looker: &mut Looker<'_>,
    args: &StatusArgs,
    first: Snapshot,
) -> anyhow::Result<Exit> {
    let mut stop = std::pin::pin!(signals::stop());
    let mut plain = Plain::new();
    let (mut shown, mut trouble) = (None, None);
    let mut next = Ok(first);
    let mut told_at = WallClock.now();
    loop {
        let lines = match next {
            Ok(snapshot) => {
                trouble = None;
                let changed = shown.as_ref().is_none_or(|shown| differs(shown, &snapshot));
                let mut lines = match args.json {
                    true if changed => vec![serde_json::to_string(&snapshot)?],
                    true => Vec::new(),
                    false => plain.tell(&snapshot),
                };
                let due = args
                    .every
                    .is_some_and(|every| WallClock.now() - told_at >= every);
                if lines.is_empty() && due && !args.json {
                    lines = plain.still(&snapshot);
                }
                shown = Some(snapshot);
                lines
            }
            Err(error) => {
                let why = format!("{error:#}");
                let known = trouble.as_ref() == Some(&why);
                let lines = match (known, args.json) {
                    (true, _) => Vec::new(),
                    (false, true) => {
                        say::err(&format!("haltline: {why}"));
                        Vec::new()
                    }
                    (false, false) => {
                        let text = format!("the journal cannot be read, trying again: {why}");
                        plain.trouble(looker.clock.now(), text)
                    }
                };
                trouble = Some(why);
                lines
            }
        };
        if !lines.is_empty() {
            told_at = WallClock.now();
        }
        let left = lines.iter().all(|line| say::reaches(line)) && !say::nobody_reads();
        let exit = shown.as_ref().map_or(Exit::Unknown, exit::of_snapshot);
        if !left {
            return Ok(exit);
        }
        tokio::select! {
            () = &mut stop => return Ok(exit),
            () = WallClock.sleep_until(WallClock.now() + RHYTHM) => {}
        }
        next = looker.look();
    }
}

/// Reads the journal along: opened and verified once, then read on.
struct Looker<'a> {
    only: Option<&'a AppId>,
    config: &'a Config,
    clock: &'a Arc<dyn Clock>,
    /// None before there is a journal, and after one that could not be read.
    watcher: Option<Watcher>,
}

impl Looker<'_> {
    fn look(&mut self) -> anyhow::Result<Snapshot> {
        let mut watcher = match self.watcher.take() {
            Some(watcher) => watcher,
            None => house::look(self.config, self.clock)?,
        };
        let mut snapshot = picture(&mut watcher, self.config, self.clock)?;
        if SqliteJournal::exists(&self.config.watcher.state) == (watcher.state().seq > 0) {
            self.watcher = Some(watcher);
        }
        if let Some(wanted) = self.only {
            snapshot.apps.retain(|app| app.id == *wanted);
        }
        Ok(snapshot)
    }
}

/// The picture from the journal, and what files say beside it: whether somebody watches, and the red button.
pub(super) fn picture(
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

/// More than the time has changed: `--watch` prints one picture a change.
fn differs(shown: &Snapshot, now: &Snapshot) -> bool {
    let now = Snapshot {
        at: shown.at,
        ..now.clone()
    };
    *shown != now
}
