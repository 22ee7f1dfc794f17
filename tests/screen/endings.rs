//! However it ends, the terminal is as it was; and it does end where nobody looks any more.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::terminal::{BINARY, PATIENCE, THERE, Terminal, now, pause, ticks};
use super::vendors::Vendors;

/// How long an end may take: a second, and what a machine under load adds to it. Commonly it is a tenth of one.
const GONE: Duration = Duration::from_secs(2);
/// Processor time that it may take, in hundredths of a second: a reader that spins uses up one a tick.
const ENDING: u64 = 20;

#[test]
fn a_key_and_every_signal_give_the_terminal_back() {
    let mut terminal = Terminal::demo((80, 24), "0");
    terminal.until_text(THERE);
    assert_eq!(terminal.times("\x1b[22;2t"), 1);
    assert!(terminal.times("\x1b]2;") == 1 && !terminal.is_cooked());
    terminal.press("q");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
    assert!(
        terminal.contents().contains("haltline at"),
        "{}",
        terminal.contents()
    );

    for (signal, code) in [
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
    ] {
        let mut terminal = Terminal::demo((80, 24), "0");
        terminal.until_text(THERE);
        kill_process(Pid::from_raw(terminal.pid()).unwrap(), signal).unwrap();
        assert_eq!(terminal.ends_restored().exit_code(), code, "{signal:?}");
    }
}

/// By default, with the signal ignored as `nohup` does, and where none is sent since the terminal is not this session's.
#[test]
fn a_terminal_that_is_gone_ends_the_process() {
    let demo = format!("{BINARY} demo --speed 0");
    let ignoring = format!("trap '' HUP; exec {demo}");
    let elsewhere = format!("exec setsid --wait {demo}");
    for (how, command) in [
        ("default", demo.as_str()),
        ("ignored", ignoring.as_str()),
        ("not sent", elsewhere.as_str()),
    ] {
        if how == "not sent" && !std::path::Path::new("/usr/bin/setsid").exists() {
            println!("{how}: skipped, there is no setsid");
            continue;
        }
        let mut terminal = Terminal::start((80, 24), &["/bin/sh", "-c", command], &[]);
        terminal.until_text(THERE);
        let pid = itself(terminal.pid());
        let mut child = terminal.hang_up();
        let (closed, before) = (now(), ticks(pid).unwrap_or_default());
        let mut used = 0;
        while let Some(so_far) = ticks(pid) {
            used = so_far.saturating_sub(before);
            assert!(now() < closed + PATIENCE, "{how}: an orphan is left");
            pause();
        }
        let took = now() - closed;
        child.wait().unwrap();
        println!(
            "{how}: gone after {} ms, {used} ticks of processor time",
            took.num_milliseconds()
        );
        assert!(now() < closed + GONE, "{how}: gone only after {took}");
        assert!(used < ENDING, "{how}: spun for {used} ticks");
    }
}

/// The screen itself: `setsid` waits beside it.
fn itself(pid: i32) -> i32 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let first = children
        .ok()
        .and_then(|it| it.split(' ').next()?.parse().ok());
    first.unwrap_or(pid)
}

/// A terminal that takes nothing: a write to it blocks, and nothing that is asked of the loop is heard.
#[test]
fn a_terminal_that_stands_still_keeps_nobody_from_ending_it() {
    let mut terminal = Terminal::demo((160, 45), "0");
    terminal.until_text(THERE);
    // Nobody reads from here on. Enough frames to fill the line:
    for _ in 0..60 {
        terminal.press("\u{c}");
        (0..6).for_each(|_| pause());
    }
    let asked = now();
    kill_process(Pid::from_raw(terminal.pid()).unwrap(), Signal::HUP).unwrap();
    while terminal.child.try_wait().unwrap().is_none() {
        assert!(now() < asked + PATIENCE, "it hangs");
        pause();
    }
    println!(
        "ended {} ms after it was asked to",
        (now() - asked).num_milliseconds()
    );
    assert!(now() < asked + GONE);
}

#[test]
fn where_no_screen_can_be_drawn_it_says_what_to_use() {
    let vendors = Vendors::start();
    let haltline = [BINARY, "--config", &vendors.config];
    let mut terminal = Terminal::start((80, 24), &haltline, &[("TERM", "dumb")]);
    let status = terminal.child.wait().unwrap();
    terminal.until_text("haltline status --watch");
    assert_eq!(status.exit_code(), 2);
    assert_eq!(
        terminal.times("\x1b"),
        0,
        "a dumb terminal is sent no sequence"
    );

    let piped = format!("{BINARY} demo | cat");
    let mut terminal = Terminal::start((120, 24), &["/bin/sh", "-c", &piped], &[]);
    terminal.until_text("its output is not a terminal");
    terminal.until_text("haltline demo --headless");
}
