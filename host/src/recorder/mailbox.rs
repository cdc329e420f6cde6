//! Between the thread that runs a guest and the one that writes. The former
//! never waits: it tries the lock, and keeps what it has if it is taken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::segment::Header;
use crate::secrets::Secret;
use crate::store::KeptEntry;

/// More than this does not wait in memory; what comes then is lost.
const MOST_BYTES: usize = 1 << 20;
/// From here on the writer is woken. It packs them to about a seventh, and the last page
/// of a file is written again with each piece.
const WAKE_BYTES: usize = 128 << 10;
/// Segments that may wait; each holds on to all entries.
const MOST_SEGMENTS: usize = 4;

/// Mailbox and mood of one slot.
#[derive(Debug, Default)]
pub(super) struct Post {
    mail: Mutex<Mail>,
    /// The number of the segment that should be followed by a new one, which takes
    /// a start.
    pub(super) is_done: AtomicU64,
    /// The disk failed, or is full: nothing more is recorded.
    pub(super) off: AtomicBool,
    /// Gaps in the record: the writer lagged.
    pub(super) gaps: AtomicU64,
}

#[derive(Debug, Default)]
struct Mail {
    items: VecDeque<Item>,
    bytes: usize,
    segments: usize,
}

/// What the writer is handed.
#[derive(Debug)]
pub(super) enum Item {
    /// Begin a new file.
    Segment(Box<Opening>),
    /// Moments, framed.
    Moments(Moments),
}

/// What a segment begins with.
#[derive(Debug)]
pub(super) struct Opening {
    /// Of the segments of this process, from 1.
    pub(super) number: u64,
    pub(super) header: Header,
    /// With the secret ones as they are.
    pub(super) entries: Vec<KeptEntry>,
    /// Other things that are secret, such as a password in an address.
    pub(super) secrets: Vec<Secret>,
}

/// Moments one after the other, each as `length (u32), secrets (u32), postcard`.
#[derive(Debug, Default)]
pub(super) struct Moments {
    pub(super) bytes: Vec<u8>,
    /// What became secret in them, in their order: so many as each of them says.
    pub(super) secrets: Vec<Secret>,
}

impl Post {
    /// Hands over, or takes back what it was given. False: it is too much.
    pub(super) fn hand_over(&self, new: &mut Option<Box<Opening>>, moments: &mut Moments) -> bool {
        let mut mail = match self.mail.try_lock() {
            Ok(mail) => mail,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Next time; but not for ever.
            Err(std::sync::TryLockError::WouldBlock) => return moments.bytes.len() < MOST_BYTES,
        };
        let segments = mail.segments + usize::from(new.is_some());
        if mail.bytes + moments.bytes.len() > MOST_BYTES || segments > MOST_SEGMENTS {
            return false;
        }
        mail.segments = segments;
        if let Some(opening) = new.take() {
            mail.items.push_back(Item::Segment(opening));
        }
        mail.bytes += moments.bytes.len();
        if let Some(Item::Moments(last)) = mail.items.back_mut() {
            last.bytes.extend_from_slice(&moments.bytes);
            last.secrets.append(&mut moments.secrets);
            moments.bytes.clear();
        } else {
            mail.items.push_back(Item::Moments(std::mem::take(moments)));
        }
        true
    }

    /// It is time to wake the writer.
    pub(super) fn is_full(&self) -> bool {
        self.mail.try_lock().is_ok_and(|it| it.bytes >= WAKE_BYTES)
    }

    /// The writer has taken all that there was.
    pub(super) fn is_empty(&self) -> bool {
        self.mail.try_lock().is_ok_and(|it| it.items.is_empty())
    }

    /// A segment that has not begun holds on to all entries.
    pub(super) fn has_segment(&self) -> bool {
        self.mail.try_lock().is_ok_and(|it| it.segments > 0)
    }

    /// For the writer.
    pub(super) fn take(&self) -> VecDeque<Item> {
        let mut mail = lock(&self.mail);
        mail.bytes = 0;
        mail.segments = 0;
        std::mem::take(&mut mail.items)
    }

    pub(super) fn is_off(&self) -> bool {
        self.off.load(Ordering::Relaxed)
    }
}

/// One turn of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// Somebody rang: all there is is to be written.
    pub(super) is_rung: bool,
    /// There will be no more.
    pub(super) is_last: bool,
}

/// Wakes the writer.
#[derive(Debug, Default)]
pub(super) struct Bell {
    orders: Mutex<Orders>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct Orders {
    /// Something waits to be written.
    rung: bool,
    /// Rounds that the writer has begun, and ended.
    begun: u64,
    ended: u64,
    last: bool,
}

impl Bell {
    /// Without waiting; a ring that goes unheard is heard by and by.
    pub(super) fn ring(&self) {
        if let Ok(mut orders) = self.orders.try_lock() {
            orders.rung = true;
        }
        self.rung.notify_all();
    }

    /// Until somebody rings, or for so long.
    pub(super) fn wait(&self, most: Duration) -> Round {
        let orders = lock(&self.orders);
        let waited = self
            .rung
            .wait_timeout_while(orders, most, |it| !it.rung && !it.last);
        let (mut orders, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_rung = std::mem::replace(&mut orders.rung, false);
        orders.begun += 1;
        Round {
            is_rung,
            is_last: orders.last,
        }
    }

    /// The writer has written what there was.
    pub(super) fn written(&self) {
        let mut orders = lock(&self.orders);
        orders.ended = orders.begun;
        drop(orders);
        self.rung.notify_all();
    }

    /// Waits until everything that is there now is written, but not for ever.
    /// `last`: there will be no more.
    pub(super) fn flush(&self, most: Duration, last: bool) {
        let mut orders = lock(&self.orders);
        let round = orders.begun + 1;
        orders.rung = true;
        orders.last |= last;
        self.rung.notify_all();
        // Fails only when the writer hangs in the disk.
        let _ = self
            .rung
            .wait_timeout_while(orders, most, |it| it.ended < round);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
