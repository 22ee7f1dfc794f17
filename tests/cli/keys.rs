//! `haltline keys`: the table, a person's own keys in it, and what is wrong with their `screen.toml`.

use std::fs;

use serde_json::Value;

use crate::policy::Desk;

/// The person's configuration folder below their home.
const DIR: &str = ".config/haltline";

fn desk(screen: &str) -> Desk {
    let desk = Desk::new();
    fs::create_dir_all(desk.path(DIR)).unwrap();
    desk.put(&format!("{DIR}/screen.toml"), screen);
    desk
}

/// What was said, with the home left out.
fn told(desk: &Desk, text: &str) -> String {
    text.replace(&desk.path("").display().to_string(), "~/")
}

fn of<'a>(document: &'a Value, id: &str) -> &'a Value {
    let actions = document["actions"].as_array().unwrap();
    actions.iter().find(|action| action["id"] == id).unwrap()
}

#[test]
fn the_table_is_printed_with_the_keys_of_layers() {
    let desk = Desk::new();
    let out = desk.fine(&["keys"]);
    for line in [
        "Act on the rollout (each asks first)",
        "  H               halt            halt: stop and latch, an admin resumes",
        "                  complete        complete: to everybody now",
        "  q Esc Ctrl-C    back            up one level; at the top quit",
        "In a question before an act (the same for everybody)",
    ] {
        assert!(out.lines().any(|it| it == line), "no {line:?} in\n{out}");
    }
    assert!(told(&desk, &out).ends_with(
        "To change keys, write ~/.config/haltline/screen.toml; haltline config example --screen shows how.\n"
    ));
    let document = desk.json(&["keys", "--json"], "haltline/keys/v1");
    assert_eq!(document["found"], false);
    assert_eq!(of(&document, "pane.previous")["keys"][0], "Shift-Tab");
    assert_eq!(of(&document, "resume")["confirms"], "phrase");
    assert!(document["layers"].as_array().unwrap().len() > 10);
}

#[test]
fn own_keys_are_shown_as_own() {
    let desk = desk("[keys]\nhalt = [\"F9\", \"H\"]\npane.next = []\n");
    let out = desk.fine(&["keys"]);
    for line in [
        "  F9 H            halt            halt: stop and latch, an admin resumes (yours; usually H)",
        "                  pane.next       next pane (yours; usually Tab)",
    ] {
        assert!(out.lines().any(|it| it == line), "no {line:?} in\n{out}");
    }
    assert!(out.ends_with("screen.toml.\n"));
    let document = desk.json(&["keys", "--json"], "haltline/keys/v1");
    let halt = of(&document, "halt");
    assert_eq!(halt["keys"], serde_json::json!(["F9", "H"]));
    assert_eq!(halt["default_keys"], serde_json::json!(["H"]));
    assert_eq!(halt["acts"], true);
}

#[test]
fn a_check_says_that_it_is_fine_that_there_is_none_or_what_must_change() {
    let none = Desk::new();
    let out = none.fine(&["keys", "--check"]);
    assert_eq!(
        told(&none, &out),
        "~/.config/haltline/screen.toml: there is none, and every key is the usual one\n"
    );
    let right = desk("theme = \"light\"\n[keys]\nzoom = \"Z\"\n");
    let out = right.fine(&["keys", "--check"]);
    assert_eq!(told(&right, &out), "~/.config/haltline/screen.toml: fine\n");
    let checked = right.json(&["keys", "--check", "--json"], "haltline/keys-check/v1");
    assert_eq!(
        (&checked["ok"], &checked["found"]),
        (&true.into(), &true.into())
    );

    let wrong = desk(
        "theme = \"drak\"\n\n[keys]\nhlat = \"F9\"\nhelp = [\"?\", \"H\"]\npause = \"p\"\nzoom = [\"Esc\", \"Ctrl-i\"]\n",
    );
    let (code, out, err) = wrong.run(&["keys", "--check"]);
    assert_eq!((code, err.as_str()), (2, ""));
    insta::assert_snapshot!(told(&wrong, &out));
    let (code, out, _) = wrong.run(&["keys", "--check", "--json"]);
    let checked: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &checked["ok"]), (2, &false.into()));
    let problem = &checked["problems"][1];
    assert_eq!(problem["what"], "there is no action \"hlat\"");
    assert_eq!(
        (&problem["line"], &problem["column"]),
        (&4.into(), &1.into())
    );
}

/// Before a screen is opened, and before anything is looked for that the screen would show.
#[test]
fn a_wrong_file_opens_no_screen() {
    let desk = desk("[keys]\nhelp = \"H\"\n");
    for args in [["keys"].as_slice(), &[], &["demo"]] {
        let (code, out, err) = desk.run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains("`H` is both halt and help"), "{args:?}: {err}");
        assert!(err.contains("screen.toml:2:8"), "{args:?}: {err}");
    }
    // Nobody looks at a screen here.
    let (code, _, err) = desk.run(&["demo", "--headless", "--for", "1m"]);
    assert!(code != 2, "{err}");
}

#[test]
fn the_example_is_a_file_that_changes_nothing() {
    let example = Desk::new().fine(&["config", "example", "--screen"]);
    let desk = desk(&example);
    let out = desk.fine(&["keys", "--check"]);
    assert!(out.ends_with(": fine\n"), "{out}");
    assert!(!desk.fine(&["keys"]).contains("(yours"));
    // Every default, written out, changes nothing either.
    let written = example.replace("#: ", "");
    desk.put(&format!("{DIR}/screen.toml"), &written);
    assert!(!desk.fine(&["keys"]).contains("(yours"));
}
