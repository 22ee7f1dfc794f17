//! What a wait came to, as Markdown: for `--summary-file` and the summary of a pipeline's step.

use std::fmt::Write as _;

use super::report::Report;
use crate::cli::exit::Exit;
use crate::cli::words;
use crate::domain::{Timestamp, Verb};
use crate::policy::{GateStatus, RuleStatus};
use crate::tui::summary::markdown::{sentence, text};

pub(super) fn summary(report: &Report<'_>, now: Timestamp) -> String {
    let app = report.app;
    let sign = match report.over.exit {
        Exit::Fine => "✓",
        Exit::Halted | Exit::Refused => "✗",
        _ => "!",
    };
    let mut out = format!(
        "## {sign} {}: {}\n\n{}\n\n| | |\n|---|---|\n",
        text(app.id.as_str()),
        report.result(),
        sentence(report.why().as_str()),
    );
    let mut row = |name: &str, value: &str| {
        let _infallible = writeln!(out, "| {name} | {} |", text(value));
    };
    row("waited for", &report.until.to_string());
    row("release", &report.release());
    row("store", app.store.name());
    if let Some(run) = &app.execution {
        row(
            "run",
            &format!(
                "{}: {} since {}",
                run.number,
                run.phase,
                words::moment(run.since)
            ),
        );
    }
    row("health", app.health.word());
    row("policy", app.policy.as_str());
    row("told at", &words::moment(now));
    if !report.watched {
        row("watcher", "NOBODY IS WATCHING");
    }
    let _infallible = write!(out, "\n{}\n", sentence(&words::sentence(app)));
    if let Some(gate) = &app.gate {
        out.push_str(&wants(gate));
    }
    if !app.rules.is_empty() {
        out.push_str(&rules(&app.rules));
    }
    out
}

fn wants(gate: &GateStatus) -> String {
    let state = if gate.open { "open" } else { "closed" };
    let head = format!(
        "\n### Gate from {} to {}: {state}\n\n| wants | met | now |\n|---|---|---|\n",
        gate.stage, gate.next
    );
    gate.wants.iter().fold(head, |out, want| {
        let met = match want.met {
            Some(true) => "yes",
            Some(false) => "not yet",
            None => "unknown",
        };
        let (what, now) = (text(want.what.as_str()), text(want.now.as_str()));
        out + &format!("| {what} | {met} | {now} |\n")
    })
}

fn rules(rules: &[RuleStatus]) -> String {
    let head =
        "\n### Rules\n\n| rule | limit | now | does | state |\n|---|---|---|---|---|\n".to_owned();
    rules.iter().fold(head, |out, rule| {
        let cells = [
            rule.rule.to_string(),
            rule.limit.to_string(),
            rule.now.to_string(),
            rule.action.verb().map_or("notify", Verb::name).to_owned(),
            words::rule_word(rule),
        ];
        out + &format!("| {} |\n", cells.map(|cell| text(&cell)).join(" | "))
    })
}
