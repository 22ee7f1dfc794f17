//! Key files: a regular file, ours or root's, closed to group and world.
//!
//! A symbolic link is followed (mounted secrets are links), and what it leads to is judged: everything is asked of the file
//! that was opened, so nothing can be swapped between the check and the reading.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use secrecy::SecretString;

use super::{BadSecret, LARGEST};

/// Whose word it is that the file is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Owner and mode say it.
    Owner,
    /// systemd's credentials folder: readable by the service alone, whatever the group bits of its access lists look like.
    Systemd,
}

pub(super) fn read(path: &Path, trust: Trust) -> Result<SecretString, BadSecret> {
    let shown = path.display();
    // NONBLOCK: opening a pipe that nobody writes to must not hang.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| cannot_open(path, error))?,
    );
    let meta = file
        .metadata()
        .map_err(|error| BadSecret::new(format!("{shown} cannot be examined: {error}"), ""))?;
    if !meta.is_file() {
        return Err(BadSecret::new(
            format!("{shown} is not a regular file"),
            "name the key file itself",
        ));
    }
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us && meta.uid() != 0 {
        return Err(BadSecret::new(
            format!("{shown} belongs to another user (uid {})", meta.uid()),
            format!("run: chown {us} {}", quoted(path)),
        ));
    }
    let too_open = match trust {
        Trust::Owner => 0o077,
        Trust::Systemd => 0o007,
    };
    if meta.mode() & too_open != 0 {
        return Err(BadSecret::new(
            format!(
                "{shown} can be read or changed by others (mode {:04o})",
                meta.mode() & 0o7777
            ),
            format!("run: chmod 600 {}", quoted(path)),
        ));
    }
    let mut text = String::new();
    file.take(LARGEST as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|_ignored| {
            BadSecret::new(
                format!("{shown} is not text"),
                "a key file is JSON or PEM; a .p12 must be replaced by a new key",
            )
        })?;
    if text.len() > LARGEST {
        return Err(BadSecret::new(
            format!("{shown} is larger than {LARGEST} bytes"),
            "no key is that large: name the key file itself",
        ));
    }
    if text.trim().is_empty() {
        return Err(BadSecret::new(
            format!("{shown} is empty"),
            "download the key again, or name another file",
        ));
    }
    Ok(text.trim().into())
}

fn cannot_open(path: &Path, error: rustix::io::Errno) -> BadSecret {
    let shown = path.display();
    match error {
        rustix::io::Errno::NOENT => BadSecret::new(
            format!("there is no file {shown}"),
            "paths are relative to the config's folder",
        ),
        rustix::io::Errno::ACCESS | rustix::io::Errno::PERM => BadSecret::new(
            format!("{shown} may not be read by this user"),
            format!(
                "run: chown {} {}",
                rustix::process::geteuid().as_raw(),
                quoted(path)
            ),
        ),
        error => BadSecret::new(format!("{shown} cannot be opened: {error}"), ""),
    }
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let raw = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@,:=".contains(c);
    if raw.chars().all(plain) {
        raw
    } else {
        format!("'{}'", raw.replace('\'', r"'\''"))
    }
}
