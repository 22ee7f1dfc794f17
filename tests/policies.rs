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
