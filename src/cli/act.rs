//! The verbs: `pause`, `resume`, `halt`, `hold`, `advance`, `complete`.
//!
//! Where a watcher runs it is asked; where none does, this process acts by itself with the same journal and the same rules.
//! Either way the verb ends only when the store was read back, or it is certain that it failed.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::Serialize;

use super::args::VerbArgs;
use super::exit::Exit;
use super::house::{self, House, Role, Scope};
use super::{identity, load, say, signals};
use crate::config::{AppConfig, Config, Surroundings};
use crate::domain::{
    Act, ActReply, ActRequest, AppId, Event, Exposure, Failure, FailureKind, PlainText, Record,
    Verb,
};
use crate::engine::{self, State};
use crate::journal::{Access, SqliteJournal};
use crate::ports::{Clock, Journal, WallClock};
use crate::watcher::Watcher;

/// How long a verb waits for the store to agree, in seconds of the wall, whatever clock the watcher goes by.
const PATIENCE: i64 = 60;
/// How often a verb looks what became of it.
const LOOK_AGAIN: TimeDelta = TimeDelta::milliseconds(100);

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
enum Ending {
    /// The store was read and agrees.
    Confirmed {
        exposure: Exposure,
    },
    /// Done without the store (hold on Play).
    Done,
    /// Taken; it waits for something or somebody.
    Waits {
        what: PlainText,
    },
    Refused {
        why: PlainText,
    },
    Failed {
        failure: Failure,
    },
    /// Taken, but not confirmed yet: it goes on while somebody watches.
    Waiting {
        revision: u64,
    },
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    app: &'a AppId,
    verb: Verb,
    #[serde(flatten)]
    ending: &'a Ending,
}

pub(super) async fn run(
    path: Option<&Path>,
    verb: Verb,
    args: &VerbArgs,
    to: Option<Exposure>,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let id = &args.app.0;
    if let Err(exit) = load::known(id, config.apps.iter().map(|app| &app.id)) {
        return Ok(exit);
    }
    let Some(app) = config.apps.iter().find(|app| app.id == *id) else {
        return Ok(Exit::Usage);
    };
    let request = ActRequest {
        id: format!(
            "{}-{}-{}",
            clock.now().timestamp_micros(),
            std::process::id(),
            verb
        ),
        app: Some(id.clone()),
        act: Act::Do { verb, to },
        actor: identity::person(around),
        reason: args.reason.as_str().into(),
        expect: args.expect,
    };
    let asked = verb.lowers() || args.yes;
    let ending = match asked
        .then_some(())
        .map_or_else(|| confirmed(app, verb, to, around), Ok)
    {
        Ok(()) => carry_out(&config, &clock, &request, id).await?,
        Err(why) => Ending::Refused { why: why.into() },
    };
    if args.json {
        say::json(&Document {
            schema: "haltline/act/v1",
            app: id,
            verb,
            ending: &ending,
        });
    }
    say::err(&words(app, verb, &ending));
    Ok(exit(&ending))
}

/// Raising exposure wants a word typed: the app's id. Else why it is not done.
fn confirmed(
    app: &AppConfig,
    verb: Verb,
    to: Option<Exposure>,
    around: &Surroundings,
) -> Result<(), &'static str> {
    let target = to.map_or_else(String::new, |to| format!(" to {to}"));
    say::err(&format!(
        "{verb} {}{target} on {}: {}",
        app.id,
        app.store.kind().name(),
        verb.meaning(app.store.kind())
    ));
    let asks = std::io::stdin().is_terminal() && around.var("CI").is_none();
    if !asks {
        return Err("this raises exposure and nobody can be asked here; say --yes if you mean it");
    }
    say::err(&format!("type {} to go on, anything else to stop:", app.id));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() && line.trim() == app.id.as_str() {
        Ok(())
    } else {
        Err("it was not confirmed")
    }
}

async fn carry_out(
    config: &Config,
    clock: &Arc<dyn Clock>,
    request: &ActRequest,
    id: &AppId,
) -> anyhow::Result<Ending> {
    let House {
        mut watcher,
        client: _client,
        role,
    } = house::open(
        config,
        clock,
        &Scope::StoreOf(id.clone()),
        Box::new(|_record| {}),
    )?;
    match role {
        Role::Acting { term, lock } => {
            watcher.start(term);
            let ending = alone(&mut watcher, request, id).await;
            watcher.finish().await;
            drop(lock);
            Ok(ending)
        }
        Role::Following { .. } => through_watcher(config, clock, request, id).await,
    }
}

