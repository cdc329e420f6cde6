//! Files under names, which survive a restart of the charger: what was fetched of one is
//! there when it is fetched again, and the rest comes behind it. Not here: files by
//! numbered handles (see `files`), and who may end a transfer (see `underway`).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{Files, Growth, TransferredFile, disk, remove};
use crate::services::operation::Failed;
use crate::whole_file::replace_private;

/// In all. A guest needs one, or two.
const MAX_NAMES: usize = 4;
const MAX_NAME: usize = 32;
/// What is fetched is safe from a power cut after this much.
const SYNC_EACH: u64 = 4 << 20;

/// What is known of a file beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Hash of the address: that may hold a password.
    source: String,
    /// As the server called this version of the file. None: it cannot be resumed.
    pub version: Option<String>,
    /// All of it is there: its size and its hash in hex.
    complete: Option<(u64, String)>,
}

pub(super) struct KeptFiles {
    dir: PathBuf,
    /// Names that somebody works on.
    busy: Mutex<BTreeSet<String>>,
    free: Condvar,
}

impl KeptFiles {
    /// Takes up what is there: its bytes count among those of `files`.
    pub fn open(dir: PathBuf, files: &Files) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let kept = Self {
            dir,
            busy: Mutex::default(),
            free: Condvar::new(),
        };
        for entry in fs::read_dir(&kept.dir)? {
            let path = entry?.path();
            let part = |part: Option<&OsStr>| part.and_then(OsStr::to_str).map(str::to_owned);
            let name = part(path.file_stem());
            let name = name.filter(|name| kept.known(name).is_some());
            match (name, part(path.extension()).as_deref()) {
                (Some(_), Some("json")) => {}
                (Some(name), Some("data")) => files.count(kept.size(&name).unwrap_or(0)),
                // Nobody knows it, or the power was cut while it was written.
                _ => remove(&path),
            }
        }
        Ok(kept)
    }

    /// The complete file under a name.
    pub fn get(&self, name: &str) -> Option<TransferredFile> {
        check(name).ok()?;
        let (size, sha256) = self.known(name)?.complete?;
        let path = self.data(name);
        let is_whole = fs::metadata(&path).is_ok_and(|it| it.len() == size);
        is_whole.then(|| TransferredFile {
            handle: name.to_owned(),
            path,
            size,
            sha256,
        })
    }

    /// How much of it is there, complete or not.
    pub fn size(&self, name: &str) -> Option<u64> {
        check(name).ok()?;
        fs::metadata(self.data(name)).ok().map(|it| it.len())
    }

    /// Waits until nobody else works on this name.
    pub fn occupy(&self, name: &str) -> Result<Occupied<'_>, Failed> {
        check(name)?;
        let mut busy = self.lock();
        while !busy.insert(name.to_owned()) {
            busy = self.free.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(Occupied {
            kept: self,
            name: name.to_owned(),
        })
    }

    fn known(&self, name: &str) -> Option<Known> {
        let text = fs::read(self.dir.join(format!("{name}.json"))).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn data(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.data"))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that nobody else works on.
pub(super) struct Occupied<'k> {
    kept: &'k KeptFiles,
    name: String,
}

impl<'k> Occupied<'k> {
    /// The file with what is there of it from this address; if that is all of it, the
    /// second is none.
    pub fn open<'f>(&'k self, url: &str, files: &'f Files) -> Result<Opened<'k, 'f>, Failed> {
        let source = hex::encode(Sha256::digest(url));
        let known = self.kept.known(&self.name);
        let mut known = match known.filter(|known| known.source == source) {
            Some(known) => known,
            None => {
                self.remove(files);
                Known::default()
            }
        };
        known.source = source;
        if let Some(file) = self.kept.get(&self.name) {
            return Ok(Opened::Complete(file));
        }
        if known.version.is_none() || known.complete.is_some() {
            self.remove(files);
            known.version = None;
            known.complete = None;
        }
        let names = fs::read_dir(&self.kept.dir).map_or(0, Iterator::count) / 2;
        if names >= MAX_NAMES && self.kept.size(&self.name).is_none() {
            return Err(Failed::because("too many files with names; discard some"));
        }
        Partial::open(self, known, files).map(Opened::Partial)
    }

    /// What was there is gone.
    pub fn remove(&self, files: &Files) {
        files.give_back(self.kept.size(&self.name).unwrap_or(0));
        remove(&self.kept.dir.join(format!("{}.json", self.name)));
        remove(&self.kept.data(&self.name));
    }

    fn write(&self, known: &Known) -> Result<(), Failed> {
        let text = serde_json::to_vec(known).map_err(|e| Failed::because(e.to_string()))?;
        let path = self.kept.dir.join(format!("{}.json", self.name));
        replace_private(&path, &text).map_err(|e| disk(&e))
    }
}

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        self.kept.lock().remove(&self.name);
        self.kept.free.notify_all();
    }
}

