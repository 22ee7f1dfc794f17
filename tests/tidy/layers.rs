//! Imports run one way. The table of `src/ARCHITECTURE.md` says which, and is what is checked, so that it stays true.

use std::collections::BTreeMap;

use super::files::{self, File};

/// The rows of the code map: a layer, and the paths it may import (`ports::clock` is a part of a layer).
fn allowed() -> BTreeMap<String, Vec<String>> {
    let paper = files::read("src/ARCHITECTURE.md");
    let map = paper
        .split("## Code map")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("ARCHITECTURE.md has a code map");
    map.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (quoted(cells[1]).remove(0), quoted(cells[3]))
        })
        .collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts
        .map(|part| part.trim_end_matches('/').into())
        .collect()
}

/// The paths under `crate::` that a line names, two parts of each: `ports::clock`.
fn imports(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(rest.len());
        let mut parts = rest[..end].split("::");
        let first = parts.next().unwrap_or_default();
        match parts.next() {
            Some(second) if !second.is_empty() => format!("{first}::{second}"),
            _ => first.into(),
        }
    })
}

/// The clock of `ports` goes by the names that `ports` re-exports too.
fn is_clock(import: &str, line: &str) -> bool {
    let named = [
        "ports::clock",
        "ports::Clock",
        "ports::SimClock",
        "ports::ScaledClock",
        "ports::WallClock",
    ];
    named.contains(&import)
        || line.split_once("crate::ports::{").is_some_and(|(_, rest)| {
            let names = rest.split('}').next().unwrap_or_default();
            names.split(',').all(|name| name.trim().ends_with("Clock"))
        })
}

fn may(layer: &str, import: &str, line: &str, allowed: &[String]) -> bool {
    let target = import.split("::").next().unwrap_or_default();
    target == layer
        || allowed.iter().any(|path| match path.as_str() {
            "everything" => true,
            "ports::clock" => target == "ports" && is_clock(import, line),
            path => target == path,
        })
}

#[test]
fn imports_run_one_way() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for file in files::shipped() {
        let Some(layer) = file.layer().filter(|name| !matches!(*name, "lib" | "main")) else {
            continue;
        };
        let Some(allowed) = allowed.get(layer) else {
            wrong.push(format!("{}: no row in the code map", file.path));
            continue;
        };
        for (number, line) in file.code() {
            let refused = imports(line).filter(|import| !may(layer, import, line, allowed));
            wrong.extend(refused.map(|import| {
                format!("{}:{number}: `{layer}` may not know `{import}`", file.path)
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_code_map_has_no_circle_and_no_stranger() {
    let allowed = allowed();
    let mut done: Vec<&str> = Vec::new();
    while done.len() < allowed.len() {
        let ready = allowed.iter().find(|(layer, below)| {
            let layer = layer.as_str();
            !done.contains(&layer)
                && below.iter().all(|path| {
                    let target = path.split("::").next().unwrap_or_default();
                    target == "everything" || done.contains(&target)
                })
        });
        let (layer, _) = ready.unwrap_or_else(|| panic!("only {done:?} can be put in order"));
        let there = files::root().join("src").join(layer).is_dir();
        assert!(there, "src/{layer} does not exist");
        done.push(layer);
    }
}

/// One vendor's adapter knows nothing of another's.
#[test]
fn adapters_do_not_know_their_siblings() {
    let files = files::shipped();
    for layer in ["store", "health", "notify"] {
        let of = |file: &File| adapter(layer, &file.path).map(str::to_owned);
        let names: Vec<String> = files.iter().filter_map(of).collect();
        for file in &files {
            let Some(own) = of(file) else { continue };
            for (number, line) in file.code() {
                let other = names
                    .iter()
                    .find(|name| **name != own && line.contains(&format!("{name}::")));
                assert!(
                    other.is_none(),
                    "{}:{number}: `{own}` may not know `{other:?}`",
                    file.path
                );
            }
        }
    }
}

fn adapter<'a>(layer: &str, path: &'a str) -> Option<&'a str> {
    let under = path.strip_prefix("src/")?.strip_prefix(layer)?;
    let (folder, _) = under.strip_prefix('/')?.split_once('/')?;
    Some(folder)
}
