//! `haltline summary`: an incident as Markdown on stdout, or in a few lines for a chat.

use std::path::Path;

use super::args::SummaryArgs;
use super::exit::Exit;
use super::{house, identity, load, say, status};
use crate::config::Surroundings;
use crate::domain::Record;
use crate::journal::{Access, SqliteJournal};
use crate::tui::summary::{self, Account, Standing};

pub(super) async fn run(
    path: Option<&Path>,
    args: &SummaryArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = load::known(&args.app.0, config.apps.iter().map(|app| &app.id)) {
        return Ok(exit);
    }
    let picture = status::picture(&mut house::look(&config, &clock)?, &config, &clock)?;
    let Some(app) = picture.apps.iter().find(|app| app.id == args.app.0) else {
        return Ok(Exit::Internal);
    };
    // The picture has the latest events of all apps; here every one of this app is wanted.
    let state = &config.watcher.state;
    let events: Vec<Record> = if SqliteJournal::exists(state) {
        let entries = SqliteJournal::open(state, Access::ReadOnly)?.audit(Some(&app.id), None)?;
        entries.into_iter().map(|entry| entry.record).collect()
    } else {
        Vec::new()
    };
    let account = Account {
        picture: &picture,
        app,
        events: &events,
        standing: Standing::Now,
        at: picture.at,
        by: identity::person(around).to_string().into(),
        banner: "".into(),
    };
    let text = if args.short {
        summary::brief(&account)
    } else {
        summary::document(&account)
    };
    say::out(text.trim_end());
    Ok(Exit::Fine)
}
