//! A backtest as people read it: what would have happened to each rollout, and when, and why.

use super::given::{AboutPlacebo, Happened};
use super::picture::{self, Span, Style};
use crate::backtest::placebo::StableVersion;
use crate::backtest::run::ContenderReport;
use crate::backtest::{Moment, Outcome, Report, Rollout};
use crate::domain::{Timestamp, Verb};
use crate::policy::figures::{count, percent, times};

/// So many rollouts are told in full; of more, a line each.
const IN_FULL: usize = 6;

/// Rollouts that get a line; of more, the first ones, and those that were stopped.
const LINES: usize = 40;

/// What would have happened to each rollout.
pub(super) fn rollouts(
    report: &Report,
    rollouts: &[Rollout],
    happened: &[Vec<Happened>],
    style: Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    let outcomes = |n: usize| {
        let of =
            move |one: &'_ ContenderReport| Some((one.name.clone(), one.outcomes.get(n)?.clone()));
        report.contenders.iter().filter_map(of).collect::<Vec<_>>()
    };
    let replayed = rollouts.iter().enumerate().take(report.done);
    if report.done <= IN_FULL {
        for (n, rollout) in replayed {
            let happened = happened.get(n).map(Vec::as_slice).unwrap_or_default();
            lines.extend(in_full(rollout, &outcomes(n), happened, style));
            lines.push(String::new());
        }
        lines.push(picture::legend(style));
        return lines;
    }
    let mut left = 0;
    if let [first, _, ..] = report.contenders.as_slice() {
        lines.push(format!(
            "With {}, the others in the table below:",
            first.name
        ));
    }
    for (n, rollout) in replayed {
        let outcomes = outcomes(n);
        let stopped = |(_, outcome): &(String, Outcome)| outcome.stopped().is_some();
        if n >= LINES && !outcomes.iter().take(1).any(stopped) {
            left += 1;
            continue;
        }
        lines.extend(
            outcomes
                .first()
                .map(|(_, outcome)| line(rollout, outcome, style)),
        );
    }
    if left > 0 {
        let more = count(left);
        lines.push(format!(
            "and {more} more that nothing was done to; --json has them all"
        ));
    }
    lines.push(String::new());
    lines.push(picture::legend(style));
    lines
}

fn in_full(
    rollout: &Rollout,
    outcomes: &[(String, Outcome)],
    happened: &[Happened],
    style: Style,
) -> Vec<String> {
    let mut lines = vec![heading(rollout, outcomes)];
    let Some((span, (_, first))) = outcomes
        .first()
        .and_then(|first| Some((Span::of(&first.1)?, first)))
    else {
        lines.push("  nobody ran it: there is nothing to decide".to_owned());
        return lines;
    };
    let names = outcomes.iter().map(|(name, _)| name.chars().count());
    let label = names.max().unwrap_or(0) + 2;
    let offered = picture::exposures(first, span, style);
    if !offered.is_empty() {
        lines.push(format!("  {:label$}{offered}", ""));
    }
    for (name, outcome) in outcomes {
        let cells = picture::verdicts(outcome, span, style);
        lines.push(format!("  {name:label$}{cells}"));
    }
    if let Some(onset) = rollout.onset {
        let pointer = picture::pointer(onset, "bad since", span, style);
        lines.push(format!("  {:label$}{pointer}", ""));
    }
    for (name, outcome) in outcomes {
        let acts = [
            ("notice", &outcome.notice),
            ("PAUSE", &outcome.pause),
            ("HALT", &outcome.halt),
            ("not done", &outcome.withheld),
        ];
        let mut any = false;
        for (act, moment) in acts {
            let Some(moment) = moment else { continue };
            // A rival's notice is its stop.
            let same = |stop: &Moment| stop.at == moment.at && stop.sentence == moment.sentence;
            if act == "notice" && outcome.stopped().is_some_and(same) {
                continue;
            }
            any |= act != "notice";
            lines.push(format!("  {name}: {act} {}", told(moment)));
        }
        if !any {
            lines.push(format!("  {name}: would not have stopped it"));
        }
    }
    lines.extend(
        happened
            .iter()
            .map(|happened| format!("  in truth: {}", done(happened))),
    );
    lines
}

