//! The files of installed components: `state_dir/components/HASH.wasm` (`HASH.ppc`
//! if it was compiled beforehand), and beside it the signature. Each is complete or
//! not there at all, and none is written twice: a `.ppc` file may be mapped.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Refusal;
use crate::guest::is_precompiled;
use crate::whole_file::replace_private;

/// The directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    directory: PathBuf,
}

impl Shelf {
    /// In `state_dir`, created when the first component comes.
    #[must_use]
    pub fn under(state_dir: &Path) -> Self {
        Self {
            directory: state_dir.join("components"),
        }
    }

    /// Puts a component there, durable when it returns.
    pub fn put(&self, hash: &str, wasm: &[u8], signature: Option<&[u8]>) -> Result<(), Refusal> {
        self.create().map_err(|e| refused(&self.directory, &e))?;
        let form = if is_precompiled(wasm) { "ppc" } else { "wasm" };
        let path = self.directory.join(format!("{hash}.{form}"));
        if let Some(signature) = signature {
            write(&signature_of(&path), signature)?;
        } else {
            // A signature of another time would not be this one's.
            let _ = fs::remove_file(signature_of(&path));
        }
        // The same file again, sound: it is left alone, since flash lives longer, and
        // it may be mapped.
        if fs::read(&path).is_ok_and(|there| there == wasm) {
            return Ok(());
        }
        write(&path, wasm)
    }

    /// A component and its signature, if it is still what was put there.
    pub fn get(&self, hash: &str) -> Result<(Vec<u8>, Option<Vec<u8>>), Refusal> {
        let path = self.path(hash);
        let wasm = fs::read(&path).map_err(|e| refused(&path, &e))?;
        if hex::encode(Sha256::digest(&wasm)) != hash {
            return Err(Refusal::Tampered { path });
        }
        let beside = signature_of(&path);
        let signature = match fs::read(&beside) {
            Ok(signature) => Some(signature),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(refused(&beside, &e)),
        };
        Ok((wasm, signature))
    }

    /// Removes every file that nobody needs, and what an interrupted write left
    /// behind.
    pub fn retain(&self, hashes: &[String]) {
        let Ok(files) = fs::read_dir(&self.directory) else {
            return;
        };
        for file in files.flatten() {
            let name = file.file_name();
            let name = name.to_string_lossy();
            let whose = name.strip_suffix(".minisig").unwrap_or(&name);
            let stem = whose
                .strip_suffix(".wasm")
                .or_else(|| whose.strip_suffix(".ppc"));
            if !stem.is_some_and(|stem| hashes.iter().any(|hash| hash == stem)) {
                let _ = fs::remove_file(file.path());
            }
        }
    }

    fn create(&self) -> std::io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        match self.directory.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Where a component is, if nobody but this program's user can write there.
    #[must_use]
    pub fn private(&self, hash: &str) -> Option<PathBuf> {
        let folder = fs::symlink_metadata(&self.directory).ok()?;
        let ours = folder.is_dir() && folder.uid() == own_user() && folder.mode() & 0o077 == 0;
        ours.then(|| self.path(hash))
    }

    fn path(&self, hash: &str) -> PathBuf {
        let compiled = self.directory.join(format!("{hash}.ppc"));
        if compiled.exists() {
            return compiled;
        }
        self.directory.join(format!("{hash}.wasm"))
    }
}

/// Where a component's signature is, unless somebody says otherwise.
pub(crate) fn signature_of(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".minisig");
    beside.into()
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn write(path: &Path, contents: &[u8]) -> Result<(), Refusal> {
    replace_private(path, contents).map_err(|e| refused(path, &e))
}

fn refused(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::File {
        path: path.to_path_buf(),
        text: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn nothing_is_mapped_from_where_others_can_write() {
        let place = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::under(place.path());
        assert_eq!(shelf.private("00"), None, "there is nothing yet");
        shelf
            .put("00", b"\0\0\0\0PPCODE01", None)
            .expect("put there");
        let file = shelf.directory.join("00.ppc");
        assert_eq!(shelf.private("00"), Some(file));

        for mode in [0o770, 0o707, 0o755] {
            let open = fs::Permissions::from_mode(mode);
            fs::set_permissions(&shelf.directory, open).expect("changed");
            assert_eq!(shelf.private("00"), None, "{mode:o}");
        }
        // Whose the folder is behind it may change.
        let elsewhere = tempfile::tempdir().expect("a folder");
        fs::set_permissions(&shelf.directory, fs::Permissions::from_mode(0o700)).expect("changed");
        let linked = Shelf::under(elsewhere.path());
        symlink(&shelf.directory, &linked.directory).expect("a link");
        assert_eq!(linked.private("00"), None);
    }
}
