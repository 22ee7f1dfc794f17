//! Who ran what since the rollout began, one version on top of the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::super::widgets::plot::Plot;
use super::super::super::widgets::stack::stack;
use super::super::super::widgets::text::{join, put};
use super::super::header::short_version;
use super::{history, marks, seen, ticks};
use crate::api::AppSnapshot;
use crate::api::wire::History;
use crate::domain::{PlainText, Timestamp};
use crate::tui::state::model::Model;
use crate::tui::style::symbols::SHADES;
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::format;

/// Who ran what since the rollout began.
pub(crate) fn adoption(
    model: &Model,
    app: &AppSnapshot,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let Some(history) = history(model, app, theme, area, buf) else {
        return;
    };
    let muted = theme.style(Tone::Muted);
    let at = |at: Timestamp| (at - history.started).num_seconds();
    let until = seen(model, history);
    let known = history.adoption.partition_point(|it| at(it.at) <= until);
    let known = history.adoption.get(..known).unwrap_or_default();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        let text = "no past yet: who runs what is kept once an hour";
        put(&Line::styled(text, muted), area, 0, buf);
        return;
    };
    // A point speaks for the hour before it, or for longer where there are fewer.
    let apart = known.windows(2).filter_map(|pair| match pair {
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
            let next = known.iter().find(|point| at(point.at) >= age)?;
            let covers = at(next.at) - age <= every + every / 2;
            layers.shares(&next.sessions).filter(|_| covers)
        })
        .collect();
    stack(&columns, &styles, theme.ascii(), field, buf);
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
