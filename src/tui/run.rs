//! The loop: keys, pictures, time and signals in, frames and requests out. All state is in the model.

use std::sync::Arc;

use chrono::TimeDelta;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt;
use ratatui::buffer::Buffer;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::message::{Effect, Message, Now};
use super::model::{Identity, Layer, Model};
use super::preferences::Preferences;
use super::term::Screen;
use super::theme::Theme;
use super::update::update;
use super::view;
use crate::api;
use crate::api::client::{Link, News};
use crate::domain::{Health, PlainText, Timestamp};
use crate::ports::clock::{Clock, WallClock};

/// Least time between two frames: an ssh line and a person's eye take no more.
const FRAME: TimeDelta = TimeDelta::milliseconds(100);
/// Ages and countdowns are looked at so often; where they read the same, nothing is written.
const HEARTBEAT: TimeDelta = TimeDelta::seconds(1);

/// What the composition root decides.
pub struct Options {
    pub identity: Identity,
    pub theme: Theme,
    /// What the person prefers.
    pub prefers: Preferences,
    /// The watcher's clock: for ages and countdowns. The screen never sleeps on it.
    pub clock: Arc<dyn Clock>,
    /// Shown at the top right: `simulated, 60×`; empty for the real world.
    pub banner: PlainText,
    /// What leaving the screen means: `nothing is watching now`.
    pub after_quit: PlainText,
}

/// How the screen was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The worst health shown last; `None` where no app was.
    pub health: Option<Health>,
    /// One line for the terminal that is back.
    pub farewell: String,
}

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error(
        "this is not a terminal that a screen can be drawn on: {0}. Use `haltline status --watch` instead"
    )]
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
    let mut terminate = signal(SignalKind::terminate()).map_err(TuiError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(TuiError::Signals)?;
    let mut screen = Screen::take().map_err(TuiError::Terminal)?;
    let mut input = EventStream::new();
    let (answered, mut answers) = mpsc::channel(16);

    let mut model = Model::new(
        client.snapshot(),
        times(&client, &options, &wall),
        options.identity.clone(),
    );
    model.link = client.link();
    model.banner = options.banner.clone();
    model.after_quit = options.after_quit.clone();
    model.keys = options.prefers.keys.clone();
    model.zone = options.prefers.zone;
    let mut dirty = true;
    let mut drawn: Option<Timestamp> = None;

    loop {
        let now = wall.now();
        let due = drawn.map_or(now, |last| last + FRAME);
        // A clock that was set back must not hold a frame back.
        if dirty && (now >= due || due > now + FRAME) {
            draw(&mut screen, &model, options.theme).map_err(TuiError::Terminal)?;
            (dirty, drawn) = (false, Some(now));
        }
        let pause = match &model.layer {
            _ if dirty => FRAME,
            Some(Layer::Confirm(dialog)) if dialog.is_deaf(now) => FRAME,
            _ => HEARTBEAT,
        };
        let message = tokio::select! {
            _ = terminate.recv() => break,
            _ = hang_up.recv() => break,
            event = input.next() => match event {
                Some(Ok(event)) => from_terminal(&event),
                // The terminal is gone: nobody sees this screen any more.
                Some(Err(_)) | None => break,
            },
            news = client.changed(), if !matches!(model.link, Link::Lost { .. }) => Some(match news {
                Ok(News::Picture(snapshot)) => Message::Snapshot(snapshot),
                Ok(News::Link(link)) => Message::Link(link),
                Err(api::client::Gone) => Message::WatcherGone,
            }),
            Some(answer) = answers.recv() => Some(answer),
            () = wall.sleep_until(now + pause) => None,
        };
        let tick = Message::Tick(times(&client, &options, &wall));
        let mut effects = update(&mut model, tick);
        if let Some(message) = message {
            effects.extend(update(&mut model, message));
        }
        dirty = true;
        let mut leaving = false;
        for effect in effects {
            match effect {
                Effect::Ask { what, request } => {
                    let (client, answered) = (client.clone(), answered.clone());
                    tokio::spawn(async move {
                        let reply = client.act(*request).await.ok();
                        // Nobody waits for it any more where the screen is gone.
                        drop(answered.send(Message::Answered { what, reply }).await);
                    });
                }
                Effect::Look { app, source, id } => {
                    let (client, answered) = (client.clone(), answered.clone());
                    tokio::spawn(async move {
                        let details = client.issue(app, source.clone(), id.clone()).await.ok();
                        let message = Message::Details {
                            source,
                            id,
                            details,
                        };
                        drop(answered.send(message).await);
                    });
                }
                Effect::Past(when) => {
                    let (client, answered) = (client.clone(), answered.clone());
                    tokio::spawn(async move {
                        let answer = client.past(when).await;
                        let answer = answer.unwrap_or_else(|gone| Err(gone.into()));
                        drop(answered.send(Message::Past(answer)).await);
                    });
                }
                Effect::History(app) => {
                    let (client, answered) = (client.clone(), answered.clone());
                    tokio::spawn(async move {
                        if let Ok(history) = client.history(app.clone()).await {
                            drop(answered.send(Message::History { app, history }).await);
                        }
                    });
                }
                Effect::Copy(_)
                | Effect::Write { .. }
                | Effect::Screenshot
                | Effect::Remember
                | Effect::Suspend => {}
                Effect::Bell => screen.ring().map_err(TuiError::Terminal)?,
                Effect::Repaint => screen.forget(),
                Effect::Quit => leaving = true,
            }
        }
        if leaving {
            break;
        }
    }
    Ok(farewell(&model))
}

/// The watcher's time is never behind the picture that it made.
fn times(client: &api::Client, options: &Options, wall: &WallClock) -> Now {
    Now {
        watched: options.clock.now().max(client.snapshot().at),
        wall: wall.now(),
    }
}

fn from_terminal(event: &Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(*key)),
        Event::Paste(_) => Some(Message::Paste),
        Event::Resize(_, _) => Some(Message::Resize),
        _ => None,
    }
}

fn draw(screen: &mut Screen, model: &Model, theme: Theme) -> std::io::Result<()> {
    let mut next = Buffer::empty(screen.area()?);
    view::draw(model, theme, &mut next);
    screen.show(next)
}

fn farewell(model: &Model) -> Exit {
    let apps = model.apps();
    let verdicts: Vec<String> = apps
        .iter()
        .map(|app| format!("{} {}", app.id, model.headline(app).word().to_lowercase()))
        .collect();
    let at = model.snapshot.at.format("%H:%M:%SZ");
    let mut farewell = format!("haltline at {at}: {}", verdicts.join(", "));
    if !model.after_quit.is_empty() {
        farewell = format!("{farewell}; {}", model.after_quit);
    }
    Exit {
        health: apps.iter().map(|app| app.health).max(),
        farewell,
    }
}
