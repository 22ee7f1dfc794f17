//! What is recorded of one event: the sentence, and every fact behind it.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::domain::{Record, StoreKind};
use crate::tui::state::evidence::{Evidence, facts};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::wrap;
use crate::tui::words::story;

/// Columns of the labels with their gap.
const LABEL: usize = 13;
/// Lines of one fact at most.
const MOST: usize = 6;

pub(crate) fn draw(model: &Model, evidence: &Evidence, theme: Theme, buf: &mut Buffer) {
    let columns = buf.area.width.min(110);
    let inside = usize::from(columns.saturating_sub(4));
    let mut lines = lines(model, &evidence.record, theme, inside);
    let room = usize::from(buf.area.height.saturating_sub(3));
    let first = evidence.offset.min(lines.len().saturating_sub(room.max(1)));
    let hidden = lines.len().saturating_sub(first + room);
    lines.drain(..first);
    lines.truncate(room);
    let foot = if hidden > 0 || first > 0 {
        format!("j k scroll ({hidden} more below)   Esc back")
    } else {
        "Esc back".to_owned()
    };
    lines.push(Line::styled(foot, theme.style(Tone::Muted)));
    let title = Line::styled("Evidence", theme.style(Tone::Strong));
    let inner = dialog(&title, Tone::Focus, columns, lines.len() as u16, theme, buf);
    for (row, line) in (0..).zip(&lines) {
        put(line, inner, row, buf);
    }
}

/// The sentence and the facts, wrapped to so many columns.
pub(crate) fn lines(
    model: &Model,
    record: &Record,
    theme: Theme,
    columns: usize,
) -> Vec<Line<'static>> {
    let mut apps = model.snapshot.apps.iter();
    let app = apps.find(|app| Some(&app.id) == record.app.as_ref());
    let store = app.map_or(StoreKind::GooglePlay, |app| app.store);
    let told = story::tell(record, store, model.now.watched);
    let style = theme.style(told.tone);
    let sentence = wrap(&told.text, columns, MOST);
    let mut lines: Vec<Line<'static>> = sentence
        .into_iter()
        .map(|text| Line::styled(text, style))
        .collect();
    let muted = theme.style(Tone::Muted);
    for fact in facts(model, record) {
        let texts = wrap(&fact.text, columns.saturating_sub(LABEL), MOST);
        for (place, text) in texts.into_iter().enumerate() {
            let label = if place == 0 { fact.label.as_str() } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{label:<LABEL$}"), muted),
                Span::raw(text),
            ]));
        }
    }
    lines
}
