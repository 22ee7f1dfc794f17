//! The screen as a whole: pictures of every state at every size, and what must hold of all of them.

mod attached;
mod dialogs;
mod hostile;
mod layout;
mod moments;
mod safety;
mod terminal;

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::fixture;
use super::state::message::{Effect, Message};
use super::state::model::Model;
use super::style::theme::Theme;
use super::update::update;
use super::view;
use crate::domain::{PlainText, SourceId};

pub(super) const SIZES: [(u16, u16); 4] = [(160, 45), (120, 35), (80, 24), (60, 15)];

/// The picture as text, one line a row.
pub(super) fn picture(model: &Model, theme: Theme, (wide, high): (u16, u16)) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, wide, high));
    view::draw(model, theme, &mut buf);
    let rows = buf.content.chunks(usize::from(wide));
    let lines: Vec<String> = rows.map(text).collect();
    lines.join("\n")
}

/// A row without the cells that a wide character hides.
fn text(cells: &[Cell]) -> String {
    let (mut line, mut hidden) = (String::new(), 0);
    for cell in cells {
        if hidden > 0 {
            hidden -= 1;
            continue;
        }
        line.push_str(cell.symbol());
        hidden = super::words::format::width(cell.symbol()).saturating_sub(1);
    }
    line.trim_end().to_owned()
}

/// A key, one second after the last one.
pub(super) fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    let mut now = model.now;
    now.wall += TimeDelta::seconds(1);
    now.watched = model.present;
    update(model, Message::Tick(now));
    update(model, Message::Key(KeyEvent::from(code)))
}

/// Set `LOOK=halted` to see a state at all sizes: `LOOK=halted cargo test --lib tui::tests::look -- --nocapture`.
#[test]
#[expect(clippy::print_stdout, reason = "for a person to look at")]
fn look() {
    let Ok(wanted) = std::env::var("LOOK") else {
        return;
    };
    for (name, shown) in fixture::models() {
        for size in SIZES.into_iter().filter(|size| {
            wanted == name || wanted == size.0.to_string() || wanted == format!("{name}{}", size.0)
        }) {
            let mut model = shown.clone();
            for key in std::env::var("KEYS").unwrap_or_default().chars() {
                let effects = press(&mut model, KeyCode::Char(key));
                answered(&mut model, &effects);
            }
            println!("{}", picture(&model, Theme::new(false, false), size));
        }
    }
}

/// As the watcher would, where a chart asks.
fn answered(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        if let Effect::History(app) = effect {
            let history = Ok(fixture::history(&model.latest));
            let app = app.clone();
            update(model, Message::History { app, history });
        }
    }
}

#[test]
fn charts_at_every_size() {
    for (name, snapshot, keys) in [
        ("chart_health", fixture::announced(), "z"),
        ("chart_adoption", fixture::healthy(), "3z"),
        ("zoomed_rollout", fixture::climbing(), "4z"),
    ] {
        let mut pictures = Vec::new();
        for (ascii, (wide, high)) in [(false, SIZES[0]), (false, SIZES[1])].into_iter().chain([
            (false, SIZES[2]),
            (true, SIZES[2]),
            (false, SIZES[3]),
        ]) {
            let mut model = fixture::model(snapshot.clone());
            for key in keys.chars() {
                let effects = press(&mut model, KeyCode::Char(key));
                answered(&mut model, &effects);
            }
            let shown = picture(&model, Theme::new(ascii, ascii), (wide, high));
            assert!(!ascii || shown.is_ascii());
            pictures.push(format!("{wide}x{high}\n{shown}"));
        }
        insta::assert_snapshot!(name, pictures.join("\n\n"));
    }
}