pub(super) enum Opened<'k, 'f> {
    Complete(TransferredFile),
    Partial(Partial<'k, 'f>),
}

/// A file that is being fetched. What is there of it stays, whatever becomes of the rest.
pub(super) struct Partial<'k, 'f> {
    place: &'k Occupied<'k>,
    files: &'f Files,
    known: Known,
    file: File,
    growth: Growth,
    synced: u64,
    hash: Sha256,
}

impl<'k, 'f> Partial<'k, 'f> {
    fn open(place: &'k Occupied<'k>, known: Known, files: &'f Files) -> Result<Self, Failed> {
        let path = place.kept.data(&place.name);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| disk(&e))?;
        let mut hash = Sha256::new();
        let size = digest(&mut file, &mut hash).map_err(|e| disk(&e))?;
        Ok(Self {
            place,
            files,
            known,
            file,
            growth: Growth::from(size),
            synced: size,
            hash,
        })
    }

    pub fn size(&self) -> u64 {
        self.growth.size()
    }

    /// The version of which something is there.
    pub fn version(&self) -> Option<&str> {
        self.known.version.as_deref().filter(|_| self.size() > 0)
    }

    /// The server begins from the beginning, with this version.
    pub fn begin(&mut self, version: Option<String>) -> Result<(), Failed> {
        self.file.set_len(0).map_err(|e| disk(&e))?;
        self.growth.give_back(self.files);
        self.synced = 0;
        self.hash = Sha256::new();
        self.known.version = version;
        self.place.write(&self.known)
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.growth.grow(self.files, bytes.len() as u64)?;
        self.file.write_all(bytes).map_err(|e| disk(&e))?;
        self.hash.update(bytes);
        if self.size() - self.synced >= SYNC_EACH {
            self.file.sync_data().map_err(|e| disk(&e))?;
            self.synced = self.size();
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<TransferredFile, Failed> {
        self.file.sync_all().map_err(|e| disk(&e))?;
        let sha256 = hex::encode(self.hash.finalize_reset());
        self.known.complete = Some((self.size(), sha256.clone()));
        self.place.write(&self.known)?;
        Ok(TransferredFile {
            handle: self.place.name.clone(),
            path: self.place.kept.data(&self.place.name),
            size: self.size(),
            sha256,
        })
    }
}

/// Lower-case letters and `-`: no numbered handle is one.
pub(super) fn is_name(name: &str) -> bool {
    (3..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-'))
}

fn check(name: &str) -> Result<(), Failed> {
    if is_name(name) {
        return Ok(());
    }
    Err(Failed::bad_request(
        "name: 3 to 32 lower-case letters or - are expected",
    ))
}

fn digest(file: &mut File, hash: &mut Sha256) -> io::Result<u64> {
    let mut buffer = [0; 64 * 1024];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(size),
            count => {
                hash.update(&buffer[..count]);
                size += count as u64;
            }
        }
    }
}
