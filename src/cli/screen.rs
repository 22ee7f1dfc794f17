//! `haltline` without a command, and the demo's screen: a watcher in the background, the screen in front.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::args::{DemoArgs, ScreenArgs};
use super::exit::{self, Exit};
use super::exports::Exports;
use super::house::{self, Role, Scope};
use super::meters::Meters;
use super::{
    attach, attached, identity, kept_picture, load, preferences, say, serve, signals, view_state,
};
use crate::api::Client;
use crate::api::client::{Desk, Link};
use crate::config::{Config, Surroundings};
use crate::domain::{ActRequest, Actor, PlainText, Timestamp};
use crate::journal::{SqliteJournal, WatcherLock};
use crate::ports::{Clock, WallClock};
use crate::tui;
use crate::watcher::{self, Watcher};

/// While the screen has the terminal, log lines go here, beside the journal.
const LOG: &str = "haltline.log";

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
    match attach::line(path, around).await {
        Ok(Some(line)) => return attached::run(path, line, (screen, prefers), around).await,
        Ok(None) => {}
        Err(exit) => return Ok(exit),
    }
    let (config, clock) = match load::with_clock(path, around).await {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = terminal(around, "`haltline status --watch` tells the same") {
        return Ok(exit);
    }
    let claim = if readonly(screen, around).is_none() {
        Some(house::claim(&config, &clock)?)
    } else if journal_is_there(&config).await {
        None
    } else {
        return Ok(Exit::Unknown);
    };
    let after_quit = match &claim {
        Some(Ok(_lock)) => "nothing is watching now".to_owned(),
        Some(Err(holder)) => format!("the watcher goes on ({})", house::holder_words(holder)),
        None => "this screen only looked on".to_owned(),
    };
    if claim.is_some() {
        log_to_file(&config);
    }
    let (serving, now) = (config.clone(), clock.now());
    let kept = kept_picture::read(&config.watcher.state, &config.apps, now);
    let kept = kept.unwrap_or_else(|| watcher::empty_picture(now));
    let (desk, client) = Client::desk(kept, Link::Opening);
    let memory = view_state::memory(around);
    let mut options = options(
        files_of(&config, around),
        screen,
        around,
        prefers,
        memory,
        &clock,
    );
    options.after_quit = after_quit.into();
    options.manners.log = Some(config.watcher.state.join(LOG));
    let files = Arc::clone(&options.files);
    let opening = tokio::task::spawn_blocking(move || {
        let on_record = Box::new(|_record: &_| {});
        let (mut watcher, role) = match claim {
            Some(claim) => {
                let house = house::enter(&config, &clock, &Scope::Whole, on_record, claim)?;
                (house.watcher, Some((house.role, house.meters)))
            }
            None => (house::look(&config, &clock)?, None),
        };
        // The first live picture shall not be emptier than the kept one. What cannot be read, the watcher finds out as well.
        if let Err(error) = watcher.catch_up() {
            tracing::warn!("{error}");
        }
        anyhow::Ok((watcher, role))
    });
    let mut shown = std::pin::pin!(tui::run(client.clone(), options));
    let (watcher, role) = tokio::select! {
        left = &mut shown => {
            let left = left?;
            farewell(&left, files.as_ref());
            return Ok(code(&left, &client));
        }
        // Where it cannot be opened, the screen gives the terminal back, and then it is said.
        opened = opening => opened??,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_asked = async { drop(stopped.await) };
    let keeps = (client.clone(), serving);
    let background = tokio::spawn(live(watcher, role, desk, keeps, stop_asked));
    let left = shown.await;
    drop(stop);
    if let Ok(left) = &left {
        farewell(left, files.as_ref());
    }
    background.await??;
    Ok(code(&left?, &client))
}

/// Watches or follows (a screen without a role only looks on), and shows it at `desk`.
async fn live(
    mut watcher: Watcher,
    role: Option<(Role, Meters)>,
    desk: Desk,
    (client, config): (Client, Config),
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    watcher.sit_at(desk);
    match role {
        Some((Role::Acting { term, lock }, meters)) => {
            let served = serve::start(&config, &client, &meters);
            let keeper = tokio::spawn(kept_picture::keep(client, config.watcher.state));
            watcher.start(term);
            watcher.run(stop, |_watcher| false).await;
            served.end().await;
            watcher.finish().await;
            drop(watcher);
            keeper.await?;
            drop(lock);
        }
        Some((Role::Following { .. }, _)) | None => {
            let dir = &config.watcher.state;
            let alive = || WatcherLock::is_locked(dir).unwrap_or(true);
            watcher.follow(stop, alive, false).await?;
        }
    }
    Ok(())
}

/// What a script learns: nothing good of a picture that is not a live one, nothing at all of one that was never verified.
pub(super) fn code(left: &tui::Exit, client: &Client) -> Exit {
    if let Some(code) = left.code {
        return Exit::Ended(code);
    }
    match (client.link(), exit::of_snapshot(&client.snapshot())) {
        (Link::Opening, _) | (Link::Reconnecting { .. } | Link::Lost { .. }, Exit::Fine) => {
            Exit::Unknown
        }
        (_, exit) => exit,
    }
}

/// Waits for a watcher to begin a journal: a screen that only looks on makes none. False where it shall end instead.
async fn journal_is_there(config: &Config) -> bool {
    let dir = &config.watcher.state;
    if SqliteJournal::exists(dir) {
        return true;
    }
    say::err(&format!(
        "haltline: nobody watches: there is no journal in {} yet. Waiting for: haltline watch",
        dir.display()
    ));
    let mut stop = std::pin::pin!(signals::stop());
    while !SqliteJournal::exists(dir) {
        tokio::select! {
            () = &mut stop => return false,
            () = WallClock.sleep_until(house::after(1)) => {}
        }
    }
    true
}

/// Why nothing can be done from here, where that is so.
pub(super) fn readonly(screen: &ScreenArgs, around: &Surroundings) -> Option<PlainText> {
    let set = |value: &str| !matches!(value, "" | "0");
    if screen.readonly {
        Some("read-only: it was started with --readonly".into())
    } else if around.var("HALTLINE_READONLY").is_some_and(set) {
        Some("read-only: HALTLINE_READONLY is set".into())
    } else {
        None
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
    (args, screen, prefers): (&DemoArgs, &ScreenArgs, tui::Preferences),
    around: &Surroundings,
) -> anyhow::Result<Exit> {
    let (mut watcher, client, _lock) = house::open_own(config, clock, Box::new(|_record| {}))?;
    watcher.expect(asks);
    let banner = if args.speed > 0.0 {
        format!("simulated, {}×", args.speed)
    } else {
        "simulated, clock held".to_owned()
    };
    let memory = tui::Memory::none();
    let mut options = options(
        files_of(config, around),
        screen,
        around,
        prefers,
        memory,
        clock,
    );
    options.banner = banner.into();
    options.after_quit = "the demo ends, and with it its world".into();
    options.guide = Some(args.speed);
    let left = in_front(watcher, client, options).await?;
    for line in FOR_YOUR_OWN_APP {
        say::err(line);
    }
    Ok(left.code.map_or(Exit::Fine, Exit::Ended))
}

/// What comes after the demo.
const FOR_YOUR_OWN_APP: [&str; 4] = [
    "That was simulated. For your own app:",
    "  haltline init      finds apps, keys and sources that are there already, and writes haltline.toml",
    "  haltline doctor    tries every credential, changes nothing",
    "  haltline watch     watches; with mode = \"advise\" it tells and does not act",
];

/// Runs the watcher behind the screen, and ends both together.
async fn in_front(
    mut watcher: Watcher,
    client: Client,
    options: tui::Options,
) -> anyhow::Result<tui::Exit> {
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

/// Shows it until somebody leaves, and says what is said then.
pub(super) async fn show(client: Client, options: tui::Options) -> anyhow::Result<tui::Exit> {
    let files = Arc::clone(&options.files);
    let left = tui::run(client, options).await?;
    farewell(&left, files.as_ref());
    Ok(left)
}

/// What is said on the terminal that is back: the verdict, and where what was taken away is.
fn farewell(left: &tui::Exit, files: &dyn tui::Files) {
    say::err(&left.farewell);
    for path in files.written() {
        say::err(&format!("wrote {path}"));
    }
}

/// Where what is taken away from a screen of this config goes.
fn files_of(config: &Config, around: &Surroundings) -> Arc<Exports> {
    Arc::new(Exports::new(around, &config.watcher.state))
}

pub(super) fn options(
    files: Arc<Exports>,
    screen: &ScreenArgs,
    around: &Surroundings,
    prefers: tui::Preferences,
    memory: tui::Memory,
    clock: &Arc<dyn Clock>,
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
        remembered: memory.left.theme(),
        ascii: screen.ascii.then_some(true).or(prefers.ascii),
    };
    tui::Options {
        identity: tui::Identity { user, host },
        theme: tui::Theme::of(wishes, env),
        manners: tui::Manners::from_env(env),
        prefers,
        clock: Arc::clone(clock),
        banner: PlainText::default(),
        after_quit: PlainText::default(),
        readonly: readonly(screen, around),
        files,
        reached_by: tui::ReachedBy::default(),
        direct: None,
        guide: None,
        memory,
    }
}

/// While the screen has the terminal, log lines go to a file beside the journal.
fn log_to_file(config: &Config) {
    let path = config.watcher.state.join(LOG);
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path);
    match file {
        Ok(file) => super::log::to(
            tracing_subscriber::filter::LevelFilter::INFO,
            Mutex::new(file),
        ),
        Err(error) => say::err(&format!("haltline: no log: {}: {error}", path.display())),
    }
}
