//! Who runs what: sessions of the last day by version.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::format;
use super::super::model::{Model, Pane};
use super::super::theme::{Theme, Tone};
use super::super::widgets::bar::bar;
use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use super::moment;
use crate::api::AppSnapshot;

const COLUMNS: [Column; 6] = [
    Column::growing("version", 12, 24),
    Column::left("", 4, 0),
    Column::right("sessions", 9, 2),
    Column::right("users", 9, 3),
    Column::right("share", 6, 0),
    Column::left("", 16, 4),
];

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let widths = table::widths(&COLUMNS, area.width);
    table::head(&COLUMNS, &widths, theme, area, buf);
    if app.shares.is_empty() {
        let words = moment::kept(model, "no sessions reported yet");
        put(&Line::raw(words), area, 1, buf);
    }
    let all: u64 = app.shares.iter().map(|share| share.sessions).sum();
    let watched = app.release.as_ref().map(|release| release.version.key());
    let previous = app.previous.as_ref().map(crate::domain::Version::key);
    // The two that are compared stand first, however few have them.
    let mut shares: Vec<_> = app.shares.iter().collect();
    shares.sort_by_key(|share| match share.version.as_ref() {
        None => 2,
        key if key == watched.as_ref() => 0,
        key => 1 + u8::from(key != previous.as_ref()),
    });
    let shares = shares.into_iter().skip(model.offset(Pane::Versions));
    for (row, share) in shares.enumerate() {
        let part = if all == 0 {
            0.0
        } else {
            share.sessions as f64 / all as f64
        };
        let key = share.version.as_ref();
        let (tag, tone) = match key {
            Some(_) if key == watched.as_ref() => ("NEW", Tone::Strong),
            Some(_) if key == previous.as_ref() => ("prev", Tone::Plain),
            _ => ("", Tone::Plain),
        };
        let style = theme.style(tone);
        let users = share
            .users
            .map_or_else(|| format::NOTHING.to_owned(), format::count);
        let cells = vec![
            Span::styled(share.label.to_string(), style),
            Span::styled(tag, style),
            Span::styled(format::count(share.sessions), style),
            Span::styled(users, style),
            Span::styled(format!("{:.1}%", part * 100.0), style),
            Span::styled(bar(part, 16), style),
        ];
        table::row(&COLUMNS, &widths, cells, area, row as u16 + 1, buf);
    }
}
