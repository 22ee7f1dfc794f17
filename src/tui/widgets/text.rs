//! Putting lines where they belong, cut to the room there is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::words::format::{fit, width};

/// Draws `line` on row `row` of `area`; nothing where there is no such row. Text that is too long ends in `…`.
pub(crate) fn put(line: &Line<'_>, area: Rect, row: u16, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if row >= area.height {
        return;
    }
    let (mut x, mut left) = (area.x, usize::from(area.width));
    for span in &line.spans {
        if left == 0 {
            return;
        }
        let text = fit(&span.content, left);
        let cut = text.len() < span.content.len();
        let (end, _) = buf.set_stringn(x, area.y + row, &text, left, line.style.patch(span.style));
        left -= usize::from(end - x).min(left);
        x = end;
        if cut {
            return;
        }
    }
}

/// The same, at the right edge; the left of what is too long is kept.
pub(crate) fn put_right(line: &Line<'_>, area: Rect, row: u16, buf: &mut Buffer) {
    let wide = (line.width() as u16).min(area.width);
    let place = Rect {
        x: area.x + area.width - wide,
        width: wide,
        ..area
    };
    put(line, place, row, buf);
}

/// Spans with `gap` between them, as many as fit `columns`, in order; the first always.
pub(crate) fn join(parts: Vec<Vec<Span<'static>>>, gap: &str, columns: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for part in parts {
        let wide: usize = part.iter().map(Span::width).sum();
        if used == 0 {
            spans.extend(part);
            used = wide;
        } else if used + width(gap) + wide <= columns {
            spans.push(Span::styled(gap.to_owned(), Style::new()));
            spans.extend(part);
            used += width(gap) + wide;
        }
    }
    Line::from(spans)
}
