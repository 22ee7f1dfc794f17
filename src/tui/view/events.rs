//! What happened, newest first, with a mark on the event that is looked at.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::text::put;
use super::evidence as facts;
use crate::api::AppSnapshot;
use crate::domain::Record;
use crate::tui::state::evidence;
use crate::tui::state::lists::Row;
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{fit, stamp, wrap};
use crate::tui::words::story;

/// Columns of the time with its mark, and of the kind with its gap.
const TIME: usize = 9;
const KIND: usize = 9;
/// Below this width the kind gives way to the story.
const ROOMY: u16 = 60;
/// From so many rows on a zoomed list leaves room for the evidence of the marked event.
const HIGH: u16 = 12;

/// `3 of 37`, once the mark is moved; else how many there are.
pub(crate) fn aside(model: &Model) -> String {
    match (evidence::marked(model), model.rows(Pane::Events)) {
        (_, 0) => String::new(),
        (0, rows) => rows.to_string(),
        (place, rows) => format!("{} of {rows}", place + 1),
    }
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let events = model.events();
    if events.is_empty() {
        put(&Line::raw("nothing has happened yet"), area, 0, buf);
        return;
    }
    let mut list = area;
    if model.zoomed && area.height >= HIGH {
        list.height = area.height / 2;
        let rest = Rect {
            y: area.y + list.height,
            height: area.height - list.height,
            ..area
        };
        if let Some(record) = events.get(evidence::marked(model)) {
            let rule = "─".repeat(usize::from(area.width));
            put(&Line::styled(rule, theme.style(Tone::Muted)), rest, 0, buf);
            let inside = Rect {
                y: rest.y + 1,
                height: rest.height - 1,
                ..rest
            };
            let lines = facts::lines(model, record, theme, usize::from(area.width));
            for (row, line) in (0..).zip(&lines) {
                put(line, inside, row, buf);
            }
        }
    }
    rows(model, app, &events, theme, list, buf);
}

fn rows(
    model: &Model,
    app: &AppSnapshot,
    events: &[&Record],
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let kind_columns = if area.width < ROOMY { 0 } else { KIND };
    let before = TIME + kind_columns;
    let room = usize::from(area.width).saturating_sub(before);
    // Alone on the screen a story is told to its end.
    let most = if model.zoomed { 4 } else { 1 };
    let told: Vec<_> = events
        .iter()
        .map(|record| {
            let line = story::tell(record, app.store, model.now.watched);
            let texts = wrap(&line.text, room, most);
            (*record, line, texts)
        })
        .collect();
    let marked = evidence::marked(model);
    // As far down as the marked one has to be to be seen.
    let mut first = marked;
    let mut used = told.get(marked).map_or(1, |(.., texts)| texts.len().max(1));
    while let Some((.., texts)) = first.checked_sub(1).and_then(|above| told.get(above))
        && used + texts.len() <= usize::from(area.height)
    {
        used += texts.len();
        first -= 1;
    }
    let shows_mark = model.focus == Pane::Events || model.event.is_some();
    let mut row = 0;
    for (place, (record, line, texts)) in told.into_iter().enumerate().skip(first) {
        if row >= area.height {
            return;
        }
        let style = theme.style(line.tone);
        let is_marked = shows_mark && place == marked;
        let (mark, head) = if is_marked {
            ("▸", theme.style(Tone::Focus))
        } else {
            (" ", theme.style(Tone::Muted))
        };
        let width = TIME - 1;
        let time = format!("{:<width$}{mark}", stamp(record.at, model.now.watched));
        let kind = fit(&format!("{:<kind_columns$}", line.kind), kind_columns);
        for (i, text) in texts.into_iter().enumerate() {
            let told = if i == 0 {
                Line::from(vec![
                    Span::styled(format!("{time}{kind}"), head),
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
