//! `haltline summary`: an incident as Markdown on stdout, or in a few lines for a chat.

use std::path::Path;

use super::args::SummaryArgs;
use super::exit::Exit;
use super::{attach, identity, say};
use crate::config::Surroundings;
use crate::tui::summary::{self, Account, Standing};

pub(super) async fn run(
    path: Option<&Path>,
    args: &SummaryArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let reach = match attach::reach(path, around).await {
        Ok(reach) => reach,
        Err(exit) => return Ok(exit),
    };
    let picture = match reach.picture_with(&args.app.0).await? {
        Ok(picture) => picture,
        Err(exit) => return Ok(exit),
    };
    let Some(app) = picture.apps.iter().find(|app| app.id == args.app.0) else {
        return Ok(Exit::Internal);
    };
    // The picture has the latest events of all apps; here every one of this app is wanted.
    let events = reach.records_of(&app.id).await?;
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
