//! Where GitHub Actions runs us: the step's outputs, its summary, and annotations.
//!
//! Annotations go to stderr, which the runner reads for commands as it reads stdout: stdout stays one JSON document.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::rand;

use super::report::Report;
use crate::cli::exit::Exit;
use crate::cli::{say, words};
use crate::config::Surroundings;
use crate::domain::Exposure;

/// The runner, where we are in one.
pub(super) struct GitHub<'a> {
    around: &'a Surroundings,
}

/// How loud an annotation is.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Notice,
    Warning,
    Error,
}

impl<'a> GitHub<'a> {
    pub(super) fn of(around: &'a Surroundings) -> Option<Self> {
        (around.var("GITHUB_ACTIONS") == Some("true")).then_some(Self { around })
    }

    /// One annotation of the step.
    pub(super) fn annotate(level: Level, title: &str, message: &str) {
        say::err(&annotation(level, title, message));
    }

    /// Everything that is told at the end. A file that cannot be written is told, and changes no exit code.
    pub(super) fn tell(&self, report: &Report<'_>, summary: &str) {
        let title = format!("haltline {}", report.app.id);
        match report.over.exit {
            Exit::Fine => {}
            Exit::Halted | Exit::Refused | Exit::Internal => {
                Self::annotate(Level::Error, &title, &message(report));
            }
            _ => Self::annotate(Level::Warning, &title, &message(report)),
        }
        self.append("GITHUB_STEP_SUMMARY", summary);
        let outputs = outputs(report).map(|outputs| self.append("GITHUB_OUTPUT", &outputs));
        if outputs.is_none() {
            say::err("haltline: no random numbers can be had: GITHUB_OUTPUT is left as it is");
        }
    }

    fn append(&self, variable: &str, text: &str) {
        let Some(path) = self.around.var(variable) else {
            return;
        };
        if let Err(error) = append(Path::new(path), text) {
            say::err(&format!("haltline: {variable}: {path}: {error}"));
        }
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())
}

fn message(report: &Report<'_>) -> String {
    let head = format!("{}: {} ({})", report.until, report.why(), report.release());
    let lines = [head, words::sentence(report.app)];
    lines
        .into_iter()
        .chain(report.unmet())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Outputs of the step; none where there are no random numbers.
fn outputs(report: &Report<'_>) -> Option<String> {
    let release = report.app.release.as_ref();
    let exposure = release.map_or(Exposure::NONE, |release| release.exposure);
    let pairs = [
        ("result", report.result().replace(' ', "-")),
        ("exit_code", report.over.exit.code().to_string()),
        ("why", report.why().to_string()),
        ("version", report.app.version_name.to_string()),
        ("exposure", exposure.to_string()),
        ("health", report.app.health.to_string()),
        ("sentence", words::sentence(report.app)),
        ("unmet", report.unmet().join("\n")),
    ];
    pairs
        .iter()
        .map(|(name, value)| output(name, value))
        .collect()
}

/// `name=value`, or where the value has several lines, between two lines that nobody can guess.
fn output(name: &str, value: &str) -> Option<String> {
    if !value.contains('\n') {
        return Some(format!("{name}={value}\n"));
    }
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok()?;
    let delimiter = format!("{:032x}", u128::from_ne_bytes(bytes));
    Some(format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

fn annotation(level: Level, title: &str, message: &str) -> String {
    let level = match level {
        Level::Notice => "notice",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    format!("::{level} title={}::{}", property(title), data(message))
}

fn data(raw: &str) -> String {
    raw.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(raw: &str) -> String {
    data(raw).replace(':', "%3A").replace(',', "%2C")
}

/// The runner takes `##[` anywhere in a line for a command of its old kind: text from outside must not hold it.
pub(super) fn harmless(line: &str) -> String {
    line.replace("##[", "## [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_cannot_be_broken_out_of() {
        assert_eq!(
            annotation(
                Level::Error,
                "haltline: a,b",
                "100% of\r\n::set-env name=X::y"
            ),
            "::error title=haltline%3A a%2Cb::100%25 of%0D%0A::set-env name=X::y"
        );
        assert_eq!(harmless("a ##[add-mask]b"), "a ## [add-mask]b");
    }

    #[test]
    fn a_value_of_several_lines_is_between_lines_that_nobody_can_guess() {
        assert_eq!(output("why", "a=b<<c").unwrap(), "why=a=b<<c\n");
        let many = output("unmet", "soak\nhealth").unwrap();
        let lines: Vec<&str> = many.lines().collect();
        let delimiter = lines[0].strip_prefix("unmet<<").unwrap();
        assert_eq!(delimiter.len(), 32);
        assert_eq!(lines[1..], ["soak", "health", delimiter]);
        assert_ne!(many, output("unmet", "soak\nhealth").unwrap());
    }
}
