//! Shares of a whole over time, one on top of the other, each with a glyph of its own.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::style::symbols::{HEIGHTS, SHADES};

/// Draws a column for each of `columns`, which are shares (0..=1) from the bottom up; `None` is a gap. The lowest share is drawn to
/// an eighth of a cell and never hidden where there is any; the others to a cell.
pub(crate) fn stack(
    columns: &[Option<Vec<f64>>],
    styles: &[Style],
    ascii: bool,
    area: Rect,
    buf: &mut Buffer,
) {
    let area = area.intersection(buf.area);
    for (x, shares) in (area.x..area.right()).zip(columns) {
        let Some(shares) = shares else { continue };
        let rows = f64::from(area.height);
        let lowest = shares.first().copied().unwrap_or_default();
        let mut eighths = (lowest * rows * 8.0).round() as u32;
        if lowest > 0.0 {
            eighths = eighths.max(1);
        }
        for row in 0..area.height {
            let (below, middle) = (u32::from(row) * 8, (f64::from(row) + 0.5) / rows);
            let glyph = if below < eighths {
                let height = (eighths - below).min(8) as usize;
                // The steps of a cell would look like another layer there.
                let height = if ascii { 8 } else { height };
                (0, HEIGHTS.get(height - 1).copied().unwrap_or("█"))
            } else {
                let mut top = 0.0;
                let holds = |share: &f64| {
                    top += share;
                    middle < top
                };
                let at = shares.iter().position(holds).unwrap_or(shares.len());
                // What the lowest one rounds away belongs to the next.
                let at = at.max(1);
                match SHADES.get(at) {
                    Some(shade) if at < shares.len() => (at, *shade),
                    _ => continue,
                }
            };
            let style = styles.get(glyph.0).copied().unwrap_or_default();
            if let Some(cell) = buf.cell_mut((x, area.bottom() - 1 - row)) {
                cell.set_symbol(glyph.1).set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(columns: &[Option<Vec<f64>>]) -> Vec<String> {
        let area = Rect::new(0, 0, columns.len() as u16, 4);
        let mut buf = Buffer::empty(area);
        stack(columns, &[], false, area, &mut buf);
        let rows = buf.content.chunks(columns.len());
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect()
    }

    #[test]
    fn shares_lie_on_each_other_and_a_gap_is_a_gap() {
        let rows = drawn(&[
            Some(vec![0.25, 0.5, 0.25]),
            None,
            Some(vec![0.5, 0.5, 0.0]),
            Some(vec![0.0, 0.75, 0.25]),
        ]);
        assert_eq!(rows, ["▒ ▓▒", "▓ ▓▓", "▓ █▓", "█ █▓"]);
    }

    #[test]
    fn a_little_of_the_new_one_is_never_hidden() {
        let rows = drawn(&[Some(vec![0.001, 0.999]), Some(vec![0.3, 0.7])]);
        assert_eq!(rows, ["▓▓", "▓▓", "▓▂", "▁█"]);
        let none = drawn(&[Some(vec![0.0, 1.0]), Some(Vec::new())]);
        assert_eq!(none, ["▓ ", "▓ ", "▓ ", "▓ "]);
    }
}
