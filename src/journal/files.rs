//! The state directory and its files: private to one user, made and replaced so that a crash leaves the old or the new.
//!
//! Must not know what is in them.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Makes the directory (0700, and its missing parents) where it is not there.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Makes the directory, or checks that nobody else may put files into it; returns it without symbolic links.
pub(super) fn private_dir(dir: &Path) -> io::Result<PathBuf> {
    make_dir(dir)?;
    let dir = dir.canonicalize()?;
    let meta = fs::metadata(&dir)?;
    check_owner(&meta)?;
    if meta.mode() & 0o022 != 0 {
        return Err(io::Error::other(format!(
            "others may write to {0} (mode {1:04o}): run: chmod 700 {0}",
            dir.display(),
            meta.mode() & 0o7777
        )));
    }
    Ok(dir)
}

/// Checks a file that is there: a plain file of ours which nobody else may read or write. A missing one is fine.
pub(super) fn check_private(path: &Path) -> io::Result<()> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if meta.is_symlink() {
        return Err(io::Error::other(format!(
            "{} is a symbolic link; point the state directory at the real one instead",
            path.display()
        )));
    }
    if !meta.is_file() {
        return Err(io::Error::other(format!(
            "{} is not a plain file",
            path.display()
        )));
    }
    check_owner(&meta)?;
    if meta.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "others may read {0} (mode {1:04o}): run: chmod 600 {0}",
            path.display(),
            meta.mode() & 0o7777
        )));
    }
    Ok(())
}

fn check_owner(meta: &Metadata) -> io::Result<()> {
    let ours = rustix::process::geteuid().as_raw();
    if meta.uid() == ours {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "it belongs to user id {}, but haltline runs as {ours}: run it as its owner",
        meta.uid()
    )))
}

/// Options for a private file: 0600 where it is made, never through a symbolic link, and nobody is waited for where it is a pipe.
pub(super) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
    options
}

/// Replaces a file by one with this content: after a crash there is the old or the new one, whole.
pub(super) fn replace(dir: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(dir.join(name)).map_err(|error| error.error)?;
    sync_dir(dir)
}

/// There is no room for it.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
