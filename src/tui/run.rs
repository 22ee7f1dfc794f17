//! The loop: keys, pictures, time and signals in, frames and requests out. All state is in the model.

mod questions;

use std::sync::Arc;

use chrono::TimeDelta;
use crossterm::event::{Event, KeyEventKind};
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

use super::dialogs::direct::Direct;
use super::dialogs::guide::Guide;
use super::export;
use super::export::files::{self, Files};
use super::state::message::{Effect, Message, Now};
use super::state::model::{Identity, Layer, Model, View};
use super::state::preferences::Preferences;
use super::state::remember::{Memory, ViewState};
use super::style::theme::{Theme, Tone};
use super::term::manners::Manners;
use super::term::{Copied, Ending, Endings, Input, Screen, Suspension};
use super::update::update;
use super::view;
use super::words::link::ReachedBy;
use super::words::title;
use crate::api;
use crate::api::client::{Gone, News};
use crate::domain::{Health, PlainText, Timestamp};
use crate::ports::clock::{Clock, WallClock};

/// Least time between two frames: an ssh line and a person's eye take no more.
const FRAME: TimeDelta = TimeDelta::milliseconds(100);
/// Ages and countdowns are looked at so often; where they read the same, nothing is written.
const HEARTBEAT: TimeDelta = TimeDelta::seconds(1);

/// Said to the shell; a watcher in this process stands still as well.
const SUSPENDED: &str =
    "haltline is suspended, and with it whatever it watches by itself; fg comes back";

/// What the composition root decides.
pub struct Options {
    pub identity: Identity,
    pub theme: Theme,
    /// What the terminal at hand asks for.
    pub manners: Manners,
    /// What the person prefers.
    pub prefers: Preferences,
    /// The watcher's clock: for ages and countdowns. The screen never sleeps on it.
    pub clock: Arc<dyn Clock>,
    /// Shown at the top right: `simulated, 60×`; empty for the real world.
    pub banner: PlainText,
    /// What leaving the screen means: `nothing is watching now`.
    pub after_quit: PlainText,
    /// Why nothing can be done from this screen, where that is so.
    pub readonly: Option<PlainText>,
    /// Where what a person takes away goes.
    pub files: Arc<dyn Files>,
    /// How: it is called otherwise, where it cannot be.
    pub reached_by: ReachedBy,
    /// The way around a watcher that cannot be reached, where there is one.
    pub direct: Option<Arc<dyn Direct>>,
    /// Simulated seconds a second, where the screen explains itself; elsewhere it does not.
    pub guide: Option<f64>,
    pub memory: Memory,
}

