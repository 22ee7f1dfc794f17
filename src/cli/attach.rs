//! Finding the watcher: over its socket where one answers, else through the journal of the config.
//!
//! The socket that was asked for (`--socket`, `HALTLINE_SOCKET`) has to answer. Else it is the config's, and only where there is no
//! config the user's own or the machine's: a command must not end up at another watcher than the one that its config is of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::exit::Exit;
use super::eyes::Eyes;
use super::{direct, load, say};
use crate::api::Snapshot;
use crate::api::client::RecordsAfter;
use crate::api::remote::{Line, Unreachable};
use crate::config::{self, Config, Surroundings, paths};
use crate::domain::{AppId, FailureKind, Record};
use crate::journal::{Access, SqliteJournal};
use crate::ports::Clock;

/// Names the socket, as `--socket` does.
pub(super) const SOCKET: &str = "HALTLINE_SOCKET";

/// How the watcher is reached.
pub(super) enum Reach {
    /// It answers on its socket.
    Socket(Line),
    /// Nobody does, or not for this process: what is known is in the journal of this config, and requests are left there.
    Journal(Box<Config>, Arc<dyn Clock>),
}

/// The watcher where it can be reached, else the journal of the config; else the exit code, after it was said what is wrong.
pub(super) async fn reach(path: Option<&Path>, around: &Surroundings) -> Result<Reach, Exit> {
    if let Some(line) = line(path, around).await? {
        return Ok(Reach::Socket(line));
    }
    let (config, clock) = load::with_clock(path, around).await?;
    Ok(Reach::Journal(Box::new(config), clock))
}

/// The line to the watcher, where one answers.
pub(super) async fn line(path: Option<&Path>, around: &Surroundings) -> Result<Option<Line>, Exit> {
    let asked = asked(around);
    for socket in sockets(path, around) {
        match Line::to(&socket).await {
            Ok((line, _me)) => {
                for words in direct::hand_in(&line, around).await {
                    say::err(&format!("haltline: {words}"));
                }
                return Ok(Some(line));
            }
            Err(why) if asked.is_some() => {
                say::err(&format!("haltline: {why}"));
                return Err(code(&why));
            }
            Err(Unreachable::Nobody(_)) => {}
            Err(why @ Unreachable::Refuses { .. }) if code(&why) == Exit::Refused => {
                say::err(&format!("haltline: {why}"));
                return Err(Exit::Refused);
            }
            Err(why) => say::err(&format!("haltline: {why}; going by the journal")),
        }
    }
    Ok(None)
}

/// The socket that was asked for by name.
pub(super) fn asked(around: &Surroundings) -> Option<PathBuf> {
    around.var(SOCKET).map(|socket| around.cwd.join(socket))
}

/// Where the watcher may be, the first first.
pub(super) fn sockets(path: Option<&Path>, around: &Surroundings) -> Vec<PathBuf> {
    if let Some(asked) = asked(around) {
        return vec![asked];
    }
    match config::locate(path, around) {
        Ok(located) => {
            let places = config::whereabouts(&located, around);
            places.into_iter().map(|(_state, socket)| socket).collect()
        }
        Err(_none) => paths::known_sockets(around),
    }
}

fn code(why: &Unreachable) -> Exit {
    match why {
        Unreachable::Refuses { why, .. } if why.kind == FailureKind::Rights => Exit::Refused,
        _ => Exit::Unreachable,
    }
}

impl Reach {
    /// What is known now.
    pub(super) async fn picture(&self) -> anyhow::Result<Snapshot> {
        match self {
            Self::Socket(line) => line.snapshot().await.context("no picture"),
            Self::Journal(config, clock) => Eyes::on_journal(config, clock).look(),
        }
    }

    /// What is known now, of this app among others; else the exit code, after it was said which there are.
    pub(super) async fn picture_with(&self, app: &AppId) -> anyhow::Result<Result<Snapshot, Exit>> {
        if let Self::Journal(config, _) = self
            && let Err(exit) = load::known(app, config.apps.iter().map(|app| &app.id))
        {
            return Ok(Err(exit));
        }
        let picture = self.picture().await?;
        let known = picture.apps.iter().map(|app| &app.id);
        Ok(load::known_to("the watcher", app, known).map(|()| picture))
    }

    /// Whether the watcher, or the config, has this app; where not, it is said which there are.
    pub(super) async fn knows(&self, app: &AppId) -> anyhow::Result<Result<(), Exit>> {
        match self {
            Self::Socket(_) => Ok(self.picture_with(app).await?.map(drop)),
            Self::Journal(config, _) => Ok(load::known(app, config.apps.iter().map(|app| &app.id))),
        }
    }

    /// Every record of an app, oldest first.
    pub(super) async fn records_of(&self, app: &AppId) -> anyhow::Result<Vec<Record>> {
        match self {
            Self::Socket(line) => line.records_of(app).await.context("no records"),
            Self::Journal(config, _) if SqliteJournal::exists(&config.watcher.state) => {
                let journal = SqliteJournal::open(&config.watcher.state, Access::ReadOnly)?;
                let entries = journal.audit(Some(app), None)?;
                Ok(entries.into_iter().map(|entry| entry.record).collect())
            }
            Self::Journal(..) => Ok(Vec::new()),
        }
    }
}

/// The whole journal, from the watcher that keeps it.
pub(super) async fn all_records(line: &Line) -> anyhow::Result<Vec<Record>> {
    let which = RecordsAfter {
        seq: 0,
        most: usize::MAX,
    };
    line.records(which).await.context("no records")
}
