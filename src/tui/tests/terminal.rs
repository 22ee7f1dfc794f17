//! The loop on a real terminal: this test binary, run again inside a pseudo-terminal, and read back by an emulator.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::super::{Manners, Memory, Options, Preferences, ReachedBy, Theme, Wishes, fixture, run};
use crate::api::client::Question;
use crate::api::{ActReply, Client};
use crate::ports::clock::SimClock;

/// What the process in the terminal shall do.
const ROLE: &str = "HALTLINE_TEST_SCREEN";
/// Long enough for a loaded machine; nothing waits for it that does not fail.
const PATIENCE: Duration = Duration::from_mins(1);

/// Not a test of its own: what the others start in a terminal.
#[tokio::test]
async fn process() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let (publish, mut inbox, client) = Client::pair(fixture::announced());
    let failing = role == "failing";
    let watcher = tokio::spawn(async move {
        while let Some(Question::Act(request, answer)) = inbox.recv().await {
            assert_eq!(request.expect, Some(19));
            if failing {
                let elsewhere = || std::thread::spawn(|| panic!("something else failed"));
                assert!(elsewhere().join().is_err());
            }
            answer.send(ActReply::Taken { revision: 20 }).unwrap();
            publish.send(Arc::new(fixture::halted())).unwrap();
        }
        drop(publish);
    });
    if role == "panic" {
        let _screen =
            super::super::term::Screen::take(super::super::term::Switches::default()).unwrap();
        panic!("on purpose");
    }
    let mut manners = Manners::from_env(|name| std::env::var(name).ok());
    manners.log = Some("/var/log/haltline.log".into());
    let options = Options {
        reached_by: ReachedBy::default(),
        identity: fixture::identity(),
        theme: Theme::of(Wishes::default(), |name| std::env::var(name).ok()),
        manners,
        prefers: Preferences::default(),
        clock: Arc::new(SimClock::starting_at(fixture::now())),
        banner: "simulated".into(),
        after_quit: "nothing is watching now".into(),
        readonly: None,
        files: Arc::new(crate::tui::export::files::Nowhere),
        direct: None,
        guide: None,
        memory: Memory::none(),
    };
    let exit = run(client, options).await.unwrap();
    watcher.abort();
    std::io::stdout()
        .write_all(format!("\r\n{}\r\n", exit.farewell).as_bytes())
        .unwrap();
}

/// A process in a terminal of 80x24.
struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    output: mpsc::Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    emulator: vt100::Parser,
}

impl Terminal {
    fn start(role: &str, env: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["tui::tests::terminal::process", "--exact", "--nocapture"]);
        command.env(ROLE, role);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                if send.send(chunk[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            child,
            output,
            bytes: Vec::new(),
            emulator: vt100::Parser::new(
                NonZeroU16::new(24).unwrap(),
                NonZeroU16::new(80).unwrap(),
                0,
            ),
        }
    }

    /// Reads until the screen is as wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        while !wanted(self.emulator.screen()) {
            let Ok(bytes) = self.output.recv_timeout(PATIENCE) else {
                panic!("never came: {what}; the screen is\n{}", self.contents());
            };
            self.emulator.process(&bytes);
            self.bytes.extend(bytes);
        }
    }

    fn until_text(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Nothing changes, so nothing is written, not even at the heartbeat.
    fn still(&mut self) {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(1_500)) {
            self.bytes.extend(bytes);
            assert_eq!(self.times("\u{1b}[?2026h"), 1, "one frame was enough");
        }
    }

    fn times(&self, what: &str) -> usize {
        let what = what.as_bytes();
        self.bytes
            .windows(what.len())
            .filter(|it| *it == what)
            .count()
    }

    fn contents(&self) -> String {
        self.emulator.screen().contents()
    }

    fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Reads what is left, and checks that the terminal is as it was.
    fn ends_restored(&mut self) {
        self.until("the screen given back", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        self.child.wait().unwrap();
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.emulator.process(&bytes);
            self.bytes.extend(bytes);
        }
        assert!(self.times("\u{1b}[?2026h") > 0);
        let (begun, ended) = (self.times("\u{1b}[?2026h"), self.times("\u{1b}[?2026l"));
        assert!(ended >= begun, "every frame ends");
        assert!(!self.emulator.screen().alternate_screen());
    }
}

