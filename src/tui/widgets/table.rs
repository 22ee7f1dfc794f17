//! Tables whose columns go, least important first, until the rest fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::text::put;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{fit, width};

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Columns on the terminal; of the growing column the least.
    pub(crate) width: u16,
    pub(crate) right: bool,
    /// Takes what the others leave, up to `most`.
    pub(crate) most: Option<u16>,
    /// 0 stays always; the greatest goes first.
    pub(crate) rank: u8,
}

impl Column {
    pub(crate) const fn left(title: &'static str, width: u16, rank: u8) -> Self {
        Self {
            title,
            width,
            right: false,
            most: None,
            rank,
        }
    }

    pub(crate) const fn right(title: &'static str, width: u16, rank: u8) -> Self {
        Self {
            right: true,
            ..Self::left(title, width, rank)
        }
    }

    pub(crate) const fn growing(title: &'static str, least: u16, most: u16) -> Self {
        Self {
            most: Some(most),
            ..Self::left(title, least, 0)
        }
    }
}

/// Space between columns.
const GAP: u16 = 2;

/// The columns that fit `room`, each with its width; 0 where it is dropped.
pub(crate) fn widths(columns: &[Column], room: u16) -> Vec<u16> {
    let mut kept: Vec<bool> = vec![true; columns.len()];
    loop {
        let pairs = || columns.iter().zip(&kept).filter(|(_, kept)| **kept);
        let used: u16 = pairs()
            .map(|(column, _)| column.width + GAP)
            .sum::<u16>()
            .saturating_sub(GAP);
        if used <= room {
            let spare = room - used;
            return columns
                .iter()
                .zip(&kept)
                .map(|(column, kept)| match (kept, column.most) {
                    (false, _) => 0,
                    (true, None) => column.width,
                    (true, Some(most)) => (column.width + spare).min(most),
                })
                .collect();
        }
        let worst = pairs()
            .map(|(column, _)| column.rank)
            .max()
            .unwrap_or_default();
        if worst == 0 {
            // Nothing may go any more: the row is cut at the edge.
            return columns
                .iter()
                .zip(&kept)
                .map(|(column, kept)| if *kept { column.width } else { 0 })
                .collect();
        }
        let last = columns
            .iter()
            .zip(&kept)
            .rposition(|(column, kept)| *kept && column.rank == worst);
        if let Some(slot) = last.and_then(|at| kept.get_mut(at)) {
            *slot = false;
        }
    }
}

/// The head of a table on the first row of `area`.
pub(crate) fn head(columns: &[Column], widths: &[u16], theme: Theme, area: Rect, buf: &mut Buffer) {
    let style = theme.style(Tone::Muted);
    let titles = columns
        .iter()
        .map(|column| Span::styled(column.title, style))
        .collect();
    row(columns, widths, titles, area, 0, buf);
}

/// One row of cells, in the order of the columns.
pub(crate) fn row(
    columns: &[Column],
    widths: &[u16],
    cells: Vec<Span<'static>>,
    area: Rect,
    at: u16,
    buf: &mut Buffer,
) {
    let mut spans = Vec::new();
    for ((column, wide), cell) in columns.iter().zip(widths).zip(cells) {
        if *wide == 0 {
            continue;
        }
        let wide = usize::from(*wide);
        let text = fit(&cell.content, wide);
        let pad = " ".repeat(wide.saturating_sub(width(&text)));
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(usize::from(GAP))));
        }
        if column.right {
            spans.push(Span::raw(pad));
            spans.push(Span::styled(text, cell.style));
        } else {
            spans.push(Span::styled(text, cell.style));
            spans.push(Span::raw(pad));
        }
    }
    put(&Line::from(spans), area, at, buf);
}

/// What does not fit, as `title value`: for the line under a row that is looked at closely.
pub(crate) fn dropped(columns: &[Column], widths: &[u16], cells: &[Span<'static>]) -> String {
    let parts: Vec<String> = columns
        .iter()
        .zip(widths)
        .zip(cells)
        .filter(|((_, wide), cell)| **wide == 0 && !cell.content.trim().is_empty())
        .map(|((column, _), cell)| format!("{} {}", column.title, cell.content))
        .collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::left("a", 4, 0),
        Column::growing("name", 6, 20),
        Column::right("n", 5, 1),
        Column::right("age", 4, 2),
    ];

    #[test]
    fn the_least_important_goes_first_and_the_name_grows() {
        assert_eq!(widths(&COLUMNS, 30), [4, 11, 5, 4]);
        assert_eq!(widths(&COLUMNS, 60), [4, 20, 5, 4]);
        assert_eq!(widths(&COLUMNS, 20), [4, 7, 5, 0]);
        assert_eq!(widths(&COLUMNS, 12), [4, 6, 0, 0]);
        assert_eq!(widths(&COLUMNS, 3), [4, 6, 0, 0]);
    }
}
