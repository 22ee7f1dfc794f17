//! The verdicts of one rollout over its time, as a row of cells in plain text, under what was offered meanwhile.

use chrono::TimeDelta;

use crate::backtest::Outcome;
use crate::domain::{Exposure, Health, Timestamp};

/// What the cells are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// ASCII only.
    pub ascii: bool,
    pub colours: bool,
    /// Cells a row.
    pub width: usize,
}

/// What one cell says, the worst of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// Nobody ran the version, or nothing was decided.
    Nothing,
    Health(Health),
    Pause,
    Halt,
}

impl Cell {
    fn glyph(self, ascii: bool) -> char {
        match (self, ascii) {
            (Self::Nothing, _) => ' ',
            (Self::Health(Health::Unknown), false) => '·',
            (Self::Health(Health::Unknown), true) => '?',
            (Self::Health(Health::Healthy), false) => '━',
            (Self::Health(Health::Healthy), true) => '-',
            (Self::Health(Health::Warning), _) => '!',
            (Self::Health(Health::Breached), false) => '█',
            (Self::Health(Health::Breached), true) => '#',
            (Self::Pause, _) => 'P',
            (Self::Halt, _) => 'H',
        }
    }

    /// The colour as an SGR parameter; every cell says the same without it.
    fn colour(self) -> &'static str {
        match self {
            Self::Nothing => "0",
            Self::Health(Health::Unknown) => "90",
            Self::Health(Health::Healthy) => "32",
            Self::Health(Health::Warning) => "33",
            Self::Health(Health::Breached) => "31",
            Self::Pause => "1;33",
            Self::Halt => "1;31",
        }
    }
}

/// What the glyphs mean.
pub(super) fn legend(style: Style) -> String {
    let glyph = |health| Cell::Health(health).glyph(style.ascii);
    format!(
        "{} healthy   {} warning   {} breached   {} unknown   P pause   H halt",
        glyph(Health::Healthy),
        glyph(Health::Warning),
        glyph(Health::Breached),
        glyph(Health::Unknown),
    )
}

/// The time that a row shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    /// Of a rollout; `None` where nobody ran it.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        let (from, to) = (outcome.began?, outcome.ended?);
        (from < to).then_some(Self { from, to })
    }

    /// The cell of a moment, of so many.
    fn cell(self, at: Timestamp, width: usize) -> usize {
        let share = (at - self.from).as_seconds_f64() / (self.to - self.from).as_seconds_f64();
        ((share * width as f64) as usize).min(width.saturating_sub(1))
    }
}

/// The verdicts of one contender.
pub(super) fn verdicts(outcome: &Outcome, span: Span, style: Style) -> String {
    let mut cells = vec![Cell::Nothing; style.width];
    for (n, mark) in outcome.trail.iter().enumerate() {
        // A verdict stands until the next one, the last until the end.
        let until = outcome
            .trail
            .get(n + 1)
            .map_or(span.to, |next| next.at - TimeDelta::milliseconds(1));
        let (first, last) = (
            span.cell(mark.at, style.width),
            span.cell(until, style.width),
        );
        for cell in cells.iter_mut().take(last + 1).skip(first) {
            let worse = match *cell {
                Cell::Health(known) => known < mark.health,
                _ => true,
            };
            if worse {
                *cell = Cell::Health(mark.health);
            }
        }
    }
    let acts = [(&outcome.pause, Cell::Pause), (&outcome.halt, Cell::Halt)];
    for (moment, act) in acts {
        let moment = moment.as_ref();
        let place = moment.and_then(|moment| cells.get_mut(span.cell(moment.at, style.width)));
        if let Some(cell) = place {
            *cell = act;
        }
    }
    painted(&cells, style)
}

