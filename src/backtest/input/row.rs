//! One line with a meaning: a window or a label.

use chrono::DateTime;

use super::cell::{Cell, Cells};
use super::field::Field;
use super::problem::{Problem, Wrong};
use crate::domain::{Counts, Exposure, Metric, PlainText, StoreKind, Timestamp, metric, suggest};
use crate::policy::Paired;

/// Highest count: far above what an app can have in a window, far below where sums overflow.
pub(super) const MOST: u64 = 1_000_000_000_000_000;

/// Longest window, in seconds.
const LONGEST: u64 = 31 * 86_400;

/// The year 3000: later times are milliseconds that were taken for seconds.
const LATEST: u64 = 32_503_680_000;

/// What a line says.
#[derive(Debug)]
pub(super) enum Row {
    Window(Box<Window>),
    Label(Label),
}

/// Both versions in one window.
#[derive(Debug)]
pub(super) struct Window {
    pub app: PlainText,
    pub version: PlainText,
    pub baseline: Option<PlainText>,
    pub metric: Metric,
    pub exposure: Option<Exposure>,
    pub store: StoreKind,
    pub counts: Paired,
}

/// What somebody knows of a version.
#[derive(Debug)]
pub(super) struct Label {
    pub app: PlainText,
    pub version: PlainText,
    /// Since when it was bad; `None`: it was healthy.
    pub onset: Option<Timestamp>,
}

impl Row {
    pub(super) fn new(cells: &Cells<'_>) -> Result<Self, Wrong> {
        let app = required_text(cells, Field::App)?;
        let version = required_text(cells, Field::Version)?;
        let Some(cell) = cells.get(Field::Onset) else {
            return Window::new(app, version, cells).map(|window| Self::Window(Box::new(window)));
        };
        let counts = [Field::Start, Field::N, Field::Failures];
        if counts.into_iter().any(|field| cells.get(field).is_some()) {
            return Err((Some(Field::Onset), Problem::LabelWithCounts));
        }
        let onset = match cell {
            Cell::Text(text) if text == "healthy" => None,
            cell => match time(cell) {
                Err(Problem::NotATime { .. }) => {
                    let found = PlainText::from(cell.to_string().trim_matches('"'));
                    return Err((Some(Field::Onset), Problem::NotAnOnset { found }));
                }
                time => Some(time.map_err(|problem| (Some(Field::Onset), problem))?),
            },
        };
        Ok(Self::Label(Label {
            app,
            version,
            onset,
        }))
    }
}

impl Window {
    fn new(app: PlainText, version: PlainText, cells: &Cells<'_>) -> Result<Self, Wrong> {
        let baseline = text(cells, Field::Baseline)?;
        let start =
            read(cells, Field::Start, time)?.ok_or((Some(Field::Start), Problem::Missing))?;
        let seconds = required_count(cells, Field::Seconds)?;
        let length = u32::try_from(seconds)
            .ok()
            .filter(|_| (1..=LONGEST).contains(&seconds));
        let length = length.ok_or((Some(Field::Seconds), Problem::Length { found: seconds }))?;
        let new = counts(
            required_count(cells, Field::N)?,
            required_count(cells, Field::Failures)?,
            Field::Failures,
        )?;
        let old = old_counts(cells, baseline.is_some())?;
        let stratum = text(cells, Field::Stratum)?.unwrap_or_default();
        let metric = read(cells, Field::Metric, metric)?.unwrap_or(Metric::CrashFreeSessions);
        Ok(Self {
            app,
            version,
            baseline,
            metric,
            exposure: read(cells, Field::Exposure, exposure)?,
            store: read(cells, Field::Store, store)?.unwrap_or(StoreKind::GooglePlay),
            counts: Paired {
                start,
                seconds: length,
                stratum: stratum.to_string(),
                new,
                old,
            },
        })
    }
}

/// The counts of the baseline, where the line names one.
fn old_counts(cells: &Cells<'_>, has_baseline: bool) -> Result<Counts, Wrong> {
    let of = |field| {
        let count = read(cells, field, count)?;
        match count {
            Some(found) if !has_baseline && found > 0 => Err((Some(field), Problem::NoBaseline)),
            None if has_baseline => Err((Some(field), Problem::MissingBaselineCounts)),
            _ => Ok(count.unwrap_or(0)),
        }
    };
    counts(
        of(Field::NBaseline)?,
        of(Field::FailuresBaseline)?,
        Field::FailuresBaseline,
    )
}

