//! The rules, how near each is to firing, and what a breach is made of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::widgets::bar::bar;
use super::super::widgets::table::{self, Column};
use super::super::widgets::text::put;
use crate::api::AppSnapshot;
use crate::domain::PlainText;
use crate::policy::{RuleState, RuleStatus};
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{NOTHING, wrap};

const COLUMNS: [Column; 8] = [
    Column::left("state", 10, 0),
    Column::growing("rule", 12, 30),
    Column::left("does", 6, 2),
    Column::right("now", 8, 0),
    Column::left("limit", 14, 1),
    Column::right("margin", 8, 4),
    Column::left("", 8, 5),
    Column::right("near", 4, 3),
];

/// Where the second column starts.
const INDENT: usize = 12;

/// Beside the title: how many, and whose.
pub(crate) fn aside(app: &AppSnapshot) -> String {
    format!("{}, {} rules", app.policy, app.rules.len())
}

/// Those that need a look first; within a kind in the order of the policy.
fn urgency(rule: &RuleStatus, fired: bool) -> u8 {
    match rule.state {
        _ if fired => 0,
        RuleState::Breached => 1,
        RuleState::Blameless => 2,
        RuleState::Warning => 3,
        RuleState::Unknown { .. } => 4,
        RuleState::Armed => 5,
        RuleState::Off => 6,
    }
}

/// A line under its rule.
fn explanation(rule: &RuleStatus, fired: bool, before: Option<&RuleStatus>) -> Option<String> {
    let capped = || {
        let told = before.is_some_and(|before| before.capped == rule.capped);
        let capped = rule.capped.as_ref().filter(|_| !told);
        capped.map(ToString::to_string)
    };
    match &rule.state {
        RuleState::Breached if !fired && rule.polls_needed > 1 => Some(format!(
            "acts once {} polls with newer data agree",
            rule.polls_needed
        )),
        RuleState::Blameless => {
            Some("both versions alike: an outage, not this version; holds, never halts".into())
        }
        RuleState::Unknown { why } if before.is_none_or(|before| before.state != rule.state) => {
            Some(why.to_string())
        }
        RuleState::Warning => rule.change.as_ref().map(ToString::to_string),
        RuleState::Armed => capped(),
        RuleState::Off if rule.of_tier => Some("off while a train leaves in time".into()),
        _ => None,
    }
}

/// What lies over a rule stands under it for as long as it lies there.
fn overridden(app: &AppSnapshot, rule: &RuleStatus) -> Option<String> {
    let over = app.overrides.iter().find(|over| over.rule == rule.rule)?;
    let changes: Vec<&str> = over.changes.iter().map(PlainText::as_str).collect();
    let until = over.until.format("%a %H:%M UTC");
    let (actor, reason) = (&over.actor, &over.reason);
    Some(format!(
        "until {until} by {actor}: {}: {reason}",
        changes.join("; ")
    ))
}

/// How many rows the pane would like on so many columns, its head aside.
pub(crate) fn rows(app: &AppSnapshot, columns: u16) -> usize {
    let explained = |why: &String| explaining(why, columns).len();
    lines(app, app.rules.iter().collect(), 0)
        .iter()
        .map(|(_, why)| 1 + why.as_ref().map_or(0, explained))
        .sum()
}

/// An explanation, in lines.
fn explaining(text: &str, columns: u16) -> Vec<String> {
    wrap(text, usize::from(columns).saturating_sub(INDENT), 4)
}

fn lines<'a>(
    app: &AppSnapshot,
    mut rules: Vec<&'a RuleStatus>,
    skip: usize,
) -> Vec<(&'a RuleStatus, Option<String>)> {
    let fired = |rule: &RuleStatus| app.fired.contains(&rule.rule);
    rules.sort_by_key(|rule| urgency(rule, fired(rule)));
    let before = std::iter::once(None).chain(rules.iter().copied().map(Some));
    rules
        .iter()
        .zip(before)
        .skip(skip)
        .map(|(rule, before)| {
            let explained = explanation(rule, fired(rule), before);
            (*rule, overridden(app, rule).or(explained))
        })
        .collect()
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let widths = table::widths(&COLUMNS, area.width);
    table::head(&COLUMNS, &widths, theme, area, buf);
    if app.rules.is_empty() {
        put(&Line::raw("no rule: haltline only shows"), area, 1, buf);
    }
    let mut row = 1;
    for (rule, why) in lines(app, model.visible_rules(app), model.offset(Pane::Rules)) {
        table::row(
            &COLUMNS,
            &widths,
            cells(model, app, rule, theme),
            area,
            row,
            buf,
        );
        row += 1;
        // Alone on the screen a rule shows what it rests on, or what it would take.
        let found = rule.finding.as_ref().map(|finding| &finding.sentence);
        let close = found.or(rule.change.as_ref()).filter(|_| model.zoomed);
        let close = close
            .map(ToString::to_string)
            .filter(|close| why.as_ref() != Some(close));
        for text in why.iter().chain(&close) {
            for text in explaining(text, area.width) {
                let line = Line::styled(format!("{:INDENT$}{text}", ""), theme.style(Tone::Muted));
                put(&line, area, row, buf);
                row += 1;
            }
        }
    }
}

/// Its glyph and word: armed is only what somebody watches.
pub(crate) fn state(model: &Model, app: &AppSnapshot, rule: &RuleStatus) -> (Tone, &'static str) {
    match &rule.state {
        _ if app.fired.contains(&rule.rule) => (Tone::Bad, "✗ fired"),
        RuleState::Off => (Tone::Muted, "– off"),
        // Nobody is there to act on it.
        RuleState::Armed if !model.is_watched() => (Tone::Unknown, "? unarmed"),
        RuleState::Armed => (Tone::Good, "✓ armed"),
        RuleState::Warning => (Tone::Warning, "! warning"),
        RuleState::Breached => (Tone::Bad, "✗ breached"),
        RuleState::Blameless => (Tone::Warning, "! outage"),
        RuleState::Unknown { .. } => (Tone::Unknown, "? unknown"),
    }
}

fn cells(model: &Model, app: &AppSnapshot, rule: &RuleStatus, theme: Theme) -> Vec<Span<'static>> {
    let (tone, state) = state(model, app, rule);
    let style = theme.style(tone);
    let known = !matches!(rule.state, RuleState::Off | RuleState::Unknown { .. });
    let loud = if matches!(rule.state, RuleState::Armed) {
        Style::new()
    } else {
        style
    };
    let near = rule.closeness.clamp(0.0, 1.0);
    let (bars, percent) = if known {
        (bar(near, 8), format!("{:.0}%", near * 100.0))
    } else {
        (String::new(), String::new())
    };
    let margin = rule.margin.as_ref().filter(|_| known);
    let margin = margin.map_or_else(|| NOTHING.to_owned(), ToString::to_string);
    vec![
        Span::styled(state, style),
        Span::styled(rule.rule.to_string(), loud),
        Span::raw(format!("{:?}", rule.action).to_lowercase()),
        Span::styled(rule.now.to_string(), loud),
        Span::raw(rule.limit.to_string()),
        Span::styled(margin, loud),
        Span::styled(bars, loud),
        Span::styled(percent, loud),
    ]
}
