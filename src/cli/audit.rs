//! `haltline audit` and `haltline journal`: what happened, why, by whom, and the proof that nothing is missing.

use std::path::Path;

use serde::Serialize;

use super::args::{AuditArgs, JournalCommand};
use super::exit::Exit;
use super::{attach, house, identity, load, say};
use crate::api::remote::Line;
use crate::config::{self, Loaded, Surroundings};
use crate::domain::{AppId, Record, StoreKind};
use crate::journal::{Access, AuditEntry, SqliteJournal};
use crate::ports::{Clock, WallClock};
use crate::tui::story;

#[derive(Serialize)]
struct AuditLine<'a> {
    schema: &'static str,
    #[serde(flatten)]
    record: &'a Record,
    /// The proof, which only the journal itself has.
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
}

const SCHEMA: &str = "haltline/audit/v1";

#[derive(Serialize)]
struct VerifyLine<'a> {
    schema: &'static str,
    intact: bool,
    records: Option<u64>,
    head: Option<&'a str>,
    anchored: Option<u64>,
    error: Option<&'a str>,
}

/// From the journal where it can be read, since only that has the proof; else what the watcher tells of it.
pub(super) async fn run(
    path: Option<&Path>,
    args: &AuditArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let app = args.app.as_ref().map(|app| &app.0);
    let own = attach::asked(around).is_none() && config::locate(path, around).is_ok();
    if !own || !readable(path, around) {
        if args.verify && !own {
            say::err(
                "haltline: the proof is in the journal itself: audit --verify wants its config, and no --socket",
            );
            return Ok(Exit::Usage);
        }
        match attach::line(path, around).await {
            Ok(Some(line)) if !args.verify => return told(&line, app, args.json).await,
            Ok(_) => {}
            Err(exit) => return Ok(exit),
        }
    }
    let Loaded {
        state,
        apps,
        config,
        ..
    } = match load::locate_and_load(path, around) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Some(Err(exit)) = app.map(|app| load::known(app, apps.iter())) {
        return Ok(exit);
    }
    if !SqliteJournal::exists(&state) {
        say::err(&format!(
            "haltline: there is no journal in {} yet",
            state.display()
        ));
        return Ok(Exit::Fine);
    }
    if args.verify {
        return Ok(verify(&state, args.json));
    }
    let journal = SqliteJournal::open(&state, Access::ReadOnly)?;
    let store = |id: &AppId| {
        let mut apps = config.iter().flat_map(|config| &config.apps);
        Some(apps.find(|app| app.id == *id)?.store.kind())
    };
    for entry in journal.audit(app, None)? {
        if args.json {
            say::out(&json(&entry)?);
        } else {
            say::out(&line(&entry.record, store));
        }
    }
    Ok(Exit::Fine)
}

/// Whether there is a journal, and this user may read it.
fn readable(path: Option<&Path>, around: &Surroundings) -> bool {
    let located = config::locate(path, around).ok();
    let places = located.and_then(|located| config::whereabouts(&located, around));
    places.is_some_and(|(state, _socket)| {
        SqliteJournal::exists(&state) && SqliteJournal::open(&state, Access::ReadOnly).is_ok()
    })
}

/// What the watcher tells of its journal.
async fn told(line: &Line, app: Option<&AppId>, json: bool) -> anyhow::Result<Exit> {
    let picture = line.snapshot().await?;
    let apps = picture.apps.iter().map(|app| &app.id);
    if let Some(Err(exit)) = app.map(|app| load::known_to("the watcher", app, apps)) {
        return Ok(exit);
    }
    let store = |id: &AppId| {
        let app = picture.apps.iter().find(|app| app.id == *id)?;
        Some(app.store)
    };
    let records = match app {
        Some(app) => line.records_of(app).await?,
        None => attach::all_records(line).await?,
    };
    for record in records {
        if json {
            say::out(&told_json(&record)?);
        } else {
            say::out(&self::line(&record, store));
        }
    }
    Ok(Exit::Fine)
}

/// One record as a JSON document on one line.
pub(super) fn json(entry: &AuditEntry) -> serde_json::Result<String> {
    serde_json::to_string(&AuditLine {
        schema: SCHEMA,
        record: &entry.record,
        term: Some(entry.term),
        hash: Some(&entry.hash),
    })
}

/// The same without the proof, as a watcher tells it.
pub(super) fn told_json(record: &Record) -> serde_json::Result<String> {
    serde_json::to_string(&AuditLine {
        schema: SCHEMA,
        record,
        term: None,
        hash: None,
    })
}

fn verify(state: &Path, json: bool) -> Exit {
    let result = SqliteJournal::open(state, Access::ReadOnly).and_then(|journal| journal.verify());
    let schema = "haltline/audit-verify/v1";
    match result {
        Ok(found) => {
            if json {
                let (records, head) = (Some(found.records), Some(found.head.as_str()));
                say::json(&VerifyLine {
                    schema,
                    intact: true,
                    records,
                    head,
                    anchored: found.anchored,
                    error: None,
                });
            } else {
                let anchored = found.anchored.map_or_else(
                    || "no anchor".to_owned(),
                    |seq| format!("anchored at {seq}"),
                );
                say::out(&format!(
                    "intact: {} records, {anchored}, head {}",
                    found.records, found.head
                ));
            }
            Exit::Fine
        }
        Err(error) => {
            let words = error.to_string();
            if json {
                let error = Some(words.as_str());
                say::json(&VerifyLine {
                    schema,
                    intact: false,
                    records: None,
                    head: None,
                    anchored: None,
                    error,
                });
            } else {
                say::err(&format!(
                    "haltline: {words}\n{}",
                    house::journal_hint(&error)
                ));
            }
            Exit::Internal
        }
    }
}

pub(super) fn journal(
    path: Option<&Path>,
    command: &JournalCommand,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let JournalCommand::Accept { reason } = command;
    let state = match load::locate_and_load(path, around) {
        Ok(loaded) => loaded.state,
        Err(exit) => return Ok(exit),
    };
    let who = format!("{}: {reason}", identity::person(around));
    match SqliteJournal::accept(&state, WallClock.now(), &who)? {
        None => say::err("haltline: the journal is in order: nothing to accept"),
        Some(accepted) => say::err(&format!(
            "haltline: accepted: the journal ends at record {}",
            accepted.found
        )),
    }
    Ok(Exit::Fine)
}

/// One record as people read it: number, time (UTC), app, kind, what happened.
fn line(record: &Record, store: impl Fn(&AppId) -> Option<StoreKind>) -> String {
    let app = record.app.as_ref();
    let store = app.and_then(store).unwrap_or(StoreKind::GooglePlay);
    let told = story::tell(record, store, record.at);
    format!(
        "{:>5}  {}  {:<16}  {:<7}  {}",
        record.seq,
        record.at.format("%Y-%m-%d %H:%M:%S"),
        app.map_or("-", |app| app.as_str()),
        told.kind,
        told.text
    )
}
