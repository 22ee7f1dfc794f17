//! Files that people take away from the screen: in a folder of their own, readable by them alone, never over another one.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags};
use tokio::runtime::Handle;

use super::{attach, audit};
use crate::api::remote::Line;
use crate::config::Surroundings;
use crate::domain::AppId;
use crate::journal::{Access, SqliteJournal};
use crate::tui::Files;

/// How many files of one name there may be.
const MOST: u32 = 99;

/// See the module.
pub(super) struct Exports {
    /// `$XDG_STATE_HOME/haltline/exports`: on a jump host the working directory may belong to somebody else.
    dir: PathBuf,
    home: Option<PathBuf>,
    journal: Log,
    written: Mutex<Vec<String>>,
}

/// Where the audit log comes from.
enum Log {
    /// The journal in this folder.
    File(PathBuf),
    Watcher(Line),
}

impl Exports {
    pub(super) fn new(around: &Surroundings, state: &Path) -> Self {
        Self::below(around, state, Log::File(state.to_owned()))
    }

    /// Of a watcher whose journal is not this user's to read.
    pub(super) fn of_watcher(around: &Surroundings, line: Line) -> Self {
        Self::below(around, &around.cwd, Log::Watcher(line))
    }

    fn below(around: &Surroundings, otherwise: &Path, journal: Log) -> Self {
        let own = around.state_dir.as_deref().unwrap_or(otherwise);
        Self {
            dir: own.join("exports"),
            home: around.home.clone(),
            journal,
            written: Mutex::default(),
        }
    }

    /// `~/.local/state/haltline/exports/…`
    fn shown(&self, path: &Path) -> String {
        let below = self
            .home
            .as_deref()
            .and_then(|home| path.strip_prefix(home).ok());
        below.map_or_else(
            || path.display().to_string(),
            |below| format!("~/{}", below.display()),
        )
    }
}

impl Files for Exports {
    fn write(&self, name: &str, text: &str) -> io::Result<String> {
        let of_folder = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.shown(&self.dir)))
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(of_folder)?;
        // Through the folder itself: neither it nor the file is looked for behind a link that somebody put there.
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&self.dir, flags, Mode::empty());
        let dir = dir.map_err(|error| of_folder(error.into()))?;
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "txt"));
        for n in 1..=MOST {
            let name = match n {
                1 => format!("{stem}.{extension}"),
                n => format!("{stem}-{n}.{extension}"),
            };
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = rustix::fs::openat(&dir, &name, flags, Mode::RUSR | Mode::WUSR);
            let file = match made.map_err(io::Error::from) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(of_folder)?,
            };
            let mut file = File::from(file);
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(of_folder)?;
            let path = self.shown(&self.dir.join(name));
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.push(path.clone());
            return Ok(path);
        }
        Err(of_folder(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("there are {MOST} files named {stem} already"),
        )))
    }

    fn audit(&self, app: &AppId) -> io::Result<String> {
        let lines: Vec<String> = match &self.journal {
            Log::File(state) => {
                let entries = SqliteJournal::open(state, Access::ReadOnly)
                    .and_then(|journal| journal.audit(Some(app), None))
                    .map_err(io::Error::other)?;
                entries.iter().map(audit::json).collect::<Result<_, _>>()?
            }
            // Called where waiting holds nothing up.
            Log::Watcher(line) => {
                let records = Handle::current().block_on(attach::all_records(line));
                let records = records.map_err(|error| io::Error::other(format!("{error:#}")))?;
                let of_app = records.iter().filter(|it| it.app.as_ref() == Some(app));
                of_app.map(audit::told_json).collect::<Result<_, _>>()?
            }
        };
        let mut text = lines.join("\n");
        text.push('\n');
        Ok(text)
    }

    fn written(&self) -> Vec<String> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn exports(home: &Path) -> Exports {
        Exports {
            dir: home.join("state/exports"),
            home: Some(home.to_owned()),
            journal: Log::File(home.join("journal")),
            written: Mutex::default(),
        }
    }

    #[test]
    fn a_file_is_private_and_never_over_another_one() {
        let home = tempfile::tempdir().unwrap();
        let exports = exports(home.path());
        let names = ["~/state/exports/a.md", "~/state/exports/a-2.md"];
        for (text, name) in ["one", "two"].into_iter().zip(names) {
            assert_eq!(exports.write("a.md", text).unwrap(), name);
        }
        assert_eq!(exports.written(), names);
        let path = home.path().join("state/exports");
        assert_eq!(fs::read_to_string(path.join("a.md")).unwrap(), "one");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("a-2.md"))), (0o700, 0o600));
    }

    #[test]
    fn no_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let (exports, folder) = (exports(home.path()), home.path().join("state/exports"));
        let target = home.path().join("target");
        fs::create_dir_all(&folder).unwrap();
        symlink(&target, folder.join("a.md")).unwrap();
        assert_eq!(
            exports.write("a.md", "x").unwrap(),
            "~/state/exports/a-2.md"
        );
        assert!(!target.exists());
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&target).unwrap();
        symlink(&target, &folder).unwrap();
        let refused = exports.write("a.md", "x").unwrap_err().to_string();
        assert!(refused.starts_with("~/state/exports: "), "{refused}");
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    }

    #[test]
    fn without_a_journal_the_audit_says_so() {
        let home = tempfile::tempdir().unwrap();
        let app = AppId::try_from("shop".to_owned()).unwrap();
        assert!(exports(home.path()).audit(&app).is_err());
    }
}
