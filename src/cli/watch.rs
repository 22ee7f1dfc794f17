//! `haltline watch`: the daemon, and one cycle of it for cron.

mod anew;
mod daemon;
mod reload;
mod systemd;

use std::sync::Arc;

use serde::Serialize;

use super::args::WatchArgs;
use super::exit::{self, Exit};
use super::house::{self, House, OnRecord, Role, Scope};
use super::meters::Meters;
use super::signals::{self, Calls};
use super::{kept_picture, load, say, words};
use crate::config::{Config, Surroundings};
use crate::domain::Record;
use crate::ports::{Clock, WallClock};
use daemon::Daemon;
use systemd::Watchdog;

/// `watch --once` ends within 20 s of the wall whatever the vendors do: this, and what a clean end waits for a last write.
const ONCE_LIMIT: i64 = 14;

#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    schema: &'static str,
    #[serde(flatten)]
    record: &'a Record,
}

/// Prints an event as one line of NDJSON.
pub(super) fn print_event(record: &Record) {
    say::json(&EventLine {
        schema: "haltline/event/v1",
        record,
    });
}

pub(super) async fn run(
    path: Option<&std::path::Path>,
    args: &WatchArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if args.once {
        once(&config, &clock, args.json).await
    } else {
        let daemon = Daemon {
            config,
            around,
            clock,
            json: args.json,
            calls: Calls::listen(),
            watchdog: Watchdog::of_process(),
            meters: Meters::default(),
        };
        daemon.run().await
    }
}

fn printer(json: bool) -> OnRecord {
    if json {
        Box::new(print_event)
    } else {
        Box::new(|_record| {})
    }
}

async fn once(config: &Config, clock: &Arc<dyn Clock>, json: bool) -> anyhow::Result<Exit> {
    let House {
        mut watcher, role, ..
    } = house::open(config, clock, &Scope::Whole, printer(json))?;
    let (term, _lock) = match role {
        Role::Acting { term, lock } => (term, lock),
        Role::Following { holder, .. } => {
            say::err(&format!(
                "haltline: a watcher runs already ({}): this is what it knows",
                house::holder_words(&holder)
            ));
            return Ok(exit::of_snapshot(&watcher.offline()?));
        }
    };
    watcher.start(term);
    let deadline = house::after(ONCE_LIMIT);
    let stop = async move {
        tokio::select! {
            () = signals::stop() => {}
            () = WallClock.sleep_until(deadline) => {}
        }
    };
    watcher.run_once(stop).await;
    let snapshot = watcher.snapshot();
    watcher.finish().await;
    kept_picture::keep_one(&watcher.snapshot(), &config.watcher.state);
    for app in &snapshot.apps {
        say::err(&format!(
            "{}: {}: {}",
            app.id,
            app.health,
            words::sentence(app)
        ));
    }
    Ok(exit::of_snapshot(&snapshot))
}