/// Which rollout, from when to when.
fn heading(rollout: &Rollout, outcomes: &[(String, Outcome)]) -> String {
    let against = rollout.baseline.as_ref().map_or_else(
        || ", nothing to compare with".to_owned(),
        |old| format!(" against {old}"),
    );
    let time = outcomes
        .first()
        .and_then(|(_, outcome)| {
            let (began, ended) = (outcome.began?, outcome.ended?);
            let trials = count(outcome.trials);
            let word = rollout.principal()?.metric.trial_word();
            Some(format!(
                ": {} to {}, {trials} {word}",
                when(began),
                when(ended)
            ))
        })
        .unwrap_or_default();
    let onset = rollout
        .onset
        .map(|onset| format!(", bad since {}", when(onset)))
        .unwrap_or_default();
    format!("{} {}{against}{time}{onset}", rollout.app, rollout.version)
}

/// When, how far, and why.
fn told(moment: &Moment) -> String {
    let offered = moment
        .exposure
        .map(|exposure| format!("at {exposure}, "))
        .unwrap_or_default();
    format!(
        "{}, after {} h, {offered}{} of users: {}",
        when(moment.at),
        short(moment.hours),
        percent(moment.exposed),
        moment.sentence
    )
}

/// What really was done.
fn done(act: &Happened) -> String {
    let proven = match act.confirmed {
        Some(_) => "",
        None => ", never confirmed by the store",
    };
    format!(
        "{} at {} by {}{proven}: {}",
        act.verb.past(),
        when(act.at),
        act.by,
        act.reason
    )
}

/// One of many.
fn line(rollout: &Rollout, outcome: &Outcome, style: Style) -> String {
    let style = Style {
        width: style.width.min(32),
        ..style
    };
    let name = format!("{} {}", rollout.app, rollout.version);
    let cells = Span::of(outcome)
        .map(|span| picture::verdicts(outcome, span, style))
        .unwrap_or_default();
    // Colours take no columns.
    let plain = Style {
        colours: false,
        ..style
    };
    let drawn = Span::of(outcome).map_or(0, |span| {
        picture::verdicts(outcome, span, plain).chars().count()
    });
    let pad = " ".repeat(style.width.saturating_sub(drawn) + 2);
    let bad = if rollout.onset.is_some() { "bad: " } else { "" };
    let what = match outcome.stopped() {
        Some(stop) => format!(
            "{} after {} h at {} of users",
            if stop.verb == Some(Verb::Halt) {
                "HALT"
            } else {
                "PAUSE"
            },
            short(stop.hours),
            percent(stop.exposed)
        ),
        None => "not stopped".to_owned(),
    };
    format!("{name:24}  {cells}{pad}{bad}{what}")
}

/// What was split, and how unlike the sides may be.
pub(super) fn placebo(about: &AboutPlacebo) -> Vec<String> {
    let line = |version: &StableVersion| {
        let clustered = version.phi.map_or_else(
            || "nobody knows how clustered its failures are".to_owned(),
            |phi| format!("failures cluster by {phi:.2}"),
        );
        let uneven = version
            .largest_ratio
            .map(|ratio| {
                format!(
                    ", the most uneven split has one side {} worse",
                    times(ratio)
                )
            })
            .unwrap_or_default();
        format!(
            "{} {} against itself, {} splits: {clustered}{uneven}",
            version.app,
            version.version,
            count(version.splits as u64)
        )
    };
    let mut lines: Vec<String> = about.versions.iter().map(line).collect();
    lines.push(String::new());
    lines
}

/// Two digits that matter: `0.25`, `7.4`, `37`.
pub(super) fn short(number: f64) -> String {
    let decimals = match number.abs() {
        n if n >= 10.0 => 0,
        n if n >= 1.0 => 1,
        _ => 2,
    };
    format!("{number:.decimals$}")
}

/// `2026-11-03 14:05 UTC`
pub(super) fn when(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
