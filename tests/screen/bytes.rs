//! What a frame costs on the line.

use std::time::Duration;

use super::terminal::{THERE, Terminal};

#[test]
fn a_first_frame_is_small_and_a_held_clock_costs_nothing() {
    for size in [(80, 24), (120, 35), (160, 45)] {
        let mut terminal = Terminal::demo(size, "0");
        terminal.until_text(THERE);
        let first = terminal.first_frame();
        terminal.until_still(Duration::from_secs(2));
        let idle = terminal.bytes_in(Duration::from_secs(5));
        terminal.press("\u{c}");
        let whole = terminal.bytes_in(Duration::from_secs(1));
        println!(
            "{size:?}: first frame {first} B, drawn again {whole} B, 5 s of a held clock {idle} B"
        );
        assert!(first <= 8_000 && whole <= 8_000, "{first} {whole}");
        assert!(whole > 500, "Ctrl-L draws everything");
        assert_eq!(idle, 0, "nothing changed:\n{}", terminal.contents());
        terminal.press("q");
        assert_eq!(terminal.ends_restored().exit_code(), 0);
    }
}

#[test]
fn a_second_and_a_key_cost_little() {
    let mut terminal = Terminal::demo((80, 24), "1");
    terminal.until_text(THERE);
    terminal.until_still(Duration::from_millis(900));
    let seconds = 20;
    let live = terminal.bytes_in(Duration::from_secs(seconds)) / seconds as usize;
    println!("live at 1x: {live} B/s");
    assert!(live <= 50, "{live} bytes a second");

    let mut terminal = Terminal::demo((80, 24), "0");
    terminal.until_text(THERE);
    terminal.until_still(Duration::from_secs(2));
    terminal.press("n");
    terminal.until_still(Duration::from_millis(500));
    for (key, most) in [("a", 200), ("b", 200), ("\u{1b}[D", 200)] {
        terminal.press(key);
        let cost = terminal.bytes_in(Duration::from_millis(600));
        println!("one cell ({key:?}): {cost} B");
        assert!(cost > 0 && cost <= most, "{key:?}: {cost} bytes");
    }
    terminal.press("\u{3}");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
}

#[test]
fn another_size_is_drawn_whole() {
    let mut terminal = Terminal::demo((80, 24), "0");
    terminal.until_text(THERE);
    for (wide, high) in [(120, 35), (60, 15), (20, 3), (160, 45), (80, 24)] {
        terminal.resize((wide, high));
        terminal.until("the last line", |screen| {
            let last = screen.rows(0, wide).last().unwrap_or_default();
            screen.size() == (high, wide) && last.trim_end().ends_with("help")
        });
    }
    terminal.press("q");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
}
