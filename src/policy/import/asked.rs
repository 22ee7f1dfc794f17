//! Taking values out of the tree, and what is said on the way: errors, assumptions, losses.

use chrono::TimeDelta;

use super::tree::{Node, Value};
use super::{ImportError, Note};
use crate::domain::PlainText;

#[derive(Default)]
pub(super) struct Asked {
    pub(super) errors: Vec<ImportError>,
    pub(super) assumed: Vec<Note>,
    pub(super) lost: Vec<Note>,
}

impl Asked {
    /// `what` follows the path: `stages[1].rollout = 1 is …`.
    pub(super) fn error(&mut self, at: &Node, what: &str, help: &str) {
        let what = match at.path.as_str() {
            "" => what.to_owned(),
            path => format!("{path}: {what}"),
        };
        self.errors.push(ImportError {
            what: what.into(),
            help: help.into(),
            span: at.span.clone(),
        });
    }

    pub(super) fn assume(&mut self, at: &Node, what: impl Into<PlainText>) {
        self.assumed.push(note(at, what));
    }

    pub(super) fn lose(&mut self, at: &Node, what: impl Into<PlainText>) {
        self.lost.push(note(at, what));
    }

    /// Every key of a table that nobody has read.
    pub(super) fn lose_but(&mut self, table: &Node, read: &[&str]) {
        let Value::Map(entries) = &table.value else {
            return;
        };
        for (key, value) in entries {
            if !read.contains(&key.as_str()) && !matches!(value.value, Value::Null) {
                self.lose(value, "haltline knows nothing like it");
            }
        }
    }

    /// The entries of a list that must be there and hold tables.
    pub(super) fn tables<'t>(&mut self, at: &Node, list: Option<&'t Node>) -> Vec<&'t Node> {
        let Some(list) = list else {
            self.error(at, "\"stages\" is missing", "");
            return Vec::new();
        };
        let Value::List(items) = &list.value else {
            self.error(list, "expected a list", "");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            if matches!(item.value, Value::Map(_)) {
                tables.push(item);
            } else {
                let what = format!("expected a table, found {}", item.shown());
                self.error(item, &what, "");
            }
        }
        tables
    }

    /// A whole number, 1 or more.
    pub(super) fn count(&mut self, at: Option<&Node>) -> Option<u64> {
        let at = at.filter(|at| !matches!(at.value, Value::Null))?;
        match at.value {
            Value::Number(number) if number.fract() == 0.0 && (0.0..1e15).contains(&number) => {
                Some(number as u64).filter(|number| *number > 0)
            }
            _ => {
                let what = format!("expected a whole number, found {}", at.shown());
                self.error(at, &what, "");
                None
            }
        }
    }

    pub(super) fn flag(&mut self, at: Option<&Node>) -> bool {
        let Some(at) = at else { return false };
        match at.value {
            Value::Null => false,
            Value::Bool(flag) => flag,
            _ => {
                let what = format!("expected true or false, found {}", at.shown());
                self.error(at, &what, "");
                false
            }
        }
    }

    /// `"2d"`, `24h`; a bare number is refused.
    pub(super) fn duration(&mut self, at: Option<&Node>) -> Option<TimeDelta> {
        let at = at.filter(|at| !matches!(at.value, Value::Null))?;
        let read = match &at.value {
            Value::Text(text) => humantime::parse_duration(text.trim())
                .ok()
                .and_then(|duration| TimeDelta::from_std(duration).ok())
                .filter(|duration| *duration <= TimeDelta::days(366)),
            _ => None,
        };
        if read.is_none() {
            let what = match at.value {
                Value::Number(number) => format!("the duration {number} has no unit"),
                _ => format!(
                    "expected a duration of at most a year, found {}",
                    at.shown()
                ),
            };
            self.error(at, &what, "write \"30m\", \"4h\" or \"2d\"");
        }
        read
    }

    pub(super) fn text<'t>(&mut self, at: Option<&'t Node>) -> Option<&'t str> {
        let at = at.filter(|at| !matches!(at.value, Value::Null))?;
        if let Value::Text(text) = &at.value {
            return Some(text);
        }
        let what = format!("expected text, found {}", at.shown());
        self.error(at, &what, "");
        None
    }
}

fn note(at: &Node, what: impl Into<PlainText>) -> Note {
    Note {
        path: at.path.as_str().into(),
        what: what.into(),
        span: at.span.clone(),
    }
}
