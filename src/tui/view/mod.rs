//! The picture: functions from the model to cells. They change nothing and know no terminal.

pub(crate) mod charts;
pub(crate) mod columns;
pub(crate) mod confirm;
pub(crate) mod crash;
pub(crate) mod crashes;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod export;
pub(crate) mod footer;
pub(crate) mod guide;
pub(crate) mod header;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod layout;
pub(crate) mod levers;
pub(crate) mod moment;
pub(crate) mod overview;
pub(crate) mod palette;
pub(crate) mod prompt;
pub(crate) mod quit;
pub(crate) mod remarks;
pub(crate) mod rollout;
pub(crate) mod rules;
pub(crate) mod sources;
pub(crate) mod versions;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::state::lists::{self, List, Row};
use super::state::model::{Layer, Model, Pane, View};
use super::style::symbols;
use super::style::theme::{Theme, Tone};
use super::widgets::pane::{Frame, frame};
use super::widgets::text::put;
use crate::api::AppSnapshot;
use crate::domain::AppId;
use crate::tui::view::layout::{Place, Tier, arrange};

/// Draws everything, at any size.
pub(crate) fn draw(model: &Model, theme: Theme, buf: &mut Buffer) {
    let area = buf.area;
    let tier = Tier::of(area);
    let columns = usize::from(area.width);
    let lines = header_lines(model, theme, tier, columns);
    let (body, footer, hint) = body(model, lines.len(), area);
    let header = body.y - area.y;
    for (row, line) in lines.iter().take(usize::from(header)).enumerate() {
        put(line, area, row as u16, buf);
    }
    match model.shown() {
        _ if model.view == View::Overview => overview::draw(model, theme, tier, body, buf),
        Some(app) => {
            for place in arrange(model, tier, body) {
                let (place, notes) = remarks::beside(model, app, tier, place);
                pane(model, app, theme, tier, &place, buf);
                if let Some(area) = notes {
                    remarks::draw(model, app, theme, area, buf);
                }
            }
        }
        None => put(&Line::raw(" nothing to show yet"), body, 1, buf),
    }
    if footer == 1 {
        let last = Rect {
            y: area.y + area.height - 1,
            height: 1,
            ..area
        };
        footer::draw(model, theme, last, buf);
    }
    if hint == 1 {
        let above = Rect {
            y: area.y + area.height - 2,
            height: 1,
            ..area
        };
        guide::draw(model, theme, above, buf);
    }
    match &model.layer {
        Some(Layer::Help(layer)) => help::draw(model, layer, theme, buf),
        Some(Layer::Palette(layer)) => palette::draw(model, layer, theme, buf),
        Some(Layer::Prompt(prompt)) => prompt::draw(prompt, theme, buf),
        Some(Layer::Columns(picker)) => columns::draw(model, *picker, theme, buf),
        Some(Layer::Quit) => quit::draw(model, theme, buf),
        Some(Layer::Export) => export::draw(theme, buf),
        Some(Layer::Crash(look)) => crash::draw(model, look, theme, buf),
        Some(Layer::Evidence(it)) => evidence::draw(model, it, theme, buf),
        Some(Layer::Confirm(dialog)) => confirm::draw(model, dialog, theme, buf),
        None => {}
    }
    if theme.ascii() {
        symbols::to_ascii(buf);
    }
}

fn header_lines(model: &Model, theme: Theme, tier: Tier, columns: usize) -> Vec<Line<'static>> {
    match model.view {
        View::Overview => overview::header::lines(model, theme, tier, columns),
        View::Rollout => header::lines(model, theme, tier, columns),
    }
}

/// What is between the header and the keys, and how many rows the keys and the demo's hint take.
fn body(model: &Model, lines: usize, area: Rect) -> (Rect, u16, u16) {
    // However small, the verdict stays; the keys go before it.
    let footer = u16::from(area.height > 2);
    let header = (lines as u16).min(area.height - footer.min(area.height));
    let hint = super::dialogs::guide::rows(model, area);
    let body = Rect {
        y: area.y + header,
        height: area.height.saturating_sub(header + footer + hint),
        ..area
    };
    (body, footer, hint)
}

/// What is at a place of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A row of the overview.
    App(AppId),
    /// A pane, and the row of its list.
    Pane(Pane, Option<usize>),
}

