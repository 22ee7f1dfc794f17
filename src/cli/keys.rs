//! `haltline keys`: which key does what on the screen, with the person's own; and whether their `screen.toml` is right.

use serde::Serialize;

use super::args::KeysArgs;
use super::exit::Exit;
use super::{config, preferences, say};
use crate::config::{LoadedScreen, Surroundings};
use crate::domain::PlainText;
use crate::tui::listing::{self, ActionKeys, LayerKey};

/// Columns of the keys, and of the names behind them.
const KEYS: usize = 16;
const NAMES: usize = 16;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// The person's own file, and whether there is one.
    path: String,
    found: bool,
    actions: &'a [ActionKeys],
    /// The same for everybody.
    layers: &'a [LayerKey],
}

#[derive(Serialize)]
struct Checked<'a> {
    schema: &'static str,
    path: String,
    found: bool,
    ok: bool,
    problems: Vec<config::Told<'a>>,
}

pub(super) fn run(args: &KeysArgs, around: &Surroundings) -> Exit {
    if args.check {
        return check(args, around);
    }
    let (loaded, keymap) = match preferences::usable(around) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let (actions, layers) = (listing::actions(&keymap), listing::layers());
    if args.json {
        say::json(&Document {
            schema: "haltline/keys/v1",
            path: path(&loaded),
            found: loaded.found,
            actions: &actions,
            layers: &layers,
        });
    } else {
        table(&loaded, &actions, &layers);
    }
    Exit::Fine
}

/// Only whether the file is right.
fn check(args: &KeysArgs, around: &Surroundings) -> Exit {
    let (loaded, _) = preferences::read(around);
    let ok = loaded.is_usable();
    if args.json {
        let report = &loaded.report;
        say::json(&Checked {
            schema: "haltline/keys-check/v1",
            path: path(&loaded),
            found: loaded.found,
            ok,
            problems: report.errors().map(config::told).collect(),
        });
    } else {
        let mut text = Vec::new();
        if config::shown(&loaded.report, false, &mut text).is_ok() && !ok {
            say::out(String::from_utf8_lossy(&text).trim_end());
            say::out("");
        }
        let errors = config::counted(loaded.report.errors().count(), "error");
        let verdict = match (loaded.found, ok) {
            (false, _) => "there is none, and every key is the usual one".to_owned(),
            (true, true) => "fine".to_owned(),
            (true, false) => format!("it must change ({errors})"),
        };
        say::out(&format!("{}: {verdict}", path(&loaded)));
    }
    if ok { Exit::Fine } else { Exit::Usage }
}

fn path(loaded: &LoadedScreen) -> String {
    PlainText::from(loaded.path.display().to_string()).to_string()
}

fn table(loaded: &LoadedScreen, actions: &[ActionKeys], layers: &[LayerKey]) {
    let mut heading = "";
    for action in actions {
        if action.scope != heading {
            if !heading.is_empty() {
                say::out("");
            }
            say::out(action.scope);
            heading = action.scope;
        }
        let own = action.keys != action.default_keys;
        let usual = match action.default_keys.join(" ") {
            _ if !own => String::new(),
            none if none.is_empty() => " (yours; usually none)".to_owned(),
            usual => format!(" (yours; usually {usual})"),
        };
        let keys = action.keys.join(" ");
        let (id, what) = (action.id, action.description);
        say::out(format!("  {keys:<KEYS$}{id:<NAMES$}{what}{usual}").trim_end());
    }
    for key in layers {
        if key.layer != heading {
            say::out("");
            say::out(&format!("{} (the same for everybody)", key.layer));
            heading = key.layer;
        }
        say::out(&format!("  {:<21}{}", key.keys, key.description));
    }
    say::out("");
    let file = path(loaded);
    say::out(&if loaded.found {
        format!("With your own keys of {file}.")
    } else {
        format!("To change keys, write {file}; haltline config example --screen shows how.")
    });
}
