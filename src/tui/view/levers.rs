//! What a person can do now and what it would mean; once stopped, the way out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::actions::{self, Action, Do, Scope};
use super::super::format::wrap;
use super::super::model::{Model, Pane};
use super::super::theme::{Theme, Tone};
use super::super::widgets::text::put;
use crate::api::AppSnapshot;

/// Columns of the key and the name, with their gaps.
const BEFORE: usize = 14;

/// Beside the title.
pub(crate) fn aside(app: &AppSnapshot) -> String {
    match &app.acknowledged_by {
        Some(actor) => format!("{actor} is on it"),
        None => String::new(),
    }
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut lines = Vec::new();
    if !app.way_out.is_empty() {
        lines.extend(way_out(app, theme, usize::from(area.width)));
    }
    let (can, cannot): (Vec<_>, Vec<_>) = actions::ACTIONS
        .iter()
        .filter(|action| action.scope == Scope::Act)
        .partition(|action| action.disabled(model).is_none());
    for action in can.into_iter().chain(cannot) {
        lines.extend(lever(model, app, action, theme, usize::from(area.width)));
    }
    for (row, line) in lines.iter().skip(model.offset(Pane::Levers)).enumerate() {
        put(line, area, row as u16, buf);
    }
}

fn way_out(app: &AppSnapshot, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("The way out", theme.style(Tone::Strong))];
    for (i, step) in app.way_out.iter().enumerate() {
        for (n, text) in wrap(step, columns.saturating_sub(3), 3)
            .into_iter()
            .enumerate()
        {
            let number = if n == 0 {
                format!("{}. ", i + 1)
            } else {
                "   ".into()
            };
            lines.push(Line::raw(format!("{number}{text}")));
        }
    }
    lines
}

fn lever(
    model: &Model,
    app: &AppSnapshot,
    action: &Action,
    theme: Theme,
    columns: usize,
) -> Vec<Line<'static>> {
    let disabled = action.disabled(model);
    let name = match action.does {
        Do::Disarm if app.disarmed.is_some() || model.snapshot.disarmed.is_some() => "arm",
        _ => action.hint,
    };
    let (text, tone) = match (&disabled, action.does) {
        (Some(why), _) => (format!("no: {why}"), Tone::Muted),
        (None, Do::Verb(verb)) => (verb.meaning(app.store).to_owned(), Tone::Plain),
        (None, _) => {
            let text = action
                .description
                .split_once(": ")
                .map_or(action.description, |(_, rest)| rest);
            (text.to_owned(), Tone::Plain)
        }
    };
    let style = theme.style(tone);
    let lines = if disabled.is_some() { 1 } else { 2 };
    wrap(&text, columns.saturating_sub(BEFORE), lines)
        .into_iter()
        .enumerate()
        .map(|(i, text)| {
            if i > 0 {
                return Line::styled(format!("{:BEFORE$}{text}", ""), style);
            }
            let key = if disabled.is_some() {
                Tone::Muted
            } else {
                Tone::Strong
            };
            Line::from(vec![
                Span::styled(
                    format!("[{}] {name:<8}  ", model.keys.name(action.id)),
                    theme.style(key),
                ),
                Span::styled(text, style),
            ])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_column() {
        let acts = actions::ACTIONS
            .iter()
            .filter(|action| action.scope == Scope::Act);
        for action in acts {
            assert!(action.hint.len() <= 8, "{}", action.hint);
        }
    }
}
