//! The list of columns while somebody chooses; the overview behind follows.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use super::layout::Tier;
use super::overview;
use crate::tui::state::columns::Picker;
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};

const COLUMNS: u16 = 66;
const KEYS: &str = "Space shows or hides · J K move it · r as it was · Esc";

pub(crate) fn draw(model: &Model, picker: Picker, theme: Theme, buf: &mut Buffer) {
    let columns = model.lists.columns.all();
    let mut fits = overview::fitting(model, buf.area.width, Tier::of(buf.area)).into_iter();
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (at, (column, shown)) in columns.iter().enumerate() {
        let mark = if at == picker.at { '▸' } else { ' ' };
        let shown_mark = if *shown { 'x' } else { ' ' };
        let tone = match (at == picker.at, shown) {
            (true, _) => Tone::Focus,
            (false, true) => Tone::Plain,
            (false, false) => Tone::Muted,
        };
        let no_room = *shown && !fits.next().unwrap_or(true);
        let text = format!("{mark} [{shown_mark}] {}", column.words());
        let mut line = vec![Span::styled(text, theme.style(tone))];
        if no_room {
            line.push(Span::styled(" (no room here)", theme.style(Tone::Muted)));
        }
        lines.push(Line::from(line));
    }
    lines.push(Line::styled(KEYS, theme.style(Tone::Muted)));
    let title = Line::styled("Columns of the overview", theme.style(Tone::Strong));
    let rows = lines.len() as u16;
    let inner = dialog(&title, Tone::Focus, COLUMNS, rows, theme, buf);
    // Where there is no room for all, what is marked is seen, and the keys.
    let room = usize::from(inner.height).saturating_sub(1);
    let skip = picker.at.saturating_sub(room.saturating_sub(1));
    let keys = lines.pop();
    for (row, line) in lines.iter().skip(skip).take(room).enumerate() {
        put(line, inner, row as u16, buf);
    }
    if let Some(keys) = keys {
        put(&keys, inner, inner.height.saturating_sub(1), buf);
    }
}
