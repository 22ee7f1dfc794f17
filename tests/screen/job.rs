//! Suspended to a shell and back.

use rustix::process::{Pid, Signal, kill_process};

use super::terminal::{BINARY, THERE, Terminal, is_restored};

#[test]
fn control_z_leaves_to_the_shell_and_fg_comes_back() {
    let env = [("PS1", "shell> "), ("ENV", ""), ("PS2", "")];
    let mut terminal = Terminal::start((80, 24), &["/bin/sh", "-i"], &env);
    terminal.until_text("shell> ");
    terminal.press(&format!("{BINARY} demo --speed 0\r"));
    terminal.until_text(THERE);
    for round in 1..=2 {
        terminal.press("\u{1a}");
        terminal.until("the screen given back", is_restored);
        // Not before the shell has it: what is typed earlier is lost.
        terminal.until("stopped", |screen| {
            screen.contents().matches("Stopped").count() >= round
        });
        terminal.press("echo a line of the shell\r");
        terminal.until("the shell", |screen| {
            screen.contents().matches("a line of the shell").count() >= 2 * round
        });
        terminal.press("fg\r");
        // The line that is typed stands where the keys were.
        terminal.until("the screen again", |screen| {
            screen.alternate_screen() && screen.contents().contains("HEALTHY")
        });
        // From within a layer that takes text as well.
        terminal.press("n");
    }
    terminal.press("\u{1b}");
    terminal.press("\u{3}");
    terminal.until("the screen given back", is_restored);
    terminal.until_text("haltline at");
    // What is typed before the shell has it back is read by nobody.
    terminal.until("the prompt", |screen| {
        screen.contents().trim_end().ends_with("shell>")
    });
    terminal.press("exit\r");
    assert!(terminal.child.wait().unwrap().success());
}

/// Nobody could bring it back: no shell is around it.
#[test]
fn without_a_shell_it_is_not_stopped() {
    let mut terminal = Terminal::demo((80, 24), "0");
    terminal.until_text(THERE);
    terminal.press("\u{1a}");
    terminal.until("left", is_restored);
    terminal.until("taken again", |screen| {
        screen.alternate_screen() && screen.contents().contains(THERE)
    });
    terminal.press("q");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
}

#[test]
fn stopped_by_another_it_draws_itself_anew() {
    let mut terminal = Terminal::demo((80, 24), "0");
    terminal.until_text(THERE);
    let pid = Pid::from_raw(terminal.pid()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    // What somebody else wrote in the meantime.
    terminal.emulator.process(b"\x1b[?1049l\x1b[2Jgarbage");
    kill_process(pid, Signal::CONT).unwrap();
    terminal.until("the whole screen", |screen| {
        screen.alternate_screen() && screen.contents().contains(THERE)
    });
    terminal.press("q");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
}