fn painted(cells: &[Cell], style: Style) -> String {
    let mut row = String::new();
    for run in cells.chunk_by(|a, b| a == b) {
        let Some(first) = run.first() else { continue };
        let glyphs = run.iter().map(|cell| cell.glyph(style.ascii));
        if style.colours {
            row.push_str("\x1b[");
            row.push_str(first.colour());
            row.push('m');
            row.extend(glyphs);
            row.push_str("\x1b[0m");
        } else {
            row.extend(glyphs);
        }
    }
    row.trim_end().to_owned()
}

/// What was offered from when on, each at its cell as far as there is room; empty where nobody recorded it.
pub(super) fn exposures(outcome: &Outcome, span: Span, style: Style) -> String {
    let mut row = String::new();
    let mut shown: Option<Exposure> = None;
    for mark in &outcome.trail {
        let Some(exposure) = mark.exposure.filter(|exposure| shown != Some(*exposure)) else {
            continue;
        };
        let at = span.cell(mark.at, style.width);
        let label = exposure.to_string();
        let written = row.chars().count();
        let free = written == 0 || at > written;
        if free && at + label.len() <= style.width {
            row.push_str(&" ".repeat(at - written));
            row.push_str(&label);
            shown = Some(exposure);
        }
    }
    row
}

/// A row that points at a moment, such as the onset.
pub(super) fn pointer(at: Timestamp, what: &str, span: Span, style: Style) -> String {
    let cell = span.cell(at.max(span.from), style.width);
    let arrow = if style.ascii { '^' } else { '↑' };
    let room = style.width.saturating_sub(cell + 2);
    if what.chars().count() <= room || cell < what.chars().count() + 1 {
        format!("{}{arrow} {what}", " ".repeat(cell))
    } else {
        format!(
            "{}{what} {arrow}",
            " ".repeat(cell - what.chars().count() - 1)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::{Mark, Moment};
    use crate::domain::Verb;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_timestamp(hour * 3_600, 0).unwrap()
    }

    fn outcome() -> Outcome {
        let mark = |hour, health, percent| Mark {
            at: at(hour),
            health,
            exposed: 0.0,
            exposure: Some(Exposure::from_percent(percent)),
        };
        let halt = Moment {
            at: at(18),
            verb: Some(Verb::Halt),
            rule: None,
            sentence: "".into(),
            ln_evidence: None,
            trials: 0,
            failures: 0,
            hours: 18.0,
            exposed: 0.0,
            exposure: None,
            avoidable: 0.0,
        };
        Outcome {
            app: "Shop".into(),
            version: "2".into(),
            began: Some(at(0)),
            ended: Some(at(20)),
            onset: Some(at(14)),
            polls: 20,
            unknown: 2,
            notice: None,
            pause: None,
            halt: Some(halt),
            withheld: None,
            trials_at_onset: 0,
            trials: 0,
            trail: vec![
                mark(0, Health::Unknown, 1),
                mark(2, Health::Healthy, 1),
                mark(10, Health::Healthy, 5),
                mark(14, Health::Warning, 5),
                mark(17, Health::Breached, 5),
            ],
        }
    }

    #[test]
    fn a_rollout_is_a_row_of_cells() {
        let outcome = outcome();
        let span = Span::of(&outcome).unwrap();
        let style = |ascii, colours, width| Style {
            ascii,
            colours,
            width,
        };
        let plain = style(true, false, 20);
        assert_eq!(verdicts(&outcome, span, plain), "??------------!!!#H#");
        assert_eq!(exposures(&outcome, span, plain), "1%        5%");
        assert_eq!(pointer(at(14), "bad", span, plain), "              ^ bad");
        assert_eq!(pointer(at(14), "bad since", span, plain), "    bad since ^");
        // A cell says the worst of its time, and acts are never hidden.
        assert_eq!(verdicts(&outcome, span, style(true, false, 5)), "?--!H");
        let colours = verdicts(&outcome, span, style(false, true, 5));
        assert_eq!(
            colours,
            "\x1b[90m·\x1b[0m\x1b[32m━━\x1b[0m\x1b[33m!\x1b[0m\x1b[1;31mH\x1b[0m"
        );
    }
}
