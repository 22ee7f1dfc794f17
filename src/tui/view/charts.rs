//! The charts of zoomed panes: a metric of both versions by the age of their rollouts, and who ran what.
//!
//! Drawn of the history alone, so that nothing moves until there is more of it.

use std::ops::Range;

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::charts::{Told, told};
use super::super::format::{self, moment};
use super::super::model::Model;
use super::super::symbols::SHADES;
use super::super::theme::{Theme, Tone};
use super::super::widgets::plot::{BOTH, Curve, Limit, Pattern, Plot, Stretch, Tick};
use super::super::widgets::stack::stack;
use super::super::widgets::text::{join, put};
use super::header::short_version;
use crate::api::AppSnapshot;
use crate::api::client::Link;
use crate::api::wire::{AgePoint, History, MetricHistory};
use crate::domain::{Counts, Metric, PlainText, Timestamp};

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
    let Some(history) = history(model, theme, area, buf) else {
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
    let end = ends.max().or_else(|| olds.max()).unwrap_or_default().max(1);
    // Testers are shown as far as they do not push the rollout aside.
    let first = found.new.iter().map(|it| it.age).min().unwrap_or_default();
    let ages = first.clamp(-end / 8, 0)..end;
    let step = nice((ages.end - ages.start) * 2 / i64::from(area.width.max(20)));
    let new = pooled(metric, &found.new, &ages, step);
    let old = pooled(metric, &found.old, &ages, step);
    let rows = area.height.saturating_sub(3);
    let Some((scale, beyond)) = Scale::of(found, &new, &old, rows) else {
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
    let head = head(app, history, found, (&new, &old), step, theme);
    put(&join(head, "   ", area.width.into()), area, 0, buf);
    let below = below(found, &scale, beyond);
    let rest = Rect {
        y: area.y + 1,
        height: area.height - 1 - u16::from(!below.is_empty()),
        ..area
    };
    plot.draw(rest, buf);
    if !below.is_empty() {
        let line = Line::styled(below, theme.style(Tone::Warning));
        put(&line, area, area.height - 1, buf);
    }
}

/// What there is to draw of; else it is said why not.
fn history<'a>(
    model: &'a Model,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<&'a History> {
    if area.height < LEAST {
        return None;
    }
    let (tone, text) = match told(model) {
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
            Some(_) => "at the same age",
            None => "at the same time",
        };
        let previous = short_version(previous.as_str());
        parts.push(vec![
            Span::styled(Pattern::Dotted.sample(ascii), theme.style(Tone::Focus)),
            Span::raw(format!(" {previous} {when}")),
        ]);
        if ascii {
            parts.push(vec![Span::styled(format!("{BOTH} both"), muted)]);
        }
    }
    let n = |points: &[AgePoint]| format::short_count(points.iter().map(|it| it.trials).sum());
    let trials = found.metric.trial_word();
    let of = match old.is_empty() {
        true => format!("n {} {trials}", n(new)),
        false => format!("n {} vs {} {trials}", n(new), n(old)),
    };
    parts.push(vec![Span::styled(of, muted)]);
    let to = new.last().map(|it| it.age + i64::from(it.seconds));
    if let Some(to) = to {
        let to = (history.started + TimeDelta::seconds(to)).min(history.at);
        let text = format!("{} a point, to {}", span(step), moment(to, history.at));
        parts.push(vec![Span::styled(text, muted)]);
    }
    parts
}

