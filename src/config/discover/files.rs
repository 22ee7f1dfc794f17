//! The folders of a project, and the small files in them that are looked at.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::config::Surroundings;

/// No file that is looked at is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Folders that are looked at upward.
const HIGHEST: usize = 12;
/// Names of a folder that are looked through for a file.
const MOST_NAMES: usize = 200;

/// A file that was found, with what is in it.
pub(super) struct Text {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The folder that is worked in and those above it, nearest first: up to the root of the repository, and not the home folder.
pub(super) struct Project<'a> {
    pub(super) folders: Vec<PathBuf>,
    pub(super) around: &'a Surroundings,
}

impl<'a> Project<'a> {
    pub(super) fn of(around: &'a Surroundings) -> Self {
        let mut folders = Vec::new();
        for folder in around.cwd.ancestors().take(HIGHEST) {
            let home = around.home.as_deref() == Some(folder);
            if home && !folders.is_empty() {
                break;
            }
            folders.push(folder.to_owned());
            if folder.join(".git").exists() {
                break;
            }
        }
        Self { folders, around }
    }

    /// Those of these names that there are: the nearest folder's first, in the order of the names.
    pub(super) fn all(&self, names: &[&str]) -> Vec<Text> {
        let paths = self
            .folders
            .iter()
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
        paths.filter_map(read).collect()
    }

    /// Paths of files of these names, none of them read.
    pub(super) fn paths(&self, names: &[&str]) -> Vec<PathBuf> {
        let paths = self
            .folders
            .iter()
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
        paths.filter(|path| path.is_file()).collect()
    }

    /// As people read it, and as a reference takes it: relative to where the command is run, below home as `~/…`.
    pub(super) fn shown(&self, path: &Path) -> String {
        let cwd = &self.around.cwd;
        if let Ok(below) = path.strip_prefix(cwd) {
            return below.display().to_string();
        }
        for (up, folder) in (0..).zip(cwd.ancestors()) {
            if let (true, Ok(below)) = (
                self.folders.iter().any(|f| f == folder),
                path.strip_prefix(folder),
            ) {
                return format!("{}{}", "../".repeat(up), below.display());
            }
        }
        let home = self.around.home.as_deref();
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("~/{}", below.display()),
            None => path.display().to_string(),
        }
    }
}

/// A regular file with text; everything else is not there.
pub(super) fn read(path: PathBuf) -> Option<Text> {
    // A pipe would never end.
    if !path.is_file() {
        return None;
    }
    let mut text = String::new();
    let file = File::open(&path).ok()?;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(Text { path, text })
}

/// What is in a folder, by name.
pub(super) fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = entries
        .take(MOST_NAMES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    all.sort();
    all
}