#[test]
fn a_halt_from_the_keys_to_the_farewell() {
    let mut terminal = Terminal::start("run", &[]);
    terminal.until_text("? help");
    assert!(
        terminal.contents().contains("✗ BREACHED"),
        "{}",
        terminal.contents()
    );
    assert!(
        terminal.bytes.len() < 8_000,
        "{} bytes for the first frame",
        terminal.bytes.len()
    );
    terminal.still();
    terminal.press("H");
    terminal.until_text("Press y to halt");
    terminal.until("hearing again", |screen| {
        !screen.contents().contains("keys wait")
    });
    terminal.press("\r ");
    terminal.until_text("keys wait");
    terminal.until("hearing again", |screen| {
        !screen.contents().contains("keys wait")
    });
    terminal.press("\u{1b}[200~y\u{1b}[201~");
    terminal.until_text("a paste does not confirm");
    assert!(terminal.contents().contains("Press y to halt"));
    terminal.press("y");
    terminal.until_text("‖ HALTED");
    terminal.press("q");
    terminal.ends_restored();
    let left = terminal.contents();
    assert!(
        left.contains("shop-android halted") && left.contains("nothing is watching now"),
        "{left}"
    );
}

#[test]
fn a_signal_and_a_panic_give_the_terminal_back() {
    let mut terminal = Terminal::start("run", &[]);
    terminal.until_text("? help");
    let pid = i32::try_from(terminal.child.process_id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    terminal.ends_restored();

    let mut terminal = Terminal::start("panic", &[]);
    terminal.until_text("on purpose");
    assert!(
        !terminal.emulator.screen().alternate_screen(),
        "the message is on the old screen"
    );
    assert!(!terminal.emulator.screen().hide_cursor());
}

/// Its words would tear the picture, and the loop lives on.
#[test]
fn a_panic_elsewhere_is_told_once_the_terminal_is_back() {
    let mut terminal = Terminal::start("failing", &[]);
    terminal.until_text("? help");
    terminal.press("H");
    terminal.until_text("Press y to halt");
    terminal.until("hearing again", |screen| {
        !screen.contents().contains("keys wait")
    });
    terminal.press("y");
    terminal.until_text("‖ HALTED");
    assert!(!terminal.contents().contains("something else failed"));
    terminal.press("q");
    terminal.ends_restored();
    let left = terminal.contents();
    assert!(left.contains("something else failed"), "{left}");
    assert!(
        left.contains("what led to it: /var/log/haltline.log"),
        "{left}"
    );
}

#[test]
fn a_terminal_that_is_gone_ends_the_screen() {
    let mut terminal = Terminal::start("run", &[]);
    terminal.until_text("? help");
    // The thread that reads holds the terminal as well: it lets go with the next bytes that nobody takes.
    let Terminal {
        master,
        keys,
        mut child,
        output,
        ..
    } = terminal;
    drop(output);
    let mut keys = keys.unwrap();
    keys.write_all(b"?").unwrap();
    drop((keys, master));
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait().is_ok()));
    assert!(ended.recv_timeout(PATIENCE).unwrap(), "an orphan is left");
}

#[test]
fn without_colour_what_is_selected_still_stands_out() {
    let mut terminal = Terminal::start("run", &[("NO_COLOR", "1")]);
    terminal.until_text("? help");
    let verdict = terminal.emulator.screen().cell(0, 2).unwrap();
    assert!(verdict.inverse() && verdict.bold());
    assert_eq!(verdict.fgcolor(), vt100::Color::Default);
    terminal.press("\u{3}");
    terminal.until_text("Leave while this is under way?");
    terminal.press("y");
    terminal.ends_restored();
}
