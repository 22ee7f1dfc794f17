//! What is read in the first three seconds: the verdict, what comes next, why, and whether the data can be trusted.

use ratatui::text::{Line, Span};

use super::super::widgets::text::join;
use super::layout::Tier;
use super::moment;
use crate::api::AppSnapshot;
use crate::domain::StoreKind;
use crate::policy::DataState;
use crate::tui::input::rights;
use crate::tui::state::bell;
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{age, width, wrap};
use crate::tui::words::headline::{Headline, WIDTH};
use crate::tui::words::{incident, link, plan, state_words, watch};

/// The lines of the header; the first is the verdict.
pub(crate) fn lines(model: &Model, theme: Theme, tier: Tier, columns: usize) -> Vec<Line<'static>> {
    let Some(app) = model.shown() else {
        let word = Span::styled(" ? UNKNOWN  ", theme.loud(Tone::Unknown));
        let told = link::statement(model);
        let told = told.map(|it| Line::styled(format!(" {}", it.text), theme.style(it.tone)));
        return [Line::from(word)].into_iter().chain(told).collect();
    };
    let mut lines = vec![verdict(model, app, theme, tier, columns)];
    lines.extend(moment::line(model, theme, columns));
    let ages = ages(model, app, theme, tier);
    let plan = if tier == Tier::Wide {
        plan_lines(model, app, theme, columns.saturating_sub(ages.width() + 4))
    } else {
        plan_lines(model, app, theme, columns.saturating_sub(2))
    };
    for (row, line) in plan.into_iter().enumerate() {
        let beside_ages = tier == Tier::Wide && row == 0;
        lines.push(if beside_ages {
            beside(line, ages.clone(), columns)
        } else {
            line
        });
    }
    let most = if tier >= Tier::Medium { 3 } else { 2 };
    for text in wrap(
        &link::dated(model, app.sentence.as_str()),
        columns.saturating_sub(2),
        most,
    ) {
        lines.push(Line::raw(format!(" {text}")));
    }
    if let Some(question) = &app.needs_person {
        let ack = app.acknowledged_by.as_ref().map_or_else(
            || format!("{} acknowledges", model.keys.name("acknowledge")),
            |actor| format!("{actor} is on it"),
        );
        let text = format!("A PERSON MUST DECIDE: {question} ({ack})");
        for text in wrap(&text, columns.saturating_sub(2), 2) {
            lines.push(Line::styled(format!(" {text}"), theme.style(Tone::Bad)));
        }
    }
    // What a channel does not take is nowhere else, so it never gives way.
    let incident = incident::statement(model, app);
    for told in incident.into_iter().chain(incident::mute(model)) {
        let text = link::dated(model, &told.text);
        for text in wrap(&text, columns.saturating_sub(2), 2) {
            lines.push(Line::styled(format!(" {text}"), theme.style(told.tone)));
        }
    }
    let tabs = tabs(model, theme);
    if tier != Tier::Wide {
        let room = columns.saturating_sub(ages.width() + 3);
        let tabs = join(tabs, "  ", room);
        let mut ages = ages;
        let room = room.saturating_sub(tabs.width() + 3);
        if let Some(words) = watch::words(model, app, room) {
            ages.spans.push(Span::raw(format!("   {words}")));
        }
        lines.push(beside(ages, tabs, columns));
    } else if !tabs.is_empty() {
        let mut line = join(tabs, "   ", columns.saturating_sub(1));
        line.spans.insert(0, Span::raw(" "));
        lines.push(line);
    }
    lines
}

