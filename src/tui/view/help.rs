//! The keys, from the table; what cannot be done now says why.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::actions::{ACTIONS, Scope};
use super::super::format::wrap;
use super::super::model::Model;
use super::super::theme::{Theme, Tone};
use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;

/// Columns of the keys.
const KEYS: usize = 13;

pub(crate) fn draw(model: &Model, theme: Theme, buf: &mut Buffer) {
    let columns = buf.area.width.min(112);
    let half = usize::from(columns.saturating_sub(6) / 2);
    let mut left = section(model, theme, Scope::Act, half);
    left.push(Line::raw(""));
    left.extend(section(model, theme, Scope::Screen, half));
    let mut right = section(model, theme, Scope::Look, half);
    right.extend(section(model, theme, Scope::Time, half));
    let side_by_side = columns >= 76;
    let rows = if side_by_side {
        left.len().max(right.len())
    } else {
        left.len() + right.len() + 1
    };
    let title = Line::styled("Keys", theme.style(Tone::Strong));
    let inner = dialog(&title, Tone::Focus, columns, rows as u16, theme, buf);
    let column = |lines: &[Line<'_>], area: Rect, buf: &mut Buffer| {
        for (row, line) in lines.iter().enumerate() {
            put(line, area, row as u16, buf);
        }
    };
    if side_by_side {
        let half = half as u16;
        column(
            &left,
            Rect {
                width: half,
                ..inner
            },
            buf,
        );
        let x = inner.x + half + 2;
        column(
            &right,
            Rect {
                x,
                width: half,
                ..inner
            },
            buf,
        );
    } else {
        left.push(Line::raw(""));
        left.extend(right);
        column(&left, inner, buf);
    }
}

fn section(model: &Model, theme: Theme, scope: Scope, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(scope.title(), theme.style(Tone::Strong))];
    for action in ACTIONS.iter().filter(|action| action.scope == scope) {
        let disabled = action.disabled(model);
        let tone = if disabled.is_some() {
            Tone::Muted
        } else {
            Tone::Plain
        };
        let text = match disabled {
            Some(why) => format!("{} (not now: {why})", action.description),
            None => action.description.to_owned(),
        };
        for (i, text) in wrap(&text, columns.saturating_sub(KEYS), 3)
            .into_iter()
            .enumerate()
        {
            let keys = if i == 0 {
                model.keys.names(action.id)
            } else {
                String::new()
            };
            lines.push(Line::from(vec![
                Span::styled(format!("{keys:<KEYS$}"), theme.style(Tone::Strong)),
                Span::styled(text, theme.style(tone)),
            ]));
        }
    }
    lines
}
