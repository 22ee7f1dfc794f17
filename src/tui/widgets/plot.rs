//! Lines over an axis, drawn on cells: braille dots where the terminal has them, a character a cell where it has not.
//!
//! A stretch without data is a gap, and no line leads over it. Two lines are told apart by their pattern, not by colour.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::put;
use crate::tui::words::format::width;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Solid,
    Dotted,
}

impl Pattern {
    /// For a legend, and for an ASCII terminal each cell of the line.
    pub(crate) fn sample(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Solid, false) => "⠒⠒⠒",
            (Self::Dotted, false) => "⠐⠀⠂",
            (Self::Solid, true) => "***",
            (Self::Dotted, true) => "ooo",
        }
    }
}

/// Where both lines are in one cell of an ASCII terminal.
pub(crate) const BOTH: &str = "@";

/// A value over a stretch of the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) y: f64,
}

/// One line, by where its stretches start.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) pattern: Pattern,
    pub(crate) style: Style,
}

/// A height that is named.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) y: f64,
    pub(crate) name: String,
    /// Instead of a tick beside the axis.
    pub(crate) value: String,
    pub(crate) style: Style,
}

/// A name for a place on the axis.
pub(crate) type Tick = (f64, String);

/// Everything in one picture.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) x: Range<f64>,
    pub(crate) y: Range<f64>,
    /// The first lies on top.
    pub(crate) curves: Vec<Curve>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) marks: Vec<Tick>,
    pub(crate) x_ticks: Vec<Tick>,
    pub(crate) y_ticks: Vec<Tick>,
    pub(crate) quiet: Style,
    pub(crate) ascii: bool,
}

impl Plot {
    /// Columns that stand left of the field.
    pub(crate) fn gutter(&self) -> u16 {
        let limits = self.limits.iter().map(|limit| width(&limit.value));
        let ticks = self.y_ticks.iter().map(|tick| width(&tick.1));
        limits.chain(ticks).max().unwrap_or_default() as u16 + 1
    }

    /// Draws into the whole of `area`: the field, below it the axis and, where there are any, what happened. Gives the limits
    /// whose names found no place.
    pub(crate) fn draw(&self, area: Rect, buf: &mut Buffer) -> Vec<&Limit> {
        let gutter = self.gutter().min(area.width);
        let below = 1 + u16::from(!self.marks.is_empty());
        let field = Rect {
            x: area.x + gutter,
            width: area.width - gutter,
            height: area.height.saturating_sub(below),
            ..area
        };
        if field.width < 4 || field.height < 2 {
            return Vec::new();
        }
        let left = Rect {
            width: gutter.saturating_sub(1),
            ..area
        };
        let mut named: Vec<u16> = Vec::new();
        for limit in &self.limits {
            if let Some(row) = self.row(limit.y, field).filter(|row| !named.contains(row)) {
                named.push(row);
                right(&limit.value, limit.style, left, row, buf);
            }
        }
        for (y, text) in &self.y_ticks {
            if let Some(row) = self.row(*y, field).filter(|row| !named.contains(row)) {
                named.push(row);
                right(text, self.quiet, left, row, buf);
            }
        }
        self.limits(field, buf);
        self.marks(field, buf);
        for curve in self.curves.iter().rev() {
            self.curve(curve, field, buf);
        }
        let unnamed = self.names(field, buf);
        self.axis(&self.x_ticks, field, field.height, buf);
        self.axis(&self.marks, field, field.height + 1, buf);
        unnamed
    }

    /// Rows from the top; none where it is outside.
    fn row(&self, y: f64, field: Rect) -> Option<u16> {
        let span = self.y.end - self.y.start;
        let part = (self.y.end - y) / span;
        (0.0..=1.0)
            .contains(&part)
            .then(|| ((part * f64::from(field.height)) as u16).min(field.height - 1))
    }

    fn column(&self, x: f64, field: Rect) -> Option<u16> {
        let part = (x - self.x.start) / (self.x.end - self.x.start);
        (0.0..=1.0)
            .contains(&part)
            .then(|| ((part * f64::from(field.width)) as u16).min(field.width - 1))
    }

    fn limits(&self, field: Rect, buf: &mut Buffer) {
        for limit in &self.limits {
            if let Some(row) = self.row(limit.y, field) {
                let line = "─".repeat(usize::from(field.width));
                put(&Line::styled(line, limit.style), field, row, buf);
            }
        }
    }

    /// The names of the limits, where nothing else is; from the right.
    fn names(&self, field: Rect, buf: &mut Buffer) -> Vec<&Limit> {
        let mut unnamed = Vec::new();
        for limit in &self.limits {
            let Some(row) = self.row(limit.y, field) else {
                continue;
            };
            let text = format!(" {} ", limit.name);
            let wide = width(&text) as u16;
            let free = |x: u16, buf: &Buffer| {
                (x..x + wide).all(|x| {
                    let cell = buf.cell((field.x + x, field.y + row));
                    cell.is_some_and(|cell| matches!(cell.symbol(), "─" | "│"))
                })
            };
            let place = (1..field.width.saturating_sub(wide)).rev();
            if let Some(x) = place.into_iter().find(|x| free(*x, buf)) {
                let at = Rect {
                    x: field.x + x,
                    width: wide,
                    ..field
                };
                put(&Line::styled(text, limit.style), at, row, buf);
            } else {
                unnamed.push(limit);
            }
        }
        unnamed
    }

