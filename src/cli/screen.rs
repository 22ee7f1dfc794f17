//! `haltline` without a command, and the demo's screen: a watcher in the background, the screen in front.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::args::{DemoArgs, ScreenArgs};
use super::exit::{self, Exit};
use super::house::{self, House, Role, Scope};
use super::{identity, kept_picture, load, preferences, say};
use crate::api::Client;
use crate::api::client::{Desk, Link};
use crate::config::{Config, Surroundings};
use crate::domain::{ActRequest, Actor, PlainText, Timestamp};
use crate::journal::WatcherLock;
use crate::ports::Clock;
use crate::tui;
use crate::watcher::{self, Watcher};

/// The screen on the real world: watches by itself where nobody else does, else shows what the other one knows. It is there
/// at once, with the picture kept from last time, and goes on live when the journal has been verified.
pub(super) async fn run(
    path: Option<&Path>,
    screen: &ScreenArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let prefers = match preferences::preferences(around) {
        Ok(prefers) => prefers,
        Err(exit) => return Ok(exit),
    };
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let claim = house::claim(&config, &clock)?;
    log_to_file(&config);
    let after_quit = match &claim {
        Ok(_lock) => "nothing is watching now".to_owned(),
        Err(holder) => format!("the watcher goes on ({})", house::holder_words(holder)),
    };
    let (dir, now) = (config.watcher.state.clone(), clock.now());
    let kept = kept_picture::read(&dir, &config.apps, now);
    let kept = kept.unwrap_or_else(|| watcher::empty_picture(now));
    let (desk, client) = Client::desk(kept, Link::Opening);
    let options = options(screen, around, prefers, &clock, "", &after_quit);
    let opening = tokio::task::spawn_blocking(move || {
        let on_record = Box::new(|_record: &_| {});
        let mut house = house::enter(&config, &clock, &Scope::Whole, on_record, claim)?;
        // The first live picture shall not be emptier than the kept one. What cannot be read, the watcher finds out as well.
        if let Err(error) = house.watcher.catch_up() {
            tracing::warn!("{error}");
        }
        anyhow::Ok(house)
    });
    let mut shown = std::pin::pin!(tui::run(client.clone(), options));
    let house = tokio::select! {
        left = &mut shown => {
            say::err(&left?.farewell);
            return Ok(code(&client));
        }
        // Where it cannot be opened, the screen gives the terminal back, and then it is said.
        house = opening => house??,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_asked = async { drop(stopped.await) };
    let background = tokio::spawn(live(house, desk, client.clone(), dir, stop_asked));
    let left = shown.await;
    drop(stop);
    if let Ok(left) = &left {
        say::err(&left.farewell);
    }
    background.await??;
    left?;
    Ok(code(&client))
}

/// Watches or follows, and shows it at `desk`.
async fn live(
    house: House,
    desk: Desk,
    client: Client,
    dir: PathBuf,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut watcher = house.watcher;
    watcher.sit_at(desk);
    match house.role {
        Role::Acting { term, lock } => {
            let keeper = tokio::spawn(kept_picture::keep(client, dir));
            watcher.start(term);
            watcher.run(stop, |_watcher| false).await;
            watcher.finish().await;
            drop(watcher);
            keeper.await?;
            drop(lock);
        }
        Role::Following { .. } => {
            let alive = || WatcherLock::is_locked(&dir).unwrap_or(true);
            watcher.follow(stop, alive, false).await?;
        }
    }
    Ok(())
}

/// What a script learns: nothing good of a picture that is not a live one, nothing at all of one that was never verified.
fn code(client: &Client) -> Exit {
    match (client.link(), exit::of_snapshot(&client.snapshot())) {
        (Link::Opening, _) | (Link::Reconnecting { .. } | Link::Lost { .. }, Exit::Fine) => {
            Exit::Unknown
        }
        (_, exit) => exit,
    }
}

/// The demo's screen.
pub(super) async fn demo(
    config: &Config,
    clock: &Arc<dyn Clock>,
    asks: Vec<(Timestamp, ActRequest)>,
    args: &DemoArgs,
    screen: &ScreenArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let prefers = match preferences::preferences(around) {
        Ok(prefers) => prefers,
        Err(exit) => return Ok(exit),
    };
    let (mut watcher, client, _lock) = house::open_own(config, clock, Box::new(|_record| {}))?;
    watcher.expect(asks);
    let banner = format!("simulated, {}×", args.speed);
    let options = options(
        screen,
        around,
        prefers,
        clock,
        &banner,
        "the demo ends, and with it its world",
    );
    in_front(watcher, client, options).await?;
    Ok(Exit::Fine)
}

/// Runs the watcher behind the screen, and ends both together.
async fn in_front(
    mut watcher: Watcher,
    client: Client,
    options: tui::Options,
) -> anyhow::Result<Exit> {
    let (stop, stopped) = oneshot::channel::<()>();
    let background = tokio::spawn(async move {
        watcher
            .run(async { drop(stopped.await) }, |_watcher| false)
            .await;
        watcher.finish().await;
    });
    let shown = show(client, options).await;
    drop(stop);
    background.await?;
    shown
}

async fn show(client: Client, options: tui::Options) -> anyhow::Result<Exit> {
    let last = client.clone();
    let left = tui::run(client, options).await?;
    say::err(&left.farewell);
    Ok(exit::of_snapshot(&last.snapshot()))
}

fn options(
    screen: &ScreenArgs,
    around: &Surroundings,
    mut prefers: tui::Preferences,
    clock: &Arc<dyn Clock>,
    banner: &str,
    after_quit: &str,
) -> tui::Options {
    let (user, host) = match identity::person(around) {
        Actor::Person { name, host } => (name, host),
        _ => (PlainText::default(), PlainText::default()),
    };
    let env = |name: &str| match name {
        "NO_COLOR" if screen.no_color => Some("1".to_owned()),
        _ => around.var(name).map(str::to_owned),
    };
    let mut theme = tui::Theme::from_env(env);
    if screen.ascii {
        prefers.ascii = Some(true);
    }
    if prefers.ascii == Some(true) {
        theme = theme.with_ascii();
    }
    tui::Options {
        identity: tui::Identity { user, host },
        theme,
        prefers,
        clock: Arc::clone(clock),
        banner: banner.into(),
        after_quit: after_quit.into(),
    }
}

/// While the screen has the terminal, log lines go to a file beside the journal.
fn log_to_file(config: &Config) {
    let path = config.watcher.state.join("haltline.log");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path);
    match file {
        Ok(file) => super::log(
            tracing_subscriber::filter::LevelFilter::INFO,
            Mutex::new(file),
        ),
        Err(error) => say::err(&format!("haltline: no log: {}: {error}", path.display())),
    }
}
