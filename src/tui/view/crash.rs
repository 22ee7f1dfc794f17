//! One crash, looked at: its stack, on which devices and systems it happens, and who tells of it.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::domain::{IssueDetail, PlainText, Recurrence};
use crate::tui::state::look::{Found, Look};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{self, fit, stamp, wrap};

/// Frames that stay visible beside all the rest.
const LEAST_FRAMES: usize = 3;

pub(crate) fn draw(model: &Model, look: &Look, theme: Theme, buf: &mut Buffer) {
    let columns = buf.area.width.min(120);
    let inside = usize::from(columns.saturating_sub(4));
    let muted = theme.style(Tone::Muted);
    let head = head(model, look, theme, inside);
    let mut body = Vec::new();
    let mut tail = Vec::new();
    match &look.found {
        Found::Asked => body.push(Line::styled("asking …", muted)),
        Found::Nothing(why) => body.extend(
            wrap(&format!("no more is known: {why}"), inside, 4)
                .into_iter()
                .map(|line| Line::styled(line, theme.style(Tone::Unknown))),
        ),
        Found::Told { source, detail } => {
            let frames = detail.stack.iter().skip(look.offset);
            body.extend(frames.map(|frame| Line::raw(fit(frame.as_str(), inside))));
            if detail.stack.is_empty() {
                body.push(Line::styled(format!("{source} gives no stack"), muted));
            }
            tail = facts(detail, theme, inside);
        }
    }
    let most = usize::from(buf.area.height.saturating_sub(2));
    let room = most
        .saturating_sub(head.len() + tail.len() + 3)
        .max(LEAST_FRAMES);
    let hidden = body.len().saturating_sub(room);
    body.truncate(room);
    let more = if hidden > 0 || look.offset > 0 {
        format!("j k scroll the stack ({hidden} more below)   Esc back")
    } else {
        "Esc back".to_owned()
    };
    let mut lines = head;
    lines.push(Line::raw(""));
    lines.extend(body);
    lines.push(Line::raw(""));
    lines.extend(tail);
    lines.push(Line::styled(more, muted));
    let title = Line::styled("Crash", theme.style(Tone::Strong));
    let inner = dialog(&title, Tone::Focus, columns, lines.len() as u16, theme, buf);
    // Where not all of it fits, the way back is the last to go.
    let last = inner.height.saturating_sub(1);
    for (row, line) in lines.iter().enumerate() {
        let row = row as u16;
        if row < last || lines.len() <= usize::from(inner.height) {
            put(line, inner, row, buf);
        }
    }
    if let Some(line) = lines
        .last()
        .filter(|_| lines.len() > usize::from(inner.height))
    {
        put(line, inner, last, buf);
    }
}

fn head(model: &Model, look: &Look, theme: Theme, inside: usize) -> Vec<Line<'static>> {
    let issue = &look.issue;
    let (word, tone) = match issue.recurrence {
        Recurrence::New => ("NEW", Tone::Bad),
        Recurrence::Regressed => ("REGRESSED", Tone::Warning),
        Recurrence::Recurring => ("recurring", Tone::Muted),
    };
    let mut lines: Vec<Line<'static>> = wrap(issue.title.as_str(), inside, 2)
        .into_iter()
        .map(|line| Line::styled(line, theme.style(Tone::Strong)))
        .collect();
    let first = issue.first_seen.map_or_else(String::new, |at| {
        format!(", first at {}", stamp(at, model.now.watched))
    });
    lines.push(Line::from(vec![
        Span::styled(word, theme.style(tone)),
        Span::raw(fit(
            &format!("  {}{first}", issue.place),
            inside.saturating_sub(word.len()),
        )),
    ]));
    for told in &issue.told_by {
        let link = told
            .link
            .as_ref()
            .map_or_else(String::new, |link| format!("  {link}"));
        let text = format!(
            "{}: {} users, {} events{link}",
            told.source,
            format::count(told.users),
            format::count(told.events),
        );
        lines.push(Line::styled(fit(&text, inside), theme.style(Tone::Muted)));
    }
    lines
}

fn facts(detail: &IssueDetail, theme: Theme, inside: usize) -> Vec<Line<'static>> {
    let shares = |name: &str, rows: &[(PlainText, u64)]| {
        let all: u64 = rows.iter().map(|(_, n)| n).sum();
        let parts: Vec<String> = rows
            .iter()
            .take(5)
            .map(|(what, n)| {
                let percent = (*n as f64 / all.max(1) as f64 * 100.0).round();
                format!("{what} {percent:.0}%")
            })
            .collect();
        let text = format!("{name:<8}{}", parts.join(", "));
        (!rows.is_empty()).then(|| Line::raw(fit(&text, inside)))
    };
    let mut lines = Vec::new();
    lines.extend(shares("devices", &detail.devices));
    lines.extend(shares("systems", &detail.os_versions));
    lines.extend(detail.link.as_ref().map(|link| {
        Line::styled(
            fit(&format!("link    {link}"), inside),
            theme.style(Tone::Muted),
        )
    }));
    lines
}
