//! Where the figures come from: how far each source has been read, what it may do by itself, what it gives; and what users say.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use crate::api::AppSnapshot;
use crate::domain::{Reach, Review};
use crate::policy::{DataState, SourceState};
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{self, age, stamp};

const COLUMNS: [Column; 5] = [
    Column::left("source", 18, 0),
    Column::left("data", 9, 0),
    Column::right("age", 4, 0),
    Column::left("by itself", 10, 2),
    Column::growing("gives", 8, 60),
];

/// What is said of the past in place of reviews.
const UNKEPT: &str = "what users said then is not kept in the journal";

/// Rows of the table, as far as they match the filter.
pub(crate) fn rows(model: &Model, app: &AppSnapshot) -> usize {
    model.visible_sources(app).len() + model.visible_reviews(app).len()
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let widths = table::widths(&COLUMNS, area.width);
    table::head(&COLUMNS, &widths, theme, area, buf);
    if app.sources.is_empty() {
        let none = "no source is configured: health stays unknown";
        put(
            &Line::styled(none, theme.style(Tone::Unknown)),
            area,
            1,
            buf,
        );
    }
    let skip = model.offset(Pane::Sources);
    let mut row = 1;
    let sources = model.visible_sources(app);
    for source in sources.iter().skip(skip) {
        let cells = cells(model, app, source, theme);
        table::row(&COLUMNS, &widths, cells, area, row, buf);
        row += 1;
    }
    let reviews = model.visible_reviews(app).into_iter();
    for review in reviews.skip(skip.saturating_sub(sources.len())) {
        put(&said(model, app, review, theme), area, row, buf);
        row += 1;
    }
    if model.moment.past().is_some() {
        let none = Line::styled(UNKEPT, theme.style(Tone::Muted));
        put(&none, area, row, buf);
    }
}

fn cells(
    model: &Model,
    app: &AppSnapshot,
    source: &SourceState,
    theme: Theme,
) -> Vec<Span<'static>> {
    let tone = match source.state {
        DataState::Fresh => Tone::Plain,
        DataState::Late => Tone::Muted,
        DataState::Stale | DataState::Missing | DataState::Anomalous => Tone::Unknown,
    };
    let style = theme.style(tone);
    let old = source.read_through.map_or_else(
        || format::NOTHING.to_owned(),
        |at| age(model.now.watched - at),
    );
    let metrics = app
        .metrics
        .iter()
        .filter(|metric| metric.source == source.id.0)
        .map(|metric| metric.metric.label());
    let levels = app.levels.iter().map(|level| &level.figures);
    let levels = levels
        .filter(|figures| figures.source == source.id)
        .map(|figures| figures.metric.label());
    let gives: Vec<String> = metrics.chain(levels).collect();
    let gives = match (gives.is_empty(), &source.why) {
        (_, Some(why)) => why.to_string(),
        (true, None) => format::NOTHING.to_owned(),
        (false, None) => gives.join(", "),
    };
    let optional = if source.required { "" } else { " (opt)" };
    vec![
        Span::styled(format!("{}{optional}", source.id), style),
        Span::styled(source.state.word(), style),
        Span::styled(old, style),
        Span::raw(by_itself(source.reach)),
        Span::styled(gives, theme.style(Tone::Muted)),
    ]
}

/// The strongest thing that its data may do.
fn by_itself(reach: Reach) -> String {
    match reach {
        Reach::Halt => "halts".into(),
        Reach::HaltAfterHours(hours) => format!("halt {hours}h+"),
        Reach::Pause => "pauses".into(),
        Reach::Context => "context".into(),
    }
}

/// `★★☆☆☆ 09:12  Crashes at checkout`
fn said(model: &Model, app: &AppSnapshot, review: &Review, theme: Theme) -> Line<'static> {
    let stars = usize::from(review.stars.min(5));
    let drawn = format!("{}{}", "★".repeat(stars), "☆".repeat(5 - stars));
    let watched = app.release.as_ref().map(|release| release.version.key());
    let of_new = review.version.is_some() && review.version == watched;
    let tone = match (of_new, review.stars) {
        (true, 0..=2) => Tone::Warning,
        (true, _) => Tone::Plain,
        (false, _) => Tone::Muted,
    };
    let words = match (review.title.as_str(), review.text.as_str()) {
        ("", text) => text.to_owned(),
        (title, "") => title.to_owned(),
        (title, text) => format!("{title}: {text}"),
    };
    Line::from(vec![
        Span::styled(drawn, theme.style(tone)),
        Span::styled(
            format!(" {:>8}  ", stamp(review.at, model.now.watched)),
            theme.style(Tone::Muted),
        ),
        Span::styled(words, theme.style(tone)),
    ])
}
