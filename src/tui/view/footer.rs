//! The last line: what became of the last key, else the keys that do something now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::actions::{ACTIONS, Action, Danger, Do};
use super::super::format::fit;
use super::super::model::Model;
use super::super::theme::{Theme, Tone};
use super::super::widgets::text::{join, put, put_right};

pub(crate) fn draw(model: &Model, theme: Theme, area: Rect, buf: &mut Buffer) {
    if let Some(notice) = &model.notice {
        let text = fit(&notice.text, usize::from(area.width.saturating_sub(4)));
        put(
            &Line::styled(format!("  {text}  "), theme.loud(notice.tone)),
            area,
            0,
            buf,
        );
        return;
    }
    let always = |action: &&Action| matches!(action.does, Do::Help | Do::Back);
    let shown = |action: &&Action| !action.hint.is_empty() && !always(action);
    let right: Vec<_> = ACTIONS
        .iter()
        .filter(always)
        .map(|action| hint(model, action, theme))
        .collect();
    let right = join(right, "  ", usize::from(area.width));
    let left = ACTIONS
        .iter()
        .filter(shown)
        .filter(|action| action.disabled(model).is_none())
        .map(|action| hint(model, action, theme))
        .collect();
    let room = usize::from(area.width).saturating_sub(right.width() + 4);
    let mut left = join(left, "  ", room);
    left.spans.insert(0, Span::raw(" "));
    if room > 8 {
        put(&left, area, 0, buf);
    }
    let place = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    put_right(&right, place, 0, buf);
}

fn hint(model: &Model, action: &Action, theme: Theme) -> Vec<Span<'static>> {
    let key = model.keys.name(action.id);
    let tone = if action.danger == Danger::None {
        Tone::Plain
    } else {
        Tone::Strong
    };
    vec![
        Span::styled(key, theme.style(Tone::Key).patch(theme.style(tone))),
        Span::styled(format!(" {}", action.hint), theme.style(tone)),
    ]
}
