//! When a heartbeat is due: after so long without a word of ours, and once a
//! day for the time. Not here: sending it (see `outbox`).

use crate::host::{Durability, Log};
use crate::kept::{Cell, Store};
use crate::packed::packed;

/// The time is asked for at least this often, whatever else is said.
const MAX_SILENCE_MS: u64 = 24 * 3600 * 1000;
/// A busy charger need not write down every word: a successor may wait this
/// much too long, but is never early.
const COARSE_MS: u64 = 250;

/// Our last word, and when we were last told the time.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    sent_ms: u64,
    told_ms: u64,
    kept: Cell<Kept>,
}

/// The same for the next instance; 0: nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Kept {
    sent_ms: u64,
    told_ms: u64,
}

impl Heartbeat {
    pub(crate) fn load(store: &mut Store<'_>, log: &dyn Log, now_ms: u64) -> Self {
        let kept: Cell<Kept> = Cell::load(store, log, "heartbeat", Durability::Session);
        let or_now = |at: u64| if at == 0 { now_ms } else { at };
        Self {
            sent_ms: or_now(kept.sent_ms),
            told_ms: or_now(kept.told_ms),
            kept,
        }
    }

    pub(crate) fn flush(&mut self, store: &mut Store<'_>) {
        let coarse = |at: u64| at.next_multiple_of(COARSE_MS);
        let now = Kept {
            sent_ms: coarse(self.sent_ms),
            told_ms: coarse(self.told_ms),
        };
        if *self.kept != now {
            *self.kept.edit() = now;
            self.kept.flush(store);
        }
    }

    /// Something was sent, or the interval begins anew.
    pub(crate) fn sent(&mut self, ms: u64) {
        self.sent_ms = ms;
    }

    pub(crate) fn last_word(&self) -> u64 {
        self.sent_ms
    }

    /// The central system has said what time it is.
    pub(crate) fn told(&mut self, ms: u64) {
        self.told_ms = ms;
    }

    /// When the next one is due, with an interval of 0 for one that is not set.
    pub(crate) fn due_at(&self, interval_ms: u64) -> u64 {
        let interval_ms = match interval_ms {
            0 => MAX_SILENCE_MS,
            interval_ms => interval_ms,
        };
        (self.sent_ms + interval_ms).min(self.told_ms + MAX_SILENCE_MS)
    }
}

packed!(Kept { sent_ms, told_ms });
