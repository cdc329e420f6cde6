//! The volatile write cache of a disk. Until it is told to flush it holds what
//! was written in memory, and writes it to the image in whatever order it likes,
//! sector by sector; so after a power cut any part of it may be there.
//!
//! No sockets and no threads in here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::dice::Random;

/// What a disk writes as a whole or not at all.
pub const SECTOR: usize = 512;

/// When so many wait, the disk begins to write by itself, in no order.
const MOST_WAITING: usize = 2048;

type Sector = [u8; SECTOR];

/// What has been written to the disk since it was told to flush, and the image
/// of what it would still know without power.
#[derive(Debug)]
pub struct Cache {
    image: File,
    /// By number: each state since the last flush, the newest last.
    waiting: BTreeMap<u64, Vec<Sector>>,
    random: Random,
    has_power: bool,
    flushes: u64,
}

/// What a power cut did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Sectors that were in the cache.
    pub waiting: usize,
    /// Those of them that got nothing of it onto the disk.
    pub lost: usize,
}

impl Cache {
    /// In front of an image.
    pub fn new(image: File, random: Random) -> Cache {
        Cache {
            image,
            waiting: BTreeMap::new(),
            random,
            has_power: true,
            flushes: 0,
        }
    }

    /// What is there, as the disk sees it.
    ///
    /// # Errors
    /// If these are not whole sectors, or the image cannot be read.
    pub fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let first = whole(at, length)?;
        let mut bytes = vec![0; length];
        self.image.read_exact_at(&mut bytes, at)?;
        for (number, sector) in (first..).zip(bytes.chunks_exact_mut(SECTOR)) {
            if let Some(newest) = self.waiting.get(&number).and_then(|all| all.last()) {
                sector.copy_from_slice(newest);
            }
        }
        Ok(bytes)
    }

    /// Takes this into the cache.
    ///
    /// # Errors
    /// If these are not whole sectors, or the image cannot be written.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let first = whole(at, bytes.len())?;
        let (sectors, _) = bytes.as_chunks::<SECTOR>();
        for (number, sector) in (first..).zip(sectors) {
            self.waiting.entry(number).or_default().push(*sector);
        }
        while self.has_power && self.waiting.len() > MOST_WAITING {
            self.write_one()?;
        }
        Ok(())
    }

    /// Everything that was written so far survives a power cut from now on.
    ///
    /// # Errors
    /// If the image cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        // Without power there is nobody who could, and nobody who would notice.
        if !self.has_power {
            return Ok(());
        }
        self.flushes += 1;
        for (number, states) in std::mem::take(&mut self.waiting) {
            if let Some(newest) = states.last() {
                self.put(number, newest)?;
            }
        }
        Ok(())
    }

    /// Lets any part of the cache reach the image, and nothing ever after. What
    /// is read from now on is as if there had been no cut.
    ///
    /// # Errors
    /// If the image cannot be written.
    pub fn cut(&mut self) -> io::Result<Cut> {
        self.has_power = false;
        let mut lost = 0;
        // Now and then nothing of it, now and then nearly all of it.
        let luck = self.random.below(101);
        for (number, states) in &self.waiting {
            if self.random.below(100) < luck {
                let reached = self.random.below(states.len() as u64) as usize;
                self.put(*number, &states[reached])?;
            } else {
                lost += 1;
            }
        }
        Ok(Cut {
            waiting: self.waiting.len(),
            lost,
        })
    }

    /// How often it was told to flush.
    pub fn flushes(&self) -> u64 {
        self.flushes
    }

    fn write_one(&mut self) -> io::Result<()> {
        let skipped = self.random.below(self.waiting.len() as u64) as usize;
        let Some(number) = self.waiting.keys().nth(skipped).copied() else {
            return Ok(());
        };
        match self.waiting.remove(&number).as_deref() {
            Some([.., newest]) => self.put(number, newest),
            _ => Ok(()),
        }
    }

    fn put(&self, number: u64, sector: &Sector) -> io::Result<()> {
        self.image.write_all_at(sector, number * SECTOR as u64)
    }
}

/// The number of the first sector.
fn whole(at: u64, length: usize) -> io::Result<u64> {
    if !at.is_multiple_of(SECTOR as u64) || !length.is_multiple_of(SECTOR) {
        let text = format!("{length} bytes at {at} are not whole sectors");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(at / SECTOR as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 64;

    fn cache(seed: u64) -> Cache {
        let image = tempfile::tempfile().expect("an image");
        image
            .set_len((LENGTH * SECTOR) as u64)
            .expect("it has a length");
        Cache::new(image, Random::new(seed, 0))
    }

    fn all(cache: &Cache) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH * SECTOR];
        cache.image.read_exact_at(&mut bytes, 0).expect("an image");
        bytes
    }

    #[test]
    fn what_was_flushed_is_there_and_of_the_rest_any_part() {
        let mut parts = std::collections::BTreeSet::new();
        for seed in 0..1000 {
            let mut cache = cache(seed);
            cache.write(0, &[1; 8 * SECTOR]).expect("written");
            cache.flush().expect("flushed");
            cache.write(0, &[2; 4 * SECTOR]).expect("written");
            cache.write(0, &[3; 2 * SECTOR]).expect("written");
            let cut = cache.cut().expect("cut");
            assert_eq!(cut.waiting, 4);
            let image = all(&cache);
            let states: Vec<u8> = image.chunks(SECTOR).map(|it| it[0]).collect();
            assert!(states[..2].iter().all(|it| [1, 2, 3].contains(it)));
            assert!(states[2..4].iter().all(|it| [1, 2].contains(it)));
            assert_eq!(states[4..8], [1; 4]);
            assert_eq!(states[8..], [0; LENGTH - 8]);
            parts.insert(states[..4].to_vec());
        }
        // All, nothing, and out of order.
        for wanted in [[3, 3, 2, 2], [1, 1, 1, 1], [1, 1, 2, 2], [2, 3, 1, 1]] {
            assert!(parts.contains(wanted.as_slice()), "{wanted:?} in {parts:?}");
        }
    }

    #[test]
    fn after_the_cut_nothing_reaches_the_image_and_nobody_notices() {
        let mut cache = cache(1);
        cache.write(0, &[1; SECTOR]).expect("written");
        cache.cut().expect("cut");
        let before = all(&cache);
        cache.write(0, &[2; SECTOR]).expect("written");
        cache.flush().expect("flushed");
        assert_eq!(cache.read(0, SECTOR).expect("read"), [2; SECTOR]);
        assert_eq!(all(&cache), before);
        assert_eq!(cache.flushes(), 0);
    }

    #[test]
    fn a_full_cache_writes_by_itself() {
        let image = tempfile::tempfile().expect("an image");
        image.set_len(4 << 20).expect("it has a length");
        let mut cache = Cache::new(image, Random::new(1, 0));
        cache.write(0, &vec![7; 4 << 20]).expect("written");
        assert_eq!(cache.waiting.len(), MOST_WAITING);
        assert_eq!(cache.read(0, 4 << 20).expect("read"), vec![7; 4 << 20]);
    }

    #[test]
    fn parts_of_sectors_are_refused() {
        let mut cache = cache(1);
        assert!(cache.write(1, &[1; SECTOR]).is_err());
        assert!(cache.read(0, 100).is_err());
    }
}
