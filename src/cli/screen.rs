//! `haltline` without a command, and the demo's screen: a watcher in the background, the screen in front.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::args::{DemoArgs, ScreenArgs};
use super::exit::{self, Exit};
use super::house::{self, House, Role, Scope};
use super::{identity, load, preferences, say};
use crate::api::Client;
use crate::config::{Config, Surroundings};
use crate::domain::{ActRequest, Actor, PlainText, Timestamp};
use crate::journal::WatcherLock;
use crate::ports::Clock;
use crate::tui;
use crate::watcher::Watcher;

/// The screen on the real world: watches by itself where nobody else does, else shows what the other one knows.
pub(super) async fn run(
    path: Option<&Path>,
    screen: &ScreenArgs,
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    if let Err(exit) = terminal(around, "`haltline status --watch` tells the same") {
        return Ok(exit);
    }
    let prefers = match preferences::preferences(around) {
        Ok(prefers) => prefers,
        Err(exit) => return Ok(exit),
    };
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let House {
        mut watcher,
        client,
        role,
    } = house::open(&config, &clock, &Scope::Whole, Box::new(|_record| {}))?;
    log_to_file(&config);
    match role {
        Role::Acting { term, lock } => {
            watcher.start(term);
            let options = options(
                screen,
                around,
                prefers,
                &clock,
                "",
                "nothing is watching now",
            );
            let shown = in_front(watcher, client, options).await;
            drop(lock);
            shown
        }
        Role::Following { holder } => {
            let stays = format!("the watcher goes on ({})", house::holder_words(&holder));
            let options = options(screen, around, prefers, &clock, "", &stays);
            let dir = config.watcher.state.clone();
            let (stop, stopped) = oneshot::channel::<()>();
            let follower = tokio::spawn(async move {
                let alive = || WatcherLock::is_locked(&dir).unwrap_or(true);
                watcher
                    .follow(async { drop(stopped.await) }, alive, false)
                    .await
            });
            let shown = show(client, options).await;
            drop(stop);
            // What the follower came to matters to nobody any more.
            drop(follower.await);
            shown
        }
    }
}

/// Whether a screen can be drawn here, asked before anything is started; `instead` is for where it cannot.
pub(super) fn terminal(around: &Surroundings, instead: &str) -> Result<(), Exit> {
    tui::check(|name| around.var(name).map(str::to_owned)).map_err(|why| {
        say::err(&format!(
            "haltline: no screen can be drawn here: {why}. {instead} in lines of text"
        ));
        Exit::Usage
    })
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
    let banner = if args.speed > 0.0 {
        format!("simulated, {}×", args.speed)
    } else {
        "simulated, clock held".to_owned()
    };
    let options = options(
        screen,
        around,
        prefers,
        clock,
        &banner,
        "the demo ends, and with it its world",
    );
    Ok(match in_front(watcher, client, options).await? {
        ended @ Exit::Ended(_) => ended,
        _ => Exit::Fine,
    })
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
    Ok(match left.code {
        Some(code) => Exit::Ended(code),
        None => exit::of_snapshot(&last.snapshot()),
    })
}

fn options(
    screen: &ScreenArgs,
    around: &Surroundings,
    prefers: tui::Preferences,
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
    let wishes = tui::Wishes {
        flag: screen.theme,
        preferred: prefers.theme.and_then(|name| name.parse().ok()),
        ascii: screen.ascii.then_some(true).or(prefers.ascii),
        ..tui::Wishes::default()
    };
    tui::Options {
        identity: tui::Identity { user, host },
        theme: tui::Theme::of(wishes, env),
        manners: tui::Manners::from_env(env),
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
