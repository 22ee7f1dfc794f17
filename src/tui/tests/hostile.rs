//! Text from outside that means harm, or is merely of another script, in every field that can carry it: nothing but printable
//! cells reaches the picture, and borders stay straight.
//!
//! The fields are found by trying: a picture is written as JSON, and each string of it that may be any text is replaced. A field
//! that is added later is thereby in the test.

use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::update::update;
use super::super::{fixture, view};
use super::{SIZES, press};
use crate::tui::state::message::Message;
use crate::tui::state::model::{Model, Pane};
use crate::tui::style::theme::Theme;
use crate::tui::words::format::width;

/// One of each kind of harm.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\u{1b}[2J\u{1b}]52;c;AAAA\u{7}\u{1b}[31mred",
        "\u{9b}31m\u{90}q\u{9c}\u{7f}\u{0}c1",
        "\u{202e}live\u{2066}x\u{2069}\u{200f}bidi \u{5d0}\u{5d1} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        "a\u{200b}b\u{200d}c\u{feff}d\u{fe0f}e\u{2060}f\u{ad}g\u{180e}zero",
        "日本語のクラッシュ、画面が真っ白",
        "👩\u{200d}👩\u{200d}👧 🇩🇪 👍🏽 ☠\u{fe0f} ⚠\u{fe0f} 1\u{fe0f}\u{20e3} 🏴\u{e0067}\u{e007f}",
        "\u{301}lead e\u{301}\u{301}\u{301}\u{301}\u{301} Z\u{335}\u{321}\u{322}a\u{336}l\u{489}g\u{20dd}o",
        "\u{1100}\u{1161}\u{11a8} \u{915}\u{94d}\u{937}\u{93f} \u{e01}\u{e33}\u{e49} \u{fdfd} \u{12031}",
        "line\nbreak\r\ttab\u{b}\u{c}\u{85}\u{2028}\u{2029}end",
        "│┌┐└┘─ ✗ BREACHED ",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("x".repeat(10_000));
    texts.push("日".repeat(10_000));
    texts.push("e\u{301} ".repeat(5_000));
    texts
}

/// A document, and the places of all its strings that may be any text.
struct Open<T> {
    document: Value,
    places: Vec<String>,
    of: std::marker::PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Open<T> {
    fn new(thing: &T) -> Self {
        let document = serde_json::to_value(thing).unwrap();
        let mut places = Vec::new();
        strings(&document, "", &mut places);
        let whole = places.len();
        // An event of a kind that nobody knows is left out: such a place is none for any text.
        let is_whole = |read: T| {
            let (told, mut kept) = (serde_json::to_value(read).unwrap(), Vec::new());
            strings(&told, "", &mut kept);
            kept.len() == whole
        };
        places.retain(|place| {
            let mut tried = document.clone();
            *tried.pointer_mut(place).unwrap() = "Probe ✓ Ü".into();
            serde_json::from_value::<T>(tried).is_ok_and(is_whole)
        });
        Self {
            document,
            places,
            of: std::marker::PhantomData,
        }
    }

    /// The same with every such string replaced: by the texts in turn, from the `first` on.
    fn spoiled(&self, texts: &[String], first: usize) -> T {
        let mut document = self.document.clone();
        for (i, place) in self.places.iter().enumerate() {
            let text = &texts[(first + i) % texts.len()];
            *document.pointer_mut(place).unwrap() = text.as_str().into();
        }
        serde_json::from_value(document).unwrap()
    }
}

fn strings(value: &Value, place: &str, out: &mut Vec<String>) {
    match value {
        Value::String(_) => out.push(place.to_owned()),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                strings(item, &format!("{place}/{i}"), out);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                strings(field, &format!("{place}/{name}"), out);
            }
        }
        _ => {}
    }
}

fn draw(model: &Model, ascii: bool, (wide, high): (u16, u16)) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, wide, high));
    view::draw(model, Theme::new(false, ascii), &mut buf);
    buf
}

