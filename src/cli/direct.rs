//! Stopping a rollout without the watcher, which cannot be reached: at the store, with the credentials of the caller's own config.
//!
//! What was done is kept in a file of the caller's own until a watcher at the same socket answers, which writes it down under their
//! name. Lowers exposure, and does nothing else.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::act::{self, Ending, Scene};
use super::args::StopArgs;
use super::attach::{self, Reach};
use super::exit::Exit;
use super::{compose, house, load};
use crate::api::acts::AskedAct;
use crate::api::remote::Line;
use crate::config::{Config, StoreConfig, Surroundings};
use crate::domain::rollout::{InReview, Order, ReleaseView};
use crate::domain::{
    Act, ActReply, Actor, AppId, Exposure, Failure, FailureKind, PlainText, RefusalKind, Standing,
    Status, StoreKind, Target, Verb,
};
use crate::journal::SqliteJournal;
use crate::ports::{Clock as _, Store, WallClock};
use crate::tui;

/// How often the store is read back, and how long between.
const READ_BACKS: u32 = 8;
const BETWEEN: TimeDelta = TimeDelta::seconds(2);
/// The largest report that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// `haltline pause` and `haltline halt`.
pub(super) async fn run(
    path: Option<&Path>,
    verb: Verb,
    args: &StopArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let id = &args.verb.app.0;
    if !args.direct {
        return act::run(path, verb, &args.verb, None, around).await;
    }
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = load::known(id, config.apps.iter().map(|app| &app.id)) {
        return Ok(exit);
    }
    let socket = socket(path, &config, around);
    if nobody_watches(&config, &clock, &socket) {
        // With the journal and its rules, as always where nobody watches.
        let reach = Reach::Journal(Box::new(config), clock);
        return match Scene::at(reach, id).await? {
            Ok(scene) => act::carry(&scene, verb, &args.verb, None, around).await,
            Err(exit) => Ok(exit),
        };
    }
    let app = config.apps.iter().find(|app| app.id == *id);
    let store = app.map_or(StoreKind::GooglePlay, |app| app.store.kind());
    let way = Way {
        config: Some(config),
        ..Way::around(path, &socket, around)
    };
    let reason = PlainText::from(args.verb.reason.as_str());
    let ending = match way.stop_and_keep(id, verb, &reason).await {
        Ok(exposure) => Ending::Confirmed {
            act: verb,
            exposure,
        },
        Err(failure) => Ending::Failed { failure },
    };
    let (name, done) = (verb.name(), verb.past());
    Ok(act::tell(&ending, (id, store), name, done, args.verb.json))
}

/// Which watcher it is that cannot be reached.
fn socket(path: Option<&Path>, config: &Config, around: &Surroundings) -> PathBuf {
    let mut sockets = attach::sockets(path, around).into_iter();
    sockets
        .next()
        .unwrap_or_else(|| config.watcher.socket.clone())
}

/// The watcher's journal is at hand, and nobody has the watch: this process may take it, for as long as the act takes.
fn nobody_watches(config: &Config, clock: &Arc<dyn crate::ports::Clock>, socket: &Path) -> bool {
    config.watcher.socket == socket
        && SqliteJournal::exists(&config.watcher.state)
        && matches!(house::claim(config, clock), Ok(Ok(_lock)))
}

/// The way around the watcher at a socket.
#[derive(Clone)]
pub(super) struct Way {
    /// Where it was read already; else it is at `path`, or wherever it is found.
    config: Option<Config>,
    path: Option<PathBuf>,
    socket: PathBuf,
    around: Surroundings,
}

/// What is kept of an act: for the watcher at that socket, and for no other one, which may have an app of that name as well.
#[derive(Serialize, Deserialize)]
struct Report {
    socket: PathBuf,
    #[serde(flatten)]
    asked: AskedAct,
}

impl Way {
    pub(super) fn around(path: Option<&Path>, socket: &Path, around: &Surroundings) -> Self {
        Self {
            config: None,
            path: path.map(Path::to_owned),
            socket: socket.to_owned(),
            around: around.clone(),
        }
    }

