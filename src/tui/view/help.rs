//! The keys, from the table, in pages of as many columns as fit; what cannot be done now says why. The verdict above and the
//! last line below stay in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::tui::dialogs::help::{Help, Row, What};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{width, wrap};

/// Columns of the mark and of the keys.
const MARK: usize = 2;
const KEYS: usize = 13;
/// Least width of a column of rows, and space between two.
const COLUMN: u16 = 56;
const GAP: u16 = 2;
/// The most that one column takes.
const WIDEST: u16 = 84;

/// A row with its heading, where it is the first below it.
struct Block {
    /// Index of the row.
    row: usize,
    heading: Option<&'static str>,
    lines: Vec<Line<'static>>,
}

pub(crate) fn draw(model: &Model, help: &Help, theme: Theme, buf: &mut Buffer) {
    let area = buf.area;
    let inside = area.width.saturating_sub(4);
    let side_by_side = inside >= 2 * COLUMN + GAP;
    let wide = if side_by_side {
        ((inside - GAP) / 2).min(WIDEST)
    } else {
        inside.min(WIDEST)
    };
    let columns: u16 = if side_by_side { 2 } else { 1 };
    // A row is left above for the verdict and one below for the keys of this help.
    let high = area.height.saturating_sub(4).max(1);
    let rows = help.rows(model);
    let blocks = blocks(model, &rows, help.marked, usize::from(wide), theme);
    let pages = pages(blocks, usize::from(high), usize::from(columns));
    let page = pages
        .iter()
        .position(|page| page.iter().flatten().any(|block| block.row == help.marked))
        .unwrap_or_default();
    let title = title(help, rows.len(), page, pages.len(), theme);
    let outer = wide * columns + GAP * (columns - 1) + 4;
    let inner = dialog(&title, Tone::Focus, outer, high, theme, buf);
    let Some(shown) = pages.get(page) else {
        let none = Line::styled("nothing matches", theme.style(Tone::Muted));
        put(&none, inner, 0, buf);
        return;
    };
    for (column, blocks) in shown.iter().enumerate() {
        let place = Rect {
            x: inner.x + column as u16 * (wide + GAP),
            width: wide.min(inner.width),
            ..inner
        };
        let mut row = 0;
        for block in blocks {
            if let Some(heading) = block.heading {
                // Between two groups one row stays empty.
                row += u16::from(row > 0);
                put(
                    &Line::styled(heading, theme.style(Tone::Strong)),
                    place,
                    row,
                    buf,
                );
                row += 1;
            }
            for line in &block.lines {
                put(line, place, row, buf);
                row += 1;
            }
        }
    }
}

fn title(help: &Help, rows: usize, page: usize, pages: usize, theme: Theme) -> Line<'static> {
    let mut spans = vec![Span::styled("Keys", theme.style(Tone::Strong))];
    let filter = help.filter.value();
    if help.is_typing() || !filter.is_empty() {
        let cursor = if help.is_typing() { "█" } else { "" };
        spans.push(Span::raw(format!(" /{filter}{cursor} · {rows} match")));
    }
    if pages > 1 {
        spans.push(Span::styled(
            format!(" · page {} of {pages}", page + 1),
            theme.style(Tone::Muted),
        ));
    }
    Line::from(spans)
}

fn blocks(model: &Model, rows: &[Row], marked: usize, wide: usize, theme: Theme) -> Vec<Block> {
    let mut heading = "";
    let mut blocks = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let first = row.heading != heading;
        heading = row.heading;
        blocks.push(Block {
            row: at,
            heading: first.then_some(row.heading),
            lines: lines(model, row.what, at == marked, wide, theme),
        });
    }
    blocks
}

fn lines(model: &Model, what: What, marked: bool, wide: usize, theme: Theme) -> Vec<Line<'static>> {
    let (keys, text, tone) = match what {
        What::Action(action) => {
            let keys = model.keys.names(action.id);
            match action.disabled(model) {
                Some(why) => {
                    let text = format!("{} (not now: {why})", action.description);
                    (keys, text, Tone::Muted)
                }
                None => (keys, action.description.to_owned(), Tone::Plain),
            }
        }
        What::Layer(keys, what) => (keys.to_owned(), what.to_owned(), Tone::Plain),
    };
    // Where the keys take more than their column, the words begin behind them.
    let first = format!("{keys:<width$}", width = KEYS - 1) + " ";
    let room = wide.saturating_sub(MARK + KEYS.max(width(&first)));
    wrap(&text, room, 4)
        .into_iter()
        .enumerate()
        .map(|(n, text)| {
            let (mark, keys) = if n == 0 {
                (if marked { "▸ " } else { "  " }, first.clone())
            } else {
                ("  ", " ".repeat(width(&first)))
            };
            Line::from(vec![
                Span::styled(mark, theme.style(Tone::Focus)),
                Span::styled(keys, theme.style(Tone::Strong)),
                Span::styled(text, theme.style(tone)),
            ])
        })
        .collect()
}

/// Blocks into columns of `high` rows, columns into pages. No block is cut, unless it alone is higher.
fn pages(blocks: Vec<Block>, high: usize, columns: usize) -> Vec<Vec<Vec<Block>>> {
    let mut pages: Vec<Vec<Vec<Block>>> = Vec::new();
    let (mut column, mut used): (Vec<Block>, usize) = (Vec::new(), 0);
    let mut flow: Vec<Vec<Block>> = Vec::new();
    for block in blocks {
        let gap = usize::from(block.heading.is_some() && used > 0);
        let rows = block.lines.len() + usize::from(block.heading.is_some());
        if used > 0 && used + gap + rows > high {
            flow.push(std::mem::take(&mut column));
            used = rows;
        } else {
            used += gap + rows;
        }
        column.push(block);
    }
    if !column.is_empty() {
        flow.push(column);
    }
    let mut flow = flow.into_iter().peekable();
    while flow.peek().is_some() {
        pages.push(flow.by_ref().take(columns).collect());
    }
    pages
}
