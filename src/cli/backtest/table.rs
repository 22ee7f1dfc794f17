//! All rollouts together: a row a figure, a column a contender.

use super::words::short;
use crate::backtest::score::{Delay, Rate, Score, Spread};
use crate::backtest::{Report, Summary};
use crate::policy::figures::{count, percent};

/// Columns of the labels, and at least of each contender.
const LABEL: usize = 30;
const COLUMN: usize = 18;

/// What the figures are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Recorded rollouts, replayed to their ends; of some is known whether they were bad.
    Labelled,
    /// The same, and nobody has said of any whether it was bad.
    Unlabelled,
    /// Made-up rollouts, replayed as far as anything new can happen.
    MadeUp,
    /// Splits of stable versions: how old their data are has no meaning.
    Placebo,
}

/// The table, a line a row.
pub(super) fn lines(report: &Report, of: Of) -> Vec<String> {
    let Some(first) = report.contenders.first().map(|one| &one.summary) else {
        return Vec::new();
    };
    let mut table = Table::new(report);
    if first.bad < first.rollouts {
        // Who says nothing does not say that they were healthy.
        let judged = if of == Of::Unlabelled {
            ""
        } else {
            " by mistake"
        };
        table.rate(&format!("stopped{judged}"), |s| &s.pause.false_acts);
        table.rate(&format!("halted{judged}"), |s| &s.halt.false_acts);
    } else {
        table.row("stopped before it was bad", |s| hits(&s.pause.before_onset));
    }
    if first.bad > 0 {
        table.rate("bad ones missed", |s| &s.pause.missed);
        table.row("stopped at 100% only", |s| count(s.pause.late));
        table.delays("stop", |s| &s.pause);
        let halted = |s: &Summary| s.halt.delay.is_some();
        if report.contenders.iter().any(|one| halted(&one.summary)) {
            table.delays("halt", |s| &s.halt);
        }
    }
    let unknown = match of {
        Of::Labelled | Of::Unlabelled => Some("time unknown"),
        Of::MadeUp => Some("time unknown, up to the stop"),
        Of::Placebo => None,
    };
    if let Some(label) = unknown {
        table.row(label, |s| {
            let share = Rate::of(s.unknown, s.polls).share;
            share.map_or_else(nothing, percent)
        });
    }
    if of == Of::Unlabelled {
        table.lines.push(
            "Nobody has said which of them were bad: --labels FILE does, with lines of app, version and onset."
                .to_owned(),
        );
    }
    table.lines
}

struct Table<'a> {
    /// Each contender's figures, and the columns that they have.
    columns: Vec<(&'a Summary, usize)>,
    lines: Vec<String>,
}

impl<'a> Table<'a> {
    fn new(report: &'a Report) -> Self {
        let mut head = " ".repeat(LABEL);
        let mut columns = Vec::new();
        for one in &report.contenders {
            let width = one.name.chars().count().max(COLUMN) + 2;
            head.push_str(&flush_right(&one.name, width));
            columns.push((&one.summary, width));
        }
        Self {
            columns,
            lines: vec![head],
        }
    }

    fn row(&mut self, label: &str, cell: impl Fn(&Summary) -> String) {
        let mut line = format!("{label:LABEL$}");
        for (summary, width) in &self.columns {
            line.push_str(&flush_right(&cell(summary), *width));
        }
        self.lines.push(line);
    }

    /// How often, and the bounds of that.
    fn rate(&mut self, label: &str, rate: impl Fn(&Summary) -> &Rate) {
        self.row(label, |s| hits(rate(s)));
        self.row("  95% bounds", |s| bounds(rate(s)));
    }

    /// How long it took, in what people count.
    fn delays(&mut self, to: &str, score: impl Fn(&Summary) -> &Score) {
        let whole = |number: f64| count(number.round() as u64);
        let mean = |s: &Summary| {
            let delay = score(s).delay.as_ref();
            delay.map_or_else(nothing, |delay| whole(delay.trials.mean))
        };
        self.row(&format!("sessions to the {to}, mean"), mean);
        let mut both = |label: &str, spread: fn(&Delay) -> &Spread, show: fn(f64) -> String| {
            self.row(label, |s| {
                let Some(spread) = score(s).delay.as_ref().map(spread) else {
                    return nothing();
                };
                let (median, p90) = (show(spread.median), show(spread.p90));
                if median == p90 {
                    median
                } else {
                    format!("{median} / {p90}")
                }
            });
        };
        both("  median / p90", |delay| &delay.trials, whole);
        let hours = format!("hours to the {to}, median / p90");
        both(&hours, |delay| &delay.hours, short);
        both(
            "users exposed, median / p90",
            |delay| &delay.exposed,
            percent,
        );
    }
}

fn flush_right(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

fn hits(rate: &Rate) -> String {
    match rate.share {
        Some(share) => format!(
            "{} of {}, {}",
            count(rate.hits),
            count(rate.of),
            percent(share)
        ),
        None => nothing(),
    }
}

fn bounds(rate: &Rate) -> String {
    match rate.share {
        Some(_) => format!("{} to {}", percent(rate.low), percent(rate.high)),
        None => nothing(),
    }
}

fn nothing() -> String {
    "-".to_owned()
}