fn counts(trials: u64, failures: u64, field: Field) -> Result<Counts, Wrong> {
    let wrong = (Some(field), Problem::MoreFailures { failures, trials });
    Counts::new(trials, failures).ok_or(wrong)
}

/// The field with its meaning; `None` where the line does not have it.
fn read<T>(
    cells: &Cells<'_>,
    field: Field,
    meaning: impl Fn(&Cell<'_>) -> Result<T, Problem>,
) -> Result<Option<T>, Wrong> {
    let read = cells.get(field).map(meaning).transpose();
    read.map_err(|problem| (Some(field), problem))
}

fn required_count(cells: &Cells<'_>, field: Field) -> Result<u64, Wrong> {
    read(cells, field, count)?.ok_or((Some(field), Problem::Missing))
}

fn required_text(cells: &Cells<'_>, field: Field) -> Result<PlainText, Wrong> {
    text(cells, field)?.ok_or((Some(field), Problem::Missing))
}

/// A name; one of nothing but characters that no terminal should see is none.
fn text(cells: &Cells<'_>, field: Field) -> Result<Option<PlainText>, Wrong> {
    let name = read(cells, field, |cell| match cell {
        Cell::Text(text) => Ok(PlainText::new(text)),
        // Version codes are numbers.
        Cell::Whole(number) => Ok(number.to_string().into()),
        other => Err(Problem::NotText {
            found: other.to_string().into(),
        }),
    })?;
    Ok(name.filter(|name| !name.is_empty()))
}

fn count(cell: &Cell<'_>) -> Result<u64, Problem> {
    let number = match cell {
        Cell::Whole(number) => Some(*number),
        Cell::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(found) if found > MOST => Err(Problem::TooMany { found }),
        Some(count) => Ok(count),
        None => Err(Problem::NotACount { found: shown(cell) }),
    }
}

fn time(cell: &Cell<'_>) -> Result<Timestamp, Problem> {
    let wrong = || Problem::NotATime { found: shown(cell) };
    match cell {
        Cell::Text(text) if !text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let at = DateTime::parse_from_rfc3339(text).map_err(|_ignored| wrong())?;
            let at = at.to_utc();
            let possible = u64::try_from(at.timestamp()).is_ok_and(|at| at < LATEST);
            possible.then_some(at).ok_or_else(wrong)
        }
        _ => match count(cell).map_err(|_ignored| wrong())? {
            found @ LATEST.. => Err(Problem::Milliseconds { found }),
            seconds => i64::try_from(seconds)
                .ok()
                .and_then(|seconds| Timestamp::from_timestamp(seconds, 0))
                .ok_or_else(wrong),
        },
    }
}

fn exposure(cell: &Cell<'_>) -> Result<Exposure, Problem> {
    match cell {
        Cell::Text(text) if text.parse::<f64>().is_err() => Ok(text.parse()?),
        cell => Err(Problem::BareExposure { found: shown(cell) }),
    }
}

fn store(cell: &Cell<'_>) -> Result<StoreKind, Problem> {
    match cell {
        Cell::Text(text) if text == "google-play" => Ok(StoreKind::GooglePlay),
        Cell::Text(text) if text == "app-store" => Ok(StoreKind::AppStore),
        other => Err(Problem::NotAStore {
            found: shown(other),
        }),
    }
}

fn metric(cell: &Cell<'_>) -> Result<Metric, Problem> {
    let name = match cell {
        Cell::Text(text) => text.as_ref(),
        other => {
            let found = other.to_string().into();
            return Err(Problem::NotText { found });
        }
    };
    name.parse().map_err(|_ignored| Problem::UnknownMetric {
        found: name.into(),
        help: suggest::did_you_mean(name, &metric::NAMES),
    })
}

/// As it was written, without quotes.
fn shown(cell: &Cell<'_>) -> PlainText {
    match cell {
        Cell::Text(text) => PlainText::new(text),
        other => other.to_string().into(),
    }
}
