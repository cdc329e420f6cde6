//! One file of a record: `PPRECORD`, the format's version, then blocks, each as
//! `length, length unpacked, CRC-32 (u32 each, little endian)` and its bytes,
//! packed by DEFLATE. The first block says what the slot was and holds its
//! entries; the others hold moments. What follows the last whole block was cut
//! off, as by a power failure.

use std::path::{Path, PathBuf};
use std::time::Duration;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Serialize};

use super::moment::{self, Identity, Moment};
use crate::guest::{Kind, Limits};
use crate::store::{Durability, KeptEntry};

/// How each file begins.
pub(super) const MAGIC: &[u8; 8] = b"PPRECORD";
/// The version of this format.
const FORMAT: u8 = 1;
/// Lengths and checksum of a block.
const FRAME: usize = 12;
/// No block of ours unpacks to more.
const LARGEST: usize = 64 << 20;
/// Fast and good enough: text that repeats itself.
const LEVEL: u8 = 3;

/// What a segment begins with; JSON, so that later versions can say more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the interface, as in `wit/`.
    pub interface: String,
    /// `ocpp`, or `policy/NAME`.
    pub slot: String,
    /// The build in the slot when the segment began.
    pub component: Identity,
    /// Another one for each process.
    pub run: u64,
    /// Calls of this process before the first one of this segment.
    pub first: u64,
    /// Unix ms when it began, if that was known.
    pub wall_ms: Option<i64>,
    /// What the guest could use.
    pub limits: RecordedLimits,
    /// The outlets that it could name.
    pub outlets: Vec<u32>,
    /// Settings whose values do not stand in the record.
    pub settings_left_out: Vec<String>,
}

/// Limits as they were.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)] // as in `Limits`
pub struct RecordedLimits {
    pub handle_ms: u64,
    pub start_ms: u64,
    pub memory_bytes: u64,
    pub instances: u64,
    pub memories: u64,
    pub tables: u64,
    pub table_elements: u64,
    pub actions: u64,
    pub action_bytes: u64,
    pub entry_bytes: u64,
    pub entries_bytes: u64,
    pub frame_bytes: u64,
    pub log_lines: u64,
    pub log_bytes: u64,
}

/// An entry as it was when the segment began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptRecord {
    pub(super) key: String,
    /// Of a secret one: a stand-in.
    pub(super) value: Vec<u8>,
    pub(super) durability: Durability,
    pub(super) secret: bool,
}

/// A segment that was read.
#[derive(Debug)]
pub struct Segment {
    /// Where it was read from.
    pub path: PathBuf,
    /// What it begins with.
    pub header: Header,
    entries: Vec<KeptRecord>,
    moments: Vec<u8>,
    torn: usize,
}

/// A file that cannot be used as a record.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{}: this is no record", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error(
        "{}: it was written by a newer Plugpoint (format {found}); this one reads format {FORMAT}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u8,
    },
    /// Cut off, or worn flash, before anything of use.
    #[error("{}: it is damaged at its beginning", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The checksum is right, and yet it makes no sense.
    #[error("{}: moment {number} cannot be understood: {text}", path.display())]
    Moment {
        /// The file.
        path: PathBuf,
        /// From 1.
        number: usize,
        /// Why.
        text: String,
    },
}

/// The first bytes of a segment, up to the end of its first block.
pub(super) fn opening(header: &Header, entries: &[KeptRecord]) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec(header).map_err(|it| it.to_string())?;
    let length = u32::try_from(json.len()).map_err(|it| it.to_string())?;
    let mut body = length.to_le_bytes().to_vec();
    body.extend_from_slice(&json);
    let body = postcard::to_extend(entries, body).map_err(|it| it.to_string())?;
    let mut bytes = MAGIC.to_vec();
    bytes.push(FORMAT);
    bytes.extend_from_slice(&block(&body));
    Ok(bytes)
}

/// Bytes in a frame with a checksum.
pub(super) fn block(body: &[u8]) -> Vec<u8> {
    let packed = compress_to_vec(body, LEVEL);
    let mut block = Vec::with_capacity(FRAME + packed.len());
    let length = |it: usize| u32::try_from(it).unwrap_or(u32::MAX).to_le_bytes();
    block.extend_from_slice(&length(packed.len()));
    block.extend_from_slice(&length(body.len()));
    block.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
    block.extend_from_slice(&packed);
    block
}

/// The block that `bytes` begin with, and what follows it.
fn unpack(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (frame, rest) = bytes.split_at_checked(FRAME)?;
    let number = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| frame[at + i]));
    let (packed, rest) = rest.split_at_checked(number(0) as usize)?;
    if crc32fast::hash(packed) != number(8) {
        return None;
    }
    let most = (number(4) as usize).min(LARGEST);
    let body = decompress_to_vec_with_limit(packed, most).ok()?;
    Some((body, rest))
}

