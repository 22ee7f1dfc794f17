//! What comes first, and what is never lost.

use super::super::super::fixture;
use super::*;
use crate::tui::input::keymap::Keymap;
use crate::tui::state::moment::Past;

fn footer(model: &Model, columns: u16) -> String {
    let area = Rect::new(0, 0, columns, 1);
    let mut buf = Buffer::empty(area);
    draw(model, Theme::new(false, false), area, &mut buf);
    let cells = buf.content.iter().map(ratatui::buffer::Cell::symbol);
    cells.collect()
}

#[test]
fn what_is_needed_comes_first() {
    let announced = || fixture::model(fixture::announced());
    let mut frozen = announced();
    frozen.moment = Moment::Frozen {
        since: fixture::now(),
    };
    let mut past = announced();
    past.moment = Moment::Past(Box::new(Past {
        picture: std::sync::Arc::clone(&past.snapshot),
        arrived: true,
        asked: None,
        wish: None,
        stepped: None,
        around: None,
    }));
    let mut readonly = announced();
    readonly.readonly = Some("started with --readonly".into());
    let mut zoomed = announced();
    zoomed.zoomed = true;
    let mut own = announced();
    own.keys = Keymap::with(&[("halt".into(), vec!["F9".into()]), ("pause".into(), vec![])].into())
        .unwrap();
    for (model, wanted) in [
        (
            announced(),
            " H halt  x hold  P pause  A advance  a ack  Tab pane  z zoom",
        ),
        (
            fixture::model(fixture::healthy()),
            " H halt  P pause  A advance  Tab pane  z zoom  : command",
        ),
        (frozen, " Space go on  Tab pane  z zoom"),
        (
            past,
            " . back to now  Left event before  Right after  g go to",
        ),
        (readonly, " read-only: started with --…  Tab pane"),
        (zoomed, " H halt  x hold  z all panes"),
        (own, " F9 halt  x hold  :pause  A advance"),
    ] {
        let shown = footer(&model, 80);
        assert!(shown.starts_with(wanted), "{wanted}\n{shown}");
        assert!(shown.ends_with(" ? help "), "{shown}");
    }
}

#[test]
fn the_help_is_always_there_and_nothing_overlaps() {
    let model = fixture::model(fixture::announced());
    for columns in 8..200 {
        let shown = footer(&model, columns);
        assert!(shown.ends_with("? help "), "{columns}: {shown}");
        let hints: Vec<&str> = shown.split("  ").map(str::trim).collect();
        let whole = hints
            .iter()
            .all(|hint| hint.is_empty() || hint.split(' ').count() == 2);
        assert!(whole, "{columns}: {shown}");
    }
}
