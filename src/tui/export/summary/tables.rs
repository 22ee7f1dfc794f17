//! The parts of the document that are tables: the release, the numbers, the rules, the crashes, and what happened when.

use std::fmt::Write as _;

use super::facts::kind;
use super::markdown::{link, text};
use super::{Account, full};
use crate::api::AppSnapshot;
use crate::domain::{AppId, Event, Issue, Record, Verb};
use crate::policy::figures::{measured, one_in, times, times_down};
use crate::policy::{MetricSummary, RuleState, RuleStatus, explain};
use crate::tui::style::theme::Tone;
use crate::tui::words::format::{count, delta};
use crate::tui::words::story;

/// Crashes that are listed.
const CRASHES: usize = 10;
/// Lines of the timeline; of more, those go first that matter least.
const MOMENTS: usize = 80;

pub(super) fn all(account: &Account<'_>, out: &mut String) {
    let app = account.app;
    release(account, out);
    if !app.metrics.is_empty() {
        let old = app
            .previous_name
            .as_ref()
            .map_or("before", |name| name.as_str());
        let new = app.version_name.as_str();
        let head = [
            "metric",
            new,
            old,
            "change",
            "times the failures",
            "evidence",
            "worse since",
            "data to",
            "source",
        ];
        table(out, "Numbers", &head, app.metrics.iter().map(numbers));
    }
    if !app.levels.is_empty() {
        let rows = app.levels.iter().map(|level| {
            let figures = &level.figures;
            let of =
                |value: Option<f64>| value.map_or_else(nothing, |it| measured(it, figures.unit));
            vec![
                figures.metric.label().clone(),
                of(figures.new),
                of(figures.old),
                level.health.word().to_owned(),
                figures.source.to_string(),
            ]
        });
        let head = ["figure without counts", "now", "before", "health", "source"];
        table(out, "Figures", &head, rows);
    }
    if !app.rules.is_empty() {
        let head = ["rule", "does", "limit", "now", "state"];
        let rows = app.rules.iter().map(|rule| self::rule(app, rule));
        table(out, &format!("Rules of policy {}", app.policy), &head, rows);
    }
    if !app.issues.is_empty() {
        let head = [
            "#",
            "kind",
            "crash",
            "where",
            "users",
            "events",
            "first seen",
            "more",
        ];
        let shown = app.issues.iter().take(CRASHES).enumerate();
        table(
            out,
            "Top crashes",
            &head,
            shown.map(|(n, issue)| crash(n, issue)),
        );
    }
    if !app.remarks.is_empty() {
        let rows = app.remarks.iter().rev();
        let rows = rows.map(|it| vec![full(it.at), it.actor.to_string(), it.text.to_string()]);
        table(out, "Notes", &["when", "who", "note"], rows);
    }
}

/// What it is about, where it stands, and how far its data reach.
fn release(account: &Account<'_>, out: &mut String) {
    let app = account.app;
    let never = || "never".to_owned();
    let mut rows = vec![
        ("app", format!("{} ({})", app.name, app.id)),
        ("version", app.version_name.to_string()),
        (
            "before it",
            app.previous_name
                .as_ref()
                .map_or_else(nothing, ToString::to_string),
        ),
        ("store", super::state_words::of(app)),
        ("store read", app.store_read_at.map_or_else(never, full)),
        ("started", app.started.map_or_else(nothing, full)),
    ];
    for source in &app.sources {
        let through = source.read_through.map_or_else(never, full);
        rows.push((
            "data",
            format!("{} to {through}, {}", source.id, source.state.word()),
        ));
    }
    if let Some(run) = &app.execution {
        let run = format!(
            "{}: {} since {}, by {}: {}",
            run.number,
            run.phase,
            full(run.since),
            run.actor,
            run.reason
        );
        rows.push(("run", run));
    }
    let acts = if app.acts { "acts" } else { "advises only" };
    rows.push((
        "haltline",
        format!(
            "{acts}; acted by itself {} of {} times today",
            app.acts_used, app.acts_allowed
        ),
    ));
    out.push_str("\n| | |\n|---|---|\n");
    for (name, value) in rows {
        let _infallible = writeln!(out, "| {name} | {} |", text(&value));
    }
}

fn numbers(metric: &MetricSummary) -> Vec<String> {
    let what = &metric.metric;
    let of = |counts: crate::domain::Counts| {
        if counts.trials == 0 {
            return nothing();
        }
        format!(
            "{} ({} of {} {})",
            explain::share(what, counts),
            count(counts.failures),
            count(counts.trials),
            what.trial_word()
        )
    };
    let time = |at: Option<crate::domain::Timestamp>| at.map_or_else(nothing, full);
    let evidence = match metric.ln_evidence {
        Some(ln) if ln.exp() >= 2.0 => format!("{} rollouts that are no worse", one_in(ln)),
        Some(_) => "none".into(),
        None => nothing(),
    };
    vec![
        what.label().clone(),
        of(metric.new),
        of(metric.old),
        delta(what, metric.new, metric.old),
        worse(metric),
        evidence,
        time(metric.since),
        time(metric.through),
        metric.source.to_string(),
    ]
}

