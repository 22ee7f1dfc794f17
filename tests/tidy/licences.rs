//! What is linked in may be given away: the licence of every dependency is one that was agreed to.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::files;

/// Permissive ones, and the MPL's copyleft of files, which are used as they are.
const AGREED: [&str; 9] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Every package on this platform, tests included, and what it says of its licence.
fn packages() -> BTreeMap<String, String> {
    let cargo = Command::new(env!("CARGO"))
        .current_dir(files::root())
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&cargo.stderr);
    assert!(cargo.status.success(), "cargo tree: {said}");
    let lines = String::from_utf8(cargo.stdout).unwrap();
    lines
        .lines()
        .filter_map(|line| line.trim_end_matches(" (*)").split_once('|'))
        .map(|(package, licence)| (package.into(), licence.into()))
        .collect()
}

/// An SPDX expression, read strictly: of each part that has to hold, one alternative is agreed to. Old manifests write `/` for
/// `OR`. Where an `AND` stands inside an `OR`, this wants more than the expression does, never less.
fn is_agreed(expression: &str) -> bool {
    expression.replace('/', " OR ").split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|one| AGREED.contains(&one.trim_matches([' ', '(', ')'])))
    })
}

#[test]
fn every_licence_is_agreed_to() {
    let packages = packages();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let others: Vec<_> = packages
        .iter()
        .filter(|(_, licence)| !is_agreed(licence))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn an_expression_is_read_strictly() {
    for fine in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(MIT OR X) AND ISC",
    ] {
        assert!(is_agreed(fine), "{fine}");
    }
    for wrong in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR X) AND X",
        "WTFPL",
    ] {
        assert!(!is_agreed(wrong), "{wrong}");
    }
}
