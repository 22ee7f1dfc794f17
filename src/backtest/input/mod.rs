//! Recorded rollouts from text: NDJSON or CSV, a line a window, from any reader.
//!
//! Owns the form of a recording and its errors, which name file, line and field, and say what to write. Reads line by line and
//! keeps what a rollout needs, so that memory grows with what is kept. Must not open files, or know a policy.
//!
//! The fields of a window: `app`, `version`, `baseline` (none: a first version), `start` (RFC 3339 or Unix seconds),
//! `seconds`, `stratum`, `metric` (default `crash_free_sessions`), `n`, `failures`, `n_baseline`, `failures_baseline`,
//! `exposure` (with its unit, `"5%"`). A line with `onset` is a label instead: since when the version was bad, or `healthy`.
//! Windows of one series (app, version, metric, stratum) come in order of time; series may come in any order, and mixed.

mod cell;
mod csv;
mod field;
mod gather;
mod lines;
mod past;
mod problem;
mod row;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

pub use gather::{Imported, Labels};
pub use problem::{BadLine, InputError, Problem};

use csv::Header;
use gather::Gathering;
use lines::Lines;
use row::Row;

use crate::domain::{PlainText, Timestamp};

/// How many of the lines left out are remembered with their reasons.
const REMEMBERED: usize = 5;

/// Takes in files one after the other, then gives the rollouts.
#[derive(Debug, Default)]
pub struct Importer {
    keep_going: bool,
    gathering: Gathering,
    read: u64,
    left_out: u64,
    first_left_out: Vec<BadLine>,
}

/// How the lines of a file are written.
enum Form {
    Json,
    Csv(Header),
}

impl Importer {
    /// With `keep_going`, lines that are wrong are left out and counted; else the first of them ends it.
    pub fn new(keep_going: bool) -> Self {
        Self {
            keep_going,
            ..Self::default()
        }
    }

    /// Takes in one file; `file` is how people know it. JSON where the first line begins with a brace, else CSV with a header.
    pub fn read(&mut self, file: &str, input: impl BufRead) -> Result<(), InputError> {
        let file: Arc<str> = file.into();
        let mut lines = Lines::new(input);
        let mut form = None;
        loop {
            let (line, text) = match lines.next() {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(source) => {
                    let line = lines.number();
                    return Err(InputError::Unreadable { file, line, source });
                }
            };
            let bad = |(field, problem)| BadLine {
                file: Arc::clone(&file),
                line,
                field,
                problem,
            };
            let form = match &form {
                Some(form) => form,
                None if matches!(text, Ok(text) if text.starts_with(['{', '['])) => {
                    form.insert(Form::Json)
                }
                None => {
                    let header = text.and_then(Header::read);
                    let header =
                        header.map_err(|problem| InputError::Header(bad((None, problem)).into()));
                    form = Some(Form::Csv(header?));
                    continue;
                }
            };
            self.read += 1;
            let row = text.map_err(|problem| (None, problem)).and_then(|text| {
                Row::new(&match form {
                    Form::Json => cell::json(text)?,
                    Form::Csv(header) => header.cells(text)?,
                })
            });
            let taken = row.and_then(|row| self.gathering.take(row, &file, line));
            if let Err(wrong) = taken {
                self.leave_out(bad(wrong))?;
            }
        }
        match form {
            None => Err(InputError::Empty { file }),
            Some(_) => Ok(()),
        }
    }

    fn leave_out(&mut self, bad: BadLine) -> Result<(), InputError> {
        if !self.keep_going {
            return Err(InputError::Line(bad.into()));
        }
        self.left_out += 1;
        if self.first_left_out.len() < REMEMBERED {
            self.first_left_out.push(bad);
        }
        Ok(())
    }

    /// The labels alone, for rollouts that come from elsewhere: by app and version, since when it was bad, or that it was not.
    pub fn into_labels(self) -> BTreeMap<(PlainText, PlainText), Option<Timestamp>> {
        self.gathering.into_labels()
    }

    /// Everything that was read.
    pub fn finish(self) -> Result<Imported, InputError> {
        let (rollouts, labels) = self.gathering.finish();
        if rollouts.is_empty() {
            return Err(match self.first_left_out.into_iter().next() {
                Some(first) => InputError::NothingLeft {
                    left_out: self.left_out,
                    first: first.into(),
                },
                None => InputError::NoWindows,
            });
        }
        Ok(Imported {
            rollouts,
            labels,
            lines: self.read,
            left_out: self.left_out,
            first_left_out: self.first_left_out,
        })
    }
}

#[cfg(test)]
mod tests;
