//! The new version's health beside the previous one's, each number with its sample, evidence and age.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::bar::sparkline;
use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use super::charts;
use super::header::short_version;
use crate::api::AppSnapshot;
use crate::domain::{Counts, Health, Metric};
use crate::policy::figures::{factor, measured, times, times_up};
use crate::policy::ledger::Clustering;
use crate::policy::{LevelSummary, MetricSummary, explain};
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{self, NOTHING, age};

const COLUMNS: [Column; 11] = [
    Column::growing("  metric", 22, 28),
    Column::right("new", 8, 0),
    Column::right("old", 8, 0),
    Column::right("change", 9, 1),
    Column::right("failures", 13, 4),
    Column::right("evidence", 11, 2),
    Column::right("n", 5, 3),
    Column::right("age", 3, 5),
    Column::left("failing, at most", 21, 6),
    Column::right("would see", 9, 7),
    Column::right("clusters", 8, 8),
];

/// Beside the title: what is compared with what.
pub(crate) fn aside(app: &AppSnapshot) -> String {
    let Some(previous) = &app.previous_name else {
        return "no previous version to compare with".into();
    };
    format!("{} vs previous {previous}", app.version_name)
}

/// What makes the numbers less than trustworthy, in words.
pub(crate) fn troubles(model: &Model, app: &AppSnapshot) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(failure) = &app.store_failure {
        out.push(format!("{} cannot be read: {failure}", app.store.name()));
    }
    out.extend(app.dark.iter().map(|why| format!("dark launch: {why}")));
    let stale = app.sources.iter().filter(|source| !source.is_fresh());
    out.extend(stale.map(|source| {
        let why = source.why.as_ref().map(ToString::to_string);
        let read = source.read_through.map(|at| age(model.now.watched - at));
        let why = why.or_else(|| read.map(|old| format!("read {old} ago")));
        let why = why.as_deref().unwrap_or("never read");
        format!("{} {}: {why}", source.id, source.state.word())
    }));
    let contradictions = app.disagreements.iter();
    out.extend(contradictions.map(|found| format!("sources disagree: {}", found.sentence)));
    out.extend(app.notes.iter().map(ToString::to_string));
    out
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let widths = table::widths(&COLUMNS, area.width);
    let muted = theme.style(Tone::Muted);
    let title = |column: &Column| match column.title {
        "new" => Span::styled(
            short_version(app.version_name.as_str()).to_owned(),
            theme.style(Tone::Strong),
        ),
        "old" => {
            let name = app
                .previous_name
                .as_ref()
                .map_or(NOTHING, |name| short_version(name.as_str()));
            Span::styled(name.to_owned(), muted)
        }
        other => Span::styled(other, muted),
    };
    table::row(
        &COLUMNS,
        &widths,
        COLUMNS.iter().map(title).collect(),
        area,
        0,
        buf,
    );
    let troubles = troubles(model, app);
    let metrics = model.visible_metrics(app).into_iter();
    let mut entries: Vec<Entry<'_>> = metrics.map(Entry::Tested).collect();
    entries.extend(model.visible_levels(app).into_iter().map(Entry::Level));
    let line = |entry: &Entry<'_>| match entry {
        Entry::Tested(metric) => cells(model, metric, theme),
        Entry::Level(level) => level_cells(model, level, theme),
    };
    let mut row = 1;
    let chart = if model.zoomed && !model.visible_metrics(app).is_empty() {
        let (table, chart) = zoomed(model, app, &entries, troubles.len(), area, |entry| {
            table::dropped(&COLUMNS, &widths, &line(entry))
        });
        for Shown {
            entry,
            chosen,
            more,
        } in table
        {
            table::row(&COLUMNS, &widths, line(entry), area, row, buf);
            if chosen && let Some(cell) = buf.cell_mut((area.x.saturating_sub(1), area.y + row)) {
                cell.set_symbol("▸").set_style(theme.style(Tone::Focus));
            }
            row += 1;
            for text in more {
                put(&Line::styled(text, muted), area, row, buf);
                row += 1;
            }
        }
        chart
    } else {
        let room = usize::from(area.height.saturating_sub(1))
            - usize::from(!troubles.is_empty() && area.height > 1);
        let beyond = rows(model, app).saturating_sub(room);
        if beyond > 0 {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.health()));
        }
        let last = room as u16;
        // Nothing is scrolled away while everything fits.
        let skip = model.offset(Pane::Health).min(beyond);
        for entry in entries.iter().skip(skip) {
            if row > last {
                break;
            }
            table::row(&COLUMNS, &widths, line(entry), area, row, buf);
            row += 1;
            if let Some(text) = entry.driver().filter(|_| row <= last) {
                let (tone, _) = Theme::health(entry.health());
                put(&Line::styled(text, theme.style(tone)), area, row, buf);
                row += 1;
            }
        }
        None
    };
    let unknown = theme.style(Tone::Unknown);
    if app.metrics.is_empty() && app.levels.is_empty() {
        put(&Line::styled("? no readings yet", unknown), area, row, buf);
        row += 1;
    }
    let below = chart.map_or(0, |(_, chart)| chart.height);
    let rest = Rect {
        y: area.y + row.min(area.height),
        height: area.height.saturating_sub(row + below),
        ..area
    };
    warn(troubles, theme, rest, buf);
    if let Some((metric, place)) = chart {
        charts::metric(model, app, metric, theme, place, buf);
    }
}

