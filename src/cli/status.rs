//! `haltline status`: what is known, in words or JSON; the exit code is the verdict. With `--watch` what changes.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;

use super::args::StatusArgs;
use super::attach::{self, Reach};
use super::exit::{self, Exit};
use super::eyes::Eyes;
use super::plain::Plain;
use super::{say, signals, words};
use crate::api::Snapshot;
use crate::config::Surroundings;
use crate::domain::AppId;
use crate::ports::{Clock, WallClock};

/// How often `--watch` looks.
const RHYTHM: TimeDelta = TimeDelta::seconds(2);

pub(super) async fn run(
    path: Option<&Path>,
    args: &StatusArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let reach = match attach::reach(path, around).await {
        Ok(reach) => reach,
        Err(exit) => return Ok(exit),
    };
    let clock: Arc<dyn Clock> = match &reach {
        Reach::Socket(_) => Arc::new(WallClock),
        Reach::Journal(_, clock) => Arc::clone(clock),
    };
    let only = args.app.as_ref().map(|app| &app.0);
    if args.watch {
        if let Some(only) = only
            && let Err(exit) = reach.knows(only).await?
        {
            return Ok(exit);
        }
        let mut looker = Looker {
            only,
            clock: &clock,
            eyes: Eyes::of(reach).await?,
        };
        let first = looker.look()?;
        return watch(&mut looker, args, first).await;
    }
    let first = match only {
        Some(only) => match reach.picture_with(only).await? {
            Ok(picture) => of(Some(only), picture),
            Err(exit) => return Ok(exit),
        },
        None => reach.picture().await?,
    };
    if args.json {
        say::json(&first);
    } else {
        // Simulated time may be ahead of the wall.
        for line in words::lines(&first, clock.now().max(first.at)) {
            say::out(&line);
        }
    }
    Ok(exit::of_snapshot(&first))
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

/// What is looked at.
struct Looker<'a> {
    only: Option<&'a AppId>,
    clock: &'a Arc<dyn Clock>,
    eyes: Eyes,
}

impl Looker<'_> {
    fn look(&mut self) -> anyhow::Result<Snapshot> {
        Ok(of(self.only, self.eyes.look()?))
    }
}

/// The picture of this app alone, or of all.
fn of(only: Option<&AppId>, mut snapshot: Snapshot) -> Snapshot {
    if let Some(wanted) = only {
        snapshot.apps.retain(|app| app.id == *wanted);
    }
    snapshot
}

/// More than the time has changed: `--watch` prints one picture a change.
fn differs(shown: &Snapshot, now: &Snapshot) -> bool {
    let now = Snapshot {
        at: shown.at,
        ..now.clone()
    };
    *shown != now
}