/// What is at a place of a screen of this size.
pub(crate) fn spot_at(model: &Model, area: Rect, at: Position) -> Option<Spot> {
    let tier = Tier::of(area);
    let lines = header_lines(model, model.theme, tier, usize::from(area.width));
    let (body, ..) = body(model, lines.len(), area);
    if model.view == View::Overview {
        return overview::app_at(model, tier, body, at).map(Spot::App);
    }
    let app = model.shown()?;
    let places = arrange(model, tier, body).into_iter();
    let mut places = places.map(|place| remarks::beside(model, app, tier, place).0);
    let place = places.find(|place| place.area.contains(at))?;
    let pane = pane_at(model, &place, at);
    let below = at.y.saturating_sub(place.area.y);
    let inside = below > 0 && !(tier >= Tier::Medium && at.y + 1 == place.area.bottom());
    let row = match pane {
        Pane::Crashes if inside => crashes::row_at(model, app, place.area.height, tier, below),
        _ => None,
    };
    Some(Spot::Pane(pane, row))
}

/// The tab at a place of a frame, else the pane that is shown in it.
fn pane_at(model: &Model, place: &Place, at: Position) -> Pane {
    let mut x = place.area.x + 2;
    let title = title(model, model.theme, place);
    let names: Vec<_> = title.spans.iter().step_by(2).zip(&place.shared).collect();
    for (name, pane) in names {
        let end = x + name.width() as u16;
        if at.y == place.area.y && (x..end).contains(&at.x) {
            return *pane;
        }
        x = end + 2;
    }
    place.pane
}

fn pane(
    model: &Model,
    app: &AppSnapshot,
    theme: Theme,
    tier: Tier,
    place: &Place,
    buf: &mut Buffer,
) {
    let right = match place.pane {
        Pane::Health => health::aside(app),
        Pane::Rules => rules::aside(app),
        Pane::Versions => versions::aside(app),
        Pane::Sources => String::new(),
        Pane::Rollout => rollout::aside(app),
        Pane::Crashes => scrolled(model, Pane::Crashes),
        Pane::Events => events::aside(model),
        Pane::Levers => levers::aside(app),
    };
    let look = Frame {
        title: title(model, theme, place),
        right: Line::styled(right, theme.style(Tone::Muted)),
        focused: model.focus == place.pane,
        boxed: tier >= Tier::Medium,
    };
    let inner = frame(&look, theme, place.area, buf);
    if inner.is_empty() {
        return;
    }
    match place.pane {
        Pane::Health => health::draw(model, app, theme, inner, buf),
        Pane::Rules => rules::draw(model, app, theme, inner, buf),
        Pane::Versions => versions::draw(model, app, theme, inner, buf),
        Pane::Rollout => rollout::draw(model, app, theme, inner, buf),
        Pane::Crashes => crashes::draw(model, app, theme, inner, buf),
        Pane::Events => events::draw(model, app, theme, inner, buf),
        Pane::Levers => levers::draw(model, app, theme, inner, buf),
        Pane::Sources => sources::draw(model, app, theme, inner, buf),
    }
}

/// The names of the panes in this place, the shown one strong; the number is the key.
fn title(model: &Model, theme: Theme, place: &Place) -> Line<'static> {
    let mut spans = Vec::new();
    for pane in &place.shared {
        let shown = *pane == place.pane;
        let focused = *pane == model.focus;
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        let mut text = format!("{} {}", pane.number(), pane.name());
        if shown {
            text.push_str(&lists::about(model, List::Pane(*pane)));
        }
        let text = if shown && place.shared.len() > 1 {
            format!("[{text}]")
        } else {
            text
        };
        let tone = match (shown, focused) {
            (true, true) => Tone::Focus,
            (true, false) => Tone::Strong,
            _ => Tone::Muted,
        };
        spans.push(Span::styled(text, theme.style(tone)));
    }
    Line::from(spans)
}

/// Marks a row that has just come.
fn mark_new(model: &Model, row: &Row, area: Rect, at: u16, buf: &mut Buffer) {
    if model.lists.news.has(row) {
        let line = Rect {
            y: area.y.saturating_add(at),
            height: 1,
            ..area
        };
        buf.set_style(line.intersection(area), Modifier::REVERSED);
    }
}

/// `3–12 of 37`, once a list is scrolled; else how many there are.
fn scrolled(model: &Model, pane: Pane) -> String {
    match (model.offset(pane), model.rows(pane)) {
        (_, 0) => String::new(),
        (0, rows) => rows.to_string(),
        (offset, rows) => format!("from {} of {rows}", offset + 1),
    }
}
