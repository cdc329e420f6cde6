//! The registers of the simulated meters, in a small file: so that no register
//! that was ever told goes back when the process is killed.
//!
//! A register is written before it is told, by one plain write into the page
//! cache, which outlives the process; the sync to flash, which guards against
//! the power, comes later and elsewhere. Each record of 16 bytes holds the value
//! and its complement; one that does not fit is taken as lost.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const RECORD: u64 = 16;
const MAGIC: &[u8; 16] = b"plugpoint meters";

/// The open file. Outlet n has the n-th record behind the head.
#[derive(Debug)]
pub(in crate::outlet) struct Registers {
    file: File,
}

impl Registers {
    /// Opens the file, or makes it.
    pub(in crate::outlet) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut magic = [0; 16];
        match file.read_exact_at(&mut magic, 0) {
            Ok(()) if &magic == MAGIC => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => {
                file.set_len(0)?;
                file.write_all_at(MAGIC, 0)?;
            }
        }
        Ok(Self { file })
    }

    /// The register of an outlet, thousandths of a Wh; none if never written.
    pub(in crate::outlet) fn read(&self, outlet: u32) -> Option<u64> {
        let mut record = [0; 16];
        self.file.read_exact_at(&mut record, at(outlet)).ok()?;
        let (value, check) = record.split_at(8);
        let value = u64::from_le_bytes(value.try_into().ok()?);
        let check = u64::from_le_bytes(check.try_into().ok()?);
        (check == !value).then_some(value)
    }

    /// Writes the register of an outlet, unless that is what it says.
    pub(in crate::outlet) fn write(&self, outlet: u32, mwh: u64) -> io::Result<()> {
        if self.read(outlet) == Some(mwh) {
            return Ok(());
        }
        let mut record = [0; 16];
        record[..8].copy_from_slice(&mwh.to_le_bytes());
        record[8..].copy_from_slice(&(!mwh).to_le_bytes());
        self.file.write_all_at(&record, at(outlet))
    }

    /// To flash.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn at(outlet: u32) -> u64 {
    RECORD * u64::from(outlet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_there_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("registers");
        let file = Registers::open(&path).expect("opens");
        assert_eq!(file.read(1), None);
        file.write(3, 123_456_789).expect("writes");
        drop(file);
        let file = Registers::open(&path).expect("opens");
        assert_eq!((file.read(3), file.read(1)), (Some(123_456_789), None));
    }

    #[test]
    fn a_record_that_is_torn_and_a_file_of_another_kind_count_as_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("registers");
        let file = Registers::open(&path).expect("opens");
        file.write(1, 5).expect("writes");
        file.file.write_all_at(&[7], at(1)).expect("writes");
        assert_eq!(file.read(1), None);
        std::fs::write(&path, b"something quite different, and long").expect("writes");
        let file = Registers::open(&path).expect("opens");
        assert_eq!(file.read(1), None);
        file.write(1, 6).expect("writes");
        assert_eq!(file.read(1), Some(6));
    }
}
