//! What can go wrong inside the journal, and what of it the port is told.

use std::io;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::files;
use crate::ports::JournalError;

/// A fault inside the adapter, before it is known what was being done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    /// The file is sound as a file, but what it says cannot be true.
    #[error("{0}")]
    Broken(String),
    /// Nothing is wrong with the disk, but it is not done; what to do instead is in the words.
    #[error("{0}")]
    Refused(String),
    /// Found where its final form was known already.
    #[error("{0}")]
    Port(#[from] JournalError),
}

impl Fault {
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }

    /// True where nothing may be written any more until the journal is opened anew: after a failed write or sync nobody
    /// knows what the disk holds, and a second sync that succeeds proves nothing.
    pub(super) fn latches(&self) -> bool {
        match self {
            Self::Sqlite(error) => !matches!(
                error.sqlite_error_code(),
                None | Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::ConstraintViolation
                )
            ),
            Self::Io { .. } | Self::Broken(_) => true,
            Self::Refused(_) | Self::Port(_) => false,
        }
    }

    /// There is no room: nothing was written, and what was there is as it was.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error().is_some_and(|error| {
                error.code == ErrorCode::DiskFull
                    || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
            }),
            Self::Io { source, .. } => files::is_full(source),
            Self::Broken(_) | Self::Refused(_) | Self::Port(_) => false,
        }
    }

    pub(super) fn while_reading(self, path: &Path) -> JournalError {
        let path_text = path.display().to_string();
        match self {
            Self::Port(error) => error,
            Self::Broken(what) => JournalError::Damaged {
                path: path_text,
                what,
            },
            Self::Sqlite(error) if is_damage(&error) => JournalError::Damaged {
                path: path_text,
                what: error.to_string(),
            },
            other => JournalError::Unusable {
                path: path_text,
                what: other.to_string(),
            },
        }
    }

    pub(super) fn while_writing(self, path: &Path) -> JournalError {
        match self.while_reading(path) {
            JournalError::Unusable { path, what } => JournalError::NotWritable { path, what },
            error => error,
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        // The type or text of a column is not what only haltline writes there.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => true,
        // `Unknown` is SQLITE_ERROR: a schema that cannot be parsed, a table that is gone.
        _ => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        ),
    }
}
