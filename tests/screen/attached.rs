//! A screen at a watcher in another process, which is killed and started anew: it says so, and comes back by itself.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::terminal::{BINARY, PATIENCE, THERE, Terminal, after, now, pause};
use super::vendors::Vendors;

/// The watcher on these vendors; killed with the test.
struct Watcher(Child);

impl Watcher {
    /// Watches, and answers.
    fn start(config: &str, home: &Path, socket: &Path) -> Self {
        let process = Command::new(BINARY)
            .args(["--config", config, "watch"])
            .env_clear()
            .env("HOME", home)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let watcher = Self(process);
        let end = after(PATIENCE);
        while std::os::unix::net::UnixStream::connect(socket).is_err() {
            assert!(now() < end, "it never answers at {}", socket.display());
            pause();
        }
        watcher
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_screen_outlives_its_watcher_and_finds_the_next_one() {
    let vendors = Vendors::start();
    let home = tempfile::tempdir().unwrap();
    let folder = Path::new(&vendors.config).parent().unwrap();
    let socket: PathBuf = folder.join("state/haltline.sock");
    let watcher = Watcher::start(&vendors.config, home.path(), &socket);

    // It has neither config nor journal.
    let at = socket.to_str().unwrap();
    let mut terminal = Terminal::start((100, 24), &[BINARY, "--socket", at], &[]);
    terminal.until_text(THERE);
    terminal.until_text("5%");
    watcher.kill();
    terminal.until_text("RECONNECTING since");

    let watcher = Watcher::start(&vendors.config, home.path(), &socket);
    terminal.until("it is live again", |screen| {
        !screen.contents().contains("RECONNECTING")
    });
    terminal.press("q");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
    terminal.until_text("the watcher goes on (pid");
    watcher.kill();

    let mut terminal = Terminal::start((100, 24), &[BINARY, "--socket", at], &[]);
    assert_eq!(terminal.child.wait().unwrap().exit_code(), 14);
    terminal.until_text("no watcher answers at");
}
