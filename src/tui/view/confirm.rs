//! The confirmation dialog, drawn. On a low terminal the facts give way to what must be pressed, the least needed first.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::widgets::bar::bar;
use super::super::widgets::pane::dialog;
use super::super::widgets::text::put;
use crate::tui::dialogs::confirm::{Ask, Confirm, Fact};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{width, wrap};

/// Columns of the whole dialog, and of its labels.
const COLUMNS: u16 = 76;
const LABELS: usize = 9;
/// Lines that one fact may take.
const MOST: usize = 3;
/// Columns of the bar of its deafness.
const DEAF: usize = 5;

/// How much a line of the question is needed; the last go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// What is to be pressed or typed.
    Answer,
    Way,
    Nice,
}

pub(crate) fn draw(model: &Model, confirm: &Confirm, theme: Theme, buf: &mut Buffer) {
    let columns = COLUMNS.min(buf.area.width);
    let room = usize::from(columns.saturating_sub(4));
    // Its frame, and the verdict above it.
    let high = usize::from(buf.area.height.saturating_sub(3));
    let ask = shortened(question(model, confirm, theme, room), high);
    let spare = high.saturating_sub(ask.len());
    let mut lines = facts(&confirm.facts, theme, room.saturating_sub(LABELS), spare);
    if lines.len() < spare {
        lines.push(Line::raw(""));
    }
    lines.extend(ask);
    let tone = match confirm.ask {
        Ask::Phrase { .. } => Tone::Warning,
        Ask::Press { .. } => Tone::Focus,
    };
    let title = Line::styled(confirm.title.clone(), theme.style(Tone::Strong));
    let inner = dialog(&title, tone, columns, lines.len() as u16, theme, buf);
    for (row, line) in lines.iter().enumerate() {
        put(line, inner, row as u16, buf);
    }
}

/// In at most `rows` lines: each fact gets its first one, then its second, the most needed first.
fn facts(facts: &[Fact], theme: Theme, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let mut order: Vec<(usize, &Fact)> = facts.iter().enumerate().collect();
    order.sort_by_key(|(_, fact)| fact.about);
    let mut given = vec![0; facts.len()];
    let mut left = rows;
    for round in 1..=MOST {
        for (place, fact) in &order {
            let wants = wrap(&fact.text, columns, MOST).len() >= round;
            if let Some(lines) = given.get_mut(*place).filter(|_| wants && left > 0) {
                *lines += 1;
                left -= 1;
            }
        }
    }
    let mut out = Vec::new();
    for (fact, lines) in facts.iter().zip(given) {
        for (i, text) in wrap(&fact.text, columns, lines).into_iter().enumerate() {
            let label = if i == 0 { fact.about.label() } else { "" };
            out.push(Line::from(vec![
                Span::styled(format!("{label:<LABELS$}"), theme.style(Tone::Muted)),
                Span::raw(text),
            ]));
        }
    }
    out
}

fn shortened(mut ask: Vec<(Need, Line<'static>)>, high: usize) -> Vec<Line<'static>> {
    while ask.len() > high {
        let needs = ask.iter().map(|(need, _)| *need);
        let Some(least) = needs.max().filter(|need| *need > Need::Answer) else {
            break;
        };
        if let Some(place) = ask.iter().rposition(|(need, _)| *need == least) {
            ask.remove(place);
        }
    }
    ask.into_iter().map(|(_, line)| line).collect()
}

fn question(
    model: &Model,
    confirm: &Confirm,
    theme: Theme,
    room: usize,
) -> Vec<(Need, Line<'static>)> {
    let strong = theme.style(Tone::Strong);
    let (name, app) = (confirm.name, &confirm.app);
    let mut lines = Vec::new();
    match &confirm.ask {
        Ask::Press { yes, all } => {
            let whom = match all {
                Some(_) => format!(" to {name} {app}"),
                None => format!(" to {name}"),
            };
            let press = |key: char, does: String| {
                let key = Span::styled(key.to_string(), strong);
                Line::from(vec![Span::raw("Press "), key, Span::raw(does)])
            };
            let mut answer = press(*yes, whom);
            let way = "Esc to cancel. Enter does nothing.";
            if all.is_none() && answer.width() + 2 + width(way) <= room {
                answer.push_span(format!(", {way}"));
                lines.push((Need::Answer, answer));
            } else {
                lines.push((Need::Answer, answer));
                let every = all.map(|all| press(all, format!(" to {name} every app")));
                lines.extend(every.map(|line| (Need::Answer, line)));
                lines.push((Need::Way, Line::raw(way)));
            }
        }
        Ask::Phrase {
            expected,
            typed,
            reason,
            at_reason,
        } => {
            if let Some(reason) = reason {
                for text in wrap(
                    "Why is it safe to go on? Type the reason, then Tab.",
                    room,
                    2,
                ) {
                    lines.push((Need::Answer, Line::styled(text, strong)));
                }
                let line = field(reason, *at_reason, theme, room);
                lines.push((Need::Answer, line));
            }
            if !*at_reason {
                let phrase = phrase(expected, theme, room);
                lines.extend(phrase.into_iter().map(|line| (Need::Answer, line)));
                let mut line = field(typed, true, theme, room);
                if !expected.starts_with(typed.as_str()) {
                    let style = theme.style(Tone::Warning);
                    line.push_span(Span::styled("  not the phrase: Backspace", style));
                }
                lines.push((Need::Answer, line));
            }
            let way = "Esc cancels. Enter does not confirm.";
            lines.push((Need::Way, Line::raw(way)));
        }
    }
    let mut pinned = format!("Revision {}; a change closes this.", confirm.revision);
    let deaf = confirm.deafness(model.now.wall);
    if deaf > 0.0 {
        pinned = format!("{pinned}  keys wait {}", bar(deaf, DEAF));
    }
    lines.push((Need::Nice, Line::styled(pinned, theme.style(Tone::Muted))));
    lines
}

/// What is to be typed, never cut: broken between any two characters where it must be.
fn phrase(expected: &str, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let strong = theme.style(Tone::Strong);
    let (before, after) = ("Raises exposure: type  ", "  (done with the last letter)");
    let (wide, all) = (width(expected), width(before) + width(expected));
    if all <= room {
        let mut line = Line::from(vec![
            Span::raw(before),
            Span::styled(expected.to_owned(), strong),
        ]);
        if all + width(after) <= room {
            line.push_span(after);
        }
        return vec![line];
    }
    let mut lines = vec![Line::raw(before.trim_end())];
    let letters: Vec<char> = expected.chars().collect();
    let chunks = letters.chunks(wide.min(room).max(1));
    lines.extend(chunks.map(|chunk| Line::styled(chunk.iter().collect::<String>(), strong)));
    lines
}

/// What is typed, its end always in sight.
fn field(typed: &str, active: bool, theme: Theme, room: usize) -> Line<'static> {
    let mut shown = typed;
    while width(shown) + 3 > room.max(4) {
        let mut letters = shown.chars();
        letters.next();
        shown = letters.as_str();
    }
    Line::from(vec![
        Span::styled("> ", theme.style(Tone::Muted)),
        Span::raw(shown.to_owned()),
        Span::raw(if active { "█" } else { "" }),
    ])
}
