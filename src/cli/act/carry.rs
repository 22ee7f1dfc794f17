//! Carrying an act out: over the socket of the watcher that runs, through its journal, or by ourselves where nobody watches.

use std::sync::Arc;

use chrono::TimeDelta;

use super::ending::Ending;
use super::{PATIENCE, Scene, over_socket};
use crate::cli::attach::Reach;
use crate::cli::house::{self, House, Role, Scope};
use crate::cli::signals;
use crate::config::Config;
use crate::domain::{
    ActReply, ActRequest, AppId, Event, Failure, FailureKind, Record, Refusal, RefusalKind,
};
use crate::engine::{self, State};
use crate::journal::{Access, SqliteJournal};
use crate::ports::{Clock, Journal, WallClock};
use crate::watcher::Watcher;

/// How often it is looked what became of it.
const LOOK_AGAIN: TimeDelta = TimeDelta::milliseconds(100);

/// What came of it, and whether nobody watches.
pub(super) struct Carried {
    pub ending: Ending,
    pub alone: bool,
}

pub(super) async fn carry_out(scene: &Scene, request: &ActRequest) -> anyhow::Result<Carried> {
    let id = &scene.id;
    let (config, clock) = match &scene.reach {
        Reach::Socket(line) => {
            let ending = over_socket::carry_out(line, scene.before, request, id).await;
            let alone = false;
            return Ok(Carried { ending, alone });
        }
        Reach::Journal(config, clock) => (config, clock),
    };
    let House {
        mut watcher,
        client: _client,
        role,
        ..
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
            let alone = true;
            Ok(Carried { ending, alone })
        }
        Role::Following { .. } => {
            let ending = through_watcher(config, clock, request, id).await?;
            let alone = false;
            Ok(Carried { ending, alone })
        }
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
    let (before, last) = (watcher.state().seq, watcher.state().last_revision);
    let (revision, otherwise) = match watcher.ask(request.clone()) {
        ActReply::Refused(refusal) => return refused(watcher.state(), id, refusal),
        ActReply::Taken { revision } => (revision, Ending::Waiting { revision }),
        other => {
            let ending = match other {
                ActReply::Waits { what } => Ending::Waits { what },
                _ => Ending::Done,
            };
            let app = watcher.state().app(id);
            let desire = app.and_then(|app| app.desire.as_ref());
            match desire.map(|desire| desire.revision) {
                // What it makes haltline want is carried through: nobody else is here to do it.
                Some(revision) if revision > last => (revision, ending),
                _ => return ending,
            }
        }
    };
    let over = |watcher: &Watcher| ending_in(watcher.recent(), before, revision).is_some();
    watcher.run(limit(), over).await;
    ending_in(watcher.recent(), before, revision).unwrap_or(otherwise)
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
            (None, Some(ActReply::Refused(refusal))) => {
                let state = engine::replay(&journal.records_after(0)?);
                return Ok(refused(&state, id, refusal));
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
fn refused(state: &State, id: &AppId, refusal: Refusal) -> Ending {
    let unread = state.app(id).filter(|app| app.release.is_none());
    match unread.and_then(|app| app.store_failure.clone()) {
        Some(failure) => Ending::Failed { failure },
        None => Ending::Refused(refusal),
    }
}

pub(super) fn ending_in<'a>(
    records: impl Iterator<Item = &'a Record>,
    after: u64,
    wanted: u64,
) -> Option<Ending> {
    records
        .filter(|record| record.seq > after)
        .find_map(|record| match &record.event {
            Event::DesireConfirmed {
                revision,
                verb,
                exposure,
            } if *revision == wanted => Some(Ending::Confirmed {
                act: *verb,
                exposure: *exposure,
            }),
            Event::DesireFailed { revision, failure } if *revision == wanted => {
                Some(Ending::Failed {
                    failure: failure.clone(),
                })
            }
            Event::DesireSuperseded { revision, why } if *revision == wanted => Some(
                Ending::Refused(Refusal::new(RefusalKind::State, why.clone())),
            ),
            _ => None,
        })
}
