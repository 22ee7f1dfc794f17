//! `haltline policy import`: the stage file of another tool as TOML on stdout, and on stderr what did not come along.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::{Told, told_of};
use crate::cli::args::PolicyImportArgs;
use crate::cli::exit::Exit;
use crate::cli::{config as told, say};
use crate::config::{self, Place, Placed, Report};
use crate::domain::PlainText;
use crate::policy::import::Note;

pub(super) fn run(args: &PolicyImportArgs) -> anyhow::Result<Exit> {
    let name = args.name.clone().unwrap_or_else(|| called(&args.file));
    let placed = match config::import(&args.file, &name) {
        Ok(placed) => placed,
        Err(report) => return refused(&report, args.json),
    };
    if args.json {
        say::json(&document(&placed)?);
    } else {
        words(&args.file, &placed);
        say::out(placed.imported.toml.trim_end());
    }
    Ok(Exit::Fine)
}

/// What the file is called, as far as a policy may be: `.gpcrc-train.json` is `gpcrc-train`.
fn called(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.trim_start_matches('.').split('.').next();
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let plain = plain.unwrap_or_default().chars();
    let plain: String = plain
        .map(|c| if fine(c) { c } else { '-' })
        .take(64)
        .collect();
    if plain.is_empty() {
        return "imported".to_owned();
    }
    plain
}

fn refused(report: &Report, json: bool) -> anyhow::Result<Exit> {
    if json {
        say::json(&Refused {
            schema: SCHEMA,
            ok: false,
            problems: told_of(report).collect(),
        });
    } else {
        let mut text = Vec::new();
        told::shown(report, false, &mut text)?;
        say::err(String::from_utf8_lossy(&text).trim_end());
    }
    Ok(Exit::Usage)
}

fn words(file: &Path, placed: &Placed) {
    let file = PlainText::from(file.display().to_string());
    let Placed {
        imported,
        assumed,
        lost,
    } = placed;
    say::err(&format!("{file}: {}", imported.shape.name()));
    for (title, notes, places) in [
        ("assumed", &imported.assumed, assumed),
        ("not carried over", &imported.lost, lost),
    ] {
        if notes.is_empty() {
            continue;
        }
        say::err(&format!("{title}:"));
        for (note, place) in notes.iter().zip(places) {
            say::err(&format!(
                "  {} (line {}): {}",
                note.path, place.line, note.what
            ));
        }
    }
    for warning in &imported.warnings {
        say::err(&format!("warning: {warning}"));
    }
    if imported.lost.is_empty() {
        say::err("everything was carried over");
    }
}

const SCHEMA: &str = "haltline/policy-import/v1";

#[derive(Serialize)]
struct Refused<'a> {
    schema: &'static str,
    ok: bool,
    problems: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ok: bool,
    /// `gpc`, `rollout-policy`, `appdispatch`
    shape: crate::policy::import::Shape,
    name: &'a str,
    hash: &'a str,
    /// The keys of `[policy.NAME]`.
    policy: Value,
    /// The same as people write it.
    toml: &'a str,
    assumed: Vec<Remark<'a>>,
    lost: Vec<Remark<'a>>,
    warnings: &'a [PlainText],
}

#[derive(Serialize)]
struct Remark<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    what: &'a str,
}

fn document(placed: &Placed) -> anyhow::Result<Document<'_>> {
    let imported = &placed.imported;
    Ok(Document {
        schema: SCHEMA,
        ok: true,
        shape: imported.shape,
        name: imported.policy.name.as_str(),
        hash: &imported.policy.hash,
        policy: serde_json::to_value(toml::from_str::<toml::Table>(&imported.toml)?)?,
        toml: &imported.toml,
        assumed: remarks(&imported.assumed, &placed.assumed),
        lost: remarks(&imported.lost, &placed.lost),
        warnings: &imported.warnings,
    })
}

fn remarks<'a>(notes: &'a [Note], places: &'a [Place]) -> Vec<Remark<'a>> {
    let remarks = notes.iter().zip(places).map(|(note, place)| Remark {
        path: note.path.as_str(),
        line: place.line,
        column: place.column,
        what: note.what.as_str(),
    });
    remarks.collect()
}