#[test]
fn a_chart_is_of_the_metric_that_is_chosen_and_moves_with_its_data_alone() {
    let mut model = fixture::model(fixture::announced());
    let effects = press(&mut model, KeyCode::Char('z'));
    let size = (80, 24);
    let theme = Theme::new(false, false);
    let waits = picture(&model, theme, size);
    assert!(waits.contains("chart: asked…"), "{waits}");
    answered(&mut model, &effects);
    let chart = |model: &Model| -> Vec<String> {
        let shown = picture(model, theme, size);
        let lines = shown.lines().skip_while(|line| !line.contains("⠒⠒⠒"));
        lines.map(str::to_owned).collect()
    };
    let first = chart(&model);
    assert!(first[0].contains("crash-free sessions"), "{first:?}");
    let mut now = model.now;
    now.watched += TimeDelta::seconds(45);
    update(&mut model, Message::Tick(now));
    assert_eq!(chart(&model), first, "time alone changes nothing");
    press(&mut model, KeyCode::Char('j'));
    assert!(chart(&model)[0].contains("frustration-free"));
    for _ in 0..9 {
        press(&mut model, KeyCode::Char('j'));
    }
    press(&mut model, KeyCode::Char('k'));
    let shown = picture(&model, theme, size);
    assert!(shown.contains("no windows since"), "{shown}");
}

fn at_all_sizes(model: &Model, theme: Theme) -> String {
    let pictures = SIZES.map(|size| {
        let (wide, high) = size;
        format!("{wide}x{high}\n{}", picture(model, theme, size))
    });
    pictures.join("\n\n")
}

#[test]
fn every_state_at_every_size() {
    for (name, model) in fixture::models() {
        insta::assert_snapshot!(name, at_all_sizes(&model, Theme::new(false, false)));
        let ascii = at_all_sizes(&model, Theme::new(true, true));
        assert!(ascii.is_ascii(), "{name}");
        insta::assert_snapshot!(format!("ascii_{name}"), ascii);
    }
}

#[test]
fn layers_at_80x24() {
    let size = (80, 24);
    let unicode = Theme::new(false, false);
    for (name, snapshot, keys) in [
        ("help", fixture::announced(), "?"),
        ("quit", fixture::halting(), "oq"),
        ("zoomed_health", fixture::announced(), "z"),
        ("zoomed_events", fixture::halted(), "6z"),
        ("refusal", fixture::nobody(), "H"),
        ("sources", fixture::signals(), "8"),
    ] {
        let mut model = fixture::model(snapshot);
        for key in keys.chars() {
            press(&mut model, KeyCode::Char(key));
        }
        insta::assert_snapshot!(name, picture(&model, unicode, size));
    }
}

#[test]
fn a_crash_looked_at() {
    let (source, id) = (SourceId("sentry".into()), PlainText::new("0"));
    let mut pictures = Vec::new();
    for size in SIZES {
        let mut model = fixture::model(fixture::announced());
        press(&mut model, KeyCode::Char('5'));
        let asked = press(&mut model, KeyCode::Enter);
        let app = model.app.clone().unwrap();
        let (source, id) = (source.clone(), id.clone());
        let look = Effect::Look {
            app,
            source: source.clone(),
            id: id.clone(),
        };
        assert_eq!(asked, [look]);
        let details = Some(Ok(fixture::detail()));
        let told = Message::Details {
            source,
            id,
            details,
        };
        assert!(update(&mut model, told).is_empty());
        let (wide, high) = size;
        let shown = picture(&model, Theme::new(false, false), size);
        pictures.push(format!("{wide}x{high}\n{shown}"));
        press(&mut model, KeyCode::Esc);
        assert!(model.layer.is_none());
    }
    insta::assert_snapshot!("crash", pictures.join("\n\n"));
}

