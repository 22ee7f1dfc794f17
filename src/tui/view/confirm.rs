//! The confirmation dialog, drawn.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::confirm::{Ask, Confirm};
use super::super::format::wrap;
use super::super::model::Model;
use super::super::theme::{Theme, Tone};
use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;

/// Columns of the whole dialog, and of its labels.
const COLUMNS: u16 = 76;
const LABELS: usize = 9;

pub(crate) fn draw(model: &Model, confirm: &Confirm, theme: Theme, buf: &mut Buffer) {
    let columns = COLUMNS.min(buf.area.width);
    let room = usize::from(columns.saturating_sub(4));
    // What must be pressed comes last, so on a low terminal the facts give way to it, never the reverse.
    let ask = question(model, confirm, theme, room);
    let high = usize::from(buf.area.height.saturating_sub(2));
    let spare = high.saturating_sub(ask.len());
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (label, text) in &confirm.facts {
        for (i, text) in wrap(text, room.saturating_sub(LABELS), 3)
            .into_iter()
            .enumerate()
        {
            let label = if i == 0 { *label } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{label:<LABELS$}"), theme.style(Tone::Muted)),
                Span::raw(text),
            ]));
        }
    }
    lines.truncate(spare);
    if lines.len() < spare {
        lines.push(Line::raw(""));
    }
    lines.extend(ask);
    let tone = match confirm.ask {
        Ask::Phrase { .. } => Tone::Warning,
        Ask::Press | Ask::PressOrAll => Tone::Focus,
    };
    let title = Line::styled(confirm.title.clone(), theme.style(Tone::Strong));
    let inner = dialog(&title, tone, columns, lines.len() as u16, theme, buf);
    for (row, line) in lines.iter().enumerate() {
        put(line, inner, row as u16, buf);
    }
}

fn question(model: &Model, confirm: &Confirm, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let strong = theme.style(Tone::Strong);
    let name = confirm.name;
    let mut lines = match &confirm.ask {
        Ask::Press => vec![Line::from(vec![
            Span::raw("Press "),
            Span::styled("y", strong),
            Span::raw(format!(" to {name}, Esc to cancel. Enter does nothing.")),
        ])],
        Ask::PressOrAll => vec![
            Line::from(vec![
                Span::raw("Press "),
                Span::styled("y", strong),
                Span::raw(format!(" to {name} {},", confirm.app)),
            ]),
            Line::from(vec![
                Span::styled("      A", strong),
                Span::raw(format!(
                    " to {name} every app, Esc to cancel. Enter does nothing."
                )),
            ]),
        ],
        Ask::Phrase {
            expected,
            typed,
            reason,
            at_reason,
        } => {
            let mut lines = Vec::new();
            if let Some(reason) = reason {
                lines.push(Line::styled(
                    "Why is it safe to go on? Type the reason, then Tab.",
                    strong,
                ));
                lines.push(field(reason, *at_reason, theme));
            }
            if !*at_reason {
                let text = format!(
                    "Raises exposure: type  {expected}  and it is done with the last letter."
                );
                lines.extend(
                    wrap(&text, room, 2)
                        .into_iter()
                        .map(|text| Line::styled(text, strong)),
                );
                let mut line = field(typed, true, theme);
                if !expected.starts_with(typed.as_str()) {
                    let style = theme.style(Tone::Warning);
                    line.spans
                        .push(Span::styled("  not the phrase: Backspace", style));
                }
                lines.push(line);
            }
            lines.push(Line::raw("Esc cancels. Enter does not confirm."));
            lines
        }
    };
    let deaf = if confirm.is_deaf(model.now.wall) {
        "  Deaf for 0.5 s."
    } else {
        ""
    };
    let pinned = format!(
        "About revision {}; a change closes this.{deaf}",
        confirm.revision
    );
    lines.push(Line::styled(pinned, theme.style(Tone::Muted)));
    lines
}

fn field(typed: &str, active: bool, theme: Theme) -> Line<'static> {
    let cursor = if active { "█" } else { "" };
    Line::from(vec![
        Span::styled("> ", theme.style(Tone::Muted)),
        Span::raw(typed.to_owned()),
        Span::raw(cursor),
    ])
}