/// ` ✗ BREACHED  Shop Android 8.43.0  in progress 5%  HALT requested 3s ago          14:32Z`
fn verdict(
    model: &Model,
    app: &AppSnapshot,
    theme: Theme,
    tier: Tier,
    columns: usize,
) -> Line<'static> {
    let headline = model.headline(app);
    let word = format!(" {} {} ", headline.glyph(), headline.word());
    let pad = " ".repeat((WIDTH + 2).saturating_sub(width(&word)));
    let muted = bell::words(model).map_or_else(String::new, |it| format!("{it}  "));
    let clock = format!("{muted}{}", clock(model, tier));
    let mut right = vec![Span::styled(clock, theme.style(Tone::Muted))];
    if let Some(mark) = rights::mark(model, tier) {
        let mark = Span::styled(format!("{mark}  "), theme.style(Tone::Strong));
        right.insert(0, mark);
    }
    if model.readonly.is_some() {
        right.insert(0, Span::styled("[RO] ", theme.style(Tone::Strong)));
    }
    if tier == Tier::Wide
        && let Some(words) = watch::words(model, app, columns / 3)
    {
        right.insert(0, Span::raw(format!("{words}   ")));
    }
    let mark = moment::mark(model, theme, tier);
    let right = mark.clone().unwrap_or_else(|| Line::from(right));
    let room = columns.saturating_sub(WIDTH + 4 + right.width() + 2);

    let state = vec![Span::raw(state_words::brief(app))];
    let asked = app.desire.as_ref().map(|desire| {
        let asked = plan::requested(model, desire);
        vec![Span::styled(asked.text, theme.style(asked.tone))]
    });
    let mut parts = Vec::new();
    if tier == Tier::Tiny {
        let name = Span::styled(app.id.to_string(), theme.style(Tone::Strong));
        parts.push(vec![name]);
        parts.extend(asked);
        parts.push(state);
    } else {
        let version = match tier {
            Tier::Small => short_version(app.version_name.as_str()),
            _ => app.version_name.as_str(),
        };
        let name = format!("{} {}", app.name, app.store.platform());
        let name = Span::styled(name, theme.style(Tone::Strong));
        parts.push(vec![name, Span::raw(format!(" {version}"))]);
        parts.push(state);
        parts.extend(asked);
    }
    if matches!(
        headline,
        Headline::Halted | Headline::Paused | Headline::Held
    ) {
        let (tone, glyph) = Theme::health(app.health);
        parts.push(vec![Span::styled(
            format!("{glyph} {}", app.health),
            theme.style(tone),
        )]);
    }
    if let Some(reached) = state_words::reached(app) {
        parts.push(vec![Span::raw(format!("reached {reached}"))]);
    }
    let mut line = Line::from(vec![
        Span::styled(word, theme.loud(headline.tone())),
        Span::raw(format!("{pad}  ")),
    ]);
    line.spans.extend(join(parts, "  ", room).spans);
    match mark {
        Some(mark) => moment::stamped(line, mark, columns),
        None => beside(line, right, columns),
    }
}

pub(crate) fn clock(model: &Model, tier: Tier) -> String {
    let now = model.now.watched;
    let time = if tier == Tier::Wide {
        now.format("%H:%M:%SZ").to_string()
    } else {
        now.format("%H:%MZ").to_string()
    };
    if model.banner.is_empty() || tier < Tier::Medium {
        time
    } else {
        format!("{}  {time}", model.banner)
    }
}

/// `8.43.0 (84300)` without its build.
pub(crate) fn short_version(name: &str) -> &str {
    name.split_once(" (").map_or(name, |(short, _)| short)
}

/// The most pressing statement in up to two lines; the others beside it where they fit.
fn plan_lines(model: &Model, app: &AppSnapshot, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut statements = plan::statements(model, app).into_iter();
    let Some(first) = statements.next() else {
        return Vec::new();
    };
    let style = theme.style(first.tone);
    let mut lines: Vec<Line<'static>> = wrap(&first.text, room, 2)
        .into_iter()
        .map(|text| Line::from(vec![Span::raw(" "), Span::styled(text, style)]))
        .collect();
    if let Some(last) = lines.last_mut() {
        let mut parts = vec![std::mem::take(&mut last.spans)];
        parts.extend(statements.map(|it| vec![Span::styled(it.text, theme.style(it.tone))]));
        *last = join(parts, "  ·  ", room + 1);
    }
    lines
}

