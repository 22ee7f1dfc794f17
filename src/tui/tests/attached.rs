//! A watcher in another process: who may what, what is not heard, who was woken.

use super::*;
use crate::api::client::Link;
use crate::policy::Role;
use crate::tui::input::actions::ACTIONS;

/// The three sizes that people have.
const PEOPLE: [(u16, u16); 3] = [(160, 45), (120, 35), (80, 24)];

fn pictures(model: &Model, theme: Theme) -> String {
    let at = PEOPLE.map(|size| {
        let (wide, high) = size;
        format!("{wide}x{high}\n{}", picture(model, theme, size))
    });
    at.join("\n\n")
}

pub(super) fn models() -> Vec<(&'static str, Model)> {
    let mut direct = fixture::lost();
    press(&mut direct, KeyCode::Char('H'));
    let mut acknowledging = fixture::attached(fixture::woken(), Role::Operator);
    press(&mut acknowledging, KeyCode::Char('a'));
    vec![
        (
            "viewer",
            fixture::attached(fixture::announced(), Role::Viewer),
        ),
        ("cut_off", fixture::cut_off()),
        ("direct", direct),
        ("woken", fixture::attached(fixture::woken(), Role::Operator)),
        ("acknowledging", acknowledging),
        (
            "acknowledged",
            fixture::attached(fixture::acknowledged(), Role::Operator),
        ),
    ]
}

#[test]
fn at_the_sizes_that_people_have() {
    for (name, model) in models() {
        let plain = pictures(&model, Theme::new(false, false));
        insta::assert_snapshot!(format!("attached_{name}"), plain);
        assert!(pictures(&model, Theme::new(true, true)).is_ascii());
    }
}

#[test]
fn whose_phones_stop_ringing_is_said_before_somebody_acknowledges() {
    let mut model = fixture::attached(fixture::woken(), Role::Operator);
    press(&mut model, KeyCode::Char('a'));
    let drawn = picture(&model, Theme::new(true, true), (120, 35));
    assert!(
        drawn.contains("pagerduty, mail ring no more for it"),
        "{drawn}"
    );
    assert!(drawn.contains("@carol"), "{drawn}");
}

#[test]
fn who_goes_on_watching_is_said_when_it_is_known() {
    let mut model = fixture::attached(fixture::healthy(), Role::Admin);
    let watcher = "pid 4711 on jump-1, since 02:14 UTC";
    assert_eq!(
        model.after_quit(),
        format!("the watcher goes on ({watcher})")
    );
    model.link = Link::Lost {
        since: fixture::ago(99),
    };
    assert!(model.after_quit().contains("is not known"));
}

/// Under keys of a person's own no word names another key.
#[test]
fn every_key_that_is_named_is_the_persons_own() {
    let own = [
        ("halt", "F2"),
        ("pause", "F3"),
        ("resume", "F4"),
        ("disarm", "F5"),
        ("postpone", "F6"),
        ("acknowledge", "F7"),
        ("start", "F8"),
        ("pane.crashes", "F9"),
    ];
    let own = own.map(|(id, key)| (id.to_owned(), vec![key.to_owned()]));
    let keys = super::super::Keymap::with(&own.into_iter().collect()).unwrap();
    let usual = [
        "H now",
        "P now",
        "x hold",
        "(R",
        "D arms",
        "disarm (D)",
        "a acknowledges",
        "(5)",
        "(S ",
        "H halts",
        "H makes",
        "R goes",
    ];
    let mut all = fixture::models();
    all.extend(models());
    for (name, mut model) in all {
        model.keys = keys.clone();
        model.guide = Some(crate::tui::dialogs::guide::Guide::at(60.0));
        // A dialog that is open was opened by the keys of before.
        model.layer = None;
        for size in SIZES {
            let drawn = picture(&model, Theme::new(true, true), size);
            for words in usual {
                assert!(!drawn.contains(words), "{name} {size:?}: {words}\n{drawn}");
            }
        }
        for action in ACTIONS {
            let why = action.disabled(&model).unwrap_or_default();
            for words in usual {
                assert!(!why.contains(words), "{name}: {}: {why}", action.id);
            }
        }
    }
    let mut model = fixture::model(fixture::announced());
    model.keys = keys;
    let drawn = picture(&model, Theme::new(true, true), (120, 35));
    assert!(drawn.contains("F2 now, F6 hold 15m"), "{drawn}");
}

/// Nothing acts on a rule that nobody watches.
#[test]
fn no_rule_is_armed_while_nobody_watches() {
    for link in [
        Link::Opening,
        Link::Lost {
            since: fixture::ago(9),
        },
    ] {
        let mut model = fixture::model(fixture::healthy());
        press(&mut model, KeyCode::Char('2'));
        assert!(picture(&model, Theme::new(true, true), (160, 45)).contains("armed"));
        model.link = link;
        let drawn = picture(&model, Theme::new(true, true), (160, 45));
        assert!(drawn.contains("unarmed"), "{drawn}");
        assert!(!drawn.replace("unarmed", "").contains("+ armed"), "{drawn}");
    }
}
