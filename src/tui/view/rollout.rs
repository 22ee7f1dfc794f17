//! How far the rollout is: the ladder of stages or Apple's seven days, and since when.

use chrono::{NaiveTime, TimeDelta};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::widgets::text::put;
use crate::api::AppSnapshot;
use crate::domain::execution::Phase;
use crate::domain::rollout::{Phased, Status};
use crate::domain::{Exposure, Health, Timestamp};
use crate::tui::state::model::{Model, is_stopped};
use crate::tui::style::theme::{Theme, Tone};
use crate::tui::words::climb;
use crate::tui::words::format::{age, countdown, moment, wrap};
use crate::tui::words::state_words;

/// Apple's phased release, percent by day.
const DAYS: [u32; 7] = [1, 2, 5, 10, 20, 50, 100];
/// Days that a phased release may be paused in total, and from when to warn.
const PAUSE_DAYS: (u32, u32) = (30, 20);

/// Beside the title: since when.
pub(crate) fn aside(app: &AppSnapshot) -> String {
    app.store.name().to_owned()
}

pub(crate) fn draw(model: &Model, app: &AppSnapshot, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut lines = vec![Line::styled(
        state_words::of(app),
        theme.style(Tone::Strong),
    )];
    lines.extend(ladder(app, theme, usize::from(area.width)));
    lines.extend(apple(model, app, theme));
    lines.extend(gate(model, app, theme, (area.width, model.zoomed)));
    lines.extend(execution(app));
    let now = model.now.watched;
    if let Some(started) = app.started {
        lines.push(Line::raw(format!(
            "started {} ({} ago)",
            moment(started, now),
            age(now - started)
        )));
    }
    let budget = format!(
        "acted by itself today {} of {}",
        app.acts_used, app.acts_allowed
    );
    let tone = if app.acts_used >= app.acts_allowed {
        Tone::Warning
    } else {
        Tone::Plain
    };
    lines.push(Line::styled(budget, theme.style(tone)));
    if let Some(previous) = &app.previous_name {
        lines.push(Line::raw(format!("others get {previous}")));
    }
    for (row, line) in lines.iter().enumerate() {
        put(line, area, row as u16, buf);
    }
}

/// `run 3, rolling: haltline moves it`, `plan shop`
fn execution(app: &AppSnapshot) -> Vec<Line<'static>> {
    let Some(execution) = &app.execution else {
        return Vec::new();
    };
    let moves = matches!(execution.phase, Phase::Rolling | Phase::Holding);
    let who = match (app.stages.is_empty() || !moves, app.climbs) {
        (true, _) => "",
        (false, true) => ": haltline moves it",
        (false, false) => ": people move it",
    };
    let run = format!("run {}, {}{who}", execution.number, execution.phase);
    let plan = app.plan.as_ref().map(|plan| format!("plan {plan}"));
    [Some(run), plan]
        .into_iter()
        .flatten()
        .map(Line::raw)
        .collect()
}

/// `1%✓─5%▸─25%○`, in as many lines as it takes; Apple's days above their percents.
fn ladder(app: &AppSnapshot, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let Some(release) = &app.release else {
        return Vec::new();
    };
    let stages: Vec<Exposure> = match &release.phased {
        Some(_) => DAYS.map(Exposure::from_percent).to_vec(),
        None => app.stages.clone(),
    };
    // A person may have moved the rollout between two stages: the highest one reached is where it stands.
    let current = stages.iter().rposition(|stage| *stage <= release.exposure);
    let here = match release.status {
        Status::Completed => ("✓", Tone::Good),
        _ if is_stopped(app) => ("‖", Tone::Stopped),
        _ if app.health == Health::Breached => ("✗▸", Tone::Bad),
        _ => ("▸", Tone::Focus),
    };
    let steps: Vec<Span<'static>> = stages
        .iter()
        .enumerate()
        .map(|(i, stage)| {
            let (mark, tone) = match current {
                Some(at) if i == at => here,
                Some(at) if i < at => ("✓", Tone::Good),
                _ => ("○", Tone::Muted),
            };
            Span::styled(format!("{stage}{mark}"), theme.style(tone))
        })
        .collect();
    let wide: usize = steps.iter().map(Span::width).sum();
    let rung = ["───", "─"].into_iter().find(|rung| {
        let between = rung.chars().count() * steps.len().saturating_sub(1);
        wide + between <= columns
    });
    let rung = Span::styled(rung.unwrap_or("─"), theme.style(Tone::Muted));
    let (mut lines, mut days): (Vec<Line<'static>>, Line<'static>) = Default::default();
    for (step, day) in steps.into_iter().zip(1_usize..) {
        let pad = step.width();
        match lines.last_mut() {
            Some(line) if line.width() + rung.width() + pad <= columns => {
                line.spans.push(rung.clone());
                line.spans.push(step);
                days.spans.push(Span::raw(" ".repeat(rung.width())));
            }
            _ => lines.push(Line::from(step)),
        }
        let tone = match current {
            Some(at) if at + 1 == day => Tone::Strong,
            _ => Tone::Muted,
        };
        let day = format!("{day:<pad$}");
        days.spans.push(Span::styled(day, theme.style(tone)));
    }
    // Where the steps take two lines, the percents have to do.
    if release.phased.is_some() && lines.len() == 1 && days.width() + 5 <= columns {
        days.spans
            .push(Span::styled("day", theme.style(Tone::Muted)));
        lines.insert(0, days);
    }
    lines
}

