//! Cells into bytes: the cursor is moved and the style changed only where they are not what is wanted already.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// The beginning and the end of a frame that terminals show at once (synchronized update).
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// How a cell looks.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    /// What of it can be seen where there is no character.
    fn blank(self) -> Self {
        let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        let modifier = self.modifier & seen;
        // A line under or through it has the colour of the text, and so has what is reversed.
        let fg = if modifier.is_empty() {
            Color::Reset
        } else {
            self.fg
        };
        Self {
            fg,
            modifier,
            ..self
        }
    }
}

/// What the terminal was left with, and the frame that is being made.
#[derive(Default)]
pub(super) struct Painter {
    frame: String,
    look: Look,
    /// Where the next character goes; `None` where that is not sure.
    cursor: Option<(u16, u16)>,
}

impl Painter {
    /// Everything blank, and in no style.
    pub(super) fn erase(&mut self) {
        self.frame.push_str("\x1b[0m\x1b[2J");
        (self.look, self.cursor) = (Look::default(), None);
    }

    /// What has to be painted for a terminal that shows `before` to show `next`.
    pub(super) fn changes(&mut self, before: &Buffer, next: &Buffer) {
        // Terminals blank what is left of a wide character in the style of what is painted over the rest of it.
        let mut left: Option<(u16, u16)> = None;
        for (x, y, cell) in before.diff_iter(next) {
            if let Some(at) = left.take().filter(|at| *at != (x, y)) {
                self.put(at, next.cell(at));
            }
            self.put((x, y), Some(cell));
            let end = x.saturating_add(columns(cell));
            let over = before.cell((end.saturating_sub(1), y));
            left = over.is_some_and(|it| columns(it) > 1).then_some((end, y));
        }
        if let Some(at) = left {
            self.put(at, next.cell(at));
        }
    }

    fn put(&mut self, (x, y): (u16, u16), cell: Option<&Cell>) {
        let Some(cell) = cell else { return };
        self.go(x, y);
        let look = Look {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        };
        let same_blank = cell.symbol() == " " && look.blank() == self.look.blank();
        if look != self.look && !same_blank {
            self.restyle(look);
        }
        self.frame.push_str(cell.symbol());
        // How wide a terminal draws what is neither ASCII nor one column wide is not certain.
        self.cursor = (columns(cell) == 1).then_some((x + 1, y));
    }

