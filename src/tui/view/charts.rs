//! The charts of zoomed panes: a metric of both versions by the age of their rollouts, and who ran what.
//!
//! Drawn of the history alone, so that nothing moves until there is more of it.

mod adoption;
mod scale;

use std::ops::Range;

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::plot::{BOTH, Curve, Limit, Pattern, Plot, Stretch, Tick};
use super::super::widgets::text::{join, put};
use super::header::short_version;
use crate::api::AppSnapshot;
use crate::api::client::Link;
use crate::api::wire::{AgePoint, History, MetricHistory};
use crate::domain::{Counts, Metric, Timestamp};
use crate::tui::state::charts::{Told, told};
use crate::tui::state::model::Model;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format::{self, moment};
pub(crate) use adoption::adoption;
use scale::Scale;

/// Rows below which there is no chart.
pub(crate) const LEAST: u16 = 6;

/// Lengths of a stretch or between ticks that people think in, in seconds.
const STEPS: [i64; 16] = [
    60, 300, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800,
    1_209_600, 2_592_000, 5_184_000,
];

/// A metric of both versions.
pub(crate) fn metric(
    model: &Model,
    app: &AppSnapshot,
    metric: &Metric,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let Some(history) = history(model, app, theme, area, buf) else {
        return;
    };
    let found = history.metrics.iter().find(|it| it.metric == *metric);
    let muted = theme.style(Tone::Muted);
    let Some(found) = found.filter(|it| !it.new.is_empty() || !it.old.is_empty()) else {
        let text = format!("{}: no windows since the rollout began", metric.label());
        put(&Line::styled(text, muted), area, 0, buf);
        return;
    };
    let ends = found.new.iter().map(|it| it.age + i64::from(it.seconds));
    let olds = found.old.iter().map(|it| it.age + i64::from(it.seconds));
    let end = ends.max().or_else(|| olds.max()).unwrap_or_default();
    let end = end.min(seen(model, history)).max(1);
    // Testers are shown as far as they do not push the rollout aside.
    let first = found.new.iter().map(|it| it.age).min().unwrap_or_default();
    let ages = first.clamp(-end / 8, 0)..end;
    let step = nice((ages.end - ages.start) * 2 / i64::from(area.width.max(20)));
    let new = pooled(metric, &found.new, &ages, step);
    let old = pooled(metric, &found.old, &ages, step);
    let rows = area.height.saturating_sub(3);
    let limits: Vec<f64> = found
        .limits
        .iter()
        .map(|limit| percent(metric, limit.share))
        .collect();
    let heights = [heights(metric, &new), heights(metric, &old)];
    let Some((scale, beyond)) = Scale::of(&heights, &limits, rows) else {
        return;
    };
    let curve = |points: &[AgePoint], pattern, tone| Curve {
        stretches: points.iter().filter_map(|it| stretch(metric, it)).collect(),
        pattern,
        style: theme.style(tone),
    };
    let marks = marks(history, &ages);
    let plot = Plot {
        x: ages.start as f64..ages.end as f64,
        y: scale.range.clone(),
        curves: vec![
            curve(&new, Pattern::Solid, Tone::Strong),
            curve(&old, Pattern::Dotted, Tone::Focus),
        ],
        limits: found
            .limits
            .iter()
            .map(|limit| Limit {
                y: percent(metric, limit.share),
                name: limit.rule.to_string(),
                value: scale.write(percent(metric, limit.share), 1),
                style: theme.style(Tone::Warning),
            })
            .collect(),
        marks,
        x_ticks: ticks(&ages, area.width),
        y_ticks: scale.ticks(),
        quiet: muted,
        ascii: theme.ascii(),
    };
    let below = below(found, &scale, beyond);
    let rest = Rect {
        y: area.y + 1,
        height: area.height - 1 - u16::from(!below.is_empty()),
        ..area
    };
    let unnamed = plot.draw(rest, buf);
    let mut head = head(app, history, found, (&new, &old), step, theme);
    let at = head.len().min(if old.is_empty() { 2 } else { 3 });
    for limit in unnamed.into_iter().rev() {
        let name = format!("─ {} {}", limit.name, limit.value);
        head.insert(at, vec![Span::styled(name, limit.style)]);
    }
    put(&join(head, "   ", area.width.into()), area, 0, buf);
    if !below.is_empty() {
        let line = Line::styled(below, theme.style(Tone::Warning));
        put(&line, area, area.height - 1, buf);
    }
}

/// What there is to draw of; else it is said why not.
fn history<'a>(
    model: &'a Model,
    app: &AppSnapshot,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<&'a History> {
    if area.height < LEAST {
        return None;
    }
    let (tone, text) = match told(model) {
        Told::History(history)
            if !model.moment.is_live() && app.started != Some(history.started) =>
        {
            (Tone::Muted, "no chart: only of the present rollout".into())
        }
        Told::History(history) => return Some(history),
        Told::Failed(why) => (Tone::Unknown, format!("? no chart: {why}")),
        Told::Waits if model.link != Link::Live => (
            Tone::Unknown,
            "? no chart: the watcher cannot be reached".into(),
        ),
        Told::Waits => (Tone::Muted, "chart: asked…".into()),
    };
    put(&Line::styled(text, theme.style(tone)), area, 0, buf);
    None
}

/// The age up to which there is something to be seen: in a picture of the past nothing that came after it.
fn seen(model: &Model, history: &History) -> i64 {
    let at = if model.moment.is_live() {
        history.at
    } else {
        model.snapshot.at
    };
    (at - history.started).num_seconds()
}

/// Heights in percent, each with the trials behind it.
fn heights(metric: &Metric, points: &[AgePoint]) -> Vec<(f64, u64)> {
    let height = |it: &AgePoint| Some((stretch(metric, it)?.y, it.trials));
    points.iter().filter_map(height).collect()
}

