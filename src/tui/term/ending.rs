//! What ends the screen from outside: a signal, or a terminal that is gone.
//!
//! The loop is asked first, so that it gives the terminal back and whoever watches behind it ends cleanly. Where it cannot
//! (a write to a terminal that takes nothing any more) the process ends all the same, a moment later: nothing that matters is
//! lost with it, for the journal is written before every act.

use std::io;
use std::thread;
use std::time::Duration;

use crossterm::terminal::disable_raw_mode;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::dup2_stdin;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// How long the end may take where nobody looks any more.
const UNSEEN: Duration = Duration::from_millis(700);
/// The same where a person or a service manager asked for it: a write to the store may be under way.
const ASKED: Duration = Duration::from_secs(15);

/// Why it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A signal with this number.
    Signal(i32),
    /// Nobody is at the other end of the terminal.
    HungUp,
}

impl Ending {
    /// As shells count: 128 and the signal's number.
    pub(crate) fn code(self) -> u8 {
        let number = match self {
            Self::Signal(number) => number,
            Self::HungUp => SignalKind::hangup().as_raw_value(),
        };
        u8::try_from(number.saturating_add(128)).unwrap_or(u8::MAX)
    }
}

/// Where endings are told.
pub(crate) struct Endings(mpsc::Receiver<Ending>);

impl Endings {
    /// Listens from now on, for as long as the process lives.
    pub(crate) fn listen() -> io::Result<Self> {
        let (tell, told) = mpsc::channel(4);
        for kind in [
            SignalKind::terminate(),
            SignalKind::interrupt(),
            SignalKind::quit(),
            SignalKind::hangup(),
        ] {
            tokio::spawn(on_signal(signal(kind)?, kind.as_raw_value(), tell.clone()));
        }
        thread::Builder::new()
            .name("terminal".into())
            .spawn(move || {
                if hung_up() {
                    // crossterm reads the end of a terminal that is gone again and again: here it waits.
                    let silence = io::pipe();
                    if let Ok((reader, _writer)) = &silence {
                        dup2_stdin(reader).ok();
                    }
                    end(&tell, Ending::HungUp, UNSEEN);
                }
            })?;
        Ok(Self(told))
    }

    pub(crate) async fn next(&mut self) -> Ending {
        match self.0.recv().await {
            Some(ending) => ending,
            // Whoever listens lives as long as the process does.
            None => std::future::pending().await,
        }
    }
}

async fn on_signal(mut signal: Signal, number: i32, tell: mpsc::Sender<Ending>) {
    if signal.recv().await.is_none() {
        return;
    }
    let hang_up = number == SignalKind::hangup().as_raw_value();
    let limit = if hang_up { UNSEEN } else { ASKED };
    // On a thread of its own: a runtime that is shut down must not take the limit with it.
    let ending = Ending::Signal(number);
    let limited = thread::Builder::new().spawn(move || end(&tell, ending, limit));
    if limited.is_err() || signal.recv().await.is_some() {
        force(ending);
    }
}

/// Asks the loop, and waits no longer than `limit` for the process to be gone.
fn end(tell: &mpsc::Sender<Ending>, ending: Ending, limit: Duration) {
    // A loop that is asked already, or is over, needs no asking.
    tell.try_send(ending).ok();
    // No event is waited for, so that only the time ends this.
    poll(&mut [], Some(&timespec(limit))).ok();
    force(ending);
}

fn timespec(limit: Duration) -> rustix::event::Timespec {
    rustix::event::Timespec {
        tv_sec: limit.as_secs().cast_signed(),
        tv_nsec: i64::from(limit.subsec_nanos()),
    }
}

/// Without the loop: it may hold what would be needed for more.
fn force(ending: Ending) -> ! {
    drop(disable_raw_mode());
    std::process::exit(i32::from(ending.code()))
}

/// Waits until nobody is at the other end of the terminal, which wakes this even where the hang-up signal is ignored. False
/// where that cannot be told.
fn hung_up() -> bool {
    let stdin = rustix::stdio::stdin();
    loop {
        let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut terminal, None) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => {
                return terminal
                    .iter()
                    .any(|it| it.revents().intersects(PollFlags::HUP));
            }
        }
    }
}
