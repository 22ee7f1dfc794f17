//! A process in a pseudo-terminal, read back by an emulator.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use haltline::ports::{Clock as _, WallClock};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// Long enough for a loaded machine; nothing waits for it that does not fail.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_haltline");

/// The screen at the small size is there once this is.
pub(crate) const THERE: &str = "? help";

pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    output: mpsc::Receiver<Vec<u8>>,
    reader: JoinHandle<()>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) emulator: vt100::Parser,
    _home: TempDir,
}

impl Terminal {
    /// The demo, at so many seconds a second; at 0 its clock is held.
    pub(crate) fn demo(size: (u16, u16), speed: &str) -> Self {
        Self::start(size, &[BINARY, "demo", "--speed", speed], &[])
    }

    /// Any program, in an environment of its own.
    pub(crate) fn start((wide, high): (u16, u16), args: &[&str], env: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: high,
            cols: wide,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(args[0]);
        command.args(&args[1..]);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("PATH", "/usr/bin:/bin");
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        for (name, value) in env {
            command.env(name, value);
        }
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut from = pair.master.try_clone_reader().unwrap();
        let (send, output) = mpsc::sync_channel(4);
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 16_384];
            while let Ok(n @ 1..) = from.read(&mut chunk) {
                if send.send(chunk[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let cells = |n| NonZeroU16::new(n).unwrap();
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            output,
            reader,
            bytes: Vec::new(),
            emulator: vt100::Parser::new(cells(high), cells(wide), 0),
            _home: home,
        }
    }

    /// Reads until the screen is as wanted.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let end = after(PATIENCE);
        while !wanted(self.emulator.screen()) {
            let left = (end - now()).to_std().unwrap_or_default();
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(why) => panic!(
                    "never came ({why}): {what}; the screen is\n{}",
                    self.contents()
                ),
            }
        }
    }

    pub(crate) fn until_text(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Reads until nothing has come for so long.
    pub(crate) fn until_still(&mut self, span: Duration) {
        let end = after(PATIENCE);
        while let Ok(bytes) = self.output.recv_timeout(span) {
            self.take(&bytes);
            assert!(now() < end, "it never falls silent:\n{}", self.contents());
        }
    }

    /// How many bytes come in so long.
    pub(crate) fn bytes_in(&mut self, span: Duration) -> usize {
        let (before, end) = (self.bytes.len(), after(span));
        loop {
            let left = (end - now()).to_std().unwrap_or_default();
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) => return self.bytes.len() - before,
                Err(RecvTimeoutError::Disconnected) => panic!("it ended:\n{}", self.contents()),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.emulator.process(bytes);
        self.bytes.extend(bytes);
    }

    /// The bytes up to the end of the first frame. What a frame shows may be there before its end is.
    pub(crate) fn first_frame(&mut self) -> usize {
        let (end, patience) = (b"\x1b[?2026l", after(PATIENCE));
        loop {
            let at = self.bytes.windows(end.len()).position(|it| it == end);
            if let Some(at) = at {
                return at + end.len();
            }
            let left = (patience - now()).to_std().unwrap_or_default();
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("no frame has ended ({error}):\n{}", self.contents()),
            }
        }
    }

    pub(crate) fn times(&self, what: &str) -> usize {
        let what = what.as_bytes();
        let all = self.bytes.windows(what.len());
        all.filter(|it| *it == what).count()
    }

    pub(crate) fn contents(&self) -> String {
        self.emulator.screen().contents()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, (wide, high): (u16, u16)) {
        let size = PtySize {
            rows: high,
            cols: wide,
            pixel_width: 0,
            pixel_height: 0,
        };
        let cells = |n| NonZeroU16::new(n).unwrap();
        self.emulator
            .screen_mut()
            .set_size(cells(high), cells(wide));
        self.master.resize(size).unwrap();
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.process_id().unwrap()).unwrap()
    }

    /// Reads to the end, and checks that the terminal is as it was.
    pub(crate) fn ends_restored(&mut self) -> ExitStatus {
        self.until("the screen given back", is_restored);
        let status = self.child.wait().unwrap();
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.take(&bytes);
        }
        assert!(is_restored(self.emulator.screen()));
        let (begun, ended) = (self.times("\x1b[?2026h"), self.times("\x1b[?2026l"));
        assert!(ended >= begun, "every frame ends");
        assert!(self.is_cooked(), "lines are edited and keys shown again");
        let (kept, back) = (self.times("\x1b[22;2t"), self.times("\x1b[23;2t"));
        assert_eq!(kept, back, "every title that was kept came back");
        status
    }

    /// The line discipline does what a shell expects of it.
    pub(crate) fn is_cooked(&self) -> bool {
        let modes = self.master.get_termios().unwrap();
        format!("{modes:?}").contains("ICANON")
    }

    /// Goes away: nobody holds the other end of the terminal any more when this returns.
    pub(crate) fn hang_up(mut self) -> Box<dyn Child + Send + Sync> {
        drop(self.output);
        // The thread that reads lets go with the next bytes that nobody takes.
        self.keys.write_all(b"?").unwrap();
        self.reader.join().unwrap();
        drop((self.keys, self.master));
        self.child
    }
}

pub(crate) fn is_restored(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}

pub(crate) fn now() -> DateTime<Utc> {
    WallClock.now()
}

/// A moment, for what can only be asked again and again.
pub(crate) fn pause() {
    let (_held, wait) = mpsc::channel::<()>();
    wait.recv_timeout(Duration::from_millis(20)).ok();
}

pub(crate) fn after(span: Duration) -> DateTime<Utc> {
    now() + span
}

/// Processor time of a process so far, in hundredths of a second; `None` where it is gone or waits to be buried.
pub(crate) fn ticks(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat"))).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    (fields[0] != "Z")
        .then(|| fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
}