/// How the screen was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The worst health shown last; `None` where no app was.
    pub health: Option<Health>,
    /// One line for the terminal that is back.
    pub farewell: String,
    /// Where not a person's key ended it, but a signal or a terminal that is gone: the exit code, 128 and the signal's number.
    pub code: Option<u8>,
}

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the terminal cannot be taken: {0}")]
    Terminal(#[source] std::io::Error),
    #[error("signals cannot be listened for: {0}")]
    Signals(#[source] std::io::Error),
}

/// Shows the screen until somebody leaves it, or the terminal goes.
///
/// # Errors
/// Where there is no terminal to draw on.
pub async fn run(mut client: api::Client, options: Options) -> Result<Exit, TuiError> {
    let wall = WallClock;
    let mut endings = Endings::listen().map_err(TuiError::Signals)?;
    let mut suspension = Suspension::listen().map_err(TuiError::Signals)?;
    let mut clipboard = options.manners.clipboard.clone();
    let mut screen =
        Screen::take(options.manners.switches(&options.prefers)).map_err(TuiError::Terminal)?;
    let mut input = Input::listen().map_err(TuiError::Terminal)?;
    let (answered, mut answers) = mpsc::channel(16);

    let mut model = first(&client, &options, &wall);
    let mut dirty = true;
    // One that is lost may come back; one that is gone cannot.
    let mut gone = false;
    let mut drawn: Option<Timestamp> = None;

    let ending = loop {
        let now = wall.now();
        let due = drawn.map_or(now, |last| last + FRAME);
        // A clock that was set back must not hold a frame back.
        if dirty && (now >= due || due > now + FRAME) {
            // A terminal that takes nothing any more is gone.
            if draw(&mut screen, &model).is_err() {
                break Some(Ending::HungUp);
            }
            (dirty, drawn) = (false, Some(now));
        }
        let pause = pause(&model, dirty, now);
        let message = tokio::select! {
            ending = endings.next() => break Some(ending),
            () = suspension.continued() => {
                if screen.retake().is_err() {
                    break Some(Ending::HungUp);
                }
                None
            }
            event = input.next() => match event {
                Some(Ok(event)) => from_terminal(&event),
                // The terminal is gone: nobody sees this screen any more.
                Some(Err(_)) | None => break Some(Ending::HungUp),
            },
            news = client.changed(), if !gone => {
                gone = news.is_err();
                Some(from_watcher(news))
            }
            Some(answer) = answers.recv() => Some(answer),
            () = wall.sleep_until(now + pause) => None,
        };
        let mut effects = update(&mut model, Message::Tick(times(&client, &options, &wall)));
        if let Some(message) = message {
            effects.extend(update(&mut model, message));
        }
        dirty = true;
        let mut leaving = false;
        for effect in effects {
            let mut done = Ok(());
            match effect {
                Effect::Ask { .. } | Effect::Look { .. } | Effect::Past(_) | Effect::History(_) => {
                    questions::put(client.clone(), answered.clone(), effect);
                }
                Effect::Stop { app, verb, reason } => {
                    if let Some(direct) = &options.direct {
                        let stopping = direct.stop(app.clone(), verb, reason);
                        questions::stop(stopping, answered.clone(), app);
                    }
                }
                effect @ (Effect::Write { .. } | Effect::Audit { .. } | Effect::Screenshot) => {
                    done = Screen::area().map(|area| {
                        let made = export::made(&model, model.theme, area, effect);
                        files::carry(&options.files, made, answered.clone());
                    });
                }
                Effect::Remember => (options.memory.keep)(&ViewState::of(&model)),
                Effect::Copy(text) => {
                    done = Screen::copy(&mut clipboard, &text).map(|copied| {
                        let (tone, text) = match copied {
                            Copied::Sent(text) => (Tone::Strong, text),
                            Copied::TooLong(text) => (Tone::Bad, text),
                        };
                        update(&mut model, Message::Told { tone, text });
                    });
                }
                Effect::Suspend => {
                    screen.lend(SUSPENDED);
                    done = suspension.stop().await.and_then(|()| screen.retake());
                }
                Effect::Bell => done = Screen::ring(),
                Effect::Repaint => screen.forget(),
                Effect::Quit => leaving = true,
            }
            if done.is_err() {
                return Ok(farewell(&model, Some(Ending::HungUp)));
            }
        }
        if leaving {
            break None;
        }
    };
    Ok(farewell(&model, ending))
}

/// What is shown first.
fn first(client: &api::Client, options: &Options, wall: &WallClock) -> Model {
    let mut model = Model::new(
        client.snapshot(),
        times(client, options, wall),
        options.identity.clone(),
    );
    model.link = client.link();
    model.me = client.me();
    model.reached_by = options.reached_by;
    model.around.open = options.direct.is_some();
    model.banner = options.banner.clone();
    model.after_quit = options.after_quit.clone();
    model.guide = options.guide.map(Guide::at);
    options.memory.left.clone().restore(&mut model);
    if model.guide.is_some() {
        // What is explained is one rollout, from its beginning.
        model.lists.start = Some(View::Rollout);
        model.view = View::Rollout;
    }
    model.keys = options.prefers.keys.clone();
    model.zone = options.prefers.zone;
    model.readonly.clone_from(&options.readonly);
    model.bell.off = !options.prefers.bell;
    model.theme = options.theme;
    model
}

/// For how long nothing changes by itself.
fn pause(model: &Model, dirty: bool, now: Timestamp) -> TimeDelta {
    match (&model.layer, model.lists.news.ends()) {
        _ if dirty => FRAME,
        (Some(Layer::Confirm(dialog)), _) if dialog.is_deaf(now) => FRAME,
        (_, Some(ends)) => HEARTBEAT.min((ends - now).max(TimeDelta::zero())),
        _ => HEARTBEAT,
    }
}

/// The watcher's time is never behind the picture that it made.
fn times(client: &api::Client, options: &Options, wall: &WallClock) -> Now {
    Now {
        watched: options.clock.now().max(client.snapshot().at),
        wall: wall.now(),
    }
}

fn from_watcher(news: Result<News, Gone>) -> Message {
    match news {
        Ok(News::Picture(snapshot)) => Message::Snapshot(snapshot),
        Ok(News::Link(link)) => Message::Link(link),
        Ok(News::Me(me)) => Message::Me(me),
        Err(Gone) => Message::WatcherGone,
    }
}

fn from_terminal(event: &Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(*key)),
        Event::Mouse(event) => Some(Message::Mouse {
            event: *event,
            area: Screen::area().ok()?,
        }),
        Event::Paste(_) => Some(Message::Paste),
        Event::Resize(_, _) => Some(Message::Resize),
        _ => None,
    }
}

fn draw(screen: &mut Screen, model: &Model) -> std::io::Result<()> {
    let mut next = Buffer::empty(Screen::area()?);
    view::draw(model, model.theme, &mut next);
    screen.show(next, &title::of(model, model.theme))
}

fn farewell(model: &Model, ending: Option<Ending>) -> Exit {
    let apps = model.apps();
    let verdicts: Vec<String> = apps
        .iter()
        .map(|app| format!("{} {}", app.id, model.headline(app).word().to_lowercase()))
        .collect();
    let at = model.snapshot.at.format("%H:%M:%SZ");
    let mut farewell = format!("haltline at {at}: {}", verdicts.join(", "));
    let after = model.after_quit();
    if !after.is_empty() {
        farewell = format!("{farewell}; {after}");
    }
    Exit {
        health: apps.iter().map(|app| app.health).max(),
        farewell,
        code: ending.map(Ending::code),
    }
}
