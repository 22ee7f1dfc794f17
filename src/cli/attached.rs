//! The screen of a watcher in another process: it needs no config, and leaving it stops nothing.

use std::path::Path;
use std::sync::Arc;

use super::args::ScreenArgs;
use super::direct::{self, Way};
use super::exit::Exit;
use super::exports::Exports;
use super::{eyes, screen, view_state};
use crate::api::Client;
use crate::api::client::{Link, News};
use crate::api::remote::Line;
use crate::config::Surroundings;
use crate::ports::{Clock, WallClock};
use crate::tui;

pub(super) async fn run(
    path: Option<&Path>,
    line: Line,
    (args, prefers): (&ScreenArgs, tui::Preferences),
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    if let Err(exit) = screen::terminal(around, "`haltline status --watch` tells the same") {
        return Ok(exit);
    }
    let first = line.snapshot().await?;
    let me = line.me().await?;
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let client = eyes::attend(line.clone(), first, Arc::clone(&clock));
    let memory = view_state::memory(around);
    let files = Arc::new(Exports::of_watcher(around, line.clone()));
    let mut options = screen::options(files, args, around, prefers, memory, &clock);
    options.after_quit = format!("the watcher goes on ({})", me.watcher).into();
    options.reached_by = tui::ReachedBy::Socket;
    options.direct = Some(Arc::new(Way::around(path, line.socket(), around)));
    let reports = tokio::spawn(report(client.clone(), line, around.clone()));
    let left = screen::show(client.clone(), options).await;
    reports.abort();
    Ok(screen::code(&left?, &client))
}

/// Whenever the watcher answers again it is told what was done without it.
async fn report(mut client: Client, line: Line, around: Surroundings) {
    while let Ok(news) = client.changed().await {
        if matches!(news, News::Link(Link::Live)) {
            for words in direct::hand_in(&line, &around).await {
                tracing::info!("{words}");
            }
        }
    }
}
