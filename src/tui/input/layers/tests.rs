//! Out of every layer, and no key that does two things.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::actions::ACTIONS;
use super::super::keymap::{Chord, Keymap};
use super::*;
use crate::tui::fixture;
use crate::tui::state::message::Effect;
use crate::tui::state::model::Model;
use crate::tui::tests::press;

fn open(keys: &str) -> Model {
    let mut model = fixture::model(fixture::announced());
    for c in keys.chars() {
        let code = if c == '\n' {
            KeyCode::Enter
        } else {
            KeyCode::Char(c)
        };
        press(&mut model, code);
    }
    assert!(model.layer.is_some(), "{keys}");
    model
}

#[test]
fn every_layer_closes_with_esc_and_where_nothing_is_typed_with_q() {
    for keys in ["?", "H", "P", "D", "x", "5\n", "oq"] {
        for key in [KeyCode::Esc, KeyCode::Char('q')] {
            let mut model = open(keys);
            assert!(press(&mut model, key).is_empty(), "{keys}");
            assert!(model.layer.is_none(), "{keys} {key}");
        }
    }
    for keys in [":", ":ha", "g", "n"] {
        let mut model = open(keys);
        assert!(press(&mut model, KeyCode::Esc).is_empty());
        assert!(model.layer.is_none(), "{keys}");
    }
}

/// Keys that a person might write.
fn pool() -> Vec<Chord> {
    let letters = "HPRASYFDxanyqJKjk?:/hzZX 15".chars().map(Chord::Char);
    let named = [KeyCode::Tab, KeyCode::Enter, KeyCode::Esc, KeyCode::Left];
    let functions = (1..=12).map(KeyCode::F);
    let others = named.into_iter().chain(functions).map(Chord::Code);
    letters
        .chain(others)
        .chain("zclb".chars().map(Chord::Ctrl))
        .collect()
}

fn event(chord: Chord) -> KeyEvent {
    match chord {
        Chord::Char(c) => KeyCode::Char(c).into(),
        Chord::Code(code) => code.into(),
        Chord::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever a person writes: it is refused, or no key does two things, every act still asks, the key that opened its
    /// question does not answer it, and the way out and the help are there.
    #[test]
    fn no_keymap_makes_a_slip_an_act(
        wanted in proptest::collection::btree_map(0..ACTIONS.len(), proptest::collection::vec(0..pool().len(), 0..3), 0..6),
        state in 0_usize..10,
    ) {
        let pool = pool();
        let mut own: BTreeMap<String, Vec<String>> = wanted
            .iter()
            .map(|(at, keys)| {
                let keys = keys.iter().map(|at| pool[*at].name());
                (ACTIONS[*at].id.to_owned(), keys.collect())
            })
            .collect();
        // What is given away is taken from whom it was, as a person would do.
        let given: Vec<String> = own.values().flatten().cloned().collect();
        for action in ACTIONS {
            if action.keys.iter().any(|key| given.contains(&key.name())) {
                own.entry(action.id.to_owned()).or_default();
            }
        }
        let Ok(keys) = Keymap::with(&own) else { return Ok(()) };
        let (_, snapshot) = fixture::states().swap_remove(state);
        for chord in &pool {
            let does = ACTIONS.iter().filter(|action| keys.keys(action.id).contains(chord));
            let does: Vec<_> = does.collect();
            prop_assert!(does.len() < 2, "{}: {:?}", chord.name(), own);
            let Some(action) = does.first().filter(|action| action.does.acts()) else {
                continue;
            };
            let mut model = fixture::model(snapshot.clone());
            model.keys = keys.clone();
            let enabled = action.disabled(&model).is_none();
            for _ in 0..3 {
                let effects = crate::tui::update::update(&mut model, crate::tui::state::message::Message::Key(event(*chord)));
                let asks = effects.iter().any(|effect| matches!(effect, Effect::Ask { .. }));
                prop_assert!(!asks, "{} acts by {}", action.id, chord.name());
                prop_assert!(!enabled || model.layer.is_some() || model.notice.is_some());
                model.now.wall += chrono::TimeDelta::seconds(1);
            }
        }
        let mut model = fixture::model(snapshot);
        model.keys = keys.clone();
        for id in ["help", "palette", "back"] {
            prop_assert!(!keys.keys(id).is_empty());
        }
        prop_assert!(keys.keys("back").contains(&Chord::Code(KeyCode::Esc)));
    }
}
