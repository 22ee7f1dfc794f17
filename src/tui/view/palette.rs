//! The palette: the line that is typed, and below it what it may mean. As high whatever matches, so that nothing jumps.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::tui::dialogs::palette::{Offer, Palette, offers};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{fit, width};

const COLUMNS: u16 = 98;
/// Rows below the line.
const ROWS: u16 = 14;
const NAME: usize = 17;
const KEY: usize = 9;

pub(crate) fn draw(model: &Model, palette: &Palette, theme: Theme, buf: &mut Buffer) {
    let text = palette.input.value();
    let offers = offers(model, text);
    let columns = COLUMNS.min(buf.area.width);
    // A row is left above for the verdict and one below for the keys of the palette.
    let rows = ROWS.min(buf.area.height.saturating_sub(5)).max(1);
    let title = Line::from(vec![
        Span::styled("Commands", theme.style(Tone::Strong)),
        Span::styled(
            format!(" · {} match", offers.len()),
            theme.style(Tone::Muted),
        ),
    ]);
    let inner = dialog(&title, Tone::Focus, columns, rows + 1, theme, buf);
    let room = usize::from(inner.width).saturating_sub(2);
    let scrolled = palette.input.visual_scroll(room);
    let shown: String = text.chars().skip(scrolled).collect();
    let line = Line::from(vec![
        Span::styled(":", theme.style(Tone::Strong)),
        Span::raw(shown),
        Span::styled("█", theme.style(Tone::Focus)),
    ]);
    put(&line, inner, 0, buf);
    let rows = usize::from(rows);
    let first = (palette.marked + 1).saturating_sub(rows);
    for (row, (at, offer)) in offers.iter().enumerate().skip(first).take(rows).enumerate() {
        let line = offered(offer, at == palette.marked, theme);
        put(&line, inner, row as u16 + 1, buf);
    }
    if offers.is_empty() {
        put(
            &Line::styled("  nothing matches", theme.style(Tone::Muted)),
            inner,
            1,
            buf,
        );
    }
}

fn offered(offer: &Offer, marked: bool, theme: Theme) -> Line<'static> {
    let (text, tone) = match &offer.disabled {
        Some(why) => (format!("not now: {why}"), Tone::Muted),
        None => (offer.description.clone(), Tone::Plain),
    };
    let padded = |text: &str, columns: usize| {
        let text = fit(text, columns);
        let pad = " ".repeat(columns.saturating_sub(width(&text)) + 1);
        text + &pad
    };
    // A long name takes what it needs: it is what is being looked for.
    let name = padded(&offer.name, NAME.max(width(&offer.name)));
    let name_tone = if offer.disabled.is_some() {
        Tone::Muted
    } else {
        Tone::Strong
    };
    Line::from(vec![
        Span::styled(if marked { "▸ " } else { "  " }, theme.style(Tone::Focus)),
        Span::styled(
            name,
            theme.style(if marked { Tone::Focus } else { name_tone }),
        ),
        Span::styled(padded(&offer.keys, KEY), theme.style(Tone::Strong)),
        Span::styled(text, theme.style(tone)),
    ])
}
