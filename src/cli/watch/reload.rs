//! A newer config for a daemon that runs: read, checked and composed beside the loop, or refused with what is wrong.

use std::sync::Arc;

use crate::cli::house;
use crate::config::{self, Config, Loaded, Outcome, Surroundings};
use crate::domain::PlainText;
use crate::http::tally::Tally;
use crate::ports::Clock;
use crate::watcher::{Changed, Setup};

/// A config that may be taken, and what it makes of a watcher.
pub(super) struct Newer {
    pub config: Config,
    pub setup: Setup,
    pub changed: Changed,
}

/// Reads the config anew from where `old` came from. `Err` is why it cannot be taken, in a sentence; the whole report is in the
/// log. Blocks: a credential may come from a program.
pub(super) fn read(
    old: &Config,
    around: &Surroundings,
    clock: &Arc<dyn Clock>,
    tally: &Tally,
) -> Result<Newer, PlainText> {
    let loaded = config::load(&old.path, around);
    let why = first_error(&loaded);
    if let Some(why) = &why {
        tracing::error!("{why}\n{}", report(&loaded));
    }
    let Loaded {
        config: Some(mut config),
        ..
    } = loaded
    else {
        return Err(why.unwrap_or_else(|| "it cannot be read".into()));
    };
    let changes = config::changes(old, &config);
    if let Some(lost) = changes.lost.first() {
        return Err(format!("what it names cannot be had: {lost}").into());
    }
    // What needs a restart stays as it is; that it differs is among the changes.
    let (newer, holds) = (&mut config.watcher, &old.watcher);
    newer.state.clone_from(&holds.state);
    newer.socket.clone_from(&holds.socket);
    newer.clock.clone_from(&holds.clock);
    newer.listen = holds.listen;
    let setup = house::setup(&config, clock, tally)
        .map_err(|error| PlainText::from(format!("{error:#}")))?;
    Ok(Newer {
        config,
        setup,
        changed: Changed {
            words: changes.words,
            left: changes.left,
        },
    })
}

/// `haltline.toml:12: there is no metric crash_free (and 2 more)`; none where the file may be used.
fn first_error(loaded: &Loaded) -> Option<PlainText> {
    if loaded.outcome() == Outcome::Fine {
        return None;
    }
    let first = loaded.report.errors().next()?;
    let file = loaded.report.path().file_name().unwrap_or_default();
    let line = first.place.map(|place| format!(":{}", place.line));
    let more = match loaded.report.errors().count() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let (file, line) = (file.to_string_lossy(), line.unwrap_or_default());
    Some(format!("{file}{line}: {}{more}", first.what).into())
}

fn report(loaded: &Loaded) -> String {
    let errors = loaded.report.errors();
    let errors = errors.map(|problem| loaded.report.render(problem, false));
    errors.collect::<Vec<_>>().join("\n")
}
