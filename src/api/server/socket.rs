//! The socket file: made where nobody listens, open to everybody, and taken away at the end.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

/// What fits into `sockaddr_un`, in bytes, without the zero at the end.
const LONGEST_PATH: usize = 107;
/// Whoever is alive takes a connection within this time.
const ALIVE: Duration = Duration::from_secs(1);

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "the path of the socket has {found} bytes, and a system takes {LONGEST_PATH}: set a shorter one, `socket` in [watcher]: {path}"
    )]
    TooLong { path: PathBuf, found: usize },
    #[error(
        "{path} is there, and is no socket: remove it, or set another path, `socket` in [watcher]"
    )]
    NotASocket { path: PathBuf },
    #[error(
        "somebody listens at {path} already: two watchers need two sockets, `socket` in [watcher]"
    )]
    Taken { path: PathBuf },
    #[error("the socket {path} cannot be made: {why}")]
    Io { path: PathBuf, why: io::Error },
}

/// A socket that people can connect to; its file goes when this is dropped, where it is still ours.
#[derive(Debug)]
pub struct Bound {
    pub listener: UnixListener,
    path: PathBuf,
    identity: (u64, u64),
}

impl Bound {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let ours = |found: Metadata| identity(&found) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(ours)
            && let Err(why) = fs::remove_file(&self.path)
        {
            tracing::warn!("{} stays: {why}", self.path.display());
        }
    }
}

/// Makes the socket, for everybody to connect to (0666, whatever the umask), and its folder where it is missing (0755). A
/// file that a dead watcher left behind is replaced.
pub async fn bind(path: &Path) -> Result<Bound, BindError> {
    let io = |why| BindError::Io {
        path: path.to_owned(),
        why,
    };
    let found = path.as_os_str().len();
    if found > LONGEST_PATH {
        let path = path.to_owned();
        return Err(BindError::TooLong { path, found });
    }
    if let Some(folder) = path.parent() {
        make_folder(folder).map_err(io)?;
    }
    make_way(path).await?;
    let listener = UnixListener::bind(path).map_err(io)?;
    let made = fs::symlink_metadata(path).map_err(io)?;
    let bound = Bound {
        listener,
        path: path.to_owned(),
        identity: identity(&made),
    };
    fs::set_permissions(path, Permissions::from_mode(0o666)).map_err(io)?;
    Ok(bound)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}

/// Removes what is in the way, where it is a socket at which nobody listens any more.
async fn make_way(path: &Path) -> Result<(), BindError> {
    let io = |why| BindError::Io {
        path: path.to_owned(),
        why,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
        Ok(found) if !found.file_type().is_socket() => {
            let path = path.to_owned();
            return Err(BindError::NotASocket { path });
        }
        Ok(_socket) => {}
    }
    match tokio::time::timeout(ALIVE, UnixStream::connect(path)).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(io)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // It takes connections, or has too many to take.
        _ => Err(BindError::Taken {
            path: path.to_owned(),
        }),
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn everybody_can_connect_and_nothing_is_left() {
        let dir = folder();
        let path = dir.path().join("run/haltline/haltline.sock");
        let bound = bind(&path).await.unwrap();
        assert_eq!(mode(&path), 0o666);
        assert_eq!(mode(path.parent().unwrap()), 0o755);
        UnixStream::connect(&path).await.unwrap();
        drop(bound);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_a_dead_watcher_left_is_replaced_and_a_living_one_is_not() {
        let dir = folder();
        let path = dir.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let bound = bind(&path).await.unwrap();
        assert!(matches!(bind(&path).await, Err(BindError::Taken { .. })));
        UnixStream::connect(&path).await.unwrap();
        drop(bound);
    }

    #[tokio::test]
    async fn the_socket_of_whoever_took_over_stays() {
        let dir = folder();
        let path = dir.path().join("s");
        let first = bind(&path).await.unwrap();
        fs::remove_file(&path).unwrap();
        // Keeps the number of the first file from being used again.
        fs::write(dir.path().join("other"), "").unwrap();
        let second = bind(&path).await.unwrap();
        drop(first);
        UnixStream::connect(&path).await.unwrap();
        drop(second);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone_and_long_paths_are_told() {
        let dir = folder();
        let path = dir.path().join("notes.txt");
        fs::write(&path, "mine").unwrap();
        let error = bind(&path).await.unwrap_err();
        assert!(matches!(error, BindError::NotASocket { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let long = dir.path().join("s".repeat(108));
        let error = bind(&long).await.unwrap_err().to_string();
        assert!(error.contains("bytes, and a system takes 107"), "{error}");
    }
}