/// What is next, and what it waits for: of a gate what is not met yet; alone on the screen, everything that it wants.
fn gate(
    model: &Model,
    app: &AppSnapshot,
    theme: Theme,
    (columns, whole): (u16, bool),
) -> Vec<Line<'static>> {
    let Some(gate) = &app.gate else {
        return next(model, app).into_iter().map(Line::raw).collect();
    };
    let wants = || gate.wants.iter();
    let met = wants().filter(|want| want.met == Some(true)).count();
    let (tone, state) = if gate.open {
        (Tone::Good, "open, everything it wants is met".to_owned())
    } else if app.health == Health::Breached {
        (Tone::Bad, "shut, a rule is breached".to_owned())
    } else {
        (Tone::Plain, format!("{met} of {} met", gate.wants.len()))
    };
    let head = format!("next {}: gate {state}", gate.next);
    let mut lines = vec![Line::styled(head, theme.style(tone))];
    // Where a rule is breached nobody waits for a gate.
    let waits = app.health != Health::Breached;
    for want in wants().filter(|want| whole || (waits && want.met != Some(true))) {
        let (tone, mark) = match want.met {
            Some(true) => (Tone::Good, '✓'),
            Some(false) => (Tone::Plain, '○'),
            None => (Tone::Unknown, '?'),
        };
        let text = format!("{}: {}", want.what, want.now);
        let room = usize::from(columns).saturating_sub(2);
        for (row, text) in wrap(&text, room, 2).into_iter().enumerate() {
            let mark = if row == 0 { mark } else { ' ' };
            lines.push(Line::styled(format!("{mark} {text}"), theme.style(tone)));
        }
    }
    lines
}

/// What is next where no gate stands before it.
fn next(model: &Model, app: &AppSnapshot) -> Option<String> {
    let key = |id| model.keys.name(id);
    let release = app.release.as_ref()?;
    let stage = climb::next_stage(app);
    Some(match release.status {
        Status::Draft | Status::Pending => return None,
        Status::Completed => "everybody gets it: nothing is next".into(),
        Status::Stopped if climb::is_held_by_gate(app) => {
            "goes on by itself once its gate is open".into()
        }
        Status::Stopped if app.latched => format!(
            "next: nothing until an admin resumes it ({})",
            key("resume")
        ),
        Status::Stopped => format!(
            "next: nothing until somebody resumes it ({})",
            key("resume")
        ),
        Status::InProgress if release.phased.is_some() => return None,
        Status::InProgress => match stage {
            Some(stage) if app.climbs => format!("next {stage}: its gate was not judged yet"),
            Some(stage) => format!("next {stage}: people move it on ({})", key("advance")),
            None => "no stage is next: people move it on".into(),
        },
    })
}

/// How many rows what is next would like on so many columns.
pub(crate) fn gate_rows(model: &Model, app: &AppSnapshot, columns: u16) -> usize {
    let phased = app.release.as_ref().is_some_and(|it| it.phased.is_some());
    gate(model, app, Theme::new(false, false), (columns, false)).len() + usize::from(phased) * 2
}

fn apple(model: &Model, app: &AppSnapshot, theme: Theme) -> Vec<Line<'static>> {
    let Some((release, phased)) = app
        .release
        .as_ref()
        .and_then(|release| Some((release, release.phased.as_ref()?)))
    else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let now = model.now.watched;
    if release.status == Status::InProgress
        && let Some(next) = next_step(phased, now)
    {
        lines.push(Line::raw(format!(
            "next step about {} (in {})",
            moment(next, now),
            countdown(next - now)
        )));
    }
    if phased.paused_days > 0 || is_stopped(app) {
        let tone = if phased.paused_days >= PAUSE_DAYS.1 {
            Tone::Warning
        } else {
            Tone::Plain
        };
        lines.push(Line::styled(
            format!(
                "paused {} of {} days allowed",
                phased.paused_days, PAUSE_DAYS.0
            ),
            theme.style(tone),
        ));
    }
    lines
}

/// Apple steps daily at the hour at which the phased release started; nothing follows day 7.
pub(crate) fn next_step(phased: &Phased, now: Timestamp) -> Option<Timestamp> {
    if phased.day >= 7 {
        return None;
    }
    let hour: NaiveTime = phased.start?.time();
    let today = now.date_naive().and_time(hour).and_utc();
    Some(if today > now {
        today
    } else {
        today + TimeDelta::days(1)
    })
}
