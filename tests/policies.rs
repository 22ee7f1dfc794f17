//! Every file under `policies/valid` passes `policy check`, and every one under `policies/invalid` is refused with the text beside
//! it: line, column, and what to write instead. A file with tables of configs is a config, any other one policy.
//!
//! To write the texts again after a change of wording: `HALTLINE_BLESS=1 cargo test --test policies`, then read the diff.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use haltline::config::{self, Policies};
use haltline::policy::RawPolicy;
use haltline::policy::import::import;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Cargo runs tests in the package's folder, so that no path of a machine is in a text.
fn files(folder: &str) -> BTreeMap<String, PathBuf> {
    let folder = Path::new("tests/policies").join(folder);
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

/// What `policy check` says of a file before it says what its policies see.
fn said(found: &Policies) -> String {
    let report = &found.report;
    let all = report.errors().chain(report.warnings());
    all.fold(String::new(), |mut text, problem| {
        writeln!(text, "{}\n", report.render(problem, false)).unwrap();
        text
    })
}

#[test]
fn valid_policies_pass() {
    let files = files("valid");
    assert!(files.len() >= 4);
    for (name, path) in files {
        let found = config::policy_file(&path);
        assert_eq!(said(&found), "", "{name}");
        assert!(!found.policies.is_empty(), "{name}");
    }
}

#[test]
fn invalid_policies_are_refused_with_line_column_and_what_to_write() {
    let bless = std::env::var_os("HALTLINE_BLESS").is_some();
    let files = files("invalid");
    assert!(files.len() >= 40, "{}", files.len());
    let mut messages = BTreeSet::new();
    let mut wrong = String::new();
    for (name, path) in &files {
        let found = config::policy_file(path);
        let first = found.report.errors().next();
        let first = first.unwrap_or_else(|| panic!("{name} is not refused"));
        messages.insert((first.what.clone(), first.help.clone()));
        for problem in found.report.errors() {
            assert!(problem.place.is_some(), "{name}: {}", problem.what);
        }
        let (said, expected) = (said(&found), path.with_extension("txt"));
        if bless {
            std::fs::write(&expected, &said).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != said {
            writeln!(wrong, "=== {name}\n{said}").unwrap();
        }
    }
    assert!(messages.len() >= 80, "{} different ones", messages.len());
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_mutilated_stage_file_does_worse_than_an_error_with_a_place() {
    let files = [
        "gpcrc-train.json",
        "rollout-policy.yaml",
        "appdispatch.json",
    ];
    let sources = files.map(|file| {
        let text = std::fs::read_to_string(Path::new("tests/imports").join(file)).unwrap();
        text.chars().collect::<Vec<char>>()
    });
    let mut rng = StdRng::seed_from_u64(4);
    let mut came = (0, 0);
    for _ in 0..6_000 {
        let mut text = sources[rng.random_range(0..sources.len())].clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..text.len());
            let upto = (at + rng.random_range(1..20)).min(text.len());
            match rng.random_range(0..3) {
                0 => drop(text.drain(at..upto)),
                1 => {
                    let copy = text[at..upto].to_vec();
                    text.splice(at..at, copy);
                }
                _ => {
                    let odd: Vec<char> = "\"[]{}:,-.&*!|>#%@\n\t 019e\u{1b}\u{202e}ä"
                        .chars()
                        .collect();
                    text.insert(at, odd[rng.random_range(0..odd.len())]);
                }
            }
        }
        let text: String = text.into_iter().collect();
        match import(&text, "p") {
            Ok(imported) => {
                let raw: RawPolicy = toml::from_str(&imported.toml).unwrap();
                assert_eq!(raw.resolve("p").unwrap().0, imported.policy, "{text}");
                came.0 += 1;
            }
            Err(errors) => {
                assert!(!errors.is_empty(), "{text}");
                for error in errors {
                    assert!(error.span.start <= text.len(), "{text}");
                    let said = format!("{}{}", error.what, error.help);
                    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
                }
                came.1 += 1;
            }
        }
    }
    assert!(came.0 > 500 && came.1 > 500, "{came:?}");
}