    fn go(&mut self, x: u16, y: u16) {
        match self.cursor {
            Some(at) if at == (x, y) => {}
            Some((from, row)) if row == y && from < x && x - from < 100 => {
                self.add(format_args!("\x1b[{}C", x - from));
            }
            _ => self.add(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
    }

    /// The window's title; control characters would end it, or worse.
    pub(super) fn title(&mut self, title: &str) {
        let harmless = title.chars().filter(|c| !c.is_control());
        self.frame.push_str("\x1b]2;");
        self.frame.extend(harmless);
        self.frame.push_str("\x1b\\");
    }

    /// The frame, empty where nothing was painted.
    pub(super) fn frame(&mut self) -> Vec<u8> {
        let frame = std::mem::take(&mut self.frame);
        if frame.is_empty() {
            return Vec::new();
        }
        format!("{BEGIN}{frame}{END}").into_bytes()
    }

    /// Adds what is new; what is to be gone has to be reset first.
    fn restyle(&mut self, look: Look) {
        let gone = |before: Color, after: Color| after == Color::Reset && before != Color::Reset;
        let reset = !look.modifier.contains(self.look.modifier)
            || gone(self.look.fg, look.fg)
            || gone(self.look.bg, look.bg);
        if reset {
            self.look = Look::default();
        }
        let mut codes = Vec::new();
        // The bits of a modifier stand in the order of their codes.
        let added = (look.modifier - self.look.modifier).bits();
        codes.extend(
            (0..9)
                .filter(|bit| added >> bit & 1 == 1)
                .map(|bit| bit + 1),
        );
        for (before, after, base) in [(self.look.fg, look.fg, 30), (self.look.bg, look.bg, 40)] {
            if before != after {
                codes.extend(code(after).map(|code| base + code));
            }
        }
        // A reset is the empty code.
        let reset = reset.then(String::new);
        let codes = codes.into_iter().map(|code: u8| code.to_string());
        let codes: Vec<String> = reset.into_iter().chain(codes).collect();
        if !codes.is_empty() {
            self.add(format_args!("\x1b[{}m", codes.join(";")));
        }
        self.look = look;
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        self.frame.write_fmt(text).ok();
    }
}

/// At least one: a cell is never empty.
fn columns(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)
}

/// Where one of the sixteen colours stands behind the first; no theme has others.
fn code(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn paint(painter: &mut Painter, before: &Buffer, next: &Buffer) -> Vec<u8> {
        painter.changes(before, next);
        painter.frame()
    }

    #[test]
    fn nothing_new_is_no_byte_and_a_digit_is_few() {
        let mut painter = Painter::default();
        let blank = Buffer::empty(Rect::new(0, 0, 80, 24));
        let mut next = blank.clone();
        next.set_string(70, 1, "41s", Style::new());
        assert!(!paint(&mut painter, &blank, &next).is_empty());
        assert!(paint(&mut painter, &next, &next.clone()).is_empty());
        let mut later = next.clone();
        later.set_string(70, 1, "42s", Style::new());
        assert_eq!(
            paint(&mut painter, &next, &later),
            b"\x1b[?2026h\x1b[2;72H2\x1b[?2026l"
        );
    }

    #[test]
    fn a_title_cannot_break_out() {
        let mut painter = Painter::default();
        painter.title("a\u{1b}\\b\u{7}c\u{9c}d");
        let frame = String::from_utf8(painter.frame()).unwrap();
        assert!(frame.contains("\x1b]2;a\\bcd\x1b\\"), "{frame:?}");
    }

    #[test]
    fn half_of_a_wide_character_is_not_left_in_the_style_of_its_neighbour() {
        let (mut painter, mut terminal) = (Painter::default(), vt100::Parser::default());
        let blank = Buffer::empty(Rect::new(0, 0, 20, 4));
        let (mut wide, mut next) = (blank.clone(), blank.clone());
        wide.set_string(7, 1, "日", Style::new());
        next.set_string(7, 1, "x", Style::new().reversed());
        terminal.process(&paint(&mut painter, &blank, &wide));
        terminal.process(&paint(&mut painter, &wide, &next));
        let inverse = |col| terminal.screen().cell(1, col).unwrap().inverse();
        assert!(inverse(7) && !inverse(8));
    }

    /// Where a run of cells starts, its text, its colour and its weight.
    type Run = (u16, u16, String, u8, u8);

    fn runs() -> impl Strategy<Value = Vec<Vec<Run>>> {
        let run = (0_u16..20, 0_u16..4, "[a-c日é✗ ]{0,6}", 0_u8..4, 0_u8..4);
        prop::collection::vec(prop::collection::vec(run, 0..4), 1..5)
    }

    fn drawn(runs: &[Run]) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 4));
        for (x, y, text, colour, weight) in runs {
            let fg =
                [Color::Reset, Color::Red, Color::LightBlue, Color::Cyan][usize::from(*colour)];
            let weights = [
                Modifier::empty(),
                Modifier::BOLD,
                Modifier::REVERSED,
                Modifier::UNDERLINED,
            ];
            let style = Style::new()
                .fg(fg)
                .add_modifier(weights[usize::from(*weight)]);
            buf.set_string(*x, *y, text, style);
        }
        buf
    }

    proptest! {
        /// Whatever was shown before, the terminal ends up with what is wanted.
        #[test]
        fn frames_add_up_to_the_picture(frames in runs()) {
            let size = |n| NonZeroU16::new(n).unwrap();
            let (mut step, mut whole) = (vt100::Parser::new(size(4), size(20), 0), vt100::Parser::new(size(4), size(20), 0));
            let mut painter = Painter::default();
            let mut before = Buffer::empty(Rect::new(0, 0, 20, 4));
            for runs in frames {
                let next = drawn(&runs);
                step.process(&paint(&mut painter, &before, &next));
                before = next;
            }
            let mut anew = Painter::default();
            anew.erase();
            anew.changes(&Buffer::empty(before.area), &before);
            whole.process(&anew.frame());
            let rows = |parser: &vt100::Parser| {
                let rows = parser.screen().rows(0, 20);
                rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>()
            };
            prop_assert_eq!(rows(&step), rows(&whole));
            for (row, col) in (0..4).flat_map(|row| (0..20).map(move |col| (row, col))) {
                let (a, b) = (step.screen().cell(row, col).unwrap(), whole.screen().cell(row, col).unwrap());
                if !a.has_contents() || a.contents() == " " && !a.inverse() && !a.underline() {
                    prop_assert!(!b.inverse() && !b.underline());
                    continue;
                }
                prop_assert_eq!((a.fgcolor(), a.bold(), a.inverse(), a.underline()), (b.fgcolor(), b.bold(), b.inverse(), b.underline()));
            }
        }
    }
}
