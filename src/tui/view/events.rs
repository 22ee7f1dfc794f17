//! What happened, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::format::{fit, stamp, wrap};
use super::super::lists::Row;
use super::super::model::{Model, Pane};
use super::super::story;
use super::super::theme::{Theme, Tone};
use super::super::widgets::text::put;
use crate::api::AppSnapshot;

/// Columns of the time and of the kind, each with its gap.
const TIME: usize = 9;
const KIND: usize = 9;
/// Below this width the kind gives way to the story.
const ROOMY: u16 = 60;

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let events = model.events();
    if events.is_empty() {
        put(&Line::raw("nothing has happened yet"), area, 0, buf);
    }
    let kind_columns = if area.width < ROOMY { 0 } else { KIND };
    let before = TIME + kind_columns;
    let room = usize::from(area.width).saturating_sub(before);
    let mut row = 0;
    for record in events.into_iter().skip(model.offset(Pane::Events)) {
        if row >= area.height {
            return;
        }
        let line = story::tell(record, app.store, model.now.watched);
        let style = theme.style(line.tone);
        let muted = theme.style(Tone::Muted);
        let time = format!("{:<TIME$}", stamp(record.at, model.now.watched));
        let kind = fit(&format!("{:<kind_columns$}", line.kind), kind_columns);

        // Alone on the screen a story is told to its end.
        let most = if model.zoomed { 4 } else { 1 };
        for (i, text) in wrap(&line.text, room, most).into_iter().enumerate() {
            let told = if i == 0 {
                Line::from(vec![
                    Span::styled(format!("{time}{kind}"), muted),
                    Span::styled(text, style),
                ])
            } else {
                Line::styled(format!("{:before$}{text}", ""), style)
            };
            put(&told, area, row, buf);
            super::mark_new(model, &Row::Event(record.seq), area, row, buf);
            row += 1;
        }
    }
}
