//! The acting watcher serves: its socket to everybody on the machine, metrics and health over TCP where the config says so.
//!
//! Neither is what it is there for: where a socket cannot be had, it watches on, says so, and tries again.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::exit::Exit;
use super::meters::Meters;
use super::{identity, say};
use crate::api::Client;
use crate::api::server::{self, Settings};
use crate::config::Config;
use crate::domain::PlainText;
use crate::policy::Access;
use crate::ports::{Clock as _, WallClock};

/// Until a socket that could not be had is tried again.
const PAUSE: TimeDelta = TimeDelta::seconds(10);

/// What is served, until it is ended.
pub(super) struct Served {
    access: watch::Sender<Arc<Access>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Served {
    /// Goes by another `[access]` from now on.
    pub(super) fn reload(&self, config: &Config) {
        self.access.send_replace(Arc::new(config.access.clone()));
    }

    /// Cuts every connection, and takes the socket away.
    pub(super) async fn end(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!("serving ended badly: {error}");
            }
        }
    }
}

/// Begins to serve. Only for who holds the lock: nobody else acts on what is asked.
pub(super) fn start(config: &Config, client: &Client, meters: &Meters) -> Served {
    let (access, current) = watch::channel(Arc::new(config.access.clone()));
    let (stop, stopped) = watch::channel(false);
    let host = identity::host();
    let settings = Settings {
        client: client.clone(),
        access: current,
        watcher: watcher_words(&host),
        host,
        metrics: meters.metrics(),
    };
    let socket = config.watcher.socket.clone();
    let mut tasks = vec![tokio::spawn(over_socket(
        socket,
        settings.clone(),
        stopped.clone(),
    ))];
    if let Some(at) = config.watcher.listen {
        tasks.push(tokio::spawn(over_tcp(at, settings, stopped)));
    }
    Served {
        access,
        stop,
        tasks,
    }
}

fn watcher_words(host: &PlainText) -> PlainText {
    let (pid, now) = (std::process::id(), WallClock.now());
    format!(
        "pid {pid} on {host}, since {}",
        now.format("%Y-%m-%d %H:%M UTC")
    )
    .into()
}

async fn over_socket(path: PathBuf, settings: Settings, stopped: watch::Receiver<bool>) {
    let bound = trying(|| server::bind(&path), stopped.clone());
    if let Some(bound) = bound.await {
        tracing::info!("serving at {}", bound.path().display());
        server::serve(&bound.listener, settings, asked(stopped)).await;
    }
}

async fn over_tcp(at: std::net::SocketAddr, settings: Settings, stopped: watch::Receiver<bool>) {
    if let Some(listener) = trying(|| server::listen(at), stopped.clone()).await {
        tracing::info!("metrics and health at http://{at}/metrics");
        server::serve_tcp(&listener, settings, asked(stopped)).await;
    }
}

/// Tries until it can be had; `None` where nobody waits for it any more.
async fn trying<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    mut once: impl FnMut() -> F,
    stopped: watch::Receiver<bool>,
) -> Option<T> {
    let mut said = String::new();
    loop {
        match once().await {
            Ok(had) => return Some(had),
            Err(error) => {
                let why = error.to_string();
                if why != said {
                    tracing::error!("{why}; watching goes on, and it is tried again every 10 s");
                    said = why;
                }
            }
        }
        tokio::select! {
            () = asked(stopped.clone()) => return None,
            () = WallClock.sleep_until(WallClock.now() + PAUSE) => {}
        }
    }
}

async fn asked(mut stopped: watch::Receiver<bool>) {
    // Whoever could have asked is gone: that is asking too.
    drop(stopped.wait_for(|stopped| *stopped).await);
}

/// `haltline openapi`
pub(super) fn openapi() -> Exit {
    say::json(&server::openapi::document());
    Exit::Fine
}
