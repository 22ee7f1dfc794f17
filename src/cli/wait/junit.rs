//! What a wait came to, as JUnit XML: the wait itself, each stage and each rule is a test case. The file is red exactly where the
//! exit code is not 0.

use std::fmt::{self, Write as _};

use super::report::{Report, unmet};
use crate::cli::exit::Exit;
use crate::cli::words;
use crate::domain::{Exposure, Status};
use crate::policy::{RuleState, RuleStatus};

/// How a test case ended, and why.
enum Case {
    Passed,
    Failed { message: String, text: String },
    Skipped { message: String },
}

pub(super) fn xml(report: &Report<'_>) -> String {
    let cases: Vec<(&str, String, Case)> =
        std::iter::once(("wait", report.until.to_string(), whole(report)))
            .chain(
                stages(report)
                    .into_iter()
                    .map(|(name, case)| ("stage", name, case)),
            )
            .chain(
                report
                    .app
                    .rules
                    .iter()
                    .map(|status| ("rule", status.rule.to_string(), rule(report, status))),
            )
            .collect();
    let count =
        |wanted: fn(&Case) -> bool| cases.iter().filter(|(_, _, case)| wanted(case)).count();
    let (failed, skipped) = (
        count(|case| matches!(case, Case::Failed { .. })),
        count(|case| matches!(case, Case::Skipped { .. })),
    );
    let app = report.app.id.as_str();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"haltline.{}\" tests=\"{}\" failures=\"{failed}\" \
         errors=\"0\" skipped=\"{skipped}\">\n",
        Escaped(app),
        cases.len()
    );
    for (class, name, case) in &cases {
        let _infallible = write_case(&mut out, &format!("{app}.{class}"), name, case);
    }
    out + "  </testsuite>\n</testsuites>\n"
}

fn write_case(out: &mut String, class: &str, name: &str, case: &Case) -> fmt::Result {
    write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\"",
        Escaped(class),
        Escaped(name)
    )?;
    match case {
        Case::Passed => writeln!(out, "/>"),
        Case::Skipped { message } => {
            writeln!(
                out,
                "><skipped message=\"{}\"/></testcase>",
                Escaped(message)
            )
        }
        Case::Failed { message, text } => writeln!(
            out,
            "><failure message=\"{}\">{}</failure></testcase>",
            Escaped(message),
            Escaped(text)
        ),
    }
}

fn whole(report: &Report<'_>) -> Case {
    if report.over.exit == Exit::Fine {
        return Case::Passed;
    }
    let lines = [report.release(), words::sentence(report.app)];
    let text = lines
        .into_iter()
        .chain(report.unmet())
        .collect::<Vec<_>>()
        .join("\n");
    let message = report.over.why.clone();
    Case::Failed { message, text }
}

/// A stage that is not reached is no failure of its own: what is wrong is told of the wait and of the rules.
fn stages(report: &Report<'_>) -> Vec<(String, Case)> {
    let app = report.app;
    let release = app.release.as_ref();
    let at = release.map_or(Exposure::NONE, |release| match release.status {
        Status::Draft | Status::Pending => Exposure::NONE,
        _ => release.exposure,
    });
    let next = app.gate.as_ref().map(|gate| gate.next);
    let case = |stage: &Exposure| {
        let case = if *stage <= at {
            Case::Passed
        } else if next == Some(*stage) {
            let message = format!("not reached: {}", unmet(app).join("; "));
            Case::Skipped { message }
        } else {
            let message = "not reached".to_owned();
            Case::Skipped { message }
        };
        (stage.to_string(), case)
    };
    app.stages.iter().map(case).collect()
}

/// A rule that has fired, or is breached now, failed. Where the wait reached what it was for, it is skipped with its words: it
/// stopped nothing.
fn rule(report: &Report<'_>, status: &RuleStatus) -> Case {
    let message = format!(
        "{} (limit {}), {}",
        status.now,
        status.limit,
        words::rule_word(status)
    );
    let breached = status.state == RuleState::Breached || report.app.fired.contains(&status.rule);
    match &status.state {
        _ if breached && report.over.exit == Exit::Fine => Case::Skipped { message },
        _ if breached => {
            let finding = status.finding.as_ref();
            let text = finding.map_or_else(String::new, |finding| finding.sentence.to_string());
            Case::Failed { message, text }
        }
        RuleState::Off | RuleState::Unknown { .. } => Case::Skipped { message },
        _ => Case::Passed,
    }
}

/// Text in XML. What XML 1.0 cannot hold at all is left out.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\n' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => {
                    f.write_char(c)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
