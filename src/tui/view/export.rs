//! The menu of what can be written to a file.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::export::What;
use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::tui::style::theme::{Theme, Tone};

const COLUMNS: u16 = 64;

pub(crate) fn draw(theme: Theme, buf: &mut Buffer) {
    let mut lines: Vec<Line<'static>> = What::ALL
        .into_iter()
        .map(|what| {
            Line::from(vec![
                Span::styled(what.key().to_string(), theme.style(Tone::Key)),
                Span::raw(format!("  {}", what.description())),
            ])
        })
        .collect();
    lines.push(Line::raw(""));
    lines.push(Line::styled(
        "into a new file of yours alone   Esc back",
        theme.style(Tone::Muted),
    ));
    let title = Line::styled("Write to a file", theme.style(Tone::Strong));
    let columns = COLUMNS.min(buf.area.width);
    let inner = dialog(&title, Tone::Focus, columns, lines.len() as u16, theme, buf);
    for (row, line) in lines.iter().enumerate() {
        put(line, inner, row as u16, buf);
    }
}
