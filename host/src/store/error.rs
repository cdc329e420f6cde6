//! What can be wrong with the database, told by who can put it right.

use std::path::PathBuf;

/// Why something could not be stored or read. The file system is at fault in
/// most cases, a technician can help; none is the fault of a guest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// `state_dir` or a file in it cannot be created or written: permissions, a
    /// read-only mount, a file where a directory should be.
    #[error("cannot write to {}: {text}", path.display())]
    NotWritable {
        /// What could not be written.
        path: PathBuf,
        /// What the system said.
        text: String,
    },
    /// Not a database, or a damaged one: a worn flash, a file copied half.
    #[error("the database {} is corrupt: {text}", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What was found.
        text: String,
    },
    /// No space left on the device, or the database has reached its own bound.
    #[error("no space left for the database {}", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Another process holds the database, most likely a second charger with
    /// the same `state_dir`.
    #[error("the database {} is in use by another process", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// Written by a newer version of this program.
    #[error(
        "the database {} has schema {found}; this version knows up to {known}: it was written by a newer one",
        path.display()
    )]
    TooNew {
        /// The database.
        path: PathBuf,
        /// The schema found.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// Anything else, such as a failing device.
    #[error("the database {} failed: {text}", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// What was said.
        text: String,
    },
    /// The disk does not answer. What was to be written may be written yet.
    #[error("the database does not answer in time")]
    Stalled,
    /// The store has been closed.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    pub(super) fn from_sqlite(path: &std::path::Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_path_buf();
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Corrupt { path, text },
            Some(Code::DiskFull) => Self::Full { path },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { path },
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                Self::NotWritable { path, text }
            }
            _ => Self::Failed { path, text },
        }
    }
}
