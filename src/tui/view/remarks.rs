//! What people wrote down about the rollout, in the corner of a wide screen; elsewhere it is among the events.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::pane::{Frame, frame};
use super::super::widgets::text::put;
use super::layout::{Place, Tier};
use crate::api::AppSnapshot;
use crate::domain::Actor;
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{stamp, wrap};

/// Rows that the levers keep, and that the notes take at most.
const LEVERS: u16 = 7;
const MOST: u16 = 8;

/// The foot of the levers' place, where there is something to show and room for both.
pub(crate) fn beside(
    model: &Model,
    app: &AppSnapshot,
    tier: Tier,
    mut place: Place,
) -> (Place, Option<Rect>) {
    let alone = place.pane == Pane::Levers && place.shared.len() == 1 && !model.zoomed;
    let wanted = app.remarks.len() as u16 + 2;
    let rows = wanted
        .min(MOST)
        .min(place.area.height.saturating_sub(LEVERS));
    if tier != Tier::Wide || !alone || app.remarks.is_empty() || rows < 3 {
        return (place, None);
    }
    place.area.height -= rows;
    let area = Rect {
        y: place.area.y + place.area.height,
        height: rows,
        ..place.area
    };
    (place, Some(area))
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let muted = theme.style(Tone::Muted);
    let look = Frame {
        title: Line::styled("Notes", theme.style(Tone::Strong)),
        right: Line::styled(app.remarks.len().to_string(), muted),
        focused: false,
        boxed: true,
    };
    let inner = frame(&look, theme, area, buf);
    let mut row = 0;
    for remark in &app.remarks {
        let who = match &remark.actor {
            Actor::Person { name, .. } => format!("@{name}"),
            other => other.to_string(),
        };
        let head = format!("{} {who} ", stamp(remark.at, model.now.watched));
        let before = head.chars().count();
        let room = usize::from(inner.width).saturating_sub(before);
        for (i, text) in wrap(remark.text.as_str(), room, 3).into_iter().enumerate() {
            let head = if i == 0 { &head } else { "" };
            let line = Line::from(vec![
                Span::styled(format!("{head:before$}"), muted),
                Span::raw(text),
            ]);
            put(&line, inner, row, buf);
            row += 1;
        }
    }
}
