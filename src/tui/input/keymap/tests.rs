//! Keys read, matched, laid over one another, refused.

use std::fmt::Write as _;

use super::*;

/// What a person writes: actions with their keys.
type Rows<'a> = &'a [(&'a str, &'a [&'a str])];

fn own(rows: Rows<'_>) -> Result<Keymap, Vec<KeymapError>> {
    let rows = rows.iter().map(|(id, keys)| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        ((*id).to_owned(), keys)
    });
    Keymap::with(&rows.collect())
}

fn event(chord: Chord) -> KeyEvent {
    match chord {
        Chord::Char(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
        Chord::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
        Chord::Code(code) => KeyEvent::new(code, KeyModifiers::NONE),
    }
}

#[test]
fn capitals_need_no_shift_flag_and_control_is_another_key() {
    let plain = KeyEvent::new(KeyCode::Char('H'), KeyModifiers::NONE);
    let shifted = KeyEvent::new(KeyCode::Char('H'), KeyModifiers::SHIFT);
    let control = KeyEvent::new(KeyCode::Char('H'), KeyModifiers::CONTROL);
    assert!(Chord::Char('H').matches(plain) && Chord::Char('H').matches(shifted));
    assert!(!Chord::Char('H').matches(control));
    assert!(!Chord::Char('h').matches(plain));
}

#[test]
fn keys_are_read_as_they_are_shown() {
    let shown = ACTIONS.iter().flat_map(|action| action.keys).copied();
    let functions = (1..=12).map(|n| Chord::Code(KeyCode::F(n)));
    let named = NAMED.iter().map(|(_, chord)| *chord);
    let others = [Chord::Char('ß'), Chord::Char('É'), Chord::Ctrl('a')];
    for chord in shown.chain(functions).chain(named).chain(others) {
        assert_eq!(Chord::read(&chord.name()), Some(chord), "{}", chord.name());
    }
    for (text, chord) in [
        ("ctrl-Z", Chord::Ctrl('z')),
        ("pgdn", Chord::Code(KeyCode::PageDown)),
        ("PageDown", Chord::Code(KeyCode::PageDown)),
        ("f9", Chord::Code(KeyCode::F(9))),
        ("F", Chord::Char('F')),
        (" ", Chord::Char(' ')),
        ("-", Chord::Char('-')),
    ] {
        assert_eq!(Chord::read(text), Some(chord), "{text}");
    }
    for text in [
        "", "\t", "\u{1b}", "F0", "F13", "Fx", "Ctrl-", "Ctrl-1", "Ctrl-i", "Ctrl-é", "Alt-x", "HH",
    ] {
        assert_eq!(Chord::read(text), None, "{text}");
    }
}

#[test]
fn what_a_person_writes_counts_and_the_rest_stays() {
    let keys = own(&[
        ("halt", &["F9", "X"]),
        ("zoom", &[]),
        ("help", &["F1"]),
        ("back", &["Q"]),
        ("postpone", &["x", "F10", "x"]),
    ])
    .unwrap();
    let names = |id| keys.names(id);
    assert_eq!(
        (names("halt"), names("zoom")),
        ("F9 X".into(), ":zoom".into())
    );
    assert_eq!(names("back"), "Q Esc Ctrl-C");
    assert_eq!(
        (names("postpone"), names("pause")),
        ("x F10".into(), "P".into())
    );
    let does = |chord| keys.action(event(chord)).map(|action| action.id);
    assert_eq!(does(Chord::Char('H')), None);
    assert_eq!(does(Chord::Char('?')), None);
    assert_eq!(does(Chord::Code(KeyCode::F(9))), Some("halt"));
    assert_eq!(does(Chord::Code(KeyCode::Esc)), Some("back"));
}

/// What is refused, with the place in the person's list, the words and what to do.
#[test]
fn what_is_wrong_is_named() {
    let cases: [(Rows<'_>, &[&str]); 15] = [
        (
            &[("hlat", &["H"])],
            &["hlat: there is no action \"hlat\" | did you mean \"halt\"?"],
        ),
        (
            &[("rollback", &["B"])],
            &["rollback: there is no action \"rollback\" | `haltline keys` lists them all"],
        ),
        (
            &[("help", &["H"])],
            &["help 0: `H` is both halt and help | give halt another key, or none: halt = []"],
        ),
        (
            &[("zoom", &["z", "Tab"])],
            &[
                "zoom 1: `Tab` is both pane.next and zoom | give pane.next another key, or none: \"pane.next\" = []",
            ],
        ),
        (
            &[("halt", &["F9"]), ("pause", &["F9"])],
            &["pause 0: `F9` is both halt and pause | give halt another key, or none: halt = []"],
        ),
        (
            &[("zoom", &["Esc"]), ("back", &["Q"])],
            &["zoom 0: `Esc` is both zoom and back | Esc always goes up one level"],
        ),
        (
            &[("zoom", &["Ctrl-C"])],
            &["zoom 0: `Ctrl-C` is both zoom and back | Ctrl-C always goes up one level"],
        ),
        (
            &[("halt", &["h"]), ("hint", &[])],
            &[
                "halt 0: `h` is pressed too easily for halt, which acts | write a capital letter, a function key (F1 to F12), or its own H",
            ],
        ),
        (
            &[("complete", &["Enter"]), ("open", &[])],
            &[
                "complete 0: `Enter` is pressed too easily for complete, which acts | write a capital letter, a function key (F1 to F12)",
            ],
        ),
        (
            &[("note", &["a"]), ("acknowledge", &[])],
            &[
                "note 0: `a` is pressed too easily for note, which acts | write a capital letter, a function key (F1 to F12), or its own n",
            ],
        ),
        (
            &[("disarm", &["A"]), ("advance", &["F2"])],
            &[
                "disarm 0: `A` confirms in the dialog that disarm opens | the key that opens it must be another one",
            ],
        ),
        (
            &[("help", &[])],
            &[
                "help: help cannot be without a key | what has no key is found there: give it another one",
            ],
        ),
        (
            &[("zoom", &["Ctrl-m", "shift-x", "Alt-q", "Hoem", "F99"])],
            &[
                "zoom 0: \"Ctrl-m\" is no key | a terminal sends Enter for it: write \"Enter\"",
                "zoom 1: \"shift-x\" is no key | write \"X\"",
                "zoom 2: \"Alt-q\" is no key | keys with Alt are not told apart by every terminal: write a letter, Ctrl-z or F9",
                "zoom 3: \"Hoem\" is no key | did you mean \"Home\"?",
                "zoom 4: \"F99\" is no key | keys are written \"H\", \"Ctrl-z\", \"F9\", \"Tab\", \"Shift-Tab\", \"PgUp\", \"Space\", \"Enter\", \"Left\"",
            ],
        ),
        // The palette goes where another action is by default: told once, at what was written.
        (
            &[("palette", &["z"])],
            &[
                "palette 0: `z` is both zoom and palette | give zoom another key, or none: zoom = []",
            ],
        ),
        (&[("halt", &["P"]), ("pause", &["H"])], &[]),
    ];
    for (rows, wanted) in cases {
        let said: Vec<String> = own(rows)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|error| {
                let at = error.key.map_or_else(String::new, |at| format!(" {at}"));
                format!("{}{at}: {} | {}", error.action, error.why, error.help)
            })
            .collect();
        assert_eq!(said, wanted, "{rows:?}");
    }
}

/// `config/screen.toml` shows every action with its keys. After a change of the table:
/// `HALTLINE_BLESS=1 cargo test --lib tui::keymap`.
#[test]
fn the_example_shows_every_action_with_its_keys() {
    let example = include_str!("../../../../config/screen.toml");
    let (head, shown) = example.split_once("\n[keys]\n").unwrap();
    let mut wanted = String::new();
    let mut scope = None;
    for action in ACTIONS {
        if scope != Some(action.scope) {
            let gap = if scope.is_some() { "\n" } else { "" };
            writeln!(wanted, "{gap}# {}", action.scope.title()).unwrap();
            scope = Some(action.scope);
        }
        let keys: Vec<String> = action
            .keys
            .iter()
            .map(|key| format!("{:?}", key.name()))
            .collect();
        let line = format!("#: {} = [{}]", own::quoted(action.id), keys.join(", "));
        writeln!(wanted, "{line:<36} # {}", action.description).unwrap();
    }
    if std::env::var_os("HALTLINE_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/screen.toml");
        std::fs::write(path, format!("{head}\n[keys]\n{wanted}")).unwrap();
        return;
    }
    assert_eq!(shown, wanted);
}
