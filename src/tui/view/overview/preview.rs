//! Below the list: the rollout selected, in a few sentences, and the newest events of all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::super::widgets::pane::{Frame, frame};
use super::super::super::widgets::text::put;
use super::super::{health, rules};
use crate::domain::StoreKind;
use crate::tui::state::lists::Row;
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{fit, stamp, wrap};
use crate::tui::words::{plan, state_words, story, watch};

/// Columns of the time and of the app.
const TIME: usize = 9;
const APP: usize = 17;

/// What the rollout's own screen says first.
pub(super) fn draw(model: &Model, theme: Theme, boxed: bool, area: Rect, buf: &mut Buffer) {
    let Some(app) = model.shown().filter(|_| area.height > 0) else {
        return;
    };
    let name = format!("{} {} {}", app.name, app.store.platform(), app.version_name);
    let mut title = vec![
        Span::styled(name, theme.style(Tone::Strong)),
        Span::raw(format!("  {}", state_words::brief(app))),
    ];
    if let Some(reached) = state_words::reached(app) {
        title.push(Span::raw(format!("  reached {reached}")));
    }
    let watch = watch::words(model, app, usize::from(area.width / 3));
    let look = Frame {
        title: Line::from(title),
        right: Line::styled(watch.unwrap_or_default(), theme.style(Tone::Muted)),
        focused: false,
        boxed,
    };
    let inner = frame(&look, theme, area, buf);
    let room = usize::from(inner.width);
    // Figures stand below the sentences, at a height that does not depend on them.
    let sentences = if inner.height > 16 { 7 } else { 6 };
    let mut figures = below(inner, sentences);
    let whole = figures.height > 3;
    let most = usize::from(if whole { sentences } else { inner.height });
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut say = |text: &str, tone: Tone, rows: usize| {
        let left = most.saturating_sub(lines.len()).min(rows);
        let wrapped = wrap(text, room, left).into_iter();
        lines.extend(wrapped.map(|text| Line::styled(text, theme.style(tone))));
    };
    for (statement, rows) in plan::statements(model, app).iter().zip([2, 1]) {
        say(&statement.text, statement.tone, rows);
    }
    if let Some(question) = &app.needs_person {
        say(&format!("A PERSON MUST DECIDE: {question}"), Tone::Bad, 2);
    }
    say(app.sentence.as_str(), Tone::Plain, most);
    if let Some(remark) = app.remarks.first() {
        let text = format!("{} {}", remark.actor, remark.text);
        say(&text, Tone::Muted, 1);
    }
    for (row, line) in lines.iter().enumerate() {
        put(line, inner, row as u16, buf);
    }
    if whole {
        health::draw(model, app, theme, figures, buf);
        figures = below(figures, model.all_rows(Pane::Health) as u16 + 2);
    }
    if figures.height > 3 && whole {
        rules::draw(model, app, theme, figures, buf);
    }
}

fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

/// Newest first, whatever they are about.
pub(super) fn events(model: &Model, theme: Theme, boxed: bool, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let look = Frame {
        title: Line::styled("Events of all", theme.style(Tone::Strong)),
        right: Line::default(),
        focused: false,
        boxed,
    };
    let inner = frame(&look, theme, area, buf);
    let now = model.now.watched;
    let told = model.snapshot.events.iter().rev();
    let told = told.filter(|record| story::is_told(&record.event));
    for (row, record) in told.take(usize::from(inner.height)).enumerate() {
        let row = row as u16;
        let mut apps = model.snapshot.apps.iter();
        let app = apps.find(|app| Some(&app.id) == record.app.as_ref());
        let store = app.map_or(StoreKind::GooglePlay, |app| app.store);
        let line = story::tell(record, store, now);
        let name = record.app.as_ref().map_or("all", |id| id.as_str());
        let told = Line::from(vec![
            Span::styled(
                format!("{:<TIME$}", stamp(record.at, now)),
                theme.style(Tone::Muted),
            ),
            Span::raw(format!("{:<APP$}", fit(name, APP - 1))),
            Span::styled(line.text, theme.style(line.tone)),
        ]);
        put(&told, inner, row, buf);
        super::super::mark_new(model, &Row::Event(record.seq), inner, row, buf);
    }
}
