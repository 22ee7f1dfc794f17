//! When the operating system asks us to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at SIGINT, SIGTERM or SIGHUP; never where signals cannot be had.
pub(super) async fn stop() {
    let of = |kind| signal(kind).ok();
    let (int, term, hangup) = (
        of(SignalKind::interrupt()),
        of(SignalKind::terminate()),
        of(SignalKind::hangup()),
    );
    tokio::select! {
        () = came(int) => {}
        () = came(term) => {}
        () = came(hangup) => {}
    }
}

async fn came(signal: Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
