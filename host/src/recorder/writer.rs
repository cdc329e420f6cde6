//! The thread that writes records: lazily, in large pieces, without ever asking
//! the flash to be quick. A disk that fails or is full ends the recording, with
//! a warning, and nothing else.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::mailbox::{Bell, Item, Moments, Opening, Post};
use super::ring::{Ring, Room, directory};
use super::secrets::Rewrite;
use super::segment::{self, KeptRecord};
use super::tape::Tape;
use crate::board::Board;
use crate::guest::Kind;
use crate::secrets::{Secret, Secrets};

/// What happened last is written after this, unless there is much of it or somebody
/// wants to see it: each time costs flash a block or two, however little it is. The
/// kernel brings it there later still.
const LAZILY: Duration = Duration::from_secs(600);
/// The beginning of a segment is written within this.
const LOOK: Duration = Duration::from_secs(15);
/// How long anybody waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same at the end of the process.
const LAST_PATIENCE: Duration = Duration::from_millis(700);
/// Moments are packed in pieces of this size: a torn end costs no more.
const PIECE: usize = 64 << 10;

/// How records are kept.
#[derive(Clone, Debug)]
pub struct RecorderSettings {
    /// The charger's; records are in a directory of their own there.
    pub state_dir: PathBuf,
    /// All slots; the records of others are removed.
    pub slots: Vec<String>,
    /// For each slot.
    pub most_bytes: u64,
}

/// What is shown of a slot's record.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RecordFacts {
    /// `on`, or `off` after the disk failed.
    pub state: &'static str,
    /// Why it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// On disk, less what is not written yet.
    pub bytes: u64,
    /// Files.
    pub segments: usize,
    /// Calls that were lost because the disk was too slow begin so many gaps.
    pub gaps: u64,
}

/// A handle on the writing thread; clones share it.
#[derive(Clone, Debug)]
pub struct Recorder {
    settings: Arc<RecorderSettings>,
    slots: Arc<Mutex<Vec<Slot>>>,
    bell: Arc<Bell>,
    board: Board,
    run: u64,
}

/// What the thread has of a slot.
#[derive(Debug)]
struct Slot {
    name: String,
    post: Arc<Post>,
    secrets: Secrets,
    rewrite: Rewrite,
    ring: Option<Ring>,
    /// The present segment.
    number: u64,
    written_at: Option<Instant>,
}

