//! The last line: what became of the last key, else the keys that do something now, the most needed first.
//!
//! What does not fit is cut from the right; the help and the way back are always there. Where nothing can be done, because the
//! picture stands still or is of the past, the way out comes first; where a rule acts soon, what stops it does.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::text::{put, put_right};
use crate::domain::Verb;
use crate::tui::input::actions::{ACTIONS, Action, Danger, Do};
use crate::tui::input::layers;
use crate::tui::state::model::{Model, View};
use crate::tui::state::moment::Moment;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{fit, width};

const GAP: &str = "  ";
/// Columns that a reason may take of the line at most: a third of the smallest screen that is not tiny.
const REASON: usize = 27;

pub(crate) fn draw(model: &Model, theme: Theme, area: Rect, buf: &mut Buffer) {
    if let Some(notice) = &model.notice {
        let text = fit(&notice.text, usize::from(area.width.saturating_sub(4)));
        let line = Line::styled(format!("  {text}  "), theme.loud(notice.tone));
        put(&line, area, 0, buf);
        return;
    }
    let (left, right) = match &model.layer {
        Some(layer) => {
            let keys = layers::hints(layer).iter();
            let hints = keys.map(|(key, what)| hint((*key).to_owned(), what, Tone::Plain, theme));
            (hints.collect(), Vec::new())
        }
        None => (shown(model, theme), always(model, theme)),
    };
    // A column stays empty at both ends.
    let room = usize::from(area.width.saturating_sub(2));
    let right = last_fitting(right, room);
    let left = fitting(left, room.saturating_sub(right.width() + GAP.len()));
    let from_second = Rect {
        x: area.x + area.width.min(1),
        width: area.width.saturating_sub(1),
        ..area
    };
    put(&left, from_second, 0, buf);
    let before_last = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    put_right(&right, before_last, 0, buf);
}

/// The keys that do something now, in the order in which they are needed.
fn shown(model: &Model, theme: Theme) -> Vec<Vec<Span<'static>>> {
    let mut rows: Vec<_> = ACTIONS
        .iter()
        .filter(|action| !word(model, action).is_empty() && action.disabled(model).is_none())
        .filter(|action| !matches!(action.does, Do::Help | Do::Back))
        .collect();
    rows.sort_by_key(|action| need(model, action.does));
    let mut hints = Vec::new();
    if let Some(why) = &model.readonly {
        let why = fit(&format!("read-only: {why}"), REASON);
        hints.push(vec![Span::styled(why, theme.style(Tone::Strong))]);
    }
    hints.extend(rows.into_iter().map(|action| of(model, action, theme)));
    hints
}

/// What is there whatever else is not: the way back, and last the help.
fn always(model: &Model, theme: Theme) -> Vec<Vec<Span<'static>>> {
    let rows = ACTIONS.iter();
    let rows = rows.filter(|action| matches!(action.does, Do::Help | Do::Back));
    rows.map(|action| of(model, action, theme)).collect()
}

/// How soon it is needed: the smaller, the further left.
fn need(model: &Model, does: Do) -> u8 {
    let announced = model.shown().is_some_and(|app| app.announced.is_some());
    match (does, &model.moment) {
        (Do::Freeze, Moment::Frozen { .. }) | (Do::Live, Moment::Past(_)) => 0,
        (Do::Step(_) | Do::GoTo, Moment::Past(_)) => 1,
        (Do::Verb(Verb::Halt), _) if announced => 2,
        (Do::Postpone, _) if announced => 3,
        (Do::Open, _) if model.view == View::Overview => 4,
        (Do::Zoom, _) if model.zoomed => 4,
        (Do::Verb(Verb::Start), _) => 7,
        (Do::Verb(_) | Do::Approve | Do::Postpone | Do::Acknowledge, _) => 5,
        (Do::NextPane | Do::Zoom | Do::Palette | Do::Sort | Do::Columns, _) => 6,
        _ => 7,
    }
}

/// What the key does where the person is now; empty where it is not shown.
fn word(model: &Model, action: &Action) -> &'static str {
    match (action.does, &model.moment) {
        (Do::Freeze, Moment::Frozen { .. }) => "go on",
        (Do::Live, Moment::Past(_)) => "back to now",
        (Do::Step(-1), Moment::Past(_)) => "event before",
        (Do::Step(1), Moment::Past(_)) => "after",
        (Do::GoTo, Moment::Past(_)) => "go to",
        (Do::Back, Moment::Past(_)) => "now",
        (Do::Back, _) if model.zoomed => "back",
        (Do::Back, _) if model.lists.opened && model.view == View::Rollout => "back",
        (Do::Zoom, _) if model.zoomed => "all panes",
        (Do::Open, _) if model.view == View::Overview => "open",
        (Do::Overview, _) if model.view == View::Overview => "back",
        (Do::Sort, _) if model.view == View::Overview => "sort",
        (Do::Columns, _) if model.view == View::Overview => "columns",
        _ => action.hint,
    }
}

fn of(model: &Model, action: &Action, theme: Theme) -> Vec<Span<'static>> {
    let tone = if action.danger == Danger::None {
        Tone::Plain
    } else {
        Tone::Strong
    };
    let name = model.keys.name(action.id);
    // Without a key its name says what it does.
    let word = if model.keys.keys(action.id).is_empty() {
        ""
    } else {
        word(model, action)
    };
    hint(name, word, tone, theme)
}

fn hint(key: String, what: &str, tone: Tone, theme: Theme) -> Vec<Span<'static>> {
    let style = theme.style(tone);
    let mut spans = vec![Span::styled(key, theme.style(Tone::Key).patch(style))];
    if !what.is_empty() {
        spans.push(Span::styled(format!(" {what}"), style));
    }
    spans
}

/// As many of the last ones as fit; the very last one always.
fn last_fitting(mut hints: Vec<Vec<Span<'static>>>, columns: usize) -> Line<'static> {
    let wide = |hint: &Vec<Span<'static>>| hint.iter().map(Span::width).sum::<usize>();
    let total = |hints: &[Vec<Span<'static>>]| {
        hints.iter().map(wide).sum::<usize>() + width(GAP) * hints.len().saturating_sub(1)
    };
    while hints.len() > 1 && total(&hints) > columns {
        hints.remove(0);
    }
    fitting(hints, columns.max(1))
}

/// As many as fit, from the left.
fn fitting(hints: Vec<Vec<Span<'static>>>, columns: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for hint in hints {
        let gap = if used == 0 { 0 } else { width(GAP) };
        used += gap + hint.iter().map(Span::width).sum::<usize>();
        if used > columns {
            break;
        }
        if gap > 0 {
            spans.push(Span::raw(GAP));
        }
        spans.extend(hint);
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests;
