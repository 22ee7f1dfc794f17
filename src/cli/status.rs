//! `haltline status`: what is known, in words or JSON; the exit code is the verdict.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::args::StatusArgs;
use super::exit::{self, Exit};
use super::{house, load, say, signals, words};
use crate::api::Snapshot;
use crate::api::wire::{Disarmed, WatcherState};
use crate::config::{Config, Surroundings};
use crate::domain::AppId;
use crate::journal::WatcherLock;
use crate::journal::disarm::{self, Disarm};
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
    let mut shown: Option<Snapshot> = None;
    let mut stop = std::pin::pin!(signals::stop());
    loop {
        let snapshot = look(&config, &clock, args)?;
        if shown.as_ref().is_none_or(|shown| differs(shown, &snapshot)) {
            if args.json {
                say::json(&snapshot);
            } else {
                for line in words::lines(&snapshot, clock.now()) {
                    say::out(&line);
                }
            }
            shown = Some(snapshot.clone());
        }
        if !args.watch {
            return Ok(exit::of_snapshot(&snapshot));
        }
        tokio::select! {
            () = &mut stop => return Ok(exit::of_snapshot(&snapshot)),
            () = WallClock.sleep_until(WallClock.now() + RHYTHM) => {}
        }
    }
}

fn look(config: &Config, clock: &Arc<dyn Clock>, args: &StatusArgs) -> anyhow::Result<Snapshot> {
    let mut snapshot = picture(&mut house::look(config, clock)?, config, clock)?;
    if let Some(wanted) = &args.app {
        snapshot.apps.retain(|app| app.id == wanted.0);
    }
    Ok(snapshot)
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
