//! The release binary in a pseudo-terminal, with somebody who reads what it writes.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::process::BINARY;
use crate::stopwatch::now;

/// What has not come by then is not coming.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct Terminal {
    pub(crate) child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    pub(crate) output: Receiver<(Instant, Vec<u8>)>,
    emulator: vt100::Parser,
    pub(crate) bytes: usize,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// `haltline ARGS` in a terminal of so many columns and rows.
    pub(crate) fn start(args: &[&str], columns: u16, rows: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(BINARY);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        thread::spawn(move || {
            let mut chunk = vec![0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                if send.send((now(), chunk[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            child,
            output,
            emulator: vt100::Parser::new(
                NonZeroU16::new(rows).unwrap(),
                NonZeroU16::new(columns).unwrap(),
                0,
            ),
            bytes: 0,
            _master: pair.master,
        }
    }

    /// When what was read last made the screen so.
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> Instant {
        let mut at = now();
        while !wanted(&self.emulator.screen().contents()) {
            let Ok((came, bytes)) = self.output.recv_timeout(PATIENCE) else {
                panic!(
                    "never came; it shows\n{}",
                    self.emulator.screen().contents()
                );
            };
            at = came;
            self.take(&bytes);
        }
        at
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.emulator.process(bytes);
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Leaves, and waits for the end.
    pub(crate) fn leave(mut self) {
        self.press("q");
        while let Ok((_, bytes)) = self.output.recv_timeout(PATIENCE) {
            self.take(&bytes);
        }
        self.child.wait().unwrap();
    }
}
