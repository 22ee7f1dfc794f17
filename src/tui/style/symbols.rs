//! The glyphs of the screen, and what stands for them where the terminal knows ASCII only.
//!
//! Everything is drawn with the Unicode set, in which no glyph is an emoji and each is one column wide; for an ASCII
//! terminal the finished picture is translated cell by cell, text from outside included.

use ratatui::buffer::Buffer;
use unicode_segmentation::UnicodeSegmentation as _;

/// Shares of a bar's cell, in eighths.
pub(crate) const EIGHTHS: [&str; 9] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
/// Heights of a sparkline's cell.
pub(crate) const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Layers that lie on each other, the most solid one first.
pub(crate) const SHADES: [&str; 4] = ["█", "▓", "▒", "░"];

/// One ASCII character for each glyph; anything unknown is `?`.
fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "✗" => "X",
        "✓" | "↓" => "v",
        "↑" => "^",
        "Δ" => "d",
        "▸" | "→" | "≥" => ">",
        "≤" => "<",
        "○" => "o",
        "●" | "▇" | "★" => "*",
        "–" | "—" | "−" | "─" | "▃" => "-",
        "×" => "x",
        "±" => "~",
        "│" => "|",
        "┌" | "┐" | "└" | "┘" | "▆" => "+",
        "█" | "▉" | "▊" => "#",
        "‖" | "▋" | "▌" | "▅" | "▓" => "=",
        "•" | "·" | "…" | "▍" | "▎" | "▏" | "▁" | "☆" | "░" => ".",
        "▂" => "_",
        "▄" | "▒" => ":",
        "’" | "‘" => "'",
        "“" | "”" => "\"",
        _ => "?",
    }
}

/// Translates a finished picture; its columns stay where they are.
pub(crate) fn to_ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if !cell.symbol().is_ascii() {
            // The cells that a wide character hides hold a space already.
            let plain = ascii(cell.symbol());
            cell.set_symbol(plain);
        }
    }
}

/// The same for a text outside of the picture.
pub(crate) fn text_to_ascii(text: &str) -> String {
    let plain = |grapheme| {
        if str::is_ascii(grapheme) {
            grapheme
        } else {
            ascii(grapheme)
        }
    };
    text.graphemes(true).map(plain).collect()
}

/// Whether the environment asks for ASCII: no UTF-8 in the locale, or a terminal without such glyphs.
pub(crate) fn wants_ascii(env: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env(name).filter(|value| !value.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let term = env("TERM").unwrap_or_default();
    !utf8 || matches!(term.as_str(), "linux" | "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{layout::Rect, style::Style};

    #[test]
    fn translation_keeps_columns_and_leaves_no_other_character() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        buf.set_string(0, 0, "✗ 日本 ≥ █▁é", Style::default());
        to_ascii(&mut buf);
        let line: String = buf
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!(line, "X ? ?  > #.?");
    }

    #[test]
    fn the_locale_decides_most_specific_first() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            }
        };
        assert!(!wants_ascii(env(&[("LANG", "C.UTF-8"), ("TERM", "xterm")])));
        assert!(wants_ascii(env(&[
            ("LC_ALL", "C"),
            ("LANG", "en_GB.UTF-8")
        ])));
        assert!(wants_ascii(env(&[
            ("LANG", "en_GB.UTF-8"),
            ("TERM", "linux")
        ])));
        assert!(wants_ascii(env(&[])));
    }
}
