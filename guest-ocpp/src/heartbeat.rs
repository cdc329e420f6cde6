//! When a heartbeat is due: after so long without a word of ours, and once a
//! day for the time. Not here: sending it (see `outbox`).

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Durability, Log};
use crate::kept::{Cell, Store};
use crate::packed::packed;

/// The time is asked for at least this often, whatever else is said.
const LONGEST_SILENCE_MS: u64 = 24 * 3600 * 1000;
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

    /// The central system has said what time it is.
    pub(crate) fn told(&mut self, ms: u64) {
        self.told_ms = ms;
    }
}

impl Charger {
    pub(crate) fn heartbeat_at(&self) -> u64 {
        let interval = match self.config.ms(Key::HeartbeatInterval) {
            0 => LONGEST_SILENCE_MS,
            interval => interval,
        };
        let Heartbeat {
            sent_ms, told_ms, ..
        } = self.heartbeat;
        (sent_ms + interval).min(told_ms + LONGEST_SILENCE_MS)
    }
}

packed!(Kept { sent_ms, told_ms });
