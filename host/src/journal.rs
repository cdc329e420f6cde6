//! The live journal: each frame, hardware event and component event, numbered
//! and stamped, for whoever listens on the control API.
//!
//! It is not a record on disk, and it waits for nobody: a slow reader loses
//! entries and is told how many.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::sync::broadcast;

use crate::clock::Clock;

/// How many entries a reader may lag behind before it loses some.
const DEPTH: usize = 1024;

/// One line of the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// From 1, without gaps.
    pub sequence: u64,
    /// Unix ms by the charger's clock.
    pub time_ms: i64,
    /// `frame`, `link`, `outlet`, `token`, `component`, `decision`, …
    pub kind: &'static str,
    /// The details.
    pub detail: Value,
}

/// A handle; clones write to the same journal.
#[derive(Clone, Debug)]
pub struct Journal {
    sender: broadcast::Sender<Arc<Entry>>,
    sequence: Arc<AtomicU64>,
    clock: Clock,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            sender: broadcast::channel(DEPTH).0,
            sequence: Arc::new(AtomicU64::new(0)),
            clock,
        }
    }

    /// Adds an entry. `detail` is only called if somebody listens, so that a
    /// frame costs nothing while nobody does.
    pub fn note(&self, kind: &'static str, detail: impl FnOnce() -> Value) {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        if self.sender.receiver_count() == 0 {
            return;
        }
        let entry = Entry {
            sequence,
            time_ms: self.clock.wall_ms(),
            kind,
            detail: detail(),
        };
        // Fails only if the last listener has just gone.
        let _ = self.sender.send(Arc::new(entry));
    }

    /// Everything from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.sender.subscribe()
    }
}
