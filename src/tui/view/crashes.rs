//! The crashes of the new version that hit most users, and whether each is new.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use super::moment;
use crate::api::AppSnapshot;
use crate::domain::Recurrence;
use crate::tui::state::lists::Row;
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{self, stamp};

const COLUMNS: [Column; 6] = [
    Column::right("#", 2, 3),
    Column::left("kind", 9, 0),
    Column::growing("crash", 20, 80),
    Column::right("users", 6, 0),
    Column::right("events", 6, 1),
    Column::left("first at", 8, 2),
];

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let widths = table::widths(&COLUMNS, area.width);
    table::head(&COLUMNS, &widths, theme, area, buf);
    if app.issues.is_empty() {
        put(
            &Line::raw(moment::kept(model, "no crash reported in this version")),
            area,
            1,
            buf,
        );
    }
    let marked = model.offset(Pane::Crashes);
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    let skip = marked.saturating_sub(room - 1);
    for (i, issue) in model.visible_issues(app).into_iter().enumerate().skip(skip) {
        let (word, tone) = match issue.recurrence {
            Recurrence::New => ("NEW", Tone::Bad),
            Recurrence::Regressed => ("REGRESSED", Tone::Warning),
            Recurrence::Recurring => ("recurring", Tone::Muted),
        };
        let style = theme.style(tone);
        let title = match issue.place.as_str() {
            "" => issue.title.to_string(),
            place => format!("{} · {place}", issue.title),
        };
        let first = issue.first_seen.map_or_else(
            || format::NOTHING.to_owned(),
            |at| stamp(at, model.now.watched),
        );
        let cells = vec![
            if i == marked && model.focus == Pane::Crashes {
                Span::styled("▸", theme.style(Tone::Focus))
            } else {
                Span::styled((i + 1).to_string(), theme.style(Tone::Muted))
            },
            Span::styled(word, style),
            Span::raw(title),
            Span::raw(format::short_count(issue.users)),
            Span::raw(format::short_count(issue.events)),
            Span::styled(first, theme.style(Tone::Muted)),
        ];
        let row = (i - skip) as u16 + 1;
        table::row(&COLUMNS, &widths, cells, area, row, buf);
        super::mark_new(model, &Row::Crash(issue.id.clone()), area, row, buf);
    }
}