/// What a length (u32, little endian) stands before, and what follows it.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

impl Segment {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, SegmentError> {
        let bytes = std::fs::read(path).map_err(|source| SegmentError::File {
            path: path.to_path_buf(),
            source,
        })?;
        let no_record = || SegmentError::NoRecord {
            path: path.to_path_buf(),
        };
        let damaged = || SegmentError::Damaged {
            path: path.to_path_buf(),
        };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(no_record)?;
        let (format, rest) = rest.split_first().ok_or_else(damaged)?;
        if *format != FORMAT {
            return Err(SegmentError::Newer {
                path: path.to_path_buf(),
                found: *format,
            });
        }
        let (body, mut rest) = unpack(rest).ok_or_else(damaged)?;
        let (json, entries) = counted(&body).ok_or_else(damaged)?;
        let header = serde_json::from_slice(json).map_err(|_| damaged())?;
        let entries = postcard::from_bytes(entries).map_err(|_| damaged())?;
        let mut moments = Vec::new();
        while let Some((mut body, next)) = unpack(rest) {
            moments.append(&mut body);
            rest = next;
        }
        Ok(Self {
            path: path.to_path_buf(),
            header,
            entries,
            moments,
            torn: rest.len(),
        })
    }

    /// Bytes at its end that were cut off in the middle of a block.
    #[must_use]
    pub fn torn(&self) -> usize {
        self.torn
    }

    /// The entries as they were.
    #[must_use]
    pub fn entries(&self) -> Vec<KeptEntry> {
        let entries = self.entries.iter().map(|it| KeptEntry {
            key: it.key.clone(),
            value: it.value.as_slice().into(),
            durability: it.durability,
            secret: it.secret,
        });
        entries.collect()
    }

    /// It was recorded with the release before, whose types are others.
    fn is_earlier(&self) -> bool {
        self.header.interface != crate::guest::interface()
    }

    /// What happened, in order.
    pub fn moments<K: Kind>(&self) -> impl Iterator<Item = Result<Moment<K>, SegmentError>> + '_ {
        let mut rest = &self.moments[..];
        let mut number = 0;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            number += 1;
            let wrong = |text: String| SegmentError::Moment {
                path: self.path.clone(),
                number,
                text,
            };
            let Some((moment, next)) = counted(rest) else {
                rest = &[];
                return Some(Err(wrong("it is cut off".into())));
            };
            rest = next;
            let decoded = if self.is_earlier() {
                postcard::from_bytes(moment).map(moment::of_earlier::<K>)
            } else {
                postcard::from_bytes(moment)
            };
            if decoded.is_err() {
                rest = &[];
            }
            Some(decoded.map_err(|error| wrong(error.to_string())))
        })
    }
}

impl From<&KeptEntry> for KeptRecord {
    fn from(it: &KeptEntry) -> Self {
        Self {
            key: it.key.clone(),
            value: it.value.to_vec(),
            durability: it.durability,
            secret: it.secret,
        }
    }
}

impl From<&Limits> for RecordedLimits {
    fn from(it: &Limits) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            handle_ms: ms(it.handle_time()),
            start_ms: ms(it.start_time()),
            memory_bytes: it.memory_bytes as u64,
            instances: it.instances as u64,
            memories: it.memories as u64,
            tables: it.tables as u64,
            table_elements: it.table_elements as u64,
            actions: it.actions as u64,
            action_bytes: it.action_bytes as u64,
            entry_bytes: it.entry_bytes as u64,
            entries_bytes: it.entries_bytes as u64,
            frame_bytes: it.frame_bytes as u64,
            log_lines: it.log_lines as u64,
            log_bytes: it.log_bytes as u64,
        }
    }
}

impl RecordedLimits {
    /// The same limits, but for time: this machine may be much slower than the
    /// one that they are of.
    pub(super) fn with_time(&self, factor: f64) -> Limits {
        let it = self;
        Limits {
            handle: Duration::from_millis(it.handle_ms),
            start: Duration::from_millis(it.start_ms),
            time_factor: factor,
            memory_bytes: it.memory_bytes as usize,
            instances: it.instances as usize,
            memories: it.memories as usize,
            tables: it.tables as usize,
            table_elements: it.table_elements as usize,
            actions: it.actions as usize,
            action_bytes: it.action_bytes as usize,
            entry_bytes: it.entry_bytes as usize,
            entries_bytes: it.entries_bytes as usize,
            frame_bytes: it.frame_bytes as usize,
            log_lines: it.log_lines as usize,
            log_bytes: it.log_bytes as usize,
        }
    }
}
