//! The question before leaving while something is under way.

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::wrap;
use crate::tui::words::plan;

const COLUMNS: u16 = 70;

pub(crate) fn draw(model: &Model, theme: Theme, buf: &mut Buffer) {
    let columns = COLUMNS.min(buf.area.width);
    let room = usize::from(columns.saturating_sub(4));
    let mut lines = Vec::new();
    for app in model.apps() {
        let around = model.around.is_pending(&app.id);
        if app.announced.is_none() && app.desire.is_none() && !around {
            continue;
        }
        for pending in plan::statements(model, app).into_iter().take(1) {
            let text = format!("{}: {}", app.id, pending.text);
            lines.extend(
                wrap(&text, room, 2)
                    .into_iter()
                    .map(|text| Line::styled(text, theme.style(pending.tone))),
            );
        }
    }
    let after = model.after_quit();
    if !after.is_empty() {
        let text = format!("Once you leave, {after}.");
        lines.extend(wrap(&text, room, 2).into_iter().map(Line::raw));
    }
    lines.push(Line::raw(""));
    lines.push(Line::styled(
        "Press y to leave, any other key to stay.",
        theme.style(Tone::Strong),
    ));
    let title = Line::styled("Leave while this is under way?", theme.style(Tone::Strong));
    let inner = dialog(
        &title,
        Tone::Warning,
        columns,
        lines.len() as u16,
        theme,
        buf,
    );
    for (row, line) in lines.iter().enumerate() {
        put(line, inner, row as u16, buf);
    }
}
