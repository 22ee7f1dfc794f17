//! Pictures that are not of now: at every size, and never to be taken for live.

use super::*;
use crate::api::wire::When;

fn pictures(model: &Model, theme: Theme) -> String {
    let at = SIZES.map(|size| {
        let (wide, high) = size;
        format!("{wide}x{high}\n{}", picture(model, theme, size))
    });
    at.join("\n\n")
}

#[test]
fn the_past_and_a_frozen_picture_at_every_size() {
    for (name, model) in [("past", fixture::past()), ("frozen", fixture::frozen())] {
        insta::assert_snapshot!(name, pictures(&model, Theme::new(false, false)));
        let ascii = pictures(&model, Theme::new(true, true));
        assert!(ascii.is_ascii());
        insta::assert_snapshot!(format!("ascii_{name}"), ascii);
    }
}

#[test]
fn the_mark_is_on_the_first_line_at_every_size() {
    for (mark, model) in [("PAST", fixture::past()), ("FROZEN", fixture::frozen())] {
        for wide in 13_u16..=200 {
            for (high, theme) in [(2, Theme::new(true, true)), (24, Theme::new(false, false))] {
                let picture = picture(&model, theme, (wide, high));
                let first = picture.lines().next().unwrap();
                assert!(first.contains(mark), "{wide}x{high}: {first}");
            }
        }
    }
    let model = fixture::past();
    for size in SIZES {
        let picture = picture(&model, Theme::new(true, true), size);
        let first = picture.lines().next().unwrap();
        assert!(
            first.starts_with(" ! WARNING"),
            "the verdict of then: {first}"
        );
        assert!(
            first.contains("IN THE PAST 14:32:07Z") && first.contains("2h04m"),
            "{first}"
        );
        let second = picture.lines().nth(1).unwrap();
        assert!(
            second.contains("live: = shop-android HALTED"),
            "and that of now: {second}"
        );
    }
}

#[test]
fn evidence_and_notes() {
    for (name, snapshot, keys) in [
        ("evidence_fired", fixture::announced(), "6"),
        ("evidence_store", fixture::halted(), "6jj"),
    ] {
        let mut model = fixture::model(snapshot);
        for key in keys.chars() {
            press(&mut model, KeyCode::Char(key));
        }
        press(&mut model, KeyCode::Enter);
        insta::assert_snapshot!(name, picture(&model, Theme::new(false, false), (80, 24)));
    }
    let model = fixture::model(fixture::noted());
    insta::assert_snapshot!(
        "notes",
        picture(&model, Theme::new(false, false), (160, 45))
    );
}

fn any_key() -> impl Strategy<Value = KeyCode> {
    prop_oneof![
        "[ -~]".prop_map(|text| KeyCode::Char(text.chars().next().unwrap_or(' '))),
        prop::sample::select(vec![
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is pressed while the picture is not of now, nothing is asked for; and at most one question is on its way.
    #[test]
    fn nobody_acts_in_the_past(keys in prop::collection::vec((any_key(), any::<bool>()), 0..16), frozen: bool) {
        let mut model = if frozen { fixture::frozen() } else { fixture::past() };
        let mut questions = Vec::<When>::new();
        for (key, answered) in keys {
            let was_live = model.moment.is_live();
            for effect in press(&mut model, key) {
                let acts = matches!(effect, Effect::Ask { .. });
                prop_assert!(was_live || !acts, "{key:?}");
                if let Effect::Past(when) = effect {
                    questions.push(when);
                }
            }
            prop_assert!(questions.len() <= 1, "{questions:?}");
            if answered && questions.pop().is_some() {
                let picture = fixture::then(fixture::warning());
                let next = update(&mut model, Message::Past(Ok(std::sync::Arc::new(picture))));
                for effect in next {
                    if let Effect::Past(when) = effect {
                        questions.push(when);
                    }
                }
            }
            picture(&model, Theme::new(false, false), (80, 24));
        }
    }
}
