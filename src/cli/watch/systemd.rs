//! What the service manager is told: ready, reloading, stopping, how things stand, and that the loop still turns. Nothing
//! where there is none.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::api::wire::WatcherState;
use crate::api::{Client, Snapshot};
use crate::domain::{Health, PlainText};
use crate::ports::clock::Stopwatch;

/// The journal is verified, it is decided who acts, and the loop runs.
pub(super) fn ready() {
    send(&[NotifyState::Ready]);
}

/// A newer config is being read; ends with [`ready`].
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(_no_clock) => send(&[NotifyState::Reloading]),
    }
}

pub(super) fn stopping() {
    let status = "stopping: a write that is under way is waited for";
    send(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

pub(super) fn status(words: &PlainText) {
    send(&[NotifyState::Status(words.as_str())]);
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}

/// Says how things stand until the watcher is gone.
pub(super) async fn tell(mut client: Client) {
    let mut said = PlainText::default();
    loop {
        let words = words(&client.snapshot());
        if words != said {
            status(&words);
            said = words;
        }
        if client.changed().await.is_err() {
            return;
        }
    }
}

/// `watching 3 apps, worst: breached`
fn words(picture: &Snapshot) -> PlainText {
    let apps = match picture.apps.len() {
        1 => "1 app".to_owned(),
        n => format!("{n} apps"),
    };
    if let WatcherState::WatchingOnly { why } = &picture.watcher {
        return format!("watching {apps}, not acting: {why}").into();
    }
    let badness = |health: &Health| match health {
        Health::Healthy => 0,
        Health::Unknown => 1,
        Health::Warning => 2,
        Health::Breached => 3,
    };
    let worst = picture.apps.iter().map(|app| app.health);
    let worst = worst.max_by_key(badness).unwrap_or(Health::Unknown);
    let disarmed = match &picture.disarmed {
        Some(_) => "automation is off: ",
        None => "",
    };
    format!("{disarmed}watching {apps}, worst: {worst}").into()
}

/// Pings at half of what the service manager waits. Beaten by each turn of the loop that decides, never by a timer: a loop
/// that hangs must be found out. By a stopwatch: the machine's clock may be set.
pub(super) struct Watchdog {
    every: Option<Duration>,
    last: Option<Stopwatch>,
}

impl Watchdog {
    pub(super) fn of_process() -> Self {
        let limit = sd_notify::watchdog_enabled();
        Self {
            every: limit.map(|limit| limit / 2),
            last: None,
        }
    }

    pub(super) fn beat(&mut self) {
        let Some(every) = self.every else { return };
        if self.last.is_none_or(|last| last.elapsed() >= every) {
            self.last = Some(Stopwatch::start());
            send(&[NotifyState::Watchdog]);
        }
    }
}
