//! The screen as a whole: pictures of every state at every size, and what must hold of all of them.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fixture;
use super::model::Model;
use super::theme::Theme;
use super::view;

pub(super) const SIZES: [(u16, u16); 4] = [(160, 45), (120, 35), (80, 24), (60, 15)];

pub(super) fn picture(model: &Model, theme: Theme, (wide, high): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(wide, high)).unwrap();
    terminal
        .draw(|frame| {
            let mut buf = Buffer::empty(frame.area());
            view::draw(model, theme, &mut buf);
            frame.buffer_mut().merge(&buf);
        })
        .unwrap();
    let lines: Vec<String> = terminal
        .backend()
        .to_string()
        .lines()
        .map(|line| line.trim_matches('"').trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Set `LOOK=halted` to see a state at all sizes: `LOOK=halted cargo test --lib tui::tests::look -- --nocapture`.
#[test]
#[expect(clippy::print_stdout, reason = "for a person to look at")]
fn look() {
    let Ok(wanted) = std::env::var("LOOK") else {
        return;
    };
    for (name, snapshot) in fixture::states() {
        for size in SIZES.into_iter().filter(|_| name == wanted) {
            println!(
                "{}",
                picture(
                    &fixture::model(snapshot.clone()),
                    Theme::new(false, false),
                    size
                )
            );
        }
    }
    let _area = Rect::ZERO;
}
