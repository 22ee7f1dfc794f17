//! What happened, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::format::{stamp, wrap};
use super::super::model::{Model, Pane};
use super::super::story;
use super::super::theme::{Theme, Tone};
use super::super::widgets::text::put;
use crate::api::AppSnapshot;

/// Columns of the time and the kind, with their gaps.
const BEFORE: u16 = 18;

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let events = model.events();
    if events.is_empty() {
        put(&Line::raw("nothing has happened yet"), area, 0, buf);
    }
    let room = usize::from(area.width.saturating_sub(BEFORE));
    let mut row = 0;
    for record in events.into_iter().skip(model.offset(Pane::Events)) {
        if row >= area.height {
            return;
        }
        let line = story::tell(record, app.store, model.now.watched);
        let style = theme.style(line.tone);
        let time = Span::styled(
            stamp(record.at, model.now.watched),
            theme.style(Tone::Muted),
        );
        let kind = Span::styled(format!("{:<7}", line.kind), theme.style(Tone::Muted));
        // Alone on the screen a story is told to its end.
        let most = if model.zoomed { 4 } else { 1 };
        for (i, text) in wrap(&line.text, room, most).into_iter().enumerate() {
            let told = if i == 0 {
                Line::from(vec![
                    time.clone(),
                    Span::raw(" "),
                    kind.clone(),
                    Span::raw("  "),
                    Span::styled(text, style),
                ])
            } else {
                Line::styled(format!("{:18}{text}", ""), style)
            };
            put(&told, area, row, buf);
            row += 1;
        }
    }
}
