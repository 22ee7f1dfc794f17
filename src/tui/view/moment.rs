//! What says that the picture is not of now, so that nobody takes it for that: in the clock's place, and on a line of its own.

use chrono::TimeDelta;
use ratatui::text::{Line, Span};

use super::super::widgets::text::join;
use super::layout::Tier;
use crate::tui::state::model::Model;
use crate::tui::state::moment::Moment;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{age, countdown, fit, width};
use crate::tui::words::headline::Headline;

/// In the clock's place; `None` where the picture is of now.
pub(crate) fn mark(model: &Model, theme: Theme, tier: Tier) -> Option<Line<'static>> {
    let text = match &model.moment {
        Moment::Live => return None,
        Moment::Frozen { since } => {
            let held = age(model.now.wall - *since);
            let at = model.now.watched.format("%H:%M:%SZ");
            format!(" FROZEN {at} +{held} ")
        }
        Moment::Past(_) => {
            let (at, now) = (model.snapshot.at, model.present);
            let form = match (now.date_naive() - at.date_naive()).num_days() {
                0 => "%H:%M:%SZ",
                1..7 => "%a %H:%M:%SZ",
                _ => "%d %b %H:%MZ",
            };
            let (at, ago) = (at.format(form), ago(now - at));
            if tier >= Tier::Medium {
                format!(" IN THE PAST {at} ({ago} ago) ")
            } else {
                format!(" IN THE PAST {at} −{ago} ")
            }
        }
    };
    Some(Line::styled(text, theme.loud(Tone::Warning)))
}

/// `2h04m`, `40s`: to the minute from an hour on.
fn ago(delta: TimeDelta) -> String {
    if delta.num_hours() < 1 {
        age(delta)
    } else {
        countdown(delta)
    }
}

/// What is so now, beside it, and the ways through time; `None` where the picture is of now.
pub(crate) fn line(model: &Model, theme: Theme, columns: usize) -> Option<Line<'static>> {
    if model.moment.is_live() {
        return None;
    }
    let strong = |text: String, tone| vec![Span::styled(text, theme.style(tone))];
    let mut parts = vec![now(model, theme)];
    if let Moment::Past(past) = &model.moment
        && (past.asked.is_some() || past.wish.is_some())
    {
        parts.push(strong("looking back …".into(), Tone::Strong));
    }
    let name = |id: &str| model.keys.name(id);
    let hints = [
        format!("{} now", name("live")),
        format!("{} {} event", name("event.previous"), name("event.next")),
        format!("{} {} 15m", name("time.back"), name("time.on")),
        format!("{} time", name("goto")),
    ];
    parts.extend(hints.into_iter().map(|hint| strong(hint, Tone::Plain)));
    let mut line = join(parts, "  ", columns.saturating_sub(2));
    line.spans.insert(0, Span::raw(" "));
    Some(line)
}

/// `live: ✗ shop-android BREACHED` where an app is, else how the worst one is.
fn now(model: &Model, theme: Theme) -> Vec<Span<'static>> {
    let watched = model.is_live_watched();
    let apps = model.latest.apps.iter();
    let worst = apps
        .map(|app| (Headline::of(app, watched), app))
        .max_by_key(|(it, _)| *it);
    let Some((headline, app)) = worst else {
        return vec![Span::raw("live: nothing")];
    };
    let text = format!("live: {} {} {}", headline.glyph(), app.id, headline.word());
    let style = if headline == Headline::Breached {
        theme.loud(headline.tone())
    } else {
        theme.style(headline.tone())
    };
    vec![Span::styled(text, style)]
}

/// What is said where there is nothing to show: of the past, that it is not kept.
pub(crate) fn kept(model: &Model, otherwise: &'static str) -> &'static str {
    model
        .moment
        .past()
        .map_or(otherwise, |_| "the journal does not keep these of the past")
}

/// The verdict with the mark at its right, which is never what is cut.
pub(crate) fn stamped(
    verdict: Line<'static>,
    mark: Line<'static>,
    columns: usize,
) -> Line<'static> {
    let room = columns.saturating_sub(mark.width() + 1);
    if room < LEAST_VERDICT {
        // The mark alone is read first.
        let style = mark.style;
        let spans = mark.spans.into_iter().map(|span| span.patch_style(style));
        return Line::from(spans.chain(verdict.spans).collect::<Vec<_>>());
    }
    let mut left = room;
    let mut line = Line::default();
    for span in verdict.spans {
        let text = fit(&span.content, left);
        left -= width(&text).min(left);
        line.spans.push(Span::styled(text, span.style));
        if left == 0 {
            break;
        }
    }
    line.spans.push(Span::raw(" ".repeat(left + 1)));
    let style = mark.style;
    line.spans
        .extend(mark.spans.into_iter().map(|span| span.patch_style(style)));
    line
}

/// Columns of the verdict's word.
const LEAST_VERDICT: usize = 12;
