//! Inside tmux, where most people on call have it.

use std::path::PathBuf;
use std::process::{Command, Output};

use super::terminal::{BINARY, PATIENCE, THERE, Terminal, after, now, pause};

/// A server of its own, ended with the test.
struct Tmux(PathBuf);

impl Tmux {
    fn run(&self, args: &[&str]) -> Output {
        Command::new("tmux")
            .env_remove("TMUX")
            .env("LC_ALL", "C.UTF-8")
            .arg("-S")
            .arg(&self.0)
            .args(["-f", "/dev/null"])
            .args(args)
            .output()
            .unwrap()
    }

    fn pane(&self) -> String {
        String::from_utf8(self.run(&["capture-pane", "-p"]).stdout).unwrap()
    }

    fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = after(PATIENCE);
        loop {
            let pane = self.pane();
            if wanted(&pane) {
                return pane;
            }
            assert!(now() < end, "never came: {what}\n{pane}");
            pause();
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn keys_sizes_and_attaching_again() {
    if Command::new("tmux").arg("-V").output().is_err() {
        println!("skipped: there is no tmux");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let tmux = Tmux(dir.path().join("socket"));
    let home = dir.path().display();
    let command = format!("HOME={home} {BINARY} demo --speed 0");
    let size = ["new-session", "-d", "-x", "80", "-y", "24"];
    let started = tmux.run(&[&size[..], &[&command]].concat());
    assert!(started.status.success(), "{started:?}");
    tmux.until("the screen", |pane| pane.contains(THERE));

    tmux.run(&["send-keys", "?"]);
    tmux.until("the help", |pane| pane.contains("halt: stop and latch"));
    tmux.run(&["send-keys", "Escape"]);
    tmux.until("no help", |pane| !pane.contains("halt: stop and latch"));

    tmux.run(&["resize-window", "-x", "120", "-y", "35"]);
    tmux.until("a larger screen", |pane| {
        pane.lines()
            .any(|line| line.chars().count() > 100 && line.contains('┐'))
    });

    for _ in 0..2 {
        let socket = tmux.0.display().to_string();
        let attach = ["tmux", "-S", socket.as_str(), "attach"];
        let mut client = Terminal::start((120, 36), &attach, &[]);
        client.until_text(THERE);
        client.until("whole", |screen| {
            screen.contents().matches('┐').count() >= 3
        });
        tmux.run(&["detach-client"]);
        client.child.wait().unwrap();
    }

    tmux.run(&["send-keys", "q"]);
    let end = after(PATIENCE);
    while tmux.run(&["has-session"]).status.success() {
        assert!(now() < end, "q does not end it");
        pause();
    }
}
