//! The files of the repository, and their code without what only tests see.

use std::fs;
use std::path::{Path, PathBuf};

/// A file and its path from the root, with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The folder or file right under `src`: what the layers are made of.
    pub(crate) fn layer(&self) -> Option<&str> {
        let under = self.path.strip_prefix("src/")?;
        let name = under.split('/').next()?;
        Some(name.trim_end_matches(".rs"))
    }

    /// The code that ships, with its line numbers: no comments, nothing under `#[cfg(test)]`. rustfmt's layout is relied on.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let mut kept = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let trimmed = line.trim_start();
            if trimmed == "#[cfg(test)]" {
                let indent = &line[..line.len() - trimmed.len()];
                skip_item(&mut lines, indent);
            } else if !trimmed.starts_with("//") {
                kept.push((number + 1, line));
            }
        }
        kept
    }
}

/// Goes past the item that an attribute stands before: to its `;` or `,`, or to the brace that closes it.
fn skip_item<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>, indent: &str) {
    for (_, line) in lines {
        let closes = line
            .strip_prefix(indent)
            .is_some_and(|rest| rest.starts_with('}'));
        let one_line = line.ends_with(';') || line.ends_with(',');
        if closes || (one_line && !line[indent.len()..].starts_with(' ')) {
            return;
        }
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every text file under these folders, in order.
pub(crate) fn under(folders: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut paths);
    }
    paths.sort();
    paths
        .iter()
        .filter_map(|path| {
            let text = fs::read_to_string(path).ok()?;
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
            Some(File {
                path: path.into(),
                text,
            })
        })
        .collect()
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, into);
        } else {
            into.push(path);
        }
    }
}

pub(crate) fn rust(folders: &[&str]) -> Vec<File> {
    let mut files = under(folders);
    files.retain(|file| file.path.ends_with(".rs"));
    files
}

/// The source files that ship: those whose module is not declared under `#[cfg(test)]`, nor below such a one.
pub(crate) fn shipped() -> Vec<File> {
    let mut files = rust(&["src"]);
    let tests: Vec<String> = files.iter().flat_map(test_modules).collect();
    files.retain(|file| {
        let stem = file.path.trim_end_matches(".rs");
        !tests
            .iter()
            .any(|test| stem == test || file.path.starts_with(&format!("{test}/")))
    });
    files
}

/// Paths, without `.rs`, of the modules that a file declares for tests only.
fn test_modules(file: &File) -> Vec<String> {
    let stem = file.path.trim_end_matches(".rs");
    let folder = stem
        .strip_suffix("/mod")
        .or_else(|| stem.strip_suffix("/lib"))
        .unwrap_or(stem);
    let lines: Vec<&str> = file.text.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| {
            let name = pair[1].split_once("mod ")?.1.strip_suffix(';')?;
            Some(format!("{folder}/{name}"))
        })
        .collect()
}
