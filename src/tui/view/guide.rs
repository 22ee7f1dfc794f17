//! The line that explains the demo, above the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::text::{put, put_right};
use crate::tui::dialogs::guide::{hides, step};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::width;

pub(crate) fn draw(model: &Model, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some(step) = step(model) else { return };
    let hides = hides(model);
    let room = usize::from(area.width).saturating_sub(width(&hides) + 5);
    let more = format!("; {}", step.more);
    let mut text = step.says;
    if more.len() > 2 && width(&text) + width(&more) <= room {
        text.push_str(&more);
    }
    let line = Line::from(vec![
        Span::styled(" ▸ ", theme.style(Tone::Focus)),
        Span::styled(text, theme.style(Tone::Focus)),
    ]);
    put(&line, area, 0, buf);
    let place = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    let hides = Line::styled(hides, theme.style(Tone::Muted));
    put_right(&hides, place, 0, buf);
}