/// What makes the numbers less than trustworthy, as far as there is room for it.
fn warn(troubles: Vec<String>, theme: Theme, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.height);
    let hidden = troubles.len().saturating_sub(room);
    let lines = troubles.into_iter().take(room).enumerate();
    for ((i, trouble), row) in lines.zip(0..) {
        let more = if hidden > 0 && i + 1 == room {
            format!("(and {hidden} more: 1 z) ")
        } else {
            String::new()
        };
        let line = Line::styled(format!("! {more}{trouble}"), theme.style(Tone::Unknown));
        put(&line, area, row, buf);
    }
}

/// A line of the table that has the screen for itself.
struct Shown<'a> {
    entry: &'a Entry<'a>,
    /// Its chart is drawn.
    chosen: bool,
    /// Lines under it.
    more: Vec<String>,
}

/// Rows that a chart would like.
const CHART: usize = 9;

/// Alone on the screen: the table, and the chart of the metric that is chosen in it. Where they do not fit together, first the
/// lines under the others go, then the others.
fn zoomed<'a>(
    model: &Model,
    app: &'a AppSnapshot,
    entries: &'a [Entry<'a>],
    troubles: usize,
    area: Rect,
    dropped: impl Fn(&Entry<'_>) -> String,
) -> (Vec<Shown<'a>>, Option<(&'a Metric, Rect)>) {
    let metrics = model.visible_metrics(app);
    let last = metrics.len().saturating_sub(1);
    let at = model.offset(Pane::Health).min(last);
    let shown = |(i, entry): (usize, &'a Entry<'a>), whole: bool| {
        let chosen = i == at;
        let rest = Some(dropped(entry)).filter(|rest| !rest.is_empty());
        let rest = rest.map(|rest| format!("    {rest}"));
        let lines = entry.driver().into_iter().chain(rest);
        Shown {
            entry,
            chosen,
            more: lines.filter(|_| whole || chosen).collect(),
        }
    };
    let all = |whole| -> Vec<Shown<'a>> {
        let entries = entries.iter().enumerate();
        entries.map(|it| shown(it, whole)).collect()
    };
    let high = |table: &[Shown<'_>]| table.iter().map(|it| 1 + it.more.len()).sum::<usize>();
    let room = usize::from(area.height.saturating_sub(1)).saturating_sub(troubles);
    let mut table = all(true);
    if high(&table) + CHART > room {
        table = all(false);
    }
    if high(&table) + CHART > room {
        table.retain(|it| it.chosen);
    }
    if high(&table) + usize::from(charts::LEAST) > room {
        for line in &mut table {
            line.more.clear();
        }
    }
    let left = room.saturating_sub(high(&table));
    if left < usize::from(charts::LEAST) {
        return (all(true), None);
    }
    // A line between them, where nobody misses it.
    let rows = (left - usize::from(left > CHART + 2)) as u16;
    let place = Rect {
        y: area.bottom() - rows,
        height: rows,
        ..area
    };
    let metric = metrics.get(at).map(|it| &it.metric);
    (table, metric.map(|metric| (metric, place)))
}

/// What has a line of its own.
enum Entry<'a> {
    Tested(&'a MetricSummary),
    Level(&'a LevelSummary),
}

impl Entry<'_> {
    fn health(&self) -> Health {
        match self {
            Self::Tested(metric) => metric.health,
            Self::Level(level) => level.health,
        }
    }

    /// Where most of it comes from.
    fn driver(&self) -> Option<String> {
        match self {
            Self::Tested(metric) => {
                let driver = metric.driver.as_ref()?;
                Some(format!(
                    "    mostly {}",
                    explain::mostly(&metric.metric, driver)
                ))
            }
            Self::Level(_) => None,
        }
    }
}

