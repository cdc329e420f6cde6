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

/// What there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Files at the same time.
    pub files: usize,
    /// In all files together.
    pub bytes: u64,
    /// What stays free of the file system: the database has to grow, too.
    pub reserve: u64,
}

/// The file system is asked again once this much was written.
const ASK_EACH: u64 = 1 << 20;

pub(super) struct Files {
    dir: PathBuf,
    room: Room,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Begun and neither finished nor given up.
    begun: usize,
    /// In all files, complete or not.
    bytes: u64,
    complete: BTreeMap<String, TransferredFile>,
}

impl Files {
    /// Makes the directory, or empties it: handles end with the process.
    pub fn empty(dir: PathBuf, room: Room) -> io::Result<Self> {
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => fs::create_dir_all(&dir)?,
        }
        Ok(Self {
            dir,
            room,
            state: Mutex::default(),
        })
    }

    pub fn get(&self, handle: &str) -> Option<TransferredFile> {
        self.lock().complete.get(handle).cloned()
    }

    pub fn begin(&self) -> Result<BegunFile<'_>, Failed> {
        let handle = {
            let mut state = self.lock();
            if state.complete.len() + state.begun >= self.room.files {
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
            growth: Growth::default(),
            hash: Sha256::new(),
            kept: false,
        };
        begun.file = Some(File::create_new(&begun.path).map_err(|e| disk(&e))?);
        Ok(begun)
    }

    pub fn discard(&self, handle: &str) -> bool {
        let mut state = self.lock();
        let file = state.complete.remove(handle);
        if let Some(file) = &file {
            state.bytes -= file.size;
            remove(&file.path);
        }
        file.is_some()
    }

    pub fn discard_all(&self) {
        let mut state = self.lock();
        for file in std::mem::take(&mut state.complete).values() {
            state.bytes -= file.size;
            remove(&file.path);
        }
    }

    /// Bytes that are there already.
    pub fn count(&self, bytes: u64) {
        self.lock().bytes += bytes;
    }

    pub fn give_back(&self, bytes: u64) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// Sees to it that there is room for more.
    fn reserve(&self, more: u64) -> Result<(), Failed> {
        let mut state = self.lock();
        let bytes = state.bytes.saturating_add(more);
        if bytes > self.room.bytes {
            return Err(Failed::new(
                "too-large",
                format!("all files together: at most {} bytes", self.room.bytes),
            ));
        }
        state.bytes = bytes;
        Ok(())
    }

    /// The file system has more than what is to stay free.
    fn check_free(&self) -> Result<(), Failed> {
        let system = rustix::fs::statvfs(&self.dir).map_err(|error| disk(&error.into()))?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        if free < self.room.reserve.saturating_add(ASK_EACH) {
            return Err(Failed::new(
                "too-large",
                format!("the disk has {free} bytes left, which the charger needs itself"),
            ));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The size of a file that grows, within the room that all files share.
#[derive(Debug, Default)]
pub(super) struct Growth {
    size: u64,
    /// The size at which the file system was asked for its free space.
    asked_at: Option<u64>,
}

impl Growth {
    /// Of a file that has this size already, which counts.
    pub fn from(size: u64) -> Self {
        Self {
            size,
            asked_at: None,
        }
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Sees to it that there is room for more, also on the disk; then that counts.
    pub fn grow(&mut self, files: &Files, more: u64) -> Result<(), Failed> {
        if self.asked_at.is_none_or(|at| self.size - at >= ASK_EACH) {
            files.check_free()?;
            self.asked_at = Some(self.size);
        }
        files.reserve(more)?;
        self.size += more;
        Ok(())
    }

    /// Nothing of it is left.
    pub fn give_back(&mut self, files: &Files) {
        files.give_back(std::mem::take(self).size);
    }
}

/// A file that is being written; removed unless it is finished.
pub(super) struct BegunFile<'a> {
    files: &'a Files,
    handle: String,
    path: PathBuf,
    file: Option<File>,
    growth: Growth,
    hash: Sha256,
    kept: bool,
}

impl BegunFile<'_> {
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        // Counted, whatever comes of it: dropped, the file gives back its size.
        self.growth.grow(self.files, bytes.len() as u64)?;
        if let Some(file) = self.file.as_mut() {
            file.write_all(bytes).map_err(|e| disk(&e))?;
        }
        self.hash.update(bytes);
        Ok(())
    }

    pub fn finish(mut self) -> Result<TransferredFile, Failed> {
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(|e| disk(&e))?;
        }
        let file = TransferredFile {
            handle: self.handle.clone(),
            path: self.path.clone(),
            size: self.growth.size(),
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

impl Write for BegunFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BegunFile::write(self, bytes).map_err(|failed| io::Error::other(failed.text))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for BegunFile<'_> {
    fn drop(&mut self) {
        let mut state = self.files.lock();
        state.begun -= 1;
        if !self.kept {
            state.bytes -= self.growth.size();
            remove(&self.path);
        }
    }
}

pub(super) fn remove(path: &std::path::Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a transferred file cannot be removed");
    }
}

pub(super) fn disk(error: &io::Error) -> Failed {
    Failed::because(format!("the file cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Room = Room {
        files: 1,
        bytes: 1000,
        reserve: 0,
    };

    #[test]
    fn all_files_share_the_room_and_give_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room { files: 9, ..ONE };
        let files = Files::empty(dir.path().join("t"), room).unwrap();
        let write = |bytes: usize| {
            let mut begun = files.begin().unwrap();
            begun.write(&vec![0; bytes])?;
            begun.finish()
        };
        let first = write(600).unwrap();
        assert!(write(401).is_err());
        // What failed has given back what it took.
        let second = write(400).unwrap();
        assert!(write(1).is_err());
        assert!(files.discard(&first.handle));
        write(600).unwrap();
        files.discard_all();
        write(1000).unwrap();
        assert!(!files.discard(&second.handle));
    }

    #[test]
    fn some_of_the_disk_stays_free() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room {
            reserve: u64::MAX - 2 * ASK_EACH,
            ..ONE
        };
        let files = Files::empty(dir.path().join("t"), room).unwrap();
        let refused = files.begin().unwrap().write(b"abc");
        assert_eq!(refused.unwrap_err().code, "too-large");
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::empty(dir.path().join("t"), ONE).unwrap();
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
        Files::empty(dir.path().to_owned(), ONE).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