    fn marks(&self, field: Rect, buf: &mut Buffer) {
        for (x, _) in &self.marks {
            let Some(column) = self.column(*x, field) else {
                continue;
            };
            for row in 0..field.height {
                let at = (field.x + column, field.y + row);
                if let Some(cell) = buf.cell_mut(at).filter(|cell| cell.symbol() == " ") {
                    cell.set_symbol("│").set_style(self.quiet);
                }
            }
        }
    }

    /// Names below the field, each where it belongs; one that would touch the one before it is left out.
    fn axis(&self, ticks: &[Tick], field: Rect, row: u16, buf: &mut Buffer) {
        let line = Rect {
            height: row + 1,
            ..field
        };
        let mut used = 0;
        for (x, text) in ticks {
            let Some(column) = self.column(*x, field) else {
                continue;
            };
            let wide = width(text) as u16;
            let column = column.min(field.width.saturating_sub(wide));
            if column < used || wide > field.width {
                continue;
            }
            used = column + wide + 1;
            let at = Rect {
                x: field.x + column,
                width: wide,
                ..line
            };
            put(&Line::styled(text.clone(), self.quiet), at, row, buf);
        }
    }

    fn curve(&self, curve: &Curve, field: Rect, buf: &mut Buffer) {
        let fine: (f64, f64) = if self.ascii { (1.0, 1.0) } else { (2.0, 4.0) };
        let (wide, high) = (
            f64::from(field.width) * fine.0,
            f64::from(field.height) * fine.1,
        );
        let x = |x: f64| (x - self.x.start) / (self.x.end - self.x.start) * wide;
        let y = |y: f64| (self.y.end - y) / (self.y.end - self.y.start) * high;
        let mut dots = Dots {
            wide: wide as i64,
            high: high as i64,
            all: Vec::new(),
        };
        let mut before: Option<(Stretch, f64)> = None;
        for (i, stretch) in curve.stretches.iter().enumerate() {
            let height = y(stretch.y);
            let middle = x(f64::midpoint(stretch.from, stretch.to));
            let joins = before.filter(|(last, _)| stretch.from <= last.to + 1e-9);
            match joins {
                Some((last, there)) => {
                    let from = x(f64::midpoint(last.from, last.to));
                    dots.line((from, there), (middle, height));
                }
                None => dots.line((x(stretch.from), height), (middle, height)),
            }
            let next = curve.stretches.get(i + 1);
            if next.is_none_or(|next| next.from > stretch.to + 1e-9) {
                // The end itself belongs to what comes after.
                let end = (x(stretch.to) - 1.0).max(middle);
                dots.line((middle, height), (end, height));
            }
            before = Some((*stretch, height));
        }
        for (x, y) in dots.all {
            if self.ascii {
                letter(curve, (x, y), field, buf);
            } else if curve.pattern == Pattern::Solid || (x + y).rem_euclid(3) == 0 {
                dot(curve.style, (x, y), field, buf);
            }
        }
    }
}

/// Places on the fine grid that a line goes through.
struct Dots {
    wide: i64,
    high: i64,
    all: Vec<(i64, i64)>,
}

impl Dots {
    /// From one place to another; what is outside of the field is left out.
    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil();
        let steps = steps.clamp(1.0, 10_000.0) as u32;
        for step in 0..=steps {
            let part = f64::from(step) / f64::from(steps);
            let x = (from.0 + (to.0 - from.0) * part).floor() as i64;
            let y = (from.1 + (to.1 - from.1) * part).floor() as i64;
            // The lowest value is in the last row, the last moment in the last column.
            let (x, y) = (
                if x == self.wide { x - 1 } else { x },
                if y == self.high { y - 1 } else { y },
            );
            if (0..self.wide).contains(&x) && (0..self.high).contains(&y) {
                self.all.push((x, y));
            }
        }
    }
}

const BRAILLE: u32 = 0x2800;
/// The bit of a dot by row and column of its cell.
const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

fn dot(style: Style, (x, y): (i64, i64), field: Rect, buf: &mut Buffer) {
    let at = (field.x + (x / 2) as u16, field.y + (y / 4) as u16);
    let row = BITS.get((y % 4) as usize);
    let bit = row.and_then(|row| row.get((x % 2) as usize));
    let (Some(bit), Some(cell)) = (bit, buf.cell_mut(at)) else {
        return;
    };
    let known = cell.symbol().chars().next().map_or(0, u32::from);
    let known = if (BRAILLE..BRAILLE + 0x100).contains(&known) {
        known
    } else {
        BRAILLE
    };
    if let Some(symbol) = char::from_u32(known | bit) {
        cell.set_char(symbol)
            .set_style(Style::reset())
            .set_style(style);
    }
}

fn letter(curve: &Curve, (x, y): (i64, i64), field: Rect, buf: &mut Buffer) {
    let Some(cell) = buf.cell_mut((field.x + x as u16, field.y + y as u16)) else {
        return;
    };
    let other = match curve.pattern {
        Pattern::Solid => "o",
        Pattern::Dotted => "*",
    };
    let symbol = match curve.pattern {
        _ if cell.symbol() == other || cell.symbol() == BOTH => BOTH,
        Pattern::Solid => "*",
        Pattern::Dotted => "o",
    };
    cell.set_symbol(symbol)
        .set_style(Style::reset())
        .set_style(curve.style);
}

fn right(text: &str, style: Style, area: Rect, row: u16, buf: &mut Buffer) {
    let pad = usize::from(area.width).saturating_sub(width(text));
    let line = Line::from(vec![
        Span::raw(" ".repeat(pad)),
        Span::styled(text.to_owned(), style),
    ]);
    put(&line, area, row, buf);
}

#[cfg(test)]
mod tests;
