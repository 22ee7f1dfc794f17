//! To the shell and back: the whole job is stopped as by the terminal itself, and taken up again where it was.

use std::io;
use std::time::Duration;

use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix;
use tokio::time::timeout;

/// How long to wait for the stop itself. A job that nobody could continue is not stopped by the system: then it goes on.
const STOPPING: Duration = Duration::from_millis(300);

/// Hears when this process is continued.
pub(crate) struct Suspension(unix::Signal);

impl Suspension {
    pub(crate) fn listen() -> io::Result<Self> {
        let number = Signal::CONT.as_raw();
        unix::signal(unix::SignalKind::from_raw(number)).map(Self)
    }

    /// Somebody continued this process, whoever stopped it.
    pub(crate) async fn continued(&mut self) {
        self.0.recv().await;
    }

    /// Stops the whole job (a pipe, a shell around this process) with the signal that Ctrl-Z stands for, and returns when it
    /// goes on.
    pub(crate) async fn stop(&mut self) -> io::Result<()> {
        kill_current_process_group(Signal::TSTP)?;
        // Over early where it was continued, late where it was not stopped: it goes on either way.
        timeout(STOPPING, self.continued()).await.ok();
        Ok(())
    }
}
