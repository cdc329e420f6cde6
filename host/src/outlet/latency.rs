//! How long it took from an input to the open contactor: a ring of the last
//! measurements, for the bench.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// As many as are kept.
const MOST: usize = 4096;

/// One opening that an input has caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Whose contactor.
    pub outlet: u32,
    /// From the input to the command "open" given to the hardware.
    pub nanos: u64,
}

/// The ring. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    kept: Arc<Mutex<VecDeque<Latency>>>,
}

impl Latencies {
    /// Everything kept, oldest first.
    pub(super) fn copy(&self) -> Vec<Latency> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().copied().collect()
    }

    /// Moves `fresh` into the ring, or leaves it for the next time if somebody
    /// is just reading: the safety thread does not wait for that.
    pub(super) fn put(&self, fresh: &mut Vec<Latency>) {
        if fresh.is_empty() {
            return;
        }
        let mut kept = match self.kept.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                fresh.truncate(MOST);
                return;
            }
        };
        kept.extend(fresh.drain(..));
        let over = kept.len().saturating_sub(MOST);
        kept.drain(..over);
    }
}
