//! The screen before its journal is verified: there at once, with the picture kept from last time, and locked.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use haltline::journal::WatcherLock;
use haltline::ports::{Clock as _, WallClock};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{FlockOperation, flock};

use crate::bench::{Bench, HEALTHY};

const PATIENCE: Duration = Duration::from_mins(1);

/// `haltline` in a terminal of 80x24.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    emulator: vt100::Parser,
    /// Every text that was ever on it.
    seen: Vec<String>,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    fn open(bench: &Bench) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_haltline"));
        command.cwd(bench.dir.path().join("config"));
        command.env("HOME", bench.dir.path());
        for (name, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")] {
            command.env(name, bench.dir.path().join(format!("xdg-{folder}")));
        }
        command.env("USER", "ada");
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                if send.send(chunk[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let cells = |n| NonZeroU16::new(n).unwrap();
        Self {
            keys: pair.master.take_writer().unwrap(),
            child,
            output,
            emulator: vt100::Parser::new(cells(24), cells(80), 0),
            seen: Vec::new(),
            _master: pair.master,
        }
    }

    fn contents(&self) -> String {
        self.emulator.screen().contents()
    }

    #[track_caller]
    fn until(&mut self, text: &str) {
        while !self.contents().contains(text) {
            let Ok(bytes) = self.output.recv_timeout(PATIENCE) else {
                panic!("{text:?} never came:\n{}", self.contents());
            };
            // Cut where a frame ends, so that no text is seen that was on its way.
            for part in bytes.split_inclusive(|byte| *byte == b'l') {
                self.emulator.process(part);
                if part.ends_with(b"\x1b[?2026l") {
                    self.seen.push(self.contents());
                }
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// The exit code, and what is on the terminal that is back.
    fn ended(mut self) -> (u32, String) {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.emulator.process(&bytes);
        }
        let code = self.child.wait().unwrap().exit_code();
        assert!(!self.emulator.screen().alternate_screen());
        assert!(!self.emulator.screen().hide_cursor());
        (code, self.contents())
    }
}

/// Nobody opens the journal for writing while this is held.
fn hold_the_journal(bench: &Bench) -> File {
    let dir = File::open(bench.state()).unwrap();
    flock(&dir, FlockOperation::LockExclusive).unwrap();
    dir
}

async fn watched_once() -> Bench {
    let bench = Bench::new(HEALTHY).await;
    bench.run(&["watch", "--once"]).await.ends_with(0);
    let kept = fs::metadata(bench.state().join("snapshot.json")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kept_picture_is_there_before_the_journal_is_and_lets_nobody_act() {
    let bench = watched_once().await;
    let held = hold_the_journal(&bench);
    let mut screen = Screen::open(&bench);
    screen.until("OPENING: picture of");
    let first = screen.contents();
    assert!(
        first.contains("? UNKNOWN") && first.contains("Shop"),
        "{first}"
    );
    screen.press("H");
    screen.until("not verified yet: wait a moment");
    // Whatever is pressed: nothing waits until the journal is there.
    screen.press("yPyRaxn");
    screen.press("]");
    drop(held);
    screen.until("HEALTHY");
    assert!(
        !screen.contents().contains("OPENING"),
        "{}",
        screen.contents()
    );
    let old = screen.seen.iter().filter(|text| text.contains("OPENING"));
    for text in old {
        assert!(!text.contains("HEALTHY"), "{text}");
    }
    screen.press("q");
    let (code, left) = screen.ended();
    assert_eq!(code, 0, "{left}");
    assert!(left.contains("nothing is watching now"), "{left}");
    assert!(bench.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_before_the_journal_is_verified_does_not_wait_for_it() {
    let bench = watched_once().await;
    let held = hold_the_journal(&bench);
    let mut screen = Screen::open(&bench);
    screen.until("OPENING: picture of");
    screen.press("q");
    let (code, _left) = screen.ended();
    assert_eq!(code, 15, "what was never verified is unknown");
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_journal_never_leaves_a_screen_that_looks_alive() {
    let bench = watched_once().await;
    fs::remove_file(bench.state().join("journal.anchor")).unwrap();
    // Where it would act itself, it watches without a journal, and says so.
    let mut screen = Screen::open(&bench);
    screen.until("WATCHING ONLY");
    for text in &screen.seen {
        let honest = ["WATCHING ONLY", "OPENING"]
            .iter()
            .any(|it| text.contains(it));
        assert!(honest || !text.contains("HEALTHY"), "{text}");
    }
    screen.press("q");
    screen.ended();
    let after = fs::read(bench.state().join("snapshot.json")).unwrap();
    assert!(!String::from_utf8(after).unwrap().contains("watching-only"));

    // Where somebody else acts, there is nothing to show.
    let _lock = WatcherLock::try_lock(&bench.state(), WallClock.now())
        .unwrap()
        .unwrap();
    let (code, left) = Screen::open(&bench).ended();
    assert_eq!(code, 1, "{left}");
    assert!(left.contains("anchor"), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_no_picture_and_an_app_that_is_not_in_the_config_is_not_shown() {
    let bench = watched_once().await;
    let kept = bench.state().join("snapshot.json");
    let good = fs::read_to_string(&kept).unwrap();
    for (text, shown) in [
        ("{".to_owned(), "no picture was kept"),
        (
            good.replace("snapshot/v1", "snapshot/v9"),
            "no picture was kept",
        ),
        (
            good.replace("\"id\":\"shop-", "\"id\":\"store-"),
            "no picture was kept",
        ),
        (
            good.replace("\"id\":\"shop-ios", "\"id\":\"other"),
            "OPENING: picture of",
        ),
    ] {
        fs::write(&kept, text).unwrap();
        let held = hold_the_journal(&bench);
        let mut screen = Screen::open(&bench);
        screen.until(shown);
        assert!(
            !screen.contents().contains("other"),
            "{}",
            screen.contents()
        );
        screen.press("q");
        screen.ended();
        drop(held);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_tells_that_the_watcher_is_gone() {
    let bench = watched_once().await;
    let lock = WatcherLock::try_lock(&bench.state(), WallClock.now())
        .unwrap()
        .unwrap();
    let mut screen = Screen::open(&bench);
    screen.until("HEALTHY");
    drop(lock);
    screen.until("NOBODY WATCHES since");
    assert!(
        !screen.contents().contains("HEALTHY"),
        "{}",
        screen.contents()
    );
    screen.press("q");
    screen.ended();
}
