//! What a person can do now and what it would mean; once stopped, the way out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::text::put;
use crate::api::AppSnapshot;
use crate::domain::{PlainText, StoreKind, Verb};
use crate::tui::dialogs::direct;
use crate::tui::input::actions::{self, Action, Do};
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::wrap;
use crate::tui::words::{blast, climb, state_words};

/// Columns of the key and the name, with their gaps.
const BEFORE: usize = 15;
/// Lines that one lever may take.
const MOST: usize = 2;

/// Beside the title.
pub(crate) fn aside(app: &AppSnapshot) -> String {
    match &app.acknowledged_by {
        Some(actor) => format!("{actor} is on it"),
        None => String::new(),
    }
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut lines = Vec::new();
    let columns = usize::from(area.width);
    if !app.way_out.is_empty() {
        lines.extend(way_out(app, theme, columns));
    }
    // What holds for all of them is said once.
    if let Some(why) = actions::locked(model) {
        let why = wrap(&format!("No act from here: {why}."), columns, MOST);
        let style = theme.style(Tone::Warning);
        lines.extend(why.into_iter().map(|text| Line::styled(text, style)));
    }
    let acts = || actions::ACTIONS.iter().filter(|action| action.does.acts());
    let can = |action: &&Action| action.disabled(model).is_none();
    for action in acts().filter(can).chain(acts().filter(|it| !can(it))) {
        lines.extend(lever(model, app, action, theme, columns));
    }
    for (row, line) in lines.iter().skip(model.offset(Pane::Levers)).enumerate() {
        put(line, area, row as u16, buf);
    }
}

fn way_out(app: &AppSnapshot, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("The way out", theme.style(Tone::Strong))];
    for (i, step) in app.way_out.iter().enumerate() {
        for (n, text) in wrap(PlainText::new(step).as_str(), columns.saturating_sub(3), 3)
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
    let locked = actions::locked(model).is_some();
    let text = match (actions::instead(model, app, action.does), &disabled) {
        (Some(command), _) => format!("run: {command}"),
        (None, Some(why)) if !locked => format!("no: {why}"),
        (None, _) => would(model, app, action),
    };
    let (key, style) = if disabled.is_some() {
        (theme.style(Tone::Muted), theme.style(Tone::Muted))
    } else {
        (theme.style(Tone::Strong), theme.style(Tone::Plain))
    };
    let keys = model.keys.name(action.id);
    let label = if name.is_empty() {
        keys
    } else {
        format!("[{keys}] {name}")
    };
    wrap(&text, columns.saturating_sub(BEFORE), MOST)
        .into_iter()
        .enumerate()
        .map(|(i, text)| {
            let label = if i == 0 { label.as_str() } else { "" };
            Line::from(vec![
                Span::styled(format!("{label:<BEFORE$}"), key),
                Span::styled(text, style),
            ])
        })
        .collect()
}

/// What it would do, and to how many.
fn would(model: &Model, app: &AppSnapshot, action: &Action) -> String {
    let meaning = |verb: Verb| verb.meaning(app.store).to_owned();
    match action.does {
        does @ Do::Verb(_) if direct::is_offered(model, does) => format!(
            "at {} itself, without the watcher, with your own credentials",
            app.store.name()
        ),
        Do::Verb(verb @ (Verb::Halt | Verb::Pause)) => {
            let lowered = blast::lowered(app, verb, model.now.watched);
            match state_words::reached(app).filter(|_| app.store == StoreKind::GooglePlay) {
                Some(reached) => format!("{lowered}; {reached} keep it"),
                None => lowered,
            }
        }
        Do::Verb(verb) => match (blast::raised(app, verb), blast::reaches(app, verb)) {
            (Some(more), Some(to)) if !verb.lowers() => format!("to {to}: {more}"),
            (None, Some(to)) if verb == Verb::Advance => format!("to {to}: {}", meaning(verb)),
            _ => meaning(verb),
        },
        Do::Approve => match climb::to_approve(app) {
            Some((next, _)) => format!("opens the gate to {next} as far as approval goes"),
            None => described(action),
        },
        Do::Postpone => match &app.announced {
            Some(act) => format!("{} 15 minutes later; new users get it meanwhile", act.verb),
            None => described(action),
        },
        _ => described(action),
    }
}

/// The words of the help, without the name.
fn described(action: &Action) -> String {
    let description = action.description;
    let after = description.split_once(": ").map(|(_, after)| after);
    after.unwrap_or(description).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_column() {
        for action in actions::ACTIONS.iter().filter(|action| action.does.acts()) {
            assert!(action.hint.len() + "[X] ".len() < BEFORE, "{}", action.hint);
        }
    }
}