/// Reads the store, asks the engine, and runs until it is settled.
async fn alone(watcher: &mut Watcher, request: &ActRequest, id: &AppId) -> Ending {
    let deadline = house::after(PATIENCE);
    let limit = || async move {
        tokio::select! {
            () = signals::stop() => {}
            () = WallClock.sleep_until(deadline) => {}
        }
    };
    watcher
        .run(limit(), |watcher| {
            watcher.is_idle() && watcher.has_asked(id)
        })
        .await;
    let before = watcher.state().seq;
    let revision = match watcher.ask(request.clone()) {
        ActReply::Refused { why } => return refused(watcher.state(), id, why),
        ActReply::Done => return Ending::Done,
        ActReply::Waits { what } => return Ending::Waits { what },
        ActReply::Taken { revision } => revision,
    };
    let over = |watcher: &Watcher| ending_in(watcher.recent(), before, revision).is_some();
    watcher.run(limit(), over).await;
    ending_in(watcher.recent(), before, revision).unwrap_or(Ending::Waiting { revision })
}

/// Asks the running watcher through the journal, and follows there what becomes of it.
async fn through_watcher(
    config: &Config,
    clock: &Arc<dyn Clock>,
    request: &ActRequest,
    id: &AppId,
) -> anyhow::Result<Ending> {
    let journal = SqliteJournal::open(&config.watcher.state, Access::Write)?;
    let before = journal
        .records_after(0)?
        .last()
        .map_or(0, |record| record.seq);
    journal.ask(request, clock.now())?;
    let deadline = house::after(PATIENCE);
    let mut taken = None;
    while WallClock.now() < deadline {
        match (taken, journal.reply_to(&request.id)?) {
            (None, Some(ActReply::Refused { why })) => {
                let state = engine::replay(&journal.records_after(0)?);
                return Ok(refused(&state, id, why));
            }
            (None, Some(ActReply::Done)) => return Ok(Ending::Done),
            (None, Some(ActReply::Waits { what })) => return Ok(Ending::Waits { what }),
            (None, Some(ActReply::Taken { revision })) => taken = Some(revision),
            (None, None) => {}
            (Some(revision), _) => {
                if let Some(ending) =
                    ending_in(journal.records_after(before)?.iter(), before, revision)
                {
                    return Ok(ending);
                }
            }
        }
        WallClock.sleep_until(WallClock.now() + LOOK_AGAIN).await;
    }
    Ok(match taken {
        Some(revision) => Ending::Waiting { revision },
        None => Ending::Failed {
            failure: Failure::new(FailureKind::Retry, "the running watcher did not answer")
                .hint("is it alive? haltline status; it answers within a second"),
        },
    })
}

/// Where the engine knows no release because the store cannot be read, that is what went wrong.
fn refused(state: &State, id: &AppId, why: PlainText) -> Ending {
    let unread = state.app(id).filter(|app| app.release.is_none());
    match unread.and_then(|app| app.store_failure.clone()) {
        Some(failure) => Ending::Failed { failure },
        None => Ending::Refused { why },
    }
}

fn ending_in<'a>(
    records: impl Iterator<Item = &'a Record>,
    after: u64,
    wanted: u64,
) -> Option<Ending> {
    records
        .filter(|record| record.seq > after)
        .find_map(|record| match &record.event {
            Event::DesireConfirmed {
                revision, exposure, ..
            } if *revision == wanted => Some(Ending::Confirmed {
                exposure: *exposure,
            }),
            Event::DesireFailed { revision, failure } if *revision == wanted => {
                Some(Ending::Failed {
                    failure: failure.clone(),
                })
            }
            Event::DesireSuperseded { revision, why } if *revision == wanted => {
                Some(Ending::Refused { why: why.clone() })
            }
            _ => None,
        })
}

fn words(app: &AppConfig, verb: Verb, ending: &Ending) -> String {
    let (id, store) = (&app.id, app.store.kind().name());
    match ending {
        Ending::Confirmed { exposure } => format!(
            "{id}: {} at {exposure}: {store} was read back and agrees",
            verb.past()
        ),
        Ending::Done => format!("{id}: {}", verb.past()),
        Ending::Waits { what } => format!("{id}: {verb} is taken and waits for {what}"),
        Ending::Refused { why } => format!("{id}: {verb} refused: {why}"),
        Ending::Failed { failure } => format!("{id}: {verb} FAILED: {failure}"),
        Ending::Waiting { .. } => {
            format!(
                "{id}: {verb} is not confirmed after {PATIENCE} s; it goes on while a watcher runs: haltline status {id}"
            )
        }
    }
}

fn exit(ending: &Ending) -> Exit {
    match ending {
        Ending::Confirmed { .. } | Ending::Done => Exit::Fine,
        Ending::Refused { .. } => Exit::Refused,
        Ending::Waits { .. } => Exit::Waiting,
        Ending::Waiting { .. } => Exit::TimedOut,
        Ending::Failed { failure } => match failure.kind {
            FailureKind::Credentials | FailureKind::Rights => Exit::Credentials,
            FailureKind::Internal => Exit::Internal,
            FailureKind::Retry | FailureKind::Quota | FailureKind::Ambiguous => Exit::TimedOut,
            _ => Exit::Refused,
        },
    }
}