/// What stands in a cell can be printed, and each row is as wide as the screen.
fn is_printable(buf: &Buffer, what: &str) {
    for row in buf.content.chunks(usize::from(buf.area.width)) {
        let (mut columns, mut hidden) = (0, 0);
        for cell in row {
            let symbol = cell.symbol();
            let harmless =
                !symbol.is_empty() && symbol.chars().all(|c| !c.is_control() && !is_invisible(c));
            assert!(harmless, "{what}: {symbol:?}");
            if hidden > 0 {
                hidden -= 1;
                assert_eq!(symbol, " ", "{what}: over half of a wide character");
                continue;
            }
            let wide = width(symbol);
            assert!(wide > 0, "{what}: {symbol:?} has no width");
            columns += wide;
            hidden = wide - 1;
        }
        assert_eq!(columns, usize::from(buf.area.width), "{what}");
    }
}

/// Said once more than in `domain::text`, on purpose: what turns the direction, joins, or cannot be seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// From each corner of a box its sides run to the next ones. The lower border tells where they are: in the upper one a text may
/// have corners of its own.
fn straight_boxes(buf: &Buffer, frames: &[(u16, u16)], what: &str) {
    let at = |x: u16, y: u16| buf[(x, y)].symbol();
    for &(x, y) in frames {
        let bottom = (y + 1..buf.area.height).find(|y| at(x, *y) != "│").unwrap();
        assert_eq!(at(x, bottom), "└", "{what}: at {x},{bottom}");
        let right = (x + 1..buf.area.width).find(|x| at(*x, bottom) != "─");
        let right = right.unwrap_or_else(|| panic!("{what}: no right corner at {x},{bottom}"));
        assert_eq!(at(right, bottom), "┘", "{what}: at {right},{bottom}");
        for y in y + 1..bottom {
            assert_eq!(at(right, y), "│", "{what}: at {right},{y}");
        }
        assert_eq!(at(right, y), "┐", "{what}: at {right},{y}");
    }
}

/// The corners that the layout has put there, told from those in a text by the whole left side that they have.
fn corners(buf: &Buffer) -> Vec<(u16, u16)> {
    let at = |x: u16, y: u16| buf[(x, y)].symbol();
    let all = (0..buf.area.height).flat_map(|y| (0..buf.area.width).map(move |x| (x, y)));
    all.filter(|&(x, y)| {
        let below = (y + 1..buf.area.height).find(|y| at(x, *y) != "│");
        at(x, y) == "┌" && below.is_some_and(|below| below > y + 1 && at(x, below) == "└")
    })
    .collect()
}

fn check(model: &Model, what: &str, boxed: bool) {
    for size in SIZES {
        let what = format!("{what} at {size:?}");
        let unicode = draw(model, false, size);
        is_printable(&unicode, &what);
        let frames = corners(&unicode);
        let panes = boxed && size.0 >= 110;
        assert!(
            !panes || frames.len() >= 3,
            "{what}: {} boxes",
            frames.len()
        );
        if boxed {
            straight_boxes(&unicode, &frames, &what);
        }
        let ascii = draw(model, true, size);
        is_printable(&ascii, &what);
        for (there, here) in unicode.content.iter().zip(&ascii.content) {
            let (there, here) = (there.symbol(), here.symbol());
            assert!(here.len() == 1 && here.is_ascii(), "{what}: {here:?}");
            let same = match there {
                "│" => here == "|",
                "─" => here == "-",
                "┌" | "┐" | "└" | "┘" => here == "+",
                there => !there.is_ascii() || there == here,
            };
            assert!(same, "{what}: {there} became {here}");
        }
    }
}

