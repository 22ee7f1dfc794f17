//! The mouse looks around and never acts: a click focuses a pane or opens a tab, the wheel scrolls. Off unless it is wanted.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::actions::Do;
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model};
use crate::tui::update::carry;
use crate::tui::view;

/// Rows that one notch of the wheel scrolls.
const NOTCH: isize = 3;

/// What the mouse did on a screen of this size.
pub(crate) fn take(model: &mut Model, event: MouseEvent, area: Rect) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown => wheel(model, NOTCH, at, area),
        MouseEventKind::ScrollUp => wheel(model, -NOTCH, at, area),
        // What lies over the picture asks a question, and a click is no answer.
        MouseEventKind::Down(MouseButton::Left) if model.layer.is_none() => {
            model.notice = None;
            if let Some(pane) = view::pane_at(model, area, at) {
                carry::focus(model, pane);
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn wheel(model: &mut Model, rows: isize, at: Position, area: Rect) -> Vec<Effect> {
    match &mut model.layer {
        Some(Layer::Crash(look)) => {
            look.scroll(rows);
            Vec::new()
        }
        Some(_) => Vec::new(),
        None => {
            if let Some(pane) = view::pane_at(model, area, at) {
                carry::focus(model, pane);
            }
            carry::out(model, Do::Scroll(rows), "")
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::tui::fixture;
    use crate::tui::state::message::Message;
    use crate::tui::state::model::Pane;
    use crate::tui::style::theme::Theme;
    use crate::tui::tests::{SIZES, picture, press};
    use crate::tui::update::update;

    fn mouse(
        model: &mut Model,
        kind: MouseEventKind,
        x: u16,
        y: u16,
        size: (u16, u16),
    ) -> Vec<Effect> {
        let event = MouseEvent {
            kind,
            column: x,
            row: y,
            modifiers: KeyModifiers::NONE,
        };
        let area = Rect::new(0, 0, size.0, size.1);
        update(model, Message::Mouse { event, area })
    }

    const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

    #[test]
    fn a_click_focuses_what_is_under_it() {
        for size in SIZES {
            let mut model = fixture::model(fixture::announced());
            for pane in [Pane::Events, Pane::Levers, Pane::Rules] {
                let shown = picture(&model, Theme::new(false, false), size);
                let name = format!("{} {}", pane.number(), pane.name());
                let found = shown.lines().enumerate().find_map(|(y, line)| {
                    let at = line.find(&name)?;
                    Some((line.get(..at)?.chars().count() as u16, y as u16))
                });
                let Some((x, y)) = found else { continue };
                assert!(mouse(&mut model, CLICK, x + 1, y, size).is_empty());
                assert_eq!(model.focus, pane, "{size:?}");
            }
        }
    }

    #[test]
    fn the_wheel_scrolls_what_is_under_it() {
        let mut model = fixture::model(fixture::announced());
        press(&mut model, KeyCode::Char('5'));
        mouse(&mut model, MouseEventKind::ScrollDown, 4, 20, (80, 24));
        assert!(model.offset(Pane::Crashes) > 0);
        mouse(&mut model, MouseEventKind::ScrollUp, 4, 20, (80, 24));
        assert_eq!(model.offset(Pane::Crashes), 0);
    }

    #[test]
    fn no_click_anywhere_acts_or_answers_a_question() {
        for keys in ["", "H", "D", "Y", "F", "q", "?", "n", "5z"] {
            for size in SIZES {
                let mut model = fixture::model(fixture::announced());
                for key in keys.chars() {
                    press(&mut model, KeyCode::Char(key));
                }
                let layer = model.layer.is_some();
                for (x, y) in (0..size.1).flat_map(|y| (0..size.0).step_by(5).map(move |x| (x, y)))
                {
                    for kind in [
                        CLICK,
                        MouseEventKind::Up(MouseButton::Left),
                        MouseEventKind::Down(MouseButton::Right),
                        MouseEventKind::ScrollDown,
                    ] {
                        assert!(mouse(&mut model, kind, x, y, size).is_empty());
                        assert_eq!(
                            model.layer.is_some(),
                            layer,
                            "{keys}: nothing opens, nothing closes"
                        );
                    }
                }
            }
        }
    }
}
