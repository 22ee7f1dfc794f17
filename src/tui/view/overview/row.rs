//! One rollout in one line: its cells, in the order that the person chose.

use ratatui::text::Span;

use super::super::super::widgets::table::Column;
use super::super::header::short_version;
use crate::api::AppSnapshot;
use crate::tui::state::columns::Column as Shown;
use crate::tui::state::model::Model;
use crate::tui::state::overview::figures;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{self, NOTHING};

fn column(shown: Shown) -> Column {
    match shown {
        Shown::Next => Column::left("next", 9, 1),
        Shown::Stage => Column::right("stage", 5, 2),
        Shown::Data => Column::right("data", 5, 3),
        Shown::Exposed => Column::right("exposed", 7, 4),
        Shown::CrashFree => Column::right("crash-free", 10, 5),
        Shown::Change => Column::right("Δ prev", 8, 6),
        Shown::Who => Column::left("who", 9, 7),
        Shown::Rules => Column::right("✗ ! ? ✓", 8, 8),
        Shown::Version => Column::left("version", 8, 9),
        Shown::Platform => Column::left("platform", 8, 10),
    }
}

/// The verdict, the app, and what is chosen.
pub(super) fn columns(model: &Model) -> Vec<Column> {
    let mut columns = vec![
        Column::left("  verdict", 12, 0),
        Column::growing("app", 12, 32),
    ];
    columns.extend(model.lists.columns.shown().map(column));
    columns
}

/// The cells of [`columns`].
pub(super) fn cells(
    model: &Model,
    app: &AppSnapshot,
    selected: bool,
    theme: Theme,
) -> Vec<Span<'static>> {
    let headline = model.headline(app);
    let mark = if selected { '▸' } else { ' ' };
    let verdict = format!("{mark} {} {}", headline.glyph(), headline.word());
    let name = if selected {
        theme.loud(Tone::Plain)
    } else {
        theme.style(Tone::Plain)
    };
    let mut cells = vec![
        Span::styled(verdict, theme.style(headline.tone())),
        Span::styled(app.id.to_string(), name),
    ];
    let shown = model.lists.columns.shown();
    cells.extend(shown.map(|shown| cell(model, app, shown, theme)));
    cells
}

fn cell(model: &Model, app: &AppSnapshot, shown: Shown, theme: Theme) -> Span<'static> {
    let data = figures::data(model, app);
    // Figures of old data are there to be read, and look like what they are.
    let figure = if data.trusted {
        Tone::Plain
    } else {
        Tone::Muted
    };
    let (tone, text) = match shown {
        Shown::Platform => (Tone::Plain, app.store.platform().to_owned()),
        Shown::Version => {
            let name = short_version(app.version_name.as_str());
            (
                Tone::Plain,
                if name.is_empty() { NOTHING } else { name }.to_owned(),
            )
        }
        Shown::Stage => (Tone::Plain, figures::stage(app)),
        Shown::Next => figures::next(model, app),
        Shown::Exposed => {
            let users = figures::exposed(app).map(figures::users);
            (figure, users.unwrap_or_else(|| NOTHING.into()))
        }
        Shown::CrashFree => {
            let metric = figures::crash_free(app);
            let share = metric.map(|it| format::share(&it.metric, it.new));
            (figure, share.unwrap_or_else(|| NOTHING.into()))
        }
        Shown::Change => {
            let metric = figures::crash_free(app);
            let delta = metric.map(|it| format::delta(&it.metric, it.new, it.old));
            (figure, delta.unwrap_or_else(|| NOTHING.into()))
        }
        Shown::Rules => {
            let counts = figures::rule_counts(model, app).map(|count| count.to_string());
            (Tone::Plain, counts.join(" "))
        }
        Shown::Data => {
            let tone = if data.trusted {
                Tone::Plain
            } else {
                Tone::Unknown
            };
            (tone, data.words())
        }
        Shown::Who => figures::who(model, app),
    };
    Span::styled(text, theme.style(tone))
}