/// `59.6×, at least 41.7× with 95% confidence`
fn worse(metric: &MetricSummary) -> String {
    let known = |ratio: &f64| ratio.is_finite();
    let ratio = metric.ratio.filter(known).map(times);
    let lower = metric.ratio_lower.filter(known);
    let lower = lower.map(|it| format!("at least {} with 95% confidence", times_down(it)));
    let parts: Vec<String> = [ratio, lower].into_iter().flatten().collect();
    if parts.is_empty() {
        nothing()
    } else {
        parts.join(", ")
    }
}

fn rule(app: &AppSnapshot, rule: &RuleStatus) -> Vec<String> {
    let state = match &rule.state {
        _ if app.fired.contains(&rule.rule) => "FIRED".to_owned(),
        RuleState::Off => "off at this exposure".into(),
        RuleState::Armed => "armed".into(),
        RuleState::Warning => "warning".into(),
        RuleState::Breached => format!(
            "breached, acts after {} polls that agree",
            rule.polls_needed
        ),
        RuleState::Blameless => "both versions alike".into(),
        RuleState::Unknown { why } => format!("unknown: {why}"),
    };
    let more = [&rule.change, &rule.capped].into_iter().flatten();
    let state = more.fold(state, |words, more| format!("{words}; {more}"));
    vec![
        rule.rule.to_string(),
        rule.action.verb().map_or("notify", Verb::name).to_owned(),
        rule.limit.to_string(),
        rule.now.to_string(),
        state,
    ]
}

fn crash(n: usize, issue: &Issue) -> Vec<String> {
    let told = issue.told_by.iter().filter_map(|told| told.link.as_ref());
    let links = told.chain(&issue.link).filter_map(|raw| link(raw.as_str()));
    let mut links: Vec<String> = links.collect();
    links.dedup();
    vec![
        (n + 1).to_string(),
        kind(issue.recurrence).to_owned(),
        issue.title.to_string(),
        issue.place.to_string(),
        count(issue.users),
        count(issue.events),
        issue.first_seen.map_or_else(nothing, full),
        // The last cell of a crash is markup already.
        links.join(" "),
    ]
}

/// What happened, who did it, and when: as far back as the release.
pub(super) fn timeline(account: &Account<'_>, out: &mut String) {
    let id = &account.app.id;
    let about = account
        .events
        .iter()
        .filter(|it| concerns(it, id) && story::is_told(&it.event));
    let about: Vec<&Record> = about.filter(|it| it.at <= account.at).collect();
    let found = about.iter().rposition(|it| {
        matches!(&it.event, Event::ReleaseFound { release, .. } if Some(&release.version) == account.app.release.as_ref().map(|it| &it.version))
    });
    let whole = found.is_some();
    let told = about.get(found.unwrap_or_default()..).unwrap_or_default();
    let line = |record: &&Record| {
        let told = story::tell(record, account.app.store, record.at);
        (
            told.tone,
            vec![
                full(record.at).replace(" UTC", ""),
                told.kind.to_owned(),
                told.text,
            ],
        )
    };
    let mut lines: Vec<(Tone, Vec<String>)> = told.iter().map(line).collect();
    let all = lines.len();
    if all > MOMENTS {
        lines.retain(|(tone, _)| *tone != Tone::Muted);
    }
    let more = lines.len().saturating_sub(MOMENTS);
    lines.drain(..more);
    let left = all - lines.len();
    let rows = lines.into_iter().map(|(_, row)| row);
    table(out, "What happened", &["time (UTC)", "kind", "what"], rows);
    if left > 0 || !whole {
        let what = if left > 0 {
            format!("{left} lines are left out")
        } else {
            "What was before is left out".into()
        };
        let _infallible = writeln!(out, "\n{what}: `haltline audit {id}` has all.");
    }
}

fn concerns(record: &Record, id: &AppId) -> bool {
    record.app.as_ref().is_none_or(|app| app == id)
}

fn table(out: &mut String, title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let head: Vec<String> = head.iter().map(|cell| text(cell)).collect();
    let _infallible = write!(
        out,
        "\n## {}\n\n| {} |\n|{}\n",
        text(title),
        head.join(" | "),
        "---|".repeat(head.len())
    );
    let markup = head.last().is_some_and(|cell| cell == "more");
    for row in rows {
        let last = row.len().saturating_sub(1);
        let cells = row.iter().enumerate().map(|(n, cell)| {
            if markup && n == last {
                cell.clone()
            } else {
                text(cell)
            }
        });
        let cells: Vec<String> = cells.collect();
        let _infallible = writeln!(out, "| {} |", cells.join(" | "));
    }
}

fn nothing() -> String {
    crate::tui::words::format::NOTHING.to_owned()
}