    async fn stop_and_keep(
        &self,
        id: &AppId,
        verb: Verb,
        reason: &PlainText,
    ) -> Result<Exposure, Failure> {
        let config = match &self.config {
            Some(config) => config.clone(),
            None => self.load().await?,
        };
        let outcome = stop(&config, id, verb).await;
        let touched = !matches!(&outcome, Err(failure) if surely_not_done(failure));
        if touched {
            let report = Report {
                socket: self.socket.clone(),
                asked: AskedAct {
                    id: act::request_id("direct"),
                    app: Some(id.clone()),
                    act: Act::Report {
                        verb,
                        at: WallClock.now(),
                        outcome: outcome.clone(),
                    },
                    reason: reason.clone(),
                    expect: None,
                },
            };
            // It is done, whether it can be told later or not.
            if let Err(error) = keep(&report, &self.around) {
                tracing::warn!("the watcher will not be told: {error}");
            }
        }
        outcome
    }

    /// The config may run programs for its credentials, which takes a while.
    async fn load(&self) -> Result<Config, Failure> {
        let (path, around) = (self.path.clone(), self.around.clone());
        let loaded = tokio::task::spawn_blocking(move || {
            let located = crate::config::locate(path.as_deref(), &around);
            located.map(|located| crate::config::load(&located, &around))
        });
        let hint =
            "a direct halt takes a config of your own with credentials: haltline config check";
        let none = |why: String| Failure::new(FailureKind::Credentials, why).hint(hint);
        let loaded = loaded.await.map_err(|error| none(error.to_string()))?;
        let loaded = loaded.map_err(|error| none(error.to_string()))?;
        loaded
            .config
            .ok_or_else(|| none("the config has errors".to_owned()))
    }
}

impl tui::Direct for Way {
    fn stop(
        &self,
        app: AppId,
        verb: Verb,
        reason: PlainText,
    ) -> BoxFuture<'static, Result<Exposure, Failure>> {
        let way = self.clone();
        Box::pin(async move {
            let config = way.load().await?;
            if !config.apps.iter().any(|known| known.id == app) {
                return Err(none(&app));
            }
            let clock = compose::clock(&config).await;
            let clock = clock.map_err(|error| internal(&error))?;
            if nobody_watches(&config, &clock, &way.socket) {
                let reach = Reach::Journal(Box::new(config), clock);
                return act::alone(reach, &app, verb, &reason, &way.around).await;
            }
            let way = Self {
                config: Some(config),
                ..way
            };
            way.stop_and_keep(&app, verb, &reason).await
        })
    }
}

fn none(id: &AppId) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        format!("your config has no app {id}"),
    )
}

fn internal(error: &anyhow::Error) -> Failure {
    Failure::new(FailureKind::Internal, format!("{error:#}"))
}

/// Nothing was written, so that there is nothing to tell.
fn surely_not_done(failure: &Failure) -> bool {
    failure.kind != FailureKind::Ambiguous
}

/// Stops the release at the store, and reads it back until the store agrees.
async fn stop(config: &Config, id: &AppId, verb: Verb) -> Result<Exposure, Failure> {
    if !matches!(verb, Verb::Pause | Verb::Halt) {
        let what = format!("{verb} is not done without the watcher: only a pause or a halt is");
        return Err(Failure::new(FailureKind::Unsupported, what));
    }
    let mut config = config.clone();
    config.apps.retain(|app| app.id == *id);
    let app = config.apps.first().ok_or_else(|| none(id))?;
    let in_review = match &app.store {
        StoreConfig::GooglePlay { in_review, .. } => *in_review,
        _ => InReview::default(),
    };
    let clock: Arc<dyn crate::ports::Clock> = Arc::new(WallClock);
    let apps = compose::apps(&config, &clock).map_err(|error| internal(&error))?;
    let store = &apps.first().ok_or_else(|| none(id))?.store;
    at_store(store.as_ref(), in_review).await
}

