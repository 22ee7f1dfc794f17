//! How the screen was left: `view.json` in the person's own state folder. Convenience alone: what cannot be read or written
//! is left alone, and nothing is said of it.

use std::fs::DirBuilder;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::config::Surroundings;
use crate::tui::{Memory, ViewState};

const FILE: &str = "view.json";
/// Nothing that haltline has written is as long.
const MOST_BYTES: u64 = 64 * 1024;

/// What was kept last, and what keeps the next one.
pub(super) fn memory(around: &Surroundings) -> Memory {
    let Some(folder) = around.state_dir.clone() else {
        return Memory::none();
    };
    Memory {
        left: read(&folder.join(FILE)),
        keep: Box::new(move |left| drop(write(&folder, left))),
    }
}

fn read(path: &Path) -> ViewState {
    let length = std::fs::metadata(path).map_or(u64::MAX, |found| found.len());
    if length > MOST_BYTES {
        return ViewState::default();
    }
    ViewState::parse(&std::fs::read_to_string(path).unwrap_or_default())
}

/// All of it or nothing, and for this person alone: a temporary file has 0600 from its beginning.
fn write(folder: &Path, left: &ViewState) -> std::io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, left)?;
    file.flush()?;
    file.persist(folder.join(FILE))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_kept_is_found_and_for_this_person_alone() {
        let dir = tempfile::tempdir().unwrap();
        let around = Surroundings {
            state_dir: Some(dir.path().join("new/haltline")),
            ..Surroundings::default()
        };
        let Memory { left, keep } = memory(&around);
        assert_eq!(left, ViewState::default());
        let zoomed = ViewState::parse("{\"zoomed\": true}");
        assert_ne!(zoomed, left);
        keep(&zoomed);
        assert_eq!(memory(&around).left, zoomed);
        let folder = dir.path().join("new/haltline");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 1, "nothing temporary is left");
    }

    #[test]
    fn what_cannot_be_read_or_written_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let around = |state_dir| Surroundings {
            state_dir,
            ..Surroundings::default()
        };
        let path = dir.path().join(FILE);
        for garbage in [b"\xff\x00".to_vec(), b"{".to_vec(), vec![b' '; 100_000]] {
            std::fs::write(&path, garbage).unwrap();
            let memory = memory(&around(Some(dir.path().to_owned())));
            assert_eq!(memory.left, ViewState::default());
        }
        let nowhere = memory(&around(Some(path.join("a file is no folder"))));
        (nowhere.keep)(&ViewState::default());
        assert_eq!(memory(&around(None)).left, ViewState::default());
    }
}
