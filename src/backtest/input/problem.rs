//! What can be wrong with a recording, in words for people.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::field::Field;
use crate::domain::exposure::BadExposure;
use crate::domain::{PlainText, Timestamp};

/// What is wrong, and with which field.
pub(super) type Wrong = (Option<Field>, Problem);

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("{file}: cannot be read after line {line}: {source}")]
    Unreadable {
        file: Arc<str>,
        line: u64,
        source: io::Error,
    },
    #[error(
        "{file} is empty; write a JSON object a line, or CSV with a header: app,version,baseline,start,seconds,n,failures,\
         n_baseline,failures_baseline"
    )]
    Empty { file: Arc<str> },
    #[error("{0}; with --keep-going such lines are left out, and counted")]
    Line(Box<BadLine>),
    #[error("{0}")]
    Header(Box<BadLine>),
    #[error("none of the {left_out} lines can be used; the first: {first}")]
    NothingLeft { left_out: u64, first: Box<BadLine> },
    #[error("there are labels, but no windows: give the file with the rollouts too")]
    NoWindows,
}

/// One line that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct BadLine {
    /// As people know it.
    pub file: Arc<str>,
    /// From 1.
    pub line: u64,
    pub field: Option<Field>,
    pub problem: Problem,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(field) = self.field {
            write!(f, "{}: ", field.name())?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for BadLine {}

/// Another line, for people: `line 4` of the same file, `a.csv:4` of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub file: Arc<str>,
    pub line: u64,
    pub same_file: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.same_file {
            write!(f, "line {}", self.line)
        } else {
            write!(f, "{}:{}", self.file, self.line)
        }
    }
}

/// What is wrong with a line or a field of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("the line is longer than {} KiB", super::lines::LONGEST >> 10)]
    TooLong,
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("no JSON object: {what}, at column {column}")]
    NotJson { what: PlainText, column: usize },
    #[error(
        "a list, where each window has a line of its own; `jq -c '.[]'` makes one of the other"
    )]
    List,
    #[error("a quote that is not closed on its line, or stands within a value")]
    Quote,
    #[error("there is no field \"{found}\": {help}")]
    UnknownField { found: PlainText, help: String },
    #[error("the column {name} is there twice")]
    ColumnTwice { name: PlainText },
    #[error("the header lacks {names}")]
    MissingColumns { names: String },
    #[error("{found} values, where the header has {wanted}")]
    Columns { found: usize, wanted: usize },
    #[error("given twice")]
    Twice,
    #[error("missing")]
    Missing,
    #[error("missing; a window with a baseline counts it too, 0 where nobody ran it")]
    MissingBaselineCounts,
    #[error("counts of a baseline that the line does not name")]
    NoBaseline,
    #[error("{found} is no name; write text")]
    NotText { found: PlainText },
    #[error("{found} is no count; write a whole number from 0 up")]
    NotACount { found: PlainText },
    #[error(
        "{found} is more than anybody can count; write at most {}",
        super::row::MOST
    )]
    TooMany { found: u64 },
    #[error("{failures} failures of {trials}; failures are counted among the {trials}")]
    MoreFailures { failures: u64, trials: u64 },
    #[error("a window lasts from 1 second to 31 days; found {found}")]
    Length { found: u64 },
    #[error("{found} is no time; write 2026-11-20T14:00:00Z, or seconds since 1970")]
    NotATime { found: PlainText },
    #[error("{found} looks like milliseconds; write seconds since 1970")]
    Milliseconds { found: u64 },
    #[error("{0}")]
    Exposure(#[from] BadExposure),
    #[error(
        "an exposure needs its unit: write \"{found}%\" for so many percent, or a share of 0.05 as \"5%\""
    )]
    BareExposure { found: PlainText },
    #[error("unknown metric \"{found}\": {help}")]
    UnknownMetric { found: PlainText, help: String },
    #[error("the same window is there twice: it stands in {first} already")]
    Duplicate { first: Place },
    #[error("the window begins before the one of {before} ends, at {}", when(end))]
    Overlap { before: Place, end: Timestamp },
    #[error(
        "time goes back: {before} has begun at {}; sort the windows of each series by start",
        when(start)
    )]
    Backwards { before: Place, start: Timestamp },
    #[error("\"{found}\" is no store; write google-play or app-store")]
    NotAStore { found: PlainText },
    #[error("{found}, where {first} has {known} for the same version; a rollout has one")]
    OneOfARollout {
        found: PlainText,
        known: PlainText,
        first: Place,
    },
    #[error("{found}, where {first} has {known} for the same version and time")]
    OtherExposure {
        found: PlainText,
        known: PlainText,
        first: Place,
    },
    #[error(
        "\"{found}\" is no onset; write since when the version was bad (2026-11-20T14:00:00Z), or \"healthy\""
    )]
    NotAnOnset { found: PlainText },
    #[error("a label and counts in one line; a label is app, version and onset alone")]
    LabelWithCounts,
    #[error("{first} says otherwise of the same version")]
    OtherLabel { first: Place },
}

fn when(at: &Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
