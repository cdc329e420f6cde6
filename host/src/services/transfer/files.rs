//! Files by handle, in a directory that belongs to this module alone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::services::operation::Failed;

/// A complete file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredFile {
    /// What guests call it.
    pub handle: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Hash of its bytes, in hex.
    pub sha256: String,
}

pub(super) struct Files {
    dir: PathBuf,
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Begun and neither finished nor given up.
    begun: usize,
    complete: BTreeMap<String, TransferredFile>,
}

impl Files {
    /// Makes the directory, or empties it: handles end with the process.
    pub fn empty(dir: PathBuf, most: usize) -> io::Result<Self> {
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => fs::create_dir_all(&dir)?,
        }
        Ok(Self {
            dir,
            most,
            state: Mutex::default(),
        })
    }

    pub fn get(&self, handle: &str) -> Option<TransferredFile> {
        self.lock().complete.get(handle).cloned()
    }

    pub fn begin(&self) -> Result<BegunFile<'_>, Failed> {
        let handle = {
            let mut state = self.lock();
            if state.complete.len() + state.begun >= self.most {
                return Err(Failed::because("too many files; discard some first"));
            }
            state.begun += 1;
            state.last += 1;
            format!("f{}", state.last)
        };
        let mut begun = BegunFile {
            files: self,
            path: self.dir.join(&handle),
            handle,
            file: None,
            size: 0,
            hash: Sha256::new(),
            kept: false,
        };
        begun.file = Some(File::create_new(&begun.path).map_err(|e| disk(&e))?);
        Ok(begun)
    }

    pub fn discard(&self, handle: &str) -> bool {
        let file = self.lock().complete.remove(handle);
        if let Some(file) = &file {
            remove(&file.path);
        }
        file.is_some()
    }

    pub fn discard_all(&self) {
        let all = std::mem::take(&mut self.lock().complete);
        for file in all.values() {
            remove(&file.path);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is being written; removed unless it is finished.
pub(super) struct BegunFile<'a> {
    files: &'a Files,
    handle: String,
    path: PathBuf,
    file: Option<File>,
    size: u64,
    hash: Sha256,
    kept: bool,
}

impl BegunFile<'_> {
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if let Some(file) = self.file.as_mut() {
            file.write_all(bytes).map_err(|e| disk(&e))?;
        }
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn finish(mut self) -> Result<TransferredFile, Failed> {
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(|e| disk(&e))?;
        }
        let file = TransferredFile {
            handle: self.handle.clone(),
            path: self.path.clone(),
            size: self.size,
            sha256: hex::encode(self.hash.finalize_reset()),
        };
        self.files
            .lock()
            .complete
            .insert(self.handle.clone(), file.clone());
        self.kept = true;
        Ok(file)
    }
}

impl Drop for BegunFile<'_> {
    fn drop(&mut self) {
        self.files.lock().begun -= 1;
        if !self.kept {
            remove(&self.path);
        }
    }
}

fn remove(path: &std::path::Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a transferred file cannot be removed");
    }
}

fn disk(error: &io::Error) -> Failed {
    Failed::because(format!("the file cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::empty(dir.path().join("t"), 1).unwrap();
        let mut begun = files.begin().unwrap();
        begun.write(b"abc").unwrap();
        assert!(files.begin().is_err(), "one at a time");
        drop(begun);
        assert_eq!(fs::read_dir(dir.path().join("t")).unwrap().count(), 0);

        let mut begun = files.begin().unwrap();
        begun.write(b"abc").unwrap();
        let file = begun.finish().unwrap();
        assert_eq!(
            file.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!((file.size, file.handle.as_str()), (3, "f2"));
        assert_eq!(fs::read(&file.path).unwrap(), b"abc");
        assert!(files.begin().is_err());
        assert!(files.discard("f2") && !files.discard("f2"));
        assert!(!file.path.exists());
        assert!(files.begin().is_ok());
    }

    #[test]
    fn the_directory_is_emptied_at_start() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("old"), "x").unwrap();
        Files::empty(dir.path().to_owned(), 1).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