/// What is drawn, how, and of how much.
fn head(
    app: &AppSnapshot,
    history: &History,
    found: &MetricHistory,
    (new, old): (&[AgePoint], &[AgePoint]),
    step: i64,
    theme: Theme,
) -> Vec<Vec<Span<'static>>> {
    let ascii = theme.ascii();
    let muted = theme.style(Tone::Muted);
    let name = short_version(app.version_name.as_str()).to_owned();
    let mut parts = vec![
        vec![Span::styled(
            found.metric.label(),
            theme.style(Tone::Strong),
        )],
        vec![
            Span::styled(Pattern::Solid.sample(ascii), theme.style(Tone::Strong)),
            Span::raw(format!(" {name}")),
        ],
    ];
    if let Some(previous) = app.previous_name.as_ref().filter(|_| !old.is_empty()) {
        let when = match history.previous_started {
            Some(_) => "same age",
            None => "same time",
        };
        let previous = short_version(previous.as_str());
        parts.push(vec![
            Span::styled(Pattern::Dotted.sample(ascii), theme.style(Tone::Focus)),
            Span::raw(format!(" {previous} {when}")),
        ]);
    }
    let n = |points: &[AgePoint]| format::short_count(points.iter().map(|it| it.trials).sum());
    let of = if old.is_empty() {
        format!("n {}", n(new))
    } else {
        format!("n {} vs {}", n(new), n(old))
    };
    parts.push(vec![Span::styled(of, muted)]);
    let to = new.last().map(|it| it.age + i64::from(it.seconds));
    if let Some(to) = to {
        let to = (history.started + TimeDelta::seconds(to)).min(history.at);
        let text = format!("{} a point, to {}", span(step), moment(to, history.at));
        parts.push(vec![Span::styled(text, muted)]);
    }
    if ascii && !old.is_empty() {
        parts.push(vec![Span::styled(format!("{BOTH} both"), muted)]);
    }
    parts
}

/// What the field cannot show, in words.
fn below(found: &MetricHistory, scale: &Scale, beyond: usize) -> String {
    let mut out = Vec::new();
    for limit in &found.limits {
        let at = percent(&found.metric, limit.share);
        if at < scale.range.start || at > scale.range.end {
            let side = if at < scale.range.start {
                "below"
            } else {
                "above"
            };
            out.push(format!("{} {} is {side}", limit.rule, scale.write(at, 1)));
        }
    }
    match beyond {
        0 => {}
        1 => out.push("1 point is off the scale".into()),
        n => out.push(format!("{n} points are off the scale")),
    }
    out.join(" · ")
}

/// A share of failures as people write this metric, in percent.
fn percent(metric: &Metric, share: f64) -> f64 {
    100.0
        * if metric.is_good_share() {
            1.0 - share
        } else {
            share
        }
}

fn stretch(metric: &Metric, point: &AgePoint) -> Option<Stretch> {
    Some(Stretch {
        from: point.age as f64,
        to: (point.age + i64::from(point.seconds)) as f64,
        y: percent(metric, counts(point).failure_rate()?),
    })
}

fn counts(point: &AgePoint) -> Counts {
    Counts {
        trials: point.trials,
        failures: point.failures,
    }
}

/// Points of at least so many seconds, so that there are no more than can be seen. Users are not added up: the stretch with
/// most of them speaks.
fn pooled(metric: &Metric, points: &[AgePoint], ages: &Range<i64>, step: i64) -> Vec<AgePoint> {
    let mut out: Vec<AgePoint> = Vec::new();
    for point in points.iter().filter(|it| ages.contains(&it.age)) {
        let start = point.age.div_euclid(step) * step;
        let end = (point.age + i64::from(point.seconds)).max(start + step);
        let seconds = u32::try_from(end - start).unwrap_or(u32::MAX);
        match out.last_mut().filter(|last| last.age == start) {
            Some(last) if metric.counts_users() => {
                if point.trials > last.trials {
                    (last.trials, last.failures) = (point.trials, point.failures);
                }
            }
            Some(last) => {
                last.trials += point.trials;
                last.failures += point.failures;
                last.seconds = last.seconds.max(seconds);
            }
            None => out.push(AgePoint {
                age: start,
                seconds,
                ..*point
            }),
        }
    }
    out
}

/// The shortest length that people think in and that is not shorter.
fn nice(least: i64) -> i64 {
    let step = STEPS.into_iter().find(|step| *step >= least);
    step.unwrap_or(5_184_000)
}

/// `15m`, `6h`, `2d`
fn span(seconds: i64) -> String {
    match seconds {
        0 => "0".into(),
        _ if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        86_400.. => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3_600),
        _ if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        _ => format!("{}m", seconds / 60),
    }
}

/// Ages along the axis, not too near each other.
fn ticks(ages: &Range<i64>, columns: u16) -> Vec<Tick> {
    let step = nice((ages.end - ages.start) * 9 / i64::from(columns.max(18)));
    let first = ages.start.div_euclid(step) + i64::from(ages.start.rem_euclid(step) != 0);
    (first..=ages.end.div_euclid(step))
        .map(|n| n * step)
        .map(|at| {
            let name = match at {
                0 => "age 0".into(),
                at if at < 0 => format!("−{}", span(-at)),
                at => span(at),
            };
            (at as f64, name)
        })
        .collect()
}

/// What happened to the rollout, by age.
fn marks(history: &History, ages: &Range<i64>) -> Vec<Tick> {
    let at = |at: Timestamp| (at - history.started).num_seconds();
    history
        .marks
        .iter()
        .filter(|mark| ages.contains(&at(mark.at)))
        .map(|mark| (at(mark.at) as f64, mark.what.to_string()))
        .collect()
}