/// Left and right on one line; the right one goes where there is no room.
pub(crate) fn beside(left: Line<'static>, right: Line<'static>, columns: usize) -> Line<'static> {
    let used = left.width() + right.width() + 1;
    if used + 1 > columns {
        return left;
    }
    let mut line = left;
    line.spans.push(Span::raw(" ".repeat(columns - used)));
    for mut span in right.spans {
        span.style = right.style.patch(span.style);
        line.spans.push(span);
    }
    line
}

/// How old everything is, and its state where that is not fresh: ` data  play 38s  sentry 41s  ! vitals stale 5h`. Where there is
/// little room, of many sources only the first that is not fresh is named: ` data  play 38s  ! vitals stale 5h  3 fresh ≤4m`.
fn ages(model: &Model, app: &AppSnapshot, theme: Theme, tier: Tier) -> Line<'static> {
    let (now, watched) = (model.now.watched, model.is_watched());
    let mut spans = vec![Span::styled(" data", theme.style(Tone::Muted))];
    let mut add = |name: &str, at: Option<crate::domain::Timestamp>, trusted: bool| {
        let (mark, tone) = if trusted {
            ("", Tone::Plain)
        } else {
            ("! ", Tone::Unknown)
        };
        let old = at.map_or_else(|| "never".to_owned(), |at| age(now - at));
        spans.push(Span::raw("  "));
        spans.push(Span::styled(
            format!("{mark}{name} {old}"),
            theme.style(tone),
        ));
    };
    let store = match app.store {
        StoreKind::GooglePlay => "play",
        StoreKind::AppStore => "app store",
    };
    // How long ago the store had been read then is not recorded.
    if app.store_failure.is_some() || app.store_read_at.is_some() || model.moment.past().is_none() {
        add(
            store,
            app.store_read_at,
            watched && app.store_read_at.is_some() && app.store_failure.is_none(),
        );
    }
    let few = tier == Tier::Wide || app.sources.len() <= 2;
    let (fresh, doubtful): (Vec<_>, Vec<_>) = app.sources.iter().partition(|it| it.is_fresh());
    let named: Vec<_> = if few {
        app.sources.iter().collect()
    } else {
        doubtful.first().copied().into_iter().collect()
    };
    for source in named {
        let name = match source.state {
            DataState::Fresh => source.id.to_string(),
            state => format!("{} {}", source.id, state.word()),
        };
        add(&name, source.read_through, watched && source.is_fresh());
    }
    if !few && doubtful.len() > 1 {
        let more = format!("  and {} more", doubtful.len() - 1);
        spans.push(Span::styled(more, theme.style(Tone::Unknown)));
    }
    if !few && !fresh.is_empty() {
        let oldest = fresh.iter().filter_map(|it| it.read_through).min();
        let oldest = oldest.map_or_else(|| "never".to_owned(), |at| age(now - at));
        let tone = if watched { Tone::Plain } else { Tone::Unknown };
        let text = format!("  {} fresh ≤{oldest}", fresh.len());
        spans.push(Span::styled(text, theme.style(tone)));
    }
    if app.sources.is_empty() {
        spans.push(Span::styled(
            "  ! no health source",
            theme.style(Tone::Unknown),
        ));
    }
    Line::from(spans)
}

/// All apps, worst first, where there are several.
fn tabs(model: &Model, theme: Theme) -> Vec<Vec<Span<'static>>> {
    let apps = model.apps();
    if apps.len() < 2 {
        return Vec::new();
    }
    apps.iter()
        .map(|app| {
            let headline = model.headline(app);
            let shown = model.app.as_ref() == Some(&app.id);
            let text = format!("{} {}", headline.glyph(), app.id);
            let style = if shown {
                theme.loud(headline.tone())
            } else {
                theme.style(headline.tone())
            };
            let mark = if shown { "▸" } else { " " };
            vec![Span::raw(mark), Span::styled(text, style)]
        })
        .collect()
}
