//! Where everything goes, for every size. Pure: a size and what there is to show in, rectangles out.

use ratatui::layout::Rect;

use crate::tui::state::model::{Model, Pane};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// The verdict, what comes next, and as many rules as fit.
    Tiny,
    /// Panes above one another, the lower ones sharing a place.
    Small,
    Medium,
    Wide,
}

impl Tier {
    pub(crate) fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (150.., 40..) => Self::Wide,
            (110.., 30..) => Self::Medium,
            (80.., 24..) => Self::Small,
            _ => Self::Tiny,
        }
    }
}

/// A pane's place, and the panes that share it (itself alone, mostly).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) pane: Pane,
    pub(crate) shared: Vec<Pane>,
    pub(crate) area: Rect,
}

const LOWER: [Pane; 6] = [
    Pane::Crashes,
    Pane::Versions,
    Pane::Rollout,
    Pane::Events,
    Pane::Levers,
    Pane::Sources,
];

/// The panes of a body.
pub(crate) fn arrange(model: &Model, tier: Tier, body: Rect) -> Vec<Place> {
    if body.width < 4 || body.height < 2 {
        return Vec::new();
    }
    if model.zoomed {
        return vec![alone(model.focus, body)];
    }
    match tier {
        Tier::Wide => wide(model, body),
        Tier::Medium => medium(model, body),
        Tier::Small => small(model, body),
        Tier::Tiny => vec![alone(tiny(model), body)],
    }
}

/// The one pane of a tiny screen: where the focus is, else the rules.
fn tiny(model: &Model) -> Pane {
    match model.focus {
        Pane::Health => Pane::Rules,
        pane => pane,
    }
}

fn alone(pane: Pane, area: Rect) -> Place {
    Place {
        pane,
        shared: vec![pane],
        area,
    }
}

fn together(model: &Model, shared: Vec<Pane>, area: Rect) -> Place {
    Place {
        pane: model.tab_among(&shared),
        shared,
        area,
    }
}

/// Cuts `rows` off the top, leaving at least `keep`.
fn take(rest: &mut Rect, rows: u16, keep: u16) -> Rect {
    let rows = rows.min(rest.height.saturating_sub(keep));
    let taken = Rect {
        height: rows,
        ..*rest
    };
    rest.y += rows;
    rest.height -= rows;
    taken
}

fn split(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    (
        Rect {
            width: left,
            ..area
        },
        Rect {
            x: area.x + left,
            width: area.width - left,
            ..area
        },
    )
}

/// Rows of a pane's content with its frame.
fn framed(rows: usize, least: u16, most: u16) -> u16 {
    (rows as u16).saturating_add(2).clamp(least, most)
}

fn health_rows(model: &Model) -> usize {
    let troubles = model
        .shown()
        .map_or(0, |app| super::health::troubles(model, app).len());
    model.all_rows(Pane::Health) + 1 + troubles
}

/// Of whichever shares the place.
fn version_rows(model: &Model) -> usize {
    1 + model
        .all_rows(Pane::Versions)
        .max(model.all_rows(Pane::Sources))
}

/// On a pane of so many columns, frame and margin included.
fn rule_rows(model: &Model, columns: u16) -> usize {
    let inside = columns.saturating_sub(4);
    let rows = |app| super::rules::rows(app, inside);
    model.shown().map_or(0, rows) + 1
}

/// What is always there, and the gate; on a pane of so many columns, frame and margin included.
fn rollout_rows(model: &Model, columns: u16) -> usize {
    let inside = columns.saturating_sub(4);
    let gate = |app| super::rollout::gate_rows(model, app, inside);
    5 + model.shown().map_or(0, gate)
}

fn wide(model: &Model, body: Rect) -> Vec<Place> {
    let mut rest = body;
    let health = take(&mut rest, framed(health_rows(model), 5, 10), 26);
    let (mut left, mut right) = split(rest, rest.width * 60 / 100);
    let columns = left.width;
    let rules = take(&mut left, framed(rule_rows(model, columns), 4, 10), 18);
    let crashes = take(&mut left, 13, 6);
    let rows = rollout_rows(model, right.width);
    let rollout = take(&mut right, framed(rows, 8, 11), 16);
    let versions = take(&mut right, framed(version_rows(model), 4, 7), 10);
    vec![
        alone(Pane::Health, health),
        alone(Pane::Rules, rules),
        together(model, vec![Pane::Versions, Pane::Sources], versions),
        alone(Pane::Rollout, rollout),
        alone(Pane::Crashes, crashes),
        alone(Pane::Events, right),
        alone(Pane::Levers, left),
    ]
}

fn medium(model: &Model, body: Rect) -> Vec<Place> {
    let mut rest = body;
    let health = take(&mut rest, framed(health_rows(model), 5, 8), 18);
    let (mut left, mut right) = split(rest, rest.width * 63 / 100);
    let columns = left.width;
    let rules = take(&mut left, framed(rule_rows(model, columns), 4, 9), 9);
    let rows = rollout_rows(model, right.width);
    let rollout = take(&mut right, framed(rows, 7, 9), 11);
    let versions = take(&mut right, framed(version_rows(model), 4, 6), 7);
    vec![
        alone(Pane::Health, health),
        alone(Pane::Rules, rules),
        together(model, vec![Pane::Versions, Pane::Sources], versions),
        alone(Pane::Rollout, rollout),
        alone(Pane::Crashes, left),
        together(model, vec![Pane::Events, Pane::Levers], right),
    ]
}

fn small(model: &Model, body: Rect) -> Vec<Place> {
    let mut rest = body;
    // One rule on top instead of a box: a row less each.
    let rows = |n: usize, least: u16, most: u16| framed(n, least + 1, most + 1) - 1;
    let health = take(&mut rest, rows(health_rows(model), 4, 7), 9);
    let columns = rest.width;
    let rules = take(&mut rest, rows(rule_rows(model, columns), 3, 6), 5);
    vec![
        alone(Pane::Health, health),
        alone(Pane::Rules, rules),
        together(model, LOWER.to_vec(), rest),
    ]
}
