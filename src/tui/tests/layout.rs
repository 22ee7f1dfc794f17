//! Where things go, at every size there is: inside the screen, beside one another, with the verdict above them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::fixture;
use super::super::view;
use super::picture;
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::Theme;
use crate::tui::view::layout::{Place, Tier, arrange};

/// All that `arrange` may be asked to fill.
fn bodies(area: Rect) -> impl Iterator<Item = Rect> {
    // The header takes more or fewer lines, the footer one or none.
    [(1, 0), (3, 1), (5, 1), (9, 1)]
        .into_iter()
        .map(move |(above, below)| Rect {
            y: above.min(area.height),
            height: area.height.saturating_sub(above + below),
            ..area
        })
}

fn check(name: &str, body: Rect, places: &[Place]) {
    for (i, place) in places.iter().enumerate() {
        let area = place.area;
        let inside = body.union(area) == body || area.is_empty();
        assert!(inside, "{name} {body:?}: {place:?}");
        for other in places.iter().skip(i + 1) {
            let both = area.intersection(other.area);
            assert!(both.is_empty(), "{name} {body:?}: {place:?} and {other:?}");
        }
        assert!(place.shared.contains(&place.pane), "{place:?}");
    }
}

/// Every size; the states, panes and zooms in turn, so that each meets every tier.
#[test]
fn nothing_overlaps_at_any_size() {
    let mut models: Vec<(&str, Model)> = Vec::new();
    for (name, model) in fixture::models() {
        for zoomed in [false, true] {
            let mut model = model.clone();
            model.zoomed = zoomed;
            models.push((name, model));
        }
    }
    let mut turn = 0;
    for width in 1..=250 {
        for height in 1..=80 {
            let area = Rect::new(0, 0, width, height);
            for body in bodies(area) {
                let at = turn % models.len();
                let (name, model) = &mut models[at];
                model.focus = Pane::ALL[turn / 7 % Pane::ALL.len()];
                model.tab = Pane::ALL.get(turn / 3 % 11).copied();
                check(name, body, &arrange(model, Tier::of(area), body));
                turn += 1;
            }
        }
    }
}

/// At the sizes where one layout gives way to the next all of it.
#[test]
fn nothing_overlaps_where_the_layouts_change() {
    for (name, mut model) in fixture::models() {
        for width in [40, 79, 80, 109, 110, 149, 150, 250] {
            for height in [15, 23, 24, 29, 30, 39, 40, 80] {
                let area = Rect::new(0, 0, width, height);
                for pane in Pane::ALL {
                    for (zoomed, tab) in [(false, None), (true, None), (false, Some(pane))] {
                        (model.focus, model.zoomed, model.tab) = (pane, zoomed, tab);
                        for body in bodies(area) {
                            check(name, body, &arrange(&model, Tier::of(area), body));
                        }
                    }
                }
            }
        }
    }
}

/// The one thing that is never lost: the word at the top left, whole from twelve columns on.
#[test]
fn the_verdict_is_the_first_row_at_any_size() {
    let models = fixture::models();
    let mut turn = 0;
    for width in 1..=250 {
        for height in [1, 2, 3, 8, 15, 24, 31, 45] {
            let (name, model) = &models[turn % models.len()];
            turn += 1;
            verdict(name, model, (width, height));
        }
    }
    for height in 1..=80 {
        for width in [12, 60, 80, 111] {
            let (name, model) = &models[turn % models.len()];
            turn += 1;
            verdict(name, model, (width, height));
        }
    }
}

fn verdict(name: &str, model: &Model, size: (u16, u16)) {
    let drawn = picture(model, Theme::new(true, true), size);
    let Some(app) = model.shown() else { return };
    let word = format!(" {}", model.headline(app).word());
    let first = drawn.lines().next().unwrap_or_default();
    // Where there is room for one of them only, that the picture is an old one goes first.
    let marked = ["FROZEN", "IN THE PAST"]
        .iter()
        .any(|it| first.contains(it));
    let shown = first.contains(&word) || marked;
    assert!(size.0 < 12 || shown, "{name} {size:?}: {first:?}");
}

/// A row or column more must not cost the frame its last one.
#[test]
fn every_cell_is_drawn_within_the_screen() {
    for (name, model) in fixture::models() {
        for (width, height) in [(160, 45), (120, 35), (80, 24), (60, 15), (33, 9)] {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
            view::draw(&model, Theme::new(false, false), &mut buf);
            let rows = usize::from(height);
            assert_eq!(
                buf.content.len(),
                usize::from(width) * rows,
                "{name}: a view has grown the screen"
            );
        }
    }
}