/// Lines of the table, as far as it matches the filter.
pub(crate) fn rows(model: &Model, app: &AppSnapshot) -> usize {
    let metrics = model.visible_metrics(app);
    let drivers = metrics.iter().filter(|metric| metric.driver.is_some());
    metrics.len() + drivers.count() + model.visible_levels(app).len()
}

/// A figure without counts: no evidence, and nothing that clusters.
fn level_cells(model: &Model, level: &LevelSummary, theme: Theme) -> Vec<Span<'static>> {
    let (tone, glyph) = shown(model, level.health);
    let style = theme.style(tone);
    let figures = &level.figures;
    let value = |value: Option<f64>| {
        value.map_or_else(|| NOTHING.to_owned(), |value| measured(value, figures.unit))
    };
    let factor = figures.new.zip(figures.old).filter(|(_, old)| *old > 0.0);
    let old = figures
        .through
        .map_or_else(|| NOTHING.to_owned(), |at| age(model.now.watched - at));
    let trials = figures
        .new_trials
        .map_or_else(|| NOTHING.to_owned(), format::short_count);
    let nothing = || Span::raw(String::new());
    vec![
        Span::styled(format!("{glyph} {}", figures.metric.label()), style),
        Span::styled(value(figures.new), style),
        Span::raw(value(figures.old)),
        nothing(),
        Span::raw(factor.map_or_else(String::new, |(new, old)| times(new / old))),
        nothing(),
        Span::raw(trials),
        Span::raw(old),
        nothing(),
        nothing(),
        nothing(),
    ]
}

/// What nobody looks at any more is not known to be good.
fn shown(model: &Model, health: Health) -> (Tone, &'static str) {
    Theme::health(match health {
        Health::Healthy if !model.is_watched() => Health::Unknown,
        health => health,
    })
}

fn cells(model: &Model, metric: &MetricSummary, theme: Theme) -> Vec<Span<'static>> {
    let (tone, glyph) = shown(model, metric.health);
    let style = theme.style(tone);
    let quiet = metric.health == Health::Healthy && model.is_watched();
    let plain = if quiet {
        theme.style(Tone::Plain)
    } else {
        style
    };
    let trials = |counts: Counts| {
        if counts.trials == 0 {
            NOTHING.to_owned()
        } else {
            format::short_count(counts.trials)
        }
    };
    let old = metric
        .through
        .map_or_else(|| NOTHING.to_owned(), |at| age(model.now.watched - at));
    vec![
        Span::styled(
            format!("{glyph} {}", short_label(&metric.metric.label())),
            style,
        ),
        Span::styled(format::share(&metric.metric, metric.new), plain),
        Span::raw(format::share(&metric.metric, metric.old)),
        Span::styled(format::delta(&metric.metric, metric.new, metric.old), plain),
        Span::raw(format::ratio(metric.ratio, metric.ratio_lower)),
        Span::styled(format::one_in(metric.ln_evidence), plain),
        Span::raw(trials(metric.new)),
        Span::raw(old),
        Span::styled(failing(&metric.trend), plain),
        Span::raw(metric.visible.map_or_else(|| NOTHING.to_owned(), times_up)),
        Span::raw(clustering(metric.clustering)),
    ]
}

/// The share that failed over the last windows, and what full height is: each line has a scale of its own, from nought on.
fn failing(trend: &[Option<f64>]) -> String {
    let top = trend.iter().flatten().copied().fold(0.0, f64::max) * 100.0;
    let top = match top {
        0.0 => "0%".to_owned(),
        10.0.. => format!("{top:.0}%"),
        1.0.. => format!("{top:.1}%"),
        0.01.. => format!("{top:.2}%"),
        _ => "<0.01%".to_owned(),
    };
    let spark = sparkline(trend, 14);
    if spark.is_empty() {
        return spark;
    }
    format!("{spark} {top}")
}

/// How many failures come at once; `1` where each is a user of its own, `?` where nobody knows.
fn clustering(clustering: Clustering) -> String {
    match clustering {
        Clustering::Distinct => "1".into(),
        Clustering::Measured { phi } => factor(phi),
        Clustering::Unknown => "?".into(),
    }
}

/// The table is about sessions unless it says otherwise: the word would not fit beside the longest name.
fn short_label(label: &str) -> String {
    label.replace("frustration-free sessions", "frustration-free")
}
