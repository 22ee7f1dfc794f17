//! All rollouts, a line each; below them, where there is room, the one selected and what has happened anywhere.

pub(crate) mod header;
mod preview;
mod row;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::widgets::pane::{Frame, frame};
use super::super::widgets::table;
use super::super::widgets::text::put;
use super::layout::Tier;
use crate::api::AppSnapshot;
use crate::domain::AppId;
use crate::tui::state::lists::{self, List};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{fit, width};

/// Rows of the preview, frame included: its sentences, and with figures.
const PREVIEW: u16 = 9;
const WHOLE_PREVIEW: u16 = 16;
/// Rows of the events, frame included: the least, and what is given up for figures only by more room.
const EVENTS: u16 = 5;
const FEW_EVENTS: u16 = 8;

/// Where everything goes: the table, the preview, the events; of no height where there is no room.
fn arrange(tier: Tier, rows: usize, body: Rect) -> [Rect; 3] {
    let framing = if tier >= Tier::Medium { 3 } else { 2 };
    let wanted = (rows as u16).saturating_add(framing);
    let beside = tier == Tier::Wide;
    // Where there is much room, even a long list leaves some of it; where there is little, it takes all.
    let below = match tier {
        Tier::Wide => PREVIEW + 3,
        Tier::Medium => PREVIEW + EVENTS,
        Tier::Small | Tier::Tiny => 0,
    };
    let high = wanted
        .min(body.height.saturating_sub(below))
        .max(framing.min(body.height));
    let cut = |y: u16, height: u16| Rect {
        y: body.y + y,
        height,
        ..body
    };
    let rest = body.height.saturating_sub(high);
    let table = cut(0, high);
    if rest < PREVIEW - 3 {
        let nothing = cut(body.height, 0);
        return [cut(0, body.height), nothing, nothing];
    }
    if beside {
        let left = body.width * 58 / 100;
        let below = cut(high, rest);
        let preview = Rect {
            width: left,
            ..below
        };
        let events = Rect {
            x: body.x + left,
            width: body.width - left,
            ..below
        };
        return [table, preview, events];
    }
    // A preview with room for the figures is worth more than a long list of events.
    let preview = rest
        .saturating_sub(FEW_EVENTS)
        .clamp(PREVIEW, WHOLE_PREVIEW);
    let (preview, events) = if rest < preview + EVENTS {
        (rest, 0)
    } else {
        (preview, rest - preview)
    };
    [table, cut(high, preview), cut(high + preview, events)]
}

/// How many rows are above what is seen, and how many are seen at most.
fn seen(apps: &[&AppSnapshot], selected: Option<usize>, tier: Tier, table: Rect) -> (usize, usize) {
    let framed = u16::from(tier >= Tier::Medium) + 2;
    let room = usize::from(table.height.saturating_sub(framed)).max(1);
    // The selected row stays in the middle, so that what is around it is seen.
    let most = apps.len().saturating_sub(room);
    let middle = selected.unwrap_or_default().saturating_sub(room / 2);
    (middle.min(most), room)
}

/// The rollout in the row at this place.
pub(crate) fn app_at(model: &Model, tier: Tier, body: Rect, at: Position) -> Option<AppId> {
    let apps = model.visible_apps();
    let [table, ..] = arrange(tier, model.snapshot.apps.len(), body);
    let selected = apps
        .iter()
        .position(|app| Some(&app.id) == model.app.as_ref());
    let (skip, room) = seen(&apps, selected, tier, table);
    // Below the frame and the names of the columns.
    let row = usize::from(at.y.checked_sub(table.y + 2)?);
    let app = apps.get(skip + row).filter(|_| row < room)?;
    table.contains(at).then(|| app.id.clone())
}

pub(crate) fn draw(model: &Model, theme: Theme, tier: Tier, body: Rect, buf: &mut Buffer) {
    let apps = model.visible_apps();
    let [table, preview, events] = arrange(tier, model.snapshot.apps.len(), body);
    let boxed = tier >= Tier::Medium;
    let selected = apps
        .iter()
        .position(|app| Some(&app.id) == model.app.as_ref());
    let (skip, room) = seen(&apps, selected, tier, table);
    let last = (skip + room).min(apps.len());
    let right = if apps.len() > room {
        format!("{}–{last} of {}", skip + 1, apps.len())
    } else {
        String::new()
    };
    let strong = theme.style(Tone::Strong);
    let title = vec![
        Span::styled("Rollouts", strong),
        Span::styled(
            lists::about(model, List::Overview),
            theme.style(Tone::Muted),
        ),
    ];
    let look = Frame {
        title: Line::from(title),
        right: Line::styled(right, theme.style(Tone::Muted)),
        focused: true,
        boxed,
    };
    let inner = frame(&look, theme, table, buf);
    let columns = row::columns(model);
    let widths = table::widths(&columns, inner.width);
    table::head(&columns, &widths, theme, inner, buf);
    for (at, app) in apps.iter().skip(skip).take(room).enumerate() {
        let is_selected = skip + at == selected.unwrap_or(usize::MAX);
        let mut cells = row::cells(model, app, is_selected, theme);
        // Apps are often told apart by how their names end.
        if let (Some(wide), Some(name)) = (widths.get(1), cells.get_mut(1)) {
            name.content = fit_ends(&name.content, usize::from(*wide)).into();
        }
        table::row(&columns, &widths, cells, inner, at as u16 + 1, buf);
    }
    let empty = model.snapshot.apps.is_empty();
    if empty {
        put(&Line::raw("no rollout is watched"), inner, 1, buf);
    }
    preview::draw(model, theme, boxed, preview, buf);
    preview::events(model, theme, boxed, events, buf);
}

/// Where the columns that are chosen have room on a screen so wide: for the list of columns.
pub(crate) fn fitting(model: &Model, screen: u16, tier: Tier) -> Vec<bool> {
    let framing = if tier >= Tier::Medium { 4 } else { 2 };
    let columns = row::columns(model);
    let widths = table::widths(&columns, screen.saturating_sub(framing));
    widths.into_iter().skip(2).map(|wide| wide > 0).collect()
}

/// `text` cut in its middle: `acme-cour…-android`. Of one byte a character.
fn fit_ends(text: &str, columns: usize) -> String {
    if width(text) <= columns || !text.is_ascii() || columns < 8 {
        return fit(text, columns);
    }
    let tail = columns / 2;
    let head = columns - tail - 1;
    let end = text.len() - tail;
    let parts = (text.get(..head), text.get(end..));
    format!("{}…{}", parts.0.unwrap_or(""), parts.1.unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_both_ends() {
        assert_eq!(fit_ends("shop-android", 12), "shop-android");
        assert_eq!(fit_ends("acme-courier-android", 16), "acme-co…-android");
        assert_eq!(fit_ends("acme-courier-android", 6), "acme-…");
    }

    #[test]
    fn places_are_inside_and_apart_at_any_size() {
        for (w, h) in (0..=200).flat_map(|w| (0..=60).map(move |h| (w, h))) {
            let body = Rect::new(0, 3, w, h);
            let tier = Tier::of(Rect::new(0, 0, w, h + 4));
            for rows in [0, 2, 6, 50] {
                let places = arrange(tier, rows, body);
                for (i, place) in places.iter().enumerate() {
                    assert_eq!(place.intersection(body), *place, "{w}x{h}, {rows}");
                    let others = places.iter().skip(i + 1);
                    assert!(
                        others
                            .into_iter()
                            .all(|it| !it.intersects(*place) || it.is_empty())
                    );
                }
            }
        }
    }
}