/// What the field cannot show, in words.
fn below(found: &MetricHistory, scale: &Scale, beyond: usize) -> String {
    let mut out = Vec::new();
    for limit in &found.limits {
        let at = percent(&found.metric, limit.share);
        if !scale.range.contains(&at) && at != scale.range.end {
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

/// The heights that are shown, in percent.
struct Scale {
    range: Range<f64>,
    step: f64,
}

impl Scale {
    /// One that holds all but the hundredth of the trials that is furthest out (a first hour with few sessions would flatten all
    /// others), and the limits that are not far from it; and how many points are beyond.
    fn of(
        found: &MetricHistory,
        new: &[AgePoint],
        old: &[AgePoint],
        rows: u16,
    ) -> Option<(Self, usize)> {
        let mut values: Vec<(f64, u64)> = Vec::new();
        for points in [new, old] {
            let all: u64 = points.iter().map(|it| it.trials).sum();
            let mut of: Vec<(f64, u64)> = points
                .iter()
                .filter_map(|it| {
                    Some((
                        percent(&found.metric, counts(it).failure_rate()?),
                        it.trials,
                    ))
                })
                .collect();
            of.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut below = 0;
            of.retain(|(_, trials)| {
                let before = below;
                below += trials;
                below * 100 >= all && before * 100 <= all * 99
            });
            values.extend(of);
        }
        let low = values.iter().map(|it| it.0).fold(f64::INFINITY, f64::min);
        let high = values
            .iter()
            .map(|it| it.0)
            .fold(f64::NEG_INFINITY, f64::max);
        if !low.is_finite() || !high.is_finite() {
            return None;
        }
        let near = ((high - low) * 2.0).max(0.05);
        let limits = found
            .limits
            .iter()
            .map(|limit| percent(&found.metric, limit.share));
        let limits: Vec<f64> = limits
            .filter(|at| (low - near..=high + near).contains(at))
            .collect();
        let low = limits.iter().copied().fold(low, f64::min);
        let high = limits.iter().copied().fold(high, f64::max);
        let step = nice_share((high - low).max(0.004) / f64::from((rows / 3).clamp(2, 6)));
        // Some room above and below, so that no line runs along an edge.
        let start = ((low - step * 0.2) / step).floor() * step;
        let end = ((high + step * 0.2) / step).ceil() * step;
        let scale = Self {
            range: start.max(0.0)..end.min(100.0).max(start + step),
            step,
        };
        let points = new.iter().chain(old);
        let shown = points.filter_map(|it| stretch(&found.metric, it));
        let beyond = shown
            .filter(|it| it.y < scale.range.start || it.y > scale.range.end)
            .count();
        Some((scale, beyond))
    }

    /// In percent, as exact as the scale; `more` decimals than it takes.
    fn write(&self, percent: f64, more: usize) -> String {
        let decimals = match self.step {
            1.0.. => 0,
            0.1.. => 1,
            0.01.. => 2,
            _ => 3,
        };
        let exact = (percent * 100.0).round() / 100.0;
        let needed = if (percent - exact).abs() < 1e-9 { 2 } else { 3 };
        let decimals = if more > 0 {
            decimals.max(needed.min(decimals + 2))
        } else {
            decimals
        };
        format!("{percent:.decimals$}%")
    }

    fn ticks(&self) -> Vec<Tick> {
        let n = ((self.range.end - self.range.start) / self.step).round() as u32;
        (0..=n.min(50))
            .map(|i| self.range.start + f64::from(i) * self.step)
            .filter(|at| *at <= self.range.end + self.step / 1e3)
            .map(|at| (at.min(self.range.end), self.write(at, 0)))
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, not less than `least`.
fn nice_share(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= least * 0.999);
    factor.unwrap_or(10.0) * power
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
        _ if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        _ => format!("{}m", seconds / 60),
    }
}

/// Ages along the axis, not too near each other.
fn ticks(ages: &Range<i64>, columns: u16) -> Vec<Tick> {
    let step = nice((ages.end - ages.start) * 9 / i64::from(columns.max(18)));
    let first = ages.start.div_euclid(step) + i64::from(ages.start.rem_euclid(step) != 0);
    (first..)
        .map(|n| n * step)
        .take_while(|at| *at <= ages.end)
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

/// Who ran what since the rollout began.
pub(crate) fn adoption(
    model: &Model,
    app: &AppSnapshot,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let Some(history) = history(model, theme, area, buf) else {
        return;
    };
    let muted = theme.style(Tone::Muted);
    let (Some(first), Some(last)) = (history.adoption.first(), history.adoption.last()) else {
        let text = "no past yet: who runs what is kept once an hour";
        put(&Line::styled(text, muted), area, 0, buf);
        return;
    };
    let at = |at: Timestamp| (at - history.started).num_seconds();
    // A point speaks for the hour before it, or for longer where there are fewer.
    let apart = history.adoption.windows(2).filter_map(|pair| match pair {
        [a, b] => Some((b.at - a.at).num_seconds()),
        _ => None,
    });
    let every = apart.min().unwrap_or(3_600).max(3_600);
    let ages = (at(first.at) - every)..at(last.at);
    let layers = Layers::of(app, history);
    let tone = |layer| match layer {
        0 => Tone::Strong,
        1 => Tone::Focus,
        _ => Tone::Plain,
    };
    let styles: Vec<_> = (0..SHADES.len()).map(|it| theme.style(tone(it))).collect();
    let mut head = vec![vec![Span::styled(
        "sessions of a day",
        theme.style(Tone::Strong),
    )]];
    let latest = layers.shares(&last.sessions);
    for ((name, share), (shade, style)) in layers
        .names
        .iter()
        .zip(latest.iter().flatten())
        .zip(SHADES.iter().zip(&styles))
    {
        head.push(vec![
            Span::styled((*shade).to_owned(), *style),
            Span::raw(format!(" {name} {:.1}%", share * 100.0)),
        ]);
    }
    put(&join(head, "   ", area.width.into()), area, 0, buf);
    let plot = Plot {
        x: ages.start as f64..ages.end as f64,
        y: 0.0..100.0,
        curves: Vec::new(),
        limits: Vec::new(),
        marks: marks(history, &ages),
        x_ticks: ticks(&ages, area.width),
        y_ticks: [100.0, 75.0, 50.0, 25.0, 0.0]
            .map(|at| (at, format!("{at:.0}%")))
            .to_vec(),
        quiet: muted,
        ascii: theme.ascii(),
    };
    let rest = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let below = 1 + u16::from(!plot.marks.is_empty());
    let field = Rect {
        x: rest.x + plot.gutter(),
        width: rest.width.saturating_sub(plot.gutter()),
        height: rest.height.saturating_sub(below),
        ..rest
    };
    let columns: Vec<_> = (0..field.width)
        .map(|x| {
            let part = (f64::from(x) + 0.5) / f64::from(field.width);
            let age = ages.start + (part * (ages.end - ages.start) as f64) as i64;
            let next = history.adoption.iter().find(|point| at(point.at) >= age)?;
            let covers = at(next.at) - age <= every + every / 2;
            layers.shares(&next.sessions).filter(|_| covers)
        })
        .collect();
    stack(&columns, &styles, field, buf);
    plot.draw(rest, buf);
}

/// The versions that are told apart, from the bottom up: the new one, the one before it, the most used of the others, and the rest.
struct Layers {
    labels: Vec<Option<PlainText>>,
    names: Vec<String>,
}

impl Layers {
    fn of(app: &AppSnapshot, history: &History) -> Self {
        let watched = app.release.as_ref().map(|release| release.version.key());
        let previous = app.previous.as_ref().map(crate::domain::Version::key);
        let of = |key: Option<String>| {
            let key = key?;
            let mut shares = app.shares.iter();
            let share = shares.find(|share| share.version.as_ref() == Some(&key))?;
            Some(share.label.clone())
        };
        let (new, old) = (of(watched), of(previous));
        let latest = history.adoption.last();
        let others = latest.into_iter().flat_map(|point| &point.sessions);
        let third = others
            .filter(|(label, _)| Some(label) != new.as_ref() && Some(label) != old.as_ref())
            .max_by_key(|(_, sessions)| *sessions)
            .map(|(label, _)| label.clone());
        let labels = vec![new, old, third];
        let name = |label: &Option<PlainText>| {
            let label = label.as_ref();
            label.map_or_else(
                || format::NOTHING.to_owned(),
                |label| short_version(label.as_str()).to_owned(),
            )
        };
        let mut names: Vec<String> = labels.iter().map(name).collect();
        names.push("others".into());
        Self { labels, names }
    }

    /// Shares from the bottom up; `None` where nobody had a session.
    fn shares(&self, sessions: &[(PlainText, u64)]) -> Option<Vec<f64>> {
        let all: u64 = sessions.iter().map(|it| it.1).sum();
        let share = |n: u64| n as f64 / all as f64;
        let of = |label: &Option<PlainText>| {
            let found = sessions.iter().find(|it| Some(&it.0) == label.as_ref());
            found.map_or(0, |it| it.1)
        };
        let told: Vec<u64> = self.labels.iter().map(of).collect();
        let rest = all - told.iter().sum::<u64>().min(all);
        let shares = told.into_iter().chain([rest]).map(share);
        (all > 0).then(|| shares.collect())
    }
}
