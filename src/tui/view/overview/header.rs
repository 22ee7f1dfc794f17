//! Above all rollouts: the worst verdict, how many there are of each, what comes next anywhere, and whether to trust it.

use ratatui::text::{Line, Span};

use super::super::super::widgets::text::join;
use super::super::header::{beside, clock};
use super::super::layout::Tier;
use super::super::moment;
use crate::api::client::Link;
use crate::api::wire::WatcherState;
use crate::tui::state::model::Model;
use crate::tui::state::overview;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{age, width, wrap};
use crate::tui::words::headline::{Headline, WIDTH};
use crate::tui::words::plan::Statement;

const HEADLINES: [Headline; 7] = [
    Headline::Breached,
    Headline::Unknown,
    Headline::Warning,
    Headline::Halted,
    Headline::Paused,
    Headline::Held,
    Headline::Healthy,
];

/// The lines of the header; as many whatever the numbers are. A filter changes nothing of it.
pub(crate) fn lines(model: &Model, theme: Theme, tier: Tier, columns: usize) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(2);
    let mut lines = vec![verdicts(model, theme, tier, columns)];
    lines.extend(moment::line(model, theme, columns));
    let above = lines.len();
    lines.extend(said(overview::statements(model), theme, room));
    if tier > Tier::Tiny {
        lines.resize(above + 2, Line::default());
    }
    lines.push(trust(model, theme, columns));
    lines
}

/// The statements on two lines, those that do not fit left out.
fn said(statements: Vec<Statement>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for statement in statements {
        let style = theme.style(statement.tone);
        if let Some(last) = lines.last_mut()
            && last.width() + width(&statement.text) + 4 <= room
        {
            last.spans.push(Span::raw("  ·  "));
            last.spans.push(Span::styled(statement.text, style));
            continue;
        }
        let left = 2_usize.saturating_sub(lines.len());
        let texts = wrap(&statement.text, room, left).into_iter();
        lines.extend(texts.map(|text| Line::from(vec![Span::raw(" "), Span::styled(text, style)])));
    }
    lines
}

/// ` ✗ BREACHED   6 rollouts  ✗ 1 breached  ? 1 unknown  ✓ 4 healthy            14:32Z`
fn verdicts(model: &Model, theme: Theme, tier: Tier, columns: usize) -> Line<'static> {
    let all: Vec<Headline> = model
        .snapshot
        .apps
        .iter()
        .map(|app| model.headline(app))
        .collect();
    let worst = all.iter().max().copied().unwrap_or(Headline::Unknown);
    let word = format!(" {} {} ", worst.glyph(), worst.word());
    let pad = " ".repeat((WIDTH + 4).saturating_sub(width(&word)));
    let clock = || Line::styled(clock(model, tier), theme.style(Tone::Muted));
    let clock = moment::mark(model, theme, tier).unwrap_or_else(clock);
    let room = columns.saturating_sub(WIDTH + 4 + clock.width() + 2);
    let total = vec![Span::styled(
        format!("{} rollouts", all.len()),
        theme.style(Tone::Strong),
    )];
    let counts = |words: bool| {
        let mut parts = vec![total.clone()];
        for headline in HEADLINES {
            let n = all.iter().filter(|it| **it == headline).count();
            if n > 0 {
                let (glyph, word) = (headline.glyph(), headline.word().to_lowercase());
                let text = if words {
                    format!("{glyph} {n} {word}")
                } else {
                    format!("{glyph}{n}")
                };
                parts.push(vec![Span::styled(text, theme.style(headline.tone()))]);
            }
        }
        join(parts, "  ", usize::MAX)
    };
    let long = counts(true);
    let counts = if long.width() <= room {
        long
    } else {
        counts(false)
    };
    let mut line = Line::from(vec![
        Span::styled(word, theme.loud(worst.tone())),
        Span::raw(pad),
    ]);
    line.spans.extend(counts.spans);
    beside(line, clock, columns)
}

/// Who watches, and what the data are worth: ` haltline acts   data ≤52s   ! 2 of 6 not to be trusted: kiosk 7h, …`
fn trust(model: &Model, theme: Theme, columns: usize) -> Line<'static> {
    let mut parts = Vec::new();
    let (tone, text) = match (&model.snapshot.watcher, model.is_watched()) {
        (_, false) if model.link == Link::Opening => (Tone::Unknown, "! opening"),
        (_, false) => (Tone::Bad, "! nobody watches"),
        (WatcherState::WatchingOnly { .. }, _) => (Tone::Warning, "! watches only"),
        _ if model.readonly.is_some() => (Tone::Warning, "read-only"),
        _ if model.snapshot.disarmed.is_some() => (Tone::Warning, "! disarmed"),
        _ => (Tone::Plain, "haltline acts"),
    };
    parts.push(vec![Span::raw(" "), Span::styled(text, theme.style(tone))]);
    let apps = model.apps();
    let data = apps
        .iter()
        .map(|app| (app, overview::figures::data(model, app)));
    let (trusted, doubtful): (Vec<_>, Vec<_>) = data.partition(|(_, data)| data.trusted);
    if !doubtful.is_empty() {
        let style = theme.style(Tone::Unknown);
        let short = format!("! data of {} of {} not fresh", doubtful.len(), apps.len());
        let named = doubtful.iter().take(3);
        let named = named.map(|(app, data)| format!(" {} {}", app.id, data.words()));
        let more = if doubtful.len() > 3 { " …" } else { "" };
        let long = format!("{short}:{}{more}", named.collect::<Vec<_>>().join(","));
        let used: usize = parts.iter().flatten().map(Span::width).sum();
        let fits = used + 3 + width(&long) < columns;
        parts.push(vec![Span::styled(if fits { long } else { short }, style)]);
    }
    if let Some(oldest) = trusted.iter().filter_map(|(_, data)| data.age).max() {
        let text = format!("data of {} fresh, ≤{}", trusted.len(), age(oldest));
        parts.push(vec![Span::raw(text)]);
    }
    join(parts, "   ", columns.saturating_sub(1))
}
