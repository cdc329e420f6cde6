//! The files of one slot's record: `state_dir/records/SLOT/NUMBER.record`, the
//! oldest deleted whole when a new one begins, so that all together never take
//! more than they may.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A full ring has at least so many segments.
const PARTS: u64 = 4;
/// Short ones are not kept for ever either.
const MOST_FILES: usize = 64;
/// What is left to others of the file system.
const LEAVE_FREE: u64 = 4 << 20;
const ENDING: &str = "record";

/// The ring of one slot, and the segment that is being written.
#[derive(Debug)]
pub(super) struct Ring {
    directory: PathBuf,
    most_bytes: u64,
    /// Number and size, oldest first; the last one is written.
    files: Vec<(u64, u64)>,
    present: Option<File>,
}

/// How much room there is in the present segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Enough.
    Enough,
    /// A new segment should begin.
    Little,
    /// It could not be written; the segment has ended.
    None,
}

impl Ring {
    /// Finds what is there.
    pub(super) fn open(directory: PathBuf, most_bytes: u64) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        let files = listed(&directory)?;
        let sized = files.into_iter().map(|(number, path)| {
            let bytes = fs::metadata(path).map_or(0, |it| it.len());
            (number, bytes)
        });
        Ok(Self {
            files: sized.collect(),
            directory,
            most_bytes,
            present: None,
        })
    }

    /// Begins a segment with these bytes.
    pub(super) fn begin(&mut self, bytes: &[u8]) -> io::Result<Room> {
        self.present = None;
        let segment = self.most_bytes / PARTS;
        if bytes.len() as u64 > segment {
            return Ok(Room::None);
        }
        while self.bytes() + segment > self.most_bytes || self.files.len() >= MOST_FILES {
            self.remove_oldest()?;
        }
        if free_bytes(&self.directory)? < LEAVE_FREE + segment {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let number = self.files.last().map_or(1, |(number, _)| number + 1);
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .mode(0o600)
            .open(self.path(number))?;
        self.files.push((number, 0));
        self.present = Some(file);
        self.append(bytes)
    }

    /// Writes on.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<Room> {
        let segment = self.most_bytes / PARTS;
        let (Some(file), Some((_, size))) = (&mut self.present, self.files.last_mut()) else {
            return Ok(Room::None);
        };
        if *size + bytes.len() as u64 > segment {
            self.present = None;
            return Ok(Room::None);
        }
        *size += bytes.len() as u64;
        file.write_all(bytes)?;
        if *size < segment / 2 {
            Ok(Room::Enough)
        } else {
            Ok(Room::Little)
        }
    }

    /// The disk is full: what others may need more is given back.
    pub(super) fn give_way(&mut self) {
        self.present = None;
        while !self.files.is_empty() && self.remove_oldest().is_ok() {}
    }

    /// Of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Segments there are.
    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    fn remove_oldest(&mut self) -> io::Result<()> {
        let (number, _) = self.files.remove(0);
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:08}.{ENDING}"))
    }
}

/// Where the record of a slot is.
#[must_use]
pub fn directory(state_dir: &Path, slot: &str) -> PathBuf {
    state_dir.join("records").join(slot.replace('/', "-"))
}

/// The files of a record, oldest first.
pub fn segments(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let files = listed(directory)?;
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

fn listed(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(directory)? {
        let path = file?.path();
        let number = path
            .extension()
            .filter(|it| *it == ENDING)
            .and_then(|_| path.file_stem()?.to_str()?.parse().ok());
        if let Some(number) = number {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

fn free_bytes(directory: &Path) -> io::Result<u64> {
    let it = rustix::fs::statvfs(directory)?;
    Ok(it.f_bavail.saturating_mul(it.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_need_of_the_disk_is_left_to_them() {
        let folder = tempfile::tempdir().expect("a folder");
        // No disk has room for that.
        let mut ring = Ring::open(folder.path().to_path_buf(), 1 << 62).expect("a ring");
        let refused = ring.begin(&[0; 10]).expect_err("no room");
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_eq!(segments(folder.path()).expect("files").len(), 0);
    }

    #[test]
    fn the_oldest_goes_and_the_bound_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ring = Ring::open(folder.path().join("ocpp"), 4000).expect("a ring");
        for _ in 0..20 {
            assert_eq!(ring.begin(&[0; 400]).expect("begun"), Room::Enough);
            assert_eq!(ring.append(&[1; 200]).expect("room"), Room::Little);
            assert_eq!(ring.append(&[1; 401]).expect("asked"), Room::None);
            assert_eq!(ring.append(&[1]).expect("asked"), Room::None);
        }
        let files = segments(&folder.path().join("ocpp")).expect("files");
        let bytes: u64 = files
            .iter()
            .map(|it| fs::metadata(it).expect("a file").len())
            .sum();
        assert_eq!(bytes, ring.bytes());
        assert!((3000..=4000).contains(&bytes), "{bytes}");
        assert!(files[0].ends_with("00000015.record"), "{files:?}");
        assert_eq!(ring.begin(&[0; 1001]).expect("asked"), Room::None);

        let mut again = Ring::open(folder.path().join("ocpp"), 4000).expect("a ring");
        assert_eq!(again.bytes(), bytes);
        again.begin(&[0; 400]).expect("begun");
        let files = segments(&folder.path().join("ocpp")).expect("files");
        assert!(
            files
                .last()
                .is_some_and(|it| it.ends_with("00000021.record"))
        );
        again.give_way();
        assert_eq!(
            segments(&folder.path().join("ocpp")).expect("files").len(),
            0
        );
    }
}
