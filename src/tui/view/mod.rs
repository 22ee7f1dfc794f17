//! The picture: functions from the model to cells. They change nothing and know no terminal.

pub(crate) mod confirm;
pub(crate) mod crash;
pub(crate) mod crashes;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod footer;
pub(crate) mod header;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod levers;
pub(crate) mod moment;
pub(crate) mod palette;
pub(crate) mod prompt;
pub(crate) mod quit;
pub(crate) mod remarks;
pub(crate) mod rollout;
pub(crate) mod rules;
pub(crate) mod sources;
pub(crate) mod versions;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::layout::{Place, Tier, arrange};
use super::model::{Layer, Model, Pane};
use super::symbols;
use super::theme::{Theme, Tone};
use super::widgets::pane::{Frame, frame};
use super::widgets::text::put;
use crate::api::AppSnapshot;

/// Draws everything, at any size.
pub(crate) fn draw(model: &Model, theme: Theme, buf: &mut Buffer) {
    let area = buf.area;
    let tier = Tier::of(area);
    let lines = header::lines(model, theme, tier, usize::from(area.width));
    // However small, the verdict stays; the keys go before it.
    let footer = u16::from(area.height > 2);
    let header = (lines.len() as u16).min(area.height - footer.min(area.height));
    for (row, line) in lines.iter().take(usize::from(header)).enumerate() {
        put(line, area, row as u16, buf);
    }
    let body = Rect {
        y: area.y + header,
        height: area.height.saturating_sub(header + footer),
        ..area
    };
    match model.shown() {
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
    match &model.layer {
        Some(Layer::Help(layer)) => help::draw(model, layer, theme, buf),
        Some(Layer::Palette(layer)) => palette::draw(model, layer, theme, buf),
        Some(Layer::Prompt(prompt)) => prompt::draw(prompt, theme, buf),
        Some(Layer::Quit) => quit::draw(model, theme, buf),
        Some(Layer::Crash(look)) => crash::draw(model, look, theme, buf),
        Some(Layer::Evidence(it)) => evidence::draw(model, it, theme, buf),
        Some(Layer::Confirm(dialog)) => confirm::draw(model, dialog, theme, buf),
        None => {}
    }
    if theme.ascii() {
        symbols::to_ascii(buf);
    }
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
        Pane::Versions | Pane::Sources => String::new(),
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
        let text = format!("{} {}", pane.number(), pane.name());
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

/// `3–12 of 37`, once a list is scrolled; else how many there are.
fn scrolled(model: &Model, pane: Pane) -> String {
    match (model.offset(pane), model.rows(pane)) {
        (_, 0) => String::new(),
        (0, rows) => rows.to_string(),
        (offset, rows) => format!("from {} of {rows}", offset + 1),
    }
}