async fn at_store(store: &dyn Store, in_review: InReview) -> Result<Exposure, Failure> {
    let release = store.read().await?.release;
    let none = || Failure::new(FailureKind::NotFound, "the store shows no release to stop");
    let release = release.ok_or_else(none)?;
    stoppable(store.kind(), &release)?;
    if release.status == Status::Stopped {
        return Ok(release.exposure);
    }
    let order = Order {
        version: release.version.clone(),
        target: Target::Stopped,
        in_review,
        lifts: false,
    };
    let written = store.apply(&order).await;
    if let Err(failure) = &written
        && failure.kind != FailureKind::Ambiguous
    {
        return Err(failure.clone());
    }
    let mut seen = Failure::new(
        FailureKind::Ambiguous,
        "the store was told to stop it, and does not show yet that it did",
    )
    .hint("look at the store's own console");
    for _ in 0..READ_BACKS {
        match store.read().await {
            Ok(view) => match view.release {
                Some(now) if now.version != release.version => break,
                Some(now) if order.target.is_met_by(&now) => return Ok(now.exposure),
                _ => {}
            },
            Err(failure) => {
                seen = Failure {
                    kind: FailureKind::Ambiguous,
                    ..failure
                };
            }
        }
        WallClock.sleep_until(WallClock.now() + BETWEEN).await;
    }
    Err(seen)
}

fn stoppable(store: StoreKind, release: &ReleaseView) -> Result<(), Failure> {
    let why = match release.status {
        Status::Draft | Status::Pending => "the release is not out yet: there is nothing to stop",
        Status::Completed if store == StoreKind::AppStore => {
            "everybody has it: the App Store stops nothing after COMPLETE"
        }
        _ => return Ok(()),
    };
    Err(Failure::new(FailureKind::Refused, why))
}

/// The caller's own folder of reports.
fn folder(around: &Surroundings) -> Option<PathBuf> {
    Some(around.state_dir.as_ref()?.join("direct"))
}

/// Whole or not at all, and readable by its writer alone.
fn keep(report: &Report, around: &Surroundings) -> io::Result<()> {
    let dir = folder(around).ok_or_else(|| io::Error::other("there is no home folder"))?;
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let mut file = tempfile::Builder::new()
        .prefix(".report-")
        .tempfile_in(&dir)?;
    serde_json::to_writer(&mut file, report)?;
    file.flush()?;
    file.as_file().sync_all()?;
    let name = format!("{}.json", report.asked.id);
    file.persist_noclobber(dir.join(name))
        .map_err(|error| error.error)?;
    Ok(())
}

/// Tells the watcher what was done without it; what came of that, in words.
pub(super) async fn hand_in(line: &Line, around: &Surroundings) -> Vec<String> {
    let mut words = Vec::new();
    let Some(dir) = folder(around) else {
        return words;
    };
    let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
    let is_report = |path: &PathBuf| path.extension().is_some_and(|it| it == "json");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(is_report)
        .collect();
    paths.sort();
    for path in paths {
        let Some(report) = read(&path).filter(|report| report.socket == line.socket()) else {
            continue;
        };
        let app = report.asked.app.clone();
        let of = app.map_or_else(String::new, |app| format!(" to {app}"));
        let request = report.asked.by(Actor::Haltline, Standing::default());
        let (told, into) = match line.act(request).await {
            Ok(ActReply::Refused(refusal)) if refusal.kind == RefusalKind::Unanswered => continue,
            Ok(ActReply::Refused(refusal)) => {
                let told =
                    format!("the watcher does not take what you did directly{of}: {refusal}");
                (told, Some(path.with_extension("refused")))
            }
            Ok(_) => {
                let told = format!("the watcher was told what you did directly{of}");
                (told, None)
            }
            // Next time.
            Err(_unreachable) => continue,
        };
        words.push(told);
        let gone = match into {
            Some(into) => fs::rename(&path, into),
            None => fs::remove_file(&path),
        };
        // It would be told again, under the same id, which changes nothing.
        if let Err(error) = gone {
            words.push(format!("{}: {error}", path.display()));
        }
    }
    words
}

fn read(path: &Path) -> Option<Report> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .ok()?;
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests;
