//! The files of installed components: `state_dir/components/HASH.wasm`, and
//! beside it the signature. Each is complete or not there at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Refusal;

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
        if let Some(signature) = signature {
            self.write(&self.signature(hash), signature)?;
        } else {
            // A signature of another time would not be this one's.
            let _ = fs::remove_file(self.signature(hash));
        }
        let path = self.path(hash);
        // The same file again, sound: flash lives longer if it is left alone.
        if fs::read(&path).is_ok_and(|there| there == wasm) {
            return Ok(());
        }
        self.write(&path, wasm)
    }

    /// A component and its signature, if it is still what was put there.
    pub fn get(&self, hash: &str) -> Result<(Vec<u8>, Option<Vec<u8>>), Refusal> {
        let path = self.path(hash);
        let wasm = fs::read(&path).map_err(|e| refused(&path, &e))?;
        if hex::encode(Sha256::digest(&wasm)) != hash {
            return Err(Refusal::Tampered { path });
        }
        let signature = match fs::read(self.signature(hash)) {
            Ok(signature) => Some(signature),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(refused(&self.signature(hash), &e)),
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
            let stem = name
                .strip_suffix(".wasm.minisig")
                .or_else(|| name.strip_suffix(".wasm"));
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

    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), Refusal> {
        let temporary = path.with_extension("tmp");
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
            File::open(&self.directory)?.sync_all()
        };
        write().map_err(|e| {
            let _ = fs::remove_file(&temporary);
            refused(path, &e)
        })
    }

    fn path(&self, hash: &str) -> PathBuf {
        self.directory.join(format!("{hash}.wasm"))
    }

    fn signature(&self, hash: &str) -> PathBuf {
        self.directory.join(format!("{hash}.wasm.minisig"))
    }
}

fn refused(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::File {
        path: path.to_path_buf(),
        text: error.to_string(),
    }
}
