//! The crashes of the new version that hit most users, and whether each is new.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use super::layout::Tier;
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

/// Crashes that are above what is seen, in a list so high with its head: the marked one is always seen.
fn above(model: &Model, height: u16) -> usize {
    let room = usize::from(height.saturating_sub(1)).max(1);
    model.offset(Pane::Crashes).saturating_sub(room - 1)
}

/// The crash so many rows below the top of a frame so high.
pub(crate) fn row_at(
    model: &Model,
    app: &AppSnapshot,
    framed: u16,
    tier: Tier,
    below: u16,
) -> Option<usize> {
    let frame = if tier >= Tier::Medium { 2 } else { 1 };
    let row = usize::from(below.checked_sub(2)?) + above(model, framed.saturating_sub(frame));
    (row < model.visible_issues(app).len()).then_some(row)
}

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
    let skip = above(model, area.height);
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
