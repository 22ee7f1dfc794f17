//! The line that is typed, in the place of the footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::text::put;
use crate::tui::dialogs::prompt::{Prompt, Purpose};
use crate::tui::style::theme::{Theme, Tone};

pub(crate) fn draw(prompt: &Prompt, theme: Theme, buf: &mut Buffer) {
    let last = Rect {
        y: buf.area.y + buf.area.height.saturating_sub(1),
        height: buf.area.height.min(1),
        ..buf.area
    };
    let label = match prompt.purpose {
        Purpose::Filter => "/",
        Purpose::Note => "note: ",
        Purpose::GoTo => "go to: ",
    };
    let room = usize::from(last.width).saturating_sub(label.len() + 2);
    let scrolled = prompt.input.visual_scroll(room);
    let shown: String = prompt.input.value().chars().skip(scrolled).collect();
    let blank = " ".repeat(usize::from(last.width));
    put(&Line::raw(blank), last, 0, buf);
    let line = Line::from(vec![
        Span::styled(format!(" {label}"), theme.style(Tone::Strong)),
        Span::raw(shown),
        Span::styled("█", theme.style(Tone::Focus)),
    ]);
    put(&line, last, 0, buf);
}
