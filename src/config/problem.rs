//! What is wrong with a config, where, and what to do: one [`Problem`] each, gathered in a [`Report`].
//!
//! A report never holds a secret: it shows lines of the config, which should hold references only, and masks what is none.

use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::redact;
use crate::domain::{AppId, PlainText};

/// Whether the config can be used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What must change: the file, or a credential that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Config,
    Credentials,
}

/// A place in the file, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub kind: Kind,
    /// What is wrong, one sentence without a full stop.
    pub what: PlainText,
    /// What to do about it; empty where `what` says it.
    pub help: PlainText,
    /// Said below the caret; empty for the caret alone.
    pub label: PlainText,
    /// The app concerned.
    pub app: Option<AppId>,
    /// Bytes of the file; `None` where there is no file to point into.
    pub(super) span: Option<Range<usize>>,
    /// Where the span starts.
    pub place: Option<Place>,
}

impl Problem {
    pub(super) fn error(span: Range<usize>, what: impl Into<PlainText>) -> Self {
        Self {
            severity: Severity::Error,
            kind: Kind::Config,
            what: what.into(),
            help: PlainText::default(),
            label: PlainText::default(),
            app: None,
            span: Some(span),
            place: None,
        }
    }

    pub(super) fn warning(span: Range<usize>, what: impl Into<PlainText>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(span, what)
        }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Of the file as a whole: it cannot be read.
    pub(super) fn unreadable(what: impl Into<PlainText>) -> Self {
        Self {
            span: None,
            ..Self::error(0..0, what)
        }
    }

    pub(super) fn help(mut self, help: impl Into<PlainText>) -> Self {
        self.help = help.into();
        self
    }

    pub(super) fn label(mut self, label: impl Into<PlainText>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn of_app(mut self, app: &AppId) -> Self {
        self.app = Some(app.clone());
        self
    }

    pub(super) fn of_credentials(mut self, app: Option<AppId>) -> Self {
        self.kind = Kind::Credentials;
        self.app = app;
        self
    }
}

/// Everything that was found, in the order of the file.
#[derive(Clone, Debug)]
pub struct Report {
    path: PathBuf,
    text: String,
    problems: Vec<Problem>,
}

impl Report {
    /// `text` is what the spans of `problems` point into.
    pub(super) fn new(path: &Path, text: &str, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            settle(text, problem);
        }
        sort(&mut problems);
        Self {
            path: path.to_owned(),
            text: redact::mask(text),
            problems,
        }
    }

    /// One more; its span points into the same text.
    pub(super) fn add(&mut self, mut problem: Problem) {
        settle(&self.text, &mut problem);
        self.problems.push(problem);
        sort(&mut self.problems);
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.of(Severity::Error)
    }

    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.of(Severity::Warning)
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Problem> {
        self.problems
            .iter()
            .filter(move |problem| problem.severity == severity)
    }

    /// One problem as people read it: what, where with a caret below, what to do.
    pub fn render(&self, problem: &Problem, styled: bool) -> String {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = PlainText::new(&self.path.display().to_string());
        let title = level.primary_title(problem.what.as_str());
        let mut group = match &problem.span {
            Some(span) => {
                let caret = AnnotationKind::Primary.span(first_line(&self.text, span));
                let label = Some(problem.label.as_str()).filter(|label| !label.is_empty());
                title.element(
                    Snippet::source(self.text.as_str())
                        .path(path.as_str())
                        .annotation(caret.label(label)),
                )
            }
            None => title.element(annotate_snippets::Origin::path(path.as_str())),
        };
        if !problem.help.is_empty() {
            group = group.element(Level::HELP.message(problem.help.as_str()));
        }
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }
}

/// Its span within the text, and where that starts.
fn settle(text: &str, problem: &mut Problem) {
    problem.span = problem.span.take().map(|span| clamp(text, span));
    problem.place = problem.span.as_ref().map(|span| place(text, span.start));
}

/// In the order of the file, errors first; each once.
fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by_key(|problem| {
        (
            problem.severity,
            problem.place,
            problem.what.as_str().to_owned(),
        )
    });
    problems.dedup();
}

/// Within the text, and at borders of characters.
fn clamp(text: &str, span: Range<usize>) -> Range<usize> {
    let floor = |at: usize| {
        let at = at.min(text.len());
        (0..=at)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// A caret below many lines says less than one below the first.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let within = text.get(span.clone()).unwrap_or_default();
    let line = within.split('\n').next().unwrap_or_default();
    span.start..span.start + line.trim_end().len()
}

pub(super) fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |start| start.chars().count())
        + 1;
    Place { line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nname = \"über\" x";
        assert_eq!(place(text, 0), Place { line: 1, column: 1 });
        let at = text.find('x').unwrap();
        assert_eq!(
            place(text, at),
            Place {
                line: 2,
                column: 15
            }
        );
        assert_eq!(clamp(text, 15..999), 14..text.len());
    }

    #[test]
    fn a_hostile_file_renders_harmless() {
        let text = "x = \"\u{1b}]0;pwned\u{7}\u{202e}\"".to_owned();
        let problem = Problem::error(0..text.len(), "bad \u{1b}[31m").label("\u{1b}[2J");
        let report = Report::new(Path::new("a\u{1b}[2Jb.toml"), &text, vec![problem]);
        let rendered = report.render(report.errors().next().unwrap(), false);
        assert!(
            !rendered.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{rendered:?}"
        );
    }
}
