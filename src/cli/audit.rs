//! `haltline audit` and `haltline journal`: what happened, why, by whom, and the proof that nothing is missing.

use std::path::Path;

use serde::Serialize;

use super::args::{AuditArgs, JournalCommand};
use super::exit::Exit;
use super::{house, identity, load, say};
use crate::config::{Config, Loaded, Surroundings};
use crate::domain::{Record, StoreKind};
use crate::journal::{Access, AuditEntry, SqliteJournal};
use crate::ports::{Clock, WallClock};
use crate::tui::story;

#[derive(Serialize)]
struct AuditLine<'a> {
    schema: &'static str,
    #[serde(flatten)]
    record: &'a Record,
    term: u64,
    hash: &'a str,
}

#[derive(Serialize)]
struct VerifyLine<'a> {
    schema: &'static str,
    intact: bool,
    records: Option<u64>,
    head: Option<&'a str>,
    anchored: Option<u64>,
    error: Option<&'a str>,
}

pub(super) fn run(
    path: Option<&Path>,
    args: &AuditArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let Loaded {
        state,
        apps,
        config,
        ..
    } = match load::locate_and_load(path, around) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Some(Err(exit)) = args
        .app
        .as_ref()
        .map(|app| load::known(&app.0, apps.iter()))
    {
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
    for entry in journal.audit(args.app.as_ref().map(|app| &app.0), None)? {
        if args.json {
            say::out(&json(&entry)?);
        } else {
            say::out(&line(&entry.record, config.as_ref()));
        }
    }
    Ok(Exit::Fine)
}

/// One record as a JSON document on one line.
pub(super) fn json(entry: &AuditEntry) -> serde_json::Result<String> {
    serde_json::to_string(&AuditLine {
        schema: "haltline/audit/v1",
        record: &entry.record,
        term: entry.term,
        hash: &entry.hash,
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
fn line(record: &Record, config: Option<&Config>) -> String {
    let app = record.app.as_ref();
    let of_app = config
        .iter()
        .flat_map(|config| &config.apps)
        .find(|known| Some(&known.id) == app);
    let store = of_app.map_or(StoreKind::GooglePlay, |known| known.store.kind());
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