impl Recorder {
    /// Starts the thread.
    pub fn start(settings: RecorderSettings, board: Board) -> io::Result<Self> {
        let it = Self {
            settings: Arc::new(settings),
            slots: Arc::default(),
            bell: Arc::default(),
            board,
            run: u64::from_le_bytes(crate::random::bytes()),
        };
        let thread = it.clone();
        std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || {
                crate::priority::stand_back();
                thread.write();
            })?;
        Ok(it)
    }

    /// The recording end for a slot.
    #[must_use]
    pub fn tape<K: Kind>(&self, slot: &str) -> Tape {
        let post = Arc::new(Post::default());
        self.lock().push(Slot {
            name: slot.to_owned(),
            post: post.clone(),
            secrets: Secrets::new(crate::random::bytes()),
            rewrite: Secrets::rewrite::<K>,
            ring: None,
            number: 0,
            written_at: None,
        });
        Tape::new(post, self.bell.clone(), self.run)
    }

    /// Where the record of a slot is.
    #[must_use]
    pub fn directory(&self, slot: &str) -> PathBuf {
        directory(&self.settings.state_dir, slot)
    }

    /// Waits until what has happened so far is in the files, or the disk has had
    /// its time.
    pub fn flush(&self) {
        self.bell.flush(PATIENCE, false);
    }

    /// Writes the last of it; the thread ends.
    pub fn finish(&self) {
        self.bell.flush(LAST_PATIENCE, true);
    }

    fn write(&self) {
        self.remove_others();
        loop {
            let round = self.bell.wait(LOOK);
            let is_wanted = round.is_rung || round.is_last;
            for slot in self.lock().iter_mut() {
                if is_wanted || slot.is_due() {
                    slot.write(&self.settings, &self.board);
                }
            }
            self.bell.written();
            if round.is_last {
                return;
            }
        }
    }

    /// Records of slots that are no more.
    fn remove_others(&self) {
        let slots = self.settings.slots.iter();
        let wanted: Vec<PathBuf> = slots.map(|slot| self.directory(slot)).collect();
        let Some(Ok(there)) = wanted
            .first()
            .and_then(|it| it.parent())
            .map(Path::read_dir)
        else {
            return;
        };
        for path in there.flatten().map(|it| it.path()) {
            if !wanted.contains(&path) {
                // What cannot be removed does no harm but take room.
                let _ = std::fs::remove_dir_all(path);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn is_due(&self) -> bool {
        let is_old = |at: Instant| at.elapsed() >= LAZILY;
        self.post.has_segment() || self.written_at.is_none_or(is_old)
    }

    fn write(&mut self, settings: &RecorderSettings, board: &Board) {
        let items = self.post.take();
        if items.is_empty() || self.post.is_off() {
            return;
        }
        self.written_at = Some(Instant::now());
        let written = self.write_items(settings, items);
        let why = written.as_ref().err().map(|error| self.turn_off(error));
        let ring = self.ring.as_ref();
        let facts = RecordFacts {
            state: if why.is_none() { "on" } else { "off" },
            why,
            bytes: ring.map_or(0, Ring::bytes),
            segments: ring.map_or(0, Ring::count),
            gaps: self.post.gaps.load(Ordering::Relaxed),
        };
        board.component(&self.name, |it| it.record = Some(facts));
    }

    fn write_items(
        &mut self,
        settings: &RecorderSettings,
        items: VecDeque<Item>,
    ) -> io::Result<()> {
        for item in items {
            let room = match item {
                Item::Segment(opening) => self.begin(settings, *opening)?,
                Item::Moments(moments) => self.append(moments)?,
            };
            if room != Room::Enough {
                self.post.is_done.store(self.number, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn begin(&mut self, settings: &RecorderSettings, opening: Opening) -> io::Result<Room> {
        let Opening {
            number,
            header,
            entries,
            secrets,
        } = opening;
        self.number = number;
        let kept = entries.iter().filter(|it| it.secret);
        let kept = kept.map(|it| Secret {
            value: it.value.clone(),
            stays: true,
        });
        self.secrets.add(kept);
        self.secrets.add(secrets);
        let entries: Vec<KeptRecord> = entries
            .iter()
            .map(|it| {
                let mut entry = KeptRecord::from(it);
                self.secrets.entry(&mut entry);
                entry
            })
            .collect();
        let bytes = segment::opening(&header, &entries).map_err(io::Error::other)?;
        let ring = match &mut self.ring {
            Some(ring) => ring,
            none => none.insert(Ring::open(
                directory(&settings.state_dir, &self.name),
                settings.most_bytes,
            )?),
        };
        let room = ring.begin(&bytes)?;
        if room == Room::None {
            tracing::warn!(
                slot = self.name,
                "no room for a record: what the component keeps takes {} bytes of the {} that a segment may have",
                bytes.len(),
                settings.most_bytes / 4
            );
            // Not again and again: the next start will come.
            return Ok(Room::Enough);
        }
        Ok(room)
    }

    fn append(&mut self, moments: Moments) -> io::Result<Room> {
        let Some(ring) = &mut self.ring else {
            return Ok(Room::Enough);
        };
        self.secrets.add(moments.secrets.iter().cloned());
        let mut secrets = &moments.secrets[..];
        let mut room = Room::Enough;
        let mut piece = Vec::with_capacity(PIECE);
        let mut rest = &moments.bytes[..];
        while let Some((moment, made, next)) = framed(rest) {
            rest = next;
            let own = secrets.split_off(..made).unwrap_or_default();
            // Of very many the first ones are forgotten again.
            self.secrets.add(own.iter().cloned());
            let rewritten = if !own.is_empty() || self.secrets.must_decode(moment) {
                (self.rewrite)(&self.secrets, moment, own)
            } else {
                None
            };
            let moment = rewritten.as_deref().unwrap_or(moment);
            piece.extend_from_slice(&u32::try_from(moment.len()).unwrap_or(0).to_le_bytes());
            piece.extend_from_slice(moment);
            if piece.len() >= PIECE || rest.is_empty() {
                self.secrets.replace(&mut piece);
                room = ring.append(&segment::block(&piece))?;
                piece.clear();
            }
        }
        Ok(room)
    }

    fn turn_off(&mut self, error: &io::Error) -> String {
        self.post.off.store(true, Ordering::Relaxed);
        let full = error.kind() == io::ErrorKind::StorageFull;
        if full && let Some(ring) = &mut self.ring {
            ring.give_way();
        }
        let why = if full {
            "the disk is as good as full; what was recorded is removed to make room".to_owned()
        } else {
            error.to_string()
        };
        tracing::warn!(slot = self.name, "nothing is recorded any more: {why}");
        why
    }
}

/// The first moment, how many secrets became known in it, and the rest.
fn framed(bytes: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (secrets, rest) = rest.split_first_chunk::<4>()?;
    let (moment, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((moment, u32::from_le_bytes(*secrets) as usize, rest))
}
