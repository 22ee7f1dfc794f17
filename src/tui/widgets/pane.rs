//! The frame of a pane: a box where there is room, else a rule above it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Widget};

use super::text::{put, put_right};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::width;

/// What is written on a frame.
pub(crate) struct Frame<'a> {
    pub(crate) title: Line<'a>,
    /// At the right; dropped where it does not fit beside the title.
    pub(crate) right: Line<'a>,
    pub(crate) focused: bool,
    pub(crate) boxed: bool,
}

/// Draws the frame and gives the room inside.
pub(crate) fn frame(frame: &Frame<'_>, theme: Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area;
    }
    let tone = if frame.focused {
        Tone::Focus
    } else {
        Tone::Muted
    };
    let style = theme.style(tone);
    let inner = if frame.boxed {
        let block = Block::bordered()
            .border_style(style)
            .padding(Padding::horizontal(1));
        let inner = block.inner(area);
        block.render(area, buf);
        inner
    } else {
        put(
            &Line::styled("─".repeat(usize::from(area.width)), style),
            area,
            0,
            buf,
        );
        Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height - 1,
        }
    };
    let top = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        height: 1,
        ..area
    };
    put(&spaced(&frame.title), top, 0, buf);
    let room = usize::from(top.width).saturating_sub(frame.title.width() + 2);
    if frame.right.width() > 0 && frame.right.width() + 4 <= room {
        put_right(&spaced(&frame.right), top, 0, buf);
    }
    inner
}

/// A dialog in the middle of `area`, as high as its content; gives the room inside.
pub(crate) fn dialog(
    title: &Line<'_>,
    tone: Tone,
    columns: u16,
    rows: u16,
    theme: Theme,
    buf: &mut Buffer,
) -> Rect {
    let area = buf.area;
    let (wide, high) = (
        columns.min(area.width),
        rows.saturating_add(2).min(area.height),
    );
    let place = Rect {
        x: area.x + (area.width - wide) / 2,
        // Never on the verdict, as long as there is a row beside the dialog.
        y: area.y + ((area.height - high) / 2).max(u16::from(high < area.height)),
        width: wide,
        height: high,
    };
    // A wide character whose rest would lie under the border would be drawn over it; clusters of some scripts take three columns
    // and more.
    for y in place.top()..place.bottom() {
        for before in 1..=place.x.min(4) {
            if let Some(cell) = buf.cell_mut((place.x - before, y))
                && width(cell.symbol()) > usize::from(before)
            {
                cell.set_symbol(" ");
            }
        }
    }
    Clear.render(place, buf);
    let block = Block::bordered()
        .border_style(theme.style(tone))
        .padding(Padding::horizontal(1));
    let inner = block.inner(place);
    block.render(place, buf);
    let top = Rect {
        x: place.x + 1,
        width: place.width.saturating_sub(2),
        height: place.height.min(1),
        ..place
    };
    put(&spaced(title), top, 0, buf);
    inner
}

fn spaced<'a>(line: &Line<'a>) -> Line<'a> {
    let mut spans = vec![Span::raw(" ")];
    spans.extend(line.spans.iter().cloned());
    spans.push(Span::raw(" "));
    Line::from(spans).style(line.style)
}
