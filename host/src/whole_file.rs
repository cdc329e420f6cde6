//! Files that are whole or not there: written beside their place and renamed. Not here:
//! who may write where.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Old or new, whenever the power fails, and for this program's user only. The directory
/// is there.
pub(crate) fn replace_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    };
    write().inspect_err(|_| {
        // What is left of it is of no use, and takes no other room than this.
        let _ = fs::remove_file(&temporary);
    })
}

/// For the output of a command: what reads it the next moment finds all of it. Who may read
/// it is the user's to say; the power is not thought of.
pub(crate) fn write_output(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    fs::write(&temporary, contents)?;
    fs::rename(&temporary, path)
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("tmp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("name.json");
        for contents in [&b"long enough"[..], b"short"] {
            replace_private(&path, contents).expect("writes");
            assert_eq!(fs::read(&path).expect("reads"), contents);
        }
        let mode = fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // A folder in its place cannot be replaced by a file.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("a folder");
        assert!(replace_private(&taken, b"x").is_err());
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .expect("a folder")
            .map(|it| it.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["name.json", "taken"]);
    }
}
