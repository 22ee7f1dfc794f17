//! A backtest as people read it: what would have happened to each rollout, and when, and why.

use super::given::{AboutPlacebo, Happened};
use super::picture::{self, Span, Style};
use crate::backtest::placebo::StableVersion;
use crate::backtest::{Moment, Outcome, Report, Rollout};
use crate::domain::{Timestamp, Verb};
use crate::policy::figures::{count, percent, times};

/// So many rollouts are told in full; of more, a line each.
const IN_FULL: usize = 6;

/// Rollouts that get a line; of more, the first ones, and those that were stopped.
const LINES: usize = 40;

/// A contender's name, and what it would have done.
type Told<'a> = (&'a str, &'a Outcome);

/// What would have happened to each rollout.
pub(super) fn rollouts(
    report: &Report,
    rollouts: &[Rollout],
    happened: &[Vec<Happened>],
    style: Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    let outcomes = |n: usize| told_of(report, n);
    let happened = |n: usize| happened.get(n).map(Vec::as_slice).unwrap_or_default();
    let replayed = rollouts.iter().enumerate().take(report.done);
    if report.done <= IN_FULL {
        for (n, rollout) in replayed {
            lines.extend(in_full(rollout, &outcomes(n), happened(n), style));
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
        let Some((_, outcome)) = outcomes(n).first().copied() else {
            continue;
        };
        if n >= LINES && outcome.stopped().is_none() {
            left += 1;
        } else {
            lines.push(line(rollout, outcome, happened(n), style));
        }
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

/// What each contender would have done with the n-th rollout.
fn told_of(report: &Report, n: usize) -> Vec<Told<'_>> {
    let contenders = report.contenders.iter();
    contenders
        .filter_map(|one| Some((one.name.as_str(), one.outcomes.get(n)?)))
        .collect()
}

fn in_full(
    rollout: &Rollout,
    outcomes: &[Told<'_>],
    happened: &[Happened],
    style: Style,
) -> Vec<String> {
    let mut lines = vec![heading(rollout, outcomes)];
    let Some((span, first)) = outcomes
        .first()
        .and_then(|(_, first)| Some((Span::of(first)?, *first)))
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
fn heading(rollout: &Rollout, outcomes: &[Told<'_>]) -> String {
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
fn line(rollout: &Rollout, outcome: &Outcome, happened: &[Happened], style: Style) -> String {
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
    let stops = happened.iter().filter(|act| act.verb.lowers());
    let stops: Vec<&str> = stops.map(|act| act.verb.past()).collect();
    let truth = if stops.is_empty() {
        String::new()
    } else {
        format!("; in truth {}", stops.join(", "))
    };
    format!("{name:24}  {cells}{pad}{bad}{what}{truth}")
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
