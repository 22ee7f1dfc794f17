//! The mouse looks around and never acts: a click focuses a pane, opens a tab or selects a row, a click on the selected row
//! opens it, the wheel scrolls. Off unless it is wanted, for a terminal selects and copies text only where nothing takes its
//! mouse (or with Shift held).

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::actions::Do;
use crate::tui::state::message::Effect;
use crate::tui::state::model::{Layer, Model, Pane};
use crate::tui::state::overview;
use crate::tui::update::carry;
use crate::tui::view::{self, Spot};

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
            view::spot_at(model, area, at).map_or_else(Vec::new, |spot| click(model, spot))
        }
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, spot: Spot) -> Vec<Effect> {
    match spot {
        Spot::App(app) if model.app.as_ref() == Some(&app) => carry::out(model, Do::Open, ""),
        Spot::App(app) => {
            overview::select(model, Some(app));
            Vec::new()
        }
        Spot::Pane(Pane::Crashes, Some(row))
            if model.focus == Pane::Crashes && model.offset(Pane::Crashes) == row =>
        {
            carry::out(model, Do::Open, "")
        }
        Spot::Pane(pane, row) => {
            carry::focus(model, pane);
            if let Some(row) = row {
                model.scroll.insert(pane, row);
            }
            Vec::new()
        }
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
            if let Some(Spot::Pane(pane, _)) = view::spot_at(model, area, at) {
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
    use crate::tui::state::model::View;
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

    /// Where a text stands on the screen.
    fn place(model: &Model, text: &str, size: (u16, u16)) -> (u16, u16) {
        let shown = picture(model, Theme::new(false, false), size);
        let found = shown.lines().enumerate().find_map(|(y, line)| {
            let at = line.find(text)?;
            Some((line.get(..at)?.chars().count() as u16, y as u16))
        });
        found.unwrap()
    }

    #[test]
    fn a_click_selects_a_crash_and_another_one_opens_it() {
        for size in [(160, 45), (120, 35), (80, 24)] {
            let mut model = fixture::model(fixture::announced());
            press(&mut model, KeyCode::Char('5'));
            let (x, y) = place(&model, "OutOfMemoryError", size);
            assert!(mouse(&mut model, CLICK, x, y, size).is_empty());
            assert_eq!(model.offset(Pane::Crashes), 2);
            assert!(model.layer.is_none());
            mouse(&mut model, CLICK, x, y, size);
            assert!(matches!(model.layer, Some(Layer::Crash(_))), "{size:?}");
        }
    }

    #[test]
    fn a_click_selects_a_rollout_and_another_one_opens_it() {
        for size in [(160, 45), (120, 35), (80, 24)] {
            let mut model = fixture::model(fixture::announced());
            press(&mut model, KeyCode::Char('o'));
            let other = model
                .apps()
                .iter()
                .map(|app| app.id.clone())
                .collect::<Vec<_>>();
            let other = other.into_iter().find(|id| Some(id) != model.app.as_ref());
            let other = other.unwrap();
            let (x, y) = place(&model, other.as_str(), size);
            assert!(mouse(&mut model, CLICK, x, y, size).is_empty());
            assert_eq!(model.app.as_ref(), Some(&other), "{size:?}");
            assert_eq!(model.view, View::Overview);
            let (x, y) = place(&model, other.as_str(), size);
            mouse(&mut model, CLICK, x, y, size);
            assert_eq!(model.view, View::Rollout, "{size:?}");
        }
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
                        let effects = mouse(&mut model, kind, x, y, size);
                        let looks = |effect: &Effect| matches!(effect, Effect::Look { .. });
                        assert!(effects.iter().all(looks), "{keys}: {effects:?}");
                        if !layer && matches!(model.layer, Some(Layer::Crash(_))) {
                            model.layer = None;
                        }
                        assert_eq!(
                            model.layer.is_some(),
                            layer,
                            "{keys}: no question opens, and none closes"
                        );
                    }
                }
            }
        }
    }
}
