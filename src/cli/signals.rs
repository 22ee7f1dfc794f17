//! What the operating system asks of us, by signals.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Resolves at SIGINT, SIGTERM or SIGHUP: whoever has a terminal ends with it. Never where signals cannot be had.
pub(super) async fn stop() {
    Calls::listen().next().await;
}

/// What a daemon is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// SIGINT, SIGTERM.
    Stop,
    /// SIGHUP: it has no terminal that could hang up.
    Reload,
}

/// Listens from when it is made: what comes before anybody asks is not lost, and what comes several times comes once.
pub(super) struct Calls {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Calls {
    pub(super) fn listen() -> Self {
        let of = |kind| signal(kind).ok();
        Self {
            interrupt: of(SignalKind::interrupt()),
            terminate: of(SignalKind::terminate()),
            hangup: of(SignalKind::hangup()),
        }
    }

    pub(super) async fn next(&mut self) -> Call {
        tokio::select! {
            biased;
            () = came(&mut self.interrupt) => Call::Stop,
            () = came(&mut self.terminate) => Call::Stop,
            () = came(&mut self.hangup) => Call::Reload,
        }
    }

    /// The next one that ends us, as a code to exit with: 128 and its number.
    pub(super) async fn insists(&mut self) -> u8 {
        tokio::select! {
            () = came(&mut self.interrupt) => 130,
            () = came(&mut self.terminate) => 143,
        }
    }

    /// The next one that ends us; a reload waits until it is asked for.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            () = came(&mut self.interrupt) => {}
            () = came(&mut self.terminate) => {}
        }
    }
}

async fn came(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