/// What is known at a glance, without colour and without a glyph beyond ASCII: each state by words of its own.
#[test]
fn mono_and_ascii_still_tell_the_states_apart() {
    let words = [
        ("healthy", "v HEALTHY", "armed: will"),
        ("warning", "! WARNING", "armed: will"),
        ("announced", "X BREACHED", "HALT in 3m40s"),
        ("halting", "X BREACHED", "HALT requested 5s"),
        ("halted", "= HALTED", "stays halted"),
        ("unknown", "? UNKNOWN", "unknown: no rule has data"),
        ("dark", "? UNKNOWN", "armed: will"),
        (
            "disarmed",
            "v HEALTHY",
            "DISARMED for every app until 16:24",
        ),
        ("advise", "X BREACHED", "ADVISE MODE"),
        ("ios_paused", "= PAUSED", "stays paused"),
        ("nobody", "? UNKNOWN", "NOBODY WATCHES since 12:02"),
        ("climbing", "v HEALTHY", "goes to 25% by itself once"),
        ("approval", "v HEALTHY", "waits for a person to approve"),
        ("ios_gate", "= HELD", "held before Apple's daily step"),
        ("train", "v HEALTHY", "STALLED: at 5%"),
        ("signals", "! WARNING", "armed: will"),
        ("reconnecting", "? UNKNOWN", "RECONNECTING since 14:31"),
        ("readonly", "X BREACHED", "[RO]"),
        ("standing_still", "X BREACHED", "FROZEN"),
        ("in_the_past", "", "IN THE PAST"),
    ];
    for (name, model) in fixture::models() {
        let (_, verdict, plan) = words.iter().find(|(it, ..)| *it == name).expect(name);
        for size in SIZES {
            let picture = picture(&model, Theme::new(true, true), size);
            let top: Vec<&str> = picture.lines().take(3).collect();
            assert!(
                top[0].trim_start().starts_with(verdict),
                "{name}: {}",
                top[0]
            );
            assert!(top.join("\n").contains(plan), "{name}: {top:?}");
        }
    }
}

#[test]
fn mono_uses_no_colour_and_no_theme_paints_a_background() {
    for (_, model) in fixture::models() {
        for mono in [true, false] {
            let mut buf = Buffer::empty(Rect::new(0, 0, 120, 35));
            view::draw(&model, Theme::new(mono, false), &mut buf);
            for cell in &buf.content {
                assert_eq!(cell.bg, Color::Reset);
                assert!(cell.fg == Color::Reset || !mono);
                assert!(!matches!(
                    cell.fg,
                    Color::White | Color::Black | Color::Yellow
                ));
            }
        }
    }
}

/// The one thing that is never lost, down to a single column.
#[test]
fn nothing_panics_and_nothing_is_blank_at_any_size() {
    let models = fixture::models().into_iter().map(|(_, model)| model);
    let mut models: Vec<Model> = models.collect();
    for keys in ["H", "?", "D", "q", "z", "5z", "6"] {
        let mut model = fixture::model(fixture::announced());
        for key in keys.chars() {
            press(&mut model, KeyCode::Char(key));
        }
        models.push(model);
    }
    let mut empty = fixture::healthy();
    empty.apps.clear();
    models.push(fixture::model(empty));
    let wide = [1, 2, 3, 7, 20, 41, 60, 79, 80, 110, 150, 200];
    let high = [1, 2, 3, 5, 11, 24, 30, 40, 60];
    for size in wide.into_iter().flat_map(|w| high.map(|h| (w, h))) {
        for model in &models {
            let picture = picture(model, Theme::new(false, size.0 % 2 == 0), size);
            assert!(
                size.0 < 3 || !picture.trim().is_empty(),
                "blank at {size:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any keys, in any state, at any size.
    #[test]
    fn no_keys_at_any_size_panic(
        wide in 1_u16..=200,
        high in 1_u16..=60,
        state in 0_usize..20,
        keys in "[HPRxaDzjkoq?1-7 yA\u{8}]{0,12}",
    ) {
        let (_, mut model) = fixture::models().swap_remove(state);
        for key in keys.chars() {
            press(&mut model, KeyCode::Char(key));
        }
        picture(&model, Theme::new(false, false), (wide, high));
    }
}
