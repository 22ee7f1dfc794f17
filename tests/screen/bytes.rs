//! What a frame costs on the line.

use std::time::Duration;

use super::terminal::{BINARY, THERE, Terminal};
use super::vendors::Vendors;

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
        // What a wide screen adds to a first frame comes in the frames after it.
        let most = if size.0 > 120 { 10_000 } else { 8_000 };
        assert!(first <= 8_000 && whole <= most, "{first} {whole}");
        assert!(whole > 500, "Ctrl-L draws everything");
        assert_eq!(idle, 0, "nothing changed:\n{}", terminal.contents());
        terminal.press("q");
        assert_eq!(terminal.ends_restored().exit_code(), 0);
    }
}

#[test]
fn a_second_of_the_real_world_costs_little() {
    let vendors = Vendors::start();
    let start = |size| {
        let mut terminal = Terminal::start(size, &[BINARY, "--config", &vendors.config], &[]);
        terminal.until_text("HEALTHY");
        // What is left of its first live frame is not what a second costs.
        terminal.bytes_in(Duration::from_secs(3));
        terminal
    };
    // The first one watches, the others follow it, from their first second on.
    let mut watching = start((80, 24));
    let others = [(80, 24), (160, 45)].map(start);
    let live = |terminal: &mut Terminal| {
        let seconds = 30;
        terminal.bytes_in(Duration::from_secs(seconds)) / seconds as usize
    };
    let [mut small, mut wide] = others;
    let figures = std::thread::scope(|scope| {
        let all = [&mut watching, &mut small, &mut wide];
        all.map(|terminal| scope.spawn(|| live(terminal)))
            .map(|it| it.join().unwrap())
    });
    let [a, b, c] = figures;
    println!("live: watching {a} B/s, following {b} B/s, following at 160x45 {c} B/s");
    println!("{}\n{}", small.contents(), wide.contents());
    for (figure, mut terminal) in figures.into_iter().zip([watching, small, wide]) {
        assert!(figure > 0, "ages are told");
        assert!(figure <= 50, "{figure} bytes a second");
        terminal.press("q");
        terminal.ends_restored();
    }
}

#[test]
fn a_key_costs_little() {
    let mut terminal = Terminal::demo((80, 24), "0");
    terminal.until_text(THERE);
    terminal.until_still(Duration::from_secs(2));
    terminal.press("n");
    terminal.until_still(Duration::from_millis(500));
    for key in ["a", "b", "\u{7f}"] {
        terminal.press(key);
        let cost = terminal.bytes_in(Duration::from_millis(600));
        println!("one cell ({key:?}): {cost} B");
        assert!(cost > 0 && cost <= 200, "{key:?}: {cost} bytes");
    }
    terminal.press("\u{1b}");
    terminal.until_still(Duration::from_millis(500));
    for key in ["j", "\t", "m"] {
        terminal.press(key);
        println!(
            "{key:?}: {} B",
            terminal.bytes_in(Duration::from_millis(600))
        );
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
            last.trim_end().ends_with("help")
        });
    }
    terminal.press("q");
    assert_eq!(terminal.ends_restored().exit_code(), 0);
}