#[test]
fn no_text_from_outside_breaks_the_picture() {
    let texts = hostile();
    let mut fields = 0;
    for (name, snapshot) in fixture::states() {
        let open = Open::new(&snapshot);
        fields = fields.max(open.places.len());
        for (first, text) in texts.iter().enumerate() {
            // Each kind alone in one of the states, all of them mixed in every state.
            let alone = name == "signals";
            if !alone && first > 0 {
                break;
            }
            let picture = open.spoiled(&texts, first);
            check(
                &fixture::model(picture),
                &format!("{name}, mixed from {first}"),
                true,
            );
            if alone {
                let one = open.spoiled(std::slice::from_ref(text), 0);
                check(&fixture::model(one), &format!("{name}, {text:.20}"), true);
            }
        }
    }
    assert!(
        fields > 60,
        "only {fields} fields carry text: the test looks past them"
    );
}

#[test]
fn nor_any_pane_or_dialog() {
    let texts = hostile();
    let open = Open::new(&fixture::signals());
    for keys in [
        "1z", "2z", "3z", "4z", "5z", "6z", "7z", "8z", "H", "P", "A", "x", "D", "Y", "F", "n",
        "?", "q", "o", ":", "/",
    ] {
        let mut model = fixture::model(open.spoiled(&texts, 0));
        for key in keys.chars() {
            press(&mut model, KeyCode::Char(key));
        }
        check(&model, keys, false);
    }
}

#[test]
fn nor_a_chart() {
    let texts = hostile();
    let snapshot = fixture::announced();
    let history = Open::new(&fixture::history(&snapshot));
    assert!(history.places.len() > 100, "{}", history.places.len());
    for first in 0..texts.len() {
        for pane in [Pane::Health, Pane::Versions] {
            let mut model = fixture::model(snapshot.clone());
            (model.focus, model.zoomed) = (pane, true);
            let told = history.spoiled(&texts, first);
            model.histories.insert(told.app.clone(), Arc::new(told));
            for size in SIZES {
                let what = format!("{pane:?}, mixed from {first} at {size:?}");
                is_printable(&draw(&model, false, size), &what);
                // A curve of dots is finer than one of characters, so these are not compared.
                let ascii = draw(&model, true, size);
                is_printable(&ascii, &what);
                let plain = |cell: &Cell| cell.symbol().len() == 1 && cell.symbol().is_ascii();
                assert!(ascii.content.iter().all(plain), "{what}");
            }
        }
    }
}

#[test]
fn nor_a_crash_that_is_looked_at() {
    let texts = hostile();
    let open = Open::new(&fixture::announced());
    let detail = Open::new(&fixture::detail());
    for first in 0..texts.len() {
        let mut model = fixture::model(open.spoiled(&texts, first));
        press(&mut model, KeyCode::Char('5'));
        let asked = press(&mut model, KeyCode::Enter);
        let [super::Effect::Look { source, id, .. }] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        let details = detail.spoiled(&texts, first);
        let told = Message::Details {
            source: source.clone(),
            id: id.clone(),
            details: Some(Ok(details)),
        };
        update(&mut model, told);
        check(&model, &format!("a crash, mixed from {first}"), false);
    }
}

#[test]
fn nor_what_is_typed_or_told() {
    for text in hostile() {
        let mut model = fixture::model(fixture::healthy());
        press(&mut model, KeyCode::Char('n'));
        for c in text.chars().take(60) {
            press(&mut model, KeyCode::Char(c));
        }
        check(&model, "typed", false);
        let mut model = fixture::model(fixture::healthy());
        let tone = crate::tui::style::theme::Tone::Bad;
        update(&mut model, Message::Told { tone, text });
        check(&model, "told", true);
    }
}

/// The picture that was published is the one that is drawn: nothing is cleaned in between that would hide a gap.
#[test]
fn a_spoiled_picture_is_still_the_same_picture() {
    let texts = hostile();
    let before = fixture::announced();
    let after = Open::new(&before).spoiled(&texts, 3);
    assert_eq!(after.apps.len(), before.apps.len());
    assert_eq!(after.events.len(), before.events.len());
    let model = Model::new(Arc::new(after), fixture::times(), fixture::identity());
    assert_eq!(model.app, fixture::model(before).app);
}
